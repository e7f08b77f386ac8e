//! Spawning and removing worktrees as transactions over the store, Git and the leases.
//!
//! All or nothing: what a failure leaves half made is taken back. Nothing that a user could miss is deleted
//! without the word that names the risk. The repository's worktree lock is held while Git adds or removes one,
//! never while it checks out; the order is always that lock, then the lease log's.

pub(crate) mod name;
mod remove;
mod spawn;

pub(crate) use remove::{Removal, Removed, remove};
pub(crate) use spawn::{Spawned, Wish, spawn};

use std::path::PathBuf;

use crate::domain::id::Holder;
use crate::domain::lease::Refusal;
use crate::exit::ExitStatus;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};

/// Why a worktree cannot be made or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Hindrance {
    /// There is none of that name.
    #[error("no worktree '{named}'")]
    NoSuchWorktree {
        /// What was given.
        named: String,
    },
    /// The revision to start from is not there.
    #[error("'{base}' is no commit here")]
    NoSuchBase {
        /// What was given, or looked for.
        base: String,
    },
    /// Something is in the way.
    #[error("{} is there already", path.display())]
    PathTaken {
        /// Where.
        path: PathBuf,
    },
    /// A branch is in the way.
    #[error("branch '{branch}' is there already, and no worktree has it")]
    BranchTaken {
        /// Which.
        branch: String,
    },
    /// It is the primary worktree.
    #[error("{} is the primary worktree", path.display())]
    Primary {
        /// Where.
        path: PathBuf,
    },
    /// Its branch is the default branch, which is not deleted from here.
    #[error("branch '{branch}' is the default branch")]
    DefaultBranch {
        /// Which.
        branch: String,
    },
    /// The caller stands in it.
    #[error("you are in {}", path.display())]
    Inside {
        /// Where.
        path: PathBuf,
    },
    /// It is locked.
    #[error("{} is locked", path.display())]
    Locked {
        /// Where.
        path: PathBuf,
    },
    /// It has files that no commit has.
    #[error("{} has {} uncommitted or untracked files: {}", path.display(), files.len(), files.iter().take(3).cloned().collect::<Vec<_>>().join(", "))]
    Dirty {
        /// Where.
        path: PathBuf,
        /// Relative to it.
        files: Vec<String>,
    },
    /// It has commits that are nowhere else.
    #[error("{commits} commits of {branch} are merged nowhere and on no remote")]
    Unmerged {
        /// The branch, or "a detached HEAD".
        branch: String,
        /// How many.
        commits: usize,
        /// Whether there is a branch that would keep them.
        has_branch: bool,
    },
    /// Somebody else works in it.
    #[error("it is in use by {holder}")]
    InUse {
        /// Who.
        holder: Holder,
    },
}

/// What can go wrong in a transaction.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It must not be done.
    #[error(transparent)]
    Hindrance(#[from] Hindrance),
    /// The lease was not to be had.
    #[error("the lease was refused")]
    Lease(Refusal),
    /// A file or an object.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// Git.
    #[error(transparent)]
    Git(#[from] crate::git::Error),
}

/// The result of a transaction.
pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Hindrance {
    /// The exit status.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::NoSuchWorktree { .. } | Self::NoSuchBase { .. } => ExitStatus::NotFound,
            Self::InUse { .. } => ExitStatus::Held,
            _ => ExitStatus::Refused,
        }
    }

    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::NoSuchWorktree { .. } => "worktree_not_found",
            Self::NoSuchBase { .. } => "base_not_found",
            Self::PathTaken { .. } => "path_taken",
            Self::BranchTaken { .. } => "branch_taken",
            Self::Primary { .. } => "primary_worktree",
            Self::DefaultBranch { .. } => "default_branch",
            Self::Inside { .. } => "inside_worktree",
            Self::Locked { .. } => "worktree_locked",
            Self::Dirty { .. } => "uncommitted_changes",
            Self::Unmerged { .. } => "unmerged_commits",
            Self::InUse { .. } => "held_by_other",
        }
    }

    /// What to do next.
    pub(crate) fn hints(&self) -> Vec<String> {
        let hints: &[&str] = match self {
            Self::NoSuchWorktree { .. } => &["To see them: git jit worktree list"],
            Self::NoSuchBase { .. } => &["To name another: --base REVISION"],
            Self::PathTaken { .. } => &["Move it away, or remove it with what made it"],
            Self::BranchTaken { .. } => &["To delete it, if nothing on it is missed: git branch -d BRANCH"],
            Self::Primary { .. } => &["Only linked worktrees can be removed"],
            Self::DefaultBranch { .. } => &["To remove the worktree alone: leave --delete-branch out"],
            Self::Inside { .. } => &["Go elsewhere first"],
            Self::Locked { .. } => &["To unlock it: git worktree unlock PATH"],
            Self::Dirty { .. } => &["Commit them, or give them up: --discard-changes"],
            Self::Unmerged { has_branch: true, .. } => {
                &["To keep them on their branch: --keep-branch", "To give them up: --delete-branch --delete-unmerged"]
            }
            Self::Unmerged { .. } => &["To give them a branch: git switch -c NAME", "To give them up: --delete-unmerged"],
            Self::InUse { .. } => &["To end their lease: --end-lease"],
        };
        hints.iter().map(|hint| (*hint).to_owned()).collect()
    }
}

/// The one worktree that was meant: by its directory's name, its path, or the issue number in its name.
pub(crate) fn find(layout: &Layout, named: &str) -> Result<Worktree> {
    let all = worktrees::list(layout)?;
    let typed = named.trim_end_matches('/').trim_start_matches('#');
    let is_meant =
        |worktree: &&Worktree| worktree.name() == typed || worktree.root == *typed || name::number(&worktree.name()) == Some(typed);
    let found = all.iter().find(is_meant).cloned();
    Ok(found.ok_or_else(|| Hindrance::NoSuchWorktree { named: named.to_owned() })?)
}
