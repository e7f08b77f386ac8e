//! Why a request for a lease is refused, and how a lease was lost.

#![deny(clippy::wildcard_enum_match_arm)]

use serde_json::{Value, json};

use crate::domain::id::{AgentId, Holder, LeaseId};
use crate::domain::lease::{Lease, LeaseOutcome, LeaseStatus};
use crate::domain::time::in_words;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// Why a request was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LeaseRefusal {
    /// Another holder has the issue.
    #[error("issue {} is held by {} {}", lease.issue_id.short(), lease.holder, lease_status.until())]
    Held { lease: Box<Lease>, lease_status: LeaseStatus },
    /// There is no such lease, or it has ended.
    #[error("no lease '{lease_id}'")]
    NoSuchLease { lease_id: LeaseId },
    /// The lease belongs to another holder.
    #[error("{}", of_other(lease, holder))]
    NotTheHolder { lease: Box<Lease>, holder: Holder },
    /// The lease has expired, and must be renewed before it can be transferred.
    #[error("lease {} on issue {} has expired", lease.lease_id, lease.issue_id.short())]
    Over { lease: Box<Lease> },
    /// An indefinite lease needs a reason.
    #[error("an indefinite lease (--ttl 0) requires --reason")]
    NoReason,
    /// The limit of indefinite leases is reached: of this agent, or of the repository.
    #[error("{} at most {limit} indefinite {}, and has {}", has(agent.as_ref()), if *limit == 1 { "lease" } else { "leases" }, leases.len())]
    TooMany { agent: Option<AgentId>, limit: u64, leases: Vec<Lease> },
}

fn has(agent: Option<&AgentId>) -> String {
    agent.map_or_else(|| "this repository may have".to_owned(), |agent| format!("{agent} may have"))
}

fn of_other(lease: &Lease, holder: &Holder) -> String {
    let Lease { lease_id, issue_id, holder: owner, .. } = lease;
    let issue = issue_id.short();
    if owner.agent_id == holder.agent_id {
        format!("lease {lease_id} on issue {issue} is held in your other worktree {}", owner.worktree_id)
    } else {
        format!("lease {lease_id} on issue {issue} is held by {owner}, and you are {}", holder.agent_id)
    }
}

impl Diagnose for LeaseRefusal {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Held { lease, lease_status } => Diagnosis::new("held_by_other", ExitStatus::Held)
                .hint(next_step(lease, *lease_status))
                .hint("To find other work: git jit query available")
                .data(facts(lease, *lease_status))
                .retryable(true),
            Self::NoSuchLease { .. } => no_such_lease(),
            Self::NotTheHolder { lease, holder } => {
                Diagnosis::new("not_the_holder", ExitStatus::Held).hint(if lease.holder.worktree_id == holder.worktree_id {
                    format!("To act as its holder: export JIT_AGENT_ID={}", lease.holder.agent_id)
                } else {
                    format!("To find worktree {}: git jit worktree list", lease.holder.worktree_id)
                })
            }
            Self::Over { lease } => Diagnosis::new("lease_lapsed", ExitStatus::NoLease)
                .hint(format!("To renew it: git jit claim renew {}", lease.issue_id.short()))
                .data(json!({ "issue_id": lease.issue_id, "lease_id": lease.lease_id })),
            Self::NoReason => Diagnosis::new("no_reason", ExitStatus::Usage).hint("Give the reason: --reason TEXT"),
            Self::TooMany { agent, limit, leases } => Diagnosis::new("too_many_indefinite_leases", ExitStatus::Refused)
                .hints(too_many(agent.is_some(), leases))
                .data(json!({ "limit": limit, "leases": leases.iter().map(|lease| &lease.lease_id).collect::<Vec<_>>() })),
        }
    }
}

/// The diagnosis of a lease that does not exist, by whatever name.
pub(crate) fn no_such_lease() -> Diagnosis {
    Diagnosis::new("lease_not_found", ExitStatus::NotFound).hint("To see the leases: git jit claim list")
}

/// The diagnosis of a lease that its holder lost.
pub(crate) fn lost(lease_id: &LeaseId, successor: Option<&Lease>) -> Diagnosis {
    let status = if successor.is_some() { ExitStatus::Held } else { ExitStatus::NoLease };
    Diagnosis::new("lease_lost", status)
        .hint("To see what happened: git jit claim log")
        .data(json!({ "lease_id": lease_id, "agent_id": successor.map(|lease| &lease.holder.agent_id) }))
}

fn facts(lease: &Lease, lease_status: LeaseStatus) -> Value {
    json!({
        "issue_id": lease.issue_id, "lease_id": lease.lease_id, "agent_id": lease.holder.agent_id,
        "worktree_id": lease.holder.worktree_id, "remaining_secs": lease_status.left_ms().map(|ms| ms.div_ceil(1000)),
    })
}

fn next_step(lease: &Lease, lease_status: LeaseStatus) -> String {
    let issue = lease.issue_id.short();
    if lease_status == LeaseStatus::Stale {
        format!("If its holder no longer works on it: git jit claim force-evict {issue} --reason TEXT")
    } else {
        format!("To see when it ends: git jit claim status --issue {issue}")
    }
}

fn too_many(is_of_agent: bool, leases: &[Lease]) -> Vec<String> {
    let issues = leases.iter().take(10).map(|lease| format!("  {} by {}", lease.issue_id.short(), lease.holder));
    let key = if is_of_agent { "max_indefinite_leases_per_agent" } else { "max_indefinite_leases_per_repo" };
    let more = format!("Use --ttl 2h, release one of them, or raise coordination.{key}");
    let head = Some("They are:".to_owned()).filter(|_| !leases.is_empty());
    head.into_iter().chain(issues).chain([more]).collect()
}

impl LeaseStatus {
    /// How long the holder keeps the issue, to follow "held by …".
    pub(crate) fn until(self) -> String {
        match self {
            Self::Live { left_ms } | Self::Ending { left_ms } => format!("for {} more", in_words(left_ms)),
            Self::Unobserved { at_most_ms } => format!("for at most {} more", in_words(at_most_ms)),
            Self::Lapsed => "no longer".to_owned(),
            Self::Indefinite => "indefinitely".to_owned(),
            Self::Stale => "indefinitely, and has been silent for long".to_owned(),
        }
    }
}

impl LeaseOutcome {
    /// How the lease ended, and who has the issue now.
    pub(crate) fn describe(&self, successor: Option<&Lease>) -> String {
        let end = match self {
            Self::Current(lease) => format!("it is held by {}", lease.holder),
            Self::Concluded => "it was released".to_owned(),
            Self::Lapsed => "it expired, and another agent acquired the issue".to_owned(),
            Self::Evicted { by, reason } => format!("{by} evicted it ({reason})"),
            Self::Unknown => "the log has no record of it".to_owned(),
        };
        match successor {
            Some(lease) => format!("{end}; {} holds the issue now", lease.holder),
            None => end,
        }
    }
}
