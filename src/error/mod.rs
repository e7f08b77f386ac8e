//! The errors that a command can end with: its own, and those of the layers below, which describe themselves.

#![deny(clippy::wildcard_enum_match_arm)]

use serde_json::json;

use crate::actor;
use crate::domain::id::{IdError, IssueId};
use crate::domain::issue::InvalidIssue;
use crate::domain::lease::{LeaseRefusal, no_such_lease};
use crate::domain::policy::Finding;
use crate::domain::tracker::plan::PlanProblem;
use crate::enforce;
use crate::enforce::message;
use crate::exit::ExitStatus::{Busy, Invalid, NotFound, Refused, Usage};
use crate::exit::{Diagnose, Diagnosis};
use crate::forge::github;
use crate::git::range::NoRange;
use crate::git::{self, run};
use crate::hooks::install;
use crate::lease;
use crate::store;
use crate::worktree::{self, Blocker};

/// Why a command failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// The command line parses, but its arguments do not fit together.
    #[error("{what}")]
    Usage {
        /// What is wrong.
        what: String,
        /// What to type instead; may be empty.
        hint: String,
    },
    /// The edits to adopt were committed by the agent that adopts them.
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
    /// No lease has this id, and no lease is on an issue of this name.
    #[error("no lease '{named}'")]
    NoSuchLease {
        /// The name that was typed.
        named: String,
    },
    /// A process keeps this worktree's leases alive already.
    #[error("leases of this worktree are kept alive already{}", pid.map(|pid| format!(", by process {pid}")).unwrap_or_default())]
    KeptAlive {
        /// The process.
        pid: Option<u32>,
    },
    /// The policy refuses it.
    #[error("{}", message::block(finding).what)]
    Policy {
        /// The finding.
        finding: Box<Finding>,
    },
    /// Something else must be done first.
    #[error("issue {} cannot be {state}: {why}", issue.short())]
    NotYet {
        /// The issue.
        issue: IssueId,
        /// The state that was asked for.
        state: &'static str,
        /// What must be done first.
        why: String,
        /// How to do it.
        hint: String,
    },
    /// The issue is now gated instead of done.
    #[error("issue {} is gated, not done: these gates have not passed: {}", issue.short(), gates.join(", "))]
    Gated {
        /// The issue.
        issue: IssueId,
        /// The gates.
        gates: Vec<String>,
    },
    /// The issue was deleted.
    #[error("issue {} was deleted", issue.short())]
    Deleted {
        /// The issue.
        issue: IssueId,
    },
    /// A dependency would make issues wait for each other.
    #[error("that would be a cycle: {}", in_order(path))]
    Cycle {
        /// From the issue along what it waits for, back to the issue.
        path: Vec<IssueId>,
    },
    /// No gate has this key.
    #[error("no gate '{key}'")]
    NoSuchGate {
        /// The key that was typed.
        key: String,
        /// The keys of all gates.
        known: Vec<String>,
    },
    /// A plan cannot be imported.
    #[error("the plan has {}, and nothing was written", in_words(problems.len(), "problem"))]
    Plan {
        /// All of them.
        problems: Vec<PlanProblem>,
    },
    /// The command needs all issues, and some cannot be read.
    #[error("{} cannot be read, and {why}: {first}", in_words(*count, "issue"))]
    Unreadable {
        /// How many.
        count: usize,
        /// What is wrong with the first of them.
        first: String,
        /// Why that matters.
        why: &'static str,
    },
    /// The user interrupted the command.
    #[error("interrupted: {what}")]
    Interrupted {
        /// The effect of that.
        what: &'static str,
    },
    /// No issue is available.
    #[error("no issue is available")]
    NothingAvailable,
    /// A thing that was named does not exist.
    #[error("no {what} '{name}'")]
    NotThere {
        /// The kind of thing.
        what: &'static str,
        /// The name that was typed.
        name: String,
        /// What to do instead.
        hint: String,
    },
    /// The repository has a command that its user has not approved.
    #[error("the repository's {what} is not run before you allow it: {command}")]
    NotApproved {
        /// The setting.
        what: String,
        /// Its value.
        command: String,
    },
    /// `[worktree] mode = "off"`.
    #[error("leases are switched off here: [worktree] mode = \"off\" in .jit/config.toml")]
    LeasesOff,
    /// A file for coding agents cannot be changed.
    #[error("{path}: {why}")]
    AgentFile {
        /// The file.
        path: String,
        /// What is wrong.
        why: String,
        /// What to do.
        hint: String,
    },
    /// A step of the demonstration failed.
    #[error("the demonstration failed: {0}")]
    Demo(String),
    #[error(transparent)]
    Id(#[from] IdError),
    #[error(transparent)]
    NoRange(#[from] NoRange),
    #[error(transparent)]
    InvalidIssue(#[from] InvalidIssue),
    #[error(transparent)]
    Lease(#[from] LeaseRefusal),
    #[error(transparent)]
    Leases(#[from] lease::Error),
    #[error(transparent)]
    Hooks(#[from] install::Error),
    #[error(transparent)]
    Enforce(#[from] enforce::Error),
    #[error(transparent)]
    Worktree(#[from] worktree::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
    #[error(transparent)]
    Git(#[from] git::Error),
    #[error(transparent)]
    Github(#[from] github::Error),
    #[error(transparent)]
    Actor(#[from] actor::Error),
}

impl From<run::Error> for Error {
    fn from(error: run::Error) -> Self {
        Self::Git(error.into())
    }
}

impl From<Blocker> for Error {
    fn from(blocker: Blocker) -> Self {
        Self::Worktree(blocker.into())
    }
}

impl Diagnose for Error {
    #[expect(clippy::too_many_lines, reason = "one exhaustive match, so that no error is forgotten")]
    fn diagnosis(&self) -> Diagnosis {
        let new = Diagnosis::new;
        match self {
            Self::Usage { hint, .. } => new("usage", Usage).hint(hint),
            Self::OwnEdits { issue, commit, .. } => new("own_edits", Refused)
                .hint(format!("To take responsibility for it: git jit claim acquire {}, then push", issue.short()))
                .hint("Only edits of others can be adopted")
                .data(json!({ "issue_id": issue, "commit": commit })),
            Self::NoSuchLease { .. } => no_such_lease(),
            Self::KeptAlive { pid } => new("kept_alive", Busy)
                .hint("To end that process: git jit claim keepalive --stop, or kill it")
                .data(json!({ "pid": pid })),
            Self::Policy { finding } => finding.diagnosis(),
            Self::NotYet { hint, .. } => new("not_yet", Refused).hint(hint),
            Self::Gated { issue, gates } => new("gated", Refused)
                .hint(format!("To run the automated ones: git jit gate check-all {}", issue.short()))
                .hint(format!("To see what each waits for: git jit gate status {}", issue.short()))
                .data(json!({ "issue_id": issue, "gates": gates })),
            Self::Deleted { issue } => new("deleted", Refused)
                .hint(format!("To restore it: git jit issue restore {}", issue.short()))
                .data(json!({ "issue_id": issue })),
            Self::Cycle { path } => new("cycle", Refused)
                .hints(path.first().map(|id| format!("To see what waits for what: git jit graph deps {} --depth 0", id.short())))
                .data(json!({ "path": path })),
            Self::NoSuchGate { key, known } => new("gate_not_found", NotFound)
                .hints(similar(key, known).map(|known| format!("Did you mean '{known}'?")))
                .hint("To see the gates: git jit gate list. To define one: git jit gate define")
                .data(json!({ "known": known })),
            Self::Plan { problems } => new("invalid_plan", Invalid)
                .hints(problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.what)))
                .hint("Fix that, and try it with --dry-run")
                .data(json!({ "problems": problems })),
            Self::Unreadable { .. } => new("issues_unreadable", Invalid).hint("To see all of them: git jit doctor"),
            Self::Interrupted { .. } => Diagnosis::interrupted(),
            Self::NothingAvailable => new("nothing_available", NotFound)
                .hint("To see what is held and what is blocked: git jit claim list, git jit query blocked"),
            Self::NotThere { hint, .. } => new("not_there", NotFound).hint(hint),
            Self::NotApproved { .. } => new("not_approved", Refused).hint("If you trust it: git jit worktree approve"),
            Self::LeasesOff => new("leases_off", Refused).hint("To use leases: set mode = \"auto\" there, and commit it"),
            Self::AgentFile { path, hint, .. } => new("agent_file", Refused).hint(hint).data(json!({ "file": path })),
            Self::Demo(_) => new("demo_failed", Refused),
            Self::Id(error) => error.diagnosis(),
            Self::NoRange(error) => error.diagnosis(),
            Self::InvalidIssue(error) => error.diagnosis(),
            Self::Lease(refusal) => refusal.diagnosis(),
            Self::Leases(error) => error.diagnosis(),
            Self::Hooks(error) => error.diagnosis(),
            Self::Enforce(error) => error.diagnosis(),
            Self::Worktree(error) => error.diagnosis(),
            Self::Store(error) => error.diagnosis(),
            Self::Git(error) => error.diagnosis(),
            Self::Github(error) => error.diagnosis(),
            Self::Actor(error) => error.diagnosis(),
        }
    }
}

/// The keys that resemble the one that was typed.
fn similar<'k>(key: &'k str, known: &'k [String]) -> impl Iterator<Item = &'k String> {
    known.iter().filter(move |known| strsim::normalized_damerau_levenshtein(known, key) > 0.6)
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
