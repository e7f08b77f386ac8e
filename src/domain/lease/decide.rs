//! What may be appended next: a request, the ledger and a moment give the records to append and the answer.
//!
//! One variant a reason, so that whoever words the answer leaves none out.

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Grant, Lease, LeaseEvent, LeaseStatus, Ledger, Limits};
use crate::domain::time::Now;

/// What somebody asks of the ledger. A lease's id is drawn anew for every grant, so naming it compares and swaps:
/// whoever got the issue since has another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Request {
    /// A lease on an issue; of the holder's own lease, at least this much time.
    Acquire(Grant),
    /// At least this much time from now, or what the lease was taken for; it is no longer closing.
    Renew { lease_id: LeaseId, holder: Holder, at_least_secs: Option<u64> },
    /// The same time again from now, closing or not: the holder lives.
    Heartbeat { lease_id: LeaseId, holder: Holder },
    /// The holder did something with these issues, which counts as a beat where one is due.
    Activity { issues: Vec<IssueId>, holder: Holder },
    /// The end of a lease, or, with `closing`, its end at the next commit of the issue.
    Release { lease_id: LeaseId, holder: Holder, closing: bool, reason: Option<String> },
    /// The issue, for somebody else: under a lease of its own with this id, as long as the one before.
    Transfer { lease_id: LeaseId, holder: Holder, to: Holder, new_id: LeaseId, branch: Option<String>, reason: Option<String> },
    /// The end of anybody's lease, by somebody, who says why.
    ForceEvict { lease_id: LeaseId, by: AgentId, reason: String },
    /// That a lease from another clock be tied to this one.
    Observe { lease_id: LeaseId },
    /// The end of everything a worktree holds, because the worktree goes away.
    Abandon { holder_worktree: WorktreeId, reason: String },
}

/// What came of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseAnswer {
    /// A lease that is new.
    Granted(LeaseId),
    /// The holder's own lease; `changed` when its time was set anew.
    Kept { lease_id: LeaseId, changed: bool },
    /// The leases that have ended, as they were.
    Ended(Vec<Lease>),
    /// The lease ends with the next commit of its issue.
    Closing(LeaseId),
    /// There was nothing to do.
    Nothing,
}

/// Why a request was not met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseRefusal {
    /// Somebody else has it.
    Held { lease: Box<Lease>, lease_status: LeaseStatus },
    /// There is no such lease, or it has ended.
    NoSuchLease { lease_id: LeaseId },
    /// It is not this holder's.
    NotTheHolder { lease: Box<Lease>, holder: Holder },
    /// It is over, and must be renewed before it is passed on.
    Over { lease: Box<Lease> },
    /// A lease without an end wants to be explained.
    NoReason,
    /// There are as many leases without an end as there may be: of this agent, or at all.
    TooMany { agent: Option<AgentId>, limit: u64, leases: Vec<Lease> },
}

/// The records to append, in order, and what to tell once they all count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Decision {
    /// What to append; empty where nothing changes.
    pub events: Vec<LeaseEvent>,
    /// What to tell.
    pub answer: Result<LeaseAnswer, LeaseRefusal>,
    /// Whether somebody will rely on a lease by this answer, so that everything it rests on has to last: also what
    /// others wrote, who may not have lived to see to it.
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

/// Refuses a lease without an end that nobody explains, or that is one too many; `instead` is what it takes the place of.
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

/// A lease that nobody has tied to this clock yet is tied to it.
fn observation(lease: &Lease, lease_status: LeaseStatus) -> Vec<LeaseEvent> {
    match lease_status {
        LeaseStatus::Unobserved { .. } => vec![LeaseEvent::Observe { lease_id: lease.lease_id.clone(), version: lease.version }],
        _ => Vec::new(),
    }
}

fn kept(lease: &Lease, changed: bool) -> LeaseAnswer {
    LeaseAnswer::Kept { lease_id: lease.lease_id.clone(), changed }
}

/// The holder asks for what it has: its time is set anew unless it already has at least as much left.
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

/// Sets the time anew, never to less than is left: a lease without an end stays one.
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
