//! Cleans up Git's administrative files of worktrees that no longer exist.

use std::path::PathBuf;

use crate::domain::id::{AgentId, LeaseId};
use crate::repo::Repo;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::removal;
use crate::worktree::risk;
use crate::worktree::risk::commits::unmerged_commits;
use crate::worktree::risk::{held_by_other, live_holder, locked, missing};
use crate::worktree::rollback::creation_at;
use crate::worktree::user_files;
use crate::worktree::{Blocker, Result, lock_worktrees};

/// A missing worktree, and whether it was pruned.
pub(crate) struct Pruned {
    /// Where it was.
    pub path: PathBuf,
    /// Its branch, which stays.
    pub branch: Option<String>,
    /// Why it was kept; `None` if it was pruned.
    pub kept: Option<Blocker>,
    /// The leases that ended.
    pub leases: Vec<LeaseId>,
}

/// Prunes missing worktrees, except those that may come back or that another agent still needs.
pub(crate) fn prune(repo: Repo<'_>, agent: &AgentId, dry_run: bool) -> Result<Vec<Pruned>> {
    let mut all = Vec::new();
    for worktree in worktrees::list(repo.layout)?.into_iter().filter(|worktree| worktree.is_missing && !worktree.is_primary) {
        let guard = lock_worktrees(repo.layout)?;
        // Checked under the lock: a worktree in creation has no folder yet, and a disk may have been mounted since.
        if worktree.root.join(".git").exists() || creation_at(repo.layout, &worktree.root)?.is_some() {
            continue;
        }
        let kept = reason_to_keep(repo, &worktree, agent)?;
        let mut leases = Vec::new();
        if kept.is_none() && !dry_run {
            let ended = removal::remove_with_leases(repo, &worktree, None, &["--force"], (guard, None))?;
            leases = ended.into_iter().map(|lease| lease.lease_id).collect();
        }
        all.push(Pruned { path: worktree.root, branch: worktree.branch, kept, leases });
    }
    Ok(all)
}

fn reason_to_keep(repo: Repo<'_>, worktree: &Worktree, agent: &AgentId) -> Result<Option<Blocker>> {
    if worktree.is_locked {
        return Ok(Some(locked(worktree)));
    }
    if let Some(unreadable) = risk::unreadable(worktree) {
        return Ok(Some(unreadable));
    }
    if let Some(blocker @ (Blocker::Moved { .. } | Blocker::WithoutGitFile { .. })) = missing(worktree) {
        return Ok(Some(blocker));
    }
    let may_come_back = |what| Some(Blocker::MayComeBack { path: worktree.root.clone(), what });
    // The user may have moved it without telling Git. Then Git's files are the only copy of what follows.
    if user_files::is_staged(repo.layout, &worktree.git_dir)? {
        return Ok(may_come_back("staged changes"));
    }
    if let Some(other) = held_by_other(repo, worktree, agent) {
        return Ok(Some(other));
    }
    if live_holder(repo, worktree, |_| true)?.is_some() {
        return Ok(may_come_back("a live lease"));
    }
    // A branch keeps its commits. The commits of a detached HEAD may be nowhere else.
    if worktree.branch.is_some() { Ok(None) } else { unmerged_commits(repo, worktree) }
}
