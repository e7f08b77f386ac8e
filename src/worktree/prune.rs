//! What is left in Git's own folder of worktrees that are gone.

use std::path::PathBuf;

use crate::context::Context;
use crate::domain::id::{AgentId, LeaseId};
use crate::domain::lease::Lease;
use crate::domain::policy::Policy;
use crate::git::run::Git;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::removal::Removal;
use crate::worktree::risk::commits::unmerged_commits;
use crate::worktree::risk::{locked, missing, somebody_else};
use crate::worktree::rollback::being_made;
use crate::worktree::{Blocker, Result, alone};

/// What became of what a missing worktree has left.
pub(crate) struct Pruned {
    /// Where it was.
    pub path: PathBuf,
    /// The branch, which stays.
    pub branch: Option<String>,
    /// Why it is kept; nothing where it is gone.
    pub kept: Option<Blocker>,
    /// The leases that ended with it.
    pub leases: Vec<LeaseId>,
}

/// Removes what missing worktrees have left, but for those that may come back or that somebody counts on.
pub(crate) fn prune(cx: &Context, layout: &Layout, policy: &Policy, agent: &AgentId, dry_run: bool) -> Result<Vec<Pruned>> {
    let mut all = Vec::new();
    for worktree in worktrees::list(layout)?.into_iter().filter(|worktree| worktree.is_missing && !worktree.is_primary) {
        let guard = alone(layout)?;
        // Looked at under the lock: what is being made begins with a folder that is not there, and a disk may have come back.
        if worktree.root.join(".git").exists() || being_made(layout, &worktree.root)?.is_some() {
            continue;
        }
        let kept = kept(cx, layout, policy, &worktree, agent)?;
        let mut leases = Vec::new();
        if kept.is_none() && !dry_run {
            let ended = Removal { cx, layout, policy, worktree: &worktree, doomed: None }.run(&["--force"], &guard)?;
            leases = ended.into_iter().map(|lease| lease.lease_id).collect();
        }
        all.push(Pruned { path: worktree.root, branch: worktree.branch, kept, leases });
    }
    Ok(all)
}

fn kept(cx: &Context, layout: &Layout, policy: &Policy, worktree: &Worktree, agent: &AgentId) -> Result<Option<Blocker>> {
    if worktree.is_locked {
        return Ok(Some(locked(worktree)));
    }
    if let Some(there @ (Blocker::Moved { .. } | Blocker::NoGit { .. })) = missing(worktree) {
        return Ok(Some(there));
    }
    let may_come_back = |what| Some(Blocker::MayComeBack { path: worktree.root.clone(), what });
    // Where it was moved to by hand, Git does not know; what it keeps of it is all that there is of these.
    if is_staged(layout, worktree)? {
        return Ok(may_come_back("changes that were staged"));
    }
    if let Some(other) = somebody_else(cx, layout, policy, worktree, agent) {
        return Ok(Some(other));
    }
    if holds_lease(cx, layout, policy, worktree)? {
        return Ok(may_come_back("a live lease"));
    }
    // A branch keeps its commits; a detached HEAD is all that has its own.
    if worktree.branch.is_some() { Ok(None) } else { unmerged_commits(cx, layout, worktree) }
}

/// Whether its index is something else than its HEAD; where Git cannot tell, it may be.
fn is_staged(layout: &Layout, worktree: &Worktree) -> Result<bool> {
    let git = Git::at(&layout.common_dir).env("GIT_DIR", &worktree.git_dir);
    let args = ["-c", "core.fsmonitor=false", "diff-index", "--cached", "--quiet", "HEAD", "--"];
    Ok(worktree.git_dir.join("index").exists() && !git.output(&args)?.status.success())
}

/// Whether a lease is live there, whoever asks.
fn holds_lease(cx: &Context, layout: &Layout, policy: &Policy, worktree: &Worktree) -> Result<bool> {
    let Some(identity) = &worktree.identity else { return Ok(false) };
    let now = cx.clock().now();
    let ledger = layout.claims().ledger()?;
    let is_live = |lease: &Lease| lease.lease_status(&now, policy.limits.stale_after_secs).excludes();
    Ok(ledger.leases().any(|lease| lease.holder.worktree_id == identity.worktree_id && is_live(lease)))
}
