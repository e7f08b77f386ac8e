//! The text of an issue file, together with the [`Issue`] parsed from it.
//!
//! A change of one field edits the text in place, so that everything else stays byte for byte: unknown fields and the layout of other
//! tools too.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::domain::id::IssueId;
use crate::domain::issue::{Draft, InvalidIssue, Issue};
use crate::text::json_edit;

/// The text of a file, and the issue parsed from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    text: String,
    issue: Issue,
}

impl Document {
    /// Parses the file of issue `expected`.
    pub(crate) fn parse(bytes: &[u8], expected: IssueId) -> Result<Self, InvalidIssue> {
        let document = Self::read(bytes)?;
        let found = document.issue.id;
        if found == expected { Ok(document) } else { Err(InvalidIssue::OtherId { expected, found }) }
    }

    /// Parses the file of any issue.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, InvalidIssue> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidIssue::NotText)?;
        let json = |error: serde_json::Error| {
            let marked = text.lines().any(|line| line.starts_with("<<<<<<< "));
            if marked { InvalidIssue::ConflictMarkers } else { InvalidIssue::Json(error.to_string()) }
        };
        let issue: Issue = serde_json::from_str(text).map_err(json)?;
        Ok(Self { text: text.to_owned(), issue })
    }

    /// The file of a new issue: two spaces of indentation, one array element per line, sorted sets, a final newline.
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

    pub(crate) fn issue(&self) -> &Issue {
        &self.issue
    }

    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Sets one field and keeps the rest of the text. Returns whether it changed.
    pub(crate) fn set(&mut self, field: &str, value: &Value) -> bool {
        self.set_at(&[field], value)
    }

    /// Sets the value below these keys; the first one is a field. Returns whether it changed.
    pub(crate) fn set_at(&mut self, path: &[&str], value: &Value) -> bool {
        self.become_text(json_edit::set(&self.text, path, value))
    }

    /// Removes the value below these keys. Returns whether there was one.
    pub(crate) fn remove_at(&mut self, path: &[&str]) -> bool {
        self.become_text(json_edit::remove(&self.text, path))
    }

    fn become_text(&mut self, text: Option<String>) -> bool {
        let Some(text) = text else { return false };
        self.issue = serde_json::from_str(&text).expect("a field was replaced by a value of its type");
        self.text = text;
        true
    }

    /// Updates a timestamp field, if the file has it, in the format that it has there.
    pub(crate) fn touch(&mut self, field: &str, now: jiff::Timestamp) {
        let Some(Value::String(old)) = self.issue.rest.get(field) else { return };
        let has_fractions = old.contains('.');
        let form = if has_fractions { "%Y-%m-%dT%H:%M:%S%.6fZ" } else { "%Y-%m-%dT%H:%M:%SZ" };
        self.set(field, &Value::from(now.strftime(form).to_string()));
    }

    /// Adds and removes elements of a string array that is used as a set; keeps it sorted if it was.
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
        // An empty set equals a missing one, so no field is created for it.
        !(old.is_none() && set.is_empty()) && self.set(field, &Value::from(set))
    }

    /// The fields whose values differ from those of `old`, in the order of this file, then of `old`.
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

/// The change of one field.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct FieldChange {
    pub field: String,
    /// The old value; `None` if there was none.
    pub from: Option<Value>,
    /// The new value; `None` if there is none.
    pub to: Option<Value>,
}
