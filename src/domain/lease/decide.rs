//! What may be appended next: a request, the ledger and a moment give the records to append and the answer.
//!
//! One variant a reason, so that whoever words the answer leaves none out.

use super::{Event, Grant, Lease, Ledger, Standing};
use crate::domain::id::{Holder, LeaseId, WorktreeId};
use crate::domain::time::Now;

/// What somebody asks of the ledger.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// A lease on an issue; of the holder's own lease, at least this much time.
    Acquire(Grant),
    /// The end of a lease, or, with `closing`, its end at the next commit of the issue.
    Release { lease_id: LeaseId, holder: Holder, closing: bool, reason: Option<String> },
    /// That a lease from another clock be tied to this one.
    Observe { lease_id: LeaseId },
    /// The end of everything a worktree holds, because the worktree goes away.
    Abandon { holder_worktree: WorktreeId, reason: String },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A lease that is new.
    Granted(LeaseId),
    /// The holder's own lease; `changed` when its time was set anew.
    Kept { lease_id: LeaseId, changed: bool },
    /// The leases that have ended, as they were.
    Ended(Vec<Lease>),
    /// The lease ends with the next commit of its issue.
    Closing(LeaseId),
}

/// Why a request was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Somebody else has it.
    Held { lease: Box<Lease>, standing: Standing },
    /// There is no such lease, or it has ended.
    NoSuchLease { lease_id: LeaseId },
    /// It is not this holder's.
    NotTheHolder { lease: Box<Lease>, holder: Holder },
}

/// The records to append, in order, and what to tell once they all count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What to append; empty where nothing changes.
    pub events: Vec<Event>,
    /// What to tell.
    pub answer: Result<Answer, Refusal>,
}

impl Decision {
    fn only(answer: Result<Answer, Refusal>) -> Self {
        Self { events: Vec::new(), answer }
    }
}

/// Decides a request against the ledger at `now`; the same for every store.
pub(crate) fn decide(ledger: &Ledger, request: &Request, now: &Now, stale_after_secs: u64) -> Decision {
    match request {
        Request::Acquire(grant) => acquire(ledger, grant, now, stale_after_secs),
        Request::Release { lease_id, holder, closing, reason } => release(ledger, lease_id, holder, *closing, reason.as_ref()),
        Request::Observe { lease_id } => match ledger.lease(lease_id) {
            Some(lease) => Decision { events: observation(lease, lease.standing(now, stale_after_secs)), answer: Ok(kept(lease)) },
            None => Decision::only(Err(Refusal::NoSuchLease { lease_id: lease_id.clone() })),
        },
        Request::Abandon { holder_worktree, reason } => {
            let ended: Vec<Lease> = ledger.leases().filter(|lease| lease.holder.worktree_id == *holder_worktree).cloned().collect();
            let release = |lease: &Lease| Event::Release { lease_id: lease.lease_id.clone(), reason: Some(reason.clone()) };
            Decision { events: ended.iter().map(release).collect(), answer: Ok(Answer::Ended(ended)) }
        }
    }
}

fn acquire(ledger: &Ledger, grant: &Grant, now: &Now, stale_after_secs: u64) -> Decision {
    let granted = Ok(Answer::Granted(grant.lease_id.clone()));
    let Some(lease) = ledger.lease_on(grant.issue_id) else {
        return Decision { events: vec![Event::Acquire(grant.clone())], answer: granted };
    };
    let standing = lease.standing(now, stale_after_secs);
    if lease.holder == grant.holder {
        return keep(lease, standing, grant.ttl_secs);
    }
    if !standing.excludes() {
        let evict = Event::AutoEvict { lease_id: lease.lease_id.clone() };
        return Decision { events: vec![evict, Event::Acquire(grant.clone())], answer: granted };
    }
    let held = Refusal::Held { lease: Box::new(lease.clone()), standing };
    Decision { events: observation(lease, standing), answer: Err(held) }
}

/// A lease that nobody has tied to this clock yet is tied to it.
fn observation(lease: &Lease, standing: Standing) -> Vec<Event> {
    match standing {
        Standing::Unobserved { .. } => vec![Event::Observe { lease_id: lease.lease_id.clone(), version: lease.version }],
        _ => Vec::new(),
    }
}

fn kept(lease: &Lease) -> Answer {
    Answer::Kept { lease_id: lease.lease_id.clone(), changed: false }
}

/// The holder asks for what it has: its time is set anew unless it already has at least as much left.
fn keep(lease: &Lease, standing: Standing, ttl_secs: u64) -> Decision {
    let enough = match standing {
        Standing::Live { left_ms } => ttl_secs > 0 && left_ms >= ttl_secs.saturating_mul(1000),
        _ => false,
    };
    if enough && !lease.closing {
        return Decision::only(Ok(kept(lease)));
    }
    let left_secs = standing.left_ms().unwrap_or(0).div_ceil(1000);
    let ttl_secs = if ttl_secs == 0 { 0 } else { ttl_secs.max(left_secs) };
    let renew = Event::Renew { lease_id: lease.lease_id.clone(), ttl_secs };
    Decision { events: vec![renew], answer: Ok(Answer::Kept { lease_id: lease.lease_id.clone(), changed: true }) }
}

fn release(ledger: &Ledger, lease_id: &LeaseId, holder: &Holder, closing: bool, reason: Option<&String>) -> Decision {
    let Some(lease) = ledger.lease(lease_id) else {
        return Decision::only(Err(Refusal::NoSuchLease { lease_id: lease_id.clone() }));
    };
    if lease.holder != *holder {
        return Decision::only(Err(Refusal::NotTheHolder { lease: Box::new(lease.clone()), holder: holder.clone() }));
    }
    let (lease_id, reason) = (lease_id.clone(), reason.cloned());
    match (closing, lease.closing) {
        (true, true) => Decision::only(Ok(Answer::Closing(lease_id))),
        (true, false) => {
            Decision { events: vec![Event::Close { lease_id: lease_id.clone(), reason }], answer: Ok(Answer::Closing(lease_id)) }
        }
        (false, _) => {
            Decision { events: vec![Event::Release { lease_id, reason }], answer: Ok(Answer::Ended(vec![lease.clone()])) }
        }
    }
}
