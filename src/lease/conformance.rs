//! The conformance suite of lease stores: every implementation must pass it.
//!
//! Each check gets a function that opens handles of one unused store, each with a clock of its own. What is written through one handle
//! must be visible through the others once they refresh. What only some stores promise is checked where their capabilities say so.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{
    Diagnostic, Grant, Lease, LeaseAnswer, LeaseFilter, LeaseOutcome, LeaseRefusal, Ledger, Limits, Request, decide,
};
use crate::domain::time::{Clock, ClockReading, Now};
use crate::lease::{Applied, Confirmed, Deadline, Error, Leases, Maintenance, Proof, Revision};

/// Opens handles of one store, each with its clock.
pub(crate) type Open = Box<dyn Fn(Arc<dyn Clock>) -> Box<dyn Leases>>;

/// A store that is kept on this machine.
pub(crate) trait LocalStore: Leases + Maintenance {}

impl<T: Leases + Maintenance> LocalStore for T {}

/// Opens handles of one store that is kept on this machine.
pub(crate) type OpenLocal = Box<dyn Fn(Arc<dyn Clock>) -> Box<dyn LocalStore>>;

/// A clock that tests set.
#[derive(Debug, Default)]
pub(crate) struct TestClock(pub AtomicU64);

impl TestClock {
    pub(crate) fn at(millis: u64) -> Self {
        Self(AtomicU64::new(millis))
    }

    fn new(millis: u64) -> Arc<Self> {
        Arc::new(Self::at(millis))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let clock = ClockReading::new("test", self.0.load(Ordering::Relaxed));
        Now { clock, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

pub(crate) fn holder(n: u32) -> Holder {
    Holder::here(agent(n), WorktreeId::from_bits(n))
}

pub(crate) fn agent(n: u32) -> AgentId {
    format!("agent:a{n}").parse().expect("an id")
}

pub(crate) fn issue(n: u32) -> IssueId {
    IssueId::from_uuid(uuid::Uuid::from_u128(n.into()))
}

pub(crate) fn lease_id(n: u32) -> LeaseId {
    LeaseId::new(format!("lease-{n}"))
}

pub(crate) fn grant(lease: u32, on: u32, who: u32, ttl_secs: u64) -> Grant {
    Grant {
        lease_id: lease_id(lease),
        issue_id: issue(on),
        holder: holder(who),
        branch: None,
        ttl_secs,
        reason: (ttl_secs == 0).then(|| "long".to_owned()),
    }
}

/// Runs the checks of every store on stores that `fresh` creates.
pub(crate) fn all(fresh: &dyn Fn() -> Open) {
    a_new_store_is_empty(&fresh());
    handles_share_their_state(&fresh());
    only_the_given_leases_are_renewed(&fresh());
    every_outcome_is_distinguished(&fresh());
    one_of_many_rivals_wins(&fresh());
    a_batch_is_decided_in_its_order(&fresh());
    a_waiter_sees_a_change_and_keeps_its_deadline(&fresh());
    no_clock_is_compared_with_another_one(&fresh());
    it_follows_the_rules(fresh);
}

/// Runs the checks of a store that is kept on this machine.
pub(crate) fn maintenance(fresh: &dyn Fn() -> OpenLocal) {
    the_history_is_complete_and_ordered(&fresh());
    an_intact_store_needs_no_recovery(&fresh());
}

fn tell(store: &dyn Leases, request: &Request) -> Result<LeaseAnswer, LeaseRefusal> {
    store.ask(request.clone(), &Limits::default()).expect("reachable").answer
}

fn ask(open: &Open, request: &Request, clock: &Arc<TestClock>) -> Result<LeaseAnswer, LeaseRefusal> {
    tell(open(Arc::clone(clock) as Arc<dyn Clock>).as_ref(), request)
}

fn acquire(open: &Open, lease: u32, on: u32, who: u32, clock: &Arc<TestClock>) -> Result<LeaseAnswer, LeaseRefusal> {
    ask(open, &Request::Acquire(grant(lease, on, who, 10)), clock)
}

fn release(lease: u32, who: u32) -> Request {
    Request::Release { lease_id: lease_id(lease), holder: holder(who), closing: false, reason: None }
}

/// What a new handle learns from the authority.
fn read(open: &Open) -> Ledger {
    read_about(open, &LeaseFilter::All)
}

fn read_about(open: &Open, about: &LeaseFilter<'_>) -> Ledger {
    let view = open(TestClock::new(0)).refresh(about, &Deadline::soon()).expect("reachable");
    assert_eq!(view.confirmed, Confirmed::Authoritative);
    view.ledger
}

fn proof(lease: u32) -> Proof {
    Proof { lease_id: lease_id(lease), issue_id: None }
}

fn a_new_store_is_empty(open: &Open) {
    assert_eq!(read(open), Ledger::default());
    let handle = open(TestClock::new(0));
    assert_eq!(handle.outcome(&proof(1)).expect("reachable"), LeaseOutcome::Unknown);
    let refused = ask(open, &release(1, 1), &TestClock::new(0));
    assert_eq!(refused, Err(LeaseRefusal::NoSuchLease { lease_id: lease_id(1) }));
    assert!(handle.apply(&[], &Limits::default(), &Deadline::soon()).expect("reachable").answers.is_empty());
}

fn handles_share_their_state(open: &Open) {
    let clock = TestClock::new(0);
    let handle = open(Arc::clone(&clock) as Arc<dyn Clock>);
    assert_eq!(acquire(open, 1, 1, 1, &clock), Ok(LeaseAnswer::Granted(lease_id(1))));
    let seen = handle.refresh(&LeaseFilter::All, &Deadline::soon()).expect("reachable").ledger;
    assert_eq!(seen.lease_on(issue(1)).map(|lease| lease.lease_id.clone()), Some(lease_id(1)));
    let viewed = handle.view(&LeaseFilter::All).expect("no network").ledger;
    assert_eq!(viewed, seen, "what was refreshed is what is viewed");
    assert!(matches!(acquire(open, 2, 1, 2, &clock), Err(LeaseRefusal::Held { .. })));
    let again = handle.acquire(grant(9, 1, 1, 10), &Limits::default()).expect("reachable").expect("its own");
    assert_eq!((again.lease.lease_id, again.is_new), (lease_id(1), false), "the holder keeps its own");
    let new = handle.acquire(grant(3, 2, 1, 10), &Limits::default()).expect("reachable").expect("free");
    assert_eq!((new.lease.lease_id, new.is_new, new.is_renewed), (lease_id(3), true, false));
}

fn only_the_given_leases_are_renewed(open: &Open) {
    let clock = TestClock::new(0);
    let handle = open(Arc::clone(&clock) as Arc<dyn Clock>);
    let renew = |seen: &[&Lease]| handle.renew(seen, &Limits::default(), &Deadline::soon()).expect("reachable");
    acquire(open, 1, 1, 1, &clock).expect("free");
    acquire(open, 5, 5, 1, &clock).expect("free");
    let (seen, other) = (held(open, 1), held(open, 5));
    clock.0.store(9_000, Ordering::Relaxed);
    let mut both = renew(&[&seen, &other]);
    assert!(both.pop().is_some_and(|renewed| renewed.is_ok_and(|lease| lease.lease_id == lease_id(5))));
    let renewed = both.remove(0).expect("still its own");
    assert!(renewed.token == seen.token && renewed.version > seen.version);
    ask(open, &release(5, 1), &clock).expect("held");
    clock.0.store(18_999, Ordering::Relaxed);
    assert!(acquire(open, 2, 1, 2, &clock).is_err(), "its time runs from the renewal");
    if !handle.capabilities().ends_on_time {
        return;
    }
    clock.0.store(19_000, Ordering::Relaxed);
    acquire(open, 2, 1, 2, &clock).expect("over");
    let lost = renew(&[&renewed, &other]);
    let [Err(Error::Lost { outcome, successor, .. }), Err(Error::Lost { outcome: released, .. })] = lost.as_slice() else {
        unreachable!("another agent holds the one, and the other was released: {lost:?}");
    };
    let successor = successor.as_ref().map(|lease| lease.holder.clone());
    assert_eq!(
        (outcome.as_ref(), successor, released.as_ref()),
        (&LeaseOutcome::Lapsed, Some(holder(2)), &LeaseOutcome::Concluded)
    );
    let theirs = held(open, 1);
    let evict = Request::ForceEvict { lease_id: lease_id(2), by: agent(3), reason: "gone".into() };
    ask(open, &evict, &clock).expect("anyone may");
    let Err(Error::Lost { outcome, successor, .. }) = renew(&[&theirs]).remove(0) else {
        unreachable!("it was evicted");
    };
    assert!(matches!(*outcome, LeaseOutcome::Evicted { .. }) && successor.is_none());
}

fn held(open: &Open, on: u32) -> Lease {
    read(open).lease_on(issue(on)).expect("held").clone()
}

fn every_outcome_is_distinguished(open: &Open) {
    let clock = TestClock::new(0);
    for n in 1..=5 {
        acquire(open, n, n, 1, &clock).expect("free");
    }
    ask(open, &release(1, 1), &clock).expect("held");
    ask(open, &Request::ForceEvict { lease_id: lease_id(2), by: agent(2), reason: "gone".into() }, &clock).expect("held");
    let transfer = Request::Transfer {
        lease_id: lease_id(3),
        holder: holder(1),
        to: holder(2),
        new_id: lease_id(30),
        branch: None,
        reason: None,
    };
    assert_eq!(ask(open, &transfer, &clock), Ok(LeaseAnswer::Granted(lease_id(30))));
    let handle = open(Arc::clone(&clock) as Arc<dyn Clock>);
    let verify = || {
        let proofs = [1, 2, 3, 4, 5, 6, 30].map(proof);
        handle.verify(&proofs, &Deadline::soon()).expect("reachable")
    };
    if handle.capabilities().ends_on_time {
        clock.0.store(10_000, Ordering::Relaxed);
        acquire(open, 40, 4, 2, &clock).expect("over");
        assert_eq!(verify()[&lease_id(4)], LeaseOutcome::Lapsed);
    }
    let outcomes = verify();
    assert_eq!(outcomes.len(), 7);
    assert_eq!([&outcomes[&lease_id(1)], &outcomes[&lease_id(3)]], [&LeaseOutcome::Concluded, &LeaseOutcome::Concluded]);
    assert_eq!(outcomes[&lease_id(2)], LeaseOutcome::Evicted { by: agent(2), reason: "gone".into() });
    assert_eq!(outcomes[&lease_id(6)], LeaseOutcome::Unknown);
    for n in [5, 30] {
        assert!(matches!(&outcomes[&lease_id(n)], LeaseOutcome::Current(lease) if lease.lease_id == lease_id(n)), "{n}");
    }
}

fn the_history_is_complete_and_ordered(open: &OpenLocal) {
    let store = open(TestClock::new(0));
    store.history(&mut |past| assert_eq!(past.sequence, 0, "nothing has happened: {past:?}")).expect("readable");
    for n in 1..=40 {
        store.acquire(grant(n, 1, n % 3, 10), &Limits::default()).expect("reachable").expect("free");
        store.ask(release(n, n % 3), &Limits::default()).expect("reachable").answer.expect("held");
    }
    let (mut sequences, mut leases) = (Vec::new(), Vec::new());
    let visit = &mut |past: crate::domain::lease::PastEvent| {
        sequences.push(past.sequence);
        leases.push(past.event.lease_id().clone());
    };
    store.history(visit).expect("readable");
    assert!(sequences.is_sorted() && sequences.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(leases, (1..=40).flat_map(|n| [lease_id(n), lease_id(n)]).collect::<Vec<_>>());
}

fn one_of_many_rivals_wins(open: &Open) {
    let handles: Vec<Box<dyn Leases>> = (0..8).map(|_| open(TestClock::new(0))).collect();
    let won: usize = std::thread::scope(|scope| {
        let ask = |(who, handle): (u32, Box<dyn Leases>)| {
            scope.spawn(move || {
                let is_granted = |on: &u32| tell(handle.as_ref(), &Request::Acquire(grant(who * 100 + on, *on, who, 10))).is_ok();
                (1..=10).filter(is_granted).count()
            })
        };
        let threads: Vec<_> = (0..).zip(handles).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!((won, read(open).leases().count()), (10, 10));
}

fn a_batch_is_decided_in_its_order(open: &Open) {
    let handle = open(TestClock::new(0));
    let batch = [
        Request::Acquire(grant(1, 1, 1, 10)),
        Request::Acquire(grant(2, 1, 2, 10)),
        release(1, 1),
        Request::Acquire(grant(3, 1, 2, 10)),
        Request::Acquire(grant(4, 2, 2, 10)),
    ];
    let Applied { answers, view } = handle.apply(&batch, &Limits::default(), &Deadline::soon()).expect("reachable");
    let [first, refused, ended, third, fourth] = answers.as_slice() else { unreachable!("one answer each: {answers:?}") };
    let granted = |n| Ok(LeaseAnswer::Granted(lease_id(n)));
    assert_eq!([first, third, fourth], [&granted(1), &granted(3), &granted(4)]);
    assert!(matches!(refused, Err(LeaseRefusal::Held { .. })) && matches!(ended, Ok(LeaseAnswer::Ended(_))));
    assert_eq!(view.ledger.leases().count(), 2);
    assert_eq!(read(open).leases().count(), 2);
}

fn a_waiter_sees_a_change_and_keeps_its_deadline(open: &Open) {
    let (handle, clock) = (open(TestClock::new(0)), TestClock::new(0));
    assert_ne!(handle.wait(&Revision::default(), &Deadline::now()).expect("reachable"), Revision::default(), "a state of its own");
    let before = handle.refresh(&LeaseFilter::All, &Deadline::soon()).expect("reachable").revision;
    assert_eq!(handle.wait(&before, &Deadline::after(Duration::from_millis(1))).expect("reachable"), before, "nothing happened");
    acquire(open, 1, 1, 1, &clock).expect("free");
    let after = handle.wait(&before, &Deadline::soon()).expect("reachable");
    assert_ne!(after, before);
    assert_eq!(handle.wait(&after, &Deadline::now()).expect("reachable"), after, "and no other one since");
    let interrupted = Deadline::never().or_when(Arc::new(true.into()));
    assert_eq!(handle.wait(&after, &interrupted).expect("reachable"), after);
}

/// A clock of another domain, which shows the same number.
struct OtherClock;

impl Clock for OtherClock {
    fn now(&self) -> Now {
        let clock = ClockReading::new("another", 20_000);
        Now { clock, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

fn no_clock_is_compared_with_another_one(open: &Open) {
    acquire(open, 1, 1, 1, &TestClock::new(0)).expect("free");
    let elsewhere = open(Arc::new(OtherClock));
    let refused = tell(elsewhere.as_ref(), &Request::Acquire(grant(2, 1, 2, 10)));
    assert!(matches!(refused, Err(LeaseRefusal::Held { .. })), "twenty seconds on another clock say nothing: {refused:?}");
    assert_eq!(tell(elsewhere.as_ref(), &release(1, 1)).map(|_| ()), Ok(()), "its holder may still end it");
}

/// A request with three agents and three issues, and the milliseconds before it.
pub(crate) fn request() -> impl Strategy<Value = (Request, u64)> {
    let who = || 0u32..3;
    let lease = || 1u32..40;
    let asked = prop_oneof![
        4 => (1u32..4, who(), 0u64..12).prop_map(|(on, who, ttl)| Request::Acquire(grant(0, on, who, ttl.saturating_sub(2)))),
        2 => (lease(), who(), proptest::option::of(0u64..30))
            .prop_map(|(lease, who, at_least_secs)| Request::Renew { lease_id: lease_id(lease), holder: holder(who), at_least_secs }),
        2 => (lease(), who()).prop_map(|(lease, who)| Request::Heartbeat { lease_id: lease_id(lease), holder: holder(who) }),
        1 => (1u32..4, who()).prop_map(|(on, who)| Request::Activity { issues: vec![issue(on)], holder: holder(who) }),
        2 => (lease(), who(), any::<bool>()).prop_map(|(lease, who, closing)| Request::Release {
            lease_id: lease_id(lease), holder: holder(who), closing, reason: None
        }),
        1 => (lease(), who(), who()).prop_map(|(lease, from, to)| Request::Transfer {
            lease_id: lease_id(lease), holder: holder(from), to: holder(to), new_id: lease_id(0), branch: None, reason: None
        }),
        1 => (lease(), who()).prop_map(|(lease, by)| Request::ForceEvict {
            lease_id: lease_id(lease), by: agent(by), reason: "gone".into()
        }),
        1 => who().prop_map(|who| Request::Abandon { holder_worktree: holder(who).worktree_id, reason: "gone".into() }),
    ];
    (asked, prop_oneof![3 => Just(0u64), 2 => 0u64..12_000])
}

/// The request with a new id for its grant.
pub(crate) fn with_new_id(request: &Request, id: LeaseId) -> Request {
    match request.clone() {
        Request::Acquire(grant) => Request::Acquire(Grant { lease_id: id, ..grant }),
        Request::Transfer { lease_id, holder, to, branch, reason, .. } => {
            Request::Transfer { lease_id, holder, to, new_id: id, branch, reason }
        }
        other => other,
    }
}

fn it_follows_the_rules(fresh: &dyn Fn() -> Open) {
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let walk = runner.run(&proptest::collection::vec(request(), 1..60), |steps| {
        let (open, clock, mut model) = (fresh(), TestClock::new(0), Ledger::default());
        for (n, (request, pause)) in (1u32..).zip(&steps) {
            clock.0.fetch_add(*pause, Ordering::Relaxed);
            let request = with_new_id(request, lease_id(n));
            let decision = decide(&model, &request, &clock.now(), &Limits::default());
            for event in &decision.events {
                model.apply(model.sequence + 1, event, &clock.now());
            }
            let handle = open(Arc::clone(&clock) as Arc<dyn Clock>);
            let asked = handle.ask(request, &Limits::default()).expect("reachable");
            prop_assert_eq!(without_numbers(asked.answer), without_numbers(decision.answer));
            let told = |ledger: &Ledger| ledger.leases().map(what_counts).collect::<Vec<_>>();
            prop_assert_eq!(told(&asked.ledger), told(&model));
            prop_assert_eq!(told(&read(&open)), told(&model));
            for who in 1..=3 {
                let worktree = holder(who).worktree_id;
                let held = |ledger: &Ledger| {
                    let there = ledger.leases().filter(|lease| lease.holder.worktree_id == worktree);
                    there.map(what_counts).collect::<Vec<_>>()
                };
                prop_assert_eq!(held(&read_about(&open, &LeaseFilter::Worktree(&worktree))), held(&model));
            }
            let issues: HashSet<IssueId> = model.leases().map(|lease| lease.issue_id).collect();
            let part = read_about(&open, &LeaseFilter::Issues(&issues));
            prop_assert_eq!(told(&part), told(&model));
        }
        Ok(())
    });
    walk.expect("the rules");
}

/// A lease without the numbers that the store assigns.
fn what_counts(lease: &Lease) -> Lease {
    Lease { token: 0, version: 0, ..lease.clone() }
}

fn without_numbers(answer: Result<LeaseAnswer, LeaseRefusal>) -> Result<LeaseAnswer, LeaseRefusal> {
    match answer {
        Ok(LeaseAnswer::Ended(leases)) => Ok(LeaseAnswer::Ended(leases.iter().map(what_counts).collect())),
        Err(LeaseRefusal::Held { lease, lease_status }) => {
            Err(LeaseRefusal::Held { lease: Box::new(what_counts(&lease)), lease_status })
        }
        Err(LeaseRefusal::NotTheHolder { lease, holder }) => {
            Err(LeaseRefusal::NotTheHolder { lease: Box::new(what_counts(&lease)), holder })
        }
        Err(LeaseRefusal::Over { lease }) => Err(LeaseRefusal::Over { lease: Box::new(what_counts(&lease)) }),
        Err(LeaseRefusal::TooMany { agent, limit, leases }) => {
            Err(LeaseRefusal::TooMany { agent, limit, leases: leases.iter().map(what_counts).collect() })
        }
        other => other,
    }
}

fn an_intact_store_needs_no_recovery(open: &OpenLocal) {
    let store = open(TestClock::new(0));
    store.acquire(grant(1, 1, 1, 10), &Limits::default()).expect("reachable").expect("free");
    let before = store.ledger().expect("readable");
    let remarks = store.examine();
    assert!(!remarks.iter().any(|remark| matches!(remark, Diagnostic::Problem(_))), "{remarks:?}");
    let recovery = store.recover(false).expect("readable");
    assert!(recovery.found.is_empty() && recovery.set_aside.is_empty() && recovery.lost.is_empty(), "{recovery:?}");
    assert_eq!(store.ledger().expect("readable"), before);
}
