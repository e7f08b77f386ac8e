//! Checks that issues and gates are consistent with each other. Each file may be valid and still contradict another, for example
//! after a merge of two branches.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde_json::{Map, Value};

use crate::domain::id::{IssueId, IssueRef};
use crate::domain::issue::{Document, Issue, State, Summary};
use crate::domain::tracker::gate::{self, GateVerdict, Registry};
use crate::domain::tracker::graph::{Graph, open_dependencies};
use crate::domain::tracker::workflow;

/// The fields that are sets of strings.
const SETS: [&str; 3] = ["dependencies", "gates_required", "labels"];

/// One inconsistency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ConsistencyProblem {
    /// An open issue requires an undefined gate.
    UnknownGate { issue: IssueId, key: String },
    /// An issue is done although a required gate has failed or was never run.
    NotPassed { issue: IssueId, key: String, has_failed: bool },
    /// A deleted issue still has a state.
    Undead { issue: IssueId, state: &'static str },
    /// A value occurs twice in a set.
    Repeated { issue: IssueId, field: &'static str, word: String },
    /// An issue depends on itself.
    Itself { issue: IssueId },
    /// A dependency is an issue id in another spelling.
    Spelling { issue: IssueId, word: String, meant: IssueId },
    /// Issues depend on each other in a cycle.
    Cycle { issues: Vec<IssueId> },
    /// A dependency names no existing issue.
    Dangling { issue: IssueId, names: Vec<String> },
    /// A gated issue has passed all of its gates.
    Through { issue: IssueId },
}

impl ConsistencyProblem {
    /// The stable code for programs.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::UnknownGate { .. } => "unknown_gate",
            Self::NotPassed { .. } => "gate_not_passed",
            Self::Undead { .. } => "deleted_and_not_rejected",
            Self::Repeated { .. } => "repeated",
            Self::Itself { .. } => "depends_on_itself",
            Self::Spelling { .. } => "misspelt_id",
            Self::Cycle { .. } => "cycle",
            Self::Dangling { .. } => "dangling",
            Self::Through { .. } => "waits_for_nothing",
        }
    }

    /// The issues that the problem is about.
    pub(crate) fn issues(&self) -> &[IssueId] {
        match self {
            Self::UnknownGate { issue, .. }
            | Self::NotPassed { issue, .. }
            | Self::Undead { issue, .. }
            | Self::Repeated { issue, .. }
            | Self::Itself { issue }
            | Self::Spelling { issue, .. }
            | Self::Dangling { issue, .. }
            | Self::Through { issue } => std::slice::from_ref(issue),
            Self::Cycle { issues } => issues,
        }
    }

    /// Whether this is only unfinished work: a gate that was added later, or a missing last step.
    pub(crate) fn is_mild(&self) -> bool {
        matches!(self, Self::Through { .. } | Self::NotPassed { has_failed: false, .. })
    }

    /// Whether the problem is about one of these issues, or about a dependency on one of them.
    pub(crate) fn concerns(&self, changed: &BTreeSet<IssueId>) -> bool {
        let words: &[String] = if let Self::Dangling { names, .. } = self { names } else { &[] };
        let named = words.iter().filter_map(|word| word.parse().ok());
        self.issues().iter().copied().chain(named).any(|issue| changed.contains(&issue))
    }

    /// The only correct repair, in words; `None` if a person must choose.
    pub(crate) fn repair(&self) -> Option<String> {
        Some(match self {
            Self::Repeated { field, word, .. } => format!("keep one '{word}' in {field}"),
            Self::Itself { .. } => "remove that dependency".to_owned(),
            Self::Spelling { meant, .. } => format!("write {meant}"),
            Self::Through { .. } => "move it to done".to_owned(),
            _ => return None,
        })
    }

    /// Applies the repair to the issue's file. Returns whether it changed.
    pub(crate) fn mend(&self, document: &mut Document) -> bool {
        match self {
            Self::Repeated { field, .. } => {
                let mut words = words(document, field);
                let mut seen = BTreeSet::new();
                words.retain(|word| seen.insert(word.clone()));
                document.set(field, &Value::from(words))
            }
            Self::Itself { issue } => document.edit_set("dependencies", &[], &[issue.to_string()]),
            Self::Spelling { word, meant, .. } => {
                let (id, all) = (meant.to_string(), words(document, "dependencies"));
                let is_there = all.contains(&id);
                let spelt = all.iter().filter(|other| !is_there || *other != word).map(|it| if it == word { &id } else { it });
                document.set("dependencies", &spelt.cloned().collect::<Vec<_>>().into())
            }
            Self::Through { .. } => document.set("state", &Value::from(State::Done.as_str())),
            _ => false,
        }
    }
}

fn words(document: &Document, field: &str) -> Vec<String> {
    let mut all: Map<String, Value> = serde_json::from_str(document.text()).unwrap_or_default();
    all.remove(field).and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default()
}

impl fmt::Display for ConsistencyProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownGate { issue, key } => {
                write!(f, "issue {} requires the gate '{key}', which is not defined", issue.short())
            }
            Self::NotPassed { issue, key, has_failed } => {
                let what = if *has_failed { "has failed" } else { "was never run" };
                write!(f, "issue {} is done, but its gate '{key}' {what}", issue.short())
            }
            Self::Undead { issue, state } => write!(f, "issue {} is deleted, and {state}", issue.short()),
            Self::Repeated { issue, field, word } => {
                write!(f, "issue {} has '{word}' more than once in its {field}", issue.short())
            }
            Self::Itself { issue } => write!(f, "issue {} depends on itself", issue.short()),
            Self::Spelling { issue, word, .. } => {
                write!(f, "issue {} depends on '{word}', which is an issue id in a nonstandard spelling", issue.short())
            }
            Self::Cycle { issues } => {
                let all: Vec<String> = issues.iter().map(IssueId::short).collect();
                write!(f, "these issues depend on each other: {}", all.join(", "))
            }
            Self::Dangling { issue, names } => {
                write!(f, "issue {} depends on issues that do not exist: {}", issue.short(), names.join(", "))
            }
            Self::Through { issue } => {
                write!(f, "issue {} is gated, but all of its gates have passed", issue.short())
            }
        }
    }
}

/// All inconsistencies: first those of each issue, then those of the dependencies.
///
/// `registry` is `None` if the gate definitions cannot be read; the caller reports that.
pub(crate) fn problems<'a>(issues: impl IntoIterator<Item = &'a Issue>, registry: Option<&Registry>) -> Vec<ConsistencyProblem> {
    let issues: Vec<&Issue> = issues.into_iter().collect();
    let states: HashMap<IssueId, State> = issues.iter().map(|issue| (issue.id, issue.state)).collect();
    let mut problems = Vec::new();
    let mut summaries: Vec<Summary> = Vec::new();
    for issue in issues {
        if let Some(registry) = registry {
            of_gates(issue, registry, &states, &mut problems);
        }
        if issue.is_deleted() && issue.state != State::Rejected {
            problems.push(ConsistencyProblem::Undead { issue: issue.id, state: issue.state.as_str() });
        }
        of_sets(issue, &mut problems);
        let mut summary = Summary::from(issue);
        summary.dependencies.retain(|word| of_dependency(issue.id, word, &states, &mut problems));
        summaries.push(summary);
    }
    let graph = Graph::of(&summaries);
    problems.extend(graph.cycles().into_iter().map(|issues| ConsistencyProblem::Cycle { issues }));
    let dangling = graph.dangling().iter();
    problems.extend(dangling.map(|(id, names)| ConsistencyProblem::Dangling { issue: *id, names: names.clone() }));
    problems
}

fn of_gates(issue: &Issue, registry: &Registry, states: &HashMap<IssueId, State>, problems: &mut Vec<ConsistencyProblem>) {
    let open = open_dependencies(&issue.dependencies, |id| states.get(&id).copied());
    if workflow::is_through(issue, &open, registry) && !issue.gates_required.is_empty() {
        problems.push(ConsistencyProblem::Through { issue: issue.id });
    }
    for key in gate::unpassed(issue, registry, None) {
        match registry.gate(&key) {
            None if !issue.state.is_closed() => problems.push(ConsistencyProblem::UnknownGate { issue: issue.id, key }),
            Some(_) if issue.state == State::Done => {
                let has_failed = gate::GateRecord::of(issue, &key).status == GateVerdict::Failed;
                problems.push(ConsistencyProblem::NotPassed { issue: issue.id, key, has_failed });
            }
            _ => {}
        }
    }
}

fn of_sets(issue: &Issue, problems: &mut Vec<ConsistencyProblem>) {
    for (field, set) in SETS.iter().zip([&issue.dependencies, &issue.gates_required, &issue.labels]) {
        let mut seen = BTreeSet::new();
        let repeated: BTreeSet<&String> = set.iter().filter(|word| !seen.insert(*word)).collect();
        problems.extend(repeated.into_iter().map(|word| ConsistencyProblem::Repeated {
            issue: issue.id,
            field,
            word: word.clone(),
        }));
    }
}

/// Whether a dependency belongs in the graph. Reports the ones that are wrong by themselves.
fn of_dependency(issue: IssueId, word: &str, states: &HashMap<IssueId, State>, problems: &mut Vec<ConsistencyProblem>) -> bool {
    let is_canonical = word.parse::<IssueId>().is_ok();
    let meant = IssueRef::parse(word).ok().and_then(|typed| typed.full()).filter(|id| states.contains_key(id));
    let problem = match meant {
        Some(meant) if !is_canonical => ConsistencyProblem::Spelling { issue, word: word.to_owned(), meant },
        Some(meant) if meant == issue => ConsistencyProblem::Itself { issue },
        _ => return true,
    };
    if !problems.contains(&problem) {
        problems.push(problem);
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue::Draft;
    use serde_json::json;

    const IDS: [&str; 3] =
        ["1a2b3c4d-0000-4000-8000-000000000001", "2b3c4d5e-0000-4000-8000-000000000002", "3c4d5e6f-0000-4000-8000-000000000003"];

    /// Fields of an issue, the resulting problem, and whether it has a repair.
    type RepairCase = (Vec<(&'static str, Value)>, ConsistencyProblem, bool);

    fn id(n: usize) -> IssueId {
        IDS[n].parse().expect("an id")
    }

    fn issue(n: usize, fields: &[(&str, Value)]) -> Document {
        let mut document = Document::create(&Draft::new(id(n), "x", String::new()));
        for (field, value) in fields {
            document.set(field, value);
        }
        document
    }

    fn found(issues: &[Document]) -> Vec<ConsistencyProblem> {
        let registry = Registry::parse(json!({ "gates": { "tests": {} } }).to_string().as_bytes()).expect("valid");
        problems(issues.iter().map(Document::issue), Some(&registry))
    }

    #[test]
    fn each_problem_is_found_and_what_has_one_right_repair_is_gone_after_it() {
        let passed = json!({ "tests": { "status": "passed" } });
        let cases: [RepairCase; 9] = [
            (
                vec![("gates_required", json!(["none"]))],
                ConsistencyProblem::UnknownGate { issue: id(0), key: "none".into() },
                false,
            ),
            (
                vec![("gates_required", json!(["tests"])), ("state", json!("done"))],
                ConsistencyProblem::NotPassed { issue: id(0), key: "tests".into(), has_failed: false },
                false,
            ),
            (vec![("deleted_at", json!("2026"))], ConsistencyProblem::Undead { issue: id(0), state: "ready" }, false),
            (
                vec![("labels", json!(["a:1", "a:1"]))],
                ConsistencyProblem::Repeated { issue: id(0), field: "labels", word: "a:1".into() },
                true,
            ),
            (vec![("dependencies", json!([IDS[0]]))], ConsistencyProblem::Itself { issue: id(0) }, true),
            (
                vec![("dependencies", json!([IDS[1].to_uppercase()]))],
                ConsistencyProblem::Spelling { issue: id(0), word: IDS[1].to_uppercase(), meant: id(1) },
                true,
            ),
            (vec![("dependencies", json!([IDS[2]]))], ConsistencyProblem::Cycle { issues: vec![id(0), id(2)] }, false),
            (
                vec![("dependencies", json!(["gone"]))],
                ConsistencyProblem::Dangling { issue: id(0), names: vec!["gone".into()] },
                false,
            ),
            (
                vec![("gates_required", json!(["tests"])), ("gates_status", passed), ("state", json!("gated"))],
                ConsistencyProblem::Through { issue: id(0) },
                true,
            ),
        ];
        let others = [issue(1, &[]), issue(2, &[("dependencies", json!([IDS[0]]))])];
        assert_eq!(found(&[&[issue(0, &[])], &others[..]].concat()), []);
        for (fields, problem, is_mended) in cases {
            let mut first = issue(0, &fields);
            assert_eq!(found(&[std::slice::from_ref(&first), &others].concat()), std::slice::from_ref(&problem));
            assert_eq!((problem.repair().is_some(), problem.mend(&mut first)), (is_mended, is_mended), "{problem}");
            assert_eq!(found(&[&[first], &others[..]].concat()).is_empty(), is_mended, "{problem}");
        }
    }

    #[test]
    fn an_id_in_two_spellings_is_one_dependency() {
        let mut first = issue(0, &[("dependencies", json!([IDS[1], IDS[1].to_uppercase()]))]);
        let problems = found(&[first.clone(), issue(1, &[])]);
        assert!(problems.iter().any(|problem| problem.mend(&mut first)), "{problems:?}");
        assert_eq!(first.issue().dependencies, [IDS[1]]);
    }

    #[test]
    fn what_is_wrong_with_one_issue_concerns_whoever_depends_on_it() {
        let dangling = ConsistencyProblem::Dangling { issue: id(0), names: vec![IDS[1].to_owned()] };
        assert!(dangling.concerns(&[id(1)].into()) && dangling.concerns(&[id(0)].into()) && !dangling.concerns(&[id(2)].into()));
    }
}
