//! The recorded result of a gate in an issue file, and the gates that have not passed.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::issue::Issue;
use crate::domain::tracker::gate::{Gate, GateStage, GateVerdict, Registry};

/// The recorded result of one gate on one issue.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub(crate) struct GateRecord {
    pub status: GateVerdict,
    /// The agent or person who recorded it.
    pub updated_by: Option<String>,
    /// The time, RFC 3339.
    pub updated_at: Option<String>,
    /// The command that was run.
    pub command: Option<String>,
    /// The exit status; `None` if the command was stopped.
    pub exit_code: Option<i64>,
    /// The duration of the run.
    pub duration_ms: Option<u64>,
    /// The tree on which it ran, without `.jit`.
    pub tree: Option<String>,
    /// The reason given by the person or agent who recorded it.
    pub reason: Option<String>,
}

impl GateRecord {
    /// The record of a gate without a result.
    pub(crate) const PENDING: Self = Self {
        status: GateVerdict::Pending,
        updated_by: None,
        updated_at: None,
        command: None,
        exit_code: None,
        duration_ms: None,
        tree: None,
        reason: None,
    };

    /// The record of the gate `key` in an issue file.
    pub(crate) fn of(issue: &Issue, key: &str) -> Self {
        let Some(value) = issue.gates_status.get(key) else { return Self::PENDING };
        let text = |field: &str| value.get(field).and_then(Value::as_str).map(str::to_owned);
        let status = value.as_str().map(str::to_owned).or_else(|| text("status")).unwrap_or_default();
        Self {
            status: serde_json::from_value(json!(status.to_ascii_lowercase())).unwrap_or(GateVerdict::Pending),
            updated_by: text("updated_by"),
            updated_at: text("updated_at"),
            command: text("command"),
            exit_code: value.get("exit_code").and_then(Value::as_i64),
            duration_ms: value.get("duration_ms").and_then(Value::as_u64),
            tree: text("tree"),
            reason: text("reason"),
        }
    }

    /// Whether it was recorded for another tree than `tree`, the current one, or for another command than the gate has now; `None` if
    /// that is unknown.
    pub(crate) fn is_outdated(&self, gate: Option<&Gate>, tree: Option<&str>) -> Option<bool> {
        let is_other_command = self.command.is_some() && gate.is_some_and(|gate| gate.command != self.command);
        let is_other_tree = self.tree.as_deref().zip(tree).map(|(then, now)| then != now);
        if is_other_command { Some(true) } else { is_other_tree }
    }

    /// The JSON for the file, without the fields that are unset.
    pub(crate) fn to_value(&self) -> Value {
        let Value::Object(all) = json!(self) else { return json!({}) };
        Value::Object(all.into_iter().filter(|(_, value)| !value.is_null()).collect())
    }
}

/// The gates of an issue that have not passed, of one stage or of both. An undefined gate has never passed.
pub(crate) fn unpassed(issue: &Issue, registry: &Registry, stage: Option<GateStage>) -> Vec<String> {
    let is_of = |key: &&String| stage.is_none_or(|stage| registry.gate(key).is_some_and(|gate| gate.stage == stage));
    let is_open = |key: &&String| registry.gate(key).is_none() || GateRecord::of(issue, key).status != GateVerdict::Passed;
    issue.gates_required.iter().filter(is_of).filter(is_open).cloned().collect()
}
