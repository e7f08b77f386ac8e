//! Parses an [`Issue`] from JSON in one pass, and refuses duplicate keys at any depth.
//!
//! Two parsers of such a file could see two different issues. One pass, because a listing parses ten thousand files.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::domain::id::IssueId;
use crate::domain::issue::{Issue, Priority, State};

impl<'de> Deserialize<'de> for Issue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Fields)
    }
}

struct Fields;

/// Sets a field; fails if it was set before.
fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(map: &mut A, key: &str, field: &mut Option<T>) -> Result<(), A::Error> {
    match field.replace(map.next_value()?) {
        None => Ok(()),
        Some(_) => Err(twice(key)),
    }
}

fn twice<E: de::Error>(key: &str) -> E {
    E::custom(format_args!("the key {key:?} occurs twice"))
}

impl<'de> Visitor<'de> for Fields {
    type Value = Issue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an issue (a JSON object)")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Issue, A::Error> {
        let (mut id, mut title, mut description) = (None::<IssueId>, None::<String>, None::<String>);
        let (mut state, mut priority, mut assignee) = (None::<State>, None::<Priority>, None::<Option<String>>);
        let (mut dependencies, mut labels, mut context) = (None::<Vec<String>>, None::<Vec<String>>, None::<Unique>);
        let (mut gates_required, mut gates_status) = (None::<Vec<String>>, None::<Unique>);
        let mut rest = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "id" => once(&mut map, &key, &mut id)?,
                "title" => once(&mut map, &key, &mut title)?,
                "description" => once(&mut map, &key, &mut description)?,
                "state" => once(&mut map, &key, &mut state)?,
                "priority" => once(&mut map, &key, &mut priority)?,
                "assignee" => once(&mut map, &key, &mut assignee)?,
                "dependencies" => once(&mut map, &key, &mut dependencies)?,
                "gates_required" => once(&mut map, &key, &mut gates_required)?,
                "gates_status" => once(&mut map, &key, &mut gates_status)?,
                "labels" => once(&mut map, &key, &mut labels)?,
                "context" => once(&mut map, &key, &mut context)?,
                _ => {
                    let value = map.next_value::<Unique>()?.0;
                    if rest.contains_key(&key) {
                        return Err(twice(&key));
                    }
                    rest.insert(key, value);
                }
            }
        }
        Ok(Issue {
            id: id.ok_or_else(|| de::Error::missing_field("id"))?,
            title: title.ok_or_else(|| de::Error::missing_field("title"))?,
            description: description.unwrap_or_default(),
            state: state.ok_or_else(|| de::Error::missing_field("state"))?,
            priority: priority.unwrap_or(Priority::Normal),
            assignee: assignee.flatten(),
            dependencies: dependencies.unwrap_or_default(),
            gates_required: gates_required.unwrap_or_default(),
            gates_status: object("gates_status", gates_status)?,
            labels: labels.unwrap_or_default(),
            context: object("context", context)?.into_iter().collect(),
            rest,
        })
    }
}

/// An optional object.
fn object<E: de::Error>(field: &str, value: Option<Unique>) -> Result<Map<String, Value>, E> {
    match value {
        None => Ok(Map::new()),
        Some(Unique(Value::Object(map))) => Ok(map),
        Some(_) => Err(E::custom(format_args!("{field} is not an object"))),
    }
}

/// Parses JSON in which no object has a duplicate key.
pub(crate) fn unique_json(text: &str) -> serde_json::Result<Value> {
    serde_json::from_str::<Unique>(text).map(|unique| unique.0)
}

/// JSON in which no object has a duplicate key.
struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue).map(Self)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(key) = map.next_key::<String>()? {
            let value = map.next_value::<Unique>()?.0;
            if members.contains_key(&key) {
                return Err(twice(&key));
            }
            members.insert(key, value);
        }
        Ok(Value::Object(members))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = seq.next_element::<Unique>()? {
            elements.push(element.0);
        }
        Ok(Value::Array(elements))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(Value::from(value))
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(Value::String(value))
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
}
