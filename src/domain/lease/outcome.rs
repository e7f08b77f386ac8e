//! How leases ended, which decides the authority of the commits made under them.

use crate::domain::id::AgentId;
use crate::domain::lease::{Lease, LeaseEvent};
use crate::domain::time::Now;

/// How a lease ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum LeaseOutcome {
    /// It has not ended.
    Current(Box<Lease>),
    /// Its holder ended it: commits made under it keep their authority.
    Concluded,
    /// It expired and was removed.
    Lapsed,
    /// Another agent evicted it.
    Evicted { by: AgentId, reason: String },
    /// The log does not contain it.
    Unknown,
}

impl LeaseOutcome {
    /// How an event ends the lease that it names, if it ends it.
    pub(crate) fn of(event: &LeaseEvent) -> Option<Self> {
        match event {
            LeaseEvent::Release { .. } | LeaseEvent::Transfer { .. } => Some(Self::Concluded),
            LeaseEvent::AutoEvict { .. } => Some(Self::Lapsed),
            LeaseEvent::ForceEvict { by, reason, .. } => Some(Self::Evicted { by: by.clone(), reason: reason.clone() }),
            LeaseEvent::Acquire(_)
            | LeaseEvent::Renew { .. }
            | LeaseEvent::Heartbeat { .. }
            | LeaseEvent::Close { .. }
            | LeaseEvent::Observe { .. } => None,
        }
    }

    /// Whether an edit that was committed under the lease may be pushed at `now`.
    pub(crate) fn upholds(&self, now: &Now, stale_after_secs: u64) -> bool {
        match self {
            Self::Current(lease) => lease.closing || lease.lease_status(now, stale_after_secs).authorises(),
            Self::Concluded => true,
            Self::Lapsed | Self::Evicted { .. } | Self::Unknown => false,
        }
    }
}
