//! What a listing needs of an issue: small, and quick to read back from a cache.

use crate::domain::id::IssueId;
use crate::domain::issue::{Issue, Priority, State};

/// An issue without its texts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Summary {
    /// The id.
    pub id: IssueId,
    /// One line.
    pub title: String,
    /// The state as stored.
    pub state: State,
    /// The priority.
    pub priority: Priority,
    /// Whom the work is meant for.
    pub assignee: Option<String>,
    /// `namespace:value` words.
    pub labels: Vec<String>,
    /// Ids of the issues that must be closed first.
    pub dependencies: Vec<String>,
    /// When it was made, as the file has it; empty where it does not say.
    pub created_at: String,
    /// Whether it is a tombstone.
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
