//! Writes the merged text: values are inserted into a text that does not depend on the side, with markers around conflicts.
//!
//! Whichever side of each conflict is kept, the file is valid JSON after the marker lines are removed.

use std::ops::Range;

use serde_json::Value;

use crate::domain::merge::json_equality::same;
use crate::domain::merge::rules::{FieldOutcome, Item};
use crate::domain::merge::{MergeSide, by_key, words};
use crate::text::json_edit;

/// How conflicts are marked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Markers {
    /// The number of `<` in a marker.
    pub size: usize,
    /// The label of our side.
    pub ours: String,
    /// The label of their side.
    pub theirs: String,
}

impl Default for Markers {
    fn default() -> Self {
        Self { size: 7, ours: "ours".to_owned(), theirs: "theirs".to_owned() }
    }
}

/// Lines that replace some bytes.
struct Hunk {
    at: Range<usize>,
    lines: String,
}

/// Writes the merge of `sides` into `start`.
pub(crate) fn text(start: &str, sides: (&str, &str), items: &[Item], markers: &Markers) -> String {
    let mut text = start.to_owned();
    let mut conflicts: Vec<&[String]> = Vec::new();
    for item in items {
        let keys = words(&item.path);
        match &item.outcome {
            FieldOutcome::Take(MergeSide::Ours) => text = as_in(sides.0, text, &keys),
            FieldOutcome::Take(MergeSide::Theirs) => text = as_in(sides.1, text, &keys),
            FieldOutcome::Made(value) => text = json_edit::set(&text, &keys, value).unwrap_or(text),
            FieldOutcome::Conflict => conflicts.push(&item.path),
        }
    }
    mark(text, sides, &conflicts, markers)
}

/// The text with the value at `path` as in `side`.
fn as_in(side: &str, text: String, path: &[&str]) -> String {
    match json_edit::raw(side, path) {
        Some(raw) if same(json_edit::raw(&text, path), Some(raw)) => text,
        Some(raw) => json_edit::put(&text, path, raw),
        None => json_edit::remove(&text, path).unwrap_or(text),
    }
}

/// Inserts markers around conflicts.
fn mark(mut text: String, sides: (&str, &str), conflicts: &[&[String]], markers: &Markers) -> String {
    let wholes = widened(&text, sides, conflicts);
    // The markers contain both values, so the text must contain at most one of them.
    for path in &wholes {
        let keys = words(path);
        text = match (json_edit::raw(sides.0, &keys), json_edit::raw(sides.1, &keys)) {
            (Some(ours), Some(_)) if json_edit::raw(&text, &keys).is_none() => json_edit::put(&text, &keys, ours),
            (Some(_), Some(_)) => text,
            _ => json_edit::remove(&text, &keys).unwrap_or(text),
        };
    }
    let mut hunks: Vec<Hunk> = wholes.iter().map(|path| hunk(&text, sides, path, &wholes, markers)).collect();
    hunks.sort_by_key(|hunk| hunk.at.start);
    for hunk in hunks.iter().rev() {
        text.replace_range(hunk.at.clone(), &hunk.lines);
    }
    text
}

/// The conflicts, each with another member in its object before which a line can be inserted. If there is no such member and one side
/// lacks the value, the whole object is in conflict.
fn widened(text: &str, sides: (&str, &str), conflicts: &[&[String]]) -> Vec<Vec<String>> {
    let mut wholes: Vec<Vec<String>> = Vec::new();
    for path in conflicts {
        let mut path = path.to_vec();
        while let Some((_, above)) = path.split_last().filter(|(_, above)| !above.is_empty()) {
            let (keys, above_keys) = (words(&path), words(above));
            let members = json_edit::raw(text, &above_keys).map(by_key).unwrap_or_default();
            let is_torn = |key: &String| conflicts.iter().any(|other| other.split_last() == Some((key, above)));
            let is_on_both = json_edit::raw(sides.0, &keys).is_some() && json_edit::raw(sides.1, &keys).is_some();
            if is_on_both || !members.keys().all(is_torn) {
                break;
            }
            path.pop();
        }
        if !wholes.iter().any(|other| path.starts_with(other)) {
            wholes.retain(|other| !other.starts_with(&path));
            wholes.push(path);
        }
    }
    wholes
}

/// Where the lines of a conflict are inserted.
struct InsertionPoint {
    /// The bytes that they replace, up to the end of the line if it has no other content.
    at: Range<usize>,
    /// The white space before the member; empty if it does not begin its line.
    indent: String,
    begins_line: bool,
    has_comma: bool,
}

/// The place of the member at `path`; if the text lacks it, a place before a member without conflict.
fn spot(text: &str, path: &[String], all: &[Vec<String>]) -> InsertionPoint {
    let (key, above) = path.split_last().expect("a conflict is at a field");
    let object = json_edit::raw(text, &words(above)).expect("the object of a conflict exists");
    let offset = object.as_ptr().addr() - text.as_ptr().addr();
    let members = json_edit::members(object);
    let place = members.iter().position(|member| member.key == *key);
    let is_settled = |key: &String| !all.iter().any(|other| other.split_last() == Some((key, above)));
    let n = place.or_else(|| members.iter().position(|member| is_settled(&member.key))).expect("a member without conflict");
    let from = if n == 0 { object.find('{').map_or(0, |at| at + 1) } else { members[n - 1].end };
    let start = offset + from + object[from..].find('"').expect("a member begins with its key");
    let line_start = text[..start].trim_end_matches([' ', '\t']).len();
    let begins_line = text[..line_start].ends_with('\n');
    let has_comma = place.is_none() || n + 1 < members.len();
    let end = if place.is_some() { end_of_line(text, offset + members[n].end, has_comma) } else { line_start };
    let indent = if begins_line { text[line_start..start].to_owned() } else { String::new() };
    InsertionPoint { at: line_start..end, indent, begins_line, has_comma }
}

/// The end of the line on which a member ends, or of the member and its comma if more follows on that line.
fn end_of_line(text: &str, end: usize, has_comma: bool) -> usize {
    let end = if has_comma { end + text[end..].find(',').map_or(0, |at| at + 1) } else { end };
    let rest = text[end..].trim_start_matches([' ', '\t', '\r']);
    if rest.starts_with('\n') { text.len() - rest.len() + 1 } else { end }
}

/// The marked lines of one conflict, and where they are inserted.
fn hunk(text: &str, sides: (&str, &str), path: &[String], all: &[Vec<String>], markers: &Markers) -> Hunk {
    let InsertionPoint { at, indent, begins_line, has_comma } = spot(text, path, all);
    let new_line = if text.contains("\r\n") { "\r\n" } else { "\n" };
    let keys = words(path);
    let (key, comma) = (Value::from(*keys.last().expect("not empty")), if has_comma { "," } else { "" });
    let member =
        |side: &str| json_edit::raw(side, &keys).map(|raw| format!("{indent}{key}: {raw}{comma}{new_line}")).unwrap_or_default();
    let marker = |stamp: &str, name: &str| format!("{} {name}", stamp.repeat(markers.size)).trim_end().to_owned() + new_line;
    let lines = [
        if begins_line { String::new() } else { new_line.to_owned() },
        marker("<", &markers.ours),
        member(sides.0),
        marker("=", ""),
        member(sides.1),
        marker(">", &markers.theirs),
    ];
    Hunk { at, lines: lines.concat() }
}
