//! Gates: what an issue must pass, how that is found out, and what became of it.
//!
//! A [`Registry`] is the text of `gates.json` with the gates that it defines; a [`Record`] is what an issue's
//! file says of one gate. A gate that the registry lacks is one that nobody can pass: it never counts as passed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::issue::{Issue, deceives};
use super::splice;

/// Seconds that a command may take where the gate does not say.
pub(crate) const DEFAULT_TIMEOUT_SECS: u64 = 300;

/// When a gate counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// Before work begins.
    Precheck,
    /// Before it is done.
    Postcheck,
}

/// Who finds out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Mode {
    /// A person or an agent, who says so.
    Manual,
    /// A command.
    Auto,
}

impl Stage {
    /// Every stage, the earlier one first.
    pub(crate) const ALL: [Self; 2] = [Self::Precheck, Self::Postcheck];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Precheck => "precheck",
            Self::Postcheck => "postcheck",
        }
    }
}

impl Mode {
    /// Every mode.
    pub(crate) const ALL: [Self; 2] = [Self::Manual, Self::Auto];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Auto => "auto",
        }
    }
}

/// What is known of a gate on an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// Nothing yet.
    Pending,
    /// It holds.
    Passed,
    /// It does not.
    Failed,
}

impl Verdict {
    /// The spelling in files.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// A gate, as it is defined.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Gate {
    /// Its name, one safe word.
    pub key: String,
    /// One line.
    pub title: String,
    /// Any text.
    pub description: String,
    /// When it counts.
    pub stage: Stage,
    /// Who finds out.
    pub mode: Mode,
    /// What `sh -c` runs, for an automated one.
    pub command: Option<String>,
    /// Seconds that it may take.
    pub timeout_secs: u64,
    /// Where it runs, below the worktree's root.
    pub working_dir: Option<String>,
    /// Variables it is given.
    pub env: BTreeMap<String, String>,
    /// Lower ones run first.
    pub priority: i64,
}

impl Gate {
    fn read(key: &str, value: &Value) -> Result<Self, String> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let word = |field: &str| text(field).map(|word| Value::from(word.to_ascii_lowercase()));
        let unknown = |field: &str| format!("gate '{key}': {field} is none that is known");
        let checker = value.get("checker").filter(|checker| checker.is_object());
        let auto = value.get("auto").and_then(Value::as_bool) == Some(true) || checker.is_some();
        let mode = word("mode").unwrap_or_else(|| json!(if auto { "auto" } else { "manual" }));
        let stage = word("stage").unwrap_or_else(|| json!("postcheck"));
        let of = |field: &str| checker.and_then(|checker| checker.get(field));
        let env = of("env").and_then(Value::as_object).into_iter().flatten();
        Ok(Self {
            key: key.to_owned(),
            title: text("title").unwrap_or(key).to_owned(),
            description: text("description").unwrap_or_default().to_owned(),
            stage: serde_json::from_value(stage).map_err(|_| unknown("stage"))?,
            mode: serde_json::from_value(mode).map_err(|_| unknown("mode"))?,
            command: of("command").and_then(Value::as_str).map(str::to_owned),
            timeout_secs: of("timeout_seconds").and_then(Value::as_u64).unwrap_or(DEFAULT_TIMEOUT_SECS),
            working_dir: of("working_dir").and_then(Value::as_str).map(str::to_owned),
            env: env.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect(),
            priority: value.get("priority").and_then(Value::as_i64).unwrap_or(100),
        })
    }

    /// What the registry's file says of it, in the form that the older tool reads.
    fn to_value(&self) -> Value {
        let checker = self.command.as_ref().map(|command| {
            json!({
                "type": "exec", "command": command, "timeout_seconds": self.timeout_secs, "working_dir": self.working_dir,
                "env": self.env, "pass_context": false,
            })
        });
        json!({
            "version": 1, "key": self.key, "title": self.title, "description": self.description, "stage": self.stage,
            "mode": self.mode, "checker": checker, "priority": self.priority, "reserved": {}, "auto": self.mode == Mode::Auto,
            "example_integration": null,
        })
    }
}

/// The text of `gates.json`, and the gates in it.
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
    /// Reads the file; the error says what is wrong, in words.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
        let file: Map<String, Value> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let none = Map::new();
        let gates = match file.get("gates") {
            None => &none,
            Some(gates) => gates.as_object().ok_or("'gates' is not an object")?,
        };
        let gates = gates.iter().map(|(key, value)| Ok((key.clone(), Gate::read(key, value)?)));
        Ok(Self { gates: gates.collect::<Result<_, String>>()?, text: text.to_owned() })
    }

    /// The bytes of the file.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// The gates, by key.
    pub(crate) fn gates(&self) -> impl Iterator<Item = &Gate> {
        self.gates.values()
    }

    /// The gate of this name.
    pub(crate) fn gate(&self, key: &str) -> Option<&Gate> {
        self.gates.get(key)
    }

    /// Defines a gate, in the place of one of the same key.
    pub(crate) fn define(&mut self, gate: Gate) -> bool {
        let Some(text) = splice::set(&self.text, &["gates", &gate.key], &gate.to_value()) else { return false };
        self.text = text;
        self.gates.insert(gate.key.clone(), gate);
        true
    }

    /// Takes a gate away; whether it was there.
    pub(crate) fn remove(&mut self, key: &str) -> bool {
        let Some(text) = splice::remove(&self.text, &["gates", key]) else { return false };
        self.text = text;
        self.gates.remove(key).is_some()
    }
}

/// Whether a text may name a gate: one word that is safe in a file's name.
pub(crate) fn is_key(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// What an issue's file says of one gate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Record {
    /// What became of it.
    pub status: Verdict,
    /// Who found out.
    pub updated_by: Option<String>,
    /// When, RFC 3339.
    pub updated_at: Option<String>,
    /// What was run.
    pub command: Option<String>,
    /// With which exit status it ended; none where it was stopped.
    pub exit_code: Option<i64>,
    /// How long it took.
    pub duration_ms: Option<u64>,
    /// The tree that it ran on, without `.jit`.
    pub tree: Option<String>,
    /// What the one who found out had to say.
    pub reason: Option<String>,
}

impl Record {
    /// Nothing is known.
    pub(crate) const PENDING: Self = Self {
        status: Verdict::Pending,
        updated_by: None,
        updated_at: None,
        command: None,
        exit_code: None,
        duration_ms: None,
        tree: None,
        reason: None,
    };

    /// What an issue's file says of the gate `key`.
    pub(crate) fn of(issue: &Issue, key: &str) -> Self {
        let Some(value) = issue.gates_status.get(key) else { return Self::PENDING };
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let status = value.as_str().map(str::to_owned).or_else(|| text("status")).unwrap_or_default();
        Self {
            status: serde_json::from_value(json!(status.to_ascii_lowercase())).unwrap_or(Verdict::Pending),
            updated_by: text("updated_by"),
            updated_at: text("updated_at"),
            command: text("command"),
            exit_code: value.get("exit_code").and_then(Value::as_i64),
            duration_ms: value.get("duration_ms").and_then(Value::as_u64),
            tree: text("tree"),
            reason: text("reason"),
        }
    }

    /// Whether it is about another tree than `tree`, the one here now, or about another command than the gate has now;
    /// nothing where that cannot be told.
    pub(crate) fn is_outdated(&self, gate: Option<&Gate>, tree: Option<&str>) -> Option<bool> {
        let is_other_command = self.command.is_some() && gate.is_some_and(|gate| gate.command != self.command);
        let is_other_tree = self.tree.as_deref().zip(tree).map(|(then, now)| then != now);
        if is_other_command { Some(true) } else { is_other_tree }
    }

    /// What the file is to say: what is known, and nothing else.
    pub(crate) fn to_value(&self) -> Value {
        let Value::Object(all) = json!(self) else { return json!({}) };
        Value::Object(all.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }
}

/// The gates of an issue that have not passed: those of a stage, or all of them.
pub(crate) fn unpassed(issue: &Issue, registry: &Registry, stage: Option<Stage>) -> Vec<String> {
    let is_of = |key: &&String| stage.is_none_or(|stage| registry.gate(key).is_some_and(|gate| gate.stage == stage));
    let is_open = |key: &&String| Record::of(issue, key).status != Verdict::Passed;
    issue.gates_required.iter().filter(is_of).filter(is_open).cloned().collect()
}

/// Whether a text may be a gate's title: one honest line.
pub(crate) fn is_title(text: &str) -> bool {
    !text.trim().is_empty() && text.chars().count() <= 200 && !text.chars().any(deceives)
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLDER: &str = "{\n  \"gates\": {\n    \"fmt\": {\n      \"version\": 1,\n      \"key\": \"fmt\",\n      \"title\": \"Format\",\n      \"description\": \"\",\n      \"stage\": \"precheck\",\n      \"mode\": \"auto\",\n      \"checker\": {\n        \"type\": \"exec\",\n        \"command\": \"cargo fmt --check\",\n        \"timeout_seconds\": 30,\n        \"pass_context\": true\n      },\n      \"reserved\": {},\n      \"odd\": 1.50\n    },\n    \"review\": { \"auto\": false }\n  }\n}\n";

    #[test]
    fn the_older_tools_registry_is_read_and_only_what_changes_is_written() {
        let mut registry = Registry::parse(OLDER.as_bytes()).expect("valid");
        let fmt = registry.gate("fmt").expect("defined").clone();
        assert_eq!(
            (fmt.stage, fmt.mode, fmt.command.as_deref(), fmt.timeout_secs),
            (Stage::Precheck, Mode::Auto, Some("cargo fmt --check"), 30)
        );
        let review = registry.gate("review").expect("defined");
        assert_eq!((review.stage, review.mode, review.title.as_str()), (Stage::Postcheck, Mode::Manual, "review"));
        let gate = Gate { key: "tests".into(), title: "Tests".into(), mode: Mode::Manual, command: None, ..fmt };
        assert!(registry.define(gate.clone()) && !registry.define(gate.clone()));
        assert_eq!(Registry::parse(registry.as_bytes()).expect("valid").gate("tests").map(|gate| gate.mode), Some(Mode::Manual));
        assert!(registry.remove("tests") && !registry.remove("tests"));
        assert_eq!(String::from_utf8_lossy(registry.as_bytes()), OLDER);
        for bad in ["", "[]", "{\"gates\": 3}", "{\"gates\": {\"x\": {\"mode\": \"magic\"}}}"] {
            assert!(Registry::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    #[test]
    fn keys_are_safe_words() {
        assert!(is_key("code-review") && is_key("tests_2.x"));
        for bad in ["", "../x", "a b", "-x", ".x", "a/b", "ä"] {
            assert!(!is_key(bad), "{bad}");
        }
    }
}
