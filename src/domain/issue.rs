//! The issue: its fields and their valid values. [`Document`] is the text of its file.

mod document;
mod read;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::id::IssueId;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};

pub(crate) use document::{Document, FieldChange};
pub(crate) use read::unique_json;
pub(crate) use summary::Summary;

/// The maximum length of a title, in characters.
pub(crate) const LONGEST_TITLE: usize = 400;

/// The state of an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Not ready yet.
    Backlog,
    /// Can be started once its dependencies are closed.
    Ready,
    /// Work has started.
    InProgress,
    /// Waits for its gates.
    Gated,
    /// Finished.
    Done,
    /// Will not be done.
    Rejected,
    /// Closed and hidden from listings.
    Archived,
}

impl State {
    /// Every state, in the usual order.
    pub(crate) const ALL: [Self; 7] =
        [Self::Backlog, Self::Ready, Self::InProgress, Self::Gated, Self::Done, Self::Rejected, Self::Archived];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Backlog => "backlog",
            Self::Ready => "ready",
            Self::InProgress => "in_progress",
            Self::Gated => "gated",
            Self::Done => "done",
            Self::Rejected => "rejected",
            Self::Archived => "archived",
        }
    }

    /// Parses a state, in any case, with hyphens or underscores.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether no more work is expected.
    pub(crate) fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Rejected | Self::Archived)
    }
}

/// The urgency of an issue, most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Priority {
    Critical,
    High,
    Normal,
    Low,
}

impl Priority {
    /// Every priority, most urgent first.
    pub(crate) const ALL: [Self; 4] = [Self::Critical, Self::High, Self::Normal, Self::Low];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::High => "high",
            Self::Normal => "normal",
            Self::Low => "low",
        }
    }

    /// Parses a priority, in any case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }
}

/// The content of an issue file; fields that this program does not use are in [`Issue::rest`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Issue {
    /// The id, equal to the stem of the file name.
    pub id: IssueId,
    /// One line.
    pub title: String,
    /// Any text.
    pub description: String,
    /// The stored state. The effective state is computed, see `domain::tracker::graph`.
    pub state: State,
    pub priority: Priority,
    /// The agent or person who should do the work.
    pub assignee: Option<String>,
    /// Ids of the issues that must be closed first.
    pub dependencies: Vec<String>,
    /// Keys of the required gates.
    pub gates_required: Vec<String>,
    /// The recorded result of each gate, see `domain::tracker::gate::GateRecord`.
    pub gates_status: serde_json::Map<String, Value>,
    /// Labels of the form `namespace:value`.
    pub labels: Vec<String>,
    /// Free text by key; `github` is the issue's number there.
    pub context: BTreeMap<String, Value>,
    /// All other members of the file, in their order.
    pub rest: serde_json::Map<String, Value>,
}

/// Why a text is not a valid issue file, or a value not a valid field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidIssue {
    /// The file is not UTF-8.
    #[error("not UTF-8 text")]
    NotText,
    /// The file is not JSON, or a field has the wrong type or value.
    #[error("{0}")]
    Json(String),
    /// The file has conflict markers from Git.
    #[error("has unresolved conflict markers")]
    ConflictMarkers,
    /// The id in the file differs from the file name.
    #[error("its id is {found}, but its file name says {expected}")]
    OtherId { expected: IssueId, found: IssueId },
    /// A title that is empty, too long, or contains control characters.
    #[error("invalid title: use one line of 1 to {LONGEST_TITLE} characters, without control characters")]
    Title,
    /// A label that is not `namespace:value`.
    #[error("invalid label '{0}': use namespace:value, without spaces")]
    Label(String),
}

impl Diagnose for InvalidIssue {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new("invalid_value", ExitStatus::Usage).hint("To see the fields of an issue: git jit help issue create")
    }
}

impl Issue {
    /// A text field that has no member in this type.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.rest.get(field).and_then(Value::as_str)
    }

    /// Whether the issue was deleted, so that its file is only a tombstone.
    pub(crate) fn is_deleted(&self) -> bool {
        self.rest.contains_key(DELETED_AT)
    }
}

/// The field that makes a file a tombstone: the time of the deletion.
pub(crate) const DELETED_AT: &str = "deleted_at";

/// Whether a character can disguise the text of a line: control characters, line separators, changes of the writing direction.
pub(crate) fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The title as it is stored, if it is valid.
pub(crate) fn valid_title(text: &str) -> Result<&str, InvalidIssue> {
    let title = text.trim();
    let fits = !title.is_empty() && title.chars().count() <= LONGEST_TITLE && !title.chars().any(deceives);
    if fits { Ok(title) } else { Err(InvalidIssue::Title) }
}

/// The label as it is stored, if it is valid.
pub(crate) fn valid_label(text: &str) -> Result<&str, InvalidIssue> {
    let label = text.trim();
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',');
    match label.split_once(':') {
        Some((namespace, value)) if plain(namespace) && plain(value) && label.len() <= 200 => Ok(label),
        _ => Err(InvalidIssue::Label(text.escape_debug().to_string())),
    }
}

/// The initial fields of a new issue.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub id: IssueId,
    /// A valid title.
    pub title: String,
    /// Any text.
    pub description: String,
    /// The initial state.
    pub state: State,
    pub priority: Priority,
    /// The agent or person who should do the work.
    pub assignee: Option<String>,
    /// Ids of issues that must be closed first, in any order.
    pub dependencies: Vec<String>,
    /// Keys of gates, in any order.
    pub gates: Vec<String>,
    /// Valid labels, in any order.
    pub labels: Vec<String>,
    /// Text by key.
    pub context: BTreeMap<String, String>,
    /// The time of creation, RFC 3339.
    pub created_at: String,
}

impl Draft {
    /// A draft of a ready issue with a valid title and otherwise empty fields.
    pub(crate) fn new(id: IssueId, title: &str, created_at: String) -> Self {
        Self {
            id,
            title: title.to_owned(),
            description: String::new(),
            state: State::Ready,
            priority: Priority::Normal,
            assignee: None,
            dependencies: Vec::new(),
            gates: Vec::new(),
            labels: Vec::new(),
            context: BTreeMap::new(),
            created_at,
        }
    }
}
