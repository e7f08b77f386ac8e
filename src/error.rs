//! What a command can fail with: data here, sentences in one place, an exit status and a next step each.

use serde_json::{Value, json};

use crate::domain::id::{Holder, IdError, IssueId};
use crate::domain::issue::InvalidIssue;
use crate::domain::lease::{Lease, Refusal, Standing};
use crate::domain::plan::Problem;
use crate::domain::policy::Finding;
use crate::exit::ExitStatus;
use crate::hook::install::Obstacle;
use crate::hook::message;
use crate::worktree::Hindrance;
use crate::{actor, git, hook, store, worktree};

mod hints;
mod storage;

/// Why a command did not do what it was asked to.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The words of the command line fit together for clap and not for us.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to type instead.
        hint: String,
    },
    /// An id that is none, or stands for no single issue.
    #[error(transparent)]
    Id(#[from] IdError),
    /// A value that an issue cannot have.
    #[error(transparent)]
    InvalidIssue(#[from] InvalidIssue),
    /// Somebody else has the issue.
    #[error("issue {} is held by {} {}", lease.issue_id.short(), lease.holder, message::until(*standing))]
    Held {
        /// Their lease.
        lease: Box<Lease>,
        /// How it stands.
        standing: Standing,
    },
    /// No lease goes by this name.
    #[error("no lease '{named}'")]
    NoSuchLease {
        /// What was given.
        named: String,
    },
    /// The lease is another's.
    #[error("lease {} is of {}, and you are {holder}", lease.lease_id, lease.holder)]
    NotTheHolder {
        /// The lease.
        lease: Box<Lease>,
        /// Who asked.
        holder: Holder,
    },
    /// The policy refuses it.
    #[error("{}", message::block(finding).what)]
    Policy {
        /// What was found.
        finding: Box<Finding>,
    },
    /// Something must come first.
    #[error("issue {} cannot be {state}: {why}", issue.short())]
    NotYet {
        /// Which issue.
        issue: IssueId,
        /// The state that was asked for.
        state: &'static str,
        /// What must come first.
        why: String,
        /// How.
        hint: String,
    },
    /// It is not done, and gated now.
    #[error("issue {} is gated, not done: these gates have not passed: {}", issue.short(), gates.join(", "))]
    Gated {
        /// Which issue.
        issue: IssueId,
        /// The gates.
        gates: Vec<String>,
    },
    /// It was deleted.
    #[error("issue {} was deleted", issue.short())]
    Deleted {
        /// Which issue.
        issue: IssueId,
    },
    /// A dependency would make issues wait for each other.
    #[error("that would be a cycle: {}", in_order(path))]
    Cycle {
        /// From the issue along what it waits for, back to the issue.
        path: Vec<IssueId>,
    },
    /// No gate goes by this name.
    #[error("no gate '{key}'")]
    NoSuchGate {
        /// What was given.
        key: String,
        /// The gates that there are.
        known: Vec<String>,
    },
    /// A plan cannot be made true.
    #[error("the plan has {} problems, and nothing was written", problems.len())]
    Plan {
        /// All of them.
        problems: Vec<Problem>,
    },
    /// What is asked for wants all issues, and some cannot be read.
    #[error("{count} issues cannot be read, and {why}: {first}")]
    Unreadable {
        /// How many.
        count: usize,
        /// What is wrong with the first of them.
        first: String,
        /// Why that matters.
        why: &'static str,
    },
    /// A thing that was named is not there.
    #[error("no {what} '{name}'")]
    NotThere {
        /// What it would be.
        what: &'static str,
        /// What was given.
        name: String,
        /// What to do instead.
        hint: String,
    },
    /// `[worktree] mode = "off"`.
    #[error("leases are switched off here: [worktree] mode = \"off\" in .jit/config.toml")]
    LeasesOff,
    /// A hook cannot be installed or removed.
    #[error(transparent)]
    Hooks(Obstacle),
    /// A worktree cannot be made or removed.
    #[error(transparent)]
    Worktree(#[from] Hindrance),
    /// A file or an object.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Git.
    #[error(transparent)]
    Git(#[from] git::Error),
    /// Who acts.
    #[error(transparent)]
    Actor(#[from] actor::Error),
    /// A step of the demonstration did not come out as told.
    #[error("the demonstration failed: {0}")]
    Demo(String),
}

impl From<hook::Error> for Error {
    fn from(error: hook::Error) -> Self {
        match error {
            hook::Error::Store(error) => Self::Store(error),
            hook::Error::Git(error) => Self::Git(error),
            hook::Error::Actor(error) => Self::Actor(error),
            hook::Error::Obstacle(obstacle) => Self::Hooks(obstacle),
            hook::Error::Input(text) => Self::Usage { what: text, hint: String::new() },
        }
    }
}

impl From<worktree::Error> for Error {
    fn from(error: worktree::Error) -> Self {
        match error {
            worktree::Error::Hindrance(hindrance) => Self::Worktree(hindrance),
            worktree::Error::Lease(refusal) => refusal.into(),
            worktree::Error::Store(error) => Self::Store(error),
            worktree::Error::Git(error) => Self::Git(error),
        }
    }
}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Held { lease, standing } => Self::Held { lease, standing },
            Refusal::NoSuchLease { lease_id } => Self::NoSuchLease { named: lease_id.to_string() },
            Refusal::NotTheHolder { lease, holder } => Self::NotTheHolder { lease, holder },
        }
    }
}

impl Error {
    /// The exit status.
    pub(crate) fn status(&self) -> ExitStatus {
        match self {
            Self::Id(IdError::NoSuchIssue { .. }) | Self::NoSuchLease { .. } | Self::NoSuchGate { .. } | Self::NotThere { .. } => {
                ExitStatus::NotFound
            }
            Self::Usage { .. } | Self::Id(_) | Self::InvalidIssue(_) | Self::Actor(actor::Error::Malformed { .. }) => {
                ExitStatus::Usage
            }
            Self::Held { .. } | Self::NotTheHolder { .. } => ExitStatus::Held,
            Self::Policy { finding } => of_finding(finding),
            Self::NotYet { .. }
            | Self::Gated { .. }
            | Self::Deleted { .. }
            | Self::Cycle { .. }
            | Self::LeasesOff
            | Self::Hooks(_)
            | Self::Demo(_) => ExitStatus::Refused,
            Self::Plan { .. } | Self::Unreadable { .. } => ExitStatus::Invalid,
            Self::Worktree(hindrance) => hindrance.status(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => storage::status(error),
            Self::Git(_) => ExitStatus::Broken,
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
            Self::Policy { finding } => finding.code(),
            Self::NotYet { .. } => "not_yet",
            Self::Gated { .. } => "gated",
            Self::Deleted { .. } => "deleted",
            Self::Cycle { .. } => "cycle",
            Self::NoSuchGate { .. } => "gate_not_found",
            Self::Plan { .. } => "invalid_plan",
            Self::Unreadable { .. } => "issues_unreadable",
            Self::NotThere { .. } => "not_there",
            Self::LeasesOff => "leases_off",
            Self::Hooks(_) => "hooks_blocked",
            Self::Worktree(hindrance) => hindrance.code(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => storage::code(error),
            Self::Git(_) => "git_failed",
            Self::Demo(_) => "demo_failed",
        }
    }

    /// What programs may want to know.
    pub(crate) fn details(&self) -> Value {
        match self {
            Self::Id(IdError::Ambiguous { candidates, .. }) => json!({ "candidates": candidates }),
            Self::Held { lease, standing } => json!({
                "issue_id": lease.issue_id, "lease_id": lease.lease_id, "agent_id": lease.holder.agent_id,
                "worktree_id": lease.holder.worktree_id, "remaining_secs": standing.left_ms().map(|ms| ms.div_ceil(1000)),
            }),
            Self::Policy { finding } => json!({ "issue_id": finding.issue() }),
            Self::Gated { issue, gates } => json!({ "issue_id": issue, "gates": gates }),
            Self::Deleted { issue } => json!({ "issue_id": issue }),
            Self::Cycle { path } => json!({ "path": path }),
            Self::NoSuchGate { known, .. } => json!({ "known": known }),
            Self::Plan { problems } => json!({ "problems": problems }),
            Self::Store(store::Error::Corrupt { path, line, .. }) => json!({ "file": path.display().to_string(), "line": line }),
            _ => json!({}),
        }
    }

    /// Whether the same command may succeed later without anything being changed.
    pub(crate) fn is_retryable(&self) -> bool {
        matches!(self, Self::Held { .. }) || self.status() == ExitStatus::Busy
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

fn in_order(path: &[IssueId]) -> String {
    path.iter().map(IssueId::short).collect::<Vec<_>>().join(" waits for ")
}
