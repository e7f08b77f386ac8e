//! The tools: what each is called, what it takes, and the command line that comes of it.
//!
//! Every word that an agent gives is the value of an option or stands behind `--`, so that none can become an option. No
//! tool pushes, commits, ends another's lease, deletes, reads a file or runs a command; gates are run by `gate_check` alone.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::Error;

/// A verb as an agent calls it.
pub(crate) struct Tool {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub about: &'static str,
    /// The verb.
    verb: &'static [&'static str],
    fields: &'static [Field],
}

/// Something that a tool is given.
struct Field {
    name: &'static str,
    about: &'static str,
    is_required: bool,
    kind: ToolArgType,
    goes: Goes,
}

/// What a value may be.
#[derive(Clone, Copy)]
enum ToolArgType {
    Text,
    Number,
    Texts,
    OneOf(&'static [&'static str]),
}

/// Where a value goes.
#[derive(Clone, Copy)]
enum Goes {
    /// Behind `--`, in the order of the fields.
    Behind,
    /// The same, and the verb's last word is this one then.
    BehindAs(&'static str),
    /// It is the verb's last word.
    Verb,
    /// To this option.
    Option(&'static str),
    /// To the option that the verb's last word has for it.
    OptionBy(&'static [(&'static str, &'static str)]),
}

const fn field(name: &'static str, kind: ToolArgType, goes: Goes, about: &'static str) -> Field {
    Field { name, about, is_required: false, kind, goes }
}

const fn required(name: &'static str, kind: ToolArgType, goes: Goes, about: &'static str) -> Field {
    Field { name, about, is_required: true, kind, goes }
}

const ISSUE: Field = required("issue", ToolArgType::Text, Goes::Behind, "its id, or at least 4 digits of it");
const PRIORITY: ToolArgType = ToolArgType::OneOf(&["critical", "high", "normal", "low"]);

/// All of them.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "orient",
        about: "How things stand: who you are, your leases, what is stale, what is available, the worktrees",
        verb: &["status"],
        fields: &[],
    },
    Tool {
        name: "query",
        about: "List issues: available is what you could begin now",
        verb: &["query"],
        fields: &[
            required("kind", ToolArgType::OneOf(&["available", "blocked", "mine", "ready", "all", "closed"]), Goes::Verb, ""),
            field("text", ToolArgType::Text, Goes::Option("--search"), "in the title, description, a label or the id"),
            field("limit", ToolArgType::Number, Goes::Option("--limit"), "at most so many"),
        ],
    },
    Tool { name: "issue_show", about: "An issue in full, with its notes", verb: &["issue", "show"], fields: &[ISSUE] },
    Tool {
        name: "issue_create",
        about: "Make an issue; needs no lease",
        verb: &["issue", "create"],
        fields: &[
            required("title", ToolArgType::Text, Goes::Option("--title"), "one line"),
            field("description", ToolArgType::Text, Goes::Option("--description"), "what is to be done and why"),
            field("priority", PRIORITY, Goes::Option("--priority"), ""),
            field("labels", ToolArgType::Texts, Goes::Option("--label"), "namespace:value"),
            field("depends_on", ToolArgType::Texts, Goes::Option("--depends-on"), "issues that come first"),
            field("discovered_from", ToolArgType::Text, Goes::Option("--discovered-from"), "the issue at whose work it was found"),
        ],
    },
    Tool {
        name: "issue_update",
        about: "Change an issue that you hold the lease on",
        verb: &["issue", "update"],
        fields: &[
            ISSUE,
            field("title", ToolArgType::Text, Goes::Option("--title"), ""),
            field("description", ToolArgType::Text, Goes::Option("--description"), ""),
            field("state", ToolArgType::OneOf(&["backlog", "ready", "in_progress", "gated", "done"]), Goes::Option("--state"), ""),
            field("priority", PRIORITY, Goes::Option("--priority"), ""),
            field("add_labels", ToolArgType::Texts, Goes::Option("--label"), ""),
            field("remove_labels", ToolArgType::Texts, Goes::Option("--remove-label"), ""),
        ],
    },
    Tool {
        name: "claim",
        about: "Take, renew or give back your lease on an issue",
        verb: &["claim"],
        fields: &[
            required("action", ToolArgType::OneOf(&["acquire", "renew", "release"]), Goes::Verb, ""),
            ISSUE,
            field("ttl", ToolArgType::Text, Goes::OptionBy(&[("acquire", "--ttl"), ("renew", "--extension")]), "600, 30m, 2h"),
            field("reason", ToolArgType::Text, Goes::OptionBy(&[("acquire", "--reason"), ("release", "--reason")]), ""),
        ],
    },
    Tool {
        name: "note_add",
        about: "Say something about an issue, whoever holds it",
        verb: &["note", "add"],
        fields: &[ISSUE, required("text", ToolArgType::Text, Goes::Behind, "")],
    },
    Tool {
        name: "dep_add",
        about: "Have an issue that you hold wait for another",
        verb: &["dep", "add"],
        fields: &[ISSUE, required("depends_on", ToolArgType::Text, Goes::Behind, "the issue that comes first")],
    },
    Tool {
        name: "gate_check",
        about: "Run an issue's automated gates, or one of them, and record the outcome",
        verb: &["gate", "check-all"],
        fields: &[ISSUE, field("gate", ToolArgType::Text, Goes::BehindAs("check"), "its key")],
    },
];

impl Tool {
    /// What it takes, as JSON Schema.
    pub(crate) fn schema(&self) -> Arc<Map<String, Value>> {
        let property = |field: &Field| {
            let mut shape = match field.kind {
                ToolArgType::Text => json!({ "type": "string" }),
                ToolArgType::Number => json!({ "type": "integer", "minimum": 0 }),
                ToolArgType::Texts => json!({ "type": "array", "items": { "type": "string" } }),
                ToolArgType::OneOf(words) => json!({ "type": "string", "enum": words }),
            };
            if !field.about.is_empty() {
                shape["description"] = json!(field.about);
            }
            (field.name.to_owned(), shape)
        };
        let required: Vec<&str> = self.fields.iter().filter(|field| field.is_required).map(|field| field.name).collect();
        let properties: Map<String, Value> = self.fields.iter().map(property).collect();
        let mut schema = Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), json!(properties))]);
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        Arc::new(schema)
    }

    /// The command line that it stands for.
    pub(crate) fn command_line(&self, given: &Map<String, Value>) -> Result<Vec<String>, Error> {
        let is_known = |name: &&String| self.fields.iter().any(|field| field.name == name.as_str());
        if let Some(name) = given.keys().find(|name| !is_known(name)) {
            return Err(self.usage(format!("takes no '{name}'")));
        }
        let mut verb: Vec<&str> = self.verb.to_vec();
        let (mut options, mut behind) = (Vec::new(), Vec::new());
        for field in self.fields {
            let Some(value) = given.get(field.name).filter(|value| !value.is_null()) else {
                if field.is_required {
                    return Err(self.usage(format!("wants '{}'", field.name)));
                }
                continue;
            };
            let words = field.words(value).ok_or_else(|| self.usage(format!("cannot take {value} for '{}'", field.name)))?;
            let last = verb.last().copied().unwrap_or_default();
            let option = |option: &str| words.iter().map(|word| format!("{option}={word}")).collect::<Vec<_>>();
            match field.goes {
                Goes::Behind => behind.extend(words),
                Goes::BehindAs(word) => {
                    verb.pop();
                    verb.push(word);
                    behind.extend(words);
                }
                Goes::Verb => verb.extend(field.choice(&words)),
                Goes::Option(name) => options.extend(option(name)),
                Goes::OptionBy(names) => {
                    let name = names.iter().find(|(word, _)| *word == last);
                    let (_, name) = name.ok_or_else(|| self.usage(format!("{last} takes no '{}'", field.name)))?;
                    options.extend(option(name));
                }
            }
        }
        let before = ["git-jit"].into_iter().chain(verb).map(str::to_owned).chain(options);
        Ok(if behind.is_empty() { before.collect() } else { before.chain(["--".to_owned()]).chain(behind).collect() })
    }

    fn usage(&self, what: String) -> Error {
        let names: Vec<&str> = self.fields.iter().map(|field| field.name).collect();
        let hint = if names.is_empty() { "It takes nothing".to_owned() } else { format!("It takes {}", names.join(", ")) };
        Error::Usage { what: format!("{} {what}", self.name), hint }
    }
}

impl Field {
    /// The words that a value is, if it may be one.
    fn words(&self, value: &Value) -> Option<Vec<String>> {
        // A lone dash would be read as stdin, which is the protocol's.
        let word = |value: &Value| value.as_str().filter(|text| *text != "-").map(str::to_owned);
        match self.kind {
            ToolArgType::Text => word(value).map(|word| vec![word]),
            ToolArgType::Number => value.as_u64().map(|number| vec![number.to_string()]),
            ToolArgType::Texts => value.as_array()?.iter().map(word).collect(),
            ToolArgType::OneOf(words) => word(value).filter(|word| words.contains(&word.as_str())).map(|word| vec![word]),
        }
    }

    /// The word of ours that was chosen.
    fn choice(&self, words: &[String]) -> Option<&'static str> {
        let ToolArgType::OneOf(choices) = self.kind else { return None };
        choices.iter().copied().find(|choice| words.iter().any(|word| word == choice))
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::commands::cli::Cli;

    fn line(name: &str, given: Value) -> Result<String, String> {
        let tool = TOOLS.iter().find(|tool| tool.name == name).expect("a tool");
        let given: Map<String, Value> = serde_json::from_value(given).expect("an object");
        tool.command_line(&given).map(|line| line.join(" ")).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_given_becomes_a_command_line_and_never_an_option() {
        for (tool, given, expected) in [
            ("orient", json!({}), "git-jit status"),
            ("query", json!({ "kind": "mine", "limit": 3, "text": null }), "git-jit query mine --limit=3"),
            ("issue_show", json!({ "issue": "--help" }), "git-jit issue show -- --help"),
            (
                "issue_create",
                json!({ "title": "--quiet", "labels": ["a:b", "c:d"] }),
                "git-jit issue create --title=--quiet --label=a:b --label=c:d",
            ),
            ("claim", json!({ "issue": "1a2b", "action": "acquire", "ttl": "2h" }), "git-jit claim acquire --ttl=2h -- 1a2b"),
            ("claim", json!({ "issue": "1a2b", "action": "renew", "ttl": "2h" }), "git-jit claim renew --extension=2h -- 1a2b"),
            ("note_add", json!({ "text": "-x", "issue": "1a2b" }), "git-jit note add -- 1a2b -x"),
            ("gate_check", json!({ "issue": "1a2b" }), "git-jit gate check-all -- 1a2b"),
            ("gate_check", json!({ "issue": "1a2b", "gate": "fmt" }), "git-jit gate check -- 1a2b fmt"),
        ] {
            let made = line(tool, given).expect("a command line");
            assert_eq!(made, expected);
            assert!(Cli::try_parse_from(made.split(' ')).is_ok(), "{made}");
        }
    }

    #[test]
    fn what_a_tool_does_not_take_is_refused() {
        for (tool, given, why) in [
            ("orient", json!({ "x": 1 }), "orient takes no 'x'"),
            ("issue_show", json!({}), "issue_show wants 'issue'"),
            ("issue_show", json!({ "issue": 5 }), "issue_show cannot take 5 for 'issue'"),
            ("note_add", json!({ "issue": "1a2b", "text": "-" }), "note_add cannot take \"-\" for 'text'"),
            ("claim", json!({ "issue": "1a2b", "action": "force-evict" }), "claim cannot take \"force-evict\" for 'action'"),
            ("claim", json!({ "issue": "1a2b", "action": "release", "ttl": "2h" }), "claim release takes no 'ttl'"),
            ("issue_update", json!({ "issue": "1a2b", "state": "archived" }), "issue_update cannot take \"archived\" for 'state'"),
        ] {
            assert_eq!(line(tool, given), Err(why.to_owned()));
        }
    }
}
