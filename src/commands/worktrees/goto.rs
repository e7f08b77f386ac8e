//! `git jit worktree goto` and `path`: where a worktree is, and how a shell gets there.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::shell::Shell;
use crate::commands::worktrees::meant;
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

/// Tells where it is, and leads the shell there.
pub(crate) fn goto(session: &Session, args: Args) -> CommandResult {
    let hint = session.cx.cd_file.is_none().then(|| {
        let shell = Shell::of(session.cx.shell.as_deref());
        format!("a program cannot move its shell. For the function wt, which can: {}", shell.line())
    });
    Ok(Box::new(There { path: find(session, &args)?, leads: true, hint }))
}

/// Tells where it is.
pub(crate) fn path(session: &Session, args: Args) -> CommandResult {
    Ok(Box::new(There { path: find(session, &args)?, leads: false, hint: None }))
}

fn find(session: &Session, args: &Args) -> Result<PathBuf, Error> {
    let found = meant(session, session.layout()?, &args.worktree)?;
    if found.root.exists() { Ok(found.root) } else { Err(Blocker::Missing { path: found.root }.into()) }
}

struct There {
    path: PathBuf,
    leads: bool,
    hint: Option<String>,
}

impl Report for There {
    fn json(&self) -> Value {
        json!({ "path": self.path.display().to_string() })
    }

    /// Byte by byte, so that `cd "$(…)"` gets there; where the shell goes by itself nothing needs to be said.
    fn human(&self, _: &Styles) -> String {
        if self.leads && self.hint.is_none() { String::new() } else { format!("{}\n", self.path.display()) }
    }

    fn quiet(&self) -> Option<String> {
        Some(self.path.display().to_string())
    }

    fn aside(&self) -> Option<String> {
        self.hint.clone()
    }

    fn destination(&self) -> Option<&Path> {
        Some(self.path.as_path()).filter(|_| self.leads)
    }
}
