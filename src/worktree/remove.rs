//! Removing a worktree, and refusing to where something would be lost; each risk has its own word.

use std::ffi::OsStr;
use std::path::PathBuf;

use gix::bstr::ByteSlice;

use super::{Error, Hindrance, Result};
use crate::context::Context;
use crate::domain::id::AgentId;
use crate::domain::lease::{Answer, Lease, Request};
use crate::domain::policy::Policy;
use crate::git::Git;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::store::{history, lock};

/// What may be lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "one for each word of the command line, and each is a risk of its own")]
pub(crate) struct Removal {
    /// Uncommitted and untracked files.
    pub discard_changes: bool,
    /// The branch, if nothing on it is missed.
    pub delete_branch: bool,
    /// Commits that are nowhere else.
    pub delete_unmerged: bool,
    /// The branch stays, with commits that are nowhere else.
    pub keep_branch: bool,
    /// Leases of somebody else there.
    pub end_lease: bool,
}

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// The branch that it had.
    pub branch: Option<String>,
    /// Whether that is gone too.
    pub branch_deleted: bool,
    /// The leases that ended with it.
    pub leases: Vec<Lease>,
}

/// Removes a linked worktree, its leases with it.
pub(crate) fn remove(
    cx: &Context,
    layout: &Layout,
    policy: &Policy,
    worktree: &Worktree,
    agent: &AgentId,
    removal: Removal,
) -> Result<Removed> {
    let path = worktree.root.clone();
    if worktree.is_primary {
        return Err(Hindrance::Primary { path }.into());
    }
    if cx.cwd.canonicalize().is_ok_and(|cwd| cwd.starts_with(&path)) {
        return Err(Hindrance::Inside { path }.into());
    }
    if worktree.is_locked {
        return Err(Hindrance::Locked { path }.into());
    }
    let doomed = worktree.branch.clone().filter(|_| removal.delete_branch);
    if let Some(branch) = &doomed {
        require_deletable(layout, worktree, branch)?;
    }
    require_present(worktree, removal)?;
    require_unused(cx, layout, policy, worktree, agent, removal)?;
    require_clean(worktree, removal)?;
    require_merged(layout, worktree, removal)?;
    let guard = lock::acquire(&lock::path(&layout.shared_dir(), "worktrees"), layout.modes, lock::PATIENCE)?;
    let force: &[&str] = if removal.discard_changes { &["--force"] } else { &[] };
    let words = ["worktree", "remove"].iter().chain(force).map(OsStr::new);
    let args: Vec<&OsStr> = words.chain([path.as_os_str()]).collect();
    Git::at(&layout.common_dir).run(&args)?;
    drop(guard);
    let leases = abandon(cx, layout, policy, worktree)?;
    if let Some(branch) = &doomed {
        Git::at(&layout.common_dir).run(&["branch", "--quiet", "-D", branch])?;
    }
    Ok(Removed { path, branch_deleted: doomed.is_some(), branch: worktree.branch.clone(), leases })
}

/// A branch is not deleted that others start from, or that another worktree has too.
fn require_deletable(layout: &Layout, worktree: &Worktree, branch: &String) -> Result<()> {
    let full = format!("refs/heads/{branch}");
    if history::default_branches(&layout.repo).iter().any(|(name, _)| *name == full) {
        return Err(Hindrance::DefaultBranch { branch: branch.clone() }.into());
    }
    let all = worktrees::list(layout)?;
    match all.into_iter().find(|other| other.root != worktree.root && other.branch.as_ref() == Some(branch)) {
        Some(other) => Err(Hindrance::BranchInUse { branch: branch.clone(), path: other.root }.into()),
        None => Ok(()),
    }
}

/// A worktree that is not where it was may have moved, with work in it, or be on a disk that is not there today.
fn require_present(worktree: &Worktree, removal: Removal) -> Result<()> {
    if !worktree.is_missing {
        return Ok(());
    }
    let root = worktree.identity.as_ref().map(|identity| PathBuf::from(&identity.root));
    if let Some(to) = root.filter(|root| worktrees::git_dir_of(root).is_ok_and(|git_dir| git_dir == worktree.git_dir)) {
        return Err(Hindrance::Moved { to }.into());
    }
    if removal.discard_changes { Ok(()) } else { Err(Hindrance::Missing { path: worktree.root.clone() }.into()) }
}

fn require_unused(
    cx: &Context,
    layout: &Layout,
    policy: &Policy,
    worktree: &Worktree,
    agent: &AgentId,
    removal: Removal,
) -> Result<()> {
    let Some(identity) = worktree.identity.as_ref().filter(|_| !removal.end_lease) else { return Ok(()) };
    let now = cx.clock().now();
    let ledger = layout.claims().ledger()?;
    let is_anothers = |lease: &&Lease| {
        lease.holder.worktree_id == identity.worktree_id
            && lease.holder.agent_id != *agent
            && lease.standing(&now, policy.limits.stale_after_secs).excludes()
    };
    match ledger.leases().find(is_anothers) {
        Some(lease) => Err(Hindrance::InUse { holder: lease.holder.clone() }.into()),
        None => Ok(()),
    }
}

fn require_clean(worktree: &Worktree, removal: Removal) -> Result<()> {
    if removal.discard_changes || worktree.is_missing {
        return Ok(());
    }
    let status = Git::at(&worktree.root).run(&["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames"])?;
    let files: Vec<String> =
        status.split(|byte| *byte == 0).filter_map(|line| Some(line.get(3..)?.to_str_lossy().into_owned())).collect();
    if files.is_empty() { Ok(()) } else { Err(Hindrance::Dirty { path: worktree.root.clone(), files }.into()) }
}

/// Commits are safe that the default branch has, or a remote, or, without the branch's deletion, the branch that is kept by name.
fn require_merged(layout: &Layout, worktree: &Worktree, removal: Removal) -> Result<()> {
    let repo = &layout.repo;
    let keeps = removal.keep_branch && !removal.delete_branch && worktree.branch.is_some();
    if removal.delete_unmerged || keeps {
        return Ok(());
    }
    let Some(tip) = worktrees::tip(layout, worktree) else { return Ok(()) };
    let mut safe = history::published_tips(layout)?;
    safe.extend(history::default_branches(repo).into_iter().map(|(_, tip)| tip));
    let commits = history::reachable(repo, &[tip], &safe)?.len();
    if commits == 0 {
        return Ok(());
    }
    let branch = worktree.branch.as_ref().map_or("a detached HEAD".to_owned(), |branch| format!("branch '{branch}'"));
    Err(Hindrance::Unmerged { branch, commits, has_branch: worktree.branch.is_some() }.into())
}

fn abandon(cx: &Context, layout: &Layout, policy: &Policy, worktree: &Worktree) -> Result<Vec<Lease>> {
    let Some(identity) = &worktree.identity else { return Ok(Vec::new()) };
    let request = Request::Abandon { holder_worktree: identity.worktree_id.clone(), reason: "worktree removed".to_owned() };
    match layout.claims().ask(cx.clock(), &request, &policy.limits)?.answer {
        Ok(Answer::Ended(leases)) => Ok(leases),
        Ok(_) => Ok(Vec::new()),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
