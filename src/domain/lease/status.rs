//! How a lease stands at a moment: by the clock reading that decides, never by the wall clock.

use crate::domain::lease::{Lease, SAFETY_MARGIN_MS};
use crate::domain::time::Now;

/// How a lease stands at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LeaseStatus {
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

impl LeaseStatus {
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

impl Lease {
    /// How the lease stands at `now`.
    ///
    /// `stale_after_secs` is the age of the last beat beyond which a lease without an end is stale.
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

    /// Whether activity of the holder should set its time anew: past half, or without an end and silent for a tenth of
    /// what makes it stale. Only a lease that authorises; others want to be renewed by name.
    pub(crate) fn wants_beat(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self.lease_status(now, stale_after_secs) {
            LeaseStatus::Live { left_ms } => left_ms < self.ttl_secs.saturating_mul(500),
            LeaseStatus::Indefinite => self.age_ms(now).is_none_or(|age| age >= stale_after_secs.saturating_mul(100)),
            LeaseStatus::Unobserved { .. } => true,
            LeaseStatus::Ending { .. } | LeaseStatus::Lapsed | LeaseStatus::Stale => false,
        }
    }

    /// Whether whoever keeps it alive should renew it: once a third of its time is gone, also when all of it is, as long
    /// as nobody has taken the issue.
    pub(crate) fn wants_renewal(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self.lease_status(now, stale_after_secs) {
            LeaseStatus::Live { left_ms } => left_ms / 2 < self.ttl_secs.saturating_mul(333),
            LeaseStatus::Indefinite => self.age_ms(now).is_none_or(|age| age / 333 >= stale_after_secs),
            LeaseStatus::Ending { .. } | LeaseStatus::Unobserved { .. } | LeaseStatus::Stale | LeaseStatus::Lapsed => true,
        }
    }

    /// Whether its holder should be warned: less than `percent` of its time is left, or of what makes it stale.
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
