//! Errors of parsing and resolving ids.

#![deny(clippy::wildcard_enum_match_arm)]

use serde_json::json;

use crate::domain::id::{IssueId, SHORTEST_PREFIX};
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

/// Why a text is not an id, or not the prefix of exactly one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum IdError {
    /// The text cannot be an id of this kind.
    #[error("invalid {kind} '{text}': expected {want}")]
    Malformed {
        kind: &'static str,
        text: String,
        /// The accepted form.
        want: &'static str,
    },
    /// The prefix has fewer than [`SHORTEST_PREFIX`] digits.
    #[error("issue id prefix '{text}' is too short: give at least {SHORTEST_PREFIX} digits")]
    TooShort { text: String },
    /// No issue id starts with the prefix.
    #[error("no issue '{text}'")]
    NoSuchIssue { text: String },
    /// Several issue ids start with the prefix.
    #[error("'{text}' matches {} issues", candidates.len())]
    Ambiguous {
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
