//! Enforcement: collect the facts, ask `domain::policy`, word the refusal.
//!
//! The same judgement serves both hooks and every command that writes an issue. A fact that cannot be
//! read is a finding of its own: refused in `strict`, said in `warn`, silent in `off`. No process is started
//! unless two sides of a merge changed one file, or the index is split.

pub(crate) mod adopt;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod expected_merge;
pub(crate) mod judge;
pub(crate) mod message;
pub(crate) mod policy;
pub(crate) mod progress;
pub(crate) mod provenance;
pub(crate) mod publication;
pub(crate) mod recorded;

use crate::domain::policy::{Enforcement, Finding, Policy};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// What a hook has found, and what follows from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// What the policy refuses.
    pub refused: Vec<Finding>,
    /// What the policy only reports.
    pub reported: Vec<Finding>,
    /// Why the policy counts as strict where it does not say so: what of it cannot be read, each a place and a reason.
    pub unreadable: Vec<(String, String)>,
}

impl Verdict {
    /// Sorts findings by what the policy makes of them.
    pub(crate) fn of(policy: &Policy, findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut verdict = Self::pass();
        for finding in findings {
            match policy.outcome(&finding) {
                Enforcement::Off => {}
                Enforcement::Warn => verdict.reported.push(finding),
                Enforcement::Strict => verdict.refused.push(finding),
            }
        }
        if policy.enforcement != Enforcement::Strict && !verdict.refused.is_empty() {
            verdict.unreadable.clone_from(&policy.unreadable);
        }
        verdict
    }

    /// Refused without asking any policy.
    pub(crate) fn refuse(finding: Finding) -> Self {
        Self { refused: vec![finding], ..Self::pass() }
    }

    /// Nothing was found.
    pub(crate) fn pass() -> Self {
        Self { refused: Vec::new(), reported: Vec::new(), unreadable: Vec::new() }
    }
}

/// Why a hook could not come to a verdict.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A file or an object.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// Who keeps the leases.
    #[error(transparent)]
    Coordinator(#[from] crate::lease::coordinator::Error),
    /// Git.
    #[error(transparent)]
    Git(#[from] crate::git::run::Error),
    /// Who acts.
    #[error(transparent)]
    Actor(#[from] crate::actor::Error),
    /// A hook that cannot be installed or removed.
    #[error(transparent)]
    Obstacle(#[from] crate::hooks::install::Obstacle),
    /// What Git sent on stdin.
    #[error("cannot understand what git says is pushed: {0:?}")]
    Input(String),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Store(error) => error.diagnosis(),
            Self::Coordinator(error) => error.diagnosis(),
            Self::Git(error) => error.diagnosis(),
            Self::Actor(error) => error.diagnosis(),
            Self::Obstacle(obstacle) => obstacle.diagnosis(),
            Self::Input(_) => Diagnosis::new("usage", ExitStatus::Usage),
        }
    }
}

impl From<crate::git::Error> for Error {
    fn from(error: crate::git::Error) -> Self {
        match error {
            crate::git::Error::Run(error) => Self::Git(error),
            error => Self::Store(error.into()),
        }
    }
}

/// The result of a hook's work.
pub(crate) type Result<T> = std::result::Result<T, Error>;
