//! `git jit issue`: issues are made, shown, listed, changed, put away and brought back.

mod assign;
mod create;
mod delete;
mod import_export;
mod log;
mod update;

use clap::Subcommand;

use crate::commands::issues::query::{self, ListOrder};
use crate::commands::issues::report::{IssueDetails, IssueDetailsReport, IssueRecord};
use crate::commands::shared::args::Filters;
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;
use crate::store::notes;

pub(crate) use crate::commands::issues::report::EditReport;

/// Verbs of `issue`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Make an issue
    Create(create::Args),
    /// Show issues in full, with the notes on them
    Show(ShowArgs),
    /// List issues
    List(ListArgs),
    /// Change issues
    Update(update::Args),
    /// Say whom an issue is meant for
    Assign(assign::AssignArgs),
    /// Say that an issue is meant for nobody in particular
    Unassign(assign::UnassignArgs),
    /// Close an issue that will not be done
    Reject(assign::RejectArgs),
    /// Delete an issue; its file stays as a tombstone, so that merges go right
    Delete(delete::DeleteArgs),
    /// Bring a deleted issue back
    Restore(delete::RestoreArgs),
    /// Remove the tombstones that the default branch has
    Gc(delete::GcArgs),
    /// Tell what changed, when and by whom: from Git's history and from what was done here
    Log(log::Args),
    /// Make issues from a plan: all of them, or none
    Import(import_export::ImportArgs),
    /// Write issues as a plan that import reads
    Export(import_export::ExportArgs),
}

// Arguments of `issue show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The issues: their ids, or at least four digits of each
    #[arg(required = true, value_name = "ISSUE")]
    issues: Vec<String>,
}

// Arguments of `issue list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    order: ListOrder,
}

/// Runs a verb of `issue`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Create(args) => create::run(session, args),
        Verb::Show(args) => show(session, args),
        Verb::List(ListArgs { filters, order }) => query::list(session, QueryKind::All, filters, &order),
        Verb::Update(args) => update::run(session, args),
        Verb::Assign(args) => assign::assign(session, args),
        Verb::Unassign(args) => assign::unassign(session, args),
        Verb::Reject(args) => assign::reject(session, args),
        Verb::Delete(args) => delete::delete(session, args),
        Verb::Restore(args) => delete::restore(session, args),
        Verb::Gc(args) => delete::gc(session, args),
        Verb::Log(args) => log::run(session, args),
        Verb::Import(args) => import_export::import(session, args),
        Verb::Export(args) => import_export::export(session, args),
    }
}

fn show(session: &Session, args: ShowArgs) -> CommandResult {
    let ShowArgs { issues: typed } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let one = |typed: &String| {
        let (id, source) = resolve(&store, typed)?;
        let document = store.load(id, source)?;
        let notes = notes::of(store.sources(), id)?;
        for bad in &notes.unreadable {
            session.output.warn(&bad.to_string());
        }
        let state_of = |id| Some(store.load(id, store.locate(id).ok()??).ok()?.issue().state);
        let blocked_by = crate::domain::tracker::graph::open_dependencies(&document.issue().dependencies, state_of);
        Ok(IssueDetails { shown: IssueRecord { document, source }, blocked_by, notes: notes.notes })
    };
    Ok(Box::new(IssueDetailsReport(typed.iter().map(one).collect::<Result<_, Error>>()?)))
}
