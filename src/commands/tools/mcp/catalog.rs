//! The tools: the name and arguments of each, and the command line that it becomes.
//!
//! Every text from the agent is the value of an option or follows `--`, so that none can become an option. No tool pushes,
//! commits, ends another agent's lease, deletes, reads a file or runs a command, except that `gate_check` runs gates.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::error::Error;

/// A verb as an agent calls it.
pub(crate) struct Tool {
    pub name: &'static str,
    /// What it does, for the agent.
    pub about: &'static str,
    /// The words of the verb.
    verb: &'static [&'static str],
    args: &'static [ToolArg],
}

/// An argument of a tool.
struct ToolArg {
    name: &'static str,
    about: &'static str,
    is_required: bool,
    kind: ToolArgType,
    position: ArgPosition,
}

/// The type of an argument.
#[derive(Clone, Copy)]
enum ToolArgType {
    Text,
    Number,
    Texts,
    OneOf(&'static [&'static str]),
}

/// Where a value is on the command line.
#[derive(Clone, Copy)]
enum ArgPosition {
    /// After `--`, in the order of the arguments.
    Positional,
    /// After `--`; the last word of the verb is replaced by this one.
    PositionalOf(&'static str),
    /// The last word of the verb.
    Subcommand,
    /// The value of this option.
    Option(&'static str),
    /// The value of an option that depends on the last word of the verb.
    OptionBy(&'static [(&'static str, &'static str)]),
}

const fn optional(name: &'static str, kind: ToolArgType, position: ArgPosition, about: &'static str) -> ToolArg {
    ToolArg { name, about, is_required: false, kind, position }
}

const fn required(name: &'static str, kind: ToolArgType, position: ArgPosition, about: &'static str) -> ToolArg {
    ToolArg { name, about, is_required: true, kind, position }
}

const ISSUE: ToolArg = required("issue", ToolArgType::Text, ArgPosition::Positional, "its id, or at least the first 4 digits");
const PRIORITY: ToolArgType = ToolArgType::OneOf(&["critical", "high", "normal", "low"]);

/// Every tool.
pub(crate) const TOOLS: &[Tool] = &[
    Tool {
        name: "orient",
        about: "Show who you are, your leases, stale leases, available issues and the worktrees",
        verb: &["status"],
        args: &[],
    },
    Tool {
        name: "query",
        about: "List issues; available: those that you can start now",
        verb: &["query"],
        args: &[
            required(
                "kind",
                ToolArgType::OneOf(&["available", "blocked", "mine", "ready", "all", "closed"]),
                ArgPosition::Subcommand,
                "",
            ),
            optional("text", ToolArgType::Text, ArgPosition::Option("--search"), "in the title, description, a label or the id"),
            optional("limit", ToolArgType::Number, ArgPosition::Option("--limit"), "the maximum number"),
        ],
    },
    Tool { name: "issue_show", about: "Show an issue in full, with its notes", verb: &["issue", "show"], args: &[ISSUE] },
    Tool {
        name: "issue_create",
        about: "Create an issue; needs no lease",
        verb: &["issue", "create"],
        args: &[
            required("title", ToolArgType::Text, ArgPosition::Option("--title"), "one line"),
            optional("description", ToolArgType::Text, ArgPosition::Option("--description"), "what must be done and why"),
            optional("priority", PRIORITY, ArgPosition::Option("--priority"), ""),
            optional("labels", ToolArgType::Texts, ArgPosition::Option("--label"), "namespace:value"),
            optional("depends_on", ToolArgType::Texts, ArgPosition::Option("--depends-on"), "issues that must be closed first"),
            optional(
                "discovered_from",
                ToolArgType::Text,
                ArgPosition::Option("--discovered-from"),
                "the issue during whose work it was found",
            ),
        ],
    },
    Tool {
        name: "issue_update",
        about: "Change an issue that you hold the lease on",
        verb: &["issue", "update"],
        args: &[
            ISSUE,
            optional("title", ToolArgType::Text, ArgPosition::Option("--title"), ""),
            optional("description", ToolArgType::Text, ArgPosition::Option("--description"), ""),
            optional(
                "state",
                ToolArgType::OneOf(&["backlog", "ready", "in_progress", "gated", "done"]),
                ArgPosition::Option("--state"),
                "",
            ),
            optional("priority", PRIORITY, ArgPosition::Option("--priority"), ""),
            optional("add_labels", ToolArgType::Texts, ArgPosition::Option("--label"), ""),
            optional("remove_labels", ToolArgType::Texts, ArgPosition::Option("--remove-label"), ""),
        ],
    },
    Tool {
        name: "claim",
        about: "Acquire, renew or release your lease on an issue",
        verb: &["claim"],
        args: &[
            required("action", ToolArgType::OneOf(&["acquire", "renew", "release"]), ArgPosition::Subcommand, ""),
            ISSUE,
            optional(
                "ttl",
                ToolArgType::Text,
                ArgPosition::OptionBy(&[("acquire", "--ttl"), ("renew", "--extension")]),
                "600, 30m, 2h",
            ),
            optional("reason", ToolArgType::Text, ArgPosition::OptionBy(&[("acquire", "--reason"), ("release", "--reason")]), ""),
        ],
    },
    Tool {
        name: "note_add",
        about: "Add a note to an issue; needs no lease",
        verb: &["note", "add"],
        args: &[ISSUE, required("text", ToolArgType::Text, ArgPosition::Positional, "")],
    },
    Tool {
        name: "dep_add",
        about: "Make an issue that you hold depend on another",
        verb: &["dep", "add"],
        args: &[ISSUE, required("depends_on", ToolArgType::Text, ArgPosition::Positional, "the issue that must be closed first")],
    },
    Tool {
        name: "gate_check",
        about: "Run an issue's automated gates, or one of them, and record the result",
        verb: &["gate", "check-all"],
        args: &[ISSUE, optional("gate", ToolArgType::Text, ArgPosition::PositionalOf("check"), "its key")],
    },
];

impl Tool {
    /// Its arguments, as JSON Schema.
    pub(crate) fn schema(&self) -> Arc<Map<String, Value>> {
        let property = |arg: &ToolArg| {
            let mut shape = match arg.kind {
                ToolArgType::Text => json!({ "type": "string" }),
                ToolArgType::Number => json!({ "type": "integer", "minimum": 0 }),
                ToolArgType::Texts => json!({ "type": "array", "items": { "type": "string" } }),
                ToolArgType::OneOf(words) => json!({ "type": "string", "enum": words }),
            };
            if !arg.about.is_empty() {
                shape["description"] = json!(arg.about);
            }
            (arg.name.to_owned(), shape)
        };
        let required: Vec<&str> = self.args.iter().filter(|arg| arg.is_required).map(|arg| arg.name).collect();
        let properties: Map<String, Value> = self.args.iter().map(property).collect();
        let mut schema = Map::from_iter([("type".to_owned(), json!("object")), ("properties".to_owned(), json!(properties))]);
        if !required.is_empty() {
            schema.insert("required".to_owned(), json!(required));
        }
        schema.insert("additionalProperties".to_owned(), json!(false));
        Arc::new(schema)
    }

    /// The command line for the values that were given.
    pub(crate) fn command_line(&self, given: &Map<String, Value>) -> Result<Vec<String>, Error> {
        let is_known = |name: &&String| self.args.iter().any(|arg| arg.name == name.as_str());
        if let Some(name) = given.keys().find(|name| !is_known(name)) {
            return Err(self.usage(format!("does not accept '{name}'")));
        }
        let mut verb: Vec<&str> = self.verb.to_vec();
        let (mut options, mut positional) = (Vec::new(), Vec::new());
        for arg in self.args {
            let Some(value) = given.get(arg.name).filter(|value| !value.is_null()) else {
                if arg.is_required {
                    return Err(self.usage(format!("requires '{}'", arg.name)));
                }
                continue;
            };
            let words = arg.words(value).ok_or_else(|| self.usage(format!("does not accept {value} for '{}'", arg.name)))?;
            let last = verb.last().copied().unwrap_or_default();
            let option = |option: &str| words.iter().map(|word| format!("{option}={word}")).collect::<Vec<_>>();
            match arg.position {
                ArgPosition::Positional => positional.extend(words),
                ArgPosition::PositionalOf(word) => {
                    verb.pop();
                    verb.push(word);
                    positional.extend(words);
                }
                ArgPosition::Subcommand => verb.extend(arg.choice(&words)),
                ArgPosition::Option(name) => options.extend(option(name)),
                ArgPosition::OptionBy(names) => {
                    let name = names.iter().find(|(word, _)| *word == last);
                    let (_, name) = name.ok_or_else(|| self.usage(format!("{last} does not accept '{}'", arg.name)))?;
                    options.extend(option(name));
                }
            }
        }
        let before = ["git-jit"].into_iter().chain(verb).map(str::to_owned).chain(options);
        Ok(if positional.is_empty() { before.collect() } else { before.chain(["--".to_owned()]).chain(positional).collect() })
    }

    fn usage(&self, what: String) -> Error {
        let names: Vec<&str> = self.args.iter().map(|arg| arg.name).collect();
        let hint = if names.is_empty() { "It has no arguments".to_owned() } else { format!("Its arguments: {}", names.join(", ")) };
        Error::Usage { what: format!("{} {what}", self.name), hint }
    }
}

impl ToolArg {
    /// The words of a value, if it has the right type.
    fn words(&self, value: &Value) -> Option<Vec<String>> {
        // A lone hyphen would mean stdin, which belongs to the protocol.
        let word = |value: &Value| value.as_str().filter(|text| *text != "-").map(str::to_owned);
        match self.kind {
            ToolArgType::Text => word(value).map(|word| vec![word]),
            ToolArgType::Number => value.as_u64().map(|number| vec![number.to_string()]),
            ToolArgType::Texts => value.as_array()?.iter().map(word).collect(),
            ToolArgType::OneOf(words) => word(value).filter(|word| words.contains(&word.as_str())).map(|word| vec![word]),
        }
    }

    /// The choice that equals the value.
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
    fn values_become_a_command_line_and_never_an_option() {
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
    fn a_wrong_value_is_refused() {
        for (tool, given, why) in [
            ("orient", json!({ "x": 1 }), "orient does not accept 'x'"),
            ("issue_show", json!({}), "issue_show requires 'issue'"),
            ("issue_show", json!({ "issue": 5 }), "issue_show does not accept 5 for 'issue'"),
            ("note_add", json!({ "issue": "1a2b", "text": "-" }), "note_add does not accept \"-\" for 'text'"),
            ("claim", json!({ "issue": "1a2b", "action": "force-evict" }), "claim does not accept \"force-evict\" for 'action'"),
            ("claim", json!({ "issue": "1a2b", "action": "release", "ttl": "2h" }), "claim release does not accept 'ttl'"),
            (
                "issue_update",
                json!({ "issue": "1a2b", "state": "archived" }),
                "issue_update does not accept \"archived\" for 'state'",
            ),
        ] {
            assert_eq!(line(tool, given), Err(why.to_owned()));
        }
    }
}
