//! The state of the model: a ledger with its durable part, agents with unfinished work, and what they rely on.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use jiff::Timestamp;

use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::lease::*;
use crate::domain::policy::{Editor, lease_for_edit};

/// The duration of a finite lease; its last tenth is the safety margin.
const TTL_SECS: u64 = 1;
/// Two ticks are within the duration, the second one in the safety margin; the third is after the end.
const TICK_MS: u64 = 460;
pub(crate) const LIMITS: Limits = Limits { stale_after_secs: 1, indefinite_per_agent: 1, indefinite_per_repo: 2 };
pub(crate) const AGENTS: usize = 3;

/// A request of an agent about an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ModelRequest {
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

/// The unfinished work of an agent.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Work {
    pub(crate) issue: u32,
    /// The sequence that it read last, plus its own records since.
    pub(crate) sequence: u64,
    pub(crate) at: Now,
    pub(crate) left: Vec<LeaseEvent>,
    pub(crate) must_sync: bool,
    pub(crate) granted: Option<LeaseId>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub(crate) struct ModelAgent {
    pub(crate) work: Option<Work>,
    /// What it was told, by issue: a lease, and until when it may rely on it by its own clock.
    pub(crate) believes: Vec<Option<(LeaseId, Now)>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ModelState {
    /// The durable ledger, then the ledger after each later record.
    pub(crate) ledgers: Vec<Ledger>,
    pub(crate) boot: u8,
    pub(crate) tick: u64,
    pub(crate) jumps: u8,
    pub(crate) agents: Vec<ModelAgent>,
    /// Whether a token was not higher than all before, or an ended lease came back.
    pub(crate) fell: bool,
}

/// Events that must occur, or the exploration proves nothing.
#[derive(Debug)]
pub(crate) struct Reached {
    pub(crate) took_over: AtomicUsize,
    pub(crate) too_late: AtomicUsize,
    pub(crate) lost: AtomicUsize,
    pub(crate) tied: AtomicUsize,
}

impl Reached {
    pub(crate) fn new() -> Self {
        let never = || AtomicUsize::new(0);
        Self { took_over: never(), too_late: never(), lost: never(), tied: never() }
    }
}

pub(crate) fn count(seen: &AtomicUsize) {
    seen.fetch_add(1, Ordering::Relaxed);
}

/// The agents, as holders and as editors; created once because every state needs them.
static HOLDERS: LazyLock<Vec<(Holder, Editor)>> = LazyLock::new(|| {
    let one = |n: u32| {
        let agent_id: AgentId = format!("agent:a{n}").parse().expect("an id");
        let holder = Holder::here(agent_id.clone(), WorktreeId::from_bits(n));
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

impl ModelState {
    pub(crate) fn now(&self) -> Now {
        let clock = ClockReading::new(format!("boot{}", self.boot), self.tick * TICK_MS);
        Now { clock, wall: Timestamp::UNIX_EPOCH }
    }

    pub(crate) fn ledger(&self) -> &Ledger {
        self.ledgers.last().expect("there is always one")
    }

    /// The request of a wish; `None` if it does not apply.
    fn request(&self, who: usize, on: u32, wish: ModelRequest) -> Option<Request> {
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
            ModelRequest::Take => Some(take(TTL_SECS)),
            ModelRequest::TakeWithoutEnd => Some(take(0)),
            ModelRequest::Renew => Some(Request::Renew { lease_id: mine()?, holder: holder(who), at_least_secs: None }),
            ModelRequest::Beat => Some(Request::Heartbeat { lease_id: mine()?, holder: holder(who) }),
            ModelRequest::Work => Some(Request::Activity { issues: vec![issue(on)], holder: holder(who) }),
            ModelRequest::Close => release(true),
            ModelRequest::Release => release(false),
            ModelRequest::Transfer => Some(Request::Transfer {
                lease_id: mine()?,
                holder: holder(who),
                to: holder((who + 1) % AGENTS),
                new_id,
                branch: None,
                reason: None,
            }),
            ModelRequest::Evict => {
                let lease_id = lease.filter(|lease| lease.holder != HOLDERS[who].0)?.lease_id.clone();
                Some(Request::ForceEvict { lease_id, by: agent(who), reason: "gone".into() })
            }
        }
    }

    pub(crate) fn ask(&mut self, who: usize, on: u32, wish: ModelRequest) -> Option<()> {
        let request = self.request(who, on, wish)?;
        let now = self.now();
        let decision = decide(self.ledger(), &request, &now, &LIMITS);
        if decision.events.is_empty() && !decision.must_last {
            return None;
        }
        if matches!(wish, ModelRequest::Release | ModelRequest::Transfer) {
            self.agents[who].believes[on as usize] = None;
        }
        let granted = match (&decision.answer, &request) {
            // The receiver of a transfer is not told.
            (Ok(LeaseAnswer::Granted(_)), Request::Transfer { .. }) | (Err(_), _) => None,
            // A heartbeat informs only an agent that knows that it has the lease.
            (Ok(LeaseAnswer::Kept { lease_id, .. }), Request::Heartbeat { .. }) => {
                let told = self.agents[who].believes[on as usize].as_ref();
                told.filter(|(id, _)| id == lease_id).map(|(id, _)| id.clone())
            }
            (Ok(LeaseAnswer::Granted(id) | LeaseAnswer::Kept { lease_id: id, .. }), _) => Some(id.clone()),
            _ => None,
        };
        let must_sync = decision.must_last;
        let sequence = self.ledger().sequence;
        self.agents[who].work = Some(Work { issue: on, sequence, at: now, left: decision.events, must_sync, granted });
        Some(())
    }

    pub(crate) fn write(&mut self, who: usize, seen: &Reached) -> Option<()> {
        let mut work = self.agents[who].work.take().filter(|work| !work.left.is_empty())?;
        // The records of the others no longer count, whenever they are written: those agents start again.
        for other in self.agents.iter_mut().filter(|other| other.work.as_ref().is_some_and(|work| !work.left.is_empty())) {
            other.work = None;
            count(&seen.too_late);
        }
        work.sequence += 1;
        let event = work.left.remove(0);
        let tokens = self.ledger().leases().map(|lease| lease.token);
        self.fell |= tokens.max().is_some_and(|token| token >= work.sequence);
        match &event {
            LeaseEvent::ForceEvict { lease_id, .. } => {
                for agent in &mut self.agents {
                    agent.believes.iter_mut().for_each(|it| *it = it.take().filter(|(id, _)| id != lease_id));
                }
            }
            LeaseEvent::AutoEvict { .. } => count(&seen.took_over),
            LeaseEvent::Observe { .. } => count(&seen.tied),
            _ => {}
        }
        let mut ledger = self.ledger().clone();
        ledger.apply(work.sequence, &event, &work.at);
        let ended = matches!(event, LeaseEvent::ForceEvict { .. } | LeaseEvent::AutoEvict { .. } | LeaseEvent::Release { .. });
        self.fell |= ended && ledger.lease(event.lease_id()).is_some();
        self.ledgers.push(ledger);
        let is_done = work.left.is_empty() && !work.must_sync;
        self.agents[who].work = Some(work);
        if is_done {
            self.report(who);
        }
        Some(())
    }

    pub(crate) fn sync(&mut self, who: usize) -> Option<()> {
        self.agents[who].work.as_ref().filter(|work| work.left.is_empty() && work.must_sync)?;
        self.ledgers.drain(..self.ledgers.len() - 1);
        self.report(who);
        Some(())
    }

    /// Reports the result to the agent.
    fn report(&mut self, who: usize) {
        let Some(work) = self.agents[who].work.take() else { return };
        let Some(id) = work.granted else { return };
        let Some(lease) = self.ledger().lease(&id).filter(|lease| lease.holder == HOLDERS[who].0).cloned() else { return };
        // Its token is not lost, so no later grant reuses it.
        self.fell |= self.ledgers[0].lease(&id).is_none();
        // It may rely on the lease as long as its clock and the current ledger allow. For a lease that is not tied to its clock it must
        // ask again.
        let mut until = self.now();
        match lease.lease_status(&until, LIMITS.stale_after_secs) {
            LeaseStatus::Live { left_ms } => until.clock.millis += left_ms - lease.ttl_secs * 100,
            LeaseStatus::Indefinite => until.clock = lease.since.clone(),
            _ => return,
        }
        if lease.ttl_secs == 0 {
            until.clock.millis += LIMITS.stale_after_secs * 1000;
        }
        self.agents[who].believes[work.issue as usize] = Some((id, until));
    }

    /// Forgets leases that have expired by every clock, so that states that differ only in them are equal.
    pub(crate) fn forget(&mut self) {
        let now = self.now();
        let is_believed = |until: &Now| until.clock.since(&now.clock).is_some_and(|left| left > 0);
        for agent in &mut self.agents {
            agent.believes.iter_mut().for_each(|it| *it = it.take().filter(|(_, until)| is_believed(until)));
        }
    }

    /// The agents that may edit an issue: by their own belief and clock, or by the ledger.
    pub(crate) fn editors(&self, on: u32) -> BTreeSet<usize> {
        let now = self.now();
        let believes = |who: &usize| {
            let told = self.agents[*who].believes[on as usize].as_ref();
            told.is_some_and(|(_, until)| until.clock.since(&now.clock).is_some_and(|left| left > 0))
        };
        let may = |who: &usize| lease_for_edit(self.ledger(), issue(on), &HOLDERS[*who].1, &now, LIMITS.stale_after_secs).is_ok();
        (0..AGENTS).filter(|who| believes(who) || may(who)).collect()
    }

    /// Whether another agent can get the issue, by waiting or, for an indefinite lease, by evicting.
    pub(crate) fn can_be_had(&self, on: u32, who: usize) -> bool {
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
                Err(LeaseRefusal::Held { lease, .. }) if lease.ttl_secs == 0 => {
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
