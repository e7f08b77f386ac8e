//! `git jit claim acquire`, and every other verb that takes a lease.

use serde_json::Value;

use super::report::{Acquired, Taken};
use super::{LeaseView, reason, ttl_secs};
use crate::commands::change::Desk;
use crate::commands::{Answer, Session};
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::Document;
use crate::domain::lease::{self, Grant, Request};
use crate::error::Error;
use crate::store::issues::{IssueStore, Source};

/// Arguments of `claim acquire`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// How long it lasts: seconds, or 30m, 2h, 1d [default: the configuration's, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// What for
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Say in the issue that it is meant for you
    #[arg(long)]
    assign: bool,
}

pub(super) fn run(session: &Session, args: Args) -> Answer {
    let Args { issue, ttl, reason: why, assign } = args;
    let layout = session.layout()?;
    let desk = Desk::for_leases(session, &layout)?;
    let ttl_secs = ttl_secs(ttl.as_deref(), &desk.policy)?;
    let why = reason(why)?;
    let id = desk.resolve(&issue)?;
    let acquired = take(&desk, id, ttl_secs, why)?;
    if assign {
        let me = session.agent(&layout)?;
        desk.edit(id, "assigned", |document| {
            document.set("assignee", &Value::from(me.as_str()));
            Ok(())
        })?;
    }
    Ok(Box::new(acquired))
}

/// Takes the lease on an issue, or keeps the one that this holder has; and puts the issue's file into this worktree.
pub(crate) fn take(desk: &Desk<'_>, issue_id: IssueId, ttl_secs: u64, reason: Option<String>) -> Result<Acquired, Error> {
    let (session, layout, policy, store) = (desk.session, desk.layout, &desk.policy, &desk.store);
    // A file that is here need not be whole to be leased: mending it is an edit.
    let document = match store.locate(issue_id)? {
        Some(Source::Worktree) => None,
        _ => Some(desk.load(issue_id)?),
    };
    let grant = Grant {
        lease_id: LeaseId::new(ulid::Ulid::new()),
        issue_id,
        holder: session.holder(layout)?,
        branch: layout.branch().map(|branch| branch.chars().take(250).collect()),
        ttl_secs,
        reason,
    };
    let holder = grant.holder.clone();
    let claims = layout.claims();
    let transaction = claims.ask(session.cx.clock(), &Request::Acquire(grant), policy.stale_threshold_secs)?;
    let no_lease = || Error::NoSuchLease { named: issue_id.to_string() };
    let (lease_id, taken) = match transaction.answer? {
        lease::Answer::Granted(id) => (id, Taken::New),
        lease::Answer::Kept { lease_id, changed: true } => (lease_id, Taken::Renewed),
        lease::Answer::Kept { lease_id, .. } | lease::Answer::Closing(lease_id) => (lease_id, Taken::Kept),
        lease::Answer::Ended(_) => return Err(no_lease()),
    };
    if let Some(document) = &document
        && let Err(error) = bring(store, issue_id, document)
    {
        // A lease that was taken for nothing would only be in others' way.
        if taken == Taken::New {
            let request = Request::Release { lease_id, holder, closing: false, reason: None };
            let _ = claims.ask(session.cx.clock(), &request, policy.stale_threshold_secs);
        }
        return Err(error);
    }
    let lease = transaction.ledger.lease(&lease_id).ok_or_else(no_lease)?;
    Ok(Acquired { view: LeaseView::of(lease, &session.cx.clock().now(), policy, Some(store)), taken })
}

/// Puts an issue's file into this worktree, so that it can be edited here.
fn bring(store: &IssueStore<'_>, id: IssueId, document: &Document) -> Result<(), Error> {
    let writer = store.lock()?;
    if !store.local_path(id).exists() {
        writer.write(document)?;
    }
    Ok(())
}
