//! `git jit schema`: what each verb prints with `--json`, as JSON Schema.

#[cfg(test)]
mod page;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::output::Report;
use crate::output::schema::{Answer, Schemas};
use crate::output::text::Styles;

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
    let all = (session.program.answers)();
    let chosen = all.iter().copied().filter(|answer| verb.is_empty() || answer.verb == verb);
    let Schemas { answers, mut definitions } = Schemas::of(chosen);
    definitions.sort_keys();
    let mut answers: Map<String, Value> =
        answers.into_iter().map(|(verb, _, schema)| (verb.to_owned(), versioned(schema))).collect();
    if verb.is_empty() {
        let names: Vec<&String> = answers.keys().collect();
        let schema = json!({ "$schema": DIALECT, "title": "git jit", "enum": names, "$defs": definitions, "answers": answers });
        return Ok(Box::new(SchemaReport { verb, schema }));
    }
    let Some(Value::Object(answer)) = answers.remove(&verb) else { return Err(no_such(verb, &all)) };
    let mut schema = json!({ "$schema": DIALECT, "title": format!("git jit {verb} --json") });
    if let Value::Object(members) = &mut schema {
        members.extend(answer);
        members.insert("$defs".to_owned(), Value::Object(definitions));
    }
    Ok(Box::new(SchemaReport { verb, schema }))
}

fn no_such(verb: String, answers: &[&Answer]) -> Error {
    let names: Vec<&str> = answers.iter().map(|answer| answer.verb).filter(|name| name.starts_with(&verb)).collect();
    let hint = if names.is_empty() {
        "See docs/json.md, or git jit schema".to_owned()
    } else {
        format!("The verbs are {}", names.join(", "))
    };
    Error::NotThere { what: "verb with a schema", name: verb, hint }
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
    /// The schema itself, also for people.
    fn human(&self, _: &Styles) -> String {
        format!("{:#}\n", self.schema)
    }
}
