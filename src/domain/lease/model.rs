//! The lease machine explored to the end: every order of steps of three agents within bounds, by a model checker.
//!
//! An agent reads the ledger and decides, and writes what it decided record by record; in between anything may
//! happen: no lock is modelled, since locks may do nothing. A record counts if its sequence is still the next one.
//! Any agent may stop for good at any step (a crash, a torn write, a line that another's torn one spoils: nothing of
//! it counts), or for a while (time goes on, others act). The clock may go back, the machine may start again, and a
//! loss of power takes back any number of the newest records that nobody made durable.
//!
//! The machine is the real one: `decide`, `Ledger::apply`, `Lease::standing`, `policy::lease_for_edit`.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;
use stateright::{Checker, Model, Property};

use super::*;
use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::policy::{Editor, lease_for_edit};

/// A finite lease lasts a second; its last tenth is not trusted.
const TTL_SECS: u64 = 1;
/// Two of these are in the lease's time, the second in the part that is not trusted; the third is behind its end.
const TICK_MS: u64 = 460;
const LIMITS: Limits = Limits { stale_after_secs: 1, indefinite_per_agent: 1, indefinite_per_repo: 2 };
const AGENTS: usize = 3;

/// How far the exploration goes.
#[derive(Debug)]
struct Bounds {
    issues: u32,
    /// Records that are ever written.
    records: u64,
    /// Ticks of the clock between two starts of the machine.
    ticks: u64,
    /// Starts of the machine after the first, with or without a loss of power.
    starts: u8,
    /// Times that the clock goes back.
    jumps: u8,
    /// Agents that have read and not yet written, at once. Whoever writes first makes the others too late, which is as if
    /// they had not asked: so one is as good as three, and three are explored too.
    writers: usize,
    /// What may be asked.
    menu: &'static [Wish],
    seen: Seen,
}

/// What an agent may want of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Wish {
    Take,
    TakeWithoutEnd,
    Renew,
    Beat,
    Work,
    Close,
    Release,
    Transfer,
    Evict,
}

const EVERYTHING: &[Wish] = &[
    Wish::Take,
    Wish::TakeWithoutEnd,
    Wish::Renew,
    Wish::Beat,
    Wish::Work,
    Wish::Close,
    Wish::Release,
    Wish::Transfer,
    Wish::Evict,
];
const ESSENTIALS: &[Wish] = &[Wish::Take, Wish::Beat, Wish::Release, Wish::Evict];

/// What an agent has decided and not yet finished.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Work {
    issue: u32,
    /// The sequence that it read last, and what it has written since.
    sequence: u64,
    at: Now,
    left: Vec<Event>,
    must_sync: bool,
    granted: Option<LeaseId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
struct Agent {
    work: Option<Work>,
    /// What it was told, by issue: a lease, and until when it may rely on it by its own clock without looking again.
    believes: Vec<Option<(LeaseId, Now)>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    /// What the log comes to: as far as it is durable, and after each record since.
    ledgers: Vec<Ledger>,
    boot: u8,
    tick: u64,
    jumps: u8,
    agents: Vec<Agent>,
    /// A grant's token was not higher than all before, or a lease outlived its end.
    fell: bool,
}

/// What must be seen to happen, or the exploration is about nothing.
#[derive(Debug)]
struct Seen {
    took_over: AtomicUsize,
    too_late: AtomicUsize,
    lost: AtomicUsize,
    tied: AtomicUsize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Act {
    Ask(usize, u32, Wish),
    Write(usize),
    Sync(usize),
    Crash(usize),
    Tick,
    JumpBack,
    /// The machine starts again, with so many of the records that were not durable.
    Start(usize),
}

impl Seen {
    fn new() -> Self {
        let never = || AtomicUsize::new(0);
        Self { took_over: never(), too_late: never(), lost: never(), tied: never() }
    }
}

fn count(seen: &AtomicUsize) {
    seen.fetch_add(1, Ordering::Relaxed);
}

/// The agents, as holders and as editors: made once, since every state asks for them.
static HOLDERS: LazyLock<Vec<(Holder, Editor)>> = LazyLock::new(|| {
    let one = |n: u32| {
        let agent_id: AgentId = format!("agent:a{n}").parse().expect("an id");
        let holder = Holder { agent_id: agent_id.clone(), worktree_id: WorktreeId::from_bits(n) };
        let editor = Editor { agent_id, worktree_id: Some(holder.worktree_id.clone()), anywhere: false };
        (holder, editor)
    };
    (0..3).map(one).collect()
});

fn agent(n: usize) -> AgentId {
    HOLDERS[n].0.agent_id.clone()
}

fn holder(n: usize) -> Holder {
    HOLDERS[n].0.clone()
}

fn issue(n: u32) -> IssueId {
    IssueId::from_uuid(uuid::Uuid::from_u128(n.into()))
}

impl World {
    fn now(&self) -> Now {
        let clock = ClockReading { domain: format!("boot{}", self.boot), millis: self.tick * TICK_MS };
        Now { clock, wall: Timestamp::UNIX_EPOCH }
    }

    fn ledger(&self) -> &Ledger {
        self.ledgers.last().expect("there is always one")
    }

    /// The request that a wish comes to; nothing where there is nothing to wish for.
    fn request(&self, who: usize, on: u32, wish: Wish) -> Option<Request> {
        let new_id = LeaseId::new(format!("{}-{who}", self.ledger().sequence));
        let take = |ttl_secs| {
            let reason = Some("long".to_owned());
            let (lease_id, issue_id) = (new_id.clone(), issue(on));
            Request::Acquire(Grant { lease_id, issue_id, holder: holder(who), branch: None, ttl_secs, reason })
        };
        let lease = self.ledger().lease_on(issue(on));
        let mine = || lease.filter(|lease| lease.holder == HOLDERS[who].0).map(|lease| lease.lease_id.clone());
        let release = |closing| Some(Request::Release { lease_id: mine()?, holder: holder(who), closing, reason: None });
        match wish {
            Wish::Take => Some(take(TTL_SECS)),
            Wish::TakeWithoutEnd => Some(take(0)),
            Wish::Renew => Some(Request::Renew { lease_id: mine()?, holder: holder(who), at_least_secs: None }),
            Wish::Beat => Some(Request::Heartbeat { lease_id: mine()?, holder: holder(who) }),
            Wish::Work => Some(Request::Activity { issues: vec![issue(on)], holder: holder(who) }),
            Wish::Close => release(true),
            Wish::Release => release(false),
            Wish::Transfer => Some(Request::Transfer {
                lease_id: mine()?,
                holder: holder(who),
                to: holder((who + 1) % AGENTS),
                new_id,
                branch: None,
                reason: None,
            }),
            Wish::Evict => {
                let lease_id = lease.filter(|lease| lease.holder != HOLDERS[who].0)?.lease_id.clone();
                Some(Request::ForceEvict { lease_id, by: agent(who), reason: "gone".into() })
            }
        }
    }

    fn ask(&mut self, who: usize, on: u32, wish: Wish) -> Option<()> {
        let request = self.request(who, on, wish)?;
        let now = self.now();
        let decision = decide(self.ledger(), &request, &now, &LIMITS);
        if decision.events.is_empty() && !decision.must_last {
            return None;
        }
        if matches!(wish, Wish::Release | Wish::Transfer) {
            self.agents[who].believes[on as usize] = None;
        }
        let granted = match (&decision.answer, &request) {
            // Whoever gets an issue passed on is told of nothing.
            (Ok(Answer::Granted(_)), Request::Transfer { .. }) | (Err(_), _) => None,
            // A beat tells nothing to whoever was not told that it has the lease.
            (Ok(Answer::Kept { lease_id, .. }), Request::Heartbeat { .. }) => {
                let told = self.agents[who].believes[on as usize].as_ref();
                told.filter(|(id, _)| id == lease_id).map(|(id, _)| id.clone())
            }
            (Ok(Answer::Granted(id) | Answer::Kept { lease_id: id, .. }), _) => Some(id.clone()),
            _ => None,
        };
        let must_sync = decision.must_last;
        let sequence = self.ledger().sequence;
        self.agents[who].work = Some(Work { issue: on, sequence, at: now, left: decision.events, must_sync, granted });
        Some(())
    }

    fn write(&mut self, who: usize, seen: &Seen) -> Option<()> {
        let mut work = self.agents[who].work.take().filter(|work| !work.left.is_empty())?;
        // The records of the others do not count any more, whenever they are written: they are where they began.
        for other in self.agents.iter_mut().filter(|other| other.work.as_ref().is_some_and(|work| !work.left.is_empty())) {
            other.work = None;
            count(&seen.too_late);
        }
        work.sequence += 1;
        let event = work.left.remove(0);
        let tokens = self.ledger().leases().map(|lease| lease.token);
        self.fell |= tokens.max().is_some_and(|token| token >= work.sequence);
        match &event {
            Event::ForceEvict { lease_id, .. } => {
                for agent in &mut self.agents {
                    agent.believes.iter_mut().for_each(|it| *it = it.take().filter(|(id, _)| id != lease_id));
                }
            }
            Event::AutoEvict { .. } => count(&seen.took_over),
            Event::Observe { .. } => count(&seen.tied),
            _ => {}
        }
        let mut ledger = self.ledger().clone();
        ledger.apply(work.sequence, &event, &work.at);
        let ended = matches!(event, Event::ForceEvict { .. } | Event::AutoEvict { .. } | Event::Release { .. });
        self.fell |= ended && ledger.lease(event.lease_id()).is_some();
        self.ledgers.push(ledger);
        let is_done = work.left.is_empty() && !work.must_sync;
        self.agents[who].work = Some(work);
        if is_done {
            self.report(who);
        }
        Some(())
    }

    fn sync(&mut self, who: usize) -> Option<()> {
        self.agents[who].work.as_ref().filter(|work| work.left.is_empty() && work.must_sync)?;
        self.ledgers.drain(..self.ledgers.len() - 1);
        self.report(who);
        Some(())
    }

    /// The agent is told what came of it.
    fn report(&mut self, who: usize) {
        let Some(work) = self.agents[who].work.take() else { return };
        let Some(id) = work.granted else { return };
        let Some(lease) = self.ledger().lease(&id).filter(|lease| lease.holder == HOLDERS[who].0).cloned() else { return };
        // Its token is not lost, so no later grant has it again.
        self.fell |= self.ledgers[0].lease(&id).is_none();
        // It may rely on it as long as its clock and the ledger, as it is now, say; of one that is not tied to its clock
        // it has to ask again.
        let mut until = self.now();
        match lease.standing(&until, LIMITS.stale_after_secs) {
            Standing::Live { left_ms } => until.clock.millis += left_ms - lease.ttl_secs * 100,
            Standing::Indefinite => until.clock = lease.since.clone(),
            _ => return,
        }
        if lease.ttl_secs == 0 {
            until.clock.millis += LIMITS.stale_after_secs * 1000;
        }
        self.agents[who].believes[work.issue as usize] = Some((id, until));
    }

    /// What is over by everybody's own clock is believed no more: states that differ in it alone are one.
    fn forget(&mut self) {
        let now = self.now();
        let is_believed = |until: &Now| until.clock.since(&now.clock).is_some_and(|left| left > 0);
        for agent in &mut self.agents {
            agent.believes.iter_mut().for_each(|it| *it = it.take().filter(|(_, until)| is_believed(until)));
        }
    }

    /// Who may edit an issue: by what it was told and its own clock, or by what the ledger says.
    fn editors(&self, on: u32) -> BTreeSet<usize> {
        let now = self.now();
        let believes = |who: &usize| {
            let told = self.agents[*who].believes[on as usize].as_ref();
            told.is_some_and(|(_, until)| until.clock.since(&now.clock).is_some_and(|left| left > 0))
        };
        let may = |who: &usize| lease_for_edit(self.ledger(), issue(on), &HOLDERS[*who].1, &now, LIMITS.stale_after_secs).is_ok();
        (0..AGENTS).filter(|who| believes(who) || may(who)).collect()
    }

    /// Whether an issue can be had by anybody, by waiting or, of a lease without an end, by evicting.
    fn can_be_had(&self, on: u32, who: usize) -> bool {
        if self.ledger().lease_on(issue(on)).is_none() {
            return true;
        }
        let (mut ledger, mut now) = (self.ledger().clone(), self.now());
        let ask = |ledger: &mut Ledger, request: &Request, now: &Now| {
            let decision = decide(ledger, request, now, &LIMITS);
            for event in &decision.events {
                ledger.apply(ledger.sequence + 1, event, now);
            }
            decision.answer
        };
        for n in 0..3 {
            let lease_id = LeaseId::new(format!("later-{n}"));
            let grant =
                Grant { lease_id, issue_id: issue(on), holder: holder(who), branch: None, ttl_secs: TTL_SECS, reason: None };
            match ask(&mut ledger, &Request::Acquire(grant), &now) {
                Ok(_) => return true,
                Err(Refusal::Held { lease, .. }) if lease.ttl_secs == 0 => {
                    let evict = Request::ForceEvict { lease_id: lease.lease_id, by: agent(who), reason: "silent".into() };
                    if ask(&mut ledger, &evict, &now).is_err() {
                        return false;
                    }
                }
                Err(_) => now.clock.millis += TTL_SECS * 1000,
            }
        }
        false
    }
}

impl Model for Bounds {
    type State = World;
    type Action = Act;

    fn init_states(&self) -> Vec<World> {
        let agent = Agent { work: None, believes: vec![None; self.issues as usize] };
        vec![World { ledgers: vec![Ledger::default()], boot: 0, tick: 0, jumps: 0, agents: vec![agent; AGENTS], fell: false }]
    }

    fn actions(&self, world: &World, actions: &mut Vec<Act>) {
        let is_writing = |agent: &&Agent| agent.work.as_ref().is_some_and(|work| !work.left.is_empty());
        let writers = world.agents.iter().filter(is_writing).count();
        for (who, agent) in world.agents.iter().enumerate() {
            match &agent.work {
                Some(work) if work.left.is_empty() => actions.extend([Act::Sync(who), Act::Crash(who)]),
                Some(_) => actions.extend([Act::Write(who), Act::Crash(who)]),
                None if world.ledger().sequence >= self.records || writers >= self.writers => {}
                None => {
                    let wishes = |on| self.menu.iter().map(move |wish| Act::Ask(who, on, *wish));
                    actions.extend((0..self.issues).flat_map(wishes));
                }
            }
        }
        if world.tick < self.ticks {
            actions.push(Act::Tick);
        }
        if world.jumps < self.jumps && world.tick > 0 {
            actions.push(Act::JumpBack);
        }
        if world.boot < self.starts {
            actions.extend((0..world.ledgers.len()).map(Act::Start));
        }
    }

    fn next_state(&self, before: &World, act: Act) -> Option<World> {
        let mut world = before.clone();
        match act {
            Act::Ask(who, on, wish) => world.ask(who, on, wish)?,
            Act::Write(who) => world.write(who, &self.seen)?,
            Act::Sync(who) => world.sync(who)?,
            Act::Crash(who) => world.agents[who].work = None,
            Act::Tick => {
                world.tick += 1;
                world.forget();
            }
            Act::JumpBack => {
                world.tick = 0;
                world.jumps += 1;
                // Whoever has read a clock that went back can rely on the ledger alone.
                for agent in &mut world.agents {
                    agent.believes.fill(None);
                    agent.work.iter_mut().for_each(|work| work.granted = None);
                }
            }
            Act::Start(kept) => {
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
            Property::always("one holder at most", |bounds: &Bounds, world: &World| {
                (0..bounds.issues).all(|on| world.editors(on).len() <= 1)
            }),
            Property::always("tokens only rise, and what has ended is gone", |_, world: &World| !world.fell),
            Property::always("what is over authorises nothing", |_, world: &World| {
                let now = world.now();
                world.ledger().leases().all(|lease| {
                    let age = now.clock.since(&lease.since);
                    let is_over = lease.ttl_secs > 0 && age.is_some_and(|age| age >= lease.ttl_secs * 1000);
                    let authorises = lease.standing(&now, LIMITS.stale_after_secs).authorises();
                    !(is_over && authorises)
                })
            }),
            Property::always("every issue can be had again", |bounds: &Bounds, world: &World| {
                // Of a lease that somebody has, one who has it not asks; all are alike to the rules.
                (0..bounds.issues).all(|on| (0..2).all(|who| world.can_be_had(on, who)))
            }),
        ]
    }
}

/// Explores everything within the bounds: how many states there are.
#[expect(clippy::print_stderr, reason = "the proof says how far it went, to whoever runs it with --nocapture")]
fn exhaust(bounds: Bounds) -> usize {
    let checker = bounds.checker().threads(2).spawn_dfs().join();
    checker.assert_properties();
    assert!(checker.is_done(), "not exhausted");
    let (states, depth, bounds) = (checker.unique_state_count(), checker.max_depth(), checker.model());
    eprintln!("{states} states, {depth} steps deep, all seen: {bounds:?}");
    let Seen { took_over, too_late, lost, tied } = &bounds.seen;
    for seen in [took_over, lost, tied].into_iter().chain(Some(too_late).filter(|_| bounds.writers > 1)) {
        assert!(seen.load(Ordering::Relaxed) > 0, "the exploration is about nothing: {bounds:?}");
    }
    states
}

impl Bounds {
    fn new(issues: u32, records: u64, writers: usize, jumps: u8, menu: &'static [Wish]) -> Self {
        Self { issues, records, ticks: 3, starts: 1, jumps, writers, menu, seen: Seen::new() }
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
    assert_eq!(exhaust(Bounds::new(1, 3, 1, 1, ESSENTIALS)), 298_146);
}

#[test]
fn two_issues_through_a_restart() {
    assert_eq!(exhaust(Bounds::new(2, 3, 1, 0, ESSENTIALS)), 727_872);
}

#[test]
#[ignore = "the long form: a minute, in release builds"]
fn further_every_order_of_reading_and_writing_and_every_verb() {
    assert_eq!(exhaust(Bounds::new(1, 3, 3, 0, EVERYTHING)), 1_285_334);
}

#[test]
#[ignore = "the long form: minutes, in release builds"]
fn further_every_verb_four_records_long() {
    assert_eq!(exhaust(Bounds::new(1, 4, 1, 0, EVERYTHING)), 0);
}

#[test]
#[ignore = "the long form: minutes, in release builds"]
fn further_two_issues_and_a_clock_that_goes_back() {
    assert_eq!(exhaust(Bounds::new(2, 3, 1, 1, ESSENTIALS)), 0);
}
