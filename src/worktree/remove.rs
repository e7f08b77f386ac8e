//! Removing a worktree, its leases with it; what would be lost is the business of `risk`.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{Error, Hindrance, Removal, Result, agent_at_work, alone, git, risks};
use crate::context::Context;
use crate::domain::id::AgentId;
use crate::domain::lease::{Answer, Lease, Request};
use crate::domain::policy::Policy;
use crate::process::other::{self, Watched};
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::store::{agents, file};

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
    let refuse = |worktree: &Worktree, removal: Removal| -> Result<()> {
        let found = risks(cx, layout, policy, worktree, agent, removal)?;
        Hindrance::out_of(found).map_or(Ok(()), |hindrance| Err(hindrance.into()))
    };
    if removal.stop_agent && agent_at_work(worktree).is_some() {
        refuse(worktree, removal)?;
        stop_agent(worktree)?;
    }
    // From here on nobody adds, removes or starts anything; what was seen before may be otherwise by now.
    let guard = alone(layout)?;
    let worktree = &again(layout, worktree)?;
    let door = agents::door(&worktree.git_dir, layout.modes)?;
    refuse(worktree, Removal { stop_agent: false, ..removal })?;
    let tip = worktrees::tip(layout, worktree);
    let path = worktree.root.clone();
    let git = git(layout);
    // What Git would refuse for is either named by now or not there; it takes a risk of its own for none.
    let force: &[&str] = match removal {
        _ if worktree.is_locked => &["--force", "--force"],
        Removal { discard_changes: true, .. }
        | Removal { discard_untracked: true, .. }
        | Removal { discard_submodules: true, .. } => &["--force"],
        _ => &[],
    };
    let words = ["worktree", "remove"].iter().chain(force).map(OsStr::new);
    let args: Vec<&OsStr> = words.chain([path.as_os_str()]).collect();
    if worktree.is_missing && path.exists() {
        // What a removal left that was killed: Git wants to be led there to finish it.
        let lead = [b"gitdir: ", worktree.git_dir.as_os_str().as_encoded_bytes(), b"\n"].concat();
        file::replace(&path.join(".git"), &lead, layout.modes)?;
    }
    git.run(&args)?;
    let doomed = worktree.branch.as_ref().filter(|_| removal.delete_branch);
    if let Some((branch, tip)) = doomed.zip(tip) {
        delete_branch(layout, branch, &tip.to_string())?;
    }
    drop((door, guard));
    let leases = abandon(cx, layout, policy, worktree)?;
    let tip = tip.map(|tip| tip.to_string());
    Ok(Removed { path, branch_deleted: doomed.is_some(), branch: worktree.branch.clone(), tip, leases })
}

/// The worktree as it is now.
fn again(layout: &Layout, worktree: &Worktree) -> Result<Worktree> {
    let now = worktrees::list(layout)?.into_iter().find(|other| other.git_dir == worktree.git_dir);
    now.ok_or_else(|| Hindrance::NoSuchWorktree { named: worktree.root.display().to_string() }.into())
}

/// Deletes a branch that is still where it was looked at, and what Git's configuration says of it. One that is another's second
/// name goes alone.
fn delete_branch(layout: &Layout, branch: &str, tip: &str) -> Result<()> {
    let git = git(layout);
    let full = format!("refs/heads/{branch}");
    let found = layout.repo.try_find_reference(full.as_str()).ok().flatten();
    if found.is_some_and(|reference| reference.target().try_name().is_some()) {
        git.run(&["symbolic-ref", "--delete", &full])?;
    } else {
        git.run(&["update-ref", "--no-deref", "-d", &full, tip])?;
    }
    let _ = git.output(&["config", "--remove-section", &format!("branch.{branch}")])?;
    Ok(())
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
