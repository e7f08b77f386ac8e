//! Making and removing worktrees as transactions over the store, Git and the leases.
//!
//! All or nothing: what a failure leaves half made is taken back, at once or, after a `kill -9`, by the next command that
//! writes. Nothing that a user could miss is deleted without the word that names the risk. The repository's worktree lock is
//! held while Git adds or removes one, never while it checks out; the order is always that lock, then the lease log's.

mod bare_setup;
mod blocker;
mod create;
mod create_steps;
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
mod start_point;
mod status;
mod user_files;

pub(crate) use bare_setup::{clone_into, default_dir, make_primary};
pub(crate) use blocker::{Blocker, quoted};
pub(crate) use create::{SpawnRequest, Spawned, existing, resume, spawn};
pub(crate) use prune::{Pruned, prune};
pub(crate) use remove::{Removed, remove};
pub(crate) use risk::{RemovalOptions, agent_at_work, risks};
pub(crate) use rollback::{recover_interrupted, unsettled};
pub(crate) use status::{WorktreeStatus, status};

use std::path::Path;
use std::time::Duration;

use crate::domain::lease::LeaseRefusal;
use crate::git::run::Git;
use crate::store::layout::Layout;
use crate::store::lock::{self, Guard};
use crate::store::worktrees::{self, Worktree};

/// How long one waits for others to add or remove theirs.
const PATIENCE: Duration = Duration::from_secs(60);

/// What can go wrong in a transaction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It must not be done.
    #[error(transparent)]
    Blocker(#[from] Blocker),
    /// The lease was not to be had.
    #[error("the lease was refused")]
    Lease(LeaseRefusal),
    /// The user ended it.
    #[error("interrupted")]
    Interrupted,
    /// A file or an object.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// Who keeps the leases.
    #[error(transparent)]
    Coordinator(#[from] crate::lease::coordinator::Error),
    /// Git.
    #[error(transparent)]
    Git(#[from] crate::git::run::Error),
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

/// Alone in the repository: Git itself fails when several add or remove worktrees at once.
fn alone(layout: &Layout) -> Result<Guard> {
    Ok(lock::acquire(&lock::path(&layout.shared_dir(), "worktrees"), layout.modes, PATIENCE)?)
}

/// Git for what is about the repository as a whole; named to it where a bare one might not be looked for.
fn git(layout: &Layout) -> Git {
    let git = Git::at(&layout.common_dir);
    if layout.main_root.is_none() { git.env("GIT_DIR", &layout.common_dir) } else { git }
}

/// The one worktree that was meant: `main` for the primary one, its path, its directory's name, its branch, or the number of
/// its issue in one of these. A number is the whole number: 42 never stands for 421.
pub(crate) fn find(layout: &Layout, cwd: &Path, named: &str) -> Result<Worktree> {
    let all = worktrees::list(layout)?;
    let path = cwd.join(named);
    let path = path.canonicalize().unwrap_or(path);
    if let Some(exact) = all.iter().find(|worktree| worktree.root == path) {
        return Ok(exact.clone());
    }
    let number = named.strip_prefix('#');
    let typed = number.unwrap_or(named.trim_end_matches('/'));
    let is_called = |worktree: &Worktree| worktree.name() == typed || worktree.branch.as_deref() == Some(typed);
    let has_number = |worktree: &Worktree| !worktree.is_primary && name::number(&worktree.name()) == Some(typed);
    let is_on_number = |worktree: &&Worktree| !worktree.is_primary && name::has_number(worktree, typed);
    let of_issue = |worktree: &Worktree| {
        let issue = worktree.identity.as_ref().and_then(|identity| identity.issue_id);
        issue.is_some_and(|issue| issue.to_string() == typed || issue.short() == typed)
    };
    if let Some(primary) = all.iter().find(|worktree| named == "main" && worktree.is_primary) {
        return Ok(primary.clone());
    }
    // What fits in two ways is no guess; a number sign says which is meant.
    let fits = |worktree: &&Worktree| has_number(worktree) || number.is_none() && (is_called(worktree) || of_issue(worktree));
    let mut found: Vec<&Worktree> = all.iter().filter(fits).collect();
    if found.is_empty() {
        // One that was made elsewhere, on a branch that is called after the issue.
        found = all.iter().filter(is_on_number).collect();
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
