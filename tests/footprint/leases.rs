//! The cost of the lease commands, on a new log and on one of twenty thousand operations.
//!
//! Exactly what `docs/leases.md` and `docs/storage.md` promise is made durable.

use super::repository::{Repository, issue};
use super::trace::{MORE_CALLS, Trace};
use crate::support::{Place, tools};

const LOG: &str = "claims.jsonl";
/// With a thousand leases, reading the log is a third of an operation.
const INDEX: &str = "claims.index.json";

/// The life of a lease. Grants, ends and answers that a caller relies on are durable. A command that only reads writes nothing.
fn life(place: &Place) -> Vec<Trace> {
    // The first lease creates the log, which costs more.
    place.acquire(&issue(3));
    let seven = issue(7);
    let changes: [(&str, &[&str], usize); 4] =
        [("acquire", &[LOG], 295), ("heartbeat", &[], 255), ("renew", &[LOG], 255), ("release", &[LOG], 270)];
    let change = |(verb, synced, most): (&str, &[&str], usize)| {
        let trace = Trace::jit(place, &format!("claim {verb} {seven}"));
        trace.is_one_thread().opens_once(INDEX).syncs(synced).at_most(most);
        trace
    };
    let looks = [("claim status", 240), ("claim list", 235), ("status --line", 210)];
    let look = |(words, most): (&str, usize)| {
        let trace = Trace::jit(place, words);
        trace.is_one_thread().opens_once(INDEX).writes_nothing().at_most(most);
        trace
    };
    let [acquire, beat, renew, release] = changes;
    let mut traces = Vec::from([acquire, beat, renew].map(change));
    traces.extend(looks.map(look));
    traces.push(change(release));
    traces
}

/// Counted on 2026-11-25: 279 calls to acquire, 241 for a heartbeat and to renew, 257 to release; 229, 221 and 199 to look.
#[test]
fn the_verbs_of_leases_cost_the_same_after_any_history_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let [small, large] = Repository::both().map(|repository| life(&repository.primary()));
    for (small, large) in small.iter().zip(&large) {
        large.counts_nearly_as(small, MORE_CALLS).reads_little_more_than(small);
    }
}
