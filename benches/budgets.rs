//! The budgets, measured: whole processes, each beside the floor F = `git rev-parse HEAD` in the same repository.
//!
//! Machines are noisy, so what counts is the ratio to a floor that was timed a moment before; a row's ratio
//! is the median of those. `cargo bench --bench budgets -- --help` lists the options. Without the `--bench`
//! that `cargo bench` passes, as under `cargo test --all-targets`, everything is small and runs twice.
//! A row that misses its budget is told and fails nothing: that is for whoever reads the table.

#![expect(clippy::print_stdout, reason = "the table is what this program is for")]
#![expect(clippy::print_stderr, reason = "making the repositories takes a while")]
#![expect(
    clippy::disallowed_methods,
    reason = "spawns and times processes, fills and empties directories of its own, asks the date"
)]

#[path = "budgets/growth.rs"]
mod growth;
#[path = "budgets/hooks.rs"]
mod hooks;
#[path = "budgets/leases.rs"]
mod leases;
#[path = "budgets/measure.rs"]
mod measure;
#[path = "budgets/memory.rs"]
mod memory;
#[path = "budgets/options.rs"]
mod options;
#[path = "budgets/page.rs"]
mod page;
#[path = "budgets/peers.rs"]
mod peers;
#[path = "budgets/picture.rs"]
mod picture;
#[path = "budgets/programs.rs"]
mod programs;
#[path = "budgets/reads.rs"]
mod reads;
#[path = "budgets/repository.rs"]
mod repository;
#[path = "budgets/rows.rs"]
mod rows;
#[path = "budgets/run.rs"]
mod run;
#[path = "budgets/site.rs"]
mod site;
#[path = "budgets/stored.rs"]
mod stored;
#[path = "budgets/table.rs"]
mod table;
#[path = "budgets/worktrees.rs"]
mod worktrees;

use std::path::Path;
use std::process::{Command, ExitCode};

use options::{Options, Parsed};
use repository::Repositories;
use run::Run;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1).peekable();
    if arguments.next_if(|argument| argument == memory::PEAK).is_some() {
        return memory::starter(arguments);
    }
    let options = match options::parse(arguments) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Render) => return told(stored::render()),
        Ok(Parsed::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("budgets: {message}\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    let run = measured(&options);
    let remark = if options.quick { "; small, so the ratios say nothing" } else { "" };
    let json = || serde_json::to_string(&run).expect("numbers and words") + "\n";
    print!("{}", if options.json { json() } else { table::table(&run, remark) });
    if options.write {
        return told(stored::keep(&run).map(|path| eprintln!("stored as {}", path.display())).and_then(|()| stored::render()));
    }
    ExitCode::SUCCESS
}

fn told(outcome: std::io::Result<()>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("budgets: docs/performance: {error}");
            ExitCode::FAILURE
        }
    }
}

fn measured(options: &Options) -> Run {
    // Beside the build and not in /tmp: that may be memory, where nothing is ever made durable.
    let place = options.place.as_deref().unwrap_or(Path::new(env!("CARGO_TARGET_TMPDIR")));
    let mut scratch = tempfile::tempdir_in(place).expect("a directory, and one that may be written to");
    scratch.disable_cleanup(options.keep);
    let repositories = Repositories::new(scratch.path());
    let date = jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M").to_string();
    let rows = rows::all(&repositories, options);
    let curves = growth::all(&repositories, options);
    if options.keep {
        eprintln!("the repositories are in {}", scratch.path().display());
    }
    let commit = said("git", &["describe", "--always", "--dirty"]);
    Run { schema_version: 2, date, commit, machine: machine(options.place.as_deref()), rows, curves }
}

/// Processor, cores, system and Git, and the kind of file system that was asked for: what numbers of two runs may differ by.
fn machine(place: Option<&Path>) -> String {
    let cpu = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default().trim_start_matches(['\t', ':', ' ']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let file_system = place.map(|place| {
        let kind = said("stat", &["-f", "-c", "%T", &place.to_string_lossy()]);
        if kind.is_empty() { format!(", in {}", place.display()) } else { format!(", on {kind}") }
    });
    let file_system = file_system.unwrap_or_default();
    format!("{model}, {cores} cores, {}, {}{file_system}", said("uname", &["-sr"]), said("git", &["--version"]))
}

/// What a program says of itself; nothing, if it is not there.
fn said(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(program);
    let output = command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    String::from_utf8_lossy(&output.map(|output| output.stdout).unwrap_or_default()).trim().to_owned()
}
