//! The dependency graph. Readiness is computed from the dependencies and never stored.
//!
//! So closing an issue changes no other issue, which would need leases on all of them. A dependency that names no known issue blocks,
//! and is not part of the graph.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, VecDeque};

use petgraph::Direction;
use petgraph::algo::kosaraju_scc;
use petgraph::graphmap::DiGraphMap;

use crate::domain::id::IssueId;
use crate::domain::issue::{State, Summary};

/// The dependencies in the list that are not closed, in the order of the list.
///
/// `state_of` returns the stored state of an issue; an unknown issue blocks.
pub(crate) fn open_dependencies(dependencies: &[String], state_of: impl Fn(IssueId) -> Option<State>) -> Vec<String> {
    let is_open = |id: &&String| id.parse().ok().and_then(&state_of).is_none_or(|state| !state.is_closed());
    dependencies.iter().filter(is_open).cloned().collect()
}

/// The effective state: stored `backlog` and `ready` become `ready` if nothing blocks the issue, else `backlog`.
pub(crate) fn effective_state(stored: State, is_blocked: bool) -> State {
    match (stored, is_blocked) {
        (State::Backlog | State::Ready, true) => State::Backlog,
        (State::Backlog | State::Ready, false) => State::Ready,
        (other, _) => other,
    }
}

/// The maximum depth of a tree. The recursion uses stack space for every level.
pub(crate) const DEEPEST: usize = 500;

/// The direction in which to follow dependencies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub(crate) enum Way {
    /// To the issues that this one depends on.
    Dependencies,
    /// To the issues that depend on this one.
    Dependents,
}

/// An issue in a tree, with its subtree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Branch {
    pub id: IssueId,
    /// The subtrees; empty if they were shown before.
    pub branches: Vec<Branch>,
    /// Whether the issue was shown before, with its subtrees.
    pub is_repeat: bool,
    /// Whether subtrees below the requested depth were left out.
    pub is_cut: bool,
}

/// The dependency graph: an edge leads from an issue to its dependency.
#[derive(Debug, Clone, Default)]
pub(crate) struct Graph {
    edges: DiGraphMap<IssueId, ()>,
    dangling: BTreeMap<IssueId, Vec<String>>,
}

impl Graph {
    /// The graph of these issues.
    pub(crate) fn of<'a>(issues: impl IntoIterator<Item = &'a Summary>) -> Self {
        let issues: Vec<&Summary> = issues.into_iter().collect();
        let known: HashSet<IssueId> = issues.iter().map(|issue| issue.id).collect();
        let mut graph = Self::default();
        for issue in issues {
            graph.edges.add_node(issue.id);
            for dependency in &issue.dependencies {
                match dependency.parse().ok().filter(|id| known.contains(id)) {
                    Some(id) => drop(graph.edges.add_edge(issue.id, id, ())),
                    None => graph.dangling.entry(issue.id).or_default().push(dependency.clone()),
                }
            }
        }
        graph
    }

    /// Dependencies that name no known issue, by the issue that has them.
    pub(crate) fn dangling(&self) -> &BTreeMap<IssueId, Vec<String>> {
        &self.dangling
    }

    /// The direct neighbours of an issue, sorted.
    pub(crate) fn next(&self, id: IssueId, way: Way) -> Vec<IssueId> {
        let direction = match way {
            Way::Dependencies => Direction::Outgoing,
            Way::Dependents => Direction::Incoming,
        };
        let found: BTreeSet<IssueId> = self.edges.neighbors_directed(id, direction).collect();
        found.into_iter().collect()
    }

    /// A shortest path from one issue to another along dependencies, including both ends.
    pub(crate) fn path(&self, from: IssueId, to: IssueId) -> Option<Vec<IssueId>> {
        let mut came_from = HashMap::from([(from, from)]);
        let mut open = VecDeque::from([from]);
        while let Some(here) = open.pop_front() {
            if here == to {
                let mut path = vec![to];
                while path.last() != Some(&from) {
                    path.push(came_from[path.last().expect("it has an end")]);
                }
                path.reverse();
                return Some(path);
            }
            for next in self.edges.neighbors(here) {
                if let Entry::Vacant(place) = came_from.entry(next) {
                    place.insert(here);
                    open.push_back(next);
                }
            }
        }
        None
    }

    /// The cycle that a dependency of `from` on `to` would close: `from`, `to`, … and `from` again.
    pub(crate) fn cycle_with(&self, from: IssueId, to: IssueId) -> Option<Vec<IssueId>> {
        let mut cycle = self.path(to, from)?;
        cycle.insert(0, from);
        Some(cycle)
    }

    /// The cycles, each as a sorted group of issues.
    pub(crate) fn cycles(&self) -> Vec<Vec<IssueId>> {
        let is_cycle = |group: &Vec<IssueId>| group.len() > 1 || self.edges.contains_edge(group[0], group[0]);
        let mut cycles: Vec<Vec<IssueId>> = kosaraju_scc(&self.edges).into_iter().filter(is_cycle).collect();
        for cycle in &mut cycles {
            cycle.sort_unstable();
        }
        cycles.sort_unstable();
        cycles
    }

    /// The tree below an issue, `depth` levels deep, 0 for all up to [`DEEPEST`]. The subtree of each issue is shown once.
    pub(crate) fn tree(&self, root: IssueId, way: Way, depth: usize) -> Vec<Branch> {
        let depth = if depth == 0 { DEEPEST } else { depth.min(DEEPEST) };
        self.branches(root, way, depth, &mut HashMap::from([(root, usize::MAX)]))
    }

    /// `shown` maps issues whose subtrees were shown to the depth that was available. A truncated subtree is shown again where more depth
    /// is left.
    fn branches(&self, from: IssueId, way: Way, depth: usize, shown: &mut HashMap<IssueId, usize>) -> Vec<Branch> {
        let one = |id: IssueId| {
            let has_more = !self.next(id, way).is_empty();
            let room = depth - 1;
            let is_repeat = has_more && shown.get(&id).is_some_and(|shown| *shown >= room && room > 0);
            let is_cut = room == 0 && has_more;
            let branches = if is_repeat || is_cut || !has_more {
                Vec::new()
            } else {
                shown.insert(id, room);
                self.branches(id, way, room, shown)
            };
            Branch { id, branches, is_repeat, is_cut }
        };
        self.next(from, way).into_iter().map(one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue::Priority;

    fn id(n: u128) -> IssueId {
        IssueId::from_uuid(uuid::Uuid::from_u128(n))
    }

    fn graph(edges: &[(u128, &[u128])]) -> Graph {
        let issue = |(n, dependencies): &(u128, &[u128])| Summary {
            id: id(*n),
            title: n.to_string(),
            state: State::Ready,
            priority: Priority::Normal,
            assignee: None,
            labels: Vec::new(),
            dependencies: dependencies.iter().map(|n| id(*n).to_string()).collect(),
            created_at: String::new(),
            is_deleted: false,
        };
        let issues: Vec<Summary> = edges.iter().map(issue).collect();
        Graph::of(&issues)
    }

    #[test]
    fn readiness_follows_the_dependencies_and_nothing_else_does() {
        assert_eq!(effective_state(State::Ready, true), State::Backlog);
        assert_eq!(effective_state(State::Backlog, false), State::Ready);
        for state in [State::InProgress, State::Gated, State::Done, State::Rejected, State::Archived] {
            assert_eq!(effective_state(state, true), state);
            assert_eq!(effective_state(state, false), state);
        }
    }

    #[test]
    fn a_cycle_is_found_before_it_is_closed_and_told_as_a_way() {
        let graph = graph(&[(1, &[2]), (2, &[3]), (3, &[]), (4, &[9])]);
        assert_eq!(graph.cycle_with(id(3), id(1)), Some(vec![id(3), id(1), id(2), id(3)]));
        assert_eq!(graph.cycle_with(id(1), id(1)), Some(vec![id(1), id(1)]));
        assert_eq!(graph.cycle_with(id(1), id(3)), None);
        assert_eq!(graph.cycles(), Vec::<Vec<IssueId>>::new());
        assert_eq!(graph.dangling()[&id(4)], [id(9).to_string()]);
    }

    #[test]
    fn cycles_that_are_there_are_listed() {
        let graph = graph(&[(1, &[2]), (2, &[1]), (3, &[3]), (4, &[1])]);
        assert_eq!(graph.cycles(), vec![vec![id(1), id(2)], vec![id(3)]]);
    }

    #[test]
    fn a_long_chain_is_no_danger() {
        let chain: Vec<(u128, Vec<u128>)> = (0..50_000).map(|n| (n, if n == 0 { vec![] } else { vec![n - 1] })).collect();
        let chain: Vec<(u128, &[u128])> = chain.iter().map(|(n, waits)| (*n, waits.as_slice())).collect();
        let graph = graph(&chain);
        assert!(graph.cycles().is_empty());
        let mut tree = graph.tree(id(49_999), Way::Dependencies, 0);
        let mut depth = 0;
        while let Some(branch) = tree.pop() {
            depth += 1;
            assert_eq!(branch.is_cut, depth == DEEPEST);
            tree = branch.branches;
        }
        assert_eq!(depth, DEEPEST);
    }

    #[test]
    fn a_tree_ends_at_its_depth_and_shows_nothing_twice() {
        let graph = graph(&[(1, &[2, 3]), (2, &[4]), (3, &[4]), (4, &[5]), (5, &[])]);
        let tree = graph.tree(id(1), Way::Dependencies, 0);
        assert_eq!(tree.len(), 2);
        assert_eq!((tree[0].branches[0].id, tree[0].branches[0].branches.len()), (id(4), 1));
        assert!(tree[1].branches[0].is_repeat && tree[1].branches[0].branches.is_empty());
        let two = self::graph(&[(1, &[2, 3]), (2, &[3]), (3, &[4]), (4, &[])]).tree(id(1), Way::Dependencies, 2);
        assert!(two[0].branches[0].is_cut, "3 below 2 leaves no depth for 4");
        assert_eq!(two[1].branches[0].id, id(4), "3 itself has");
        let cut = graph.tree(id(1), Way::Dependencies, 1);
        assert!(cut.iter().all(|branch| branch.is_cut && branch.branches.is_empty()));
        assert_eq!(graph.tree(id(5), Way::Dependents, 1)[0].id, id(4));
    }
}
