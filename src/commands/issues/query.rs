//! `git jit query` and `git jit search`: lists of issues by status, filter and text.

pub(crate) mod explain;

use clap::Subcommand;

use crate::commands::issues::query::explain::Explanation;
use crate::commands::shared::args::{Filters, one_of};
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::IssueList;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::{IdError, IssueRef};
use crate::domain::tracker::query::{self, Filter, Missing, QueryKind, Sort};
use crate::error::Error;

/// Verbs of `query`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// All issues
    All(Args),
    /// Issues that you can start now: ready, and neither assigned to nor held by another agent
    Available(Args),
    /// Issues with open dependencies
    Blocked(Args),
    /// Issues without open dependencies, for any assignee
    Ready(Args),
    /// Issues that are assigned to you, or that you hold
    Mine(Args),
    /// Issues that are done, rejected or archived
    Closed(Args),
}

// Arguments of the queries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    order: ListOrder,
    /// Explain why this issue is in the list, or why not
    #[arg(long, value_name = "ISSUE")]
    explain: Option<String>,
}

// Arguments of `search`.
#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// The text to find in titles, descriptions, labels and ids; case does not matter
    text: String,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    order: ListOrder,
}

// The order, and how many.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListOrder {
    /// What to sort by
    #[arg(long, value_parser = one_of(Sort::ALL, Sort::as_str), default_value = "priority", value_name = "ORDER")]
    sort: Sort,
    /// Reverse the order
    #[arg(long)]
    reverse: bool,
    /// Show at most this many; 0 for all
    #[arg(long, short = 'n', default_value_t = 0, hide_default_value = true, value_name = "N")]
    limit: usize,
}

/// Runs a verb of `query`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    let (kind, Args { filters, order, explain }) = match verb {
        Verb::All(args) => (QueryKind::All, args),
        Verb::Available(args) => (QueryKind::Available, args),
        Verb::Blocked(args) => (QueryKind::Blocked, args),
        Verb::Ready(args) => (QueryKind::Ready, args),
        Verb::Mine(args) => (QueryKind::Mine, args),
        Verb::Closed(args) => (QueryKind::Closed, args),
    };
    match explain {
        Some(typed) => self::explain(session, kind, filters, &typed),
        None => list(session, kind, filters, &order),
    }
}

/// Runs `search`.
pub(crate) fn search(session: &Session, args: SearchArgs) -> CommandResult {
    let SearchArgs { text, filters, order } = args;
    if text.trim().is_empty() {
        let hint = "To see all issues: git jit query all".to_owned();
        return Err(Error::Usage { what: "the search text is empty".to_owned(), hint });
    }
    list(session, QueryKind::All, filters.with_text(text), &order)
}

/// Lists the issues of a kind that match the filters.
pub(crate) fn list(session: &Session, kind: QueryKind, filters: Filters, order: &ListOrder) -> CommandResult {
    let layout = session.layout()?;
    let deleted = filters.deleted;
    let mut index = IssueIndex::gather_those(session, layout, filters.local, |summary, facts| {
        let missing = query::missing(kind, summary, facts);
        missing.is_empty() || (deleted && missing == [Missing::Deleted])
    })?;
    let filter = filters.meant(&index.editor.agent_id)?;
    index.retain(&filter)?;
    let found = &index.found;
    // Indices are sorted, because the issues are a hundred times as large.
    let mut shown: Vec<usize> = (0..found.len()).collect();
    let key = |at: usize| (&found[at].summary, found[at].facts.effective);
    shown.sort_by(|a, b| order.sort.compare(key(*a), key(*b)));
    if order.reverse {
        shown.reverse();
    }
    if order.limit > 0 {
        shown.truncate(order.limit);
    }
    for error in &index.unreadable {
        session.output.warn(error);
    }
    Ok(Box::new(IssueList::new(kind, filter != Filter::default(), index, &shown)))
}

fn explain(session: &Session, kind: QueryKind, filters: Filters, typed: &str) -> CommandResult {
    let index = IssueIndex::gather(session, session.layout()?, filters.local)?;
    let filter = filters.meant(&index.editor.agent_id)?;
    let ids = index.found.iter().map(|found| found.summary.id);
    let id = match IssueRef::parse(typed)?.resolve(ids) {
        // The issue may exist in a file that cannot be read.
        Err(IdError::NoSuchIssue { .. }) => resolve(&session.issues()?, typed)?.0,
        id => id?,
    };
    let found = index.get(id).ok_or_else(|| Error::NotThere {
        what: "readable issue",
        name: typed.to_owned(),
        hint: "To see why its file cannot be read: git jit doctor".to_owned(),
    })?;
    let fits_filter = filter.fits(&found.summary, found.facts.effective) && index.has_text(&filter, id)?;
    Ok(Box::new(Explanation::new(kind, found, fits_filter)))
}
