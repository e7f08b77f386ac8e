//! State changes: which conditions a new state has, and the result if they are not met yet.
//!
//! `in_progress` requires the prechecks; `done` requires closed dependencies and all gates, and becomes `gated` until the last gate
//! passes. All other states can be set freely.

use crate::domain::issue::{Issue, State};
use crate::domain::tracker::gate::{self, GateStage, Registry};

/// The result of requesting a state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Advance {
    /// The issue gets that state, or has it already.
    To(State),
    /// The issue becomes `gated`: these gates have not passed.
    Gated(Vec<String>),
    /// Refused: these issues must be closed first.
    Waits(Vec<String>),
    /// Refused: these prechecks have not passed.
    Unchecked(Vec<String>),
    /// Refused: the issue has no gates to wait for.
    NothingToPass,
    /// Refused: the issue was deleted.
    Deleted,
}

/// The result of requesting `wanted` for an issue with these `open` dependencies.
pub(crate) fn step(issue: &Issue, wanted: State, open: Vec<String>, registry: &Registry) -> Advance {
    if issue.is_deleted() {
        return Advance::Deleted;
    }
    if issue.state == wanted {
        return Advance::To(wanted);
    }
    match wanted {
        State::Done if !open.is_empty() => Advance::Waits(open),
        State::Done => match gate::unpassed(issue, registry, None) {
            unpassed if unpassed.is_empty() => Advance::To(State::Done),
            unpassed => Advance::Gated(unpassed),
        },
        State::InProgress => match gate::unpassed(issue, registry, Some(GateStage::Precheck)) {
            unpassed if unpassed.is_empty() => Advance::To(State::InProgress),
            unpassed => Advance::Unchecked(unpassed),
        },
        State::Gated if gate::unpassed(issue, registry, None).is_empty() => Advance::NothingToPass,
        other => Advance::To(other),
    }
}

/// Whether a gated issue can become done: all gates have passed and no dependency is open.
pub(crate) fn is_through(issue: &Issue, open: &[String], registry: &Registry) -> bool {
    issue.state == State::Gated && !issue.is_deleted() && open.is_empty() && gate::unpassed(issue, registry, None).is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue::{Document, Draft};
    use serde_json::json;

    #[test]
    fn every_way_from_a_state_to_another() {
        let id = "1a2b3c4d-0000-4000-8000-000000000001".parse().expect("an id");
        let gates = json!({ "gates": { "plan": { "stage": "precheck" }, "tests": {} } }).to_string();
        let registry = Registry::parse(gates.as_bytes()).expect("valid");
        let draft = Draft { gates: vec!["plan".into(), "tests".into(), "unknown".into()], ..Draft::new(id, "x", String::new()) };
        let mut document = Document::create(&draft);
        let pass = |document: &mut Document, key: &str| document.set_at(&["gates_status", key], &json!({ "status": "passed" }));
        let ask = |document: &Document, wanted, open: &[&str]| {
            step(document.issue(), wanted, open.iter().map(|id| (*id).to_owned()).collect(), &registry)
        };
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        assert_eq!(ask(&document, State::InProgress, &["b"]), Advance::Unchecked(words(&["plan"])));
        assert_eq!(ask(&document, State::Done, &["b"]), Advance::Waits(words(&["b"])));
        assert_eq!(ask(&document, State::Done, &[]), Advance::Gated(words(&["plan", "tests", "unknown"])));
        assert_eq!(ask(&document, State::Rejected, &["b"]), Advance::To(State::Rejected));
        assert!(pass(&mut document, "plan"));
        assert_eq!(ask(&document, State::InProgress, &[]), Advance::To(State::InProgress));
        assert!(pass(&mut document, "tests") && pass(&mut document, "unknown"));
        assert_eq!(ask(&document, State::Done, &[]), Advance::Gated(words(&["unknown"])), "it is not defined");
        document.edit_set("gates_required", &[], &words(&["unknown"]));
        assert_eq!(ask(&document, State::Done, &[]), Advance::To(State::Done));
        assert_eq!(ask(&document, State::Gated, &[]), Advance::NothingToPass);
        assert!(!is_through(document.issue(), &[], &registry));
        document.set("state", &json!("gated"));
        assert!(is_through(document.issue(), &[], &registry) && !is_through(document.issue(), &words(&["b"]), &registry));
        document.set("deleted_at", &json!("2026-01-01T00:00:00Z"));
        assert_eq!(ask(&document, State::Ready, &[]), Advance::Deleted);
    }
}
