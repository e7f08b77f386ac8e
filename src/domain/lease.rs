//! The lease machine: what the log's records mean, and what may be appended next.
//!
//! Owns these invariants: at most one lease an issue; a token is the sequence of its grant and never
//! comes again; an expired lease blocks nobody and authorises nothing; only the holder, agent *and*
//! worktree, uses a lease. Storage appends what [`decide`] says and replays what it reads through
//! [`Ledger::apply`]; it takes no decision of its own. Nothing here reads a clock.

mod decide;
mod event;
mod interface;
mod ledger;
#[cfg(test)]
mod model;
mod outcome;
mod status;
#[cfg(test)]
mod tests;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{Holder, IssueId, LeaseId};
use crate::domain::time::{ClockReading, Now};

pub(crate) use decide::{Decision, LeaseAnswer, LeaseRefusal, Request, decide};
pub(crate) use event::{Grant, LeaseEvent};
pub(crate) use interface::{Diagnostic, LeaseFilter, PastEvent, Recovery, Transaction};
pub(crate) use ledger::Ledger;
pub(crate) use outcome::LeaseOutcome;
pub(crate) use status::LeaseStatus;

/// The holder stops trusting a finite lease this much before others may take it, at most; a tenth of a short one.
const SAFETY_MARGIN_MS: u64 = 5_000;
/// The longest lease that has an end: thirty days.
pub(crate) const LONGEST_TTL_SECS: u64 = 30 * 24 * 3600;

/// What a policy says about leases.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Seconds without a beat after which a lease without an end is stale.
    pub stale_after_secs: u64,
    /// Leases without an end that one agent may have.
    pub indefinite_per_agent: u64,
    /// Leases without an end that there may be.
    pub indefinite_per_repo: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { stale_after_secs: 3600, indefinite_per_agent: 2, indefinite_per_repo: 10 }
    }
}

/// A lease as the log leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct Lease {
    /// Its id.
    pub lease_id: LeaseId,
    /// The issue that it is about.
    pub issue_id: IssueId,
    /// Who has it.
    pub holder: Holder,
    /// The branch at the time of the grant.
    pub branch: Option<String>,
    /// Seconds from [`Lease::since`]; 0 is a lease without an end.
    pub ttl_secs: u64,
    /// The fencing number: the sequence of the grant.
    pub token: u64,
    /// The sequence of the record that last set [`Lease::since`].
    pub version: u64,
    /// When its time began to run.
    pub since: ClockReading,
    /// When it was granted, for people.
    pub acquired_at: Timestamp,
    /// When it was last granted, renewed or beaten, for people.
    pub last_beat: Timestamp,
    /// It ends with the commit of the issue's last edit.
    pub closing: bool,
    /// What it was taken for.
    pub reason: Option<String>,
    /// When each other clock domain first saw this version: it runs from there in that domain.
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

    /// Milliseconds that this version has certainly lived, as far as `now`'s domain can tell.
    fn age_ms(&self, now: &Now) -> Option<u64> {
        std::iter::once(&self.since).chain(&self.observed).filter_map(|then| now.clock.since(then)).max()
    }
}
