//! The conformance suite of coordinators: every implementation must pass it.
//!
//! Each check gets a function that opens handles of one unused coordinator. What is written through one handle must be visible
//! through the others.

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{
    Diagnostic, Grant, LeaseAnswer, LeaseFilter, LeaseOutcome, LeaseRefusal, Ledger, Limits, Request, decide,
};
use crate::domain::time::{Clock, ClockReading, Now};
use crate::lease::coordinator::{Coordinator, Error};

/// Opens handles of one coordinator.
pub(crate) type Open = Box<dyn Fn() -> Box<dyn Coordinator>>;

/// A clock that tests set.
#[derive(Debug, Default)]
pub(crate) struct TestClock(pub AtomicU64);

impl TestClock {
    pub(crate) fn at(millis: u64) -> Self {
        Self(AtomicU64::new(millis))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Now {
        let clock = ClockReading { domain: "test".into(), millis: self.0.load(Ordering::Relaxed) };
        Now { clock, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

pub(crate) fn holder(n: u32) -> Holder {
    Holder { agent_id: agent(n), worktree_id: WorktreeId::from_bits(n) }
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

/// Runs all checks on coordinators that `fresh` creates.
pub(crate) fn all(fresh: &dyn Fn() -> Open) {
    nothing_is_there_at_first(&fresh());
    what_one_handle_is_told_the_others_see(&fresh());
    a_renewal_is_of_the_lease_that_was_seen(&fresh());
    every_end_is_told_apart(&fresh());
    the_past_is_whole_and_in_order(&fresh());
    one_of_many_wins(&fresh());
    it_decides_as_the_rules_do(fresh);
    nothing_is_wrong_and_nothing_is_recovered(&fresh());
}

fn ask(open: &Open, request: &Request, clock: &TestClock) -> Result<LeaseAnswer, LeaseRefusal> {
    open().ask(clock, request, &Limits::default()).expect("reachable").answer
}

fn acquire(open: &Open, lease: u32, on: u32, who: u32, clock: &TestClock) -> Result<LeaseAnswer, LeaseRefusal> {
    ask(open, &Request::Acquire(grant(lease, on, who, 10)), clock)
}

fn release(lease: u32, who: u32) -> Request {
    Request::Release { lease_id: lease_id(lease), holder: holder(who), closing: false, reason: None }
}

fn nothing_is_there_at_first(open: &Open) {
    assert_eq!(open().ledger().expect("reachable"), Ledger::default());
    assert_eq!(open().verify(&[lease_id(1)]).expect("reachable")[&lease_id(1)], LeaseOutcome::Unknown);
    open().history(&mut |past| panic_on(&past)).expect("reachable");
    let refused = ask(open, &release(1, 1), &TestClock::at(0));
    assert_eq!(refused, Err(LeaseRefusal::NoSuchLease { lease_id: lease_id(1) }));
}

fn panic_on(past: &crate::domain::lease::PastEvent) {
    assert!(past.sequence == 0, "something happened: {past:?}");
}

fn what_one_handle_is_told_the_others_see(open: &Open) {
    let (clock, handle) = (TestClock::at(0), open());
    assert_eq!(acquire(open, 1, 1, 1, &clock), Ok(LeaseAnswer::Granted(lease_id(1))));
    assert_eq!(handle.ledger().expect("reachable").lease_on(issue(1)).map(|lease| lease.lease_id.clone()), Some(lease_id(1)));
    assert!(matches!(acquire(open, 2, 1, 2, &clock), Err(LeaseRefusal::Held { .. })));
}

fn a_renewal_is_of_the_lease_that_was_seen(open: &Open) {
    let clock = TestClock::at(0);
    acquire(open, 1, 1, 1, &clock).expect("free");
    let seen = open().ledger().expect("reachable").lease_on(issue(1)).expect("held").clone();
    clock.0.store(9_000, Ordering::Relaxed);
    let renewed = open().renew(&clock, &seen, &Limits::default()).expect("still its own");
    assert!(renewed.token == seen.token && renewed.version > seen.version);
    clock.0.store(18_999, Ordering::Relaxed);
    assert!(acquire(open, 2, 1, 2, &clock).is_err(), "its time runs from the renewal");
    clock.0.store(19_000, Ordering::Relaxed);
    acquire(open, 2, 1, 2, &clock).expect("over");
    let Err(Error::Lost { outcome, successor, .. }) = open().renew(&clock, &renewed, &Limits::default()) else {
        unreachable!("somebody else has it");
    };
    assert_eq!((*outcome, successor.map(|lease| lease.holder.clone())), (LeaseOutcome::Lapsed, Some(holder(2))));
    let theirs = open().ledger().expect("reachable").lease_on(issue(1)).expect("held").clone();
    let evict = Request::ForceEvict { lease_id: lease_id(2), by: agent(3), reason: "gone".into() };
    ask(open, &evict, &clock).expect("anybody may");
    let Err(Error::Lost { outcome, successor, .. }) = open().renew(&clock, &theirs, &Limits::default()) else {
        unreachable!("it was evicted");
    };
    assert!(matches!(*outcome, LeaseOutcome::Evicted { .. }) && successor.is_none());
}

fn every_end_is_told_apart(open: &Open) {
    let clock = TestClock::at(0);
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
    clock.0.store(10_000, Ordering::Relaxed);
    acquire(open, 40, 4, 2, &clock).expect("over");
    let wanted: Vec<LeaseId> = [1, 2, 3, 4, 5, 6, 30].map(lease_id).to_vec();
    let fates = open().verify(&wanted).expect("reachable");
    assert_eq!(fates.len(), wanted.len());
    assert_eq!([&fates[&lease_id(1)], &fates[&lease_id(3)]], [&LeaseOutcome::Concluded, &LeaseOutcome::Concluded]);
    assert_eq!(fates[&lease_id(2)], LeaseOutcome::Evicted { by: agent(2), reason: "gone".into() });
    assert_eq!([&fates[&lease_id(4)], &fates[&lease_id(6)]], [&LeaseOutcome::Lapsed, &LeaseOutcome::Unknown]);
    for n in [5, 30] {
        assert!(matches!(&fates[&lease_id(n)], LeaseOutcome::Current(lease) if lease.lease_id == lease_id(n)), "{n}");
    }
}

fn the_past_is_whole_and_in_order(open: &Open) {
    let clock = TestClock::at(0);
    for n in 1..=40 {
        acquire(open, n, 1, n % 3, &clock).expect("free");
        ask(open, &release(n, n % 3), &clock).expect("held");
    }
    let (mut sequences, mut leases) = (Vec::new(), Vec::new());
    let visit = &mut |past: crate::domain::lease::PastEvent| {
        sequences.push(past.sequence);
        leases.push(past.event.lease_id().clone());
    };
    open().history(visit).expect("reachable");
    assert!(sequences.is_sorted() && sequences.windows(2).all(|pair| pair[0] != pair[1]));
    assert_eq!(leases, (1..=40).flat_map(|n| [lease_id(n), lease_id(n)]).collect::<Vec<_>>());
}

fn one_of_many_wins(open: &Open) {
    let handles: Vec<Box<dyn Coordinator>> = (0..8).map(|_| open()).collect();
    let won: usize = std::thread::scope(|scope| {
        let ask = |(who, handle): (u32, Box<dyn Coordinator>)| {
            scope.spawn(move || {
                let request = |on: u32| Request::Acquire(grant(who * 100 + on, on, who, 10));
                let granted = |on: &u32| handle.ask(&TestClock::at(0), &request(*on), &Limits::default());
                (1..=10).filter(|on| granted(on).expect("reachable").answer.is_ok()).count()
            })
        };
        let threads: Vec<_> = (0..).zip(handles).map(ask).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).sum()
    });
    assert_eq!((won, open().ledger().expect("reachable").leases().count()), (10, 10));
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

fn it_decides_as_the_rules_do(fresh: &dyn Fn() -> Open) {
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let walk = runner.run(&proptest::collection::vec(request(), 1..60), |steps| {
        let (open, clock, mut model) = (fresh(), TestClock::at(0), Ledger::default());
        for (n, (request, pause)) in (1u32..).zip(&steps) {
            clock.0.fetch_add(*pause, Ordering::Relaxed);
            let request = with_new_id(request, lease_id(n));
            let decision = decide(&model, &request, &clock.now(), &Limits::default());
            for event in &decision.events {
                model.apply(model.sequence + 1, event, &clock.now());
            }
            let asked = open().ask(&clock, &request, &Limits::default()).expect("reachable");
            prop_assert_eq!(without_numbers(asked.answer), without_numbers(decision.answer));
            let told = |ledger: &Ledger| ledger.leases().map(what_counts).collect::<Vec<_>>();
            prop_assert_eq!(told(&asked.ledger), told(&model));
            prop_assert_eq!(told(&open().ledger().expect("reachable")), told(&model));
            for who in 1..=3 {
                let worktree = holder(who).worktree_id;
                let held = |ledger: &Ledger| {
                    let there = ledger.leases().filter(|lease| lease.holder.worktree_id == worktree);
                    there.map(what_counts).collect::<Vec<_>>()
                };
                prop_assert_eq!(held(&open().ledger_about(&LeaseFilter::Worktree(&worktree)).expect("reachable")), held(&model));
            }
            let issues: HashSet<IssueId> = model.leases().map(|lease| lease.issue_id).collect();
            let part = open().ledger_about(&LeaseFilter::Issues(&issues)).expect("reachable");
            prop_assert_eq!(told(&part), told(&model));
        }
        Ok(())
    });
    walk.expect("the rules");
}

/// A lease without the numbers that the store assigns.
fn what_counts(lease: &crate::domain::lease::Lease) -> crate::domain::lease::Lease {
    crate::domain::lease::Lease { token: 0, version: 0, ..lease.clone() }
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

fn nothing_is_wrong_and_nothing_is_recovered(open: &Open) {
    let clock = TestClock::at(0);
    acquire(open, 1, 1, 1, &clock).expect("free");
    let before = open().ledger().expect("reachable");
    assert!(!open().examine().iter().any(|remark| matches!(remark, Diagnostic::Problem(_))), "{:?}", open().examine());
    let recovery = open().recover(false).expect("reachable");
    assert!(recovery.found.is_empty() && recovery.set_aside.is_empty() && recovery.lost.is_empty(), "{recovery:?}");
    assert_eq!(open().ledger().expect("reachable"), before);
}
