//! `git jit worktree remove`: removes a worktree unless that would lose work.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::worktrees::find;
use crate::domain::id::LeaseId;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::worktree::{self, RemovalOptions, Removed};

const AFTER: &str = "\
Nothing is lost unless you give the flag for it. The branch stays unless you give -D. Commits that are merged nowhere and on no
remote require --keep-branch or --delete-unmerged. A branch that was squashed into the default branch counts as merged.";

// Arguments of `worktree remove`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The worktree: its issue's number or id, its directory's name, its branch, or its path
    #[arg(add = candidates::worktrees())]
    worktree: String,
    #[command(flatten)]
    options: RemovalOptions,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct RemovedWorktree {
    changed: bool,
    path: String,
    branch: Option<String>,
    /// The commit that it was at.
    tip: Option<String>,
    branch_deleted: bool,
    /// The leases that ended.
    released: Vec<LeaseId>,
    /// Where the shell should change to, if it was in the worktree.
    #[serde(skip)]
    destination: Option<PathBuf>,
}

/// Removes the worktree.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { worktree, options } = args;
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let policy = session.policy(layout);
    let found = find(session, layout, &worktree)?;
    let agent = session.agent(layout)?;
    let is_inside = session.cx.stands_in(&found.root);
    let removed = worktree::remove(session.repo(layout, &policy), &found, &agent, options)?;
    let Removed { path, branch, tip, branch_deleted, leases } = removed;
    let home = layout.primary_root.clone().filter(|home| *home != path).unwrap_or_else(|| layout.common_dir.clone());
    Ok(Box::new(RemovedWorktree {
        changed: true,
        path: path.display().to_string(),
        branch,
        tip,
        branch_deleted,
        released: leases.into_iter().map(|lease| lease.lease_id).collect(),
        destination: is_inside.then_some(home),
    }))
}

impl Report for RemovedWorktree {
    fn human(&self, styles: &Styles) -> String {
        let Self { path, branch, tip, branch_deleted, released, .. } = self;
        let mut text = format!("{} {}\n", styles.good("✓ Removed worktree:"), plain_line(path));
        if let Some(branch) = branch {
            let was = tip.as_deref().map(|tip| format!(" (was {})", &tip[..tip.len().min(10)])).unwrap_or_default();
            text += &format!("  Branch {branch} {}\n", if *branch_deleted { format!("deleted{was}") } else { "kept".to_owned() });
        }
        for lease_id in released {
            text += &format!("  Released lease {lease_id}\n");
        }
        text
    }

    fn aside(&self) -> Option<String> {
        self.destination.as_ref().map(|home| format!("the current directory was in it; now go to {}", home.display()))
    }

    fn destination(&self) -> Option<&Path> {
        self.destination.as_deref()
    }
}
