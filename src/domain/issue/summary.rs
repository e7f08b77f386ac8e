//! The parts of an issue that a listing needs: small, and quick to read from a cache.

use crate::domain::id::IssueId;
use crate::domain::issue::{Issue, Priority, State};

/// An issue without its long texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    pub id: IssueId,
    /// One line.
    pub title: String,
    /// The stored state.
    pub state: State,
    pub priority: Priority,
    /// The agent or person who should do the work.
    pub assignee: Option<String>,
    /// Labels of the form `namespace:value`.
    pub labels: Vec<String>,
    /// Ids of the issues that must be closed first.
    pub dependencies: Vec<String>,
    /// The time of creation as in the file; empty if it is missing.
    pub created_at: String,
    /// Whether the file is a tombstone.
    pub is_deleted: bool,
}

impl From<&Issue> for Summary {
    fn from(issue: &Issue) -> Self {
        Self {
            id: issue.id,
            title: issue.title.clone(),
            state: issue.state,
            priority: issue.priority,
            assignee: issue.assignee.clone(),
            labels: issue.labels.clone(),
            dependencies: issue.dependencies.clone(),
            created_at: issue.text("created_at").unwrap_or_default().to_owned(),
            is_deleted: issue.is_deleted(),
        }
    }
}
