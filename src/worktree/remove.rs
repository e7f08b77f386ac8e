//! Removes a worktree that the user named, after checking its risks.

use std::path::PathBuf;
use std::time::Duration;

use crate::domain::id::AgentId;
use crate::domain::lease::Lease;
use crate::process::background::{self, Watched};
use crate::repo::Repo;
use crate::store::agent_run;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::removal;
use crate::worktree::{Blocker, RemovalOptions, Result, agent_at_work, lock_worktrees, risks};

/// How long an agent may take to end after the signal.
const GRACE: Duration = Duration::from_secs(10);

/// The removed worktree.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// Its branch.
    pub branch: Option<String>,
    /// The commit it was at, so that the user can restore it.
    pub tip: Option<String>,
    /// Whether the branch was deleted.
    pub branch_deleted: bool,
    /// The leases that ended.
    pub leases: Vec<Lease>,
}

/// Removes a linked worktree together with its leases.
pub(crate) fn remove(repo: Repo<'_>, worktree: &Worktree, agent: &AgentId, options: RemovalOptions) -> Result<Removed> {
    let layout = repo.layout;
    let refuse = |worktree: &Worktree, options: RemovalOptions| -> Result<()> {
        let found = risks(repo, worktree, agent, options)?;
        Blocker::combine(found).map_or(Ok(()), |blocker| Err(blocker.into()))
    };
    if options.stop_agent && agent_at_work(worktree).is_some() {
        refuse(worktree, options)?;
        stop_agent(worktree)?;
    }
    // Under these locks no other process adds, removes or starts anything. What was checked before may have changed.
    let guard = lock_worktrees(layout)?;
    let worktree = &reload(layout, worktree)?;
    let door = agent_run::lock(&worktree.git_dir, layout.modes)?;
    refuse(worktree, RemovalOptions { stop_agent: false, ..options })?;
    let tip = worktrees::tip(layout, worktree).map(|tip| tip.to_string());
    let (path, branch) = (worktree.root.clone(), worktree.branch.clone());
    // Every risk has been accepted or ruled out by now, so `--force` is given only where Git would refuse an accepted one.
    let force: &[&str] = if worktree.is_locked {
        &["--force", "--force"]
    } else if options.discard_changes || options.discard_untracked || options.discard_submodules {
        &["--force"]
    } else {
        &[]
    };
    if worktree.is_missing && path.exists() {
        // A killed removal has left this folder. Git finishes it only with a `.git` file there.
        let link = [b"gitdir: ", worktree.git_dir.as_os_str().as_encoded_bytes(), b"\n"].concat();
        file::replace(&path.join(".git"), &link, layout.modes)?;
    }
    let deleted = branch.clone().zip(tip.clone()).filter(|_| options.delete_branch);
    let branch_deleted = deleted.is_some();
    let leases = removal::remove_with_leases(repo, worktree, deleted, force, (guard, door))?;
    Ok(Removed { path, branch, tip, branch_deleted, leases })
}

/// The worktree as it is now.
fn reload(layout: &Layout, worktree: &Worktree) -> Result<Worktree> {
    let now = worktrees::list(layout)?.into_iter().find(|other| other.git_dir == worktree.git_dir);
    now.ok_or_else(|| Blocker::NoSuchWorktree { named: worktree.root.display().to_string() }.into())
}

/// Ends the agent that is running in the worktree, with all processes it has started.
fn stop_agent(worktree: &Worktree) -> Result<()> {
    let Some(run) = agent_at_work(worktree) else { return Ok(()) };
    if !background::end_with_group(Watched { pid: run.pid, began: run.began }, GRACE) {
        return Err(Blocker::AgentRunning { name: run.name, pid: run.pid, path: worktree.root.clone() }.into());
    }
    Ok(())
}
