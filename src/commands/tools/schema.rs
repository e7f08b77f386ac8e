//! `git jit schema`: what each verb prints with `--json`, as JSON Schema.

mod notation;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::output::schema::Schemas;
use crate::output::text::Styles;
use crate::output::{Document, Report};

const PAGE: &str = include_str!("../../../docs/json.md");
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verb, for example: issue show; without one, all verbs
    verb: Vec<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SchemaReport {
    verb: String,
    #[schemars(with = "Map<String, Value>")]
    schema: Value,
}

/// Prints the schema of one verb, or of all verbs.
pub(crate) fn run(session: &Session, args: &Args) -> CommandResult {
    let Args { verb } = args;
    let verb = verb.join(" ");
    let (mut answers, mut definitions) = by_hand();
    let derived = Schemas::of((session.program.answers)());
    answers.extend(derived.answers.into_iter().map(|(verb, _, schema)| (verb.to_owned(), versioned(schema))));
    definitions.extend(derived.definitions);
    definitions.sort_keys();
    if verb.is_empty() {
        let names: Vec<&String> = answers.keys().collect();
        let schema = json!({ "$schema": DIALECT, "title": "git jit", "enum": names, "$defs": definitions, "answers": answers });
        return Ok(Box::new(SchemaReport { verb, schema }));
    }
    let Some(answer) = answers.get(&verb) else {
        let names: Vec<&str> = answers.keys().map(String::as_str).filter(|name| name.starts_with(&verb)).collect();
        let hint = if names.is_empty() {
            "See docs/json.md, or git jit schema".to_owned()
        } else {
            format!("The verbs are {}", names.join(", "))
        };
        return Err(Error::NotThere { what: "verb with a schema", name: verb, hint });
    };
    let mut schema = json!({ "$schema": DIALECT, "title": format!("git jit {verb} --json") });
    if let (Value::Object(all), Value::Object(answer)) = (&mut schema, answer) {
        all.extend(answer.clone());
        all.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Ok(Box::new(SchemaReport { verb, schema }))
}

/// The shapes that are still written by hand: only until every report derives them.
fn by_hand() -> (Map<String, Value>, Map<String, Value>) {
    let all = notation::definitions(PAGE).expect("a test reads the page");
    let (shapes, verbs): (BTreeMap<_, _>, BTreeMap<_, _>) =
        all.into_iter().partition(|(name, _)| name.starts_with(char::is_uppercase));
    let named = |shape: &Value| {
        let name = shape["$ref"].as_str()?.trim_start_matches("#/$defs/");
        shapes.get(name).cloned()
    };
    let answers = verbs.into_iter().map(|(verb, shape)| (verb, versioned(named(&shape).unwrap_or(shape)))).collect();
    (answers, shapes.into_iter().collect())
}

/// An answer's own shape, with the version that every answer has.
fn versioned(mut shape: Value) -> Value {
    if let Some(members) = shape["properties"].as_object_mut() {
        members.shift_insert(0, "schema_version".to_owned(), json!({ "const": 1 }));
    }
    if let Some(required) = shape["required"].as_array_mut() {
        required.insert(0, json!("schema_version"));
    }
    shape
}

impl Report for SchemaReport {
    fn document(&self) -> Option<&dyn Document> {
        Some(self)
    }

    /// The schema itself, also for people.
    fn human(&self, _: &Styles) -> String {
        format!("{:#}\n", self.schema)
    }
}
