//! Model checking of the lease rules: every order of steps of three agents within bounds.
//!
//! An agent reads the ledger, decides, and writes the records of its decision one by one. Anything may happen in between: locks are not
//! modelled, since they may have no effect. A record counts if its sequence is still the next one. Any agent may stop forever at any step
//! (a crash, a torn write, a line spoiled by another torn one: none of it counts), or for a while, in which time passes and others act.
//! The clock may jump back, the machine may restart, and a power failure may undo any number of the newest records that were not synced.
//!
//! The rules under test are the real ones: `decide`, `Ledger::apply`, `Lease::lease_status`, `policy::lease_for_edit`.

mod world;

use std::sync::atomic::Ordering;

use stateright::{Checker, Model, Property};

use super::*;
use crate::domain::lease::model::world::{AGENTS, LIMITS, ModelAgent, ModelRequest, ModelState, Reached, count};

/// The bounds of the exploration.
#[derive(Debug)]
struct Bounds {
    issues: u32,
    /// The maximum number of records.
    records: u64,
    /// Clock ticks between two starts of the machine.
    ticks: u64,
    /// Restarts of the machine, with or without a power failure.
    starts: u8,
    /// Backward jumps of the clock.
    jumps: u8,
    /// Agents that may have read and not written yet, at the same time. The first one to write makes the others too late, as if they had
    /// not asked. So one covers the same cases as three; three are explored too.
    writers: usize,
    /// The possible requests.
    menu: &'static [ModelRequest],
    seen: Reached,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum ModelStep {
    Ask(usize, u32, ModelRequest),
    Write(usize),
    Sync(usize),
    Crash(usize),
    Tick,
    JumpBack,
    /// The machine restarts and keeps this many of the records that were not synced.
    Start(usize),
}
const EVERYTHING: &[ModelRequest] = &[
    ModelRequest::Take,
    ModelRequest::TakeWithoutEnd,
    ModelRequest::Renew,
    ModelRequest::Beat,
    ModelRequest::Work,
    ModelRequest::Close,
    ModelRequest::Release,
    ModelRequest::Transfer,
    ModelRequest::Evict,
];
const ESSENTIALS: &[ModelRequest] = &[ModelRequest::Take, ModelRequest::Beat, ModelRequest::Release, ModelRequest::Evict];
const TAKE_AND_BEAT: &[ModelRequest] = &[ModelRequest::Take, ModelRequest::Beat];

impl Model for Bounds {
    type State = ModelState;
    type Action = ModelStep;

    fn init_states(&self) -> Vec<ModelState> {
        let agent = ModelAgent { work: None, believes: vec![None; self.issues as usize] };
        vec![ModelState { ledgers: vec![Ledger::default()], boot: 0, tick: 0, jumps: 0, agents: vec![agent; AGENTS], fell: false }]
    }

    fn actions(&self, world: &ModelState, actions: &mut Vec<ModelStep>) {
        let is_writing = |agent: &&ModelAgent| agent.work.as_ref().is_some_and(|work| !work.left.is_empty());
        let writers = world.agents.iter().filter(is_writing).count();
        for (who, agent) in world.agents.iter().enumerate() {
            match &agent.work {
                Some(work) if work.left.is_empty() => actions.extend([ModelStep::Sync(who), ModelStep::Crash(who)]),
                Some(_) => actions.extend([ModelStep::Write(who), ModelStep::Crash(who)]),
                None if world.ledger().sequence >= self.records || writers >= self.writers => {}
                None => {
                    let wishes = |on| self.menu.iter().map(move |wish| ModelStep::Ask(who, on, *wish));
                    actions.extend((0..self.issues).flat_map(wishes));
                }
            }
        }
        if world.tick < self.ticks {
            actions.push(ModelStep::Tick);
        }
        if world.jumps < self.jumps && world.tick > 0 {
            actions.push(ModelStep::JumpBack);
        }
        if world.boot < self.starts {
            actions.extend((0..world.ledgers.len()).map(ModelStep::Start));
        }
    }

    fn next_state(&self, before: &ModelState, act: ModelStep) -> Option<ModelState> {
        let mut world = before.clone();
        match act {
            ModelStep::Ask(who, on, wish) => world.ask(who, on, wish)?,
            ModelStep::Write(who) => world.write(who, &self.seen)?,
            ModelStep::Sync(who) => world.sync(who)?,
            ModelStep::Crash(who) => world.agents[who].work = None,
            ModelStep::Tick => {
                world.tick += 1;
                world.forget();
            }
            ModelStep::JumpBack => {
                world.tick = 0;
                world.jumps += 1;
                // An agent that read a clock before it jumped back can rely only on the ledger.
                for agent in &mut world.agents {
                    agent.believes.fill(None);
                    agent.work.iter_mut().for_each(|work| work.granted = None);
                }
            }
            ModelStep::Start(kept) => {
                if kept + 1 < world.ledgers.len() {
                    count(&self.seen.lost);
                }
                world.ledgers = vec![world.ledgers.swap_remove(kept)];
                (world.boot, world.tick) = (world.boot + 1, 0);
                world.agents.iter_mut().for_each(|agent| agent.work = None);
                world.forget();
            }
        }
        Some(world)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![
            Property::always("one holder at most", |bounds: &Bounds, world: &ModelState| {
                (0..bounds.issues).all(|on| world.editors(on).len() <= 1)
            }),
            Property::always("tokens only rise, and an ended lease stays ended", |_, world: &ModelState| !world.fell),
            Property::always("an expired lease authorises nothing", |_, world: &ModelState| {
                let now = world.now();
                world.ledger().leases().all(|lease| {
                    let age = now.clock.since(&lease.since);
                    let is_over = lease.ttl_secs > 0 && age.is_some_and(|age| age >= lease.ttl_secs * 1000);
                    let authorises = lease.lease_status(&now, LIMITS.stale_after_secs).authorises();
                    !(is_over && authorises)
                })
            }),
            Property::always("every issue can be acquired again", |bounds: &Bounds, world: &ModelState| {
                // An agent without the lease asks for it; all such agents are equal to the rules.
                (0..bounds.issues).all(|on| (0..2).all(|who| world.can_be_had(on, who)))
            }),
        ]
    }
}

/// Explores all states within the bounds. Returns their number.
#[expect(clippy::print_stderr, reason = "the proof prints its number of states with --nocapture")]
fn exhaust(bounds: Bounds) -> usize {
    let checker = bounds.checker().threads(2).spawn_dfs().join();
    checker.assert_properties();
    assert!(checker.is_done(), "not exhausted");
    let (states, depth, bounds) = (checker.unique_state_count(), checker.max_depth(), checker.model());
    eprintln!("{states} states, {depth} steps deep, all seen: {bounds:?}");
    let Reached { took_over, too_late, lost, tied } = &bounds.seen;
    for seen in [took_over, lost, tied].into_iter().chain(Some(too_late).filter(|_| bounds.writers > 1)) {
        assert!(seen.load(Ordering::Relaxed) > 0, "the exploration reached nothing of interest: {bounds:?}");
    }
    states
}

impl Bounds {
    fn new(issues: u32, records: u64, writers: usize, jumps: u8, menu: &'static [ModelRequest]) -> Self {
        Self { issues, records, ticks: 3, starts: 1, jumps, writers, menu, seen: Reached::new() }
    }
}

#[test]
fn every_order_of_reading_and_writing_of_three_agents() {
    assert_eq!(exhaust(Bounds::new(1, 3, 3, 0, ESSENTIALS)), 176_068);
}

#[test]
fn every_verb_on_one_issue_through_a_restart() {
    assert_eq!(exhaust(Bounds::new(1, 3, 1, 0, EVERYTHING)), 307_494);
}

#[test]
fn a_clock_that_goes_back_and_a_restart() {
    assert_eq!(exhaust(Bounds::new(1, 3, 1, 1, TAKE_AND_BEAT)), 65_106);
}

#[test]
#[ignore = "the long form: bash .ci/prove runs it"]
fn four_verbs_with_a_clock_that_goes_back_and_a_restart() {
    assert_eq!(exhaust(Bounds::new(1, 3, 1, 1, ESSENTIALS)), 298_146);
}

#[test]
#[ignore = "the long form: bash .ci/prove runs it"]
fn two_issues_through_a_restart() {
    assert_eq!(exhaust(Bounds::new(2, 3, 1, 0, ESSENTIALS)), 727_872);
}

#[test]
#[ignore = "long form: two minutes for all, in release builds"]
fn further_every_order_of_reading_and_writing_and_every_verb() {
    assert_eq!(exhaust(Bounds::new(1, 3, 3, 0, EVERYTHING)), 1_258_196);
}

#[test]
#[ignore = "long form: two minutes for all, in release builds"]
fn further_every_verb_four_records_long() {
    assert_eq!(exhaust(Bounds::new(1, 4, 1, 0, EVERYTHING)), 3_558_242);
}

#[test]
#[ignore = "long form: two minutes for all, in release builds"]
fn further_two_issues_and_a_clock_that_goes_back() {
    assert_eq!(exhaust(Bounds::new(2, 3, 1, 1, ESSENTIALS)), 4_068_984);
}
