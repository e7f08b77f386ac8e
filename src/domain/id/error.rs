//! Why a text does not name an id.

#![deny(clippy::wildcard_enum_match_arm)]

use serde_json::json;

use crate::domain::id::{IssueId, SHORTEST_PREFIX};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// Why a text does not name exactly one id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdError {
    /// It cannot be an id of this kind.
    #[error("'{text}' is not a valid {kind}: want {want}")]
    Malformed {
        /// What was expected, in words.
        kind: &'static str,
        /// What was given.
        text: String,
        /// The form that is accepted.
        want: &'static str,
    },
    /// A prefix below [`SHORTEST_PREFIX`] digits.
    #[error("'{text}' is too short for an issue id: give at least {SHORTEST_PREFIX} digits")]
    TooShort {
        /// What was given.
        text: String,
    },
    /// No issue begins with it.
    #[error("no issue '{text}'")]
    NoSuchIssue {
        /// What was given.
        text: String,
    },
    /// Several issues begin with it.
    #[error("'{text}' matches {} issues", candidates.len())]
    Ambiguous {
        /// What was given.
        text: String,
        /// All of them, sorted.
        candidates: Vec<IssueId>,
    },
}

impl Diagnose for IdError {
    fn diagnosis(&self) -> Diagnosis {
        const ALL: &str = "To see all issues: git jit issue list";
        match self {
            Self::NoSuchIssue { .. } => Diagnosis::new("issue_not_found", ExitStatus::NotFound).hint(ALL),
            Self::Ambiguous { candidates, .. } => Diagnosis::new("issue_ambiguous", ExitStatus::Usage)
                .hint("Give more digits of one of these:")
                .hints(candidates.iter().map(|id| format!("  {id}")))
                .data(json!({ "candidates": candidates })),
            Self::Malformed { .. } | Self::TooShort { .. } => Diagnosis::new("malformed_id", ExitStatus::Usage).hint(ALL),
        }
    }
}
