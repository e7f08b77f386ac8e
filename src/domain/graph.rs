//! What blocks what: readiness is computed from the dependencies and stored nowhere.
//!
//! So finishing one issue rewrites no other issue, which nobody would hold a lease on.

use super::id::IssueId;
use super::issue::{Issue, State};

/// The dependencies of `issue` that are not closed, in the file's order.
///
/// `state_of` tells the stored state of an issue; one that is nowhere to be found blocks.
pub(crate) fn open_dependencies(issue: &Issue, state_of: impl Fn(IssueId) -> Option<State>) -> Vec<String> {
    let is_open = |id: &&String| id.parse().ok().and_then(&state_of).is_none_or(|state| !state.is_closed());
    issue.dependencies.iter().filter(is_open).cloned().collect()
}

/// The state that counts: stored `backlog` and `ready` mean `ready` when nothing blocks, else `backlog`.
pub(crate) fn effective_state(stored: State, is_blocked: bool) -> State {
    match (stored, is_blocked) {
        (State::Backlog | State::Ready, true) => State::Backlog,
        (State::Backlog | State::Ready, false) => State::Ready,
        (other, _) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readiness_follows_the_dependencies_and_nothing_else_does() {
        assert_eq!(effective_state(State::Ready, true), State::Backlog);
        assert_eq!(effective_state(State::Backlog, false), State::Ready);
        for state in [State::InProgress, State::Gated, State::Done, State::Rejected, State::Archived] {
            assert_eq!(effective_state(state, true), state);
            assert_eq!(effective_state(state, false), state);
        }
    }
}
