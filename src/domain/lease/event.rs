//! The facts that the log is made of.

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};

/// One fact in the log.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum LeaseEvent {
    /// An issue was leased to somebody.
    Acquire(Grant),
    /// The holder set the lease's time anew; it is no longer closing.
    Renew { lease_id: LeaseId, ttl_secs: u64, reason: Option<String> },
    /// The holder showed life.
    Heartbeat { lease_id: LeaseId },
    /// The holder is done, and the issue's last edit waits for its commit.
    Close { lease_id: LeaseId, reason: Option<String> },
    /// The holder gave the issue back.
    Release { lease_id: LeaseId, reason: Option<String> },
    /// The holder passed the issue on; `grant` is a lease of its own, with a token of its own.
    Transfer { lease_id: LeaseId, grant: Grant },
    /// A lapsed lease was cleared away for somebody else.
    AutoEvict { lease_id: LeaseId },
    /// Somebody ended another's lease, and said why.
    ForceEvict { lease_id: LeaseId, by: AgentId, reason: String },
    /// A lease of another clock domain was seen in this one: its whole TTL runs from here.
    Observe { lease_id: LeaseId, version: u64 },
}

impl LeaseEvent {
    /// The lease that this event concerns, or grants.
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

    /// Whether losing this event in a crash could break the exclusion or undo what was promised.
    pub(crate) fn must_be_durable(&self) -> bool {
        !matches!(self, Self::Renew { .. } | Self::Heartbeat { .. } | Self::Observe { .. })
    }
}

/// What a new lease is made of.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Grant {
    /// The lease's own id.
    pub lease_id: LeaseId,
    /// The issue.
    pub issue_id: IssueId,
    /// To whom.
    pub holder: Holder,
    /// The branch the holder was on, for people.
    pub branch: Option<String>,
    /// Seconds it lasts; 0 is a lease without an end.
    pub ttl_secs: u64,
    /// What for.
    pub reason: Option<String>,
}
