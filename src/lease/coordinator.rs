//! What stands between the commands and the place where leases are kept: one log in this repository today, a
//! store that several clones share another day.
//!
//! A coordinator executes what [`decide`](crate::domain::lease::decide) says, and decides nothing itself. Whoever
//! uses one must not assume a file, a lock, or that it can be reached at all. What each implementation has to do is
//! what `coordinator/conformance.rs` asks of it.

use std::collections::HashMap;

use crate::domain::id::LeaseId;
use crate::domain::lease::{
    Diagnostic, Lease, LeaseFilter, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request, Transaction, lost,
};
use crate::domain::time::Clock;
use crate::exit::{Diagnose, Diagnosis};
use crate::store::file_stamp::FileStamp;

/// Why a coordinator did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The lease that was to be renewed is not the holder's any more.
    #[error("lease {lease_id} is lost: {}", outcome.describe(successor.as_deref()))]
    Lost {
        /// Which one.
        lease_id: LeaseId,
        /// How it ended.
        outcome: Box<LeaseOutcome>,
        /// Who has the issue now, where somebody has.
        successor: Option<Box<Lease>>,
    },
    /// It may have been done, or not: to be asked again.
    #[error("{source}, so it is not known whether it was done")]
    Unknown {
        /// What went wrong.
        source: crate::store::Error,
    },
    /// Nothing was done, because the store cannot be used now.
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

/// The result of asking a coordinator.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// What a coordinator can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Whom its leases keep out.
    pub scope: Scope,
    /// Whether what it has reported survives a loss of power.
    pub is_durable: bool,
    /// Whether it can be asked without waiting for anybody.
    pub reads_without_waiting: bool,
}

/// Whom leases keep out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scope {
    /// The worktrees of one clone.
    Clone,
    /// One process: a double for tests.
    #[cfg(test)]
    Process,
}

/// Keeps leases.
pub(crate) trait Coordinator: Send + Sync {
    /// What it can do.
    fn capabilities(&self) -> Capabilities;

    /// The leases as they are, without waiting for a writer and without writing.
    fn ledger(&self) -> Result<Ledger>;

    /// The same as far as somebody wants to know: every lease that it is about, and of the others perhaps not all.
    fn ledger_about(&self, _about: &LeaseFilter<'_>) -> Result<Ledger> {
        self.ledger()
    }

    /// What is another value once the leases have changed, told without reading them; nothing where that cannot be.
    fn stamp(&self) -> Option<FileStamp> {
        None
    }

    /// Has a request decided on the ledger as it is then, and the decision executed.
    fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<Transaction>;

    /// How each of these leases stands or ended, as far back as it takes.
    fn verify(&self, leases: &[LeaseId]) -> Result<HashMap<LeaseId, LeaseOutcome>>;

    /// Everything that ever happened, the oldest first, as far as it is kept.
    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()>;

    /// Looks at its own state; never fails, since that is what it is to tell.
    fn examine(&self) -> Vec<Diagnostic>;

    /// Rebuilds what can be proved, or with `dry_run` tells what it would do.
    fn recover(&self, dry_run: bool) -> Result<Recovery>;

    /// Renews the lease that was seen, and none that came after it: compared by its id, which is drawn anew for each grant.
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
