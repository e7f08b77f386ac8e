//! The real log on a disk with faults, power failures and killed processes, compared with a model that only has the rules.
//!
//! What was reported must be there afterwards. What failed may be there in part, in its order. What was not durable may be lost
//! by a power failure, newest first. After each step the log must be readable, with and without its index, be in one of the
//! allowed states, and know how every lease ended.
//!
//! `PROPTEST_CASES=100000 cargo test --release --lib log::faults` is the long form.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest};

use crate::domain::id::LeaseId;
use crate::domain::lease::{Lease, LeaseAnswer, LeaseEvent, LeaseOutcome, Ledger, Limits, PastEvent, Request, decide};
use crate::domain::time::{Clock, ClockReading, Now};
use crate::lease::conformance::{lease_id, request, with_new_id};
use crate::store::log::simulated_disk::{DiskFault, Fault, Loss, SimDisk};
use crate::store::log::{LeaseLog, Options};

/// A step.
#[derive(Debug, Clone)]
enum FaultStep {
    /// A process makes a request, possibly with a fault.
    Ask { request: Request, pause: u64, fault: Option<Fault> },
    /// A power failure and a new boot.
    LosePower(Loss),
    /// The index is replaced by other bytes.
    Garble(Vec<u8>),
    /// `recover` runs on an intact log, possibly with a fault.
    Recover(Option<Fault>),
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    let kind = prop_oneof![
        Just(DiskFault::Full),
        (0usize..400).prop_map(DiskFault::Short),
        Just(DiskFault::Broken),
        Just(DiskFault::Dies),
        Just(DiskFault::DiesAfter),
    ];
    proptest::option::of((1usize..24, kind).prop_map(|(at, kind)| Fault { at, kind }))
}

/// Generates steps, independently of their results.
struct Walk;

impl ReferenceStateMachine for Walk {
    type State = ();
    type Transition = FaultStep;

    fn init_state() -> BoxedStrategy<()> {
        Just(()).boxed()
    }

    fn transitions((): &()) -> BoxedStrategy<FaultStep> {
        prop_oneof![
            20 => (request(), fault()).prop_map(|((request, pause), fault)| FaultStep::Ask { request, pause, fault }),
            3 => proptest::collection::vec(0usize..2_000, 1..40).prop_map(|draws| FaultStep::LosePower(Loss(draws))),
            1 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(FaultStep::Garble),
            1 => fault().prop_map(FaultStep::Recover),
        ]
        .boxed()
    }

    fn apply((): (), _: &FaultStep) {}
}

/// A state that the log may be in.
#[derive(Debug, Clone, Default, PartialEq)]
struct Model {
    ledger: Ledger,
    /// The outcomes of leases that ended.
    ends: BTreeMap<LeaseId, LeaseOutcome>,
}

impl Model {
    fn apply(&mut self, event: &LeaseEvent, now: &Now) {
        if let Some(end) = LeaseOutcome::of(event) {
            self.ends.insert(event.lease_id().clone(), end);
        }
        self.ledger.apply(self.ledger.sequence + 1, event, now);
    }

    /// The leases without the sequences, which the log assigns.
    fn leases(&self) -> Vec<Lease> {
        self.ledger.leases().map(|lease| Lease { token: 0, version: 0, ..lease.clone() }).collect()
    }
}

struct Rig {
    disk: SimDisk,
    dir: PathBuf,
    /// A process that makes requests until it is killed; it remembers what it has read.
    process: Option<LeaseLog>,
    boot: u32,
    millis: u64,
    asked: u32,
    /// The states that a power failure may leave: the last durable one and those after it. The last one is the current state.
    states: Vec<Model>,
    /// The highest token that was reported.
    token: u64,
}

impl Clock for Rig {
    fn now(&self) -> Now {
        let clock = ClockReading::new(format!("boot{}", self.boot), self.millis);
        Now { clock, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

impl Rig {
    fn store(&self) -> LeaseLog {
        let options = Options { segment_bytes: 2_500, index_lag: 100, ..Options::default() };
        LeaseLog::on(Arc::new(self.disk.clone()), &self.dir, options)
    }

    fn present(&self) -> &Model {
        self.states.last().expect("there is always one")
    }

    fn ask(&mut self, request: &Request, pause: u64, fault: Option<Fault>) {
        self.millis += pause;
        self.asked += 1;
        let request = with_new_id(request, lease_id(self.asked));
        let decision = decide(&self.present().ledger, &request, &self.now(), &Limits::default());
        let mut after = vec![self.present().clone()];
        for event in &decision.events {
            let mut next = after.last().expect("one at least").clone();
            next.apply(event, &self.now());
            after.push(next);
        }
        let dies = fault.as_ref().is_some_and(|fault| matches!(fault.kind, DiskFault::Dies | DiskFault::DiesAfter));
        let process = self.process.take().unwrap_or_else(|| self.store());
        self.disk.begin(fault);
        let asked = process.ask(&*self, &request, &Limits::default());
        self.disk.begin(None);
        self.process = Some(process).filter(|_| !dies);
        let Ok((answer, ledger)) = asked else {
            // Part of it may be there, in its order.
            let found = self.leases();
            let reached = after.iter().rposition(|state| state.leases() == found);
            let reached = reached.unwrap_or_else(|| unreachable!("{found:?} is nothing that {request:?} leads to"));
            return self.states.extend(after.drain(1..=reached));
        };
        assert_eq!(answer.is_ok(), decision.answer.is_ok(), "{request:?}");
        if let Ok(LeaseAnswer::Granted(id)) = &answer {
            let token = ledger.lease(id).expect("it was granted").token;
            assert!(token > self.token, "token {token} after {}", self.token);
            self.token = token;
        }
        if decision.must_last {
            self.states = after.split_off(after.len() - 1);
        } else {
            self.states.extend(after.drain(1..));
        }
    }

    fn lose_power(&mut self, loss: &Loss) {
        self.disk.lose_power(loss);
        self.process = None;
        (self.boot, self.millis) = (self.boot + 1, 0);
        let found = self.leases();
        // Two states can have the same leases: before a lease that was not durable yet, and after its end. Their ends tell them apart.
        let survived = self.states.iter().rposition(|state| state.leases() == found && self.knows_ends_of(state));
        let survived = survived.unwrap_or_else(|| unreachable!("{found:?} is nothing that was durable: {:?}", self.states));
        self.states = vec![self.states[survived].clone()];
    }

    /// The leases that a reader finds.
    fn leases(&self) -> Vec<Lease> {
        let ledger = self.store().ledger().expect("the log is readable");
        Model { ledger, ..Model::default() }.leases()
    }

    /// Whether the log knows how the leases of a state ended.
    fn knows_ends_of(&self, state: &Model) -> bool {
        let ids: Vec<LeaseId> = state.ends.keys().cloned().collect();
        let found = self.store().verify(&ids).expect("the log is readable");
        state.ends.iter().all(|(id, end)| found.get(id) == Some(end))
    }

    fn check(&self) {
        assert_eq!(self.leases(), self.present().leases(), "readers see what was done");
        if let Some(process) = &self.process {
            let ledger = process.ledger().expect("the log is readable");
            assert_eq!(Some(ledger), self.store().ledger().ok(), "reading on gives the same ledger as reading from the start");
        }
        assert!(self.knows_ends_of(self.present()), "{:?} is not how the leases ended", self.present().ends);
        let mut last = 0;
        let in_order = &mut |past: PastEvent| {
            assert!(past.sequence > last && !past.is_set_aside, "{past:?} after {last}");
            last = past.sequence;
        };
        self.store().history(in_order).expect("the log is readable");
    }
}

struct RealStore;

impl StateMachineTest for RealStore {
    type SystemUnderTest = Rig;
    type Reference = Walk;

    fn init_test((): &()) -> Rig {
        let dir = Path::new("/jit").to_owned();
        Rig { disk: SimDisk::default(), dir, process: None, boot: 0, millis: 0, asked: 0, states: vec![Model::default()], token: 0 }
    }

    fn apply(mut rig: Rig, (): &(), step: FaultStep) -> Rig {
        match step {
            FaultStep::Ask { request, pause, fault } => rig.ask(&request, pause, fault),
            FaultStep::LosePower(loss) => rig.lose_power(&loss),
            FaultStep::Garble(bytes) => rig.disk.garble(&rig.store().index(), &bytes),
            FaultStep::Recover(fault) => {
                rig.disk.begin(fault);
                let recovered = rig.store().recover(false);
                rig.disk.begin(None);
                assert!(recovered.is_err() || recovered.is_ok_and(|recovery| recovery.set_aside.is_empty()));
            }
        }
        rig.check();
        rig
    }
}

proptest_state_machine::prop_state_machine! {
    // A case is up to eighty steps long, so a quarter of the usual number is enough; `PROPTEST_CASES` still counts.
    #![proptest_config(ProptestConfig {
        cases: ProptestConfig::default().cases.div_ceil(4), max_shrink_iters: 4_000, ..ProptestConfig::default()
    })]

    #[test]
    fn the_log_keeps_its_promises_on_a_faulty_disk(sequential 1..80 => RealStore);
}
