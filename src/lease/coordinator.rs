//! The interface between the commands and the store of leases: the log of this clone today, possibly a store that several
//! clones share later.
//!
//! A coordinator executes the decision of [`decide`](crate::domain::lease::decide) and decides nothing itself. A caller must not
//! assume a file, a lock, or that the store can be reached. Every implementation must pass `lease/conformance.rs`.

use std::collections::HashMap;

use crate::domain::id::LeaseId;
use crate::domain::lease::{
    Diagnostic, Lease, LeaseFilter, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request, Transaction, lost,
};
use crate::domain::time::Clock;
use crate::exit::{Diagnose, Diagnosis};
use crate::store::file_stamp::FileStamp;

/// Why a coordinator did not execute a request.
#[derive(Debug, thiserror::Error)]
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
    /// The request may or may not have taken effect; the caller should repeat it.
    #[error("{source}, so the outcome is unknown")]
    Unknown {
        /// The error.
        source: crate::store::Error,
    },
    /// The request had no effect, because the store cannot be used.
    #[error(transparent)]
    Unavailable(crate::store::Error),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Lost { lease_id, successor, .. } => lost(lease_id, successor.as_deref()),
            Self::Unknown { .. } => crate::store::unsure(),
            Self::Unavailable(error) => error.diagnosis(),
        }
    }
}

impl From<crate::store::Error> for Error {
    fn from(error: crate::store::Error) -> Self {
        match error {
            crate::store::Error::Unsure { source } => Self::Unknown { source: *source },
            error => Self::Unavailable(error),
        }
    }
}

/// The result of a request to a coordinator.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The properties of a coordinator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Which worktrees its leases exclude.
    pub scope: Scope,
    /// Whether reported results survive a power failure.
    pub is_durable: bool,
    /// Whether reading never waits for a writer.
    pub reads_without_waiting: bool,
}

/// Which worktrees leases exclude.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The worktrees of one clone.
    Clone,
    /// Those of one process; for tests.
    #[cfg(test)]
    Process,
}

/// A store of leases.
pub(crate) trait Coordinator: Send + Sync {
    /// Its properties.
    fn capabilities(&self) -> Capabilities;

    /// The current leases. Does not wait for a writer and does not write.
    fn ledger(&self) -> Result<Ledger>;

    /// The current leases that match a filter, and perhaps others.
    fn ledger_about(&self, _filter: &LeaseFilter<'_>) -> Result<Ledger> {
        self.ledger()
    }

    /// A value that changes when the leases change, determined without reading them; `None` if not supported.
    fn stamp(&self) -> Option<FileStamp> {
        None
    }

    /// Decides a request on the current ledger and executes the decision.
    fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<Transaction>;

    /// The state of each of these leases, or how it ended, searched as far back as necessary.
    fn verify(&self, leases: &[LeaseId]) -> Result<HashMap<LeaseId, LeaseOutcome>>;

    /// Calls `visit` with every event that is stored, the oldest first.
    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()>;

    /// Checks its own state. Failures are part of the result.
    fn examine(&self) -> Vec<Diagnostic>;

    /// Repairs a damaged store from what can be proved, or with `dry_run` reports what it would do.
    fn recover(&self, dry_run: bool) -> Result<Recovery>;

    /// Renews exactly this lease, and not a later one on the same issue: they are compared by id, which is unique to a grant.
    fn renew(&self, clock: &dyn Clock, seen: &Lease, limits: &Limits) -> Result<Lease> {
        let request = Request::Heartbeat { lease_id: seen.lease_id.clone(), holder: seen.holder.clone() };
        let transaction = self.ask(clock, &request, limits)?;
        if transaction.answer.is_ok()
            && let Some(lease) = transaction.ledger.lease(&seen.lease_id)
        {
            return Ok(lease.clone());
        }
        let outcome = self.verify(std::slice::from_ref(&seen.lease_id))?.remove(&seen.lease_id).unwrap_or(LeaseOutcome::Unknown);
        let successor = transaction.ledger.lease_on(seen.issue_id).cloned().map(Box::new);
        Err(Error::Lost { lease_id: seen.lease_id.clone(), outcome: Box::new(outcome), successor })
    }
}
