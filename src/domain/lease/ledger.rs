//! The ledger: the result of replaying the log. Defined for every record, and equal for equal prefixes.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::id::{IssueId, LeaseId};
use crate::domain::lease::{Grant, Lease, LeaseEvent};
use crate::domain::time::{ClockReading, Now};

/// The number of observations kept per lease. Dropping older ones can only prolong a dead lease; it never allows two holders.
const OBSERVATIONS_KEPT: usize = 16;

/// The leases that have not ended, as of one record of the log.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub(crate) struct Ledger {
    /// The sequence of the last record that counted.
    pub sequence: u64,
    /// Shared, because a ledger is cloned more often than it is changed.
    leases: BTreeMap<IssueId, Arc<Lease>>,
}

impl Ledger {
    /// A ledger from a snapshot or an index.
    pub(crate) fn restored(sequence: u64, leases: impl IntoIterator<Item = Lease>) -> Self {
        Self { sequence, leases: leases.into_iter().map(|lease| (lease.issue_id, Arc::new(lease))).collect() }
    }

    /// All leases that have not ended, by issue; expired ones are included.
    pub(crate) fn leases(&self) -> impl Iterator<Item = &Lease> {
        self.leases.values().map(Arc::as_ref)
    }

    /// The lease on `issue`, if it has not ended; it may have expired.
    pub(crate) fn lease_on(&self, issue: IssueId) -> Option<&Lease> {
        self.leases.get(&issue).map(Arc::as_ref)
    }

    /// The lease with this id, if it has not ended.
    pub(crate) fn lease(&self, id: &LeaseId) -> Option<&Lease> {
        self.leases().find(|lease| lease.lease_id == *id)
    }

    /// The leases of this clone. Those of another one are in the log because it was copied, and have ended here.
    pub(crate) fn own(&self) -> Cow<'_, Self> {
        if !self.has_disowned() {
            return Cow::Borrowed(self);
        }
        let leases = self.leases.iter().filter(|(_, lease)| lease.holder.clone_id.is_none());
        Cow::Owned(Self { sequence: self.sequence, leases: leases.map(|(issue, lease)| (*issue, Arc::clone(lease))).collect() })
    }

    /// The same, without a copy.
    pub(crate) fn into_own(self) -> Self {
        if self.has_disowned() { self.own().into_owned() } else { self }
    }

    /// Whether there are leases of another clone.
    pub(crate) fn has_disowned(&self) -> bool {
        self.leases().any(|lease| lease.holder.clone_id.is_some())
    }

    /// `now`, or if it is of the wall clock and was set back, the largest value in this ledger.
    pub(crate) fn not_before(&self, now: Now) -> Now {
        if !now.clock.is_of_wall_clock() {
            return now;
        }
        let readings = self.leases().flat_map(|lease| std::iter::once(&lease.since).chain(&lease.observed));
        let latest = readings.filter(|reading| reading.is_of_wall_clock()).map(|reading| reading.millis).max().unwrap_or(0);
        let clock = ClockReading { millis: now.clock.millis.max(latest), ..now.clock };
        Now { clock, ..now }
    }

    /// Inserts a lease in place of the one on its issue, to recover a log.
    pub(crate) fn put(&mut self, lease: Lease) {
        self.leases.insert(lease.issue_id, Arc::new(lease));
    }

    /// Removes the lease on an issue, to recover a log.
    pub(crate) fn clear(&mut self, issue: IssueId) {
        self.leases.remove(&issue);
    }

    fn lease_mut(&mut self, id: &LeaseId) -> Option<&mut Lease> {
        self.leases.values_mut().find(|lease| lease.lease_id == *id).map(Arc::make_mut)
    }

    fn end(&mut self, id: &LeaseId) {
        if let Some(issue) = self.lease(id).map(|lease| lease.issue_id) {
            self.clear(issue);
        }
    }

    /// Applies the next record. Defined for every record: one that does not fit this ledger changes only the sequence.
    pub(crate) fn apply(&mut self, sequence: u64, event: &LeaseEvent, at: &Now) {
        self.sequence = sequence;
        match event {
            LeaseEvent::Acquire(grant) => self.grant(grant, sequence, at),
            LeaseEvent::Renew { lease_id, ttl_secs, reason } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.ttl_secs = *ttl_secs;
                    lease.reason = reason.clone().or(lease.reason.take());
                    lease.closing = false;
                    lease.beaten(sequence, at);
                }
            }
            LeaseEvent::Heartbeat { lease_id } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.beaten(sequence, at);
                }
            }
            LeaseEvent::Close { lease_id, .. } => {
                if let Some(lease) = self.lease_mut(lease_id) {
                    lease.closing = true;
                }
            }
            LeaseEvent::Release { lease_id, .. } | LeaseEvent::AutoEvict { lease_id } | LeaseEvent::ForceEvict { lease_id, .. } => {
                self.end(lease_id);
            }
            LeaseEvent::Transfer { lease_id, grant } => {
                if self.lease(lease_id).is_some() {
                    self.end(lease_id);
                    self.grant(grant, sequence, at);
                }
            }
            LeaseEvent::Observe { lease_id, version } => self.observe(lease_id, *version, at),
        }
    }

    /// An issue with a lease never gets a second one, whichever writer recorded it.
    fn grant(&mut self, grant: &Grant, sequence: u64, at: &Now) {
        self.leases.entry(grant.issue_id).or_insert_with(|| Arc::new(Lease::granted(grant, sequence, at)));
    }

    /// One observation per domain and version; a later one changes nothing.
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
