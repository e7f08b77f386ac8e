//! `git jit gate`: what issues must pass, which issue must pass what, and what became of it.

use clap::Subcommand;
use serde_json::{Value, json};

use self::report::{Defined, Gates, Statuses};
use super::change::{Desk, unknown_gate};
use super::issue::Edited;
use super::{Answer, Session, issues, resolve};
use crate::domain::gate::{Mode, Record, Verdict};
use crate::domain::id::IssueId;
use crate::domain::issue::State;
use crate::domain::workflow;
use crate::error::Error;
use crate::git;
use crate::store::gates;
use crate::store::layout::Layout;

mod check;
mod define;
mod report;

/// Verbs of `gate`.
#[derive(Debug, Subcommand)]
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

/// Arguments of `gate list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {}

/// Arguments of `gate show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The gate
    key: String,
}

/// Arguments of `gate add` and `gate rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The gates, several or joined by commas
    #[arg(required = true, value_delimiter = ',', value_name = "KEY")]
    keys: Vec<String>,
}

/// Arguments of `gate status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

/// Arguments of `gate pass` and `gate fail`.
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
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
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
        Verb::Pass(args) => judge(session, args, Verdict::Passed),
        Verb::Fail(args) => judge(session, args, Verdict::Failed),
    }
}

fn list(session: &Session) -> Answer {
    let layout = session.layout()?;
    let registry = gates::registry(issues(&layout, &session.policy(&layout))?.places())?;
    let mut all: Vec<_> = registry.gates().cloned().collect();
    all.sort_by(|a, b| (a.stage as u8, a.priority, &a.key).cmp(&(b.stage as u8, b.priority, &b.key)));
    Ok(Box::new(Gates(all)))
}

fn show(session: &Session, args: &ShowArgs) -> Answer {
    let ShowArgs { key } = args;
    let layout = session.layout()?;
    let registry = gates::registry(issues(&layout, &session.policy(&layout))?.places())?;
    let gate = registry.gate(key).ok_or_else(|| unknown_gate(&registry, key))?;
    Ok(Box::new(Defined { gate: gate.clone(), changed: None }))
}

fn edit(session: &Session, args: &EditArgs, adds: bool) -> Answer {
    let EditArgs { issue, keys } = args;
    let layout = session.layout()?;
    let desk = Desk::open(session, &layout)?;
    let id = desk.resolve(issue)?;
    if adds {
        desk.require_gates(keys)?;
    }
    let (changed, ()) = desk.edit(id, "gates", |document| {
        let (add, remove) = if adds { (keys.as_slice(), [].as_slice()) } else { ([].as_slice(), keys.as_slice()) };
        document.edit_set("gates_required", add, remove);
        if !adds && workflow::is_through(document.issue(), &desk.open_dependencies(document.issue()), desk.registry()?) {
            document.set("state", &Value::from(State::Done.as_str()));
        }
        Ok(())
    })?;
    let now = match changed.document.issue().gates_required.join(", ") {
        none if none.is_empty() => "no gates".to_owned(),
        keys => keys,
    };
    Ok(Box::new(Edited::of(changed, format!("Issue {} must pass {now}", id.short()))))
}

fn judge(session: &Session, args: VerdictArgs, verdict: Verdict) -> Answer {
    let VerdictArgs { issue, key, by, reason } = args;
    let layout = session.layout()?;
    let desk = Desk::open(session, &layout)?;
    let id = desk.resolve(&issue)?;
    require_asked_for(&desk, id, &key)?;
    if let Some(gate) = desk.registry()?.gate(&key).filter(|gate| gate.mode == Mode::Auto) {
        let hint = format!("To run it: git jit gate check {} {}", id.short(), gate.key);
        return Err(Error::NotYet { issue: id, state: "judged by hand", why: format!("the gate '{key}' is automated"), hint });
    }
    let me = session.agent(&layout)?;
    let by = by.map_or(Ok(me.clone()), |typed| super::args::agent(&typed, &me))?;
    let record = Record {
        status: verdict,
        updated_by: Some(by.to_string()),
        updated_at: Some(stamp(session)),
        reason: reason.map(super::args::description).transpose()?,
        tree: tree_of(session, &layout),
        ..Record::PENDING
    };
    let (changed, is_done) = write(&desk, id, &key, &record)?;
    let mut sentence = vec![];
    if is_done {
        sentence.push("All gates have passed: it is done".to_owned());
    }
    Ok(Box::new(Edited::of(changed, format!("Gate {key} of issue {} is {}", id.short(), verdict.as_str())).and(sentence)))
}

/// This moment, as records have it.
fn stamp(session: &Session) -> String {
    session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// The tree that the worktree's content is now, without `.jit`; none where Git cannot tell.
fn tree_of(session: &Session, layout: &Layout) -> Option<String> {
    let root = layout.worktree_root.as_deref()?;
    git::content_tree(root, &layout.git_dir, &layout.common_dir, &session.cx.scratch, crate::store::tree::DATA).ok()
}

/// Writes what became of a gate; with the last one that passes, a gated issue is done.
fn write(desk: &Desk<'_>, id: IssueId, key: &str, record: &Record) -> Result<(super::change::Changed, bool), Error> {
    desk.edit(id, "gate", |document| {
        document.set_at(&["gates_status", key], &record.to_value());
        let is_done = workflow::is_through(document.issue(), &desk.open_dependencies(document.issue()), desk.registry()?);
        if is_done {
            document.set("state", &Value::from(State::Done.as_str()));
        }
        Ok(is_done)
    })
}

/// Refuses a gate that the issue does not ask for.
fn require_asked_for(desk: &Desk<'_>, id: IssueId, key: &str) -> Result<(), Error> {
    let document = desk.load(id)?;
    if document.issue().gates_required.iter().any(|asked| asked == key) {
        return Ok(());
    }
    desk.require_gates(&[key.to_owned()])?;
    Err(Error::NotThere {
        what: "gate on this issue",
        name: key.to_owned(),
        hint: format!("To ask for it: git jit gate add {} {key}", id.short()),
    })
}

fn status(session: &Session, args: &StatusArgs) -> Answer {
    let StatusArgs { issue } = args;
    let layout = session.layout()?;
    let store = issues(&layout, &session.policy(&layout))?;
    let (id, source) = resolve(&store, issue)?;
    let document = store.load(id, source)?;
    let registry = gates::registry(store.places())?;
    let issue = document.issue();
    let records: Vec<(String, Record)> = issue.gates_required.iter().map(|key| (key.clone(), Record::of(issue, key))).collect();
    let has_trees = records.iter().any(|(_, record)| record.tree.is_some());
    let now = has_trees.then(|| tree_of(session, &layout)).flatten();
    let one = |(key, record): (String, Record)| {
        let gate = registry.gate(&key).cloned();
        let outdated = record.tree.as_ref().zip(now.as_ref()).map(|(then, now)| then != now);
        report::Status { key, gate, record, outdated, output: None }
    };
    Ok(Box::new(Statuses { issue: id, state: issue.state, statuses: records.into_iter().map(one).collect(), ran: false }))
}

/// What is the same in every telling of a gate on an issue.
fn told(status: &report::Status) -> Value {
    let record = &status.record;
    json!({
        "key": status.key, "defined": status.gate.is_some(), "stage": status.gate.as_ref().map(|gate| gate.stage),
        "mode": status.gate.as_ref().map(|gate| gate.mode), "status": record.status, "updated_by": record.updated_by,
        "updated_at": record.updated_at, "command": record.command, "exit_code": record.exit_code,
        "duration_ms": record.duration_ms, "tree": record.tree, "outdated": status.outdated, "reason": record.reason,
        "output": status.output.as_ref().map(|path| path.display().to_string()),
    })
}
