//! `git jit gate`: what issues must pass, which issue must pass what, and what became of it.

mod check;
mod define;
mod report;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::issues::gate::report::{GateChange, GateListReport, GateReport, GateStatusReport};
use crate::commands::issues::issue::EditReport;
use crate::commands::shared::edit_session::{EditSession, unknown_gate};
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, Issue, State};
use crate::domain::tracker::gate::{GateMode, GateRecord, GateVerdict};
use crate::domain::tracker::workflow;
use crate::error::Error;
use crate::git::run;
use crate::store::gates;
use crate::store::layout::Layout;

/// Verbs of `gate`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Define a gate, or change one
    Define(define::Args),
    /// Remove a gate that no open issue asks for
    Remove(define::RemoveArgs),
    /// List the gates
    List(ListArgs),
    /// Show a gate
    Show(ShowArgs),
    /// Ask for gates on an issue
    Add(EditArgs),
    /// Ask for gates on an issue no longer
    Rm(EditArgs),
    /// Run an automated gate on an issue
    Check(check::Args),
    /// Run all automated gates of an issue
    CheckAll(check::AllArgs),
    /// Tell what became of an issue's gates; runs nothing
    Status(StatusArgs),
    /// Say that a manual gate has passed
    Pass(VerdictArgs),
    /// Say that a manual gate has not passed
    Fail(VerdictArgs),
}

// Arguments of `gate list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {}

// Arguments of `gate show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The gate
    key: String,
}

// Arguments of `gate add` and `gate rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The gates, several or joined by commas
    #[arg(required = true, value_delimiter = ',', value_name = "KEY")]
    keys: Vec<String>,
}

// Arguments of `gate status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

// Arguments of `gate pass` and `gate fail`.
#[derive(Debug, clap::Args)]
pub(crate) struct VerdictArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The gate
    key: String,
    /// Who has found out; yourself without it
    #[arg(long, short, value_name = "TYPE:NAME")]
    by: Option<String>,
    /// What there is to say about it
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs a verb of `gate`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Define(args) => define::define(session, args),
        Verb::Remove(args) => define::remove(session, args),
        Verb::List(ListArgs {}) => list(session),
        Verb::Show(args) => show(session, &args),
        Verb::Add(args) => edit(session, &args, true),
        Verb::Rm(args) => edit(session, &args, false),
        Verb::Check(args) => check::check(session, args),
        Verb::CheckAll(args) => check::check_all(session, args),
        Verb::Status(args) => status(session, &args),
        Verb::Pass(args) => judge(session, args, GateVerdict::Passed),
        Verb::Fail(args) => judge(session, args, GateVerdict::Failed),
    }
}

fn list(session: &Session) -> CommandResult {
    let layout = session.layout()?;
    let registry = gates::registry(issues(layout, &session.policy(layout))?.sources())?;
    let mut all: Vec<_> = registry.gates().cloned().collect();
    all.sort_by(|a, b| (a.stage as u8, a.priority, &a.key).cmp(&(b.stage as u8, b.priority, &b.key)));
    Ok(Box::new(GateListReport(all)))
}

fn show(session: &Session, args: &ShowArgs) -> CommandResult {
    let ShowArgs { key } = args;
    let layout = session.layout()?;
    let registry = gates::registry(issues(layout, &session.policy(layout))?.sources())?;
    let gate = registry.gate(key).ok_or_else(|| unknown_gate(&registry, key))?;
    Ok(Box::new(GateReport { gate: gate.clone(), deed: GateChange::Shown }))
}

/// Adds gates to what an issue must pass, or takes them away; one that waited for those alone is done.
fn edit(session: &Session, args: &EditArgs, adds: bool) -> CommandResult {
    let EditArgs { issue, keys } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(issue)?;
    if adds {
        edit.require_gates(keys)?;
    }
    let (changed, is_done) = edit.edit(id, "gates", |document| {
        let (add, remove) = if adds { (keys.as_slice(), [].as_slice()) } else { ([].as_slice(), keys.as_slice()) };
        document.edit_set("gates_required", add, remove);
        if adds { Ok(false) } else { apply_state(&edit, document) }
    })?;
    let now = match changed.document.issue().gates_required.join(", ") {
        none if none.is_empty() => "no gates".to_owned(),
        keys => keys,
    };
    Ok(Box::new(EditReport::of(changed, format!("Issue {} must pass {now}", id.short())).and(told_if(is_done))))
}

fn judge(session: &Session, args: VerdictArgs, verdict: GateVerdict) -> CommandResult {
    let VerdictArgs { issue, key, by, reason } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    require_asked_for(&edit, id, &key)?;
    if let Some(gate) = edit.registry()?.gate(&key).filter(|gate| gate.mode == GateMode::Auto) {
        let hint = format!("To run it: git jit gate check {} {}", id.short(), gate.key);
        return Err(Error::NotYet { issue: id, state: "judged by hand", why: format!("the gate '{key}' is automated"), hint });
    }
    let me = session.agent(layout)?;
    let by = by.map_or(Ok(me.clone()), |typed| crate::commands::shared::args::agent(&typed, &me))?;
    let record = GateRecord {
        status: verdict,
        updated_by: Some(by.to_string()),
        updated_at: Some(stamp(session)),
        reason: reason.map(crate::commands::shared::args::description).transpose()?,
        tree: tree_of(session, layout),
        ..GateRecord::PENDING
    };
    let (changed, is_done) = write(&edit, id, &[(key.clone(), record)])?;
    let sentence = format!("Gate {key} of issue {} is {}", id.short(), verdict.as_str());
    Ok(Box::new(EditReport::of(changed, sentence).and(told_if(is_done))))
}

/// This moment, as records have it.
fn stamp(session: &Session) -> String {
    session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The tree that the worktree's content is now, without `.jit`; none where Git cannot tell.
fn tree_of(session: &Session, layout: &Layout) -> Option<String> {
    let root = layout.worktree_root.as_deref()?;
    run::content_tree(root, &layout.git_dir, &layout.common_dir, &session.cx.scratch, crate::git::tree::DATA).ok()
}

/// Warns of verdicts that count and are about something else than what is here now.
pub(crate) fn warn_outdated(edit: &EditSession<'_>, id: IssueId) -> Result<(), Error> {
    let document = edit.load(id)?;
    let issue = document.issue();
    let passed = issue.gates_required.iter().map(|key| (key, GateRecord::of(issue, key)));
    let passed: Vec<(&String, GateRecord)> = passed.filter(|(_, record)| record.status == GateVerdict::Passed).collect();
    let now = passed.iter().any(|(_, record)| record.tree.is_some()).then(|| tree_of(edit.session, edit.layout)).flatten();
    for (key, record) in passed {
        if record.is_outdated(edit.registry()?.gate(key), now.as_deref()) == Some(true) {
            let what = "passed on another tree than the one here now, or by another command";
            edit.session.output.warn(&format!("gate {key} of issue {}: {what}", id.short()));
        }
    }
    Ok(())
}

/// Writes what became of gates, all at once; with the last one that passes, a gated issue is done.
fn write(
    edit: &EditSession<'_>,
    id: IssueId,
    records: &[(String, GateRecord)],
) -> Result<(crate::commands::shared::edit_session::Changed, bool), Error> {
    edit.edit(id, "gate", |document| {
        // Whether they are still asked for, and the issue still open, may have changed while they ran.
        require_open(document.issue())?;
        for (key, record) in records {
            if document.issue().gates_required.contains(key) {
                document.set_at(&["gates_status", key], &record.to_value());
            }
        }
        apply_state(edit, document)
    })
}

/// Makes a gated issue done that waits for nothing any more; whether it was.
fn apply_state(edit: &EditSession<'_>, document: &mut Document) -> Result<bool, Error> {
    let is_through = workflow::is_through(document.issue(), &edit.open_dependencies(document.issue()), edit.registry()?);
    if is_through {
        document.set("state", &Value::from(State::Done.as_str()));
    }
    Ok(is_through)
}

fn told_if(is_done: bool) -> Vec<String> {
    if is_done { vec!["No gate is left to pass: it is done".to_owned()] } else { Vec::new() }
}

/// Refuses verdicts on what is closed: a gate that failed later would stand in a finished issue.
fn require_open(issue: &Issue) -> Result<(), Error> {
    if !issue.state.is_closed() {
        return Ok(());
    }
    let (id, state) = (issue.id, issue.state.as_str());
    let hint = format!("To open it again: git jit issue update {} --state ready", id.short());
    Err(Error::NotYet { issue: id, state: "judged", why: format!("it is {state}"), hint })
}

/// Refuses a gate that the issue does not ask for.
fn require_asked_for(edit: &EditSession<'_>, id: IssueId, key: &str) -> Result<(), Error> {
    let document = edit.load(id)?;
    if document.issue().gates_required.iter().any(|asked| asked == key) {
        return require_open(document.issue());
    }
    edit.require_gates(&[key.to_owned()])?;
    Err(Error::NotThere {
        what: "gate on this issue",
        name: key.to_owned(),
        hint: format!("To ask for it: git jit gate add {} {key}", id.short()),
    })
}

fn status(session: &Session, args: &StatusArgs) -> CommandResult {
    let StatusArgs { issue } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let (id, source) = resolve(&store, issue)?;
    let document = store.load(id, source)?;
    let registry = gates::registry(store.sources())?;
    let issue = document.issue();
    let records: Vec<(String, GateRecord)> =
        issue.gates_required.iter().map(|key| (key.clone(), GateRecord::of(issue, key))).collect();
    let has_trees = records.iter().any(|(_, record)| record.tree.is_some());
    let now = has_trees.then(|| tree_of(session, layout)).flatten();
    let one = |(key, record): (String, GateRecord)| {
        let gate = registry.gate(&key).cloned();
        let outdated = record.is_outdated(gate.as_ref(), now.as_deref());
        report::GateStatus { key, gate, record, outdated, output: None }
    };
    Ok(Box::new(GateStatusReport {
        issue: id,
        state: issue.state,
        statuses: records.into_iter().map(one).collect(),
        ran: false,
        is_done: false,
    }))
}

/// What is the same in every telling of a gate on an issue.
fn told(status: &report::GateStatus) -> Value {
    let record = &status.record;
    json!({
        "key": status.key, "defined": status.gate.is_some(), "stage": status.gate.as_ref().map(|gate| gate.stage),
        "mode": status.gate.as_ref().map(|gate| gate.mode), "status": record.status, "updated_by": record.updated_by,
        "updated_at": record.updated_at, "command": record.command, "exit_code": record.exit_code,
        "duration_ms": record.duration_ms, "tree": record.tree, "outdated": status.outdated, "reason": record.reason,
        "output": status.output.as_ref().map(|path| path.display().to_string()),
    })
}
