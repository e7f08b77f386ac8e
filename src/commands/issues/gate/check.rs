//! `git jit gate check|check-all`: runs automated gates, and writes down what became of them.
//!
//! Nothing is locked while a gate runs. The right to write is asked for before, so that no minutes are spent for
//! nothing, and again when the verdict is written.

use std::collections::VecDeque;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::commands::issues::gate::report::{GateStatus, GateStatusReport};
use crate::commands::issues::gate::{require_asked_for, require_open, stamp, tree_of, write};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{EditSession, unknown_gate};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::tracker::gate::{Gate, GateMode, GateRecord, GateStage, GateVerdict, is_key, leads_out};
use crate::error::Error;
use crate::output::progress::Progress;
use crate::process::{self, ExitCause, Job};
use crate::store;
use crate::store::gates;

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
    /// Only those of this stage
    #[arg(long, value_parser = args::one_of(GateStage::ALL, GateStage::as_str), value_name = "STAGE")]
    stage: Option<GateStage>,
    /// How many run at once
    #[arg(long, short, default_value_t = 1, value_name = "N")]
    jobs: usize,
}

/// A gate that was run.
struct FinishedGate {
    gate: Gate,
    record: GateRecord,
    output: PathBuf,
}

pub(crate) fn check(session: &Session, args: Args) -> CommandResult {
    let Args { issue, key } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    require_asked_for(&edit, id, &key)?;
    let registry = edit.registry()?;
    let gate = registry.gate(&key).ok_or_else(|| unknown_gate(registry, &key))?.clone();
    if gate.mode == GateMode::Manual {
        let hint = format!("To say what became of it: git jit gate pass {} {key}, or gate fail", id.short());
        return Err(Error::NotYet { issue: id, state: "checked by a command", why: format!("the gate '{key}' is manual"), hint });
    }
    run_all(&edit, id, vec![gate], 1, Some(&key))
}

pub(crate) fn check_all(session: &Session, args: AllArgs) -> CommandResult {
    let AllArgs { issue, stage, jobs } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let document = edit.load(id)?;
    let registry = edit.registry()?;
    let asked = document.issue().gates_required.iter().filter_map(|key| registry.gate(key));
    let mut gates: Vec<Gate> =
        asked.filter(|gate| gate.mode == GateMode::Auto && stage.is_none_or(|stage| gate.stage == stage)).cloned().collect();
    gates.sort_by(|a, b| (a.priority, &a.key).cmp(&(b.priority, &b.key)));
    run_all(&edit, id, gates, jobs.clamp(1, 64), None)
}

/// Runs gates and tells of them; of `only` this one, or of all that the issue asks for.
fn run_all(edit: &EditSession<'_>, id: IssueId, gates: Vec<Gate>, jobs: usize, only: Option<&str>) -> CommandResult {
    if edit.load(id)?.issue().is_deleted() {
        return Err(Error::Deleted { issue: id });
    }
    if !gates.is_empty() {
        require_open(edit.load(id)?.issue())?;
        edit.require_right(id)?;
    }
    let interrupted =
        process::interruptions().map_err(|source| store::Error::io("handle signals in", &edit.layout.common_dir)(source))?;
    let tree = if gates.is_empty() { None } else { tree_of(edit.session, edit.layout) };
    let ran = at_once(edit, id, gates, jobs, &interrupted)?;
    let outputs: Vec<(String, PathBuf)> = ran.iter().map(|ran| (ran.gate.key.clone(), ran.output.clone())).collect();
    let records: Vec<(String, GateRecord)> =
        ran.into_iter().map(|ran| (ran.gate.key, GateRecord { tree: tree.clone(), ..ran.record })).collect();
    let is_done = if records.is_empty() { false } else { write(edit, id, &records)?.1 };
    if interrupted.load(Ordering::Relaxed) {
        return Err(Error::Interrupted { what: "the gates were ended, and what did not finish was not judged" });
    }
    let document = edit.load(id)?;
    let issue = document.issue();
    let registry = edit.registry()?;
    let status = |key: &String| GateStatus {
        key: key.clone(),
        gate: registry.gate(key).cloned(),
        record: GateRecord::of(issue, key),
        outdated: None,
        output: outputs.iter().find(|(ran, _)| ran == key).map(|(_, path)| path.clone()),
    };
    let told = issue.gates_required.iter().filter(|key| only.is_none_or(|only| only == *key));
    let mut statuses: Vec<GateStatus> = told.map(status).collect();
    // What was run and is asked for no longer is told of all the same.
    statuses.extend(only.filter(|_| statuses.is_empty()).map(|key| status(&key.to_owned())));
    Ok(Box::new(GateStatusReport { issue: id, state: issue.state, statuses, ran: true, is_done }))
}

/// A gate, where it says what it says, and the name of that file.
type QueuedGate = (Gate, File, PathBuf);

/// Runs gates in their order, so many at once; those that were not begun when the user interrupted us are not run.
fn at_once(
    edit: &EditSession<'_>,
    id: IssueId,
    gates: Vec<Gate>,
    jobs: usize,
    interrupted: &AtomicBool,
) -> Result<Vec<FinishedGate>, Error> {
    let mut begun: VecDeque<QueuedGate> = VecDeque::new();
    for gate in gates {
        if !is_key(&gate.key) {
            let what = format!("the gate '{}' cannot be run: its name is no safe word", gate.key.escape_debug());
            return Err(Error::Usage { what, hint: "Rename it in .jit/gates.json".to_owned() });
        }
        let (output, path) = gates::output(edit.layout, id, &gate.key)?;
        begun.push_back((gate, output, path));
    }
    let agent = edit.session.agent(edit.layout)?.to_string();
    let place = GateRunner { root: edit.layout.require_worktree()?, issue: id.to_string(), agent, interrupted };
    let progress = Progress::new(edit.session.output);
    let queue = Mutex::new(begun);
    let done: Mutex<Vec<FinishedGate>> = Mutex::new(Vec::new());
    let work = || {
        while !interrupted.load(Ordering::Relaxed) {
            let Some(next) = queue.lock().expect("nobody panics with it").pop_front() else { return };
            let line = progress.begin(&next.0.key);
            let ran = place.run(next);
            line.end();
            done.lock().expect("nobody panics with it").extend(ran);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let mut ran = done.into_inner().expect("nobody panics with it");
    for one in &mut ran {
        one.record.updated_at = Some(stamp(edit.session));
    }
    Ok(ran)
}

/// Where and for whom gates are run.
struct GateRunner<'a> {
    root: &'a Path,
    issue: String,
    agent: String,
    interrupted: &'a AtomicBool,
}

impl GateRunner<'_> {
    /// Runs one gate; nothing comes of one that the user interrupted.
    fn run(&self, (gate, output, path): QueuedGate) -> Option<FinishedGate> {
        let below = gate.working_dir.as_deref().unwrap_or(".");
        let dir = self.root.join(below);
        if leads_out(below) {
            let record = unrun(&gate, &format!("auto:{}", self.agent), "its folder leads out of the worktree");
            return Some(FinishedGate { gate, record, output: path });
        }
        let ours = [("JIT_ISSUE_ID", &self.issue), ("JIT_AGENT_ID", &self.agent), ("JIT_GATE", &gate.key)];
        let ours = ours.map(|(key, value)| (key.to_owned(), value.clone()));
        let job = Job {
            command: gate.command.as_deref().unwrap_or_default(),
            dir: &dir,
            env: gate.env.clone().into_iter().chain(ours).map(|(key, value)| (key.into(), value.into())).collect(),
            output,
            limit: Duration::from_secs(gate.timeout_secs),
        };
        let by = format!("auto:{}", self.agent);
        let record = match process::run(job, self.interrupted) {
            Ok((ExitCause::Interrupted, _)) => return None,
            Ok((end, took)) => record(&gate, end, took, &by),
            // What cannot be run has not passed, and is no reason to forget what the others said.
            Err(error) => unrun(&gate, &by, &format!("cannot be run in {}: {error}", dir.display())),
        };
        Some(FinishedGate { gate, record, output: path })
    }
}

/// A gate that could not be run.
fn unrun(gate: &Gate, by: &str, why: &str) -> GateRecord {
    let (updated_by, reason) = (Some(by.to_owned()), Some(why.to_owned()));
    GateRecord { status: GateVerdict::Failed, updated_by, command: gate.command.clone(), reason, ..GateRecord::PENDING }
}

fn record(gate: &Gate, end: ExitCause, took: Duration, by: &str) -> GateRecord {
    let (status, exit_code, reason) = match end {
        ExitCause::Exited(0) => (GateVerdict::Passed, Some(0), None),
        ExitCause::Exited(code) => (GateVerdict::Failed, Some(i64::from(code)), None),
        ExitCause::OutOfTime | ExitCause::Interrupted => {
            (GateVerdict::Failed, None, Some(format!("stopped after {} seconds", gate.timeout_secs)))
        }
    };
    GateRecord {
        status,
        updated_by: Some(by.to_owned()),
        command: gate.command.clone(),
        exit_code,
        duration_ms: u64::try_from(took.as_millis()).ok(),
        reason,
        ..GateRecord::PENDING
    }
}
