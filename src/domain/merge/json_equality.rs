//! Compares JSON texts by their meaning, without losing precision: numbers by their digits, strings after decoding escapes, objects
//! without the order of members.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::json_edit;

/// A canonical text: equal for two texts if and only if they mean the same. The text must be one JSON value.
pub(crate) fn canonical(raw: &str) -> String {
    let raw = raw.trim();
    match raw.as_bytes().first() {
        Some(b'{') => {
            let member =
                |member: json_edit::Member| format!("{}:{}", Value::from(member.key), canonical(&raw[member.start..member.end]));
            let mut members: Vec<String> = json_edit::members(raw).into_iter().map(member).collect();
            members.sort_unstable();
            format!("{{{}}}", members.join(","))
        }
        Some(b'[') => {
            format!("[{}]", elements(raw).unwrap_or_default().iter().map(|it| canonical(it)).collect::<Vec<_>>().join(","))
        }
        Some(b'"') => serde_json::from_str::<String>(raw).map_or_else(|_| raw.to_owned(), |text| Value::from(text).to_string()),
        _ => raw.to_owned(),
    }
}

/// Whether two values mean the same; a missing value equals only a missing value.
pub(crate) fn same(one: Option<&str>, other: Option<&str>) -> bool {
    one == other || matches!((one, other), (Some(one), Some(other)) if canonical(one) == canonical(other))
}

/// The texts of an array's elements.
pub(crate) fn elements(raw: &str) -> Option<Vec<String>> {
    let elements: Vec<Box<RawValue>> = serde_json::from_str(raw).ok()?;
    Some(elements.into_iter().map(|element| element.get().to_owned()).collect())
}

/// The value of a text, if it fits into [`Value`] without losing digits.
pub(crate) fn value(raw: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(raw).ok()?;
    (canonical(&value.to_string()) == canonical(raw)).then_some(value)
}

/// Whether a text is an object.
pub(crate) fn is_object(raw: &str) -> bool {
    raw.trim_start().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_otherwise_and_says_the_same_is_the_same() {
        assert!(same(Some(r#"{"a":1,"b":["x"]}"#), Some("{ \"b\" : [\n\"\\u0078\"\n], \"a\": 1 }")));
        assert!(!same(Some("12345678901234567890123"), Some("12345678901234567890124")), "no digit is lost");
        assert!(!same(Some("1.0"), Some("1")) && !same(Some("null"), None) && same(None, None));
        assert!(!same(Some(r#"["a","b"]"#), Some(r#"["b","a"]"#)));
        assert_eq!(value("12345678901234567890123"), None);
        assert_eq!(value("[1, \"x\"]"), Some(serde_json::json!([1, "x"])));
    }
}
