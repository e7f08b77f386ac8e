//! `git jit done`: closes an issue, ends its lease with the commit, and reports the issues that it unblocked.

use schemars::JsonSchema;
use serde::{Serialize, Serializer};

use crate::commands::leases::next::take_next;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::gate_results::warn_outdated;
use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::lease_args::ttl_secs;
use crate::commands::shared::lease_report::{Acquired, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::State;
use crate::domain::tracker::graph::Way;
use crate::domain::tracker::query::Filter;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

// Arguments of `done`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it [default: the one that you hold here]
    issue: Option<String>,
    /// Then acquire the lease on the next available issue
    #[arg(long)]
    next: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Done {
    changed: bool,
    issue_id: IssueId,
    lease: Option<EndedLease>,
    unblocked: Vec<ListedIssue>,
    #[serde(serialize_with = "acquired_lease")]
    #[schemars(with = "Option<LeaseView>")]
    next: Option<Result<Acquired, Error>>,
    #[serde(skip)]
    title: String,
}

/// The lease on the issue that is done.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct EndedLease {
    lease_id: LeaseId,
    /// Whether it ends with the commit, because the edit is not committed yet.
    closing: bool,
}

#[expect(clippy::ref_option, reason = "serde passes the field")]
fn acquired_lease<S: Serializer>(next: &Option<Result<Acquired, Error>>, serializer: S) -> Result<S::Ok, S::Error> {
    let next = next.as_ref().and_then(|next| next.as_ref().ok());
    next.map(|acquired| &acquired.lease).serialize(serializer)
}

/// Sets the state, closes the lease, and finds the issues that are now ready.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, next } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = match issue {
        Some(typed) => edit.resolve(&typed)?,
        None => held(&edit)?,
    };
    warn_outdated(&edit, id)?;
    let (changed, gates) = edit.edit(id, "done", |document| edit.advance(document, State::Done))?;
    let lease = if edit.policy.worktrees { edit.close_lease(id)? } else { None };
    if !gates.is_empty() {
        return Err(Error::Gated { issue: id, gates });
    }
    let unblocked = if changed.fields.is_empty() { Vec::new() } else { freed(session, &edit, id)? };
    let next = next.then(|| {
        if !edit.policy.worktrees {
            return Err(Error::LeasesOff);
        }
        take_next(&edit, &Filter::default(), ttl_secs(None, &edit.policy)?, None)
    });
    let title = changed.document.issue().title.clone();
    let lease = lease.map(|(lease_id, closing)| EndedLease { lease_id, closing });
    Ok(Box::new(Done { changed: !changed.fields.is_empty(), issue_id: id, lease, unblocked, next, title }))
}

/// The one issue on which this holder has a lease.
fn held(edit: &EditSession<'_>) -> Result<IssueId, Error> {
    let holder = edit.session.holder(edit.layout)?;
    let ledger = edit.session.leases(edit.layout).ledger()?;
    let held: Vec<IssueId> =
        ledger.leases().filter(|lease| lease.holder == holder && !lease.closing).map(|lease| lease.issue_id).collect();
    match held.as_slice() {
        [one] => Ok(*one),
        [] => {
            Err(Error::Usage { what: "you hold no issue here".to_owned(), hint: "Name the issue: git jit done ISSUE".to_owned() })
        }
        many => Err(Error::Usage {
            what: format!("you hold {} issues here", many.len()),
            hint: format!("Name one of them: {}", many.iter().map(IssueId::short).collect::<Vec<_>>().join(", ")),
        }),
    }
}

/// The issues that this one blocked, and that nothing blocks now.
fn freed(session: &Session, edit: &EditSession<'_>, id: IssueId) -> Result<Vec<ListedIssue>, Error> {
    let index = IssueIndex::gather(session, edit.layout, false)?;
    let waited = index.graph().next(id, Way::Dependents);
    let is_free = |found: &&IndexedIssue| found.facts.effective == State::Ready && !found.summary.is_deleted;
    Ok(waited.into_iter().filter_map(|id| index.get(id)).filter(is_free).map(ListedIssue::from).collect())
}

impl Report for Done {
    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.issue_id.short());
        let title = plain_line(&self.title);
        let mut text = if self.changed {
            format!("{} {id}  {title}\n", styles.good("✓ Done:"))
        } else {
            format!("Issue {id} is already done\n")
        };
        match &self.lease {
            Some(EndedLease { lease_id, closing: true }) => {
                text += &format!("  Lease {lease_id} ends when the edit is committed\n");
            }
            Some(EndedLease { lease_id, closing: false }) => text += &format!("  Released lease {lease_id}\n"),
            None => {}
        }
        for issue in &self.unblocked {
            text += &format!("  Unblocked: {}  {}\n", styles.id(&issue.short_id), plain_line(&issue.title));
        }
        match &self.next {
            None => {}
            Some(Ok(taken)) => text += &taken.human(styles),
            Some(Err(error)) => text += &format!("{} {}\n", styles.warn("No next issue:"), plain_line(&error.to_string())),
        }
        text
    }
}
