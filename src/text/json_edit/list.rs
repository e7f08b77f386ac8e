//! Appends and removes elements of a list in the text of a JSON object.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::text::json_edit::{Style, raw, remove, set};

/// The text with one more element in the list at `path`; a missing list is created.
pub(crate) fn push(text: &str, path: &[&str], value: &Value) -> String {
    let spans = raw(text, path).map(elements).unwrap_or_default();
    let Some((list, (start, end))) = raw(text, path).zip(spans.last().copied()) else {
        return set(text, path, &Value::from(vec![value.clone()])).unwrap_or_else(|| text.to_owned());
    };
    let before = spans.len().checked_sub(2).map_or(1, |n| spans[n].1);
    let space = list[before..start].rsplit(',').next().unwrap_or_default();
    let new = match space.rsplit_once('\n') {
        Some((_, indent)) => Style::of(text).many_lines(value, indent),
        None => value.to_string(),
    };
    let at = offset(text, list) + end;
    let space = if space.is_empty() { " " } else { space };
    format!("{},{space}{new}{}", &text[..at], &text[at..])
}

/// The text without element `index` of the list at `path`; an empty list is removed too.
pub(crate) fn pull(text: &str, path: &[&str], index: usize) -> Option<String> {
    let list = raw(text, path)?;
    let spans = elements(list);
    let (start, end) = *spans.get(index)?;
    let (from, to) = match (index.checked_sub(1), spans.get(index + 1)) {
        (Some(before), _) => (spans[before].1, end),
        (None, Some(next)) => (start, next.0),
        (None, None) => return remove(text, path),
    };
    let base = offset(text, list);
    Some(format!("{}{}", &text[..base + from], &text[base + to..]))
}

/// The byte range of each element of a list; empty if the text is not a list.
fn elements(list: &str) -> Vec<(usize, usize)> {
    let all: Vec<&RawValue> = serde_json::from_str(list).unwrap_or_default();
    let start = |element: &RawValue| offset(list, element.get());
    all.into_iter().map(|element| (start(element), start(element) + element.get().len())).collect()
}

/// The offset of `part` in `text`.
fn offset(text: &str, part: &str) -> usize {
    part.as_ptr().addr() - text.as_ptr().addr()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_element_comes_and_goes_and_nothing_else_changes() {
        let two = json!({ "b": [1] });
        for (text, expected) in [
            ("{\"l\": [1,2]}", "{\"l\": [1,2, {\"b\":[1]}]}"),
            ("{\"l\": [1, 2] , \"x\":1}", "{\"l\": [1, 2, {\"b\":[1]}] , \"x\":1}"),
            (
                "{\n  \"l\": [\n    {\n      \"a\": 1\n    }\n  ]\n}\n",
                "{\n  \"l\": [\n    {\n      \"a\": 1\n    },\n    {\n      \"b\": [\n        1\n      ]\n    }\n  ]\n}\n",
            ),
            (
                "{\r\n\t\"l\": [\r\n\t\t1\r\n\t]\r\n}",
                "{\r\n\t\"l\": [\r\n\t\t1,\r\n\t\t{\r\n\t\t\t\"b\": [\r\n\t\t\t\t1\r\n\t\t\t]\r\n\t\t}\r\n\t]\r\n}",
            ),
            ("{\"a\":1}", "{\"a\":1, \"l\": [{\"b\":[1]}]}"),
        ] {
            let pushed = push(text, &["l"], &two);
            assert_eq!(pushed, expected);
            let index = serde_json::from_str::<Value>(&pushed).expect("JSON")["l"].as_array().expect("a list").len() - 1;
            assert_eq!(pull(&pushed, &["l"], index).as_deref(), Some(text), "{pushed}");
        }
        assert_eq!(pull("{\"l\": [1, 2, 3]}", &["l"], 0).as_deref(), Some("{\"l\": [2, 3]}"));
        assert_eq!(pull("{\"l\": [1]}", &["l"], 1), None);
        assert_eq!(push("{\"l\": []}", &["l"], &json!(1)), "{\"l\": [1]}");
    }
}
