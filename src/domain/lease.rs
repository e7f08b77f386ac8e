//! The lease machine: what the log's records mean, and what may be appended next.
//!
//! Owns these invariants: at most one lease an issue; a token is the sequence of its grant and never
//! comes again; an expired lease blocks nobody and authorises nothing; only the holder, agent *and*
//! worktree, uses a lease. Storage appends what [`decide`] says and replays what it reads through
//! [`Ledger::apply`]; it takes no decision of its own. Nothing here reads a clock.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::id::{AgentId, Holder, IssueId, LeaseId};
use super::time::{ClockReading, Now};

mod decide;
mod event;

pub(crate) use decide::{Answer, Decision, Refusal, Request, decide};
pub(crate) use event::{Event, Grant};

/// The holder stops trusting a finite lease this much before others may take it, at most; a tenth of a short one.
const SAFETY_MARGIN_MS: u64 = 5_000;
/// Observations kept a lease. Older ones only make a dead lease live longer, never two holders.
const OBSERVATIONS_KEPT: usize = 16;
/// The longest lease that has an end: thirty days.
pub(crate) const LONGEST_TTL_SECS: u64 = 30 * 24 * 3600;

/// A lease as the log leaves it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

    /// How the lease stands at `now`.
    ///
    /// `stale_after_secs` is the age of the last beat beyond which a lease without an end is stale.
    pub(crate) fn standing(&self, now: &Now, stale_after_secs: u64) -> Standing {
        let age = self.age_ms(now);
        if self.ttl_secs == 0 {
            return match age {
                Some(age) if age < stale_after_secs.saturating_mul(1000) => Standing::Indefinite,
                _ => Standing::Stale,
            };
        }
        let ttl = self.ttl_secs.saturating_mul(1000);
        let Some(age) = age else { return Standing::Unobserved { at_most_ms: ttl } };
        let margin = SAFETY_MARGIN_MS.min(ttl / 10);
        match ttl.checked_sub(age) {
            None | Some(0) => Standing::Lapsed,
            Some(left_ms) if left_ms <= margin => Standing::Ending { left_ms },
            Some(left_ms) => Standing::Live { left_ms },
        }
    }
}

/// How a lease stands at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It runs.
    Live { left_ms: u64 },
    /// It still keeps others out; the holder no longer trusts it.
    Ending { left_ms: u64 },
    /// It was made on another clock that nobody has yet tied to this one.
    Unobserved { at_most_ms: u64 },
    /// Its time is over.
    Lapsed,
    /// It has no end, and its holder showed life lately.
    Indefinite,
    /// It has no end, and its holder has been silent: it keeps others out and authorises nothing.
    Stale,
}

impl Standing {
    /// Whether nobody else may have the issue.
    pub(crate) fn excludes(self) -> bool {
        self != Self::Lapsed
    }

    /// Whether the holder may edit the issue.
    pub(crate) fn authorises(self) -> bool {
        matches!(self, Self::Live { .. } | Self::Unobserved { .. } | Self::Indefinite)
    }

    /// Milliseconds until it ends, for a lease that has an end: exact, or the most that it can be.
    pub(crate) fn left_ms(self) -> Option<u64> {
        match self {
            Self::Live { left_ms } | Self::Ending { left_ms } | Self::Unobserved { at_most_ms: left_ms } => Some(left_ms),
            Self::Lapsed => Some(0),
            Self::Indefinite | Self::Stale => None,
        }
    }
}

/// The outcome of the log up to one record: the leases that have not ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// The sequence of the last record that counted.
    pub sequence: u64,
    leases: BTreeMap<IssueId, Lease>,
}

impl Ledger {
    /// A ledger as a snapshot or an index recorded it.
    pub(crate) fn restored(sequence: u64, leases: impl IntoIterator<Item = Lease>) -> Self {
        Self { sequence, leases: leases.into_iter().map(|lease| (lease.issue_id, lease)).collect() }
    }

    /// All leases that have not ended, lapsed ones included, by issue.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.values()
    }

    /// The lease on `issue`, if it has not ended; it may have lapsed.
    pub(crate) fn lease_on(&self, issue: IssueId) -> Option<&Lease> {
        self.leases.get(&issue)
    }

    /// The lease of this id, if it has not ended.
    pub(crate) fn lease(&self, id: &LeaseId) -> Option<&Lease> {
        self.leases.values().find(|lease| lease.lease_id == *id)
    }

    fn lease_mut(&mut self, id: &LeaseId) -> Option<&mut Lease> {
        self.leases.values_mut().find(|lease| lease.lease_id == *id)
    }

    fn end(&mut self, id: &LeaseId) {
        self.leases.retain(|_, lease| lease.lease_id != *id);
    }

    /// Takes in the next record. Total: what makes no sense on this ledger changes nothing but the sequence.
    pub(crate) fn apply(&mut self, sequence: u64, event: &Event, at: &Now) {
        self.sequence = sequence;
        match event {
            Event::Acquire(grant) => self.grant(grant, sequence, at),
            Event::Renew { lease_id, ttl_secs } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.ttl_secs = *ttl_secs;
                    lease.closing = false;
                    lease.beaten(sequence, at);
                }
            }
            Event::Heartbeat { lease_id } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.beaten(sequence, at);
                }
            }
            Event::Close { lease_id, .. } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.closing = true;
                }
            }
            Event::Release { lease_id, .. } | Event::AutoEvict { lease_id } | Event::ForceEvict { lease_id, .. } => {
                self.end(lease_id);
            }
            Event::Transfer { lease_id, grant } => {
                if self.lease(lease_id).is_some() {
                    self.end(lease_id);
                    self.grant(grant, sequence, at);
                }
            }
            Event::Observe { lease_id, version } => self.observe(lease_id, *version, at),
        }
    }

    /// An issue that has a lease gets no second one, whoever wrote the record.
    fn grant(&mut self, grant: &Grant, sequence: u64, at: &Now) {
        self.leases.entry(grant.issue_id).or_insert_with(|| Lease::granted(grant, sequence, at));
    }

    /// One observation a domain and version; a later one never moves it.
    fn observe(&mut self, id: &LeaseId, version: u64, at: &Now) {
        let Some(lease) = self.lease_mut(id).filter(|lease| lease.version == version) else { return };
        if lease.age_ms(at).is_none() {
            lease.observed.push(at.clock.clone());
            if lease.observed.len() > OBSERVATIONS_KEPT {
                lease.observed.remove(0);
            }
        }
    }
}

/// How a lease ended, as far as the authority of what was committed under it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It has not ended.
    Current(Box<Lease>),
    /// The holder ended it: what was committed under it stands.
    Concluded,
    /// It lapsed, and was cleared away.
    Lapsed,
    /// Somebody evicted it.
    Evicted {
        /// Who.
        by: AgentId,
        /// Why.
        reason: String,
    },
    /// The log does not know it.
    Unknown,
}

impl Fate {
    /// Whether an edit that was committed under the lease may be published at `now`.
    pub(crate) fn upholds(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self {
            Self::Current(lease) => lease.closing || lease.standing(now, stale_after_secs).authorises(),
            Self::Concluded => true,
            Self::Lapsed | Self::Evicted { .. } | Self::Unknown => false,
        }
    }
}

#[cfg(test)]
#[path = "lease/tests.rs"]
mod tests;
