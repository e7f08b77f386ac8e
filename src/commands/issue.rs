//! `git jit issue`: issues are made, shown, listed, changed, put away and brought back.

use clap::Subcommand;

use self::report::{Full, Shown, Shows};
use super::args::Filters;
use super::query::{self, Order};
use super::{Answer, Session, issues, resolve};
use crate::domain::query::Kind;
use crate::error::Error;
use crate::store::notes;

mod assign;
mod create;
mod log;
mod plan;
mod remove;
mod report;
mod update;

pub(crate) use self::report::Edited;

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
    Delete(remove::DeleteArgs),
    /// Bring a deleted issue back
    Restore(remove::RestoreArgs),
    /// Remove the tombstones that the default branch has
    Gc(remove::GcArgs),
    /// Tell what changed, when and by whom: from Git's history and from what was done here
    Log(log::Args),
    /// Make issues from a plan: all of them, or none
    Import(plan::ImportArgs),
    /// Write issues as a plan that import reads
    Export(plan::ExportArgs),
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
    order: Order,
}

/// Runs a verb of `issue`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::Create(args) => create::run(session, args),
        Verb::Show(args) => show(session, args),
        Verb::List(ListArgs { filters, order }) => query::list(session, Kind::All, filters, &order),
        Verb::Update(args) => update::run(session, args),
        Verb::Assign(args) => assign::assign(session, args),
        Verb::Unassign(args) => assign::unassign(session, args),
        Verb::Reject(args) => assign::reject(session, args),
        Verb::Delete(args) => remove::delete(session, args),
        Verb::Restore(args) => remove::restore(session, args),
        Verb::Gc(args) => remove::gc(session, args),
        Verb::Log(args) => log::run(session, args),
        Verb::Import(args) => plan::import(session, args),
        Verb::Export(args) => plan::export(session, args),
    }
}

fn show(session: &Session, args: ShowArgs) -> Answer {
    let ShowArgs { issues: typed } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let one = |typed: &String| {
        let (id, source) = resolve(&store, typed)?;
        let document = store.load(id, source)?;
        let notes = notes::of(store.places(), id)?;
        for bad in &notes.unreadable {
            session.output.warn(&bad.to_string());
        }
        let state_of = |id| Some(store.load(id, store.locate(id).ok()??).ok()?.issue().state);
        let blocked_by = crate::domain::graph::open_dependencies(&document.issue().dependencies, state_of);
        Ok(Full { shown: Shown { document, source }, blocked_by, notes: notes.notes })
    };
    Ok(Box::new(Shows(typed.iter().map(one).collect::<Result<_, Error>>()?)))
}
