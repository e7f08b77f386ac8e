//! The rows of the table: what is set up, what is run, what it may cost.
//!
//! A budget stands beside the row that it belongs to. A repository is made only for rows that were asked for.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use git_jit::testing::fill_log;

use super::measure::{self, Case, Row};
use super::options::Options;
use super::repository::Repository;

/// Processes that run at once.
const CROWD: usize = 64;
/// How long a crowd of them may take that asks for as many issues.
const CROWD_MS: f64 = 1000.0;
/// A crowd takes long enough to need few runs.
const CROWD_RUNS: usize = 5;

const HOOK_SMALL: &str = "pre-commit, small, nothing of ours staged";
const HOOK_LARGE: &str = "pre-commit, large, nothing of ours staged";
const HOOK_LEASED: &str = "pre-commit, large, one leased issue staged";
const PUSH: &str = "pre-push, large, one new commit";
const ACQUIRE_EMPTY: &str = "claim acquire, empty log";
const ACQUIRE_LONG: &str = "claim acquire, long log";
const ACQUIRE_BOTH: &str = "claim acquire, long log against empty log";
const AVAILABLE: &str = "query available";
const AVAILABLE_SPARSE: &str = "query available, sparse checkout without issues";
const AVAILABLE_FIRST: &str = "query available, without a cache";
const AVAILABLE_HUGE: &str = "query available, 100 000 issues";
const SHOW_ID_HUGE: &str = "issue show, full id, 100 000 issues";
const SHOW_PREFIX_HUGE: &str = "issue show, 8 digits, 100 000 issues";
const SHOW_ID: &str = "issue show, full id";
const SHOW_PREFIX: &str = "issue show, 8 digits";
const LIST: &str = "claim list, all of them expired";
const ONE_WINNER: &str = "64 processes, one issue: one winner";
const ALL_WIN: &str = "64 processes, 64 issues: all within 1 s";

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
    if asked(&[HOOK_SMALL, ONE_WINNER, ALL_WIN]) {
        rows.extend(small(&Repository::make(scratch, "small", 100, 100), options));
    }
    let large = [
        HOOK_LARGE,
        HOOK_LEASED,
        PUSH,
        ACQUIRE_EMPTY,
        ACQUIRE_LONG,
        ACQUIRE_BOTH,
        AVAILABLE,
        AVAILABLE_FIRST,
        AVAILABLE_SPARSE,
        SHOW_ID,
        SHOW_PREFIX,
        LIST,
    ];
    if asked(&large) {
        let size = if options.quick { QUICK } else { LARGE };
        let repository = Repository::make(scratch, "large", size.issues, size.files);
        repository.use_leases("long");
        fill_log(&repository.common_dir(), size.operations, &repository.issues()[..size.leases], &[]).expect("the log is filled");
        // The hooks come first: the reads afterwards do not mind what they leave behind, nor the log its few records more.
        rows.extend(hooks(&repository, scratch, options));
        rows.extend(reads(&repository, &size, options));
        rows.extend(acquire(&repository, options));
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

fn measured(repository: &Repository, case: Case<'_>, options: &Options) -> Option<Row> {
    if !options.wants(&case.name) {
        return None;
    }
    Some(measure::in_turn(|| repository.floor(), vec![case], options.runs)[0].row())
}

fn small(repository: &Repository, options: &Options) -> Vec<Row> {
    stage(repository, "src/part-000/file-00001.txt", "staged\n");
    let mut rows: Vec<Row> =
        measured(repository, Case::new(HOOK_SMALL, 1.6, || repository.pre_commit()), options).into_iter().collect();
    if options.wants(ONE_WINNER) {
        let crowds = crowds(repository, options, "one", |_| 0);
        let is_met = crowds.iter().all(|(_, winners)| *winners == 1);
        rows.push(Row::alone(ONE_WINNER, &times(&crowds), is_met));
    }
    if options.wants(ALL_WIN) {
        let crowds = crowds(repository, options, "all", |number| number);
        let is_met = crowds.iter().all(|(ms, winners)| *winners == CROWD && *ms <= CROWD_MS);
        rows.push(Row::alone(ALL_WIN, &times(&crowds), is_met));
    }
    rows
}

/// The two commit hooks' stagings exclude each other, so each is made just before it is measured.
fn hooks(repository: &Repository, scratch: &Path, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    stage(repository, "src/part-000/file-00001.txt", "staged\n");
    rows.extend(measured(repository, Case::new(HOOK_LARGE, 2.0, || repository.pre_commit()), options));
    repository.git(&["reset", "-q", "--hard"]);
    if options.wants(HOOK_LEASED) {
        let number = repository.issues().len() - 1;
        repository.jit(&["claim", "acquire", &repository.issues()[number]]);
        stage(repository, &repository.issue_path(number), &repository.issue_text(number, 1000));
        rows.extend(measured(repository, Case::new(HOOK_LEASED, 8.0, || repository.pre_commit()), options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    if options.wants(PUSH) {
        let (url, input) = (scratch.join("remote.git"), scratch.join("pre-push"));
        std::fs::write(&input, unpublished_commit(repository, &url)).expect("a file in our own directory");
        rows.extend(measured(repository, Case::new(PUSH, 3.0, || repository.pre_push(&url, &input)), options));
    }
    rows
}

/// Stages a file, and leaves the index as `git commit` does before it runs the hook: with a valid cache-tree.
fn stage(repository: &Repository, path: &str, text: &str) {
    std::fs::write(repository.path(path), text).expect("a file in our own repository");
    repository.git(&["add", "--", path]);
    repository.git(&["write-tree"]);
}

/// Makes the remote `origin` with all there is, and then a commit that it lacks; the line that `git push` tells its hook.
fn unpublished_commit(repository: &Repository, url: &Path) -> String {
    let url = url.display().to_string();
    repository.git(&["clone", "-q", "--bare", ".", &url]);
    repository.git(&["remote", "add", "origin", &url]);
    repository.git(&["fetch", "-q", "origin"]);
    let published = repository.git(&["rev-parse", "HEAD"]);
    stage(repository, "src/part-000/file-00002.txt", "committed\n");
    repository.git(&["commit", "-q", "--no-verify", "-m", "Not published yet"]);
    format!("refs/heads/main {} refs/heads/main {published}\n", repository.git(&["rev-parse", "HEAD"]))
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
    if options.wants(LIST) {
        repository.use_leases("expired");
        fill_log(&repository.common_dir(), 0, &[], &repository.issues()[..size.leases]).expect("the log is filled");
        let log = || std::fs::read(repository.common_dir().join("jit/claims.jsonl")).expect("it was just written");
        let before = log();
        rows.extend(measured(repository, Case::new(LIST, 4.0, || run(&["claim", "list"])), options));
        assert!(log() == before, "a listing changed the log");
        repository.use_leases("long");
    }
    rows
}

/// The two logs in turn, so that one row can compare them.
fn acquire(repository: &Repository, options: &Options) -> Vec<Row> {
    if ![ACQUIRE_EMPTY, ACQUIRE_LONG, ACQUIRE_BOTH].iter().any(|name| options.wants(name)) {
        return Vec::new();
    }
    let case = |name: &str, leases: &'static str| Case {
        name: name.to_owned(),
        budget: 5.0,
        // Another issue every time: a lease that one has already costs less. Not one that is leased, nor the one of the hook.
        prepare: Box::new(move |round| {
            repository.use_leases(leases);
            repository.jit_command(&["claim", "acquire", &repository.issues()[repository.issues().len() - 2 - round]])
        }),
    };
    let cases = vec![case(ACQUIRE_EMPTY, "empty"), case(ACQUIRE_LONG, "long")];
    let samples = measure::in_turn(|| repository.floor(), cases, options.runs);
    let rows = [
        (ACQUIRE_EMPTY, samples[0].row()),
        (ACQUIRE_LONG, samples[1].row()),
        (ACQUIRE_BOTH, samples[1].against(&samples[0], ACQUIRE_BOTH, 1.3)),
    ];
    rows.into_iter().filter(|(name, _)| options.wants(name)).map(|(_, row)| row).collect()
}

/// Milliseconds from the first start to the last end, and the winners, of processes that want the issues `wanted` says.
fn crowds(repository: &Repository, options: &Options, name: &str, wanted: impl Fn(usize) -> usize) -> Vec<(f64, usize)> {
    let crowd = |round: usize| {
        // Each on a log that does not exist yet: whoever comes first has to make it, too.
        repository.use_leases(&format!("{name}-{round}"));
        let start = Instant::now();
        let start_one = |number: usize| {
            let mut command = repository.jit_command(&["claim", "acquire", &repository.issues()[wanted(number)]]);
            command.env("JIT_AGENT_ID", format!("agent:crowd-{number}")).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it can be started")
        };
        let crowd: Vec<Child> = (0..CROWD).map(start_one).collect();
        let won = |mut child: Child| child.wait().expect("it was started").success();
        let winners = crowd.into_iter().map(won).filter(|won| *won).count();
        (measure::millis(start), winners)
    };
    (0..options.runs.min(CROWD_RUNS)).map(crowd).collect()
}

fn times(crowds: &[(f64, usize)]) -> Vec<f64> {
    crowds.iter().map(|(ms, _)| *ms).collect()
}
