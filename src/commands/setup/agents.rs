//! `git jit agents`: what a repository tells coding agents of git jit, in the files that they read already.
//!
//! Everything is planned before anything is written: one file that is left alone leaves all alone. Only files of this worktree
//! are written, nothing is committed, and what was put in comes out to the byte.

mod agent_file;
mod claude;
mod guard;
mod text;

use std::path::Path;

use serde_json::{Value, json};

use crate::commands::setup::agents::agent_file::{AgentFile, Target};
use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;

/// Verbs of `agents`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Put a block into AGENTS.md, and what an agent needs besides that you name; repeat it at will
    Install(InstallArgs),
    /// Answer Claude Code before it runs a command
    #[command(hide = true)]
    Guard(guard::Args),
}

/// An agent whose files are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KnownAgent {
    /// CLAUDE.md, and hooks in .claude/settings.json.
    Claude,
    /// AGENTS.md alone.
    Codex,
    /// AGENTS.md alone.
    Cursor,
    /// GEMINI.md.
    Gemini,
}

// Arguments of `agents install`.
#[expect(clippy::struct_excessive_bools, reason = "flags, as they are typed")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "claude: a line in CLAUDE.md, and two hooks in .claude/settings.json: git jit prime when a session starts, and a \
                        look at each command for ways around the repository's hooks. gemini: a line in GEMINI.md. codex and cursor \
                        read AGENTS.md.\nNothing is committed. See docs/how-to/agents.md."
)]
pub(crate) struct InstallArgs {
    /// The agents that are used here
    #[arg(value_enum, hide_possible_values = true, value_name = "claude|codex|cursor|gemini")]
    agents: Vec<KnownAgent>,
    /// Print what would be put in, and change nothing
    #[arg(long, conflicts_with_all = ["check", "remove"])]
    print: bool,
    /// Tell whether it is there and up to date, and change nothing
    #[arg(long, conflicts_with = "remove")]
    check: bool,
    /// Take it out again: of the agents that are named, or all of it
    #[arg(long)]
    remove: bool,
    /// Give up what was edited in our blocks
    #[arg(long, conflicts_with_all = ["print", "check"])]
    force: bool,
}

/// What became of a file, or how it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum FileState {
    Current,
    Missing,
    Outdated,
    Edited,
    Written,
    Removed,
    Absent,
    Printed,
}

struct AgentFileReport {
    path: &'static str,
    state: FileState,
    text: Option<String>,
}

struct AgentFilesReport {
    files: Vec<AgentFileReport>,
    is_check: bool,
}

/// Runs a verb of `agents`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Install(args) => install(session, args),
        Verb::Guard(args) => Ok(guard::run(args)),
    }
}

fn install(session: &Session, args: InstallArgs) -> CommandResult {
    let InstallArgs { agents, print, check, remove, force } = args;
    let root = session.layout()?.require_worktree()?;
    let all = text::files(root, &agents)?;
    let wants = |place: &AgentFile| place.agent.is_some_and(|agent| agents.contains(&agent));
    let files = if print {
        let printed = all.iter().filter(|place| place.agent.is_none() || wants(place));
        printed.map(|place| AgentFileReport { path: place.path, state: FileState::Printed, text: Some(place.shown()) }).collect()
    } else if check {
        let looked_at = all.iter().filter(|place| place.agent.is_none() || wants(place) || place.has_ours());
        looked_at
            .map(|place| Ok(AgentFileReport { path: place.path, state: place.state()?, text: None }))
            .collect::<Result<_, Error>>()?
    } else if remove {
        let targets = planned(all.iter().filter(|place| wants(place) || agents.is_empty()), true, force)?;
        targets.into_iter().map(Target::carry_out).collect::<Result<_, Error>>()?
    } else {
        put_in(root, &agents, force)?
    };
    Ok(Box::new(AgentFilesReport { files, is_check: check }))
}

fn planned<'p>(files: impl Iterator<Item = &'p AgentFile>, remove: bool, force: bool) -> Result<Vec<Target>, Error> {
    files.map(|place| place.plan(remove, force)).collect()
}

/// Puts in what these agents need, and brings up to date what is there of others.
fn put_in(root: &Path, agents: &[KnownAgent], force: bool) -> Result<Vec<AgentFileReport>, Error> {
    let all = text::files(root, agents)?;
    let wants = |place: &&AgentFile| place.agent.is_none_or(|agent| agents.contains(&agent)) || place.has_ours();
    planned(all.iter().filter(wants), false, force)?.into_iter().map(Target::carry_out).collect()
}

/// The files that `setup` writes for these agents: those that were not so before.
pub(crate) fn set_up(root: &Path, agents: &[KnownAgent]) -> Result<Vec<String>, Error> {
    let files = put_in(root, agents, false)?.into_iter().filter(|file| file.state == FileState::Written);
    Ok(files.map(|file| file.path.to_owned()).collect())
}

/// The files that are not what `setup` would make of them.
pub(crate) fn lacking(root: &Path, agents: &[KnownAgent]) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for place in text::files(root, agents)? {
        if place.agent.is_none_or(|agent| agents.contains(&agent)) && place.state()? != FileState::Current {
            found.push(place.path.to_owned());
        }
    }
    Ok(found)
}

/// Takes out what is ours of files whose rest is what Git has of them, or which Git does not have: `staged` tells the text that the
/// index has. Those, and the others, which stay; with `dry_run` nothing is touched.
pub(crate) fn take_back(
    root: &Path,
    staged: impl Fn(&str) -> Result<Option<Vec<u8>>, Error>,
    dry_run: bool,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let (mut taken, mut kept) = (Vec::new(), Vec::new());
    for place in text::files(root, &[])?.into_iter().filter(AgentFile::has_ours) {
        let path = place.path.to_owned();
        let target = place.plan(true, false).ok();
        let is_committed = staged(place.path)?;
        match target.filter(|target| is_committed.is_none() || is_committed.as_deref() == target.text().map(str::as_bytes)) {
            Some(target) => {
                if !dry_run {
                    target.carry_out()?;
                }
                taken.push(path);
            }
            None => kept.push(path),
        }
    }
    Ok((taken, kept))
}

impl FileState {
    fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Missing => "missing",
            Self::Outdated => "outdated",
            Self::Edited => "edited",
            Self::Written => "written",
            Self::Removed => "removed",
            Self::Absent => "absent",
            Self::Printed => "printed",
        }
    }

    fn is_fine(self) -> bool {
        !matches!(self, Self::Missing | Self::Outdated | Self::Edited)
    }

    fn is_change(self) -> bool {
        matches!(self, Self::Written | Self::Removed)
    }
}

impl AgentFilesReport {
    fn is_ok(&self) -> bool {
        self.files.iter().all(|file| file.state.is_fine())
    }
}

impl Report for AgentFilesReport {
    fn json(&self) -> Value {
        let files = self.files.iter().map(|file| json!({ "path": file.path, "state": file.state.word(), "text": file.text }));
        json!({
            "changed": self.files.iter().any(|file| file.state.is_change()), "ok": self.is_ok(), "count": self.files.len(),
            "files": files.collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let line = |file: &AgentFileReport| match (file.state, &file.text) {
            (_, Some(text)) => format!("{}\n{text}\n", styles.head(file.path)),
            (FileState::Written, _) => format!("{} {}\n", styles.good("✓ Written"), file.path),
            (FileState::Removed, _) => format!("{} what was ours in {}\n", styles.good("✓ Removed"), file.path),
            (FileState::Current, _) => format!("Up to date: {}\n", file.path),
            (FileState::Absent, _) => format!("Nothing of ours in {}\n", file.path),
            (state, _) => format!("{} {}\n", styles.warn(&format!("{}:", state.word())), file.path),
        };
        let mut text: String = self.files.iter().map(line).collect();
        if self.is_check && !self.is_ok() {
            text += "To mend it: git jit agents install; with --force where it was edited\n";
        } else if self.files.iter().any(|file| file.state.is_change()) {
            text += "Nothing was committed: other worktrees have it with the commit of these files\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.is_check && !self.is_ok() { ExitStatus::Refused } else { ExitStatus::Done }
    }
}
