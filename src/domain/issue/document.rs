//! The text of an issue's file, with the [`Issue`] that it says.
//!
//! Changing a field splices the text, so that everything else, unknown fields and a foreign tool's layout
//! included, stays byte for byte.

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

use super::{Draft, InvalidIssue, Issue};
use crate::domain::id::IssueId;

/// A file's text, and the issue it says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Document {
    text: String,
    issue: Issue,
}

impl Document {
    /// Reads the file of issue `expected`.
    pub(crate) fn parse(bytes: &[u8], expected: IssueId) -> Result<Self, InvalidIssue> {
        let text = std::str::from_utf8(bytes).map_err(|_| InvalidIssue::NotText)?;
        let json = |error: serde_json::Error| {
            let marked = text.lines().any(|line| line.starts_with("<<<<<<< "));
            if marked { InvalidIssue::ConflictMarkers } else { InvalidIssue::Json(error.to_string()) }
        };
        let issue: Issue = serde_json::from_str(text).map_err(json)?;
        if issue.id != expected {
            return Err(InvalidIssue::OtherId { expected, found: issue.id });
        }
        Ok(Self { text: text.to_owned(), issue })
    }

    /// The file of a new issue: two spaces, one array element a line, sorted sets, a newline at the end.
    pub(crate) fn create(draft: &Draft) -> Self {
        let mut labels = draft.labels.clone();
        labels.sort();
        labels.dedup();
        let value = serde_json::json!({
            "id": draft.id, "title": draft.title, "description": draft.description, "state": draft.state,
            "priority": draft.priority, "assignee": null, "dependencies": [], "gates_required": [], "gates_status": {},
            "context": {}, "documents": [], "labels": labels, "created_at": draft.created_at,
        });
        let text = format!("{value:#}\n");
        let issue = serde_json::from_value(value).expect("a draft has every required field, each of its type");
        Self { text, issue }
    }

    /// The issue.
    pub(crate) fn issue(&self) -> &Issue {
        &self.issue
    }

    /// The bytes of the file.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Sets one field; the rest of the text stays as it is. Whether anything changed.
    pub(crate) fn set(&mut self, field: &str, value: &Value) -> bool {
        let members = members(&self.text);
        let changed = match members.iter().find(|member| member.key == field) {
            Some(member) => {
                let old = &self.text[member.start..member.end];
                let same = serde_json::from_str::<Value>(old).is_ok_and(|old| old == *value);
                (!same).then(|| {
                    let new = self.layout(value, Some(old));
                    format!("{}{new}{}", &self.text[..member.start], &self.text[member.end..])
                })
            }
            None => Some(self.with_new_member(members.last(), field, value)),
        };
        let Some(text) = changed else { return false };
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
        let members = members(&self.text);
        let old = members.iter().find(|member| member.key == field).map(|member| &self.text[member.start..member.end]);
        let mut set: Vec<String> = old.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default();
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

    fn with_new_member(&self, last: Option<&Member>, field: &str, value: &Value) -> String {
        let space = if self.has_many_lines() { format!("{}{}", self.line_end(), indent(&self.text)) } else { " ".to_owned() };
        let new = format!("{}: {}", Value::from(field), self.layout(value, None));
        match last {
            Some(last) => format!("{},{space}{new}{}", &self.text[..last.end], &self.text[last.end..]),
            None => self.text.replacen('{', &format!("{{{space}{new}"), 1),
        }
    }

    fn has_many_lines(&self) -> bool {
        self.text.trim_end().contains('\n')
    }

    fn line_end(&self) -> &'static str {
        if self.text.contains("\r\n") { "\r\n" } else { "\n" }
    }

    /// A value as the file would have it: laid out like the one that it replaces, like the file where that tells nothing.
    fn layout(&self, value: &Value, old: Option<&str>) -> String {
        let is_telling = |old: &&str| !matches!(old.chars().filter(|c| !c.is_whitespace()).count(), 0..=2);
        let many_lines = old.filter(is_telling).map_or_else(|| self.has_many_lines(), |old| old.contains('\n'));
        if let (false, Some(elements)) = (many_lines, value.as_array()) {
            let comma = if old.is_some_and(|old| old.contains(", ")) { ", " } else { "," };
            return format!("[{}]", elements.iter().map(Value::to_string).collect::<Vec<_>>().join(comma));
        }
        if !many_lines {
            return value.to_string();
        }
        let indent = indent(&self.text);
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(indent.as_bytes());
        value
            .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
            .expect("a value serializes into memory");
        let text = String::from_utf8(bytes).expect("JSON is text");
        text.replace('\n', &format!("{}{indent}", self.line_end()))
    }
}

/// A member of the top-level object: the bytes of its value.
struct Member {
    key: String,
    start: usize,
    end: usize,
}

fn members(text: &str) -> Vec<Member> {
    let object: RawObject<'_> = serde_json::from_str(text).expect("the text of a document is a JSON object");
    let base = text.as_ptr().addr();
    let span = |(key, raw): (String, &RawValue)| {
        let start = raw.get().as_ptr().addr() - base;
        Member { key, start, end: start + raw.get().len() }
    };
    object.0.into_iter().map(span).collect()
}

/// The white space before the first member, two spaces where there is no line for it.
fn indent(text: &str) -> String {
    let lines = text.lines().skip(1);
    let first = lines.map(|line| &line[..line.len() - line.trim_start().len()]).find(|white| !white.is_empty());
    first.unwrap_or("  ").to_owned()
}

/// A top-level object with the text of each value.
struct RawObject<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for RawObject<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Vec<(String, &'de RawValue)>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(members)
            }
        }
        deserializer.deserialize_map(Members).map(RawObject)
    }
}
