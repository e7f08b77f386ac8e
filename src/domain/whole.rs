//! Whether issues and gates fit together: what each file by itself cannot show.

use super::gate::Registry;
use super::graph::Graph;
use super::id::IssueId;
use super::issue::{Issue, Summary};

/// What does not fit, in words that name the issue: unknown gates, cycles, dependencies on what is not there.
///
/// `registry` is `None` where the definitions cannot be read, which is told by whoever read them.
pub(crate) fn problems<'a>(issues: impl IntoIterator<Item = &'a Issue>, registry: Option<&Registry>) -> Vec<String> {
    let mut problems = Vec::new();
    let mut summaries: Vec<Summary> = Vec::new();
    for issue in issues {
        let is_unknown = |key: &&String| registry.is_some_and(|registry| registry.gate(key).is_none());
        let unknown = issue.gates_required.iter().filter(|_| !issue.state.is_closed()).filter(is_unknown);
        problems.extend(unknown.map(|key| format!("issue {} asks for the gate '{key}', which is not defined", issue.id.short())));
        summaries.push(issue.into());
    }
    let graph = Graph::of(&summaries);
    let in_words = |cycle: &Vec<IssueId>| cycle.iter().map(IssueId::short).collect::<Vec<_>>().join(", ");
    problems.extend(graph.cycles().iter().map(|cycle| format!("these wait for each other: {}", in_words(cycle))));
    let dangling = graph.dangling().iter();
    problems.extend(dangling.map(|(id, names)| format!("issue {} depends on what is not there: {}", id.short(), names.join(", "))));
    problems
}
