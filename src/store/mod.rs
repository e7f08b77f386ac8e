//! Bytes on disk: knows paths and files, not rules.
//!
//! Invariants: a file is replaced atomically, or appended to by one write of one line. The worktree's `.jit/` is the only
//! versioned directory that is written to. A failed read is an error and never counts as "absent". Nothing here starts a
//! process or prints.

pub(crate) mod agent_run;
pub(crate) mod authority;
pub(crate) mod clone;
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

use crate::domain::id::IdError;
use crate::git;
pub(crate) use diagnose::unsure;

/// Why something could not be read or written.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// No repository was found.
    #[error("not a git repository: {}", path.display())]
    NoRepository {
        /// Where the search started.
        path: PathBuf,
        /// The library's error.
        #[source]
        source: Box<gix::Error>,
    },
    /// A bare root has no worktree to read from or write to.
    #[error("this is a bare repository{}: {}", if *has_some { ", not a worktree" } else { " without a worktree" }, path.display())]
    NoWorktree {
        /// The repository.
        path: PathBuf,
        /// Whether it has linked worktrees.
        has_some: bool,
    },
    /// The operating system reported an error.
    #[error("cannot {verb} {}: {source}", path.display())]
    Io {
        /// What was attempted.
        verb: &'static str,
        /// The file.
        path: PathBuf,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// Git's data cannot be read.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// A file of ours has invalid content.
    #[error("{}{}: {why}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    Corrupt {
        /// The file.
        path: PathBuf,
        /// The line, counted from 1, if the file consists of lines.
        line: Option<usize>,
        /// What is wrong.
        why: String,
    },
    /// A setting of Git has an invalid value.
    #[error("{key}: {source}")]
    BadSetting {
        /// The setting.
        key: &'static str,
        /// Why it is invalid.
        #[source]
        source: IdError,
    },
    /// A clone cannot get the id of the one that it was copied from.
    #[error("this clone keeps its id: {why}")]
    NotMoved {
        /// The reason.
        why: String,
        /// The next step; empty if there is none.
        hint: String,
    },
    /// A lock was not released in time.
    #[error("{} is locked{}", path.display(), pid.map(|pid| format!(" by process {pid}")).unwrap_or_default())]
    Busy {
        /// The lock file.
        path: PathBuf,
        /// The process that acquired it last.
        pid: Option<u32>,
    },
    /// Something was written and may or may not be durable.
    #[error("{source}, so the outcome is unknown")]
    Unsure {
        /// The error.
        #[source]
        source: Box<Self>,
    },
    /// Other writers were faster in every attempt.
    #[error("{} was changed by others during every attempt", path.display())]
    Contended {
        /// The file.
        path: PathBuf,
    },
}

impl Error {
    /// Wraps the system's error about `path`.
    pub(crate) fn io(verb: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io { verb, path, source }
    }

    /// Wraps the Git library's error about `what`.
    pub(crate) fn git(what: impl Into<String>) -> impl FnOnce(gix::Error) -> Self {
        let wrap = git::Error::unreadable(what);
        move |source| Self::Git(wrap(source))
    }
}

/// The result of a store operation.
pub(crate) type Result<T> = std::result::Result<T, Error>;
