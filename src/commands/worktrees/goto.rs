//! `git jit worktree goto` and `path`: where a worktree is, and how the shell changes to it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::shell::Shell;
use crate::commands::worktrees::find;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::worktree::Blocker;

// Arguments of `worktree goto` and `worktree path`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The worktree: main, its issue's number or id, its directory's name, its branch, or its path
    #[arg(add = candidates::worktrees())]
    worktree: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct WorktreePath {
    path: String,
    /// Where the shell should change to.
    #[serde(skip)]
    destination: Option<PathBuf>,
    #[serde(skip)]
    hint: Option<String>,
}

/// Changes the shell to the worktree, or prints the path if the shell has no function for that.
pub(crate) fn goto(session: &Session, args: Args) -> CommandResult {
    let path = existing_path(session, &args)?;
    let hint = session.cx.cd_file.is_none().then(|| {
        let shell = Shell::of(session.cx.shell.as_deref());
        format!("a program cannot change the directory of its shell; to define the function wt, which can: {}", shell.line())
    });
    Ok(Box::new(WorktreePath { path: path.display().to_string(), destination: Some(path), hint }))
}

/// Prints the path.
pub(crate) fn path(session: &Session, args: Args) -> CommandResult {
    let path = existing_path(session, &args)?.display().to_string();
    Ok(Box::new(WorktreePath { path, destination: None, hint: None }))
}

fn existing_path(session: &Session, args: &Args) -> Result<PathBuf, Error> {
    let found = find(session, session.layout()?, &args.worktree)?;
    if found.root.exists() { Ok(found.root) } else { Err(Blocker::Missing { path: found.root }.into()) }
}

impl Report for WorktreePath {
    /// The exact path for `cd "$(…)"`; nothing if the shell changes by itself.
    fn human(&self, _: &Styles) -> String {
        if self.destination.is_some() && self.hint.is_none() { String::new() } else { format!("{}\n", self.path) }
    }

    fn quiet(&self) -> Option<String> {
        Some(self.path.clone())
    }

    fn aside(&self) -> Option<String> {
        self.hint.clone()
    }

    fn destination(&self) -> Option<&Path> {
        self.destination.as_deref()
    }
}
