//! What would be lost with a worktree. Each risk has a word of its own, and nothing else takes it.

pub(super) mod commits;
mod files;

use std::path::PathBuf;

use crate::context::Context;
use crate::domain::id::AgentId;
use crate::domain::issue::deceives;
use crate::domain::lease::Lease;
use crate::domain::policy::Policy;
use crate::process::background::Watched;
use crate::store::agent_run::AgentRun;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;
use crate::worktree::rollback::being_made;
use crate::worktree::{Blocker, Result};

/// Which risks are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "one for each word of the command line, and each is a risk of its own")]
pub(crate) struct RemovalOptions {
    /// Uncommitted changes, and untracked files.
    pub discard_changes: bool,
    /// Untracked files alone.
    pub discard_untracked: bool,
    /// Ignored files that `.worktreeinclude` lists.
    pub discard_ignored: bool,
    /// Repositories in it, of submodules for instance.
    pub discard_submodules: bool,
    /// A rebase, a merge or the like that is under way.
    pub discard_operation: bool,
    /// The branch, if nothing on it is missed.
    pub delete_branch: bool,
    /// That too if it is the default branch.
    pub delete_default_branch: bool,
    /// Commits that are nowhere else.
    pub delete_unmerged: bool,
    /// The branch stays, with commits that are nowhere else.
    pub keep_branch: bool,
    /// Stashes that were made there stay in the repository.
    pub leave_stashes: bool,
    /// Leases of somebody else there.
    pub end_lease: bool,
    /// An agent that is at work there.
    pub stop_agent: bool,
    /// A lock against removal.
    pub unlock: bool,
    /// The caller stands in it.
    pub leave: bool,
    /// It is the primary one of a bare repository.
    pub remove_primary: bool,
}

/// Everything that keeps a worktree from being removed so.
pub(crate) fn risks(
    cx: &Context,
    layout: &Layout,
    policy: &Policy,
    worktree: &Worktree,
    agent: &AgentId,
    removal: RemovalOptions,
) -> Result<Vec<Blocker>> {
    let path = worktree.root.clone();
    let is_linked = worktree.git_dir != layout.common_dir;
    if worktree.is_primary && !(removal.remove_primary && is_linked) {
        return Ok(vec![Blocker::Primary { path, is_linked }]);
    }
    if let Some(blocker) = being_made(layout, &path)? {
        return Ok(vec![blocker]);
    }
    let mut found = Vec::new();
    if !removal.leave && cx.stands_in(&path) {
        found.push(Blocker::Inside { path: path.clone() });
    }
    if !removal.unlock && worktree.is_locked {
        found.push(locked(worktree));
    }
    if !removal.stop_agent
        && let Some(run) = agent_at_work(worktree)
    {
        found.push(Blocker::AtWork { name: run.name, pid: run.pid, path: path.clone() });
    }
    found.extend(of_branch(layout, worktree, removal)?);
    found.extend(somebody_else(cx, layout, policy, worktree, agent).filter(|_| !removal.end_lease));
    if worktree.is_missing {
        let is_taken = |blocker: &Blocker| removal.discard_changes && !matches!(blocker, Blocker::Moved { .. });
        found.extend(missing(worktree).filter(|blocker| !is_taken(blocker)));
    } else {
        found.extend(files::risks(layout, worktree, removal)?);
    }
    if !removal.discard_operation {
        found.extend(commits::under_way(worktree));
    }
    if !removal.leave_stashes {
        found.extend(commits::stashed(layout, worktree)?);
    }
    found.extend(commits::unmerged(cx, layout, worktree, removal)?);
    Ok(found)
}

/// The agent that is at work in a worktree, as far as is known.
pub(crate) fn agent_at_work(worktree: &Worktree) -> Option<AgentRun> {
    let run = AgentRun::read(&worktree.git_dir).ok().flatten()?;
    let is_alive = run.ended.is_none() && Watched { pid: run.pid, began: run.began }.is_alive();
    is_alive.then_some(run)
}

/// A branch is not deleted that others start from, or that another worktree has too.
fn of_branch(layout: &Layout, worktree: &Worktree, removal: RemovalOptions) -> Result<Option<Blocker>> {
    let Some(branch) = worktree.branch.as_ref().filter(|_| removal.delete_branch) else { return Ok(None) };
    if !removal.delete_default_branch && default_branch::is_default(layout, branch) {
        return Ok(Some(Blocker::DefaultBranch { branch: branch.clone() }));
    }
    let all = worktrees::list(layout)?;
    let other = all.into_iter().find(|other| other.root != worktree.root && other.branch.as_ref() == Some(branch));
    Ok(other.map(|other| Blocker::BranchInUse { branch: branch.clone(), path: other.root }))
}

/// A worktree that is not where it was may have moved, with work in it, or be on a disk that is not there today.
pub(crate) fn missing(worktree: &Worktree) -> Option<Blocker> {
    if !worktree.is_missing {
        return None;
    }
    let root = worktree.identity.as_ref().map(|identity| PathBuf::from(&identity.root));
    match root.filter(|root| worktrees::git_dir_of(root).is_ok_and(|git_dir| git_dir == worktree.git_dir)) {
        Some(to) => Some(Blocker::Moved { to }),
        None if worktree.root.exists() => Some(Blocker::NoGit { path: worktree.root.clone() }),
        None => Some(Blocker::Missing { path: worktree.root.clone() }),
    }
}

/// That it is locked, and what for.
pub(crate) fn locked(worktree: &Worktree) -> Blocker {
    let said = file::read_optional(&worktree.git_dir.join("locked")).ok().flatten().unwrap_or_default();
    let said: String = String::from_utf8_lossy(&said).chars().map(|c| if deceives(c) { ' ' } else { c }).collect();
    let reason = Some(said.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|reason| !reason.is_empty());
    Blocker::Locked { path: worktree.root.clone(), reason }
}

/// Somebody else who holds a lease there. Where that cannot be told, whoever asks for a lease next is told why.
pub(crate) fn somebody_else(
    cx: &Context,
    layout: &Layout,
    policy: &Policy,
    worktree: &Worktree,
    agent: &AgentId,
) -> Option<Blocker> {
    let identity = worktree.identity.as_ref()?;
    let now = cx.clock().now();
    let ledger = layout.claims().ledger().ok()?;
    let is_anothers = |lease: &&Lease| {
        lease.holder.worktree_id == identity.worktree_id
            && lease.holder.agent_id != *agent
            && lease.lease_status(&now, policy.limits.stale_after_secs).excludes()
    };
    ledger.leases().find(is_anothers).map(|lease| Blocker::InUse { holder: lease.holder.clone() })
}
