//! What a command can fail with: data here, sentences in one place, an exit status and a next step each.

use serde_json::{Value, json};

use crate::domain::id::{Holder, IdError, IssueId};
use crate::domain::issue::InvalidIssue;
use crate::domain::lease::{Lease, Refusal, Standing};
use crate::domain::policy::Finding;
use crate::exit::ExitStatus;
use crate::hook::install::Obstacle;
use crate::hook::message;
use crate::worktree::Hindrance;
use crate::{actor, git, hook, store, worktree};

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
            Self::Id(IdError::NoSuchIssue { .. }) | Self::NoSuchLease { .. } => ExitStatus::NotFound,
            Self::Usage { .. } | Self::Id(_) | Self::InvalidIssue(_) | Self::Actor(actor::Error::Malformed { .. }) => {
                ExitStatus::Usage
            }
            Self::Held { .. } | Self::NotTheHolder { .. } => ExitStatus::Held,
            Self::Policy { finding } => of_finding(finding),
            Self::NotYet { .. } | Self::LeasesOff | Self::Hooks(_) | Self::Demo(_) => ExitStatus::Refused,
            Self::Worktree(hindrance) => hindrance.status(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => of_store(error),
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
            Self::LeasesOff => "leases_off",
            Self::Hooks(_) => "hooks_blocked",
            Self::Worktree(hindrance) => hindrance.code(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => store_code(error),
            Self::Git(_) => "git_failed",
            Self::Demo(_) => "demo_failed",
        }
    }

    /// What to do next, each a line.
    pub(crate) fn hints(&self) -> Vec<String> {
        match self {
            Self::Usage { hint, .. } | Self::NotYet { hint, .. } => {
                vec![hint.clone()].into_iter().filter(|hint| !hint.is_empty()).collect()
            }
            Self::Id(IdError::Ambiguous { candidates, .. }) => {
                let mut hints = vec!["Give more digits of one of these:".to_owned()];
                hints.extend(candidates.iter().map(|id| format!("  {id}")));
                hints
            }
            Self::Id(IdError::NoSuchIssue { .. }) => vec!["To see all issues: git jit issue list".to_owned()],
            Self::Held { lease, .. } => vec![
                format!("To see when it ends: git jit claim status --issue {}", lease.issue_id.short()),
                "To find other work: git jit query available".to_owned(),
            ],
            Self::NoSuchLease { .. } => vec!["To see the leases: git jit claim list".to_owned()],
            Self::NotTheHolder { lease, holder } if lease.holder.worktree_id == holder.worktree_id => {
                vec![format!("To act as its holder: export JIT_AGENT_ID={}", lease.holder.agent_id)]
            }
            Self::NotTheHolder { lease, .. } => vec![format!("Its holder works in worktree {}", lease.holder.worktree_id)],
            Self::Policy { finding } => message::block(finding).next,
            Self::LeasesOff => vec!["To use leases: set mode = \"auto\" there, and commit it".to_owned()],
            Self::Hooks(obstacle) => of_obstacle(obstacle),
            Self::Worktree(hindrance) => hindrance.hints(),
            Self::Store(error) | Self::Actor(actor::Error::Store(error)) => of_store_hints(error),
            _ => Vec::new(),
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

fn of_store_hints(error: &store::Error) -> Vec<String> {
    use std::io::ErrorKind;
    let hint = match error {
        store::Error::NoRepository { .. } => "To make one: git init".to_owned(),
        store::Error::NoWorktree { .. } => "To find a worktree: git worktree list".to_owned(),
        store::Error::Busy { .. } | store::Error::Contended { .. } => "Try again in a moment".to_owned(),
        store::Error::Io { source, .. } if source.kind() == ErrorKind::PermissionDenied => {
            "To see who may write there: ls -ld, on the folder that it is in".to_owned()
        }
        store::Error::Io { source, .. } if source.kind() == ErrorKind::StorageFull => {
            "Nothing was lost: free some space and repeat it".to_owned()
        }
        store::Error::Corrupt { path, .. } if is_issue(path) => {
            "To see what was committed last: git log -p, on that file".to_owned()
        }
        store::Error::Corrupt { .. } => "Put it right by hand, or set it aside: docs/storage.md says what it holds".to_owned(),
        store::Error::Io { .. } | store::Error::Git { .. } => return Vec::new(),
    };
    vec![hint]
}

fn of_store(error: &store::Error) -> ExitStatus {
    match error {
        store::Error::NoRepository { .. } | store::Error::NoWorktree { .. } => ExitStatus::NotFound,
        store::Error::Corrupt { path, .. } if is_issue(path) => ExitStatus::Invalid,
        store::Error::Io { .. } | store::Error::Git { .. } | store::Error::Corrupt { .. } => ExitStatus::Broken,
        store::Error::Busy { .. } | store::Error::Contended { .. } => ExitStatus::Busy,
    }
}

/// Data of the user's that does not parse is invalid; files of ours that do not are broken.
fn is_issue(path: &std::path::Path) -> bool {
    path.file_name().is_some_and(|name| IssueId::from_file_name(name.as_encoded_bytes()).is_some())
}

fn store_code(error: &store::Error) -> &'static str {
    match error {
        store::Error::NoRepository { .. } => "no_repository",
        store::Error::NoWorktree { .. } => "no_worktree",
        store::Error::Io { .. } => "io",
        store::Error::Git { .. } => "git_unreadable",
        store::Error::Corrupt { path, .. } if is_issue(path) => "invalid_issue_file",
        store::Error::Corrupt { .. } => "corrupt",
        store::Error::Busy { .. } => "busy",
        store::Error::Contended { .. } => "contended",
    }
}

fn of_obstacle(obstacle: &Obstacle) -> Vec<String> {
    match obstacle {
        Obstacle::Foreign { stanza, .. } => vec![
            "To call ours from it, add this line where nothing after it stages anything, before it exits:".to_owned(),
            format!("  {stanza}"),
            "Then run git jit hooks install again".to_owned(),
        ],
        Obstacle::Relative { absolute, .. } => {
            vec![format!("To have one place for all worktrees: git config --local core.hooksPath '{}'", absolute.display())]
        }
        Obstacle::Edited { path } => vec![format!("Remove {} by hand once nothing in it is missed", path.display())],
        Obstacle::Shared { .. } => vec![
            "For this repository alone: git config --local core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"".to_owned(),
            "For all of them: call jit-pre-commit and jit-pre-push from the hooks there".to_owned(),
            "Or take the setting away: git config --global --unset core.hooksPath".to_owned(),
        ],
        Obstacle::Reftable => vec!["To use the other form: git refs migrate --ref-format=files".to_owned()],
        Obstacle::NoBinary { binary } => vec![format!("To install it: put {binary} beside git-jit, or run install.sh again")],
    }
}
