//! From one state to another: what must come first, and what comes of asking too early.
//!
//! `in_progress` waits for the prechecks; `done` for the dependencies and for every gate, and is `gated` until
//! the last of those passes. Everything else may be set as it is wanted.

use crate::domain::issue::{Issue, State};
use crate::domain::tracker::gate::{self, Registry, Stage};

/// Where asking for a state leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// To that state, or to where it is already.
    To(State),
    /// To `gated`: these have not passed.
    Gated(Vec<String>),
    /// Nowhere: these issues must be closed first.
    Waits(Vec<String>),
    /// Nowhere: these prechecks have not passed.
    Unchecked(Vec<String>),
    /// Nowhere: there is no gate that it could wait for.
    NothingToPass,
    /// Nowhere: it was deleted.
    Deleted,
}

/// Where asking for `wanted` leads an issue with these `open` dependencies.
pub(crate) fn step(issue: &Issue, wanted: State, open: Vec<String>, registry: &Registry) -> Step {
    if issue.is_deleted() {
        return Step::Deleted;
    }
    if issue.state == wanted {
        return Step::To(wanted);
    }
    match wanted {
        State::Done if !open.is_empty() => Step::Waits(open),
        State::Done => match gate::unpassed(issue, registry, None) {
            unpassed if unpassed.is_empty() => Step::To(State::Done),
            unpassed => Step::Gated(unpassed),
        },
        State::InProgress => match gate::unpassed(issue, registry, Some(Stage::Precheck)) {
            unpassed if unpassed.is_empty() => Step::To(State::InProgress),
            unpassed => Step::Unchecked(unpassed),
        },
        State::Gated if gate::unpassed(issue, registry, None).is_empty() => Step::NothingToPass,
        other => Step::To(other),
    }
}

/// Whether a gated issue is done by now: nothing is left that it waits for.
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
        assert_eq!(ask(&document, State::InProgress, &["b"]), Step::Unchecked(words(&["plan"])));
        assert_eq!(ask(&document, State::Done, &["b"]), Step::Waits(words(&["b"])));
        assert_eq!(ask(&document, State::Done, &[]), Step::Gated(words(&["plan", "tests", "unknown"])));
        assert_eq!(ask(&document, State::Rejected, &["b"]), Step::To(State::Rejected));
        assert!(pass(&mut document, "plan"));
        assert_eq!(ask(&document, State::InProgress, &[]), Step::To(State::InProgress));
        assert!(pass(&mut document, "tests") && pass(&mut document, "unknown"));
        assert_eq!(ask(&document, State::Done, &[]), Step::Gated(words(&["unknown"])), "nobody has said what it is");
        document.edit_set("gates_required", &[], &words(&["unknown"]));
        assert_eq!(ask(&document, State::Done, &[]), Step::To(State::Done));
        assert_eq!(ask(&document, State::Gated, &[]), Step::NothingToPass);
        assert!(!is_through(document.issue(), &[], &registry));
        document.set("state", &json!("gated"));
        assert!(is_through(document.issue(), &[], &registry) && !is_through(document.issue(), &words(&["b"]), &registry));
        document.set("deleted_at", &json!("2026-01-01T00:00:00Z"));
        assert_eq!(ask(&document, State::Ready, &[]), Step::Deleted);
    }
}
