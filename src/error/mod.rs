//! What a command can fail with: data here, sentences in one place, an exit status and a next step each.

mod hints;
mod meaning;
mod storage;

use crate::actor;
use crate::domain::id::{AgentId, Holder, IdError, IssueId, LeaseId};
use crate::domain::issue::InvalidIssue;
use crate::domain::lease::{Lease, LeaseOutcome, LeaseRefusal, LeaseStatus};
use crate::domain::policy::Finding;
use crate::domain::tracker::plan::PlanProblem;
use crate::enforce;
use crate::enforce::message;
use crate::forge::github;
use crate::git::range::NoRange;
use crate::git::{self, run};
use crate::hooks::install::{self, Obstacle};
use crate::lease::coordinator;
use crate::store;
use crate::worktree;
use crate::worktree::Blocker;

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
    /// A range that names no commits.
    #[error(transparent)]
    NoRange(#[from] NoRange),
    /// What is to be adopted was made by whoever wants to adopt it.
    #[error(
        "commit {} edits issue {} without a lease, and is yours{}",
        &commit[..commit.len().min(10)],
        issue.short(),
        if *more > 0 { format!(", and {more} more") } else { String::new() }
    )]
    OwnEdits {
        /// The first of the issues.
        issue: IssueId,
        /// The first of the commits.
        commit: String,
        /// How many more edits there are.
        more: usize,
    },
    /// A value that an issue cannot have.
    #[error(transparent)]
    InvalidIssue(#[from] InvalidIssue),
    /// Somebody else has the issue.
    #[error("issue {} is held by {} {}", lease.issue_id.short(), lease.holder, message::until(*lease_status))]
    Held {
        /// Their lease.
        lease: Box<Lease>,
        /// How it stands.
        lease_status: LeaseStatus,
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
    /// The lease was the caller's, and is not any more.
    #[error("lease {lease_id} is lost: {}", message::outcome(outcome, successor.as_deref()))]
    Lost {
        /// Which one.
        lease_id: LeaseId,
        /// How it ended.
        outcome: Box<LeaseOutcome>,
        /// Who has the issue now, where somebody has.
        successor: Option<Box<Lease>>,
    },
    /// The lease is over.
    #[error("lease {} on issue {} is over", lease.lease_id, lease.issue_id.short())]
    Over {
        /// The lease.
        lease: Box<Lease>,
    },
    /// Somebody keeps this worktree's leases alive already.
    #[error("leases of this worktree are kept alive already{}", pid.map(|pid| format!(", by process {pid}")).unwrap_or_default())]
    KeptAlive {
        /// Who.
        pid: Option<u32>,
    },
    /// A lease without an end wants to be explained.
    #[error("a lease without an end wants a reason")]
    NoReason,
    /// There are as many leases without an end as there may be.
    #[error("{} at most {} without an end, and has {}", agent.as_ref().map_or("this repository may have".to_owned(), |agent| format!("{agent} may have")), in_words(usize::try_from(*limit).unwrap_or(usize::MAX), "lease"), leases.len())]
    TooManyIndefinite {
        /// Of whom; nobody in particular for the limit of the repository.
        agent: Option<AgentId>,
        /// The limit.
        limit: u64,
        /// Them.
        leases: Vec<Lease>,
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
    #[error("the plan has {}, and nothing was written", in_words(problems.len(), "problem"))]
    Plan {
        /// All of them.
        problems: Vec<PlanProblem>,
    },
    /// What is asked for wants all issues, and some cannot be read.
    #[error("{} cannot be read, and {why}: {first}", in_words(*count, "issue"))]
    Unreadable {
        /// How many.
        count: usize,
        /// What is wrong with the first of them.
        first: String,
        /// Why that matters.
        why: &'static str,
    },
    /// The user ended it.
    #[error("interrupted: {what}")]
    Interrupted {
        /// What came of that.
        what: &'static str,
    },
    /// There is no issue that could be taken.
    #[error("no issue is available")]
    NothingAvailable,
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
    /// The repository wants to run something that its user has not allowed.
    #[error("the repository's {what} is not run before you allow it: {command}")]
    NotApproved {
        /// Which setting.
        what: String,
        /// What it says.
        command: String,
    },
    /// `[worktree] mode = "off"`.
    #[error("leases are switched off here: [worktree] mode = \"off\" in .jit/config.toml")]
    LeasesOff,
    /// A file that agents read is left alone.
    #[error("{path}: {why}")]
    AgentFile {
        /// Which one.
        path: String,
        /// What is wrong.
        why: String,
        /// What to do.
        hint: String,
    },
    /// A hook cannot be installed or removed.
    #[error(transparent)]
    Hooks(Obstacle),
    /// A worktree cannot be made or removed.
    #[error(transparent)]
    Worktree(#[from] Blocker),
    /// A file or an object.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// Git.
    #[error(transparent)]
    Git(#[from] run::Error),
    /// GitHub.
    #[error(transparent)]
    Github(#[from] github::Error),
    /// Who acts.
    #[error(transparent)]
    Actor(#[from] actor::Error),
    /// A step of the demonstration did not come out as told.
    #[error("the demonstration failed: {0}")]
    Demo(String),
}

impl From<git::Error> for Error {
    fn from(error: git::Error) -> Self {
        match error {
            git::Error::Run(error) => Self::Git(error),
            error => Self::Store(error.into()),
        }
    }
}

impl From<enforce::Error> for Error {
    fn from(error: enforce::Error) -> Self {
        match error {
            enforce::Error::Store(error) => Self::Store(error),
            enforce::Error::Coordinator(error) => error.into(),
            enforce::Error::Git(error) => Self::Git(error),
            enforce::Error::Actor(error) => Self::Actor(error),
        }
    }
}

impl From<install::Error> for Error {
    fn from(error: install::Error) -> Self {
        match error {
            install::Error::Store(error) => Self::Store(error),
            install::Error::Git(error) => Self::Git(error),
            install::Error::Obstacle(obstacle) => Self::Hooks(obstacle),
        }
    }
}

impl From<worktree::Error> for Error {
    fn from(error: worktree::Error) -> Self {
        match error {
            worktree::Error::Blocker(blocker) => Self::Worktree(blocker),
            worktree::Error::Lease(refusal) => refusal.into(),
            worktree::Error::Interrupted => Self::Interrupted { what: "what was made has been taken back" },
            worktree::Error::Store(error) => Self::Store(error),
            worktree::Error::Coordinator(error) => error.into(),
            worktree::Error::Git(error) => Self::Git(error),
        }
    }
}

impl From<coordinator::Error> for Error {
    fn from(error: coordinator::Error) -> Self {
        match error {
            coordinator::Error::Lost { lease_id, outcome, successor } => Self::Lost { lease_id, outcome, successor },
            coordinator::Error::Unknown { source } => Self::Store(store::Error::Unsure { source: Box::new(source) }),
            coordinator::Error::Unavailable(error) => Self::Store(error),
        }
    }
}

impl From<LeaseRefusal> for Error {
    fn from(refusal: LeaseRefusal) -> Self {
        match refusal {
            LeaseRefusal::Held { lease, lease_status } => Self::Held { lease, lease_status },
            LeaseRefusal::NoSuchLease { lease_id } => Self::NoSuchLease { named: lease_id.to_string() },
            LeaseRefusal::NotTheHolder { lease, holder } => Self::NotTheHolder { lease, holder },
            LeaseRefusal::Over { lease } => Self::Over { lease },
            LeaseRefusal::NoReason => Self::NoReason,
            LeaseRefusal::TooMany { agent, limit, leases } => Self::TooManyIndefinite { agent, limit, leases },
        }
    }
}

fn in_words(number: usize, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

fn in_order(path: &[IssueId]) -> String {
    let short = |ids: &[IssueId]| ids.iter().map(IssueId::short).collect::<Vec<_>>().join(" waits for ");
    match path.len() {
        0..=8 => short(path),
        all => format!("{} waits for … waits for {} ({all} in all)", short(&path[..4]), short(&path[all - 3..])),
    }
}
