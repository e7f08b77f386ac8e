//! The rows of the leases: one operation on logs of every kind, a crowd at once, and what the disk alone takes.

use std::io::Write;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Instant;

use git_jit::testing::fill_log;

use super::measure::{self, Case};
use super::options::Options;
use super::repository::Repository;
use super::rows::measured;
use super::run::Row;

/// Processes that run at once.
const CROWD: usize = 64;
/// How long a crowd of them may take that asks for as many issues.
const CROWD_MS: f64 = 1000.0;
/// Floors that taking a lease may cost, and what writes as much.
const ACQUIRE_BUDGET: f64 = 5.0;
/// A crowd takes long enough to need few runs.
const CROWD_RUNS: usize = 5;
/// About as long as the record of a grant.
const RECORD: [u8; 400] = [b'x'; 400];

const SYNC: &str = "append and fdatasync of one record, in-process";
const ACQUIRE_EMPTY: &str = "claim acquire, empty log";
const ACQUIRE_LONG: &str = "claim acquire, long log";
const ACQUIRE_BOTH: &str = "claim acquire, long log against empty log";
const ACQUIRE_EXPIRED: &str = "claim acquire, all others expired";
const RENEW: &str = "claim renew, long log";
const BEAT: &str = "claim heartbeat, long log";
const RELEASE: &str = "claim release, long log";
const STATUS: &str = "claim status, long log";
const LIST: &str = "claim list, all of them expired";
const ONE_WINNER: &str = "64 processes, one issue: one winner";
const ALL_WIN: &str = "64 processes, 64 issues: all within 1 s";

/// The rows of [`all`].
pub(crate) const OF_ONE: [&str; 10] =
    [SYNC, ACQUIRE_EMPTY, ACQUIRE_LONG, ACQUIRE_BOTH, ACQUIRE_EXPIRED, RENEW, BEAT, RELEASE, STATUS, LIST];
/// The rows of [`crowds`].
pub(crate) const OF_CROWDS: [&str; 2] = [ONE_WINNER, ALL_WIN];

/// One process at a time, in a repository whose log `long` is filled.
pub(crate) fn all(repository: &Repository, leases: usize, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if options.wants(SYNC) {
        rows.push(measure::alone(SYNC, &synced_appends(&repository.path("synced"), options.runs), "ms", None));
    }
    rows.extend(acquire(repository, options));
    rows.extend(on_one_lease(repository, options));
    if options.wants(LIST) || options.wants(ACQUIRE_EXPIRED) {
        repository.use_leases("expired");
        fill_log(&repository.common_dir(), 0, &[], &repository.issues()[..leases]).expect("the log is filled");
        let log = || std::fs::read(repository.common_dir().join("jit/claims.jsonl")).expect("it was just written");
        let before = log();
        rows.extend(measured(Case::new(repository, LIST, || repository.jit_command(&["claim", "list"])), 4.0, options));
        assert!(log() == before, "a listing changed the log");
        rows.extend(measured(taking(ACQUIRE_EXPIRED, repository, "expired"), ACQUIRE_BUDGET, options));
        repository.use_leases("long");
    }
    rows
}

/// What the disk takes for one record, without a process around it: milliseconds.
fn synced_appends(path: &Path, runs: usize) -> Vec<f64> {
    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).expect("a file in our own repository");
    let mut append = |_| {
        let start = Instant::now();
        file.write_all(&RECORD).and_then(|()| file.sync_data()).expect("appended");
        measure::millis(start)
    };
    let times = (0..runs).map(&mut append).collect();
    std::fs::remove_file(path).expect("it was just written");
    times
}

/// Another issue every time: a lease that one has already costs less. Not one that is leased, nor the one of the hook.
fn taking<'a>(name: &str, repository: &'a Repository, leases: &'static str) -> Case<'a> {
    let prepare = move |round: usize| {
        repository.use_leases(leases);
        repository.jit_command(&["claim", "acquire", &repository.issues()[repository.issues().len() - 2 - round]])
    };
    Case::prepared(repository, name, prepare)
}

/// The two logs in turn, so that one row can compare them.
fn acquire(repository: &Repository, options: &Options) -> Vec<Row> {
    if ![ACQUIRE_EMPTY, ACQUIRE_LONG, ACQUIRE_BOTH].iter().any(|name| options.wants(name)) {
        return Vec::new();
    }
    let ours = [taking(ACQUIRE_EMPTY, repository, "empty"), taking(ACQUIRE_LONG, repository, "long")];
    let samples = measure::in_turn(ours.into_iter().chain(options.peers.acquire(repository)).collect(), options.runs);
    let rows = [samples[0].row(ACQUIRE_BUDGET), samples[1].row(ACQUIRE_BUDGET), samples[1].against(&samples[0], ACQUIRE_BOTH, 1.3)];
    let beside = samples[2..].iter().map(|other| other.beside(ACQUIRE_EMPTY)).filter(|_| options.wants(ACQUIRE_EMPTY));
    rows.into_iter().filter(|row| options.wants(&row.name)).chain(beside).collect()
}

/// The verbs of a lease that one has, with the budget of taking one: they write as much.
fn on_one_lease(repository: &Repository, options: &Options) -> Vec<Row> {
    let id = &repository.issues()[repository.issues().len() / 2];
    let run = |verb: &str| repository.jit_command(&["claim", verb, id]);
    repository.use_leases("long");
    repository.jit(&["claim", "acquire", id]);
    let cases = [
        (Case::new(repository, RENEW, || run("renew")), ACQUIRE_BUDGET),
        (Case::new(repository, BEAT, || run("heartbeat")), ACQUIRE_BUDGET),
        (Case::new(repository, STATUS, || repository.jit_command(&["claim", "status", "--issue", id])), 4.0),
    ];
    let mut rows: Vec<Row> = cases.into_iter().filter_map(|(case, budget)| measured(case, budget, options)).collect();
    let prepare = |_| {
        repository.jit(&["claim", "acquire", id]);
        run("release")
    };
    // It looks into the tree of HEAD, as the hook does for a staged issue: the same budget.
    rows.extend(measured(Case::prepared(repository, RELEASE, prepare), 8.0, options));
    rows
}

/// Many processes at once.
pub(crate) fn crowds(repository: &Repository, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if options.wants(ONE_WINNER) {
        let crowds = several(repository, options, "one", CROWD, |_| 0);
        let is_met = crowds.iter().all(|(_, winners)| *winners == 1);
        rows.push(Row { met: Some(is_met), ..measure::alone(ONE_WINNER, &times(&crowds), "ms", None) });
    }
    if options.wants(ALL_WIN) {
        let crowds = several(repository, options, "all", CROWD, |number| number);
        let is_met = crowds.iter().all(|(ms, winners)| *winners == CROWD && *ms <= CROWD_MS);
        rows.push(Row { met: Some(is_met), ..measure::alone(ALL_WIN, &times(&crowds), "ms", Some(CROWD_MS)) });
    }
    rows
}

/// Milliseconds from the first start to the last end, and the winners, of `count` processes that want the issues `wanted` says.
pub(crate) fn several(
    repository: &Repository,
    options: &Options,
    name: &str,
    count: usize,
    wanted: impl Fn(usize) -> usize,
) -> Vec<(f64, usize)> {
    let crowd = |round: usize| {
        // Each on a log that does not exist yet: whoever comes first has to make it, too.
        repository.use_leases(&format!("{name}-{round}"));
        let start = Instant::now();
        let start_one = |number: usize| {
            let mut command = repository.jit_command(&["claim", "acquire", &repository.issues()[wanted(number)]]);
            command.env("JIT_AGENT_ID", format!("agent:crowd-{number}")).stdout(Stdio::null()).stderr(Stdio::null());
            command.spawn().expect("it can be started")
        };
        let crowd: Vec<Child> = (0..count).map(start_one).collect();
        let won = |mut child: Child| child.wait().expect("it was started").success();
        let winners = crowd.into_iter().map(won).filter(|won| *won).count();
        (measure::millis(start), winners)
    };
    (0..options.runs.min(CROWD_RUNS)).map(crowd).collect()
}

pub(crate) fn times(crowds: &[(f64, usize)]) -> Vec<f64> {
    crowds.iter().map(|(ms, _)| *ms).collect()
}
