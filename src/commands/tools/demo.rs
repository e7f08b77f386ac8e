//! `git jit demo`: the whole story with real commands in a scratch repository, every outcome checked.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git::run::Git;
use crate::output::Report;
use crate::output::text::{Styles, plain};
use crate::store::file;
use crate::store::issues::VERSIONED;

// Arguments of `demo`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the scratch repository, and tell where it is
    #[arg(long)]
    keep: bool,
}

/// One command of the story.
struct Step {
    /// What it is about; empty where it goes with the one before.
    why: &'static str,
    /// Where, relative to the scratch directory.
    place: String,
    /// What is typed.
    command: String,
    /// What it said.
    said: String,
    /// Its exit status, and the one that the story wants.
    status: i32,
    wanted: i32,
    /// Words that it had to say.
    words: &'static str,
}

impl Step {
    fn is_as_told(&self) -> bool {
        self.status == self.wanted && self.said.contains(self.words)
    }
}

struct Story {
    steps: Vec<Step>,
    kept: Option<PathBuf>,
}

/// Plays the story.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { keep } = args;
    let scratch = tempfile::Builder::new()
        .prefix("git-jit-demo-")
        .tempdir_in(&session.cx.scratch)
        .map_err(crate::store::Error::io("make directory in", &session.cx.scratch))?;
    let root = scratch.path().canonicalize().map_err(crate::store::Error::io("find", scratch.path()))?;
    let mut stage = DemoWorld { root, git: git(session, scratch.path())?, steps: Vec::new() };
    stage.play()?;
    let steps = stage.steps;
    let kept = keep.then(|| scratch.keep());
    Ok(Box::new(Story { steps, kept }))
}

/// Git with nothing of the user's around it, and this program on its path.
fn git(session: &Session, scratch: &Path) -> Result<Git, Error> {
    let program = session.cx.program.clone().and_then(|program| program.canonicalize().ok());
    let beside =
        program.as_deref().and_then(Path::parent).ok_or_else(|| Error::Demo("this program's folder is not known".into()))?;
    let old = session.cx.search_path.iter().flat_map(std::env::split_paths);
    let path =
        std::env::join_paths(std::iter::once(beside.to_owned()).chain(old)).map_err(|error| Error::Demo(error.to_string()))?;
    let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
    Ok(Git::at(scratch)
        .env("PATH", path)
        .env("HOME", scratch)
        .env("XDG_CONFIG_HOME", scratch)
        .env("GIT_CONFIG_GLOBAL", null)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("JIT_AGENT_ID", "")
        .env("JIT_ENFORCE_LEASES", "")
        .env("NO_COLOR", "1"))
}

struct DemoWorld {
    root: PathBuf,
    git: Git,
    steps: Vec<Step>,
}

impl DemoWorld {
    fn play(&mut self) -> Result<(), Error> {
        self.prepare()?;
        let login = self.capture("Two issues.", "team", "jit issue create --quiet --priority high", "Fix login")?;
        let docs = self.capture("", "team", "jit issue create --quiet", "Write the docs")?;
        self.edit("team/.jit/config.toml", "enforce_leases = \"off\"", "enforce_leases = \"strict\"", "The policy: strict.")?;
        self.run("", "team", "add -A", 0, "")?;
        self.run("", "team", "commit -q -m Issues,\u{a0}strictly", 0, "")?;
        self.run("Hooks, and the first push.", "team", "jit hooks install", 0, "pre-push")?;
        self.run("", "team", "push -q -u origin main", 0, "")?;
        let alice = self.spawn("Two agents, a worktree and a lease each.", "agent:alice", &login)?;
        let bob = self.spawn("", "agent:bob", &docs)?;
        self.run("Bob cannot have Alice's issue.", &bob, &format!("jit claim acquire {login}"), 4, "held by agent:alice")?;
        let theirs = self.file_of(&bob, &login)?;
        self.edit(&theirs, "\"priority\": \"high\"", "\"priority\": \"low\"", "He edits it all the same: refused at the commit.")?;
        self.run("", &bob, "commit -q -a -m Sneaky", 1, "held by agent:alice")?;
        self.run(
            "Alice has the lease: hers passes.",
            &alice,
            &format!("jit issue update {login} --state in_progress"),
            0,
            "state",
        )?;
        self.run("", &alice, "commit -q -a -m Begin\u{a0}the\u{a0}login", 0, "")?;
        self.run("Bob goes around the hook: stopped at the push.", &bob, "commit -q -a --no-verify -m Sneaky", 0, "")?;
        self.run("", &bob, "push -q origin HEAD", 1, "no lease covered the edit")?;
        self.run("", &bob, "reset -q --hard HEAD~1", 0, "")?;
        self.run(
            "Alice finishes; her lease ends with the commit.",
            &alice,
            &format!("jit issue update {login} --state done"),
            0,
            "state",
        )?;
        self.run("", &alice, &format!("jit claim release {login}"), 0, "the lease ends with that commit")?;
        self.run("", &alice, "commit -q -a -m Finish\u{a0}the\u{a0}login", 0, "")?;
        self.run("", &alice, "push -q origin HEAD", 0, "")?;
        let branch = alice.trim_start_matches("team/trees/").to_owned();
        self.run("Merged and published, no lease needed.", "team", &format!("merge -q --no-ff -m Merge {branch}"), 0, "")?;
        self.run("", "team", "push -q", 0, "")?;
        self.run(
            "The worktrees go, and the leases with them.",
            "team",
            &format!("jit worktree remove {login} --delete-branch"),
            0,
            "deleted",
        )?;
        self.run("", "team", &format!("jit worktree remove {docs} --delete-branch --end-lease"), 0, "Released lease")?;
        self.run("", "team", "jit claim list", 0, "No leases")
    }

    fn prepare(&mut self) -> Result<(), Error> {
        self.run("A repository with a remote.", "", "init -q --bare -b main remote.git", 0, "")?;
        self.run("", "", "init -q -b main team", 0, "")?;
        for (key, value) in [("user.name", "Demo"), ("user.email", "demo@example.com")] {
            self.quietly("team", &["config", key, value])?;
        }
        let remote = self.root.join("remote.git").display().to_string().replace(' ', "\u{a0}");
        self.run("", "team", &format!("remote add origin {remote}"), 0, "")?;
        self.run("", "team", "jit init", 0, "Set up git jit")
    }

    fn quietly(&self, place: &str, args: &[&str]) -> Result<(), Error> {
        let dir = self.root.join(place).display().to_string();
        self.git.run(&[&["-C", &dir], args].concat())?;
        Ok(())
    }

    /// Runs `git` with words that a no-break space may hold together; an error where it does not go as told.
    fn run(&mut self, why: &'static str, place: &str, words: &str, wanted: i32, says: &'static str) -> Result<(), Error> {
        let args: Vec<String> = words.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        self.step(why, place, &args, wanted, says, self.git.clone(), "").map(drop)
    }

    #[expect(clippy::too_many_arguments, reason = "a step of a play has this many parts, and one place calls it")]
    fn step(
        &mut self,
        why: &'static str,
        place: &str,
        args: &[String],
        wanted: i32,
        words: &'static str,
        git: Git,
        variable: &str,
    ) -> Result<String, Error> {
        let dir = self.root.join(place).display().to_string();
        let all: Vec<&str> = ["-C", &dir].into_iter().chain(args.iter().map(String::as_str)).collect();
        let output = git.output(&all)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&self.root.display().to_string(), "…");
        let shown = |arg: &String| if arg.contains([' ', '"', '\'']) { format!("'{arg}'") } else { arg.clone() };
        let command: Vec<String> = args.iter().map(shown).collect();
        let step = Step {
            why,
            place: place.to_owned(),
            command: text(format!("{variable}git {}", command.join(" ")).as_bytes()),
            said: text(&output.stdout) + &text(&output.stderr),
            status: output.status.code().unwrap_or(-1),
            wanted,
            words,
        };
        let is_as_told = step.is_as_told();
        self.steps.push(step);
        if is_as_told { Ok(text(&output.stdout).trim().to_owned()) } else { Err(Error::Demo(self.transcript())) }
    }

    fn transcript(&self) -> String {
        tell(&self.steps, &Styles::plain())
    }

    /// Runs a command whose last argument is a title, and returns the short form of the id that it prints.
    fn capture(&mut self, why: &'static str, place: &str, words: &str, title: &str) -> Result<String, Error> {
        let args: Vec<String> = words.split(' ').map(str::to_owned).chain([title.to_owned()]).collect();
        let id = self.step(why, place, &args, 0, "", self.git.clone(), "")?;
        Ok(id.chars().take(8).collect())
    }

    fn spawn(&mut self, why: &'static str, agent: &str, issue: &str) -> Result<String, Error> {
        let words = ["jit", "worktree", "spawn", issue, "--no-agent", "--quiet"];
        let args: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let git = self.git.clone().env("JIT_AGENT_ID", agent);
        let path = self.step(why, "team", &args, 0, "trees/issue-", git, &format!("JIT_AGENT_ID={agent} "))?;
        Ok(path.trim_start_matches("…/").to_owned())
    }

    /// The path of an issue's file in a worktree, by the beginning of its id.
    fn file_of(&self, worktree: &str, issue: &str) -> Result<String, Error> {
        let listed = self.git.text(&[
            "-C",
            &self.root.join(worktree).display().to_string(),
            "ls-files",
            &format!(".jit/issues/{issue}*"),
        ])?;
        Ok(format!("{worktree}/{listed}"))
    }

    /// Changes a file by hand.
    fn edit(&mut self, path: &str, old: &str, new: &str, why: &'static str) -> Result<(), Error> {
        let whole = self.root.join(path);
        let text = String::from_utf8(file::read_optional(&whole)?.unwrap_or_default()).unwrap_or_default();
        let status = i32::from(!text.contains(old));
        file::replace(&whole, text.replace(old, new).as_bytes(), VERSIONED)?;
        let (place, below) = path.split_once("/.jit/").unwrap_or(("", path));
        let (place, command) = (place.to_owned(), format!("sed -i 's/{old}/{new}/' .jit/{below}"));
        self.steps.push(Step { why, place, command, said: String::new(), status, wanted: 0, words: "" });
        if status == 0 { Ok(()) } else { Err(Error::Demo(self.transcript())) }
    }
}

/// The story so far: a line of why, then command, what it said, and its status where it was refused.
fn tell(steps: &[Step], styles: &Styles) -> String {
    let mut text = String::new();
    for step in steps {
        if !step.why.is_empty() {
            text += &format!("\n{}\n", styles.head(step.why));
        }
        let place = if step.place.is_empty() { "." } else { &step.place };
        text += &format!("{} {}\n", styles.faint(&format!("{place} $")), step.command);
        for line in plain(&step.said).lines().filter(|line| !line.trim().is_empty()) {
            text += &format!("    {line}\n");
        }
        if step.status != 0 {
            text += &format!("    {}\n", styles.warn(&format!("exit {}", step.status)));
        }
        if !step.is_as_told() {
            text += &format!("    {}\n", styles.bad(&format!("expected exit {} and '{}'", step.wanted, step.words)));
        }
    }
    text
}

impl Report for Story {
    fn json(&self) -> Value {
        let one = |step: &Step| json!({ "place": step.place, "command": step.command, "said": step.said, "status": step.status });
        json!({
            "status": ExitStatus::Done.code(), "count": self.steps.len(),
            "steps": self.steps.iter().map(one).collect::<Vec<_>>(),
            "kept": self.kept.as_ref().map(|path| path.display().to_string()),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let kept = self.kept.as_ref().map(|path| format!("Kept in {}\n", path.display())).unwrap_or_default();
        format!("{}\n{} {} steps came out as told.\n{kept}", tell(&self.steps, styles), styles.good("✓ All"), self.steps.len())
    }
}
