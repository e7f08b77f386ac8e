//! `git jit demo`: a complete example with real commands in a scratch repository. Every result is checked.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

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
    /// Keep the scratch repository, and print its path
    #[arg(long)]
    keep: bool,
}

/// One command of the demo.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct DemoStep {
    /// What the commands from here on show; empty if it continues the step before.
    #[serde(skip)]
    heading: &'static str,
    /// The directory, relative to the scratch directory.
    place: String,
    command: String,
    /// The output, with `…` for the scratch directory.
    said: String,
    status: i32,
    #[serde(skip)]
    expected: ExpectedResult,
}

/// What a command must do.
#[derive(Clone, Copy)]
struct ExpectedResult {
    status: i32,
    /// A part of the output.
    text: &'static str,
}

impl DemoStep {
    fn is_as_expected(&self) -> bool {
        self.status == self.expected.status && self.said.contains(self.expected.text)
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DemoReport {
    status: u8,
    count: usize,
    steps: Vec<DemoStep>,
    kept: Option<String>,
}

/// Runs the demo.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { keep } = args;
    let scratch = tempfile::Builder::new()
        .prefix("git-jit-demo-")
        .tempdir_in(&session.cx.scratch)
        .map_err(crate::store::Error::io("create a directory in", &session.cx.scratch))?;
    let root = scratch.path().canonicalize().map_err(crate::store::Error::io("find", scratch.path()))?;
    let mut demo = Demo { root, git: git(session, scratch.path())?, steps: Vec::new() };
    demo.run_all()?;
    let kept = keep.then(|| scratch.keep().display().to_string());
    Ok(Box::new(DemoReport { status: ExitStatus::Done.code(), count: demo.steps.len(), steps: demo.steps, kept }))
}

/// Git without the user's configuration, and with this program on its path.
fn git(session: &Session, scratch: &Path) -> Result<Git, Error> {
    let program = session.cx.program.clone().and_then(|program| program.canonicalize().ok());
    let beside = program
        .as_deref()
        .and_then(Path::parent)
        .ok_or_else(|| Error::Demo("the directory of this program is not known".into()))?;
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

struct Demo {
    root: PathBuf,
    git: Git,
    steps: Vec<DemoStep>,
}

impl Demo {
    fn run_all(&mut self) -> Result<(), Error> {
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
        self.edit(&theirs, "\"priority\": \"high\"", "\"priority\": \"low\"", "He edits it anyway: the commit is refused.")?;
        self.run("", &bob, "commit -q -a -m Sneaky", 1, "held by agent:alice")?;
        self.run(
            "Alice has the lease: her commit is accepted.",
            &alice,
            &format!("jit issue update {login} --state in_progress"),
            0,
            "state",
        )?;
        self.run("", &alice, "commit -q -a -m Begin\u{a0}the\u{a0}login", 0, "")?;
        self.run("Bob bypasses the hook: the push is refused.", &bob, "commit -q -a --no-verify -m Sneaky", 0, "")?;
        self.run("", &bob, "push -q origin HEAD", 1, "no lease covered the edit")?;
        self.run("", &bob, "reset -q --hard HEAD~1", 0, "")?;
        self.run(
            "Alice finishes; her lease ends with the commit.",
            &alice,
            &format!("jit issue update {login} --state done"),
            0,
            "state",
        )?;
        self.run("", &alice, &format!("jit claim release {login}"), 0, "The lease ends when it is")?;
        self.run("", &alice, "commit -q -a -m Finish\u{a0}the\u{a0}login", 0, "")?;
        self.run("", &alice, "push -q origin HEAD", 0, "")?;
        let branch = alice.trim_start_matches("team/trees/").to_owned();
        self.run("Merged and published, no lease needed.", "team", &format!("merge -q --no-ff -m Merge {branch}"), 0, "")?;
        self.run("", "team", "push -q", 0, "")?;
        self.run(
            "The worktrees are removed, and their leases end.",
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

    /// Runs `git` with the words of `line`, in which a no-break space does not separate. Fails unless the result is as expected.
    fn run(&mut self, heading: &'static str, place: &str, line: &str, status: i32, text: &'static str) -> Result<(), Error> {
        let args: Vec<String> = line.split(' ').map(|word| word.replace('\u{a0}', " ")).collect();
        self.step(heading, place, &args, ExpectedResult { status, text }, None).map(drop)
    }

    /// Runs `git`, as `agent` if there is one, and returns what it printed.
    fn step(
        &mut self,
        heading: &'static str,
        place: &str,
        args: &[String],
        expected: ExpectedResult,
        agent: Option<&str>,
    ) -> Result<String, Error> {
        let variable = agent.map(|agent| format!("JIT_AGENT_ID={agent} ")).unwrap_or_default();
        let git = agent.map_or_else(|| self.git.clone(), |agent| self.git.clone().env("JIT_AGENT_ID", agent));
        let dir = self.root.join(place).display().to_string();
        let all: Vec<&str> = ["-C", &dir].into_iter().chain(args.iter().map(String::as_str)).collect();
        let output = git.output(&all)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace(&self.root.display().to_string(), "…");
        let shown = |arg: &String| if arg.contains([' ', '"', '\'']) { format!("'{arg}'") } else { arg.clone() };
        let command: Vec<String> = args.iter().map(shown).collect();
        let step = DemoStep {
            heading,
            place: place.to_owned(),
            command: text(format!("{variable}git {}", command.join(" ")).as_bytes()),
            said: text(&output.stdout) + &text(&output.stderr),
            status: output.status.code().unwrap_or(-1),
            expected,
        };
        let printed = text(&output.stdout).trim().to_owned();
        self.push(step)?;
        Ok(printed)
    }

    /// Adds a step. Fails with the transcript unless its result is as expected.
    fn push(&mut self, step: DemoStep) -> Result<(), Error> {
        let is_as_expected = step.is_as_expected();
        self.steps.push(step);
        if is_as_expected { Ok(()) } else { Err(Error::Demo(transcript(&self.steps, &Styles::plain()))) }
    }

    /// Runs a command whose last argument is a title, and returns the short form of the id that it prints.
    fn capture(&mut self, heading: &'static str, place: &str, line: &str, title: &str) -> Result<String, Error> {
        let args: Vec<String> = line.split(' ').map(str::to_owned).chain([title.to_owned()]).collect();
        let id = self.step(heading, place, &args, ExpectedResult { status: 0, text: "" }, None)?;
        Ok(id.chars().take(8).collect())
    }

    fn spawn(&mut self, heading: &'static str, agent: &str, issue: &str) -> Result<String, Error> {
        let args = ["jit", "worktree", "spawn", issue, "--no-agent", "--quiet"].map(str::to_owned);
        let path = self.step(heading, "team", &args, ExpectedResult { status: 0, text: "trees/issue-" }, Some(agent))?;
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
    fn edit(&mut self, path: &str, old: &str, new: &str, heading: &'static str) -> Result<(), Error> {
        let absolute = self.root.join(path);
        let text = String::from_utf8(file::read_optional(&absolute)?.unwrap_or_default()).unwrap_or_default();
        let status = i32::from(!text.contains(old));
        file::replace(&absolute, text.replace(old, new).as_bytes(), VERSIONED)?;
        let (place, below) = path.split_once("/.jit/").unwrap_or(("", path));
        let (place, command) = (place.to_owned(), format!("sed -i 's/{old}/{new}/' .jit/{below}"));
        self.push(DemoStep {
            heading,
            place,
            command,
            said: String::new(),
            status,
            expected: ExpectedResult { status: 0, text: "" },
        })
    }
}

/// The steps so far: a heading, then the command, its output, and its exit status if that is not 0.
fn transcript(steps: &[DemoStep], styles: &Styles) -> String {
    let mut text = String::new();
    for step in steps {
        if !step.heading.is_empty() {
            text += &format!("\n{}\n", styles.head(step.heading));
        }
        let place = if step.place.is_empty() { "." } else { &step.place };
        text += &format!("{} {}\n", styles.faint(&format!("{place} $")), step.command);
        for line in plain(&step.said).lines().filter(|line| !line.trim().is_empty()) {
            text += &format!("    {line}\n");
        }
        if step.status != 0 {
            text += &format!("    {}\n", styles.warn(&format!("exit {}", step.status)));
        }
        if !step.is_as_expected() {
            let expected = format!("expected exit {} and '{}'", step.expected.status, step.expected.text);
            text += &format!("    {}\n", styles.bad(&expected));
        }
    }
    text
}

impl Report for DemoReport {
    fn human(&self, styles: &Styles) -> String {
        let kept = self.kept.as_ref().map(|path| format!("Kept in {path}\n")).unwrap_or_default();
        format!(
            "{}\n{} {} steps had the expected result.\n{kept}",
            transcript(&self.steps, styles),
            styles.good("✓ All"),
            self.count
        )
    }
}
