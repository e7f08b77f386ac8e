//! The issue: its fields, and what is valid in them. [`Document`] is the text of its file.

mod document;
mod read;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::id::IssueId;

pub(crate) use document::{Document, FieldChange};
pub(crate) use read::unique_json;
pub(crate) use summary::Summary;

/// The longest title, in characters.
pub(crate) const LONGEST_TITLE: usize = 400;

/// Where an issue is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// Written down.
    Backlog,
    /// May be begun, once nothing blocks it.
    Ready,
    /// Begun.
    InProgress,
    /// Waits for its gates.
    Gated,
    /// Finished.
    Done,
    /// Will not be done.
    Rejected,
    /// Put away.
    Archived,
}

impl State {
    /// Every state, in the order of an issue's life.
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

    /// Reads a spelling, in either case, with hyphens for underscores.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase().replace('-', "_");
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }

    /// Whether no more work is expected.
    pub(crate) fn is_closed(self) -> bool {
        matches!(self, Self::Done | Self::Rejected | Self::Archived)
    }
}

/// How urgent an issue is, the most urgent first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Priority {
    /// Drop everything.
    Critical,
    /// Soon.
    High,
    /// In its turn.
    Normal,
    /// Some day.
    Low,
}

impl Priority {
    /// Every priority, the most urgent first.
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

    /// Reads a spelling, in either case.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        Self::ALL.into_iter().find(|priority| priority.as_str() == text)
    }
}

/// What a file says of an issue; fields that this program does not use yet are in [`Issue::rest`].
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Issue {
    /// The id, equal to the file name's stem.
    pub id: IssueId,
    /// One line.
    pub title: String,
    /// Any text.
    pub description: String,
    /// The state as stored; readiness is computed, see `domain::graph`.
    pub state: State,
    /// The priority.
    pub priority: Priority,
    /// Whom the work is meant for.
    pub assignee: Option<String>,
    /// Ids of the issues that must be closed first.
    pub dependencies: Vec<String>,
    /// Keys of the gates that it must pass.
    pub gates_required: Vec<String>,
    /// What became of each gate: see `domain::gate::Record`.
    pub gates_status: serde_json::Map<String, Value>,
    /// `namespace:value` words.
    pub labels: Vec<String>,
    /// Free text by key; `github` is the number of the issue there.
    pub context: BTreeMap<String, Value>,
    /// Whatever else the file holds, in its order.
    pub rest: serde_json::Map<String, Value>,
}

/// Why a text is not a valid issue file, or a value not a valid field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidIssue {
    /// It is not text.
    #[error("not UTF-8 text")]
    NotText,
    /// It is not JSON, or a field has the wrong type or value.
    #[error("{0}")]
    Json(String),
    /// Git left conflict markers in it.
    #[error("holds unresolved conflict markers")]
    ConflictMarkers,
    /// The id inside is not the file's name.
    #[error("its id is {found}, its name says {expected}")]
    OtherId { expected: IssueId, found: IssueId },
    /// A title that is blank, too long, or holds control characters.
    #[error("a title is one line of 1 to {LONGEST_TITLE} characters without control characters")]
    Title,
    /// A label that is not `namespace:value`.
    #[error("'{0}' is not a label: want namespace:value, without spaces")]
    Label(String),
}

impl Issue {
    /// A field that is text, among those that this type has no place for.
    pub(crate) fn text(&self, field: &str) -> Option<&str> {
        self.rest.get(field).and_then(Value::as_str)
    }

    /// Whether it was deleted and only its file is left, as a tombstone.
    pub(crate) fn is_deleted(&self) -> bool {
        self.rest.contains_key(DELETED_AT)
    }
}

/// The field that makes a file a tombstone: when the issue was deleted.
pub(crate) const DELETED_AT: &str = "deleted_at";

/// Whether a character could make a line show something else than it says: controls, line ends, directions of writing.
pub(crate) fn deceives(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The title as it is stored, if it is one.
pub(crate) fn valid_title(text: &str) -> Result<&str, InvalidIssue> {
    let title = text.trim();
    let fits = !title.is_empty() && title.chars().count() <= LONGEST_TITLE && !title.chars().any(deceives);
    if fits { Ok(title) } else { Err(InvalidIssue::Title) }
}

/// The label as it is stored, if it is one.
pub(crate) fn valid_label(text: &str) -> Result<&str, InvalidIssue> {
    let label = text.trim();
    let plain = |part: &str| !part.is_empty() && !part.chars().any(|c| c.is_whitespace() || c.is_control() || c == ',');
    match label.split_once(':') {
        Some((namespace, value)) if plain(namespace) && plain(value) && label.len() <= 200 => Ok(label),
        _ => Err(InvalidIssue::Label(text.escape_debug().to_string())),
    }
}

/// What a new issue starts from.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    /// Its id.
    pub id: IssueId,
    /// A valid title.
    pub title: String,
    /// Any text.
    pub description: String,
    /// Where it starts.
    pub state: State,
    /// How urgent it is.
    pub priority: Priority,
    /// Whom the work is meant for.
    pub assignee: Option<String>,
    /// Ids of issues that must be closed first, in any order.
    pub dependencies: Vec<String>,
    /// Keys of gates, in any order.
    pub gates: Vec<String>,
    /// Valid labels, in any order.
    pub labels: Vec<String>,
    /// Text by key.
    pub context: BTreeMap<String, String>,
    /// When it was made, RFC 3339.
    pub created_at: String,
}

impl Draft {
    /// A draft of a ready issue with a valid title and nothing else.
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
