//! `git jit issue`: creates, shows, lists, edits, deletes and restores issues.

mod assign;
pub(crate) mod create;
mod delete;
pub(crate) mod import_export;
pub(crate) mod log;
pub(crate) mod update;

use clap::Subcommand;

use crate::commands::issues::query::{self, ListOrder};
use crate::commands::issues::report::{IssueDetails, IssueDetailsReport, StoredIssue};
use crate::commands::shared::args::Filters;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::IssueId;
use crate::domain::policy::Finding;
use crate::domain::tracker::graph::open_dependencies;
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;
use crate::store::notes;

/// Verbs of `issue`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Create an issue
    Create(create::Args),
    /// Show issues in full, with their notes
    Show(ShowArgs),
    /// List issues
    List(ListArgs),
    /// Edit issues
    Update(update::Args),
    /// Assign an issue to an agent
    Assign(assign::AssignArgs),
    /// Remove the assignment of an issue
    Unassign(assign::UnassignArgs),
    /// Close an issue that will not be done
    Reject(assign::RejectArgs),
    /// Delete an issue; its file stays as a tombstone, so that merges stay correct
    Delete(delete::DeleteArgs),
    /// Restore a deleted issue
    Restore(delete::RestoreArgs),
    /// Remove the tombstones that are on the default branch
    Gc(delete::GcArgs),
    /// Show what changed, when and by whom, from Git's history and the local event log
    Log(log::Args),
    /// Create the issues of a plan: all of them, or none
    Import(import_export::ImportArgs),
    /// Print issues as a plan that import can read
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
    let store = session.issues()?;
    let details = |typed: &String| {
        let (id, source) = resolve(&store, typed)?;
        let document = store.load(id, source)?;
        let notes = notes::of(store.sources(), id)?;
        for error in &notes.unreadable {
            session.output.warn(&error.to_string());
        }
        let state_of = |id| Some(store.load(id, store.locate(id).ok()??).ok()?.issue().state);
        let blocked_by = open_dependencies(&document.issue().dependencies, state_of);
        Ok(IssueDetails::new(StoredIssue::new(&document, source), blocked_by, notes.notes))
    };
    Ok(Box::new(IssueDetailsReport::new(typed.iter().map(details).collect::<Result<_, Error>>()?)))
}

/// Checks the policy that may allow new issues only in the primary worktree.
fn require_place_for_new(edit: &EditSession<'_>, issue: IssueId) -> Result<(), Error> {
    if edit.policy.create_in_primary_only && !edit.layout.is_primary() {
        edit.session.weigh(&edit.policy, Finding::CreatedElsewhere { issue })?;
    }
    Ok(())
}
