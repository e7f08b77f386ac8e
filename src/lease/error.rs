//! Why a request for a lease was not executed, or why it is unknown whether it was.

#![deny(clippy::wildcard_enum_match_arm)]

use crate::domain::id::LeaseId;
use crate::domain::lease::{Lease, LeaseOutcome, lost};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::store;

/// The result of a call to a store of leases.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// Why a call to a store of leases failed.
#[derive(Debug, thiserror::Error)]
#[cfg_attr(not(test), expect(dead_code, reason = "a log on disk is always reachable; a store across clones is not"))]
pub(crate) enum Error {
    /// The lease to renew is no longer held.
    #[error("lease {lease_id} is lost: {}", outcome.describe(successor.as_deref()))]
    Lost {
        /// The lease.
        lease_id: LeaseId,
        /// How it ended.
        outcome: Box<LeaseOutcome>,
        /// The lease that the issue has now, if any.
        successor: Option<Box<Lease>>,
    },
    /// The requests may or may not have taken effect; the caller should repeat them.
    #[error("{what}, so the outcome is unknown")]
    Unknown {
        /// What happened.
        what: String,
    },
    /// The requests had no effect, because no answer came within the deadline.
    #[error("{store} cannot be reached: {why}")]
    Unreachable {
        /// The name of the store: a remote, or an address.
        store: String,
        /// What the network or the server said.
        why: String,
    },
    /// The requests had no effect, because this user has no right to write there.
    #[error("{store} denied it: {why}")]
    Denied {
        /// The name of the store.
        store: String,
        /// What the server said.
        why: String,
    },
    /// The store has no such operation.
    #[error("{store} does not support {what}")]
    Unsupported {
        /// The name of the store.
        store: String,
        /// The operation.
        what: &'static str,
    },
    /// The requests had no effect, because the files of the store cannot be used.
    #[error(transparent)]
    Store(store::Error),
}

impl Error {
    /// Whether the same request may succeed later without any other change.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Self::Unknown { .. } | Self::Unreachable { .. } | Self::Store(_) => true,
            Self::Lost { .. } | Self::Denied { .. } | Self::Unsupported { .. } => false,
        }
    }
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Lost { lease_id, successor, .. } => lost(lease_id, successor.as_deref()),
            Self::Unknown { .. } => store::unsure(),
            Self::Unreachable { .. } => Diagnosis::new("unreachable", ExitStatus::Unreachable)
                .hint("What you hold stays valid until it expires: git jit claim list")
                .retryable(true),
            Self::Denied { .. } => {
                Diagnosis::new("denied", ExitStatus::Denied).hint("Ask for the right to write there, or use another account")
            }
            Self::Unsupported { .. } => {
                Diagnosis::new("unsupported", ExitStatus::Unsupported).hint("To see what this store can do: git jit doctor")
            }
            Self::Store(error) => error.diagnosis(),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        if let store::Error::Unsure { source } = error { Self::Unknown { what: source.to_string() } } else { Self::Store(error) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failure_has_its_status_and_a_next_step() {
        let (store, why) = ("origin".to_owned(), "no answer".to_owned());
        let rows = [
            (Error::Unreachable { store: store.clone(), why: why.clone() }, 9, true),
            (Error::Unknown { what: why.clone() }, 10, true),
            (Error::Denied { store: store.clone(), why }, 11, false),
            (Error::Unsupported { store, what: "transfers" }, 12, false),
        ];
        for (error, status, is_retryable) in rows {
            let diagnosis = error.diagnosis();
            assert_eq!((diagnosis.status.code(), diagnosis.is_retryable), (status, is_retryable), "{error}");
            assert!(!diagnosis.hints.is_empty(), "{error}");
            assert_eq!(error.is_passing(), is_retryable, "{error}");
        }
    }
}
