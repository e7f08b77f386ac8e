//! Plans: new issues that refer to each other by keys of the plan. A plan is validated completely before any issue is created.
//!
//! [`check`] returns all problems, or drafts in an order in which each follows its dependencies. So any written prefix of them is a valid
//! graph.

use std::collections::{BTreeMap, HashMap};

use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::id::IssueId;
use crate::domain::issue::{Draft, Priority, State, Summary, valid_label, valid_title};

/// One issue of a plan.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "PlanEntry")]
pub(crate) struct PlannedIssue {
    /// Its key in the plan.
    pub key: String,
    /// One line.
    pub title: String,
    /// Any text.
    #[serde(default)]
    pub description: String,
    /// Becomes the label `type:…`.
    #[serde(default, rename = "type", skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub kind: Option<String>,
    /// The initial state.
    #[serde(default = "ready")]
    pub state: State,
    #[serde(default = "normal")]
    pub priority: Priority,
    /// The agent or person who should do the work.
    #[serde(default)]
    pub assignee: Option<String>,
    #[serde(default)]
    pub labels: Vec<String>,
    /// Keys of gates.
    #[serde(default)]
    pub gates: Vec<String>,
    /// Keys of the plan, or ids of existing issues.
    #[serde(default)]
    pub depends_on: Vec<String>,
    /// Text by key.
    #[serde(default)]
    pub context: BTreeMap<String, String>,
}

fn ready() -> State {
    State::Ready
}

fn normal() -> Priority {
    Priority::Normal
}

/// A problem in a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct PlanProblem {
    /// The key of the entry, or its number if it has no key.
    pub entry: String,
    /// What is wrong.
    pub what: String,
}

/// The existing repository that a plan refers to.
pub(crate) struct World<'a> {
    /// Whether a gate with this key exists.
    pub has_gate: &'a dyn Fn(&str) -> bool,
    /// The existing issue with this id or prefix.
    pub issue: &'a dyn Fn(&str) -> Option<&'a Summary>,
    /// The creation time of the new issues.
    pub created_at: &'a str,
}

/// Parses a plan: an array of entries, or an object with an array `issues`.
pub(crate) fn read(text: &str) -> Result<Vec<PlannedIssue>, Vec<PlanProblem>> {
    let whole = |what: String| vec![PlanProblem { entry: "the plan".to_owned(), what }];
    let plan: Value = serde_json::from_str(text).map_err(|error| whole(error.to_string()))?;
    let list = plan.as_array().or_else(|| plan.get("issues")?.as_array());
    let list = list.ok_or_else(|| whole("is neither an array nor an object with the array 'issues'".to_owned()))?;
    let mut problems = Vec::new();
    let mut entries = Vec::new();
    for (number, value) in list.iter().enumerate() {
        match serde_json::from_value::<PlannedIssue>(value.clone()) {
            Ok(entry) => entries.push(entry),
            Err(error) => {
                let key = value.get("key").and_then(Value::as_str).map_or_else(|| format!("entry {}", number + 1), str::to_owned);
                problems.push(PlanProblem { entry: key, what: error.to_string() });
            }
        }
    }
    if problems.is_empty() { Ok(entries) } else { Err(problems) }
}

/// The drafts of a plan, each with its key; or all of its problems.
pub(crate) fn check(
    entries: &[PlannedIssue],
    world: &World<'_>,
    mut draw: impl FnMut() -> IssueId,
) -> Result<Vec<(String, Draft)>, Vec<PlanProblem>> {
    let mut problems = Vec::new();
    let mut places: HashMap<&str, usize> = HashMap::new();
    for (number, entry) in entries.iter().enumerate() {
        let first = *places.entry(&entry.key).or_insert(number);
        if entry.key.trim().is_empty() || first != number {
            problems
                .push(PlanProblem { entry: entry.key.clone(), what: "the key must be one word, unique in the plan".to_owned() });
        }
    }
    let ids: Vec<IssueId> = entries.iter().map(|_| draw()).collect();
    let mut edges: DiGraphMap<usize, ()> = DiGraphMap::new();
    let mut drafts = Vec::new();
    for (number, entry) in entries.iter().enumerate() {
        edges.add_node(number);
        let mut draft = draft(entry, ids[number], world, &mut problems);
        for name in &entry.depends_on {
            match (places.get(name.as_str()), (world.issue)(name)) {
                (Some(place), _) => {
                    edges.add_edge(number, *place, ());
                    draft.dependencies.push(ids[*place].to_string());
                }
                (None, Some(issue)) if issue.is_deleted => {
                    let what = format!("depends on '{name}', which was deleted");
                    problems.push(PlanProblem { entry: entry.key.clone(), what });
                }
                (None, Some(issue)) => draft.dependencies.push(issue.id.to_string()),
                (None, None) => {
                    let what = format!("depends on '{name}', which is neither a key of the plan nor an existing issue");
                    problems.push(PlanProblem { entry: entry.key.clone(), what });
                }
            }
        }
        drafts.push((entry.key.clone(), draft));
    }
    problems.extend(
        entries.iter().filter_map(|entry| misplaced(entry, |name| places.get(name).map(|place| entries[*place].state), world)),
    );
    // Dependencies come first: the algorithm returns a component after those that it leads to.
    let order = kosaraju_scc(&edges);
    for group in &order {
        if group.len() > 1 || edges.contains_edge(group[0], group[0]) {
            let keys: Vec<&str> = group.iter().map(|number| entries[*number].key.as_str()).collect();
            problems.push(PlanProblem { entry: keys[0].to_owned(), what: format!("depends on itself: {}", keys.join(", ")) });
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(order.into_iter().flatten().map(|number| drafts[number].clone()).collect())
}

/// The problem with the initial state of an entry, if any; `state_of` returns the state of another entry.
fn misplaced(entry: &PlannedIssue, state_of: impl Fn(&str) -> Option<State>, world: &World<'_>) -> Option<PlanProblem> {
    let state_of = |name: &String| state_of(name).or_else(|| (world.issue)(name).map(|issue| issue.state));
    let is_open = |name: &String| state_of(name).is_some_and(|state| !state.is_closed());
    let what = match entry.state {
        State::Done if entry.depends_on.iter().any(is_open) => "is done, but depends on issues that are not closed",
        State::Gated if entry.gates.is_empty() => "is gated, but has no gates",
        _ => return None,
    };
    Some(PlanProblem { entry: entry.key.clone(), what: what.to_owned() })
}

fn draft(entry: &PlannedIssue, id: IssueId, world: &World<'_>, problems: &mut Vec<PlanProblem>) -> Draft {
    let mut problem = |what: String| problems.push(PlanProblem { entry: entry.key.clone(), what });
    let title = match valid_title(&entry.title) {
        Ok(title) => title,
        Err(error) => {
            problem(error.to_string());
            ""
        }
    };
    let kind = entry.kind.iter().map(|kind| format!("type:{kind}"));
    let labels: Vec<String> = entry.labels.iter().cloned().chain(kind).collect();
    for error in labels.iter().filter_map(|label| valid_label(label).err()) {
        problem(error.to_string());
    }
    for gate in entry.gates.iter().filter(|gate| !(world.has_gate)(gate)) {
        problem(format!("no gate '{gate}'"));
    }
    if let Some(assignee) = entry.assignee.as_ref().filter(|assignee| assignee.parse::<crate::domain::id::AgentId>().is_err()) {
        problem(format!("invalid agent id '{assignee}': use type:name"));
    }
    Draft {
        description: entry.description.clone(),
        state: entry.state,
        priority: entry.priority,
        assignee: entry.assignee.clone(),
        gates: entry.gates.clone(),
        labels,
        context: entry.context.clone(),
        ..Draft::new(id, title, world.created_at.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_text(text: &str) -> Result<Vec<(String, Draft)>, Vec<PlanProblem>> {
        let mut number = 0;
        let draw = || {
            number += 1;
            IssueId::from_uuid(uuid::Uuid::from_u128(number))
        };
        let there = |n: u128| {
            let draft = Draft::new(IssueId::from_uuid(uuid::Uuid::from_u128(n)), "There", String::new());
            Summary::from(crate::domain::issue::Document::create(&draft).issue())
        };
        let (there, gone) = (there(99), Summary { is_deleted: true, ..there(98) });
        let world = World {
            has_gate: &|gate| gate == "tests",
            issue: &|name| match name {
                "there" => Some(&there),
                "gone" => Some(&gone),
                _ => None,
            },
            created_at: "2026-01-01T00:00:00Z",
        };
        check(&read(text)?, &world, draw)
    }

    #[test]
    fn a_plan_becomes_drafts_that_follow_what_they_depend_on() {
        let plan = check_text(
            r#"{"issues": [
                {"key": "c", "title": "C", "depends_on": ["a", "b"], "gates": ["tests"], "type": "task"},
                {"key": "b", "title": "B", "depends_on": ["a", "there"], "priority": "high"},
                {"key": "a", "title": "A"}
            ]}"#,
        )
        .expect("a good plan");
        let keys: Vec<&str> = plan.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(keys, ["a", "b", "c"]);
        assert_eq!(plan[1].1.dependencies.len(), 2);
        assert_eq!((plan[2].1.labels.as_slice(), plan[1].1.priority), (["type:task".to_owned()].as_slice(), Priority::High));
    }

    #[test]
    fn everything_that_is_wrong_is_told_at_once() {
        let wrong = r#"[
            {"key": "a", "title": "", "labels": ["x"], "gates": ["none"], "depends_on": ["b", "zzz"]},
            {"key": "b", "title": "B", "depends_on": ["a"], "assignee": "no-type"},
            {"key": "b", "title": "again"},
            {"key": "d", "title": "D", "state": "done", "depends_on": ["b"]},
            {"key": "g", "title": "G", "state": "gated", "depends_on": ["gone"]},
            {"key": "h", "title": "H", "state": "done", "depends_on": ["there"]}
        ]"#;
        let problems = check_text(wrong).expect_err("bad");
        let said: Vec<String> = problems.iter().map(|problem| format!("{}: {}", problem.entry, problem.what)).collect();
        for expected in [
            "a: invalid title",
            "invalid label 'x'",
            "no gate 'none'",
            "'zzz'",
            "depends on itself",
            "unique in the plan",
            "invalid agent id",
            "is done, but depends",
            "is gated, but",
            "which was deleted",
            "h: is done, but depends",
        ] {
            assert!(said.iter().any(|line| line.contains(expected)), "{expected} in {said:?}");
        }
        assert_eq!(check_text("[{\"key\": \"a\"}, {\"title\": 3}]").map_err(|problems| problems.len()).err(), Some(2));
        assert!(check_text("{").is_err() && check_text("{}").is_err());
    }
}
