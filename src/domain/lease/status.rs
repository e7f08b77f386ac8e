//! The status of a lease at one moment, by the monotonic clock and never by the wall clock.

use crate::domain::lease::{Lease, SAFETY_MARGIN_MS};
use crate::domain::time::Now;

/// The status of a lease at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseStatus {
    /// It is valid.
    Live { left_ms: u64 },
    /// It still excludes others, but its holder no longer relies on it.
    Ending { left_ms: u64 },
    /// It is from another clock domain and not tied to this one yet.
    Unobserved { at_most_ms: u64 },
    /// It has expired.
    Lapsed,
    /// It is indefinite, and its heartbeat is recent.
    Indefinite,
    /// It is indefinite, and its heartbeat is too old: it excludes others and authorises no edit.
    Stale,
}

impl LeaseStatus {
    /// Whether no other holder may acquire the issue.
    pub(crate) fn excludes(self) -> bool {
        self != Self::Lapsed
    }

    /// Whether the holder may edit the issue.
    pub(crate) fn authorises(self) -> bool {
        matches!(self, Self::Live { .. } | Self::Unobserved { .. } | Self::Indefinite)
    }

    /// Milliseconds until a lease with an end expires: exact, or the upper bound.
    pub(crate) fn left_ms(self) -> Option<u64> {
        match self {
            Self::Live { left_ms } | Self::Ending { left_ms } | Self::Unobserved { at_most_ms: left_ms } => Some(left_ms),
            Self::Lapsed => Some(0),
            Self::Indefinite | Self::Stale => None,
        }
    }
}

impl Lease {
    /// The status at `now`.
    ///
    /// `stale_after_secs` is the age of the last heartbeat after which an indefinite lease is stale.
    pub(crate) fn lease_status(&self, now: &Now, stale_after_secs: u64) -> LeaseStatus {
        let age = self.age_ms(now);
        if self.ttl_secs == 0 {
            return match age {
                Some(age) if age < stale_after_secs.saturating_mul(1000) => LeaseStatus::Indefinite,
                _ => LeaseStatus::Stale,
            };
        }
        let ttl = self.ttl_secs.saturating_mul(1000);
        let Some(age) = age else { return LeaseStatus::Unobserved { at_most_ms: ttl } };
        let margin = SAFETY_MARGIN_MS.min(ttl / 10);
        match ttl.checked_sub(age) {
            None | Some(0) => LeaseStatus::Lapsed,
            Some(left_ms) if left_ms <= margin => LeaseStatus::Ending { left_ms },
            Some(left_ms) => LeaseStatus::Live { left_ms },
        }
    }

    /// Whether activity of the holder should restart the duration: past half of it, or, for an indefinite lease, after a tenth of the time
    /// that makes it stale. Only for leases that authorise edits; others must be renewed explicitly.
    pub(crate) fn wants_beat(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self.lease_status(now, stale_after_secs) {
            LeaseStatus::Live { left_ms } => left_ms < self.ttl_secs.saturating_mul(500),
            LeaseStatus::Indefinite => self.age_ms(now).is_none_or(|age| age >= stale_after_secs.saturating_mul(100)),
            LeaseStatus::Unobserved { .. } => true,
            LeaseStatus::Ending { .. } | LeaseStatus::Lapsed | LeaseStatus::Stale => false,
        }
    }

    /// Whether a keeper should renew it: after a third of the duration, and also after its end while no other holder has the issue.
    pub(crate) fn wants_renewal(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self.lease_status(now, stale_after_secs) {
            LeaseStatus::Live { left_ms } => left_ms / 2 < self.ttl_secs.saturating_mul(333),
            LeaseStatus::Indefinite => self.age_ms(now).is_none_or(|age| age / 333 >= stale_after_secs),
            LeaseStatus::Ending { .. } | LeaseStatus::Unobserved { .. } | LeaseStatus::Stale | LeaseStatus::Lapsed => true,
        }
    }

    /// Whether to warn the holder: less than `percent` of the duration, or of the time until it is stale, is left.
    pub(crate) fn is_near_end(&self, now: &Now, stale_after_secs: u64, percent: u64) -> bool {
        let percent = percent.min(100);
        match self.lease_status(now, stale_after_secs) {
            LeaseStatus::Live { left_ms } => left_ms / 10 < self.ttl_secs.saturating_mul(percent),
            LeaseStatus::Ending { .. } => percent > 0,
            LeaseStatus::Indefinite => {
                self.age_ms(now).is_some_and(|age| age / 10 > stale_after_secs.saturating_mul(100 - percent))
            }
            LeaseStatus::Unobserved { .. } | LeaseStatus::Lapsed | LeaseStatus::Stale => false,
        }
    }
}
