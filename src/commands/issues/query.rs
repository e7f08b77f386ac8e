//! `git jit query` and `git jit search`: issues by what can be done with them, and by what stands in them.

mod explain;

use clap::Subcommand;

use crate::commands::issues::query::explain::Explanation;
use crate::commands::shared::args::{Filters, one_of};
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::IssueList;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IdError, IssueRef};
use crate::domain::tracker::query::{self, Filter, Missing, QueryKind, Sort};
use crate::error::Error;

/// Verbs of `query`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// All issues
    All(Args),
    /// Issues that you could begin now: ready, nobody else's, and leased by nobody else
    Available(Args),
    /// Issues that wait for others
    Blocked(Args),
    /// Issues that wait for nothing, whoever they are meant for
    Ready(Args),
    /// Issues that are meant for you, or that you hold
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
    /// Tell why this issue is in the listing, or is not
    #[arg(long, value_name = "ISSUE")]
    explain: Option<String>,
}

// Arguments of `search`.
#[derive(Debug, clap::Args)]
pub(crate) struct SearchArgs {
    /// What to look for, in either case: in titles, descriptions, labels and ids
    text: String,
    #[command(flatten)]
    filters: Filters,
    #[command(flatten)]
    order: ListOrder,
}

// In which order, and how many.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct ListOrder {
    /// What comes first
    #[arg(long, value_parser = one_of(Sort::ALL, Sort::as_str), default_value = "priority", value_name = "ORDER")]
    sort: Sort,
    /// The other way round
    #[arg(long)]
    reverse: bool,
    /// At most so many; 0 for all
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
        return Err(Error::Usage { what: "there is nothing to look for".to_owned(), hint });
    }
    list(session, QueryKind::All, filters.with_text(text), &order)
}

/// Lists the issues of a kind that fit.
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
    // Numbers are sorted, and not what they stand for, which is a hundred times as large.
    let mut shown: Vec<usize> = (0..found.len()).collect();
    let key = |at: usize| (&found[at].summary, found[at].facts.effective);
    shown.sort_by(|a, b| order.sort.compare(key(*a), key(*b)));
    if order.reverse {
        shown.reverse();
    }
    if order.limit > 0 {
        shown.truncate(order.limit);
    }
    for bad in &index.unreadable {
        session.output.warn(bad);
    }
    Ok(Box::new(IssueList::new(kind, filter != Filter::default(), index, &shown)))
}

fn explain(session: &Session, kind: QueryKind, filters: Filters, typed: &str) -> CommandResult {
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, filters.local)?;
    let filter = filters.meant(&index.editor.agent_id)?;
    let ids = index.found.iter().map(|found| found.summary.id);
    let id = match IssueRef::parse(typed)?.resolve(ids) {
        // A file that cannot be read is no reason to say that there is no such issue.
        Err(IdError::NoSuchIssue { .. }) => {
            crate::commands::shared::session::resolve(
                &crate::commands::shared::session::issues(layout, &session.policy(layout))?,
                typed,
            )?
            .0
        }
        id => id?,
    };
    let Some(found) = index.found.iter().find(|found| found.summary.id == id) else {
        return Err(Error::NotThere {
            what: "readable issue",
            name: typed.to_owned(),
            hint: "To see what is wrong with its file: git jit doctor".to_owned(),
        });
    };
    let fits = filter.fits(&found.summary, found.facts.effective) && index.has_text(&filter, id)?;
    let missing = query::missing(kind, &found.summary, &found.facts);
    Ok(Box::new(Explanation { kind, summary: found.summary.clone(), facts: found.facts.clone(), missing, fits_filter: fits }))
}
