//! Leases as commands and hooks use them: an interface that a store on disk and a store across a network can both keep.
//!
//! A store executes the decision of [`decide`](crate::domain::lease::decide) and decides nothing itself. A caller must not assume
//! a file, a lock, or that the store can be reached: every call that may wait has a deadline. Every store must pass
//! `lease/conformance.rs`. Each handle has a clock of its own, since two machines never share one.

#[cfg(test)]
pub(crate) mod conformance;
mod deadline;
mod error;
mod known_clone;
mod local_log;
#[cfg(test)]
pub(crate) mod memory;
pub(crate) mod renewal;

use std::collections::HashMap;

use crate::context::Context;
use crate::domain::id::{CloneId, IssueId, LeaseId};
use crate::domain::lease::{
    Diagnostic, Grant, Lease, LeaseAnswer, LeaseFilter, LeaseOutcome, LeaseRefusal, Ledger, Limits, PastEvent, Recovery, Request,
};
use crate::store::layout::Layout;

pub(crate) use deadline::Deadline;
pub(crate) use error::{Error, Result};
pub(crate) use local_log::LocalLog;

/// The leases of a repository; where locks are off, its log is written without file locks.
pub(crate) fn open(cx: &Context, layout: &Layout) -> LocalLog {
    LocalLog::of(cx, layout)
}

/// The properties of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Capabilities {
    /// Which worktrees its leases exclude.
    pub scope: Scope,
    /// Whether reported results survive a power failure.
    pub is_durable: bool,
    /// Whether a holder whose time is over by this clone's clock loses the lease at once. A store across machines waits until another
    /// clone has watched the lease for its whole time.
    pub ends_on_time: bool,
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

/// How far a view can be relied on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[cfg_attr(not(test), expect(dead_code, reason = "a log on disk is always the authority for its clone"))]
pub(crate) enum Confirmed {
    /// The authority answered.
    Authoritative,
    /// This is what the authority said at that time.
    Cached(jiff::Timestamp),
}

/// The leases at one moment.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct View {
    /// The leases.
    pub ledger: Ledger,
    /// How far they can be relied on.
    pub confirmed: Confirmed,
    /// For [`Leases::wait`].
    pub revision: Revision,
}

/// A state of a store. It can only be compared with another one of the same store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Revision(String);

/// What was done.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Applied {
    /// The decisions, one for each request, in their order. They have taken effect.
    pub answers: Vec<std::result::Result<LeaseAnswer, LeaseRefusal>>,
    /// The leases after them.
    pub view: View,
}

/// One request that was executed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transaction {
    /// The decision, which has taken effect.
    pub answer: std::result::Result<LeaseAnswer, LeaseRefusal>,
    /// The leases after it.
    pub ledger: Ledger,
}

/// A lease of which a caller wants to know the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    pub lease_id: LeaseId,
    /// Its issue, by which a store across clones finds it; `None` if only the id is known.
    pub issue_id: Option<IssueId>,
}

impl Proof {
    pub(crate) fn of(lease: &Lease) -> Self {
        Self { lease_id: lease.lease_id.clone(), issue_id: Some(lease.issue_id) }
    }
}

/// A lease that was acquired, or that its holder had.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Acquisition {
    /// The lease as it is now.
    pub lease: Lease,
    /// Whether it was granted now.
    pub is_new: bool,
    /// Whether its time was restarted.
    pub is_renewed: bool,
}

/// A store of leases.
pub(crate) trait Leases: Send + Sync {
    /// Its properties.
    fn capabilities(&self) -> Capabilities;

    /// The current leases that match a filter, and perhaps others. Never uses the network, never waits for a writer, never writes.
    fn view(&self, about: &LeaseFilter<'_>) -> Result<View>;

    /// The same, asked from the authority. [`Error::Unreachable`] if it does not answer in time.
    #[cfg_attr(not(test), expect(dead_code, reason = "a log on disk has nothing to refresh; a store across clones has"))]
    fn refresh(&self, about: &LeaseFilter<'_>, by: &Deadline) -> Result<View>;

    /// Decides requests, in their order, each on the leases that the one before has left, and executes the decisions. A refusal of one
    /// does not affect the others. An error is about all of them: a batch is one message, whose answer can be lost.
    fn apply(&self, requests: &[Request], limits: &Limits, by: &Deadline) -> Result<Applied>;

    /// The state of each of these leases, or how it ended, searched as far back as necessary.
    fn verify(&self, proofs: &[Proof], by: &Deadline) -> Result<HashMap<LeaseId, LeaseOutcome>>;

    /// Waits until the leases may have changed since `seen`, or until the deadline. Returns the revision by then.
    fn wait(&self, seen: &Revision, by: &Deadline) -> Result<Revision>;

    /// All current leases.
    fn ledger(&self) -> Result<Ledger> {
        Ok(self.view(&LeaseFilter::All)?.ledger)
    }

    /// One request: the decision, and the leases after it.
    fn ask(&self, request: Request, limits: &Limits) -> Result<Transaction> {
        let Applied { answers, view } = self.apply(&[request], limits, &Deadline::soon())?;
        let answer = answers.into_iter().next_back().unwrap_or(Ok(LeaseAnswer::Nothing));
        Ok(Transaction { answer, ledger: view.ledger })
    }

    /// Acquires a lease, or keeps the holder's own.
    fn acquire(&self, grant: Grant, limits: &Limits) -> Result<std::result::Result<Acquisition, LeaseRefusal>> {
        let new_id = grant.lease_id.clone();
        let Transaction { answer, ledger } = self.ask(Request::Acquire(grant), limits)?;
        Ok(answer.and_then(|answer| {
            let (lease_id, is_renewed) = match answer {
                LeaseAnswer::Kept { lease_id, changed } => (lease_id, changed),
                LeaseAnswer::Granted(lease_id) | LeaseAnswer::Closing(lease_id) => (lease_id, false),
                LeaseAnswer::Ended(_) | LeaseAnswer::Nothing => (new_id.clone(), false),
            };
            let lease = ledger.lease(&lease_id).cloned().ok_or(LeaseRefusal::NoSuchLease { lease_id })?;
            Ok(Acquisition { is_new: lease.lease_id == new_id, is_renewed, lease })
        }))
    }

    /// How one lease ended, or its state.
    fn outcome(&self, proof: &Proof) -> Result<LeaseOutcome> {
        let mut found = self.verify(std::slice::from_ref(proof), &Deadline::soon())?;
        Ok(found.remove(&proof.lease_id).unwrap_or(LeaseOutcome::Unknown))
    }

    /// Renews exactly these leases, and not later ones on the same issues: they are compared by id, which is unique to a grant. Returns
    /// each as it is now, or [`Error::Lost`].
    fn renew(&self, seen: &[&Lease], limits: &Limits, by: &Deadline) -> Result<Vec<Result<Lease>>> {
        let beat = |lease: &&Lease| Request::Heartbeat { lease_id: lease.lease_id.clone(), holder: lease.holder.clone() };
        let Applied { answers, view } = self.apply(&seen.iter().map(beat).collect::<Vec<_>>(), limits, by)?;
        let one = |(seen, answer): (&&Lease, std::result::Result<_, _>)| {
            if let Some(lease) = view.ledger.lease(&seen.lease_id).filter(|_| answer.is_ok()) {
                return Ok(lease.clone());
            }
            let outcome = Box::new(self.outcome(&Proof::of(seen))?);
            let successor = view.ledger.lease_on(seen.issue_id).cloned().map(Box::new);
            Err(Error::Lost { lease_id: seen.lease_id.clone(), outcome, successor })
        };
        Ok(seen.iter().zip(answers).map(one).collect())
    }
}

/// The care of a store on this machine.
pub(crate) trait Maintenance {
    /// Calls `visit` with every event that is stored, the oldest first.
    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()>;

    /// Checks the store. Failures are part of the result.
    fn examine(&self) -> Vec<Diagnostic>;

    /// Repairs a damaged store from what can be proved, or with `dry_run` reports what it would do.
    fn recover(&self, dry_run: bool) -> Result<Recovery>;

    /// Makes this clone the one again that it was copied from, with its leases. Returns the id; `None` if the store has no clone.
    fn take_over_original(&self) -> Result<Option<CloneId>>;
}
