//! `git jit schema`: what each verb answers with `--json`, as JSON Schema made from `docs/json.md` itself.

mod notation;

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::commands::shared::session::CommandResult;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;

const PAGE: &str = include_str!("../../../docs/json.md");
const DIALECT: &str = "https://json-schema.org/draft/2020-12/schema";

// Arguments of `schema`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The verb, for example: issue show; without it, all of them
    verb: Vec<String>,
}

struct Schema {
    verb: String,
    schema: Value,
}

/// Prints the schema of a verb's answer, or of all.
pub(crate) fn run(args: &Args) -> CommandResult {
    let Args { verb } = args;
    let verb = verb.join(" ");
    let all = notation::definitions(PAGE).expect("a test reads the page");
    let is_shape = |name: &str| name.starts_with(char::is_uppercase);
    let shapes: BTreeMap<&str, &Value> =
        all.iter().filter(|(name, _)| is_shape(name)).map(|(name, shape)| (name.as_str(), shape)).collect();
    let mut verbs = all.iter().filter(|(name, _)| !is_shape(name));
    if verb.is_empty() {
        let answers: Map<String, Value> = verbs.map(|(name, shape)| (name.clone(), versioned(shape, &shapes))).collect();
        let names: Vec<&String> = answers.keys().collect();
        let schema = json!({ "$schema": DIALECT, "title": "git jit", "enum": names, "$defs": defs(&shapes), "answers": answers });
        return Ok(Box::new(Schema { verb, schema }));
    }
    let Some((_, shape)) = verbs.find(|(name, _)| *name == verb) else {
        let names = all.iter().map(|(name, _)| name).filter(|name| !is_shape(name) && name.starts_with(&verb));
        let names: Vec<&str> = names.map(String::as_str).collect();
        let hint = if names.is_empty() {
            "See docs/json.md, or git jit schema".to_owned()
        } else {
            format!("There is {}", names.join(", "))
        };
        return Err(Error::NotThere { what: "verb with a schema", name: verb, hint });
    };
    let mut schema = json!({ "$schema": DIALECT, "title": format!("git jit {verb} --json") });
    if let (Value::Object(all), Value::Object(shape)) = (&mut schema, versioned(shape, &shapes)) {
        all.extend(shape);
        all.insert("$defs".to_owned(), defs(&shapes));
    }
    Ok(Box::new(Schema { verb, schema }))
}

fn defs(shapes: &BTreeMap<&str, &Value>) -> Value {
    Value::Object(shapes.iter().map(|(name, shape)| ((*name).to_owned(), (*shape).clone())).collect())
}

/// An answer's own shape, with the version that every answer has.
fn versioned(shape: &Value, shapes: &BTreeMap<&str, &Value>) -> Value {
    let named = shape["$ref"].as_str().and_then(|name| shapes.get(name.trim_start_matches("#/$defs/")));
    let mut shape = named.map_or(shape, |shape| shape).clone();
    let version = json!({ "const": 1 });
    if let Some(members) = shape["properties"].as_object_mut() {
        members.shift_insert(0, "schema_version".to_owned(), version);
    }
    if let Some(required) = shape["required"].as_array_mut() {
        required.insert(0, json!("schema_version"));
    }
    shape
}

impl Report for Schema {
    fn json(&self) -> Value {
        json!({ "verb": self.verb, "schema": self.schema })
    }

    /// A schema is for a program, whoever asks for it.
    fn human(&self, _: &Styles) -> String {
        format!("{:#}\n", self.schema)
    }
}
