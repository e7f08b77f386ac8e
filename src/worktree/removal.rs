//! The departure of a worktree, once it is settled that nothing is lost by it: files, branch and leases, as one.
//!
//! What is about to go is written down first. Whoever is killed on the way leaves the record, and the next command that writes
//! finishes what Git has finished: a lease of a worktree that is gone is in everybody's way.

use std::ffi::OsStr;
use std::path::Path;

use crate::context::Context;
use crate::domain::id::WorktreeId;
use crate::domain::lease::{Lease, LeaseAnswer, Limits, Request};
use crate::domain::policy::Policy;
use crate::git::history;
use crate::process::background::Watched;
use crate::store::identity::Identity;
use crate::store::journal::removals::{self, Removing};
use crate::store::layout::Layout;
use crate::store::lock::Guard;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::{Error, Result, alone, git};

/// A worktree that goes.
pub(crate) struct Removal<'a> {
    pub cx: &'a Context,
    pub layout: &'a Layout,
    pub policy: &'a Policy,
    pub worktree: &'a Worktree,
    /// The branch that goes with it, and the commit that it is at.
    pub doomed: Option<(String, String)>,
}

impl Removal<'_> {
    /// Has Git remove it, and what goes with it: the leases that ended. The caller holds the lock of additions and removals.
    pub(crate) fn run(self, force: &[&str], guard: &Guard) -> Result<Vec<Lease>> {
        let Self { cx, layout, policy, worktree, doomed } = self;
        let ourselves = Watched::ourselves();
        let removing = Removing {
            schema_version: 1,
            path: worktree.root.clone().into_os_string(),
            git_dir: worktree.git_dir.clone().into_os_string(),
            worktree_id: worktree.identity.as_ref().map(|identity| identity.worktree_id.clone()),
            branch: doomed,
            pid: ourselves.pid,
            began: ourselves.began,
        };
        let journal = removals::begin(&layout.shared_dir(), layout.modes, &removing)?;
        // If we are killed, Git goes on: whoever finds our record waits for it.
        guard.inherit_lock(true);
        journal.inherit_lock(true);
        let gone = has_git_remove(layout, &worktree.root, force);
        journal.inherit_lock(false);
        guard.inherit_lock(false);
        if let Err(error) = gone {
            journal.finish()?;
            return Err(error);
        }
        let leases = abandon(cx, layout, &policy.limits, removing.worktree_id)?;
        let deleted = removing.branch.map(|(branch, tip)| delete_branch(layout, &branch, &tip)).transpose();
        journal.finish()?;
        deleted.map(|_| leases)
    }
}

fn has_git_remove(layout: &Layout, path: &Path, force: &[&str]) -> Result<()> {
    let words = ["worktree", "remove"].iter().chain(force).map(OsStr::new);
    git(layout).run(&words.chain([path.as_os_str()]).collect::<Vec<_>>())?;
    Ok(())
}

/// Finishes what processes have begun to remove that are not there any more: a line for each.
pub(crate) fn recover_interrupted(cx: &Context, layout: &Layout) -> Result<Vec<String>> {
    let mut told = Vec::new();
    removals::sweep(&layout.shared_dir())?;
    for (journal, removing) in removals::left(&layout.shared_dir())? {
        if (Watched { pid: removing.pid, began: removing.began }).is_alive() {
            continue;
        }
        let _guard = alone(layout)?;
        let path = Path::new(&removing.path);
        if is_there(&removing)? {
            // Git had not begun, or not finished: whoever wants it gone looks at what there is now.
            journal.finish()?;
            continue;
        }
        abandon(cx, layout, &Limits::default(), removing.worktree_id)?;
        if let Some((branch, tip)) = removing.branch {
            let is_checked_out = worktrees::list(layout)?.iter().any(|other| other.branch.as_ref() == Some(&branch));
            if !is_checked_out {
                // One that has moved since is somebody's.
                let _ = delete_branch(layout, &branch, &tip);
            }
        }
        journal.finish()?;
        told.push(format!("the removal of {} was interrupted, and has been finished", path.display()));
    }
    Ok(told)
}

/// Where removals were interrupted that the next command that writes will finish, for whoever only looks.
pub(crate) fn unsettled(layout: &Layout) -> crate::store::Result<Vec<Removing>> {
    let left = removals::left(&layout.shared_dir())?.into_iter().map(|(_, removing)| removing);
    Ok(left.filter(|removing| !(Watched { pid: removing.pid, began: removing.began }).is_alive()).collect())
}

/// Whether Git still knows the worktree, and not another one by its name.
fn is_there(removing: &Removing) -> Result<bool> {
    let git_dir = Path::new(&removing.git_dir);
    let id = Identity::read(git_dir)?.map(|identity| identity.worktree_id);
    Ok(git_dir.exists() && id == removing.worktree_id)
}

/// Deletes a branch that is still where it was looked at, and what Git's configuration says of it. One that is another's second
/// name goes alone.
fn delete_branch(layout: &Layout, branch: &str, tip: &str) -> Result<()> {
    let git = git(layout);
    let full = format!("refs/heads/{branch}");
    let found = history::reference(&layout.repo, &full);
    if found.is_some_and(|reference| reference.target().try_name().is_some()) {
        git.run(&["symbolic-ref", "--delete", &full])?;
    } else {
        git.run(&["update-ref", "--no-deref", "-d", &full, tip])?;
    }
    let _ = git.output(&["config", "--remove-section", &format!("branch.{branch}")])?;
    Ok(())
}

/// Ends all leases that are held in a worktree.
fn abandon(cx: &Context, layout: &Layout, limits: &Limits, worktree_id: Option<WorktreeId>) -> Result<Vec<Lease>> {
    let Some(holder_worktree) = worktree_id else { return Ok(Vec::new()) };
    let request = Request::Abandon { holder_worktree, reason: "worktree removed".to_owned() };
    match layout.claims().ask(cx.clock(), &request, limits)?.answer {
        Ok(LeaseAnswer::Ended(leases)) => Ok(leases),
        Ok(_) => Ok(Vec::new()),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
