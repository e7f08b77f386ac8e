//! A store of leases in memory, for tests: near, or behind a network that can lose answers. It passes the same conformance suite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use crate::domain::id::{CloneId, LeaseId};
use crate::domain::lease::{Diagnostic, LeaseFilter, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request, decide};
use crate::domain::time::Clock;
use crate::lease::conformance::{self, TestClock, grant, issue, lease_id};
use crate::lease::{Applied, Capabilities, Confirmed, Deadline, Error, Leases, Maintenance, Proof, Result, Revision, Scope, View};

/// One handle of a store in memory.
struct Memory {
    shared: Arc<Mutex<MemoryState>>,
    clock: Arc<dyn Clock>,
    /// What this handle last learned; a handle behind a network views only this.
    cached: Mutex<(Ledger, jiff::Timestamp)>,
}

#[derive(Default)]
struct MemoryState {
    ledger: Ledger,
    past: Vec<PastEvent>,
    /// The network between the handles and the store; `None` if there is none.
    network: Option<MemoryNetwork>,
}

#[derive(Default)]
struct MemoryNetwork {
    /// How long an answer takes. Nothing waits for it: a shorter deadline is over.
    latency: Duration,
    /// The next message is executed, and its answer is lost.
    lose_ack: bool,
    /// The next message fails like this, and is not executed.
    fail_next: Option<Error>,
}

impl Memory {
    fn open(shared: &Arc<Mutex<MemoryState>>, clock: Arc<dyn Clock>) -> Self {
        Self { shared: Arc::clone(shared), clock, cached: Mutex::default() }
    }

    fn near(clock: Arc<dyn Clock>) -> Self {
        Self::open(&Arc::default(), clock)
    }

    fn state(&self) -> MutexGuard<'_, MemoryState> {
        self.shared.lock().expect("no holder of the lock panics")
    }

    /// Sends a message. Returns whether its answer will be lost.
    fn send(state: &mut MemoryState, by: &Deadline) -> Result<bool> {
        let Some(network) = &mut state.network else { return Ok(false) };
        if let Some(error) = network.fail_next.take() {
            return Err(error);
        }
        if by.left().is_some_and(|left| left < network.latency) {
            return Err(Error::Unreachable { store: "memory".to_owned(), why: "no answer in time".to_owned() });
        }
        Ok(std::mem::take(&mut network.lose_ack))
    }

    fn learn(&self, ledger: &Ledger) -> View {
        *self.cached.lock().expect("no holder of the lock panics") = (ledger.clone(), self.clock.now().wall);
        View { ledger: ledger.clone(), confirmed: Confirmed::Authoritative, revision: revision(ledger) }
    }
}

fn revision(ledger: &Ledger) -> Revision {
    Revision(ledger.sequence.to_string())
}

impl Leases for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scope: Scope::Process, is_durable: false, ends_on_time: true }
    }

    fn view(&self, _: &LeaseFilter<'_>) -> Result<View> {
        let state = self.state();
        if state.network.is_none() {
            return Ok(self.learn(&state.ledger));
        }
        let (ledger, at) = self.cached.lock().expect("no holder of the lock panics").clone();
        Ok(View { revision: revision(&ledger), confirmed: Confirmed::Cached(at), ledger })
    }

    fn refresh(&self, _: &LeaseFilter<'_>, by: &Deadline) -> Result<View> {
        let mut state = self.state();
        if Self::send(&mut state, by)? {
            return Err(Error::Unreachable { store: "memory".to_owned(), why: "the answer was lost".to_owned() });
        }
        Ok(self.learn(&state.ledger))
    }

    fn apply(&self, requests: &[Request], limits: &Limits, by: &Deadline) -> Result<Applied> {
        let mut state = self.state();
        let is_lost = Self::send(&mut state, by)?;
        let mut answers = Vec::new();
        for request in requests {
            let now = self.clock.now();
            let decision = decide(&state.ledger, request, &now, limits);
            for event in decision.events {
                let sequence = state.ledger.sequence + 1;
                state.ledger.apply(sequence, &event, &now);
                state.past.push(PastEvent { sequence, event, at: now.clone(), is_set_aside: false });
            }
            answers.push(decision.answer);
        }
        if is_lost {
            return Err(Error::Unknown { what: "the answer was lost".to_owned() });
        }
        Ok(Applied { answers, view: self.learn(&state.ledger) })
    }

    fn verify(&self, proofs: &[Proof], by: &Deadline) -> Result<HashMap<LeaseId, LeaseOutcome>> {
        let mut state = self.state();
        Self::send(&mut state, by)?;
        let outcome = |id: &LeaseId| {
            if let Some(lease) = state.ledger.lease(id) {
                return LeaseOutcome::Current(Box::new(lease.clone()));
            }
            let mut ends =
                state.past.iter().filter(|past| past.event.lease_id() == id).filter_map(|past| LeaseOutcome::of(&past.event));
            ends.next_back().unwrap_or(LeaseOutcome::Unknown)
        };
        Ok(proofs.iter().map(|Proof { lease_id, .. }| (lease_id.clone(), outcome(lease_id))).collect())
    }

    fn wait(&self, seen: &Revision, by: &Deadline) -> Result<Revision> {
        loop {
            let current = revision(&self.state().ledger);
            if current != *seen || by.is_over() {
                return Ok(current);
            }
            std::thread::yield_now();
        }
    }
}

impl Maintenance for Memory {
    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()> {
        self.state().past.iter().cloned().for_each(visit);
        Ok(())
    }

    fn examine(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    fn recover(&self, _: bool) -> Result<Recovery> {
        Ok(Recovery { kept: self.state().ledger.leases().cloned().collect(), ..Recovery::default() })
    }

    fn take_over_original(&self) -> Result<Option<CloneId>> {
        Ok(None)
    }
}

fn clock() -> Arc<dyn Clock> {
    Arc::new(TestClock::at(0))
}

/// A store behind a network, and one handle of it.
fn far() -> (Arc<Mutex<MemoryState>>, Memory) {
    let shared = Arc::new(Mutex::new(MemoryState { network: Some(MemoryNetwork::default()), ..MemoryState::default() }));
    let handle = Memory::open(&shared, clock());
    (shared, handle)
}

fn network(shared: &Mutex<MemoryState>, change: impl FnOnce(&mut MemoryNetwork)) {
    change(shared.lock().expect("no holder of the lock panics").network.as_mut().expect("there is one"));
}

#[test]
fn the_double_conforms_near_and_behind_a_network() {
    for is_far in [false, true] {
        conformance::all(&|| {
            let shared = if is_far { far().0 } else { Arc::default() };
            Box::new(move |clock| Box::new(Memory::open(&shared, clock)))
        });
    }
    conformance::maintenance(&|| Box::new(|clock| Box::new(Memory::near(clock))));
}

#[test]
fn a_lost_answer_is_unknown_and_asking_again_finds_what_was_done() {
    let (shared, handle) = far();
    network(&shared, |network| network.lose_ack = true);
    let acquire = || handle.acquire(grant(1, 1, 1, 10), &Limits::default());
    assert!(matches!(acquire(), Err(Error::Unknown { .. })));
    let found = acquire().expect("reachable").expect("its own");
    assert_eq!((found.lease.lease_id, found.is_new), (lease_id(1), true), "the very lease that was asked for");
    let release = Request::Release { lease_id: lease_id(1), holder: conformance::holder(1), closing: false, reason: None };
    network(&shared, |network| network.lose_ack = true);
    assert!(matches!(handle.ask(release, &Limits::default()), Err(Error::Unknown { .. })));
    assert_eq!(
        handle.outcome(&Proof { lease_id: lease_id(1), issue_id: Some(issue(1)) }).expect("reachable"),
        LeaseOutcome::Concluded
    );
}

#[test]
fn what_fails_or_comes_too_late_was_not_done_and_the_view_says_from_when_it_is() {
    let (shared, handle) = far();
    handle.acquire(grant(1, 1, 1, 10), &Limits::default()).expect("reachable").expect("free");
    for error in [
        Error::Denied { store: "memory".to_owned(), why: "read only".to_owned() },
        Error::Unsupported { store: "memory".to_owned(), what: "leases" },
        Error::Unreachable { store: "memory".to_owned(), why: "no route".to_owned() },
    ] {
        let said = error.to_string();
        network(&shared, |network| network.fail_next = Some(error));
        let failed = handle.acquire(grant(2, 2, 1, 10), &Limits::default()).expect_err("it fails");
        assert_eq!(failed.to_string(), said);
    }
    network(&shared, |network| network.latency = Duration::from_secs(60));
    let late = handle.apply(&[Request::Acquire(grant(3, 3, 1, 10))], &Limits::default(), &Deadline::soon());
    assert!(matches!(late, Err(Error::Unreachable { .. })));
    assert!(matches!(handle.refresh(&LeaseFilter::All, &Deadline::soon()), Err(Error::Unreachable { .. })));
    let view = handle.view(&LeaseFilter::All).expect("without the network");
    assert_eq!(view.confirmed, Confirmed::Cached(jiff::Timestamp::UNIX_EPOCH));
    assert_eq!(view.ledger.leases().map(|lease| lease.lease_id.clone()).collect::<Vec<_>>(), [lease_id(1)]);
    network(&shared, |network| network.latency = Duration::ZERO);
    let patient = handle.acquire(grant(4, 4, 1, 10), &Limits::default()).expect("reachable");
    assert!(patient.is_ok_and(|acquired| acquired.is_new));
    assert_eq!(handle.ledger().expect("cached").leases().count(), 2, "only what was answered");
}
