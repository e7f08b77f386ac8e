//! The cost of reading one issue, all issues and worktrees, and of starting the program.

use super::repository::{FEW, MANY, Repository, issue};
use super::trace::Trace;
use crate::support::waiting::until_settled;
use crate::support::{Place, tools};

/// The smallest number of issues for which there is a cache.
const SOME: usize = 500;

/// Counted on 2026-11-25: 54 calls, of which most are the loader's.
#[test]
fn beginning_at_all_looks_at_no_file_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let repository = Repository::of(FEW, 0);
    let place = repository.primary();
    let trace = Trace::jit(&place, "version");
    trace.is_one_thread().writes_nothing().looks_at_nothing_in(&place.dir);
    assert!(trace.count() <= 80, "{}", trace.all());
}

/// The calls of `issue show`, `worktree list` and `status --line` in a worktree with a lease; each may open this many issue files
/// and make at most this many calls.
fn looks(place: &Place, number: usize, of: [(&str, usize, usize); 3]) -> [Trace; 3] {
    place.acquire(&issue(number));
    of.map(|(words, opened, most)| {
        let trace = Trace::jit(place, &words.replace("ID", &issue(number)));
        trace.is_one_thread().writes_nothing().opens_issues(opened).at_most(most);
        trace
    })
}

/// Counted on 2026-11-25: 211, 236 and 189 calls; 314, 346 and 284 in a linked worktree. On 2026-12-01 five more to recognise the clone.
#[test]
fn a_look_costs_the_same_among_any_number_of_issues_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let [small, large] = [FEW, MANY].map(|size| {
        let repository = Repository::of(size, 0);
        let here = [("issue show ID", 1, 225), ("worktree list", 1, 250), ("status --line", 1, 210)];
        let there = [("issue show ID", 1, 330), ("worktree list", 2, 365), ("status --line", 1, 300)];
        [looks(&repository.primary(), 7, here), looks(&repository.linked(), 8, there)]
    });
    for (small, large) in small.iter().flatten().zip(large.iter().flatten()) {
        large.counts_as(small);
    }
}

/// Counted on 2026-11-25: 809 calls for 500 issues, 2 312 for 2 000.
#[test]
fn a_listing_opens_no_issue_that_it_knows_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let repositories = [SOME, MANY].map(|size| Repository::of(size, 0));
    // A file that has just changed is read again, since the file system's clock may be coarse.
    until_settled(&repositories[1].primary().dir.join(".jit/issues"));
    let listed = repositories.each_ref().map(|repository| {
        let place = repository.primary();
        place.jit("query available").ok();
        let trace = Trace::jit(&place, "query available");
        trace.starts_nothing().writes_nothing().opens_issue_files(0);
        trace
    });
    let (small, large) = (listed[0].count(), listed[1].count());
    let (more, issues) = (large.abs_diff(small), MANY - SOME);
    assert!(small <= SOME + 340 && more <= issues + issues / 50, "{small} calls for {SOME} issues, {large} for {MANY}");
}
