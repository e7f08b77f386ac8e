//! Enforcement: who may edit an issue, decided for hooks and for commands alike.
//!
//! A change is judged in three steps: [`gather`] reads the facts, [`judge`] decides by them alone, [`message`] words the report.
//! A fact that cannot be read is a finding of its own: refused under `strict`, reported under `warn`, ignored under `off`. No
//! process is started unless two sides of a merge changed one file, or the index is split.

pub(crate) mod adopt;
pub(crate) mod change;
pub(crate) mod check;
pub(crate) mod commits;
pub(crate) mod expected_merge;
pub(crate) mod file_history;
pub(crate) mod gather;
pub(crate) mod judge;
pub(crate) mod message;
pub(crate) mod path_kind;
pub(crate) mod policy;
pub(crate) mod policy_edit;
pub(crate) mod progress;
pub(crate) mod provenance;
pub(crate) mod publication;
pub(crate) mod recorded;

use std::collections::HashSet;

use crate::domain::policy::{Enforcement, Finding, Policy};
use crate::exit::{Diagnose, Diagnosis};

/// The findings about a commit or a push, sorted by the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Verdict {
    /// What the policy refuses.
    pub refused: Vec<Finding>,
    /// What the policy only reports.
    pub reported: Vec<Finding>,
    /// The places whose policy cannot be read, each with the reason; set only if the policy counts as strict because of them.
    pub unreadable: Vec<(String, String)>,
}

impl Verdict {
    /// Sorts findings by the policy.
    pub(crate) fn of(policy: &Policy, findings: impl IntoIterator<Item = Finding>) -> Self {
        let mut verdict = Self::default();
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

    /// The same for many commits: keeps the first finding of each kind for an issue or a file.
    pub(crate) fn of_commits(policy: &Policy, findings: Vec<Finding>) -> Self {
        let mut seen: HashSet<(&'static str, String)> = HashSet::new();
        let key = |finding: &Finding| {
            let about = match finding {
                Finding::Invalid { path, .. } | Finding::OffBase { path, .. } => path.clone(),
                Finding::Rewinds { branch, .. } => branch.clone(),
                other => other.issue().map(|issue| issue.to_string()).unwrap_or_default(),
            };
            (finding.code(), about)
        };
        Self::of(policy, findings.into_iter().filter(|finding| seen.insert(key(finding))))
    }

    /// Refuses without asking any policy.
    pub(crate) fn refuse(finding: Finding) -> Self {
        Self { refused: vec![finding], ..Self::default() }
    }
}

/// Why changes could not be judged.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Leases(#[from] crate::lease::Error),
    #[error(transparent)]
    Git(#[from] crate::git::run::Error),
    #[error(transparent)]
    Actor(#[from] crate::actor::Error),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Store(error) => error.diagnosis(),
            Self::Leases(error) => error.diagnosis(),
            Self::Git(error) => error.diagnosis(),
            Self::Actor(error) => error.diagnosis(),
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

/// The result of judging, or of reading what is judged.
pub(crate) type Result<T> = std::result::Result<T, Error>;
