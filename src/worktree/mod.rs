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

use std::path::{Path, PathBuf};

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
    /// Several are called so.
    #[error("'{named}' stands for {} worktrees", paths.len())]
    Ambiguous {
        /// What was given.
        named: String,
        /// Where they are.
        paths: Vec<PathBuf>,
    },
    /// It is not where it was, and where it is now is known.
    #[error("the worktree has moved to {}", to.display())]
    Moved {
        /// Where to.
        to: PathBuf,
    },
    /// It is not where it was.
    #[error("{} is not there", path.display())]
    Missing {
        /// Where it was.
        path: PathBuf,
    },
    /// Its files could not be written, by a hook perhaps.
    #[error("the files could not be checked out, and all was taken back: {why}")]
    NoCheckout {
        /// What Git said.
        why: String,
    },
    /// Its branch is checked out in another worktree too.
    #[error("branch '{branch}' is checked out in {} too", path.display())]
    BranchInUse {
        /// Which.
        branch: String,
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
    #[error("{} has uncommitted or untracked files ({}): {}", path.display(), files.len(), files.iter().take(3).cloned().collect::<Vec<_>>().join(", "))]
    Dirty {
        /// Where.
        path: PathBuf,
        /// Relative to it.
        files: Vec<String>,
    },
    /// It has commits that are nowhere else.
    #[error("{branch} has commits ({commits}) that are merged nowhere and on no remote")]
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
    /// Who keeps the leases.
    #[error(transparent)]
    Coordinator(#[from] crate::store::coordinator::Error),
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
            Self::Ambiguous { .. } => ExitStatus::Usage,
            Self::NoCheckout { .. } => ExitStatus::Broken,
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
            Self::Ambiguous { .. } => "worktree_ambiguous",
            Self::Moved { .. } => "worktree_moved",
            Self::Missing { .. } => "worktree_missing",
            Self::NoCheckout { .. } => "checkout_failed",
            Self::BranchInUse { .. } => "branch_in_use",
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
        let one = |hint: String| vec![hint];
        match self {
            Self::NoSuchWorktree { .. } => one("To see them: git jit worktree list".to_owned()),
            Self::Ambiguous { paths, .. } => {
                let paths = paths.iter().map(|path| format!("  {}", path.display()));
                std::iter::once("Give the path of one of these:".to_owned()).chain(paths).collect()
            }
            Self::NoSuchBase { .. } => one("To name another: --base REVISION; a new repository needs a first commit".to_owned()),
            Self::NoCheckout { .. } => one("To see the hooks that Git ran: git rev-parse --git-path hooks".to_owned()),
            Self::PathTaken { .. } => one("Move it away, or remove it with what made it".to_owned()),
            Self::BranchTaken { branch } => one(format!("To delete it, if nothing on it is missed: git branch -d {branch}")),
            Self::Primary { .. } => one("Only linked worktrees can be removed".to_owned()),
            Self::Moved { to } => one(format!("To tell Git: git worktree repair {}", to.display())),
            Self::Missing { .. } => vec![
                "If it was moved: git worktree repair NEW-PATH".to_owned(),
                "If it is gone for good: git jit worktree remove, with --discard-changes".to_owned(),
            ],
            Self::BranchInUse { .. } | Self::DefaultBranch { .. } => {
                one("To remove the worktree alone: leave --delete-branch out".to_owned())
            }
            Self::Inside { .. } => one("Go elsewhere first".to_owned()),
            Self::Locked { path } => one(format!("To unlock it: git worktree unlock {}", path.display())),
            Self::Dirty { .. } => one("Commit them, or give them up: --discard-changes".to_owned()),
            Self::Unmerged { has_branch: true, .. } => vec![
                "To keep them on their branch: --keep-branch".to_owned(),
                "To give them up: --delete-branch --delete-unmerged".to_owned(),
            ],
            Self::Unmerged { .. } => {
                vec!["To give them a branch: git switch -c NAME".to_owned(), "To give them up: --delete-unmerged".to_owned()]
            }
            Self::InUse { .. } => one("To end their lease: --end-lease".to_owned()),
        }
    }
}

/// The one worktree that was meant: by its path, else by its directory's name or the issue number in that.
pub(crate) fn find(layout: &Layout, cwd: &Path, named: &str) -> Result<Worktree> {
    let all = worktrees::list(layout)?;
    let path = cwd.join(named);
    let path = path.canonicalize().unwrap_or(path);
    if let Some(exact) = all.iter().find(|worktree| worktree.root == path) {
        return Ok(exact.clone());
    }
    let typed = named.trim_end_matches('/').trim_start_matches('#');
    let is_meant = |worktree: &&Worktree| worktree.name() == typed || name::number(&worktree.name()) == Some(typed);
    let found: Vec<&Worktree> = all.iter().filter(is_meant).collect();
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => Err(Hindrance::NoSuchWorktree { named: named.to_owned() }.into()),
        many => {
            let paths = many.iter().map(|worktree| worktree.root.clone()).collect();
            Err(Hindrance::Ambiguous { named: named.to_owned(), paths }.into())
        }
    }
}
