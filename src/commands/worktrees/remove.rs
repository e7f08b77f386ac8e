//! `git jit worktree remove`: one less, unless something would be lost that nobody gave up.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::worktrees::{meant, show};
use crate::output::Report;
use crate::output::text::Styles;
use crate::worktree::{self, RemovalOptions, Removed};

const AFTER: &str = "\
Nothing is lost unless the word for it is given. The branch stays unless -D is given; commits that are merged nowhere and on
no remote want --keep-branch or --delete-unmerged. A branch that was squashed into the default branch counts as merged.";

// Arguments of `worktree remove`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
#[expect(clippy::struct_excessive_bools, reason = "one for each word of the command line, and each is a risk of its own")]
pub(crate) struct Args {
    /// The worktree: its issue's number or id, its directory's name, its branch, or its path
    #[arg(add = candidates::worktrees())]
    worktree: String,
    /// Delete its branch too
    #[arg(long, short = 'D')]
    delete_branch: bool,
    /// Keep its branch, with commits that are merged nowhere and on no remote
    #[arg(long, conflicts_with_all = ["delete_branch", "delete_unmerged"])]
    keep_branch: bool,
    /// Lose commits that are merged nowhere and on no remote
    #[arg(long)]
    delete_unmerged: bool,
    /// Lose its uncommitted changes and untracked files
    #[arg(long)]
    discard_changes: bool,
    /// Lose its untracked files, but no changes
    #[arg(long)]
    discard_untracked: bool,
    /// Lose ignored files that .worktreeinclude lists
    #[arg(long)]
    discard_ignored: bool,
    /// Lose repositories in it, of submodules for instance
    #[arg(long)]
    discard_submodules: bool,
    /// Lose a rebase, a merge or the like that is under way there
    #[arg(long)]
    discard_operation: bool,
    /// Leave stashes that were made there in git stash list
    #[arg(long)]
    leave_stashes: bool,
    /// End the leases that somebody else holds there
    #[arg(long)]
    end_lease: bool,
    /// End the agent that is at work there
    #[arg(long)]
    stop_agent: bool,
    /// Remove it though it is locked
    #[arg(long)]
    unlock: bool,
    /// Remove it though you stand in it
    #[arg(long)]
    leave: bool,
    /// With -D: though that is the default branch
    #[arg(long, requires = "delete_branch")]
    delete_default_branch: bool,
    /// Remove the primary worktree of a bare repository
    #[arg(long)]
    remove_primary: bool,
}

impl Args {
    fn options(&self) -> RemovalOptions {
        RemovalOptions {
            discard_changes: self.discard_changes,
            discard_untracked: self.discard_untracked,
            discard_ignored: self.discard_ignored,
            discard_submodules: self.discard_submodules,
            discard_operation: self.discard_operation,
            delete_branch: self.delete_branch,
            delete_default_branch: self.delete_default_branch,
            delete_unmerged: self.delete_unmerged,
            keep_branch: self.keep_branch,
            leave_stashes: self.leave_stashes,
            end_lease: self.end_lease,
            stop_agent: self.stop_agent,
            unlock: self.unlock,
            leave: self.leave,
            remove_primary: self.remove_primary,
        }
    }
}

/// Removes it.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let policy = session.policy(layout);
    let found = meant(session, layout, &args.worktree)?;
    let agent = session.agent(layout)?;
    let stands_in_it = session.cx.stands_in(&found.root);
    let removed = worktree::remove(session.repo(layout, &policy), &found, &agent, args.options())?;
    let home = layout.primary_root.clone().filter(|home| *home != removed.path).unwrap_or_else(|| layout.common_dir.clone());
    Ok(Box::new(Gone { removed, leads_to: stands_in_it.then_some(home) }))
}

struct Gone {
    removed: Removed,
    leads_to: Option<PathBuf>,
}

impl Report for Gone {
    fn json(&self) -> Value {
        let Removed { path, branch, tip, branch_deleted, leases } = &self.removed;
        let leases: Vec<_> = leases.iter().map(|lease| &lease.lease_id).collect();
        json!({
            "changed": true, "path": path.display().to_string(), "branch": branch, "tip": tip, "branch_deleted": branch_deleted,
            "released": leases,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Removed { path, branch, tip, branch_deleted, leases } = &self.removed;
        let mut text = format!("{} {}\n", styles.good("✓ Removed worktree:"), show(path));
        if let Some(branch) = branch {
            let was = tip.as_deref().map(|tip| format!(" (was {})", &tip[..tip.len().min(10)])).unwrap_or_default();
            text += &format!("  Branch {branch} {}\n", if *branch_deleted { format!("deleted{was}") } else { "kept".to_owned() });
        }
        for lease in leases {
            text += &format!("  Released lease {}\n", lease.lease_id);
        }
        text
    }

    fn aside(&self) -> Option<String> {
        self.leads_to.as_ref().map(|home| format!("you were in it; now go to {}", home.display()))
    }

    fn destination(&self) -> Option<&Path> {
        self.leads_to.as_deref()
    }
}
