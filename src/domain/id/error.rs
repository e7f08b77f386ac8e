//! Why a text is no id.

use crate::domain::id::{IssueId, SHORTEST_PREFIX};

/// Why a text is no id, or stands for no single one.
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
    #[error("'{text}' stands for {} issues", candidates.len())]
    Ambiguous {
        /// What was given.
        text: String,
        /// All of them, sorted.
        candidates: Vec<IssueId>,
    },
}
