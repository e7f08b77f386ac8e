//! The cost of a commit in instructions: work without system calls, such as a loop over all index entries.

use super::repository::{Repository, stage_other};
use super::trace::committing;
use crate::support::{Outcome, Place, tools};

/// The instructions of `jit-pre-commit` in a worktree.
fn instructions(place: &Place) -> u64 {
    let mut command = committing(place).command("valgrind");
    command.args(["--tool=callgrind", "--callgrind-out-file=/dev/null", env!("CARGO_BIN_EXE_jit-pre-commit")]);
    let told = Outcome::of("valgrind jit-pre-commit".to_owned(), &mut command).ok().stderr;
    let line = told.lines().find(|line| line.contains("Collected :")).unwrap_or_else(|| panic!("no count in {told}"));
    line.rsplit(' ').next().and_then(|number| number.parse().ok()).unwrap_or_else(|| panic!("no count in {line}"))
}

/// Counted on 2026-11-25, in a debug build
#[test]
fn a_commit_without_issues_does_as_much_anywhere_in_valgrind() {
    if !tools::can_trace("valgrind", &["--tool=none"]) {
        return;
    }
    let [small, large] = Repository::both().map(|repository| {
        let place = repository.primary();
        stage_other(&place);
        instructions(&place)
    });
    assert!(small > 100_000 && large <= small / 5 * 6, "{small} instructions in a small repository, {large} in a large one");
}
