//! What an issue's file says of a gate, and which gates are still open.

use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::issue::Issue;
use crate::domain::tracker::gate::{Gate, GateStage, GateVerdict, Registry};

/// What an issue's file says of one gate.
#[derive(Debug, Clone, PartialEq, Serialize, schemars::JsonSchema)]
pub(crate) struct GateRecord {
    /// What became of it.
    pub status: GateVerdict,
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

impl GateRecord {
    /// Nothing is known.
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

    /// What an issue's file says of the gate `key`.
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

/// The gates of an issue that have not passed: those of a stage, or all of them. One that is not defined never has.
pub(crate) fn unpassed(issue: &Issue, registry: &Registry, stage: Option<GateStage>) -> Vec<String> {
    let is_of = |key: &&String| stage.is_none_or(|stage| registry.gate(key).is_some_and(|gate| gate.stage == stage));
    let is_open = |key: &&String| registry.gate(key).is_none() || GateRecord::of(issue, key).status != GateVerdict::Passed;
    issue.gates_required.iter().filter(is_of).filter(is_open).cloned().collect()
}
