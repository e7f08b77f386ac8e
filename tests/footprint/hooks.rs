//! The cost of judging a commit and a push, without issues and with one leased issue.

use super::repository::{Repository, issue, stage_issue, stage_other};
use super::trace::{MORE_CALLS, Trace};
use crate::support::{Outcome, Place, tools};

/// How many bytes are read at most at the end of an index file.
const WINDOW: u64 = 64 * 1024;

/// The bytes read of the index of a commit, by any call.
fn of_the_index(trace: &Trace) -> u64 {
    trace.bytes(|path| path.ends_with("index"))
}

/// Counted on 2026-11-25: 120 calls in a primary worktree, 209 in a linked one.
#[test]
fn a_commit_without_issues_costs_the_same_anywhere_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let judged = Repository::both().map(|repository| {
        [(repository.primary(), 130), (repository.linked(), 220)].map(|(place, most)| {
            stage_other(&place);
            let trace = Trace::pre_commit(&place);
            trace.is_one_thread().writes_nothing().opens_issues(0).at_most(most);
            let (read, ours) = (of_the_index(&trace), trace.bytes_of_ours());
            assert!((1..=WINDOW).contains(&read), "{read} bytes of the index are read");
            assert_eq!(ours, 0, "bytes of the leases are read");
            trace
        })
    });
    let [small, large] = &judged;
    small.iter().zip(large).for_each(|(small, large)| _ = large.counts_as(small));
}

/// Counted on 2026-11-25: 264 calls, and 355 in a linked worktree; 5 more with a long log.
#[test]
fn a_commit_of_one_leased_issue_reads_no_issue_and_little_of_the_log_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let judged = Repository::both().map(|repository| {
        [(repository.primary(), 7, 285), (repository.linked(), 8, 380)].map(|(place, number, most)| {
            place.acquire(&issue(number));
            stage_issue(&place, &issue(number));
            let trace = Trace::pre_commit(&place);
            trace.is_one_thread().opens_issues(0).syncs(&[]).at_most(most).reads_each_file_once();
            assert!(of_the_index(&trace) <= WINDOW);
            trace
        })
    });
    let [small, large] = &judged;
    for (small, large) in small.iter().zip(large) {
        large.counts_nearly_as(small, MORE_CALLS).reads_little_more_than(small);
    }
}

/// Runs `jit-pre-push` for the commits of `main` that the remote lacks.
fn push(place: &Place) -> Trace {
    let id = |revision: &str| place.git(&format!("rev-parse {revision}")).ok().line();
    let line = format!("refs/heads/main {} refs/heads/main {}\n", id("main"), id("origin/main"));
    Trace::of(&place.with("GIT_PREFIX", ""), env!("CARGO_BIN_EXE_jit-pre-push"), &["origin", "../remote.git"], &line)
}

fn commit(place: &Place) -> Outcome {
    place.git("commit -q -m More").ok()
}

/// Counted on 2026-11-25: 302 calls, and 386 where one leased issue is in it.
#[test]
fn a_push_of_one_commit_reads_no_issue_in_strace() {
    if !tools::can_trace("strace", &["-o", "/dev/null"]) {
        return;
    }
    let judged = Repository::both().map(|repository| {
        let place = repository.primary();
        stage_other(&place);
        commit(&place);
        let plain = push(&place);
        plain.is_one_thread().writes_nothing().opens_issues(0).at_most(320);
        assert_eq!(plain.bytes_of_ours(), 0, "bytes of the leases are read");
        place.git("push -q").ok();
        place.acquire(&issue(7));
        stage_issue(&place, &issue(7));
        commit(&place);
        let leased = push(&place);
        leased.is_one_thread().opens_issues(0).syncs(&[]).at_most(405);
        [plain, leased]
    });
    let [[small, small_leased], [large, large_leased]] = &judged;
    large.counts_as(small);
    large_leased.counts_nearly_as(small_leased, MORE_CALLS).reads_little_more_than(small_leased);
}
