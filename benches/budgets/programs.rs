//! The rows of the programs themselves: how fast one starts, how large each is, how long a release takes to build.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::measure::{self, Case};
use super::options::Options;
use super::repository::Repositories;
use super::rows::measured;
use super::run::Row;

const START: &str = "git-jit version: what it takes to start";
const BUILD: &str = "cold build of the release";
const PROGRAMS: [(&str, &str); 3] = [
    ("size of git-jit", env!("CARGO_BIN_EXE_git-jit")),
    ("size of jit-pre-commit", env!("CARGO_BIN_EXE_jit-pre-commit")),
    ("size of jit-pre-push", env!("CARGO_BIN_EXE_jit-pre-push")),
];

/// Start-up, sizes and, if that was asked for, the build.
pub(crate) fn all(repositories: &Repositories, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if options.wants(START) {
        let repository = repositories.get(100, 100);
        rows.extend(measured(Case::new(&repository, START, || repository.jit_command(&["version"])), 2.0, options));
    }
    for (name, program) in PROGRAMS.iter().filter(|(name, _)| options.wants(name)) {
        rows.push(measure::alone(name, &[megabytes(Path::new(program))], "MB", None));
    }
    if options.cold_build && options.wants(BUILD) {
        rows.push(measure::alone(BUILD, &[cold_build()], "s", None));
    }
    rows
}

#[expect(clippy::cast_precision_loss, reason = "a program is not that large")]
fn megabytes(program: &Path) -> f64 {
    std::fs::metadata(program).expect("cargo built it").len() as f64 / 1e6
}

/// Seconds that `cargo build --release` takes in an empty target directory, with what it downloads at hand.
fn cold_build() -> f64 {
    let target = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo made the directory");
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--release", "--locked", "--quiet", "--bins"]).current_dir(env!("CARGO_MANIFEST_DIR"));
    build.env("CARGO_TARGET_DIR", target.path()).stdin(Stdio::null());
    let start = Instant::now();
    let status = build.status().expect("cargo can be run");
    assert!(status.success(), "the release builds");
    measure::millis(start) / 1000.0
}
