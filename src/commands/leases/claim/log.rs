//! `git jit claim log`: shows the history of leases, from every segment of the log.

use std::collections::{BTreeSet, HashMap, VecDeque};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_list::ListedLease;
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
    /// Only leases on this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Only records of this agent
    #[arg(long, value_name = "TYPE:NAME")]
    agent: Option<AgentId>,
    /// Show at most N records, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 50, value_name = "N")]
    limit: usize,
}

/// The history of leases, oldest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LeaseHistory {
    count: usize,
    total: usize,
    truncated: bool,
    records: VecDeque<LeaseRecord>,
}

/// One record of the log, with the issue and the agent that it concerns.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Record")]
struct LeaseRecord {
    sequence: u64,
    at: Timestamp,
    op: &'static str,
    lease_id: LeaseId,
    issue_id: Option<IssueId>,
    agent_id: Option<AgentId>,
    ttl_secs: Option<u64>,
    reason: Option<String>,
    /// The new lease, of a transfer.
    to: Option<ListedLease>,
    clock_domain: String,
    clock_ms: u64,
    set_aside: bool,
}

impl LeaseRecord {
    fn new(past: PastEvent, issue_id: Option<IssueId>, agent_id: Option<AgentId>) -> Self {
        let event = &past.event;
        let to = if let LeaseEvent::Transfer { grant, .. } = event { Some(grant) } else { None };
        Self {
            sequence: past.sequence,
            at: past.at.wall,
            op: op(event),
            lease_id: event.lease_id().clone(),
            issue_id,
            agent_id,
            ttl_secs: ttl_secs(event),
            reason: reason(event).cloned(),
            to: to.map(|grant| ListedLease::new(&grant.lease_id, &grant.holder)),
            clock_domain: past.at.clock.domain,
            clock_ms: past.at.clock.millis,
            set_aside: past.is_set_aside,
        }
    }
}

/// Reads the history.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, agent, limit } = args;
    let lookup = LeaseLookup::open(session)?;
    let issue = issue.map(|typed| resolve(&lookup, &typed)).transpose()?;
    let mut leases: HashMap<LeaseId, (IssueId, AgentId)> = HashMap::new();
    let (mut records, mut total) = (VecDeque::new(), 0);
    lookup.session.maintenance(lookup.layout).history(&mut |past| {
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
            records.push_back(LeaseRecord::new(past, on, actor));
            if limit > 0 && records.len() > limit {
                records.pop_front();
            }
        }
    })?;
    let count = records.len();
    Ok(Box::new(LeaseHistory { count, total, truncated: count < total, records }))
}

/// The issue with this id prefix: one that exists, or one that was leased before.
fn resolve(lookup: &LeaseLookup<'_>, typed: &str) -> Result<IssueId, Error> {
    let issue = IssueRef::parse(typed)?;
    let known: Vec<IssueId> = lookup.store.ids()?.into_iter().map(|(id, _)| id).collect();
    match issue.resolve(known) {
        Err(IdError::NoSuchIssue { .. }) => {}
        found => return Ok(found?),
    }
    let mut leased = BTreeSet::new();
    lookup.session.maintenance(lookup.layout).history(&mut |past| {
        if let LeaseEvent::Acquire(grant) = &past.event {
            leased.insert(grant.issue_id);
        }
    })?;
    Ok(issue.resolve(leased)?)
}

/// The name of the operation in the log.
fn op(event: &LeaseEvent) -> &'static str {
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
    fn human(&self, styles: &Styles) -> String {
        if self.records.is_empty() {
            return "No records\n".to_owned();
        }
        let row = |record: &LeaseRecord| {
            let mut why = record.reason.as_deref().map(plain_line).unwrap_or_default();
            if let Some(to) = &record.to {
                why = format!("to {} in {}  {why}", to.agent_id, to.worktree_id);
            }
            vec![
                record.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
                record.op.to_owned(),
                record.issue_id.map(|issue| issue.short()).unwrap_or_default(),
                record.agent_id.as_ref().map(ToString::to_string).unwrap_or_default(),
                record.lease_id.to_string(),
                why,
            ]
        };
        let rows: Vec<Vec<String>> = self.records.iter().map(row).collect();
        let paint = |column: usize, cell: &str| match (column, cell) {
            (2, id) => styles.id(id),
            (1, "force-evict" | "auto-evict") => styles.bad(cell),
            _ => cell.to_owned(),
        };
        let cut = match self.total - self.count {
            0 => String::new(),
            more => styles.faint(&format!("{more} older records are not shown: git jit claim log --limit 0")) + "\n",
        };
        table(&["WHEN", "WHAT", "ISSUE", "WHO", "LEASE", "WHY"], &rows, styles, paint) + &cut
    }
}
