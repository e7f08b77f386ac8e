//! The rows of the table, by the repository that they are measured in. One is made only for rows that were asked for.

use super::measure::{self, Case};
use super::options::Options;
use super::repository::Repositories;
use super::run::Row;
use super::{hooks, leases, memory, programs, reads, worktrees};

/// How large the large repository is, and its log.
struct Size {
    issues: usize,
    files: usize,
    operations: u64,
    leases: usize,
}

const SMALL: Size = Size { issues: 100, files: 100, operations: 0, leases: 0 };
const LARGE: Size = Size { issues: 10_000, files: 50_000, operations: 100_000, leases: 1_000 };
const HUGE: Size = Size { issues: 100_000, files: 1_000, operations: 0, leases: 0 };
const QUICK: Size = Size { issues: 500, files: 500, operations: 2_000, leases: 50 };

/// Measures every row that was asked for, in the order of the table.
pub(crate) fn all(repositories: &Repositories, options: &Options) -> Vec<Row> {
    let mut rows = programs::all(repositories, options);
    if options.wants_any(&hooks::OF_SMALL) || options.wants_any(&leases::OF_CROWDS) || options.wants_any(&worktrees::OF_SMALL) {
        let repository = repositories.get(SMALL.issues, SMALL.files);
        rows.extend(hooks::small(&repository, options));
        rows.extend(leases::crowds(&repository, options));
        rows.extend(worktrees::small(&repository, options));
    }
    let large = [&hooks::OF_LARGE[..], &reads::OF_LARGE, &leases::OF_ONE, &worktrees::OF_LARGE];
    if large.iter().any(|names| options.wants_any(names)) {
        let size = if options.quick { QUICK } else { LARGE };
        let repository = repositories.get(size.issues, size.files);
        repository.use_leases("long");
        repository.fill(size.operations, size.leases);
        // The hooks come first: the reads afterwards do not mind what they leave behind, nor the log its few records more.
        rows.extend(hooks::large(&repository, options));
        rows.extend(reads::large(&repository, size.leases, options));
        rows.extend(leases::all(&repository, size.leases, options));
        rows.extend(worktrees::large(&repository, options));
    }
    if options.wants_any(&reads::OF_HUGE) || options.wants_any(&memory::OF_HUGE) {
        let size = if options.quick { QUICK } else { HUGE };
        let repository = repositories.get(size.issues, size.files);
        rows.extend(reads::huge(&repository, options));
        rows.extend(memory::huge(&repository, options));
    }
    rows
}

/// One row by itself, if it was asked for.
pub(crate) fn measured(case: Case<'_>, budget: f64, options: &Options) -> Option<Row> {
    measured_beside(case, budget, Vec::new(), options).into_iter().next()
}

/// One row, if it was asked for, and those of the programs beside it, measured in turn with it.
pub(crate) fn measured_beside(case: Case<'_>, budget: f64, others: Vec<Case<'_>>, options: &Options) -> Vec<Row> {
    if !options.wants(&case.name) {
        return Vec::new();
    }
    let name = case.name.clone();
    let samples = measure::in_turn([case].into_iter().chain(others).collect(), options.runs);
    let beside = samples[1..].iter().map(|other| other.beside(&name));
    [samples[0].row(budget)].into_iter().chain(beside).collect()
}
