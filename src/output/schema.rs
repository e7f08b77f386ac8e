//! The JSON Schema of what each verb prints with `--json`, derived from the types of the reports.
//!
//! What schemars derives is brought into one plain form: `anyOf` with `null` for what may be missing, `enum` for a choice of
//! names, `number` for every number, `additionalProperties: false` where nothing says otherwise.

use std::borrow::Cow;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

/// The answer of one verb: its name, as `docs/json.md` has it, and the type of its report.
pub(crate) struct Answer {
    /// For example `issue list`, or `query available --explain`.
    pub verb: &'static str,
    name: fn() -> Cow<'static, str>,
    schema: fn(&mut SchemaGenerator) -> Schema,
}

impl Answer {
    /// The answer of `verb` is a `T`.
    pub(crate) const fn of<T: JsonSchema>(verb: &'static str) -> Self {
        Self { verb, name: T::schema_name, schema: T::json_schema }
    }
}

/// The schemas of some answers, and of the types that they refer to as `#/$defs/…`.
#[derive(Default)]
pub(crate) struct Schemas {
    /// By verb: the name of the report's type, and its schema.
    pub answers: Vec<(&'static str, String, Value)>,
    /// The types that they refer to, by name.
    pub definitions: Map<String, Value>,
}

impl Schemas {
    /// The schemas of `answers`, in the same order.
    pub(crate) fn of<'a>(answers: impl IntoIterator<Item = &'a Answer>) -> Self {
        let mut generator = SchemaSettings::draft2020_12().for_serialize().into_generator();
        let answers = answers.into_iter();
        let answers = answers.map(|answer| {
            let schema = (answer.schema)(&mut generator);
            (answer.verb, (answer.name)().into_owned(), plain(schema.to_value()))
        });
        let answers = answers.collect();
        let definitions = generator.take_definitions(true);
        let definitions = definitions.into_iter().map(|(name, schema)| (name, plain(schema))).collect();
        Self { answers, definitions }
    }
}

/// A schema in the plain form.
fn plain(schema: Value) -> Value {
    let mut members = match schema {
        Value::Object(members) => members,
        Value::Bool(true) => return json!({}),
        other => return other,
    };
    if let Some(Value::Array(all)) = members.shift_remove("allOf")
        && let [only] = all.as_slice()
    {
        return plain(only.clone());
    }
    if let Some(Value::Array(choices)) = members.shift_remove("oneOf").or_else(|| members.shift_remove("anyOf")) {
        return any_of(choices.into_iter().map(plain).collect());
    }
    if let Some(Value::Array(mut names)) = members.shift_remove("enum") {
        let all = names.len();
        names.retain(|name| !name.is_null());
        let choice = json!({ "enum": names });
        return if names.len() == all { choice } else { or_null(choice) };
    }
    match members.get_mut("type") {
        Some(Value::Array(types)) => {
            types.retain(|name| name != "null");
            let one = types.pop().unwrap_or_default();
            members.insert("type".to_owned(), one);
            return or_null(plain(Value::Object(members)));
        }
        Some(Value::String(name)) if name == "integer" => "number".clone_into(name),
        _ => {}
    }
    members.retain(|key, value| match key.as_str() {
        "format" => value == "uuid" || value == "date-time",
        "type" | "const" | "$ref" | "properties" | "required" | "additionalProperties" | "items" => true,
        _ => false,
    });
    if let Some(items) = members.get_mut("items") {
        *items = plain(items.take());
    }
    if members.get("type").is_some_and(|name| name == "object") { object(members) } else { Value::Object(members) }
}

fn object(mut members: Map<String, Value>) -> Value {
    let is_open = !members.contains_key("properties");
    let others = members.remove("additionalProperties").unwrap_or(Value::Bool(is_open));
    let others = if others.is_boolean() { others } else { plain(others) };
    let properties = members.remove("properties").and_then(|all| if let Value::Object(all) = all { Some(all) } else { None });
    let properties: Map<String, Value> =
        properties.unwrap_or_default().into_iter().map(|(name, schema)| (name, plain(schema))).collect();
    let required = members.remove("required").unwrap_or_else(|| json!([]));
    json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": others })
}

/// One of several: a choice of names where all of them are names.
fn any_of(choices: Vec<Value>) -> Value {
    let names = |choice: &Value| match (choice.get("const"), choice.get("enum")) {
        (Some(name), _) => Some(vec![name.clone()]),
        (None, Some(Value::Array(names))) => Some(names.clone()),
        _ => None,
    };
    match choices.iter().map(names).collect::<Option<Vec<_>>>() {
        Some(names) => json!({ "enum": names.concat() }),
        None => json!({ "anyOf": choices }),
    }
}

fn or_null(schema: Value) -> Value {
    json!({ "anyOf": [schema, { "type": "null" }] })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde::Serialize;

    use super::*;

    #[derive(Serialize, JsonSchema)]
    #[serde(rename_all = "snake_case")]
    #[expect(dead_code, reason = "only its schema is wanted")]
    enum Choice {
        /// With a comment, and without.
        First,
        SecondOne,
    }

    #[derive(Serialize, JsonSchema)]
    #[schemars(inline)]
    struct Inner {
        rest: BTreeMap<String, u8>,
    }

    #[derive(Serialize, JsonSchema)]
    struct Outer {
        number: u64,
        text: Option<String>,
        choice: Option<Choice>,
        inner: Option<Inner>,
        at: Option<jiff::Timestamp>,
        any: Value,
        list: Vec<Choice>,
        #[serde(skip)]
        _hidden: u8,
        #[serde(flatten)]
        more: Map<String, Value>,
    }

    #[test]
    fn a_derived_schema_is_brought_into_the_plain_form() {
        let schemas = Schemas::of(&[Answer::of::<Outer>("outer")]);
        let none = json!({ "type": "null" });
        let choice = json!({ "$ref": "#/$defs/Choice" });
        let rest = json!({ "type": "object", "properties": {}, "required": [], "additionalProperties": { "type": "number" } });
        let inner =
            json!({ "type": "object", "properties": { "rest": rest }, "required": ["rest"], "additionalProperties": false });
        let properties = json!({
            "number": { "type": "number" },
            "text": { "anyOf": [{ "type": "string" }, none] },
            "choice": { "anyOf": [choice, none] },
            "inner": { "anyOf": [inner, none] },
            "at": { "anyOf": [{ "type": "string", "format": "date-time" }, none] },
            "any": {},
            "list": { "type": "array", "items": choice },
        });
        let required = ["number", "text", "choice", "inner", "at", "any", "list"];
        let outer = json!({ "type": "object", "properties": properties, "required": required, "additionalProperties": true });
        let (verb, name, schema) = &schemas.answers[0];
        assert_eq!((*verb, name.as_str()), ("outer", "Outer"));
        assert_eq!(*schema, outer);
        assert_eq!(schemas.definitions["Choice"], json!({ "enum": ["first", "second_one"] }));
    }
}
