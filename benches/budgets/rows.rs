//! The rows of the table: what is set up, what is run, what it may cost.
//!
//! A budget stands beside the row that it belongs to. A repository is made only for rows that were asked for.

use std::path::Path;

use git_jit::testing::fill_log;

use super::measure::{self, Case, Row};
use super::options::Options;
use super::repository::Repository;
use super::{hooks, leases, worktrees};

const HOOK_SMALL: &str = "pre-commit, small, nothing of ours staged";
const AVAILABLE: &str = "query available";
const AVAILABLE_SPARSE: &str = "query available, sparse checkout without issues";
const AVAILABLE_FIRST: &str = "query available, without a cache";
const AVAILABLE_HUGE: &str = "query available, 100 000 issues";
const SHOW_ID_HUGE: &str = "issue show, full id, 100 000 issues";
const SHOW_PREFIX_HUGE: &str = "issue show, 8 digits, 100 000 issues";
const LINE: &str = "status --line";
const SHOW_ID: &str = "issue show, full id";
const SHOW_PREFIX: &str = "issue show, 8 digits";

/// How large the large repository is, and its log.
struct Size {
    issues: usize,
    files: usize,
    operations: u64,
    leases: usize,
}

const LARGE: Size = Size { issues: 10_000, files: 50_000, operations: 100_000, leases: 1_000 };
const HUGE: Size = Size { issues: 100_000, files: 1_000, operations: 0, leases: 0 };
const QUICK: Size = Size { issues: 500, files: 500, operations: 2_000, leases: 50 };

/// Measures every row that was asked for, in the order of the table.
pub(crate) fn all(scratch: &Path, options: &Options) -> Vec<Row> {
    let asked = |names: &[&str]| names.iter().any(|name| options.wants(name));
    let mut rows = Vec::new();
    if asked(&[HOOK_SMALL]) || asked(&leases::OF_CROWDS) || asked(&worktrees::OF_SMALL) {
        let repository = Repository::make(scratch, "small", 100, 100);
        rows.extend(small(&repository, options));
        rows.extend(leases::crowds(&repository, options));
        rows.extend(worktrees::small(&repository, options));
    }
    let large = [AVAILABLE, AVAILABLE_FIRST, AVAILABLE_SPARSE, SHOW_ID, SHOW_PREFIX, LINE];
    if asked(&large) || asked(&hooks::ALL) || asked(&leases::OF_ONE) || asked(&worktrees::OF_LARGE) {
        let size = if options.quick { QUICK } else { LARGE };
        let repository = Repository::make(scratch, "large", size.issues, size.files);
        repository.use_leases("long");
        fill_log(&repository.common_dir(), size.operations, &repository.issues()[..size.leases], &[]).expect("the log is filled");
        // The hooks come first: the reads afterwards do not mind what they leave behind, nor the log its few records more.
        rows.extend(hooks::all(&repository, scratch, options));
        rows.extend(reads(&repository, &size, options));
        rows.extend(leases::all(&repository, size.leases, options));
        rows.extend(worktrees::large(&repository, options));
    }
    if asked(&[AVAILABLE_HUGE, SHOW_ID_HUGE, SHOW_PREFIX_HUGE]) {
        let size = if options.quick { QUICK } else { HUGE };
        rows.extend(huge(&Repository::make(scratch, "huge", size.issues, size.files), options));
    }
    rows
}

/// The design has a budget for the query alone; a prefix may cost what is linear in the directory, ten times its budget.
fn huge(repository: &Repository, options: &Options) -> Vec<Row> {
    let id = &repository.issues()[1];
    let run = |arguments: &[&str]| repository.jit_command(arguments);
    let cases = [
        Case::new(AVAILABLE_HUGE, 330.0, || run(&["query", "available"])),
        Case::new(SHOW_ID_HUGE, 3.0, || run(&["issue", "show", id])),
        Case::new(SHOW_PREFIX_HUGE, 70.0, || run(&["issue", "show", &id[..8]])),
    ];
    cases.into_iter().filter_map(|case| measured(repository, case, options)).collect()
}

pub(crate) fn measured(repository: &Repository, case: Case<'_>, options: &Options) -> Option<Row> {
    if !options.wants(&case.name) {
        return None;
    }
    Some(measure::in_turn(|| repository.floor(), vec![case], options.runs)[0].row())
}

fn small(repository: &Repository, options: &Options) -> Vec<Row> {
    hooks::stage(repository, "src/part-000/file-00001.txt", "staged\n");
    measured(repository, Case::new(HOOK_SMALL, 1.6, || repository.pre_commit()), options).into_iter().collect()
}

fn reads(repository: &Repository, size: &Size, options: &Options) -> Vec<Row> {
    let id = &repository.issues()[size.leases + 1];
    let digits = &id[..8];
    let run = |arguments: &[&str]| repository.jit_command(arguments);
    let mut rows: Vec<Row> = [
        Case::new(AVAILABLE, 30.0, || run(&["query", "available"])),
        Case::new(SHOW_ID, 3.0, || run(&["issue", "show", id])),
        Case::new(SHOW_PREFIX, 7.0, || run(&["issue", "show", digits])),
    ]
    .into_iter()
    .filter_map(|case| measured(repository, case, options))
    .collect();
    if options.wants(LINE) {
        // Without a lease there is nothing to say, which is quicker.
        repository.jit(&["claim", "acquire", id, "--ttl", "1d"]);
        rows.extend(measured(repository, Case::new(LINE, 4.0, || run(&["status", "--line"])), options));
    }
    if options.wants(AVAILABLE_FIRST) {
        let cache = repository.common_dir().join("jit/cache");
        let prepare = move |_| {
            let _ = std::fs::remove_dir_all(&cache);
            run(&["query", "available"])
        };
        rows.extend(measured(
            repository,
            Case { name: AVAILABLE_FIRST.to_owned(), budget: 120.0, prepare: Box::new(prepare) },
            options,
        ));
    }
    if options.wants(AVAILABLE_SPARSE) {
        let sparse = repository.sparse();
        let sparse = sparse.to_str().expect("a path of our own");
        rows.extend(measured(
            repository,
            Case::new(AVAILABLE_SPARSE, 140.0, || run(&["-C", sparse, "query", "available"])),
            options,
        ));
    }
    rows
}
