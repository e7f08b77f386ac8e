//! Everything that reads or runs Git.
//!
//! What the library can read is read in this process; [`run`] starts `git` for the rest.

pub(crate) mod branch;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod merge;
pub(crate) mod range;
mod remote;
pub(crate) mod run;
pub(crate) mod tree;

use std::path::PathBuf;

use serde_json::json;

use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// Why something could not be read from Git.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The Git library cannot read it.
    #[error("cannot read {what}: {source}")]
    Unreadable {
        /// What was to be read.
        what: String,
        /// The library's error.
        #[source]
        source: Box<gix::Error>,
    },
    /// Git's data is incomplete or contradicts itself.
    #[error("{}: {why}", path.display())]
    Corrupt {
        /// The file or directory that holds it.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// `git` was run for it, and failed.
    #[error(transparent)]
    Run(#[from] run::Error),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Unreadable { .. } => Diagnosis::new("git_unreadable", ExitStatus::Broken),
            Self::Corrupt { path, .. } => Diagnosis::new("corrupt", ExitStatus::Broken)
                .hint("To check the repository: git fsck")
                .data(json!({ "file": path.display().to_string(), "line": null })),
            Self::Run(error) => error.diagnosis(),
        }
    }
}

impl Error {
    /// Wraps the library's error about `what`.
    pub(crate) fn unreadable(what: impl Into<String>) -> impl FnOnce(gix::Error) -> Self {
        let what = what.into();
        move |source| Self::Unreadable { what, source: Box::new(source) }
    }
}

/// The result of reading from Git.
pub(crate) type Result<T> = std::result::Result<T, Error>;
