//! `git jit claim log`: everything that happened to leases, from every segment of the log.

use std::collections::{BTreeSet, HashMap, VecDeque};

use serde_json::{Value, json};

use crate::commands::shared::lease_lookup::LeaseLookup;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{AgentId, IdError, IssueId, IssueRef, LeaseId};
use crate::domain::lease::{LeaseEvent, PastEvent};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};

// Arguments of `claim log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only of this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Only what this agent did
    #[arg(long, value_name = "TYPE:NAME")]
    agent: Option<AgentId>,
    /// At most so many, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// One fact, with what it concerns.
struct Fact {
    past: PastEvent,
    issue: Option<IssueId>,
    agent: Option<AgentId>,
}

struct LeaseHistory {
    facts: VecDeque<Fact>,
    total: usize,
}

/// Tells what happened.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, agent, limit } = args;
    let lookup = LeaseLookup::open(session)?;
    let issue = issue.map(|typed| resolve(&lookup, &typed)).transpose()?;
    let mut leases: HashMap<LeaseId, (IssueId, AgentId)> = HashMap::new();
    let (mut facts, mut total) = (VecDeque::new(), 0);
    lookup.claims.history(&mut |past| {
        let known = leases.get(past.event.lease_id()).cloned();
        if let LeaseEvent::Acquire(grant) | LeaseEvent::Transfer { grant, .. } = &past.event {
            leases.insert(grant.lease_id.clone(), (grant.issue_id, grant.holder.agent_id.clone()));
        }
        let of = |event: &LeaseEvent| match event {
            LeaseEvent::Acquire(grant) => Some((grant.issue_id, grant.holder.agent_id.clone())),
            _ => known,
        };
        let (on, holder) = of(&past.event).unzip();
        let actor = if let LeaseEvent::ForceEvict { by, .. } = &past.event { Some(by.clone()) } else { holder };
        let is_wanted =
            issue.is_none_or(|issue| on == Some(issue)) && agent.as_ref().is_none_or(|agent| actor.as_ref() == Some(agent));
        if is_wanted {
            total += 1;
            facts.push_back(Fact { past, issue: on, agent: actor });
            if limit > 0 && facts.len() > limit {
                facts.pop_front();
            }
        }
    })?;
    Ok(Box::new(LeaseHistory { facts, total }))
}

/// The issue that was meant: one that there is, or one that ever was leased.
fn resolve(lookup: &LeaseLookup<'_>, typed: &str) -> Result<IssueId, Error> {
    let issue = IssueRef::parse(typed)?;
    let known: Vec<IssueId> = lookup.store.ids()?.into_iter().map(|(id, _)| id).collect();
    match issue.resolve(known) {
        Err(IdError::NoSuchIssue { .. }) => {}
        found => return Ok(found?),
    }
    let mut leased = BTreeSet::new();
    lookup.claims.history(&mut |past| {
        if let LeaseEvent::Acquire(grant) = &past.event {
            leased.insert(grant.issue_id);
        }
    })?;
    Ok(issue.resolve(leased)?)
}

/// The word that the log has for it.
fn word(event: &LeaseEvent) -> &'static str {
    match event {
        LeaseEvent::Acquire(_) => "acquire",
        LeaseEvent::Renew { .. } => "renew",
        LeaseEvent::Heartbeat { .. } => "heartbeat",
        LeaseEvent::Close { .. } => "close",
        LeaseEvent::Release { .. } => "release",
        LeaseEvent::Transfer { .. } => "transfer",
        LeaseEvent::AutoEvict { .. } => "auto-evict",
        LeaseEvent::ForceEvict { .. } => "force-evict",
        LeaseEvent::Observe { .. } => "observe",
    }
}

fn reason(event: &LeaseEvent) -> Option<&String> {
    match event {
        LeaseEvent::Acquire(grant) | LeaseEvent::Transfer { grant, .. } => grant.reason.as_ref(),
        LeaseEvent::Renew { reason, .. } | LeaseEvent::Close { reason, .. } | LeaseEvent::Release { reason, .. } => reason.as_ref(),
        LeaseEvent::ForceEvict { reason, .. } => Some(reason),
        LeaseEvent::Heartbeat { .. } | LeaseEvent::AutoEvict { .. } | LeaseEvent::Observe { .. } => None,
    }
}

fn ttl_secs(event: &LeaseEvent) -> Option<u64> {
    match event {
        LeaseEvent::Acquire(grant) | LeaseEvent::Transfer { grant, .. } => Some(grant.ttl_secs),
        LeaseEvent::Renew { ttl_secs, .. } => Some(*ttl_secs),
        _ => None,
    }
}

impl Report for LeaseHistory {
    fn json(&self) -> Value {
        let one = |fact: &Fact| {
            let event = &fact.past.event;
            let to = if let LeaseEvent::Transfer { grant, .. } = event { Some(grant) } else { None };
            json!({
                "sequence": fact.past.sequence, "at": fact.past.at.wall, "op": word(event), "lease_id": event.lease_id(),
                "issue_id": fact.issue, "agent_id": fact.agent, "ttl_secs": ttl_secs(event), "reason": reason(event),
                "to": to.map(|grant| json!({ "lease_id": grant.lease_id, "agent_id": grant.holder.agent_id, "worktree_id": grant.holder.worktree_id })),
                "clock_domain": fact.past.at.clock.domain, "clock_ms": fact.past.at.clock.millis, "set_aside": fact.past.is_set_aside,
            })
        };
        let count = self.facts.len();
        json!({ "count": count, "total": self.total, "truncated": count < self.total, "records": self.facts.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.facts.is_empty() {
            return "Nothing happened\n".to_owned();
        }
        let row = |fact: &Fact| {
            let event = &fact.past.event;
            let mut why = reason(event).map(|reason| plain_line(reason)).unwrap_or_default();
            if let LeaseEvent::Transfer { grant, .. } = event {
                why = format!("to {}  {why}", grant.holder);
            }
            vec![
                fact.past.at.wall.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                word(event).to_owned(),
                fact.issue.map(|issue| issue.short()).unwrap_or_default(),
                fact.agent.as_ref().map(ToString::to_string).unwrap_or_default(),
                event.lease_id().to_string(),
                why,
            ]
        };
        let rows: Vec<Vec<String>> = self.facts.iter().map(row).collect();
        let paint = |column: usize, cell: &str| match (column, cell) {
            (2, id) => styles.id(id),
            (1, "force-evict" | "auto-evict") => styles.bad(cell),
            _ => cell.to_owned(),
        };
        let cut = match self.total - self.facts.len() {
            0 => String::new(),
            more => styles.faint(&format!("{more} older ones are not shown: git jit claim log --limit 0")) + "\n",
        };
        table(&["WHEN", "WHAT", "ISSUE", "WHO", "LEASE", "WHY"], &rows, styles, paint) + &cut
    }
}
