//! Decides a request: the request, the ledger and the time give the records to append and the answer.
//!
//! Every reason is a variant, so that the code that words the answers is exhaustive.

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Grant, Lease, LeaseEvent, LeaseRefusal, LeaseStatus, Ledger, Limits};
use crate::domain::time::Now;

/// A request to the ledger. Every grant has a new lease id, so a request that names a lease is a compare-and-swap: it fails if the
/// issue was granted again since.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// Acquire a lease. If the holder has one already, it lasts at least this long from now.
    Acquire(Grant),
    /// Set the end to at least this much time from now, or to the original duration; the lease is no longer closing.
    Renew { lease_id: LeaseId, holder: Holder, at_least_secs: Option<u64> },
    /// The original duration again from now, whether the lease is closing or not.
    Heartbeat { lease_id: LeaseId, holder: Holder },
    /// The holder worked on these issues, which counts as a heartbeat where one is due.
    Activity { issues: Vec<IssueId>, holder: Holder },
    /// End the lease, or with `closing` end it at the next commit of the issue.
    Release { lease_id: LeaseId, holder: Holder, closing: bool, reason: Option<String> },
    /// Give the issue to another holder, under a new lease with this id and the same duration.
    Transfer { lease_id: LeaseId, holder: Holder, to: Holder, new_id: LeaseId, branch: Option<String>, reason: Option<String> },
    /// End the lease of any holder, with a reason.
    ForceEvict { lease_id: LeaseId, by: AgentId, reason: String },
    /// Tie a lease from another clock domain to this one.
    Observe { lease_id: LeaseId },
    /// End all leases of a worktree that is removed.
    Abandon { holder_worktree: WorktreeId, reason: String },
}

/// The result of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseAnswer {
    /// A new lease.
    Granted(LeaseId),
    /// The holder's own lease; `changed` if its duration was restarted.
    Kept { lease_id: LeaseId, changed: bool },
    /// The leases that ended, in their last state.
    Ended(Vec<Lease>),
    /// The lease ends with the next commit of its issue.
    Closing(LeaseId),
    /// Nothing had to change.
    Nothing,
}

/// The records to append, in order, and the answer to give once all of them count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// The records; empty if nothing changes.
    pub events: Vec<LeaseEvent>,
    pub answer: Result<LeaseAnswer, LeaseRefusal>,
    /// Whether the caller will rely on a lease because of this answer. Then everything that the answer rests on must be durable, also
    /// records of other writers that crashed before they synced.
    pub must_last: bool,
}

impl Decision {
    fn only(answer: Result<LeaseAnswer, LeaseRefusal>) -> Self {
        Self { events: Vec::new(), answer, must_last: false }
    }

    fn of(event: LeaseEvent, answer: LeaseAnswer) -> Self {
        let must_last = event.must_be_durable();
        Self { events: vec![event], answer: Ok(answer), must_last }
    }
}

/// Decides a request against the ledger at `now`; the same for every store.
pub(crate) fn decide(ledger: &Ledger, request: &Request, now: &Now, limits: &Limits) -> Decision {
    let owned = |id: &LeaseId, holder: &Holder| owned(ledger, id, holder);
    let decided = match request {
        Request::Acquire(grant) => acquire(ledger, grant, now, limits),
        Request::Renew { lease_id, holder, at_least_secs } => {
            owned(lease_id, holder).map(|lease| renew(lease, lease.lease_status(now, limits.stale_after_secs), *at_least_secs))
        }
        Request::Heartbeat { lease_id, holder } => owned(lease_id, holder).map(beat),
        Request::Activity { issues, holder } => {
            let mine = issues.iter().filter_map(|issue| ledger.lease_on(*issue)).filter(|lease| lease.holder == *holder);
            let due = mine.filter(|lease| lease.wants_beat(now, limits.stale_after_secs));
            let events = due.flat_map(|lease| beat(lease).events).collect();
            Ok(Decision { events, ..Decision::only(Ok(LeaseAnswer::Nothing)) })
        }
        Request::Release { lease_id, holder, closing, reason } => {
            owned(lease_id, holder).map(|lease| release(lease, *closing, reason.clone()))
        }
        Request::Transfer { lease_id, holder, to, new_id, branch, reason } => owned(lease_id, holder).and_then(|lease| {
            let grant = Grant {
                lease_id: new_id.clone(),
                issue_id: lease.issue_id,
                holder: to.clone(),
                branch: branch.clone(),
                ttl_secs: lease.ttl_secs,
                reason: reason.clone().or_else(|| lease.reason.clone()),
            };
            transfer(ledger, lease, grant, now, limits)
        }),
        Request::ForceEvict { lease_id, by, reason } => known(ledger, lease_id).map(|lease| {
            let evict = LeaseEvent::ForceEvict { lease_id: lease_id.clone(), by: by.clone(), reason: reason.clone() };
            Decision::of(evict, LeaseAnswer::Ended(vec![lease.clone()]))
        }),
        Request::Observe { lease_id } => known(ledger, lease_id).map(|lease| {
            let events = observation(lease, lease.lease_status(now, limits.stale_after_secs));
            let answer = LeaseAnswer::Kept { lease_id: lease_id.clone(), changed: !events.is_empty() };
            Decision { events, ..Decision::only(Ok(answer)) }
        }),
        Request::Abandon { holder_worktree, reason } => Ok(abandon(ledger, holder_worktree, reason)),
    };
    let decision = decided.unwrap_or_else(|refusal| Decision::only(Err(refusal)));
    let is_relied_on = matches!(request, Request::Acquire(_) | Request::Renew { .. }) && decision.answer.is_ok();
    Decision { must_last: decision.must_last || is_relied_on, ..decision }
}

fn known<'l>(ledger: &'l Ledger, id: &LeaseId) -> Result<&'l Lease, LeaseRefusal> {
    ledger.lease(id).ok_or_else(|| LeaseRefusal::NoSuchLease { lease_id: id.clone() })
}

fn owned<'l>(ledger: &'l Ledger, id: &LeaseId, holder: &Holder) -> Result<&'l Lease, LeaseRefusal> {
    let lease = known(ledger, id)?;
    let foreign = || LeaseRefusal::NotTheHolder { lease: Box::new(lease.clone()), holder: holder.clone() };
    if lease.holder == *holder { Ok(lease) } else { Err(foreign()) }
}

fn acquire(ledger: &Ledger, grant: &Grant, now: &Now, limits: &Limits) -> Result<Decision, LeaseRefusal> {
    let granted = Ok(LeaseAnswer::Granted(grant.lease_id.clone()));
    let Some(lease) = ledger.lease_on(grant.issue_id) else {
        require_room(ledger, grant, None, limits)?;
        return Ok(Decision { events: vec![LeaseEvent::Acquire(grant.clone())], ..Decision::only(granted) });
    };
    let lease_status = lease.lease_status(now, limits.stale_after_secs);
    if lease.holder == grant.holder {
        if lease.ttl_secs > 0 {
            require_room(ledger, grant, Some(lease), limits)?;
        }
        return Ok(keep(lease, lease_status, grant));
    }
    if !lease_status.excludes() {
        require_room(ledger, grant, Some(lease), limits)?;
        let evict = LeaseEvent::AutoEvict { lease_id: lease.lease_id.clone() };
        return Ok(Decision { events: vec![evict, LeaseEvent::Acquire(grant.clone())], ..Decision::only(granted) });
    }
    let held = LeaseRefusal::Held { lease: Box::new(lease.clone()), lease_status };
    Ok(Decision { events: observation(lease, lease_status), ..Decision::only(Err(held)) })
}

/// Refuses an indefinite lease without a reason or above the limits; `instead` is the lease that it replaces.
fn require_room(ledger: &Ledger, grant: &Grant, instead: Option<&Lease>, limits: &Limits) -> Result<(), LeaseRefusal> {
    if grant.ttl_secs > 0 {
        return Ok(());
    }
    if grant.reason.as_ref().is_none_or(|reason| reason.trim().is_empty()) {
        return Err(LeaseRefusal::NoReason);
    }
    let others = ledger.leases().filter(|lease| lease.ttl_secs == 0 && Some(*lease) != instead);
    let (mine, foreign): (Vec<&Lease>, Vec<&Lease>) = others.partition(|lease| lease.holder.agent_id == grant.holder.agent_id);
    let too_many = |agent: Option<&AgentId>, limit: u64, leases: Vec<&Lease>| {
        let is_full = u64::try_from(leases.len()).unwrap_or(u64::MAX) >= limit;
        let leases = || leases.iter().map(|lease| (*lease).clone()).collect();
        if is_full { Err(LeaseRefusal::TooMany { agent: agent.cloned(), limit, leases: leases() }) } else { Ok(()) }
    };
    too_many(Some(&grant.holder.agent_id), limits.indefinite_per_agent, mine.clone())?;
    too_many(None, limits.indefinite_per_repo, [mine, foreign].concat())
}

/// Ties a lease to this clock domain if that has not happened yet.
fn observation(lease: &Lease, lease_status: LeaseStatus) -> Vec<LeaseEvent> {
    match lease_status {
        LeaseStatus::Unobserved { .. } => vec![LeaseEvent::Observe { lease_id: lease.lease_id.clone(), version: lease.version }],
        _ => Vec::new(),
    }
}

fn kept(lease: &Lease, changed: bool) -> LeaseAnswer {
    LeaseAnswer::Kept { lease_id: lease.lease_id.clone(), changed }
}

/// The holder acquires what it holds: the duration restarts unless as much time is left.
fn keep(lease: &Lease, lease_status: LeaseStatus, grant: &Grant) -> Decision {
    let enough = match lease_status {
        LeaseStatus::Live { left_ms } => grant.ttl_secs > 0 && left_ms >= grant.ttl_secs.saturating_mul(1000),
        LeaseStatus::Indefinite => true,
        _ => false,
    };
    let says_more = grant.reason.is_some() && grant.reason != lease.reason;
    if enough && !lease.closing && !says_more {
        return Decision::only(Ok(kept(lease, false)));
    }
    lengthen(lease, lease_status, grant.ttl_secs, grant.reason.clone())
}

fn renew(lease: &Lease, lease_status: LeaseStatus, at_least_secs: Option<u64>) -> Decision {
    lengthen(lease, lease_status, at_least_secs.unwrap_or(lease.ttl_secs), None)
}

/// Restarts the duration, never to less than is left. An indefinite lease stays indefinite.
fn lengthen(lease: &Lease, lease_status: LeaseStatus, ttl_secs: u64, reason: Option<String>) -> Decision {
    let left_secs = lease_status.left_ms().unwrap_or(0).div_ceil(1000);
    let ttl_secs = if lease.ttl_secs == 0 || ttl_secs == 0 { 0 } else { ttl_secs.max(left_secs) };
    Decision::of(LeaseEvent::Renew { lease_id: lease.lease_id.clone(), ttl_secs, reason }, kept(lease, true))
}

fn beat(lease: &Lease) -> Decision {
    Decision::of(LeaseEvent::Heartbeat { lease_id: lease.lease_id.clone() }, kept(lease, true))
}

fn release(lease: &Lease, closing: bool, reason: Option<String>) -> Decision {
    let lease_id = lease.lease_id.clone();
    match (closing, lease.closing) {
        (true, true) => Decision::only(Ok(LeaseAnswer::Closing(lease_id))),
        (true, false) => Decision::of(LeaseEvent::Close { lease_id: lease_id.clone(), reason }, LeaseAnswer::Closing(lease_id)),
        (false, _) => Decision::of(LeaseEvent::Release { lease_id, reason }, LeaseAnswer::Ended(vec![lease.clone()])),
    }
}

fn transfer(ledger: &Ledger, lease: &Lease, grant: Grant, now: &Now, limits: &Limits) -> Result<Decision, LeaseRefusal> {
    if grant.holder == lease.holder {
        return Ok(Decision::only(Ok(kept(lease, false))));
    }
    if !lease.lease_status(now, limits.stale_after_secs).excludes() {
        return Err(LeaseRefusal::Over { lease: Box::new(lease.clone()) });
    }
    require_room(ledger, &grant, Some(lease), limits)?;
    let granted = LeaseAnswer::Granted(grant.lease_id.clone());
    Ok(Decision::of(LeaseEvent::Transfer { lease_id: lease.lease_id.clone(), grant }, granted))
}

fn abandon(ledger: &Ledger, worktree: &WorktreeId, reason: &str) -> Decision {
    let ended: Vec<Lease> = ledger.leases().filter(|lease| lease.holder.worktree_id == *worktree).cloned().collect();
    let release = |lease: &Lease| LeaseEvent::Release { lease_id: lease.lease_id.clone(), reason: Some(reason.to_owned()) };
    Decision { events: ended.iter().map(release).collect(), answer: Ok(LeaseAnswer::Ended(ended)), must_last: true }
}
