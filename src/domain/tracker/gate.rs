//! Gates: the checks that an issue must pass, who decides them, and their results.
//!
//! A [`Registry`] is the text of `gates.json` with the gates that it defines. A [`GateRecord`] is the result of one gate in an issue
//! file. A required gate that the registry does not define never counts as passed.

mod record;
mod registry;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::domain::issue::deceives;

pub(crate) use record::{GateRecord, unpassed};
pub(crate) use registry::Registry;

/// The default time limit of a command, in seconds.
pub(crate) const DEFAULT_TIMEOUT_SECS: u64 = 300;

/// When a gate must pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GateStage {
    /// Before work starts.
    Precheck,
    /// Before the issue is done.
    Postcheck,
}

/// Who decides the result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GateMode {
    /// A person or an agent.
    Manual,
    /// A command.
    Auto,
}

impl GateStage {
    /// Every stage, earliest first.
    pub(crate) const ALL: [Self; 2] = [Self::Precheck, Self::Postcheck];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Precheck => "precheck",
            Self::Postcheck => "postcheck",
        }
    }
}

impl GateMode {
    pub(crate) const ALL: [Self; 2] = [Self::Manual, Self::Auto];

    /// The spelling in files and on the command line.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Manual => "manual",
            Self::Auto => "auto",
        }
    }
}

/// The result of a gate on an issue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum GateVerdict {
    /// No result yet.
    Pending,
    Passed,
    Failed,
}

impl GateVerdict {
    /// The spelling in files.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Passed => "passed",
            Self::Failed => "failed",
        }
    }
}

/// The definition of a gate.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub(crate) struct Gate {
    /// The key: one word that is safe in a file name.
    pub key: String,
    /// One line.
    pub title: String,
    /// Any text.
    pub description: String,
    pub stage: GateStage,
    pub mode: GateMode,
    /// The command for `sh -c`, if the gate is automated.
    pub command: Option<String>,
    /// The time limit in seconds.
    pub timeout_secs: u64,
    /// The directory in which the command runs, relative to the worktree's root.
    pub working_dir: Option<String>,
    /// Extra environment variables.
    pub env: BTreeMap<String, String>,
    /// Lower ones run first.
    pub priority: i64,
}

impl Gate {
    fn read(key: &str, value: &Value) -> Result<Self, String> {
        let text = |field: &str| value.get(field).and_then(Value::as_str);
        let word = |field: &str| text(field).map(|word| Value::from(word.to_ascii_lowercase()));
        let unknown = |field: &str| format!("gate '{key}': {field} has an unknown value");
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

    /// The JSON for the file, in the format that the older tool reads.
    fn to_value(&self) -> Value {
        let checker = self.command.as_ref().map(|command| {
            json!({
                "type": "exec", "command": command, "timeout_seconds": self.timeout_secs, "working_dir": self.working_dir,
                "env": self.env, "pass_context": false,
            })
        });
        json!({
            "version": 1, "key": self.key, "title": self.title, "description": self.description, "stage": self.stage,
            "mode": self.mode, "checker": checker, "priority": self.priority, "reserved": {}, "auto": self.mode == GateMode::Auto,
            "example_integration": null,
        })
    }
}

/// Whether a text is a valid gate key: one word that is safe in a file name.
pub(crate) fn is_key(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    !text.is_empty() && text.len() <= 64 && text.chars().all(fits) && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

/// Whether a gate's directory is outside of the worktree's root.
pub(crate) fn leads_out(dir: &str) -> bool {
    dir.starts_with(['/', '\\']) || dir.split(['/', '\\']).any(|part| part == "..")
}

/// Whether a text is a valid gate title: one line without control characters.
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
            (GateStage::Precheck, GateMode::Auto, Some("cargo fmt --check"), 30)
        );
        let review = registry.gate("review").expect("defined");
        assert_eq!((review.stage, review.mode, review.title.as_str()), (GateStage::Postcheck, GateMode::Manual, "review"));
        let gate = Gate { key: "tests".into(), title: "Tests".into(), mode: GateMode::Manual, command: None, ..fmt };
        assert!(registry.define(gate.clone()) && !registry.define(gate.clone()));
        assert_eq!(
            Registry::parse(registry.as_bytes()).expect("valid").gate("tests").map(|gate| gate.mode),
            Some(GateMode::Manual)
        );
        let slower = Gate { timeout_secs: 90, ..registry.gate("fmt").expect("defined").clone() };
        let before = String::from_utf8_lossy(registry.as_bytes()).into_owned();
        assert!(registry.define(slower));
        assert_eq!(
            String::from_utf8_lossy(registry.as_bytes()),
            before.replace("\"timeout_seconds\": 30", "\"timeout_seconds\": 90")
        );
        let fast = Gate { timeout_secs: 30, ..registry.gate("fmt").expect("defined").clone() };
        assert!(registry.define(fast));
        assert!(registry.remove("tests") && !registry.remove("tests"));
        assert_eq!(String::from_utf8_lossy(registry.as_bytes()), OLDER);
        for bad in
            ["", "[]", "{\"gates\": {\"x\": {}, \"x\": {}}}", "{\"gates\": 3}", "{\"gates\": {\"x\": {\"mode\": \"magic\"}}}"]
        {
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
