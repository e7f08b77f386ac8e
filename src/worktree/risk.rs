//! What would be lost with a worktree. Each risk has its own flag, and no other flag accepts it.

pub(super) mod commits;
mod files;

use std::path::PathBuf;

use crate::domain::id::{AgentId, Holder};
use crate::domain::issue::deceives;
use crate::domain::lease::Lease;
use crate::process::background::Watched;
use crate::repo::Repo;
use crate::store::agent_run::AgentRun;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;
use crate::worktree::rollback::creation_at;
use crate::worktree::{Blocker, Result};

// The risks that the user accepts: the options of `worktree remove`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each flag of the command line, and each is a risk of its own")]
pub(crate) struct RemovalOptions {
    /// Delete its branch too
    #[arg(long, short = 'D')]
    pub delete_branch: bool,
    /// Keep its branch, with commits that are merged nowhere and on no remote
    #[arg(long, conflicts_with_all = ["delete_branch", "delete_unmerged"])]
    pub keep_branch: bool,
    /// Lose commits that are merged nowhere and on no remote
    #[arg(long)]
    pub delete_unmerged: bool,
    /// Lose its uncommitted changes and untracked files
    #[arg(long)]
    pub discard_changes: bool,
    /// Lose its untracked files, but no changes
    #[arg(long)]
    pub discard_untracked: bool,
    /// Lose ignored files that .worktreeinclude lists
    #[arg(long)]
    pub discard_ignored: bool,
    /// Lose repositories inside it, for example submodules
    #[arg(long)]
    pub discard_submodules: bool,
    /// Lose a rebase, merge or similar operation that is in progress there
    #[arg(long)]
    pub discard_operation: bool,
    /// Leave stashes that were created there in git stash list
    #[arg(long)]
    pub leave_stashes: bool,
    /// End the leases that other agents hold there
    #[arg(long)]
    pub end_lease: bool,
    /// End the agent that is running there
    #[arg(long)]
    pub stop_agent: bool,
    /// Remove it although it is locked
    #[arg(long)]
    pub unlock: bool,
    /// Remove it although you are in it
    #[arg(long)]
    pub leave: bool,
    /// With -D: delete the branch although it is the default branch
    #[arg(long, requires = "delete_branch")]
    pub delete_default_branch: bool,
    /// Remove the primary worktree of a bare repository
    #[arg(long)]
    pub remove_primary: bool,
}

/// Whether it is unknown whose worktree this is, and which leases it holds.
pub(crate) fn unreadable(worktree: &Worktree) -> Option<Blocker> {
    worktree.warning().map(|why| Blocker::Unreadable { path: worktree.root.clone(), why })
}

/// Every reason not to remove a worktree that `options` does not accept.
pub(crate) fn risks(repo: Repo<'_>, worktree: &Worktree, agent: &AgentId, options: RemovalOptions) -> Result<Vec<Blocker>> {
    let layout = repo.layout;
    let path = worktree.root.clone();
    let is_linked = worktree.git_dir != layout.common_dir;
    if worktree.is_primary && !(options.remove_primary && is_linked) {
        return Ok(vec![Blocker::Primary { path, is_linked }]);
    }
    if let Some(blocker) = creation_at(layout, &path)? {
        return Ok(vec![blocker]);
    }
    let mut found: Vec<Blocker> = unreadable(worktree).into_iter().collect();
    if !options.leave && repo.cx.stands_in(&path) {
        found.push(Blocker::Inside { path: path.clone() });
    }
    if !options.unlock && worktree.is_locked {
        found.push(locked(worktree));
    }
    if !options.stop_agent
        && let Some(run) = agent_at_work(worktree)
    {
        found.push(Blocker::AgentRunning { name: run.name, pid: run.pid, path: path.clone() });
    }
    found.extend(branch_in_use(layout, worktree, options)?);
    found.extend(held_by_other(repo, worktree, agent).filter(|_| !options.end_lease));
    if worktree.is_missing {
        let is_accepted = |blocker: &Blocker| options.discard_changes && !matches!(blocker, Blocker::Moved { .. });
        found.extend(missing(worktree).filter(|blocker| !is_accepted(blocker)));
    } else {
        found.extend(files::risks(layout, worktree, options)?);
    }
    if !options.discard_operation {
        found.extend(commits::operation_in_progress(worktree));
    }
    if !options.leave_stashes {
        found.extend(commits::stashed(layout, worktree)?);
    }
    found.extend(commits::unmerged(repo, worktree, options)?);
    Ok(found)
}

/// The agent that is running in a worktree, if its record is readable.
pub(crate) fn agent_at_work(worktree: &Worktree) -> Option<AgentRun> {
    let run = AgentRun::read(&worktree.git_dir).ok().flatten()?;
    let is_alive = run.ended.is_none() && Watched { pid: run.pid, began: run.began }.is_alive();
    is_alive.then_some(run)
}

/// Why the branch must not be deleted: it is the default branch, or checked out in another worktree.
fn branch_in_use(layout: &Layout, worktree: &Worktree, options: RemovalOptions) -> Result<Option<Blocker>> {
    let Some(branch) = worktree.branch.as_ref().filter(|_| options.delete_branch) else { return Ok(None) };
    if !options.delete_default_branch && default_branch::is_default(layout, branch) {
        return Ok(Some(Blocker::DefaultBranch { branch: branch.clone() }));
    }
    let all = worktrees::list(layout)?;
    let other = all.into_iter().find(|other| other.root != worktree.root && other.branch.as_ref() == Some(branch));
    Ok(other.map(|other| Blocker::BranchInUse { branch: branch.clone(), path: other.root }))
}

/// Why a missing worktree may still have work in it: it may have moved, or be on a disk that is not mounted.
pub(crate) fn missing(worktree: &Worktree) -> Option<Blocker> {
    if !worktree.is_missing {
        return None;
    }
    let root = worktree.identity.as_ref().map(|identity| PathBuf::from(&identity.root));
    match root.filter(|root| worktrees::git_dir_of(root).is_ok_and(|git_dir| git_dir == worktree.git_dir)) {
        Some(to) => Some(Blocker::Moved { to }),
        None if worktree.root.exists() => Some(Blocker::WithoutGitFile { path: worktree.root.clone() }),
        None => Some(Blocker::Missing { path: worktree.root.clone() }),
    }
}

/// The blocker for a locked worktree, with the reason from Git's lock file on one line.
pub(crate) fn locked(worktree: &Worktree) -> Blocker {
    let text = file::read_optional(&worktree.git_dir.join("locked")).ok().flatten().unwrap_or_default();
    let text: String = String::from_utf8_lossy(&text).chars().map(|c| if deceives(c) { ' ' } else { c }).collect();
    let reason = Some(text.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|reason| !reason.is_empty());
    Blocker::Locked { path: worktree.root.clone(), reason }
}

/// The holder of a live lease in the worktree for which `matches` is true.
pub(crate) fn live_holder(repo: Repo<'_>, worktree: &Worktree, matches: impl Fn(&Holder) -> bool) -> Result<Option<Holder>> {
    let Some(identity) = &worktree.identity else { return Ok(None) };
    let (now, stale_after) = (repo.cx.clock().now(), repo.policy.limits.stale_after_secs);
    let is_it = |lease: &&Lease| {
        let holder = &lease.holder;
        holder.worktree_id == identity.worktree_id && matches(holder) && lease.lease_status(&now, stale_after).excludes()
    };
    Ok(repo.leases.ledger()?.leases().find(is_it).map(|lease| lease.holder.clone()))
}

/// Another agent that holds a live lease in the worktree. If the leases cannot be read, this reports none: the next lease request
/// reports that error.
pub(crate) fn held_by_other(repo: Repo<'_>, worktree: &Worktree, agent: &AgentId) -> Option<Blocker> {
    let holder = live_holder(repo, worktree, |holder| holder.agent_id != *agent).ok().flatten()?;
    Some(Blocker::HeldByOther { holder })
}
