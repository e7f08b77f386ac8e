//! `git jit gate`: gates, which issues require them, and their verdicts.

mod check;
mod define;
pub(crate) mod report;

use clap::Subcommand;
use serde_json::Value;

use crate::commands::issues::gate::report::{GateChange, GateListReport, GateReport, GateStatus, GateStatusReport};
use crate::commands::issues::report::EditReport;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{Changed, EditSession, unknown_gate};
use crate::commands::shared::gate_results::content_tree;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, Issue, State};
use crate::domain::tracker::gate::{GateMode, GateRecord, GateVerdict};
use crate::domain::tracker::workflow;
use crate::error::Error;
use crate::store::gates;

/// Verbs of `gate`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Define or change a gate
    Define(define::Args),
    /// Remove a gate that no open issue requires
    Remove(define::RemoveArgs),
    /// List the gates
    List(ListArgs),
    /// Show a gate
    Show(ShowArgs),
    /// Require gates on an issue
    Add(EditArgs),
    /// Stop requiring gates on an issue
    Rm(EditArgs),
    /// Run an automated gate on an issue
    Check(check::Args),
    /// Run all automated gates of an issue
    CheckAll(check::AllArgs),
    /// Show the status of an issue's gates, and run nothing
    Status(StatusArgs),
    /// Record that a manual gate passed
    Pass(VerdictArgs),
    /// Record that a manual gate failed
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
    /// The gates, separated by spaces or commas
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
    /// Who checked it [default: yourself]
    #[arg(long, short, value_name = "TYPE:NAME")]
    by: Option<String>,
    /// A comment on the verdict
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
}

/// Runs a verb of `gate`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Define(args) => define::define(session, args),
        Verb::Remove(args) => define::remove(session, args),
        Verb::List(ListArgs {}) => list(session),
        Verb::Show(ShowArgs { key }) => show(session, &key),
        Verb::Add(EditArgs { issue, keys }) => edit(session, &issue, &keys, &[]),
        Verb::Rm(EditArgs { issue, keys }) => edit(session, &issue, &[], &keys),
        Verb::Check(args) => check::check(session, args),
        Verb::CheckAll(args) => check::check_all(session, args),
        Verb::Status(StatusArgs { issue }) => status(session, &issue),
        Verb::Pass(args) => record_verdict(session, args, GateVerdict::Passed),
        Verb::Fail(args) => record_verdict(session, args, GateVerdict::Failed),
    }
}

fn list(session: &Session) -> CommandResult {
    let registry = gates::registry(session.issues()?.sources())?;
    let mut all: Vec<_> = registry.gates().cloned().collect();
    all.sort_by(|a, b| (a.stage as u8, a.priority, &a.key).cmp(&(b.stage as u8, b.priority, &b.key)));
    Ok(Box::new(GateListReport { count: all.len(), gates: all }))
}

fn show(session: &Session, key: &str) -> CommandResult {
    let registry = gates::registry(session.issues()?.sources())?;
    let gate = registry.gate(key).ok_or_else(|| unknown_gate(&registry, key))?;
    Ok(Box::new(GateReport::new(gate.clone(), GateChange::None)))
}

/// Changes which gates an issue requires. A gated issue is done if only the removed gates were left to pass.
fn edit(session: &Session, issue: &str, add: &[String], remove: &[String]) -> CommandResult {
    let (edit, id) = EditSession::for_issue(session, issue)?;
    edit.require_gates(add)?;
    let (changed, is_done) = edit.edit(id, "gates", |document| {
        document.edit_set("gates_required", add, remove);
        if add.is_empty() { finish_if_passed(&edit, document) } else { Ok(false) }
    })?;
    let required = match changed.document.issue().gates_required.join(", ") {
        none if none.is_empty() => "no gates".to_owned(),
        keys => keys,
    };
    Ok(Box::new(edit_report(&changed, format!("Issue {} requires {required}", id.short()), is_done)))
}

fn record_verdict(session: &Session, args: VerdictArgs, verdict: GateVerdict) -> CommandResult {
    let VerdictArgs { issue, key, by, reason } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    require_open_with_gate(&edit, id, &key)?;
    if edit.registry()?.gate(&key).is_some_and(|gate| gate.mode == GateMode::Auto) {
        let (why, hint) = (format!("the gate '{key}' is automated"), format!("To run it: git jit gate check {} {key}", id.short()));
        return Err(Error::NotYet { issue: id, state: "judged by hand", why, hint });
    }
    let me = session.agent(edit.layout)?;
    let by = by.map_or(Ok(me.clone()), |typed| args::agent(&typed, &me))?;
    let record = GateRecord {
        status: verdict,
        updated_by: Some(by.to_string()),
        updated_at: Some(session.timestamp()),
        reason: reason.map(args::description).transpose()?,
        tree: content_tree(session, edit.layout),
        ..GateRecord::PENDING
    };
    let sentence = format!("Gate {key} of issue {} is {}", id.short(), verdict.as_str());
    let (changed, is_done) = write_records(&edit, id, &[(key, record)])?;
    Ok(Box::new(edit_report(&changed, sentence, is_done)))
}

fn edit_report(changed: &Changed, sentence: String, is_done: bool) -> EditReport {
    let done = is_done.then(|| "All gates passed: it is done".to_owned());
    EditReport::new(changed, std::iter::once(sentence).chain(done).collect())
}

/// Writes verdicts in one edit. A gated issue whose last gate passed is done; returns whether it is.
fn write_records(edit: &EditSession<'_>, id: IssueId, records: &[(String, GateRecord)]) -> Result<(Changed, bool), Error> {
    edit.edit(id, "gate", |document| {
        // While the gates ran, the issue may have been closed, or a gate removed from it.
        require_open(document.issue())?;
        for (key, record) in records {
            if document.issue().gates_required.contains(key) {
                document.set_at(&["gates_status", key], &record.to_value());
            }
        }
        finish_if_passed(edit, document)
    })
}

/// Sets a gated issue to done if nothing is left to wait for; returns whether it did.
fn finish_if_passed(edit: &EditSession<'_>, document: &mut Document) -> Result<bool, Error> {
    let is_through = workflow::is_through(document.issue(), &edit.open_dependencies(document.issue()), edit.registry()?);
    if is_through {
        document.set("state", &Value::from(State::Done.as_str()));
    }
    Ok(is_through)
}

/// Refuses verdicts on a closed issue, so that a finished issue never has a failed gate.
fn require_open(issue: &Issue) -> Result<(), Error> {
    if !issue.state.is_closed() {
        return Ok(());
    }
    let (id, state) = (issue.id, issue.state.as_str());
    let hint = format!("To open it again: git jit issue update {} --state ready", id.short());
    Err(Error::NotYet { issue: id, state: "judged", why: format!("it is {state}"), hint })
}

/// Refuses verdicts on a closed issue, and on a gate that the issue does not require.
fn require_open_with_gate(edit: &EditSession<'_>, id: IssueId, key: &str) -> Result<(), Error> {
    let document = edit.load(id)?;
    if document.issue().gates_required.iter().any(|required| required == key) {
        return require_open(document.issue());
    }
    edit.require_gates(&[key.to_owned()])?;
    Err(Error::NotThere {
        what: "gate on this issue",
        name: key.to_owned(),
        hint: format!("To require it: git jit gate add {} {key}", id.short()),
    })
}

fn status(session: &Session, issue: &str) -> CommandResult {
    let layout = session.layout()?;
    let store = session.issues()?;
    let (id, source) = resolve(&store, issue)?;
    let document = store.load(id, source)?;
    let registry = gates::registry(store.sources())?;
    let issue = document.issue();
    let records: Vec<(&String, GateRecord)> = issue.gates_required.iter().map(|key| (key, GateRecord::of(issue, key))).collect();
    let has_trees = records.iter().any(|(_, record)| record.tree.is_some());
    let now = has_trees.then(|| content_tree(session, layout)).flatten();
    let status = |(key, record): (&String, GateRecord)| {
        let gate = registry.gate(key);
        let outdated = record.is_outdated(gate, now.as_deref());
        GateStatus { outdated, ..GateStatus::new(key, gate, record) }
    };
    Ok(Box::new(GateStatusReport::new(issue, records.into_iter().map(status).collect())))
}
