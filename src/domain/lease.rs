//! The lease state machine: the meaning of the log's records, and which records may be appended next.
//!
//! Invariants: an issue has at most one lease; a token is the sequence of its grant and is never reused; an expired lease blocks no
//! other agent and authorises no edit; only the holder (agent *and* worktree) can use a lease. Storage appends what [`decide`] returns
//! and replays what it reads through [`Ledger::apply`]; it makes no decisions. Nothing here reads a clock.

mod decide;
mod event;
mod interface;
mod ledger;
#[cfg(test)]
mod model;
mod outcome;
mod refusal;
mod status;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{Holder, IssueId, LeaseId};
use crate::domain::time::{ClockReading, Now};

pub(crate) use decide::{LeaseAnswer, Request, decide};
pub(crate) use event::{Grant, LeaseEvent};
pub(crate) use interface::{Diagnostic, LeaseFilter, PastEvent, Recovery};
pub(crate) use ledger::Ledger;
pub(crate) use outcome::LeaseOutcome;
pub(crate) use refusal::{LeaseRefusal, lost, no_such_lease};
pub(crate) use status::LeaseStatus;

/// The maximum time before the end of a lease during which its holder no longer relies on it; a tenth of a short lease.
/// Milliseconds.
const SAFETY_MARGIN_MS: u64 = 5_000;
/// The longest lease with an end: thirty days.
pub(crate) const LONGEST_TTL_SECS: u64 = 30 * 24 * 3600;

/// The policy's settings about leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Seconds without a heartbeat after which an indefinite lease is stale.
    pub stale_after_secs: u64,
    /// The maximum number of indefinite leases of one agent.
    pub indefinite_per_agent: u64,
    /// The maximum number of indefinite leases in the repository.
    pub indefinite_per_repo: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stale_after_secs: 3600, indefinite_per_agent: 2, indefinite_per_repo: 10 }
    }
}

/// A lease as recorded in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Lease {
    pub lease_id: LeaseId,
    pub issue_id: IssueId,
    pub holder: Holder,
    /// The branch at the time of the grant.
    pub branch: Option<String>,
    /// The duration in seconds from [`Lease::since`]; 0 for an indefinite lease.
    pub ttl_secs: u64,
    /// The fencing token: the sequence of the grant.
    pub token: u64,
    /// The sequence of the record that last set [`Lease::since`].
    pub version: u64,
    /// The start of the duration.
    pub since: ClockReading,
    /// The time of the grant, for display.
    pub acquired_at: Timestamp,
    /// The time of the last grant, renewal or heartbeat, for display.
    pub last_beat: Timestamp,
    /// The lease ends with the commit of the issue's last edit.
    pub closing: bool,
    /// Why it was acquired.
    pub reason: Option<String>,
    /// The first reading at which each other clock domain saw this version. The duration counts from there in that domain.
    pub observed: Vec<ClockReading>,
}

impl Lease {
    fn granted(grant: &Grant, token: u64, at: &Now) -> Self {
        let grant = grant.clone();
        Self {
            lease_id: grant.lease_id,
            issue_id: grant.issue_id,
            holder: grant.holder,
            branch: grant.branch,
            ttl_secs: grant.ttl_secs,
            token,
            version: token,
            since: at.clock.clone(),
            acquired_at: at.wall,
            last_beat: at.wall,
            closing: false,
            reason: grant.reason,
            observed: Vec::new(),
        }
    }

    fn beaten(&mut self, version: u64, at: &Now) {
        self.version = version;
        self.since = at.clock.clone();
        self.last_beat = at.wall;
        self.observed.clear();
    }

    /// The minimum age of this version in milliseconds; `None` if it cannot be known in `now`'s clock domain.
    fn age_ms(&self, now: &Now) -> Option<u64> {
        std::iter::once(&self.since).chain(&self.observed).filter_map(|then| now.clock.since(then)).max()
    }
}
