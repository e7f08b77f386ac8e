//! `docs/json.md`: the introductions of `page.md`, and the shapes of all answers in a compact notation.
//!
//! In a block called `shape`, `page.md` has one name a line, of a verb or of a type. The types that a verb's answer refers to
//! are printed before it, unless they were printed already.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use serde_json::{Map, Value};

use crate::output::schema::Schemas;

const TEMPLATE: &str = include_str!("page.md");
const WIDTH: usize = 120;

/// The page for these schemas.
fn page(schemas: &Schemas) -> String {
    let mut page = Page { schemas, types: types(schemas), printed: HashSet::new() };
    let mut text = String::new();
    let mut is_shape = false;
    for line in TEMPLATE.lines() {
        let is_fence = line.starts_with("```");
        if is_shape && !is_fence {
            text += &page.named(line);
        } else {
            text += &format!("{line}\n");
        }
        is_shape = if is_fence { line == "```shape" } else { is_shape };
    }
    text
}

/// The types that have a name in the page: those that are referred to, and those that several verbs answer with.
fn types(schemas: &Schemas) -> Map<String, Value> {
    let mut verbs: BTreeMap<&str, usize> = BTreeMap::new();
    for (_, name, _) in &schemas.answers {
        *verbs.entry(name).or_default() += 1;
    }
    let shared = schemas.answers.iter().filter(|(_, name, _)| verbs[name.as_str()] > 1);
    let shared = shared.map(|(_, name, schema)| (name.clone(), schema.clone()));
    schemas.definitions.clone().into_iter().chain(shared).collect()
}

struct Page<'a> {
    schemas: &'a Schemas,
    types: Map<String, Value>,
    printed: HashSet<String>,
}

impl Page<'_> {
    /// The lines of a verb or a type, after those of the types that it refers to.
    fn named(&mut self, name: &str) -> String {
        if name.starts_with(char::is_uppercase) {
            return self.type_named(name);
        }
        let answer = self.schemas.answers.iter().find(|(verb, ..)| *verb == name);
        let (_, report, schema) = answer.expect("page.md names an answer of a group");
        if self.types.contains_key(report) {
            return self.type_named(report) + &format!("{name} = {report}\n");
        }
        self.types_in(schema) + &wrapped(&format!("{name} = {}", shape(schema)))
    }

    fn type_named(&mut self, name: &str) -> String {
        if !self.printed.insert(name.to_owned()) {
            return String::new();
        }
        let schema = self.types[name].clone();
        self.types_in(&schema) + &wrapped(&format!("{name} = {}", shape(&schema)))
    }

    fn types_in(&mut self, schema: &Value) -> String {
        match schema {
            Value::Object(members) => match members.get("$ref").and_then(Value::as_str) {
                Some(reference) => self.type_named(type_name(reference)),
                None => members.values().map(|below| self.types_in(below)).collect(),
            },
            Value::Array(all) => all.iter().map(|below| self.types_in(below)).collect(),
            _ => String::new(),
        }
    }
}

fn type_name(reference: &str) -> &str {
    reference.trim_start_matches("#/$defs/")
}

/// A schema in the plain form, in the notation of the page.
fn shape(schema: &Value) -> String {
    if let Some(reference) = schema["$ref"].as_str() {
        return type_name(reference).to_owned();
    }
    if let Some(Value::Array(choices)) = schema.get("anyOf") {
        let is_null = |choice: &&Value| choice["type"] == "null";
        let shapes: Vec<String> = choices.iter().filter(|choice| !is_null(choice)).map(shape).collect();
        let optional = if choices.iter().any(|choice| is_null(&choice)) { "?" } else { "" };
        return shapes.join(" | ") + optional;
    }
    if let Some(Value::Array(names)) = schema.get("enum") {
        return names.iter().map(Value::to_string).collect::<Vec<_>>().join(" | ");
    }
    match (schema["type"].as_str(), schema["format"].as_str()) {
        (Some("string"), Some("uuid")) => "id".to_owned(),
        (Some("string"), Some("date-time")) => "time".to_owned(),
        (Some("string"), _) => "text".to_owned(),
        (Some("number"), _) => "number".to_owned(),
        (Some("boolean"), _) => "bool".to_owned(),
        (Some("array"), _) => format!("[{}]", shape(&schema["items"])),
        (Some("object"), _) => object(schema),
        _ => schema.get("const").map_or("any".to_owned(), Value::to_string),
    }
}

fn object(schema: &Value) -> String {
    let members = schema["properties"].as_object().into_iter().flatten();
    let mut members: Vec<String> = members.map(|(name, schema)| format!("{name}: {}", shape(schema))).collect();
    match &schema["additionalProperties"] {
        Value::Bool(false) => {}
        Value::Bool(true) => members.push("…".to_owned()),
        others => members.push(format!("*: {}", shape(others))),
    }
    format!("{{ {} }}", members.join(", "))
}

/// Breaks a line behind commas.
fn wrapped(line: &str) -> String {
    let mut text = String::new();
    let mut length = 0;
    for (number, part) in line.split_inclusive(", ").enumerate() {
        let width = part.trim_end().chars().count();
        if number > 0 && length + width > WIDTH {
            text.truncate(text.trim_end().len());
            text += "\n  ";
            length = 2;
        }
        text += part;
        length += part.chars().count();
    }
    text + "\n"
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the caller of the test decides whether it renews the page")]
fn the_page_is_made_from_the_types_of_the_reports() {
    let schemas = Schemas::of((crate::commands::PROGRAM.answers)());
    let page = page(&schemas);
    let missing = schemas.answers.iter().map(|(verb, ..)| *verb).filter(|verb| !TEMPLATE.lines().any(|line| line == *verb));
    assert_eq!(missing.collect::<Vec<_>>(), Vec::<&str>::new(), "verbs that page.md does not name");
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/json.md");
    if std::env::var_os("JIT_RENEW_DOCS").is_some() {
        crate::store::file::replace(&path, page.as_bytes(), crate::store::issues::VERSIONED).expect("written");
    }
    let current = std::fs::read_to_string(&path).expect("docs/json.md");
    assert!(current == page, "docs/json.md is outdated: JIT_RENEW_DOCS=1 cargo test --lib schema::page");
}
