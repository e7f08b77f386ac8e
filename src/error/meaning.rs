//! What an error means to a program: its exit status, its word, its facts. Exhaustive, so that none is forgotten.

use serde_json::{Value, json};

use crate::actor;
use crate::domain::id::IdError;
use crate::domain::policy::Finding;
use crate::error::Error;
use crate::error::storage;
use crate::exit::ExitStatus;
use crate::git;
use crate::store;

impl Error {
    /// The exit status.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Id(IdError::NoSuchIssue { .. })
            | Self::NoSuchLease { .. }
            | Self::NoSuchGate { .. }
            | Self::NothingAvailable
            | Self::NoRange(_)
            | Self::NotThere { .. } => ExitStatus::NotFound,
            Self::Interrupted { .. } | Self::KeptAlive { .. } => ExitStatus::Busy,
            Self::NoReason
            | Self::Usage { .. }
            | Self::Id(_)
            | Self::InvalidIssue(_)
            | Self::Actor(actor::Error::Malformed { .. }) => ExitStatus::Usage,
            Self::Held { .. } | Self::NotTheHolder { .. } | Self::Lost { successor: Some(_), .. } => ExitStatus::Held,
            Self::Lost { .. } | Self::Over { .. } => ExitStatus::NoLease,
            Self::Policy { finding } => of_finding(finding),
            Self::NotYet { .. }
            | Self::Gated { .. }
            | Self::Deleted { .. }
            | Self::Cycle { .. }
            | Self::LeasesOff
            | Self::NotApproved { .. }
            | Self::TooManyIndefinite { .. }
            | Self::OwnEdits { .. }
            | Self::Hooks(_)
            | Self::AgentFile { .. }
            | Self::Demo(_) => ExitStatus::Refused,
            Self::Plan { .. } | Self::Unreadable { .. } => ExitStatus::Invalid,
            Self::Worktree(blocker) => blocker.status(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => storage::status(error),
            Self::Git(_) => ExitStatus::Broken,
            Self::Github(error) => error.status(),
        }
    }

    /// A stable word for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Usage { .. } => "usage",
            Self::Id(IdError::NoSuchIssue { .. }) => "issue_not_found",
            Self::Id(IdError::Ambiguous { .. }) => "issue_ambiguous",
            Self::Id(_) | Self::Actor(actor::Error::Malformed { .. }) => "malformed_id",
            Self::InvalidIssue(_) => "invalid_value",
            Self::Held { .. } => "held_by_other",
            Self::NoSuchLease { .. } => "lease_not_found",
            Self::NotTheHolder { .. } => "not_the_holder",
            Self::Lost { .. } => "lease_lost",
            Self::Over { .. } => "lease_lapsed",
            Self::KeptAlive { .. } => "kept_alive",
            Self::NoReason => "no_reason",
            Self::TooManyIndefinite { .. } => "too_many_indefinite_leases",
            Self::Policy { finding } => finding.code(),
            Self::NoRange(_) => "no_range",
            Self::OwnEdits { .. } => "own_edits",
            Self::NotYet { .. } => "not_yet",
            Self::Gated { .. } => "gated",
            Self::Deleted { .. } => "deleted",
            Self::Cycle { .. } => "cycle",
            Self::NoSuchGate { .. } => "gate_not_found",
            Self::Plan { .. } => "invalid_plan",
            Self::Unreadable { .. } => "issues_unreadable",
            Self::NotThere { .. } => "not_there",
            Self::Interrupted { .. } => "interrupted",
            Self::NothingAvailable => "nothing_available",
            Self::LeasesOff => "leases_off",
            Self::NotApproved { .. } => "not_approved",
            Self::Hooks(_) => "hooks_blocked",
            Self::AgentFile { .. } => "agent_file",
            Self::Worktree(blocker) => blocker.code(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => storage::code(error),
            Self::Git(_) => "git_failed",
            Self::Github(error) => error.code(),
            Self::Demo(_) => "demo_failed",
        }
    }

    /// What programs may want to know.
    pub(crate) fn details(&self) -> Value {
        match self {
            Self::Id(IdError::Ambiguous { candidates, .. }) => json!({ "candidates": candidates }),
            Self::Held { lease, lease_status } => json!({
                "issue_id": lease.issue_id, "lease_id": lease.lease_id, "agent_id": lease.holder.agent_id,
                "worktree_id": lease.holder.worktree_id, "remaining_secs": lease_status.left_ms().map(|ms| ms.div_ceil(1000)),
            }),
            Self::Lost { lease_id, successor, .. } => {
                json!({ "lease_id": lease_id, "agent_id": successor.as_ref().map(|lease| &lease.holder.agent_id) })
            }
            Self::Over { lease } => json!({ "issue_id": lease.issue_id, "lease_id": lease.lease_id }),
            Self::TooManyIndefinite { limit, leases, .. } => {
                json!({ "limit": limit, "leases": leases.iter().map(|lease| &lease.lease_id).collect::<Vec<_>>() })
            }
            Self::KeptAlive { pid } => json!({ "pid": pid }),
            Self::AgentFile { path, .. } => json!({ "file": path }),
            Self::Policy { finding } => json!({ "issue_id": finding.issue() }),
            Self::OwnEdits { issue, commit, .. } => json!({ "issue_id": issue, "commit": commit }),
            Self::Gated { issue, gates } => json!({ "issue_id": issue, "gates": gates }),
            Self::Deleted { issue } => json!({ "issue_id": issue }),
            Self::Cycle { path } => json!({ "path": path }),
            Self::NoSuchGate { known, .. } => json!({ "known": known }),
            Self::Plan { problems } => json!({ "problems": problems }),
            Self::Store(store::Error::Git(git::Error::Corrupt { path, .. })) => {
                json!({ "file": path.display().to_string(), "line": null })
            }
            Self::Store(store::Error::Corrupt { path, line, .. }) => json!({ "file": path.display().to_string(), "line": line }),
            _ => json!({}),
        }
    }

    /// Whether the same command may succeed later without anything being changed.
    pub(crate) fn is_retryable(&self) -> bool {
        match self {
            Self::Held { .. } => true,
            Self::Github(error) => error.is_retryable(),
            error => error.status() == ExitStatus::Busy,
        }
    }
}

fn of_finding(finding: &Finding) -> ExitStatus {
    match finding {
        Finding::HeldByOther { .. } => ExitStatus::Held,
        Finding::Unleased { .. } | Finding::Lapsed { .. } | Finding::Stale { .. } | Finding::HeldUnderOtherName { .. } => {
            ExitStatus::NoLease
        }
        Finding::Invalid { .. } => ExitStatus::Invalid,
        Finding::NoLedger { .. } | Finding::Unreadable { .. } => ExitStatus::Broken,
        _ => ExitStatus::Refused,
    }
}
