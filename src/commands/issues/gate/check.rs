//! `git jit gate check|check-all`: runs automated gates and records their verdicts.
//!
//! No lock is held while a gate runs. The right to edit the issue is checked before the gates run, so that no time is wasted,
//! and again when the verdicts are written.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::commands::issues::gate::report::{GateStatus, GateStatusReport};
use crate::commands::issues::gate::{require_open, require_open_with_gate, write_records};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{EditSession, unknown_gate};
use crate::commands::shared::gate_results::content_tree;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::tracker::gate::{Gate, GateMode, GateRecord, GateStage, GateVerdict, is_key, leads_out};
use crate::error::Error;
use crate::output::progress::Progress;
use crate::process::{self, ExitCause, Job};
use crate::store;
use crate::store::gates;

/// Gates that may run at the same time, at most.
const MOST_JOBS: usize = 64;

// Arguments of `gate check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The gate
    key: String,
}

// Arguments of `gate check-all`.
#[derive(Debug, clap::Args)]
pub(crate) struct AllArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// Only gates of this stage
    #[arg(long, value_parser = args::one_of(GateStage::ALL, GateStage::as_str), value_name = "STAGE")]
    stage: Option<GateStage>,
    /// Run this many at the same time
    #[arg(long, short, default_value_t = 1, value_name = "N")]
    jobs: usize,
}

pub(crate) fn check(session: &Session, args: Args) -> CommandResult {
    let Args { issue, key } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    require_open_with_gate(&edit, id, &key)?;
    let registry = edit.registry()?;
    let gate = registry.gate(&key).ok_or_else(|| unknown_gate(registry, &key))?.clone();
    if gate.mode == GateMode::Manual {
        let hint = format!("To record a verdict: git jit gate pass {} {key}, or gate fail", id.short());
        return Err(Error::NotYet { issue: id, state: "checked by a command", why: format!("the gate '{key}' is manual"), hint });
    }
    run_gates(&edit, id, vec![gate], 1, Some(&key))
}

pub(crate) fn check_all(session: &Session, args: AllArgs) -> CommandResult {
    let AllArgs { issue, stage, jobs } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let document = edit.load(id)?;
    let registry = edit.registry()?;
    let required = document.issue().gates_required.iter().filter_map(|key| registry.gate(key));
    let mut gates: Vec<Gate> =
        required.filter(|gate| gate.mode == GateMode::Auto && stage.is_none_or(|stage| gate.stage == stage)).cloned().collect();
    gates.sort_by(|a, b| (a.priority, &a.key).cmp(&(b.priority, &b.key)));
    run_gates(&edit, id, gates, jobs.clamp(1, MOST_JOBS), None)
}

/// Runs gates, and reports the status of the gate `only`, or else of all gates that the issue requires.
fn run_gates(edit: &EditSession<'_>, id: IssueId, gates: Vec<Gate>, jobs: usize, only: Option<&str>) -> CommandResult {
    let document = edit.load_live(id)?;
    if !gates.is_empty() {
        require_open(document.issue())?;
        edit.require_right(id)?;
    }
    let interrupted =
        process::interruptions().map_err(|source| store::Error::io("handle signals in", &edit.layout.common_dir)(source))?;
    let tree = if gates.is_empty() { None } else { content_tree(edit.session, edit.layout) };
    let finished = run_parallel(edit, id, gates, jobs, &interrupted)?;
    let outputs: Vec<(String, PathBuf)> = finished.iter().map(|gate| (gate.key.clone(), gate.output.clone())).collect();
    let records: Vec<(String, GateRecord)> =
        finished.into_iter().map(|gate| (gate.key, GateRecord { tree: tree.clone(), ..gate.record })).collect();
    let is_done = if records.is_empty() { false } else { write_records(edit, id, &records)?.1 };
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::Interrupted { what: "the gates were stopped; those that did not finish have no verdict" });
    }
    let document = edit.load(id)?;
    let issue = document.issue();
    let registry = edit.registry()?;
    let status = |key: &str| {
        let output = outputs.iter().find(|(ran, _)| ran == key).map(|(_, path)| path.clone());
        GateStatus::new(key, registry.gate(key), GateRecord::of(issue, key)).with_output(output)
    };
    let reported = issue.gates_required.iter().filter(|key| only.is_none_or(|only| only == *key));
    let mut gates: Vec<GateStatus> = reported.map(|key| status(key)).collect();
    // The gate that ran is reported even if the issue does not require it any more.
    gates.extend(only.filter(|_| gates.is_empty()).map(status));
    Ok(Box::new(GateStatusReport::new(issue, gates).after_run(is_done)))
}

/// A gate that waits for its run, its output file, and the path of that file.
type QueuedGate = (Gate, File, PathBuf);

/// A gate that ran.
struct FinishedGate {
    key: String,
    record: GateRecord,
    output: PathBuf,
}

/// Runs gates in their order, at most `jobs` at a time. After an interruption no more gates are started.
fn run_parallel(
    edit: &EditSession<'_>,
    id: IssueId,
    gates: Vec<Gate>,
    jobs: usize,
    interrupted: &AtomicBool,
) -> Result<Vec<FinishedGate>, Error> {
    let mut queue: VecDeque<QueuedGate> = VecDeque::new();
    for gate in gates {
        if !is_key(&gate.key) {
            let what = format!("the gate '{}' cannot be run: its name is not valid", gate.key.escape_debug());
            return Err(Error::Usage { what, hint: "Rename it in .jit/gates.json".to_owned() });
        }
        let (output, path) = gates::output(edit.layout, id, &gate.key)?;
        queue.push_back((gate, output, path));
    }
    let agent = edit.session.agent(edit.layout)?.to_string();
    let runner = GateRunner { root: edit.layout.require_worktree()?, issue: id.to_string(), agent, interrupted };
    let progress = Progress::new(edit.session.output);
    let queue = Mutex::new(queue);
    let finished: Mutex<Vec<FinishedGate>> = Mutex::new(Vec::new());
    let work = || {
        while !interrupted.load(Ordering::Relaxed) {
            let Some(next) = queue.lock().expect("no holder of the lock panics").pop_front() else { return };
            let line = progress.begin(&next.0.key);
            let gate = runner.run(next);
            line.end();
            finished.lock().expect("no holder of the lock panics").extend(gate);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let mut finished = finished.into_inner().expect("no holder of the lock panics");
    for gate in &mut finished {
        gate.record.updated_at = Some(edit.session.timestamp());
    }
    Ok(finished)
}

/// Where gates run, and for which issue and agent.
struct GateRunner<'a> {
    root: &'a Path,
    issue: String,
    agent: String,
    interrupted: &'a AtomicBool,
}

impl GateRunner<'_> {
    /// Runs one gate; returns nothing if the user interrupted it.
    fn run(&self, (gate, file, output): QueuedGate) -> Option<FinishedGate> {
        let record = self.record(&gate, file)?;
        Some(FinishedGate { key: gate.key, record, output })
    }

    fn record(&self, gate: &Gate, output: File) -> Option<GateRecord> {
        let failed = GateRecord {
            status: GateVerdict::Failed,
            updated_by: Some(format!("auto:{}", self.agent)),
            command: gate.command.clone(),
            ..GateRecord::PENDING
        };
        let below = gate.working_dir.as_deref().unwrap_or(".");
        if leads_out(below) {
            return Some(GateRecord { reason: Some("its folder leads out of the worktree".to_owned()), ..failed });
        }
        let dir = self.root.join(below);
        let variables = [("JIT_ISSUE_ID", &self.issue), ("JIT_AGENT_ID", &self.agent), ("JIT_GATE", &gate.key)];
        let variables = variables.map(|(key, value)| (key.to_owned(), value.clone()));
        let job = Job {
            command: gate.command.as_deref().unwrap_or_default(),
            dir: &dir,
            env: gate.env.clone().into_iter().chain(variables).map(|(key, value)| (key.into(), value.into())).collect(),
            output,
            limit: Duration::from_secs(gate.timeout_secs),
        };
        let (cause, took) = match process::run(job, self.interrupted) {
            Ok((ExitCause::Interrupted, _)) => return None,
            Ok(ended) => ended,
            // A gate that cannot be started has failed; the verdicts of the others still count.
            Err(error) => {
                let reason = Some(format!("cannot be run in {}: {error}", dir.display()));
                return Some(GateRecord { reason, ..failed });
            }
        };
        let failed = GateRecord { duration_ms: u64::try_from(took.as_millis()).ok(), ..failed };
        Some(match cause {
            ExitCause::Exited(0) => GateRecord { status: GateVerdict::Passed, exit_code: Some(0), ..failed },
            ExitCause::Exited(code) => GateRecord { exit_code: Some(i64::from(code)), ..failed },
            ExitCause::OutOfTime | ExitCause::Interrupted => {
                GateRecord { reason: Some(format!("stopped after {} seconds", gate.timeout_secs)), ..failed }
            }
        })
    }
}
