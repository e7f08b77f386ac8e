//! `git jit next`: takes the first available issue, going on where somebody was faster.

use crate::commands::leases::acquire::take;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::commands::shared::lease_args::{reason, ttl_secs};
use crate::commands::shared::lease_report::Acquired;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::Priority;
use crate::domain::lease::LeaseRefusal;
use crate::domain::tracker::query::{Filter, QueryKind};
use crate::error::Error;

// Arguments of `next`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only with this label; several must all be there
    #[arg(long, short, value_delimiter = ',', value_name = "LABEL")]
    label: Vec<String>,
    /// Only of this type, which is a label type:…
    #[arg(long = "type", value_delimiter = ',', value_name = "TYPE")]
    kind: Vec<String>,
    /// Only with this priority
    #[arg(long, short, value_parser = args::priority(), value_delimiter = ',', value_name = "PRIORITY")]
    priority: Vec<Priority>,
    /// How long the lease lasts: seconds, or 30m, 2h, 1d [default: the configuration's, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// What for
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Takes the lease on the most urgent issue that is available and not held already.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { label, kind, priority, ttl, reason: why } = args;
    let layout = session.layout()?;
    let edit = EditSession::for_leases(session, layout)?;
    let ttl_secs = ttl_secs(ttl.as_deref(), &edit.policy)?;
    let why = reason(why)?;
    let filter = Filter { labels: label, types: kind, priorities: priority, ..Filter::default() };
    Ok(Box::new(take_next(&edit, &filter, ttl_secs, why.as_ref())?))
}

/// The same, for other verbs.
pub(crate) fn take_next(edit: &EditSession<'_>, filter: &Filter, ttl_secs: u64, why: Option<&String>) -> Result<Acquired, Error> {
    let index = IssueIndex::gather(edit.session, edit.layout, false)?;
    let is_wanted = |found: &&IndexedIssue| !found.facts.is_held_by_me && filter.fits(&found.summary, found.facts.effective);
    let wanted: Vec<IssueId> =
        index.of_kind(QueryKind::Available).into_iter().filter(is_wanted).map(|found| found.summary.id).collect();
    for id in wanted {
        match take(edit, id, ttl_secs, why.cloned()) {
            // Somebody was faster: there may be others.
            Err(Error::Lease(LeaseRefusal::Held { .. })) => {}
            taken => return taken,
        }
    }
    Err(Error::NothingAvailable)
}
