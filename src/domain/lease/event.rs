//! The records of the log.

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};

/// One record in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LeaseEvent {
    /// An issue was leased.
    Acquire(Grant),
    /// The holder restarted the duration; the lease is no longer closing.
    Renew { lease_id: LeaseId, ttl_secs: u64, reason: Option<String> },
    /// The holder sent a heartbeat.
    Heartbeat { lease_id: LeaseId },
    /// The holder is done; the issue's last edit is not committed yet.
    Close { lease_id: LeaseId, reason: Option<String> },
    /// The holder released the lease.
    Release { lease_id: LeaseId, reason: Option<String> },
    /// The holder passed the issue on; `grant` is a new lease with its own token.
    Transfer { lease_id: LeaseId, grant: Grant },
    /// An expired lease was removed to grant the issue again.
    AutoEvict { lease_id: LeaseId },
    /// Another agent ended the lease, with a reason.
    ForceEvict { lease_id: LeaseId, by: AgentId, reason: String },
    /// A lease of another clock domain was seen in this one; its full duration counts from here.
    Observe { lease_id: LeaseId, version: u64 },
}

impl LeaseEvent {
    /// The lease that this event grants or changes.
    pub(crate) fn lease_id(&self) -> &LeaseId {
        match self {
            Self::Acquire(grant) => &grant.lease_id,
            Self::Renew { lease_id, .. }
            | Self::Heartbeat { lease_id }
            | Self::Close { lease_id, .. }
            | Self::Release { lease_id, .. }
            | Self::Transfer { lease_id, .. }
            | Self::AutoEvict { lease_id }
            | Self::ForceEvict { lease_id, .. }
            | Self::Observe { lease_id, .. } => lease_id,
        }
    }

    /// Whether losing this event in a crash could allow a second holder or break a promise.
    pub(crate) fn must_be_durable(&self) -> bool {
        !matches!(self, Self::Renew { .. } | Self::Heartbeat { .. } | Self::Observe { .. })
    }
}

/// The content of a new lease.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Grant {
    pub lease_id: LeaseId,
    pub issue_id: IssueId,
    pub holder: Holder,
    /// The branch of the holder, for display.
    pub branch: Option<String>,
    /// The duration in seconds; 0 for an indefinite lease.
    pub ttl_secs: u64,
    pub reason: Option<String>,
}
