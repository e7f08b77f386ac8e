//! Changes one value in the text of a JSON object and keeps every other byte.
//!
//! A new value is formatted like the value that it replaces, else like the rest of the text: indentation, line ends, one line or
//! several. The text must be a JSON object.

mod list;

use std::fmt;

use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;

pub(crate) use list::{pull, push};

/// The text with the value at `path` set; `None` if it is unchanged.
///
/// Missing objects on the path are created; values that are not objects are replaced by one.
pub(crate) fn set(text: &str, path: &[&str], value: &Value) -> Option<String> {
    let start = text.find('{')?;
    let object = text[start..].trim_end();
    let new = Style::of(text).set(object, 1, path, value)?;
    Some(format!("{}{new}{}", &text[..start], &text[start + object.len()..]))
}

/// The text without the member at `path`; `None` if there is no such member.
pub(crate) fn remove(text: &str, path: &[&str]) -> Option<String> {
    let (key, below) = path.split_first()?;
    let members = members(text);
    let at = members.iter().position(|member| member.key == *key)?;
    let member = &members[at];
    if !below.is_empty() {
        let new = remove(text.get(member.start..member.end).filter(|old| old.starts_with('{'))?, below)?;
        return Some(format!("{}{new}{}", &text[..member.start], &text[member.end..]));
    }
    let key_of = |from: usize| from + text[from..].find('"').unwrap_or(0);
    let (from, to) = match (at.checked_sub(1), members.get(at + 1)) {
        (Some(before), _) => (members[before].end, member.end),
        (None, Some(_)) => (key_of(0), key_of(member.end)),
        (None, None) => (text.find('{')? + 1, text.rfind('}')?),
    };
    Some(format!("{}{}", &text[..from], &text[to..]))
}

/// The text of the value at `path`, byte for byte.
pub(crate) fn raw<'a>(text: &'a str, path: &[&str]) -> Option<&'a str> {
    path.iter().try_fold(text, |object, key| {
        let object = Some(object).filter(|object| object.trim_start().starts_with('{'))?;
        members(object).into_iter().find(|member| member.key == *key).map(|member| &object[member.start..member.end])
    })
}

/// The text with `raw`, a JSON text, as the value at `path`; missing objects on the path are created.
pub(crate) fn put(text: &str, path: &[&str], raw: &str) -> String {
    let object = text.trim();
    let start = text.len() - text.trim_start().len();
    let new = Style::of(text).put(object, 1, path, raw);
    format!("{}{new}{}", &text[..start], &text[start + object.len()..])
}

/// The formatting of a text.
struct Style {
    unit: String,
    line_end: &'static str,
    has_many_lines: bool,
}

impl Style {
    fn of(text: &str) -> Self {
        let lines = text.lines().skip(1);
        // The white space before the first member; two spaces if the object is on one line.
        let unit = lines.map(|line| &line[..line.len() - line.trim_start().len()]).find(|white| !white.is_empty());
        Self {
            unit: unit.unwrap_or("  ").to_owned(),
            line_end: if text.contains("\r\n") { "\r\n" } else { "\n" },
            has_many_lines: text.trim_end().contains('\n'),
        }
    }

    fn set(&self, object: &str, depth: usize, path: &[&str], value: &Value) -> Option<String> {
        let (key, below) = path.split_first()?;
        let members = members(object);
        let Some(member) = members.iter().find(|member| member.key == *key) else {
            return Some(self.with_member(object, depth, members.last(), key, &nested(below, value)));
        };
        let old = &object[member.start..member.end];
        let is_filled =
            old.starts_with('{') && serde_json::from_str::<Value>(old).is_ok_and(|old| old != Value::Object(<_>::default()));
        let new = if below.is_empty() {
            let same = serde_json::from_str::<Value>(old).is_ok_and(|old| old == *value);
            (!same).then(|| self.layout(value, Some(old), depth))?
        } else if is_filled {
            self.set(old, depth + 1, below, value)?
        } else {
            self.layout(&nested(below, value), Some(old), depth)
        };
        Some(format!("{}{new}{}", &object[..member.start], &object[member.end..]))
    }

    fn put(&self, object: &str, depth: usize, path: &[&str], raw: &str) -> String {
        let Some((key, below)) = path.split_first() else { return raw.to_owned() };
        let members = members(object);
        let old = members.iter().find(|member| member.key == *key);
        let inner = old.map(|member| &object[member.start..member.end]).filter(|old| old.starts_with('{')).unwrap_or("{}");
        let new = self.put(inner, depth + 1, below, raw);
        match old {
            Some(member) => format!("{}{new}{}", &object[..member.start], &object[member.end..]),
            None => self.with_text(object, depth, members.last(), key, &new),
        }
    }

    fn with_member(&self, object: &str, depth: usize, last: Option<&Member>, key: &str, value: &Value) -> String {
        self.with_text(object, depth, last, key, &self.layout(value, None, depth))
    }

    fn with_text(&self, object: &str, depth: usize, last: Option<&Member>, key: &str, value: &str) -> String {
        let is_first_of_many = last.is_none() && self.has_many_lines;
        let many_lines = if depth == 1 || is_first_of_many { self.has_many_lines } else { object.contains('\n') };
        let space = if many_lines { self.new_line(depth) } else { " ".to_owned() };
        let new = format!("{}: {value}", Value::from(key));
        match last {
            Some(last) => format!("{},{space}{new}{}", &object[..last.end], &object[last.end..]),
            None if many_lines => format!("{{{space}{new}{}}}", self.new_line(depth - 1)),
            None => format!("{{{new}}}"),
        }
    }

    fn new_line(&self, depth: usize) -> String {
        format!("{}{}", self.line_end, self.unit.repeat(depth))
    }

    /// Formats a value like the `old` one, else like the text.
    fn layout(&self, value: &Value, old: Option<&str>, depth: usize) -> String {
        let is_telling = |old: &&str| !matches!(old.chars().filter(|c| !c.is_whitespace()).count(), 0..=2);
        let many_lines =
            old.filter(is_telling).map_or(self.has_many_lines, |old| old.contains('\n') || !old.starts_with(['[', '{']));
        if let (false, Some(elements)) = (many_lines, value.as_array()) {
            let comma = if old.is_some_and(|old| old.contains(", ")) { ", " } else { "," };
            return format!("[{}]", elements.iter().map(Value::to_string).collect::<Vec<_>>().join(comma));
        }
        if !many_lines || !self.has_many_lines {
            return value.to_string();
        }
        self.many_lines(value, &self.unit.repeat(depth))
    }

    /// Formats a value on several lines, each after the first behind `indent`.
    fn many_lines(&self, value: &Value, indent: &str) -> String {
        let mut bytes = Vec::new();
        let formatter = serde_json::ser::PrettyFormatter::with_indent(self.unit.as_bytes());
        value
            .serialize(&mut serde_json::Serializer::with_formatter(&mut bytes, formatter))
            .expect("a value serializes into memory");
        String::from_utf8(bytes).expect("JSON is text").replace('\n', &format!("{}{indent}", self.line_end))
    }
}

/// `value` inside objects with these keys.
fn nested(path: &[&str], value: &Value) -> Value {
    path.iter().rev().fold(value.clone(), |value, key| Value::Object([((*key).to_owned(), value)].into_iter().collect()))
}

/// One member of an object: the byte range of its value.
pub(crate) struct Member {
    pub(crate) key: String,
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// The members of an object, in the order of the text.
pub(crate) fn members(text: &str) -> Vec<Member> {
    let object: RawObject<'_> = serde_json::from_str(text).expect("the text is a JSON object");
    let base = text.as_ptr().addr();
    let span = |(key, raw): (String, &RawValue)| {
        let start = raw.get().as_ptr().addr() - base;
        Member { key, start, end: start + raw.get().len() }
    };
    object.0.into_iter().map(span).collect()
}

/// An object with the text of each value.
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

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_value_changes_at_any_depth_and_nothing_else() {
        let text = "{\n  \"gates\": {\n    \"fmt\": {\n      \"title\": \"x\",\n      \"n\": 1.50\n    }\n  },\n  \"odd\": {\"a\":[ 1 ]}\n}\n";
        let changed = set(text, &["gates", "fmt", "title"], &json!("y")).expect("another value");
        assert_eq!(changed, text.replace("\"x\"", "\"y\""));
        assert_eq!(set(text, &["gates", "fmt", "title"], &json!("x")), None);
        let added = set(text, &["gates", "lint"], &json!({ "title": "z" })).expect("a new one");
        let entry = ",\n    \"lint\": {\n      \"title\": \"z\"\n    }";
        assert_eq!(added, text.replace("1.50\n    }", &format!("1.50\n    }}{entry}")));
        assert_eq!(remove(&added, &["gates", "lint"]).as_deref(), Some(text));
        assert_eq!(remove(text, &["gates", "none"]), None);
        assert_eq!(set(text, &["odd", "b"], &json!(2)).expect("added"), text.replace("[ 1 ]}", "[ 1 ], \"b\": 2}"));
    }

    #[test]
    fn empty_objects_are_filled_as_the_file_would_have_them() {
        let text = "{\n  \"gates_status\": {},\n  \"end\": 1\n}\n";
        let filled = set(text, &["gates_status", "fmt"], &json!({ "status": "passed" })).expect("filled");
        assert_eq!(filled, text.replace("{}", "{\n    \"fmt\": {\n      \"status\": \"passed\"\n    }\n  }"));
        assert_eq!(remove(&filled, &["gates_status", "fmt"]).expect("emptied"), text);
        assert_eq!(set("{}", &["a", "b"], &json!(1)).as_deref(), Some("{\"a\": {\"b\":1}}"));
        assert_eq!(set("{\n}\n", &["a"], &json!(1)).as_deref(), Some("{\n  \"a\": 1\n}\n"));
        assert_eq!(remove("{\"a\":1,\"b\":2}", &["a"]).as_deref(), Some("{\"b\":2}"));
        assert_eq!(remove("{ \"a\":1 }", &["a"]).as_deref(), Some("{}"));
    }
}
