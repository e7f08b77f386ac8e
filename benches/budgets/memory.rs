//! The rows of memory: the largest resident set of a process.
//!
//! A process begins as a copy of the one that starts it, and the kernel counts that in. So the bench starts itself
//! anew, which is small, and that one starts what is measured.

use std::fs::File;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use wait4::Wait4;

use super::measure;
use super::options::Options;
use super::repository::Repository;
use super::run::Row;

/// The first argument of the process that starts what is measured.
pub(crate) const PEAK: &str = "--peak";
/// What the hooks may take, in MB.
const OF_A_HOOK: f64 = 15.0;
const OF_A_QUERY: f64 = 150.0;
/// It hardly differs from one run to the next.
const RUNS: usize = 3;

const QUERY: &str = "memory of query available, 100 000 issues";

/// The row of [`huge`].
pub(crate) const OF_HUGE: [&str; 1] = [QUERY];

/// Runs a program with arguments, and writes its largest resident set in kB on stderr.
pub(crate) fn starter(mut words: impl Iterator<Item = String>) -> ExitCode {
    let program = words.next().expect("a program");
    let mut child = Command::new(program).args(words).stdout(Stdio::null()).spawn().expect("it can be started");
    let used = child.wait4().expect("it was started");
    eprintln!("{}", used.rusage.maxrss / 1024);
    ExitCode::from(u8::from(!used.status.success()))
}

/// The row of a hook, or of what may take as much.
pub(crate) fn of_a_hook(name: &str, command: &Command, input: Option<&Path>, options: &Options) -> Option<Row> {
    measured(name, command, input, OF_A_HOOK, options)
}

/// Those among 100 000 issues.
pub(crate) fn huge(repository: &Repository, options: &Options) -> Option<Row> {
    measured(QUERY, &repository.jit_command(&["query", "available"]), None, OF_A_QUERY, options)
}

fn measured(name: &str, command: &Command, input: Option<&Path>, budget: f64, options: &Options) -> Option<Row> {
    let values: Vec<f64> = (0..RUNS).filter(|_| options.wants(name)).map(|_| peak(command, input)).collect();
    (!values.is_empty()).then(|| measure::alone(name, &values, "MB", Some(budget)))
}

/// The largest resident set of this command, in MB of 1 000 000 bytes.
fn peak(command: &Command, input: Option<&Path>) -> f64 {
    let mut starter = Command::new(std::env::current_exe().expect("it runs"));
    starter.arg(PEAK).arg(command.get_program()).args(command.get_args());
    starter.current_dir(command.get_current_dir().expect("every command has its own")).env_clear();
    starter.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
    starter.stdin(input.map_or_else(Stdio::null, |path| File::open(path).expect("it was written").into()));
    let output = starter.output().expect("it can be started");
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    let kib: f64 = said.lines().last().and_then(|line| line.parse().ok()).expect("a number at the end");
    kib * 1.024 / 1000.0
}
