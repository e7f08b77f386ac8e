//! Removing a worktree, its leases with it; what would be lost is the business of `risk`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Error, Hindrance, Removal, Result, agent_at_work, alone, risks};
use crate::context::Context;
use crate::domain::id::AgentId;
use crate::domain::lease::{Answer, Lease, Request};
use crate::domain::policy::Policy;
use crate::git::Git;
use crate::process::other::{self, Watched};
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};

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
    removal: Removal,
) -> Result<Removed> {
    if let Some(hindrance) = Hindrance::out_of(risks(cx, layout, policy, worktree, agent, removal)?) {
        return Err(hindrance.into());
    }
    stop_agent(worktree)?;
    let tip = worktrees::tip(layout, worktree);
    let path = worktree.root.clone();
    let guard = alone(layout)?;
    let git = Git::at(&layout.common_dir);
    let force: &[&str] = match removal {
        _ if worktree.is_locked => &["--force", "--force"],
        // Git counts what is merely untracked as a change.
        Removal { discard_changes: true, .. }
        | Removal { discard_untracked: true, .. }
        | Removal { discard_submodules: true, .. } => &["--force"],
        _ => &[],
    };
    let words = ["worktree", "remove"].iter().chain(force).map(OsStr::new);
    let args: Vec<&OsStr> = words.chain([path.as_os_str()]).collect();
    git.run(&args)?;
    drop(guard);
    let leases = abandon(cx, layout, policy, worktree)?;
    let doomed = worktree.branch.as_ref().filter(|_| removal.delete_branch);
    if let Some((branch, tip)) = doomed.zip(tip) {
        // Only what was looked at is deleted: `update-ref` compares. What Git's configuration says of the branch goes too.
        git.run(&["update-ref", "-d", &format!("refs/heads/{branch}"), &tip.to_string()])?;
        let _ = git.output(&["config", "--remove-section", &format!("branch.{branch}")])?;
    }
    let tip = tip.map(|tip| tip.to_string());
    Ok(Removed { path, branch_deleted: doomed.is_some(), branch: worktree.branch.clone(), tip, leases })
}

/// Ends the agent that is at work there, which the caller has asked for by now.
fn stop_agent(worktree: &Worktree) -> Result<()> {
    let Some(run) = agent_at_work(worktree) else { return Ok(()) };
    let watched = Watched { pid: run.pid, began: run.began };
    let _ = other::ask_to_end(run.pid);
    let deadline = Instant::now() + GRACE;
    while watched.is_alive() {
        if Instant::now() > deadline {
            return Err(Hindrance::AtWork { name: run.name, pid: run.pid, path: worktree.root.clone() }.into());
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Ends all leases that are held in a worktree.
pub(super) fn abandon(cx: &Context, layout: &Layout, policy: &Policy, worktree: &Worktree) -> Result<Vec<Lease>> {
    let Some(identity) = &worktree.identity else { return Ok(Vec::new()) };
    let request = Request::Abandon { holder_worktree: identity.worktree_id.clone(), reason: "worktree removed".to_owned() };
    match layout.claims().ask(cx.clock(), &request, &policy.limits)?.answer {
        Ok(Answer::Ended(leases)) => Ok(leases),
        Ok(_) => Ok(Vec::new()),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
