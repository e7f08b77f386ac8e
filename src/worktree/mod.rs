//! Creates and removes worktrees as transactions over the store, Git and the leases.
//!
//! All or nothing: a failed creation is rolled back at once; after a `kill -9`, the next command that writes rolls it back.
//! Nothing that a user could miss is deleted without the flag that names the risk. The repository's worktree lock is held while
//! Git adds or removes a worktree, never during a checkout. Locks are always taken in the order worktree lock, lease log.

mod bare_setup;
mod blocker;
mod create;
pub(crate) mod default_branch;
mod include_file;
mod merged;
pub(crate) mod name;
pub(crate) mod path_template;
mod prune;
mod removal;
mod remove;
mod risk;
mod rollback;
mod status;
mod user_files;

pub(crate) use bare_setup::{clone_into, create_primary, default_dir};
pub(crate) use blocker::{Blocker, quoted};
pub(crate) use create::{SpawnRequest, Spawned, existing, resume, spawn};
pub(crate) use prune::{Pruned, prune};
pub(crate) use remove::{Removed, remove};
pub(crate) use risk::{RemovalOptions, agent_at_work, risks};
pub(crate) use rollback::{list_interrupted, recover_interrupted};
pub(crate) use status::{WorktreeStatus, status};

use std::ffi::OsStr;
use std::path::Path;
use std::time::Duration;

use crate::domain::lease::LeaseRefusal;
use crate::exit::{Diagnose, Diagnosis};
use crate::git::run::Git;
use crate::store::journal::Journal;
use crate::store::layout::Layout;
use crate::store::lock::{self, Guard};
use crate::store::worktrees::{self, Worktree};

/// How long to wait while other processes add or remove worktrees.
const LOCK_TIMEOUT: Duration = Duration::from_secs(60);

/// Why a transaction failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It is refused.
    #[error(transparent)]
    Blocker(#[from] Blocker),
    /// The lease was refused.
    #[error(transparent)]
    Lease(#[from] LeaseRefusal),
    /// The user interrupted it.
    #[error("interrupted: everything created was removed again")]
    Interrupted,
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Leases(#[from] crate::lease::Error),
    #[error(transparent)]
    Git(#[from] crate::git::run::Error),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Blocker(blocker) => blocker.diagnosis(),
            Self::Lease(refusal) => refusal.diagnosis(),
            Self::Interrupted => Diagnosis::interrupted(),
            Self::Store(error) => error.diagnosis(),
            Self::Leases(error) => error.diagnosis(),
            Self::Git(error) => error.diagnosis(),
        }
    }
}

impl From<crate::git::Error> for Error {
    fn from(error: crate::git::Error) -> Self {
        match error {
            crate::git::Error::Run(error) => Self::Git(error),
            error => Self::Store(error.into()),
        }
    }
}

/// The result of a transaction.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Takes the repository's worktree lock: Git itself fails when several processes add or remove worktrees at once.
fn lock_worktrees(layout: &Layout) -> Result<Guard> {
    Ok(lock::acquire(&lock::path(&layout.shared_dir(), "worktrees"), layout.modes, LOCK_TIMEOUT)?)
}

/// Git for the repository as a whole. In a bare repository, Git gets the Git directory explicitly, since it may refuse to discover it.
fn common_git(layout: &Layout) -> Git {
    let git = Git::at(&layout.common_dir);
    if layout.main_root.is_none() { git.env("GIT_DIR", &layout.common_dir) } else { git }
}

/// Runs `git worktree remove`.
fn remove_with_git(layout: &Layout, force: &[&str], path: &Path) -> std::result::Result<(), crate::git::run::Error> {
    let options = ["worktree", "remove"].iter().chain(force).map(OsStr::new);
    common_git(layout).run(&options.chain([path.as_os_str()]).collect::<Vec<_>>())?;
    Ok(())
}

/// Runs a child process that keeps the locks if this process is killed: a process that finds the journal waits for its end.
fn with_inherited_locks<T>(journal: &Journal, guard: Option<&Guard>, run: impl FnOnce() -> T) -> T {
    let inherit = |on| {
        if let Some(guard) = guard {
            guard.inherit_lock(on);
        }
        journal.inherit_lock(on);
    };
    inherit(true);
    let result = run();
    inherit(false);
    result
}

/// The worktree that the user named: `main` for the primary one, or by its path, its directory's name, its branch, or its issue's
/// id or number. A number must match completely: 42 does not match 421.
pub(crate) fn find(layout: &Layout, cwd: &Path, named: &str) -> Result<Worktree> {
    let mut all = worktrees::list(layout)?;
    let path = cwd.join(named);
    let path = path.canonicalize().unwrap_or(path);
    let exact = all.iter().position(|worktree| worktree.root == path);
    if let Some(index) = exact.or_else(|| all.iter().position(|worktree| named == "main" && worktree.is_primary)) {
        return Ok(all.swap_remove(index));
    }
    let number = named.strip_prefix('#');
    let typed = number.unwrap_or(named.trim_end_matches('/'));
    let has_name = |worktree: &Worktree| worktree.name() == typed || worktree.branch.as_deref() == Some(typed);
    let has_number = |worktree: &Worktree| !worktree.is_primary && name::number(&worktree.name()) == Some(typed);
    let has_issue = |worktree: &Worktree| {
        let issue = worktree.identity.as_ref().and_then(|identity| identity.issue_id);
        issue.is_some_and(|issue| issue.to_string() == typed || issue.short() == typed)
    };
    // A number sign excludes names and issue ids. Several matches are an error, never a guess.
    let matches = |worktree: &&Worktree| has_number(worktree) || number.is_none() && (has_name(worktree) || has_issue(worktree));
    let mut found: Vec<&Worktree> = all.iter().filter(matches).collect();
    if found.is_empty() {
        // A worktree elsewhere, on a branch that is named after the issue.
        found = all.iter().filter(|worktree| !worktree.is_primary && name::has_number(worktree, typed)).collect();
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Blocker::NoSuchWorktree { named: named.to_owned() }.into()),
        many => {
            let paths = many.iter().map(|worktree| worktree.root.clone()).collect();
            Err(Blocker::Ambiguous { named: named.to_owned(), paths }.into())
        }
    }
}
