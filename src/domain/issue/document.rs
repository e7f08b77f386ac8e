//! The text of an issue's file, with the [`Issue`] that it says.
//!
//! Changing a field splices the text, so that everything else, unknown fields and a foreign tool's layout
//! included, stays byte for byte.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::id::IssueId;
use crate::domain::issue::{Draft, InvalidIssue, Issue};
use crate::text::json_edit;

/// A file's text, and the issue it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    text: String,
    issue: Issue,
}

impl Document {
    /// Reads the file of issue `expected`.
    pub(crate) fn parse(bytes: &[u8], expected: IssueId) -> Result<Self, InvalidIssue> {
        let document = Self::read(bytes)?;
        let found = document.issue.id;
        if found == expected { Ok(document) } else { Err(InvalidIssue::OtherId { expected, found }) }
    }

    /// Reads the file of whatever issue it is.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, InvalidIssue> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidIssue::NotText)?;
        let json = |error: serde_json::Error| {
            let marked = text.lines().any(|line| line.starts_with("<<<<<<< "));
            if marked { InvalidIssue::ConflictMarkers } else { InvalidIssue::Json(error.to_string()) }
        };
        let issue: Issue = serde_json::from_str(text).map_err(json)?;
        Ok(Self { text: text.to_owned(), issue })
    }

    /// The file of a new issue: two spaces, one array element a line, sorted sets, a newline at the end.
    pub(crate) fn create(draft: &Draft) -> Self {
        let set = |elements: &[String]| {
            let mut elements = elements.to_vec();
            elements.sort();
            elements.dedup();
            elements
        };
        let value = serde_json::json!({
            "id": draft.id, "title": draft.title, "description": draft.description, "state": draft.state,
            "priority": draft.priority, "assignee": draft.assignee, "dependencies": set(&draft.dependencies),
            "gates_required": set(&draft.gates), "gates_status": {}, "context": draft.context, "documents": [],
            "labels": set(&draft.labels), "created_at": draft.created_at,
        });
        let text = format!("{value:#}\n");
        let issue = serde_json::from_value(value).expect("a draft has every required field, each of its type");
        Self { text, issue }
    }

    /// The issue.
    pub(crate) fn issue(&self) -> &Issue {
        &self.issue
    }

    /// The text of the file.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    /// The bytes of the file.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Sets one field; the rest of the text stays as it is. Whether anything changed.
    pub(crate) fn set(&mut self, field: &str, value: &Value) -> bool {
        self.set_at(&[field], value)
    }

    /// Sets the value below these keys, the first of which is a field. Whether anything changed.
    pub(crate) fn set_at(&mut self, path: &[&str], value: &Value) -> bool {
        self.become_text(json_edit::set(&self.text, path, value))
    }

    /// Takes away the value below these keys. Whether there was one.
    pub(crate) fn remove_at(&mut self, path: &[&str]) -> bool {
        self.become_text(json_edit::remove(&self.text, path))
    }

    fn become_text(&mut self, text: Option<String>) -> bool {
        let Some(text) = text else { return false };
        self.issue = serde_json::from_str(&text).expect("a field was replaced by a value of its type");
        self.text = text;
        true
    }

    /// Keeps a field of times up to date, where the file has one and in the form that it has there.
    pub(crate) fn touch(&mut self, field: &str, now: jiff::Timestamp) {
        let Some(Value::String(old)) = self.issue.rest.get(field) else { return };
        let has_fractions = old.contains('.');
        let form = if has_fractions { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
        self.set(field, &Value::from(now.strftime(form).to_string()));
    }

    /// Adds to and removes from an array of strings that stands for a set; keeps it sorted if it was.
    pub(crate) fn edit_set(&mut self, field: &str, add: &[String], remove: &[String]) -> bool {
        let old = serde_json::from_str::<Map<String, Value>>(&self.text).ok().and_then(|mut all| all.remove(field));
        let mut set: Vec<String> = old.clone().and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
        let sorted = set.is_sorted();
        set.retain(|element| !remove.contains(element));
        for element in add {
            if !set.contains(element) {
                set.push(element.clone());
            }
        }
        if sorted {
            set.sort();
        }
        // An empty set is as good as none: no field is made for it.
        !(old.is_none() && set.is_empty()) && self.set(field, &Value::from(set))
    }

    /// The fields whose values differ from those of `old`, in the order of this file and then of that.
    pub(crate) fn changes_since(&self, old: Option<&Self>) -> Vec<FieldChange> {
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).expect("the text of a document is a JSON object");
        let (old, new) = (old.map(|old| read(&old.text)).unwrap_or_default(), read(&self.text));
        let gone = old.iter().filter(|(key, _)| !new.contains_key(*key));
        let gone = gone.map(|(key, value)| FieldChange { field: key.clone(), from: Some(value.clone()), to: None });
        let changed = new.iter().filter(|(key, value)| old.get(*key) != Some(*value));
        let changed =
            changed.map(|(key, value)| FieldChange { field: key.clone(), from: old.get(key).cloned(), to: Some(value.clone()) });
        changed.chain(gone).collect()
    }
}

/// What became of a field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct FieldChange {
    /// Its name.
    pub field: String,
    /// Its value before, `None` where there was none.
    pub from: Option<Value>,
    /// Its value after, `None` where there is none.
    pub to: Option<Value>,
}
