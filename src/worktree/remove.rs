//! Removing a worktree that was asked for; what would be lost is the business of `risk`, what goes with it that of `depart`.

use std::path::PathBuf;
use std::time::Duration;

use crate::context::Context;
use crate::domain::id::AgentId;
use crate::domain::lease::Lease;
use crate::domain::policy::Policy;
use crate::process::background::{self, Watched};
use crate::store::agent_run;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::removal::Removal;
use crate::worktree::{Blocker, RemovalOptions, Result, agent_at_work, alone, risks};

/// How long an agent may take to end when it is asked to.
const GRACE: Duration = Duration::from_secs(10);

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Removed {
    /// Where it was.
    pub path: PathBuf,
    /// The branch that it had.
    pub branch: Option<String>,
    /// The commit that it was at, to get it back from.
    pub tip: Option<String>,
    /// Whether the branch is gone too.
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
    removal: RemovalOptions,
) -> Result<Removed> {
    let refuse = |worktree: &Worktree, removal: RemovalOptions| -> Result<()> {
        let found = risks(cx, layout, policy, worktree, agent, removal)?;
        Blocker::out_of(found).map_or(Ok(()), |blocker| Err(blocker.into()))
    };
    if removal.stop_agent && agent_at_work(worktree).is_some() {
        refuse(worktree, removal)?;
        stop_agent(worktree)?;
    }
    // From here on nobody adds, removes or starts anything; what was seen before may be otherwise by now.
    let guard = alone(layout)?;
    let worktree = &again(layout, worktree)?;
    let door = agent_run::lock(&worktree.git_dir, layout.modes)?;
    refuse(worktree, RemovalOptions { stop_agent: false, ..removal })?;
    let tip = worktrees::tip(layout, worktree).map(|tip| tip.to_string());
    let (path, branch) = (worktree.root.clone(), worktree.branch.clone());
    // What Git would refuse for is either named by now or not there; it takes a risk of its own for none.
    let force: &[&str] = match removal {
        _ if worktree.is_locked => &["--force", "--force"],
        RemovalOptions { discard_changes: true, .. }
        | RemovalOptions { discard_untracked: true, .. }
        | RemovalOptions { discard_submodules: true, .. } => &["--force"],
        _ => &[],
    };
    if worktree.is_missing && path.exists() {
        // What a removal left that was killed: Git wants to be led there to finish it.
        let lead = [b"gitdir: ", worktree.git_dir.as_os_str().as_encoded_bytes(), b"\n"].concat();
        file::replace(&path.join(".git"), &lead, layout.modes)?;
    }
    let doomed = branch.clone().zip(tip.clone()).filter(|_| removal.delete_branch);
    let branch_deleted = doomed.is_some();
    let leases = Removal { cx, layout, policy, worktree, doomed }.run(force, &guard)?;
    drop(door);
    Ok(Removed { path, branch, tip, branch_deleted, leases })
}

/// The worktree as it is now.
fn again(layout: &Layout, worktree: &Worktree) -> Result<Worktree> {
    let now = worktrees::list(layout)?.into_iter().find(|other| other.git_dir == worktree.git_dir);
    now.ok_or_else(|| Blocker::NoSuchWorktree { named: worktree.root.display().to_string() }.into())
}

/// Ends the agent that is at work there with all that it has started, which the caller has asked for by now.
fn stop_agent(worktree: &Worktree) -> Result<()> {
    let Some(run) = agent_at_work(worktree) else { return Ok(()) };
    if !background::end_with_group(Watched { pid: run.pid, began: run.began }, GRACE) {
        return Err(Blocker::AtWork { name: run.name, pid: run.pid, path: worktree.root.clone() }.into());
    }
    Ok(())
}
