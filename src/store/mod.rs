//! Files and objects: knows paths and bytes, not rules.
//!
//! Owns these invariants: a file is replaced whole or appended to by one write of one line; the
//! worktree's `.jit/` is the only versioned place written to; a failed read is an error, never an
//! absence. Uses `domain`; spawns nothing and prints nothing.

pub(crate) mod agent_run;
pub(crate) mod authority;
pub(crate) mod config;
mod diagnose;
pub(crate) mod events;
pub(crate) mod file;
pub(crate) mod file_stamp;
pub(crate) mod gates;
pub(crate) mod git_info;
pub(crate) mod identity;
pub(crate) mod issue_cache;
pub(crate) mod issue_sources;
pub(crate) mod issues;
pub(crate) mod journal;
pub(crate) mod layout;
pub(crate) mod lock;
pub(crate) mod log;
pub(crate) mod notes;
pub(crate) mod setup_record;
pub(crate) mod snapshot;
pub(crate) mod trusted_commands;
pub(crate) mod worktrees;

use std::io;
use std::path::{Path, PathBuf};

use crate::git;
pub(crate) use diagnose::unsure;

/// What can go wrong with a file or an object.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// There is no repository here.
    #[error("not a git repository: {}", path.display())]
    NoRepository {
        /// Where it was looked for.
        path: PathBuf,
        /// What the discovery said.
        #[source]
        source: Box<gix::Error>,
    },
    /// A bare root has no worktree to read from or write to.
    #[error("this is a bare repository{}: {}", if *has_some { ", and no worktree itself" } else { " without a worktree" }, path.display())]
    NoWorktree {
        /// The repository.
        path: PathBuf,
        /// Whether it has worktrees elsewhere.
        has_some: bool,
    },
    /// The operating system refused.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        verb: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A file of ours says something that it cannot say.
    #[error("{}{}: {why}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Corrupt {
        /// Which file.
        path: PathBuf,
        /// Which line, counted from 1, where there are lines.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
    /// A lock was not free in time.
    #[error("{} is locked{}", path.display(), pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// Who wrote its id there last.
        pid: Option<u32>,
    },
    /// Something was written, and it cannot be told whether it will last.
    #[error("{source}, so it is not known whether it was done")]
    Unsure {
        /// What went wrong then.
        #[source]
        source: Box<Self>,
    },
    /// Other writers were faster, again and again.
    #[error("{} changed under every attempt", path.display())]
    Contended {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// Wraps what the system said about `path`.
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { verb, path, source }
    }

    /// Wraps what the Git library said about `what`.
    pub(crate) fn git(what: impl Into<String>) -> impl FnOnce(gix::Error) -> Self {
        let wrap = git::Error::unreadable(what);
        move |source| Self::Git(wrap(source))
    }
}

/// The result of a store operation.
pub(crate) type Result<T> = std::result::Result<T, Error>;
