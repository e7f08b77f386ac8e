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

#[path = "budgets/hooks.rs"]
mod hooks;
#[path = "budgets/leases.rs"]
mod leases;
#[path = "budgets/measure.rs"]
mod measure;
#[path = "budgets/options.rs"]
mod options;
#[path = "budgets/repository.rs"]
mod repository;
#[path = "budgets/rows.rs"]
mod rows;
#[path = "budgets/worktrees.rs"]
mod worktrees;

use std::path::Path;
use std::process::{Command, ExitCode};

use measure::Row;
use options::{Options, Parsed};

fn main() -> ExitCode {
    let options = match options::parse(std::env::args().skip(1)) {
        Ok(Parsed::Run(options)) => options,
        Ok(Parsed::Help) => {
            print!("{}", options::HELP);
            return ExitCode::SUCCESS;
        }
        Err(message) => {
            eprintln!("budgets: {message}\n{}", options::HELP);
            return ExitCode::from(2);
        }
    };
    // Beside the build and not in /tmp: that may be memory, where nothing is ever made durable.
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("cargo made the directory");
    let rows = rows::all(scratch.path(), &options);
    print!("{}", if options.json { json(&rows) } else { table(&rows, &options) });
    ExitCode::SUCCESS
}

fn json(rows: &[Row]) -> String {
    let document = serde_json::json!({
        "schema_version": 1,
        "date": jiff::Timestamp::now().to_string(),
        "machine": machine(),
        "rows": rows.iter().map(Row::json).collect::<Vec<_>>(),
    });
    format!("{document}\n")
}

fn table(rows: &[Row], options: &Options) -> String {
    let remark = if options.quick { "; small, so the ratios say nothing" } else { "" };
    let title = format!("{}; {} runs a row{remark}", machine(), options.runs);
    let lines = rows.iter().map(Row::line);
    [title, Row::HEADS.to_owned()].into_iter().chain(lines).map(|line| line + "\n").collect()
}

/// Processor, cores, system and Git: what numbers of two runs may differ by.
fn machine() -> String {
    let cpu = std::fs::read_to_string(Path::new("/proc/cpuinfo")).unwrap_or_default();
    let model =
        cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or_default().trim_start_matches(['\t', ':', ' ']);
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let first_line = |program: &str, argument: &str| {
        let output = Command::new(program).arg(argument).output().map(|output| output.stdout).unwrap_or_default();
        String::from_utf8_lossy(&output).trim().to_owned()
    };
    format!("{model}, {cores} cores, {}, {}", first_line("uname", "-sr"), first_line("git", "--version"))
}
