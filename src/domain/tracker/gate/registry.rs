//! The text of `gates.json`: changes are written in place, and unknown members stay.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::domain::issue::unique_json;
use crate::domain::tracker::gate::Gate;
use crate::text::json_edit;

/// The text of `gates.json`, and the gates parsed from it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Registry {
    text: String,
    gates: BTreeMap<String, Gate>,
}

impl Default for Registry {
    fn default() -> Self {
        Self { text: "{\n  \"gates\": {}\n}\n".to_owned(), gates: BTreeMap::new() }
    }
}

impl Registry {
    /// Parses the file; the error says what is wrong.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
        let file = unique_json(text).map_err(|error| error.to_string())?;
        if !file.is_object() {
            return Err("it is not an object".to_owned());
        }
        let none = Map::new();
        let gates = match file.get("gates") {
            None => &none,
            Some(gates) => gates.as_object().ok_or("'gates' is not an object")?,
        };
        let gates = gates.iter().map(|(key, value)| Ok((key.clone(), Gate::read(key, value)?)));
        Ok(Self { gates: gates.collect::<Result<_, String>>()?, text: text.to_owned() })
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The gates, by key.
    pub(crate) fn gates(&self) -> impl Iterator<Item = &Gate> {
        self.gates.values()
    }

    /// The gate with this key.
    pub(crate) fn gate(&self, key: &str) -> Option<&Gate> {
        self.gates.get(key)
    }

    /// Defines a gate. Of an existing one only the fields that differ are written, and unknown members stay. Returns whether it changed.
    pub(crate) fn define(&mut self, gate: Gate) -> bool {
        let new = gate.to_value();
        let texts = match self.gates.get(&gate.key) {
            None => json_edit::set(&self.text, &["gates", &gate.key], &new),
            Some(old) if *old == gate => None,
            Some(old) => Some(Self::redefined(&self.text, &gate.key, &old.to_value(), &new)),
        };
        let Some(text) = texts else { return false };
        self.text = text;
        self.gates.insert(gate.key.clone(), gate);
        true
    }

    /// The text with the fields of a gate in which two definitions differ.
    fn redefined(text: &str, key: &str, old: &Value, new: &Value) -> String {
        let mut text = text.to_owned();
        for (field, value) in new.as_object().into_iter().flatten().filter(|(field, value)| old.get(*field) != Some(*value)) {
            match (old[field].as_object(), value.as_object()) {
                (Some(_), Some(members)) => {
                    for (member, value) in members.iter().filter(|(member, value)| old[field].get(*member) != Some(*value)) {
                        text = json_edit::set(&text, &["gates", key, field, member], value).unwrap_or(text);
                    }
                }
                _ => text = json_edit::set(&text, &["gates", key, field], value).unwrap_or(text),
            }
        }
        text
    }

    /// Removes a gate. Returns whether it existed.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Some(text) = json_edit::remove(&self.text, &["gates", key]) else { return false };
        self.text = text;
        self.gates.remove(key).is_some()
    }
}
