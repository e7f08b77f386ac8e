//! The rows of what is read: the ready work, one issue, the line of a prompt.

use super::measure::Case;
use super::options::Options;
use super::repository::Repository;
use super::rows::{measured, measured_beside};
use super::run::Row;

const AVAILABLE: &str = "query available";
const AVAILABLE_JSON: &str = "query available --json";
const AVAILABLE_SPARSE: &str = "query available, sparse checkout without issues";
const AVAILABLE_FIRST: &str = "query available, without a cache";
const AVAILABLE_HUGE: &str = "query available, 100 000 issues";
const SHOW_ID_HUGE: &str = "issue show, full id, 100 000 issues";
const SHOW_PREFIX_HUGE: &str = "issue show, 8 digits, 100 000 issues";
const LINE: &str = "status --line";
const SHOW_ID: &str = "issue show, full id";
const SHOW_PREFIX: &str = "issue show, 8 digits";

/// The rows of [`large`].
pub(crate) const OF_LARGE: [&str; 7] = [AVAILABLE, AVAILABLE_JSON, SHOW_ID, SHOW_PREFIX, LINE, AVAILABLE_FIRST, AVAILABLE_SPARSE];
/// The rows of [`huge`].
pub(crate) const OF_HUGE: [&str; 3] = [AVAILABLE_HUGE, SHOW_ID_HUGE, SHOW_PREFIX_HUGE];

/// Those among 10 000 issues, of which the first `leases` are leased.
pub(crate) fn large(repository: &Repository, leases: usize, options: &Options) -> Vec<Row> {
    let id = &repository.issues()[leases + 1];
    let digits = &id[..8];
    let case = |name: &str, arguments: &'static [&'static str]| Case::new(repository, name, || repository.jit_command(arguments));
    let show = |name: &str, id| Case::new(repository, name, move || repository.jit_command(&["issue", "show", id]));
    let mut rows = Vec::new();
    if options.wants(AVAILABLE) {
        let others = [repository.git_status()].into_iter().chain(options.peers.available(repository)).collect();
        rows.extend(measured_beside(case(AVAILABLE, &["query", "available"]), 30.0, others, options));
    }
    // At most 1.3 times the text.
    rows.extend(measured(case(AVAILABLE_JSON, &["query", "available", "--json"]), 39.0, options));
    if options.wants(SHOW_ID) {
        rows.extend(measured_beside(show(SHOW_ID, id), 3.0, options.peers.show(repository, id), options));
    }
    rows.extend(measured(show(SHOW_PREFIX, digits), 7.0, options));
    if options.wants(LINE) {
        // Without a lease there is nothing to say, which is quicker.
        repository.jit(&["claim", "acquire", id, "--ttl", "1d"]);
        rows.extend(measured(case(LINE, &["status", "--line"]), 4.0, options));
    }
    if options.wants(AVAILABLE_FIRST) {
        let cache = repository.common_dir().join("jit/cache");
        let prepare = move |_| {
            let _ = std::fs::remove_dir_all(&cache);
            repository.jit_command(&["query", "available"])
        };
        rows.extend(measured(Case::prepared(repository, AVAILABLE_FIRST, prepare), 120.0, options));
    }
    if options.wants(AVAILABLE_SPARSE) {
        let sparse = repository.sparse("sparse", &["--no-cone", "/src/part-000/"]);
        let sparse = sparse.to_str().expect("a path of our own");
        let run = || repository.jit_command(&["-C", sparse, "query", "available"]);
        rows.extend(measured(Case::new(repository, AVAILABLE_SPARSE, run), 140.0, options));
    }
    rows
}

/// Those among 100 000. A prefix may cost what is linear in the directory, ten times its budget among 10 000.
pub(crate) fn huge(repository: &Repository, options: &Options) -> Vec<Row> {
    let id = &repository.issues()[1];
    let show = |name: &str, id| Case::new(repository, name, move || repository.jit_command(&["issue", "show", id]));
    let available = Case::new(repository, AVAILABLE_HUGE, || repository.jit_command(&["query", "available"]));
    let mut rows = measured_beside(available, 330.0, vec![repository.git_status()], options);
    rows.extend(measured(show(SHOW_ID_HUGE, id), 3.0, options));
    rows.extend(measured(show(SHOW_PREFIX_HUGE, &id[..8]), 70.0, options));
    rows
}
