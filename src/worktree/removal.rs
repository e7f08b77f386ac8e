//! Removes a worktree together with its branch and its leases, once the caller has checked that nothing is lost.
//!
//! A journal records what is about to be removed. If the process is killed, the next command that writes finishes what Git has
//! finished: a lease in a worktree that no longer exists would block everyone.

use std::path::Path;

use crate::domain::id::WorktreeId;
use crate::domain::lease::{Lease, LeaseAnswer, Request};
use crate::git::history;
use crate::process::background::Watched;
use crate::repo::Repo;
use crate::store::identity::Identity;
use crate::store::journal::removals::{self, Removing};
use crate::store::layout::Layout;
use crate::store::lock::Guard;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::{Error, Result, common_git, lock_worktrees, remove_with_git, with_inherited_locks};

/// Removes the worktree, and the given branch if it is still at the given commit. Returns the leases that ended.
///
/// `force` are options for `git worktree remove`; `guards` are the worktree lock and, for a worktree that is there, the lock of its
/// agents. They are released before the leases end: a store of leases may have to wait for a network. The journal says until then what
/// was decided under them.
pub(crate) fn remove_with_leases(
    repo: Repo<'_>,
    worktree: &Worktree,
    branch: Option<(String, String)>,
    force: &[&str],
    guards: (Guard, Option<Guard>),
) -> Result<Vec<Lease>> {
    let layout = repo.layout;
    let ourselves = Watched::ourselves();
    let record = Removing {
        schema_version: 1,
        path: worktree.root.clone().into_os_string(),
        git_dir: worktree.git_dir.clone().into_os_string(),
        worktree_id: worktree.identity.as_ref().map(|identity| identity.worktree_id.clone()),
        branch,
        pid: ourselves.pid,
        began: ourselves.began,
    };
    let journal = removals::begin(&layout.shared_dir(), layout.modes, &record)?;
    if let Err(error) = with_inherited_locks(&journal, Some(&guards.0), || remove_with_git(layout, force, &worktree.root)) {
        journal.finish()?;
        return Err(error.into());
    }
    // Under the lock: no other process may create a worktree of the branch meanwhile.
    let deleted = record.branch.map(|(branch, tip)| delete_branch(layout, &branch, &tip)).transpose();
    drop(guards);
    let leases = end_leases(repo, record.worktree_id)?;
    journal.finish()?;
    deleted.map(|_| leases)
}

/// Finishes removals whose process was killed. Returns a line for people about each.
pub(crate) fn recover_interrupted(repo: Repo<'_>) -> Result<Vec<String>> {
    let layout = repo.layout;
    let mut lines = Vec::new();
    removals::sweep(&layout.shared_dir())?;
    for (journal, record) in removals::interrupted(&layout.shared_dir())? {
        if is_running(&record) {
            continue;
        }
        let guard = lock_worktrees(layout)?;
        if is_registered(&record)? {
            // Git had not begun or not finished. Removing it again checks the risks again.
            journal.finish()?;
            continue;
        }
        drop(guard);
        end_leases(repo, record.worktree_id)?;
        if let Some((branch, tip)) = record.branch {
            let _guard = lock_worktrees(layout)?;
            let is_checked_out = worktrees::list(layout)?.iter().any(|other| other.branch.as_ref() == Some(&branch));
            if !is_checked_out {
                // This fails if the branch has moved since; then it stays.
                let _ = delete_branch(layout, &branch, &tip);
            }
        }
        journal.finish()?;
        lines.push(format!("removing {} was interrupted and has been finished", Path::new(&record.path).display()));
    }
    Ok(lines)
}

/// The interrupted removals that the next command that writes will finish.
pub(crate) fn list_interrupted(layout: &Layout) -> crate::store::Result<Vec<Removing>> {
    let left = removals::interrupted(&layout.shared_dir())?.into_iter().map(|(_, record)| record);
    Ok(left.filter(|record| !is_running(record)).collect())
}

fn is_running(record: &Removing) -> bool {
    Watched { pid: record.pid, began: record.began }.is_alive()
}

/// Whether Git still has this worktree, and not another one in the same Git directory.
fn is_registered(record: &Removing) -> Result<bool> {
    let git_dir = Path::new(&record.git_dir);
    let id = Identity::read(git_dir)?.map(|identity| identity.worktree_id);
    Ok(git_dir.exists() && id == record.worktree_id)
}

/// Deletes a branch that is still at `tip`, and its section in Git's configuration. Of a symbolic ref, only the ref itself goes.
fn delete_branch(layout: &Layout, branch: &str, tip: &str) -> Result<()> {
    let git = common_git(layout);
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
fn end_leases(repo: Repo<'_>, worktree_id: Option<WorktreeId>) -> Result<Vec<Lease>> {
    let Some(holder_worktree) = worktree_id else { return Ok(Vec::new()) };
    let request = Request::Abandon { holder_worktree, reason: "worktree removed".to_owned() };
    match repo.leases.ask(request, &repo.policy.limits)?.answer {
        Ok(LeaseAnswer::Ended(leases)) => Ok(leases),
        Ok(_) => Ok(Vec::new()),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
