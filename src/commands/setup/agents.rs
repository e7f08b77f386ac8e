//! `git jit agents`: instructions for coding agents, in the files that they already read.
//!
//! Every change is planned before the first is written: if one file cannot be changed, none is. Only files of this worktree are
//! written, and nothing is committed. Removal restores the files to the byte.

mod agent_file;
mod claude;
mod guard;
mod text;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use crate::commands::setup::agents::guard::GuardReport;

use crate::commands::setup::agents::agent_file::{AgentFile, PlannedEdit};
use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;

/// Verbs of `agents`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Install instructions for coding agents in AGENTS.md and in the files of the named agents; safe to repeat
    Install(InstallArgs),
    /// Check a command for Claude Code before it runs
    #[command(hide = true)]
    Guard(guard::Args),
}

/// An agent with its own files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum KnownAgent {
    /// CLAUDE.md, and hooks in .claude/settings.json.
    Claude,
    /// Only AGENTS.md.
    Codex,
    /// Only AGENTS.md.
    Cursor,
    /// GEMINI.md.
    Gemini,
}

// Arguments of `agents install`.
#[expect(clippy::struct_excessive_bools, reason = "flags, as they are typed")]
#[derive(Debug, clap::Args)]
#[command(
    after_help = "claude: a line in CLAUDE.md, and two hooks in .claude/settings.json: git jit prime when a session starts, and a \
                        check of each command for ways around the repository's hooks. gemini: a line in GEMINI.md. codex and cursor \
                        read AGENTS.md.\nNothing is committed. See docs/how-to/agents.md."
)]
pub(crate) struct InstallArgs {
    /// The agents that you use
    #[arg(value_enum, hide_possible_values = true, value_name = "claude|codex|cursor|gemini")]
    agents: Vec<KnownAgent>,
    /// Print what would be installed, and change nothing
    #[arg(long, conflicts_with_all = ["check", "remove"])]
    print: bool,
    /// Report whether it is installed and up to date, and change nothing
    #[arg(long, conflicts_with = "remove")]
    check: bool,
    /// Remove it: for the named agents, or for all
    #[arg(long)]
    remove: bool,
    /// Discard edits in the blocks of git jit
    #[arg(long, conflicts_with_all = ["print", "check"])]
    force: bool,
}

/// What was done to a file, or the state it is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
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

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct FileReport {
    path: &'static str,
    state: FileState,
    text: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct AgentFilesReport {
    changed: bool,
    ok: bool,
    count: usize,
    files: Vec<FileReport>,
    #[serde(skip)]
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
    let is_named = |file: &AgentFile| file.agent.is_some_and(|agent| agents.contains(&agent));
    let files = if print {
        let printed = all.iter().filter(|file| file.agent.is_none() || is_named(file));
        printed.map(|file| FileReport { path: file.path, state: FileState::Printed, text: Some(file.fresh_text()) }).collect()
    } else if check {
        let checked = all.iter().filter(|file| file.agent.is_none() || is_named(file) || file.is_managed());
        checked.map(|file| Ok(FileReport { path: file.path, state: file.state()?, text: None })).collect::<Result<_, Error>>()?
    } else if remove {
        let planned = plan(all.iter().filter(|file| is_named(file) || agents.is_empty()), true, force)?;
        planned.into_iter().map(PlannedEdit::apply).collect::<Result<_, Error>>()?
    } else {
        install_files(root, &agents, force)?
    };
    Ok(Box::new(AgentFilesReport::new(files, check)))
}

fn plan<'p>(files: impl Iterator<Item = &'p AgentFile>, remove: bool, force: bool) -> Result<Vec<PlannedEdit>, Error> {
    files.map(|file| file.plan(remove, force)).collect()
}

/// Installs what these agents need, and updates what is installed for others.
fn install_files(root: &Path, agents: &[KnownAgent], force: bool) -> Result<Vec<FileReport>, Error> {
    let all = text::files(root, agents)?;
    let is_due = |file: &&AgentFile| file.agent.is_none_or(|agent| agents.contains(&agent)) || file.is_managed();
    plan(all.iter().filter(is_due), false, force)?.into_iter().map(PlannedEdit::apply).collect()
}

/// Installs the files for these agents, and returns the paths that were written.
pub(crate) fn install_missing(root: &Path, agents: &[KnownAgent]) -> Result<Vec<String>, Error> {
    let files = install_files(root, agents, false)?.into_iter().filter(|file| file.state == FileState::Written);
    Ok(files.map(|file| file.path.to_owned()).collect())
}

/// The paths that `install_missing` would write.
pub(crate) fn outdated(root: &Path, agents: &[KnownAgent]) -> Result<Vec<String>, Error> {
    let mut found = Vec::new();
    for file in text::files(root, agents)? {
        if file.agent.is_none_or(|agent| agents.contains(&agent)) && file.state()? != FileState::Current {
            found.push(file.path.to_owned());
        }
    }
    Ok(found)
}

/// Removes what was installed from files that Git does not have, or that are otherwise as Git has them. `staged` returns the
/// content in the index. Returns the paths that were changed, and those that were kept. With `dry_run` nothing is written.
pub(crate) fn remove_uncommitted(
    root: &Path,
    staged: impl Fn(&str) -> Result<Option<Vec<u8>>, Error>,
    dry_run: bool,
) -> Result<(Vec<String>, Vec<String>), Error> {
    let (mut removed, mut kept) = (Vec::new(), Vec::new());
    for file in text::files(root, &[])?.into_iter().filter(AgentFile::is_managed) {
        let path = file.path.to_owned();
        let planned = file.plan(true, false).ok();
        let content = staged(file.path)?;
        match planned.filter(|planned| content.is_none() || content.as_deref() == planned.text().map(str::as_bytes)) {
            Some(planned) => {
                if !dry_run {
                    planned.apply()?;
                }
                removed.push(path);
            }
            None => kept.push(path),
        }
    }
    Ok((removed, kept))
}

impl AgentFilesReport {
    fn new(files: Vec<FileReport>, is_check: bool) -> Self {
        let is_bad = |file: &FileReport| matches!(file.state, FileState::Missing | FileState::Outdated | FileState::Edited);
        Self {
            changed: files.iter().any(|file| matches!(file.state, FileState::Written | FileState::Removed)),
            ok: !files.iter().any(is_bad),
            count: files.len(),
            files,
            is_check,
        }
    }
}

impl Report for AgentFilesReport {
    fn human(&self, styles: &Styles) -> String {
        let line = |file: &FileReport| match (file.state, &file.text) {
            (_, Some(text)) => format!("{}\n{text}\n", styles.head(file.path)),
            (FileState::Written, _) => format!("{} {}\n", styles.good("✓ Written"), file.path),
            (FileState::Removed, _) => format!("{} from {}\n", styles.good("✓ Removed"), file.path),
            (FileState::Missing, _) => format!("{} {}\n", styles.warn("missing:"), file.path),
            (FileState::Outdated, _) => format!("{} {}\n", styles.warn("outdated:"), file.path),
            (FileState::Edited, _) => format!("{} {}\n", styles.warn("edited:"), file.path),
            (FileState::Absent, _) => format!("Nothing installed in {}\n", file.path),
            (FileState::Current | FileState::Printed, _) => format!("Up to date: {}\n", file.path),
        };
        let mut text: String = self.files.iter().map(line).collect();
        if self.is_check && !self.ok {
            text += "Update them: git jit agents install, with --force for edited blocks\n";
        } else if self.changed {
            text += "Nothing was committed. Other worktrees get these files when you commit them\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.is_check && !self.ok { ExitStatus::Refused } else { ExitStatus::Done }
    }
}
