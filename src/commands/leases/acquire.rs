//! `git jit claim acquire`, and how other verbs acquire a lease.

use std::time::Duration;

use serde_json::Value;

use crate::commands::shared::args::duration_secs;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::lease_args::{reason, ttl_secs};
use crate::commands::shared::lease_report::{AcquireKind, Acquired, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::Document;
use crate::domain::lease::{Grant, Lease, LeaseFilter, LeaseRefusal, Ledger, Request};
use crate::error::Error;
use crate::lease::{Acquisition, Deadline};
use crate::output::progress::Progress;
use crate::process;
use crate::store;
use crate::store::issues::{IssueStore, Source};

// Arguments of `claim acquire`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    #[command(flatten)]
    terms: Terms,
    /// Assign the issue to you
    #[arg(long)]
    assign: bool,
}

// The terms of a lease.
#[derive(Debug, clap::Args)]
pub(crate) struct Terms {
    /// Duration of the lease: seconds, or 30m, 2h, 1d; 0 for an indefinite one, with --reason [default: as configured, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Wait until the issue is free, at most this long
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    wait: Option<String>,
}

impl Terms {
    /// Acquires the lease on the named issue on these terms. Returns the issue's id and the lease.
    pub(crate) fn take(self, edit: &EditSession<'_>, issue: &str) -> Result<(IssueId, Acquired), Error> {
        let ttl_secs = ttl_secs(self.ttl.as_deref(), &edit.policy)?;
        let why = reason(self.reason)?;
        let patience = patience(self.wait.as_deref())?;
        let id = edit.resolve(issue)?;
        Ok((id, take_or_wait(edit, id, ttl_secs, why.as_ref(), patience)?))
    }
}

pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, terms, assign } = args;
    let layout = session.layout()?;
    let edit = EditSession::for_leases(session, layout)?;
    let (id, acquired) = terms.take(&edit, &issue)?;
    if assign {
        let me = session.agent(layout)?;
        edit.edit(id, "assigned", |document| {
            document.set("assignee", &Value::from(me.as_str()));
            Ok(())
        })?;
    }
    Ok(Box::new(acquired))
}

/// Parses `--wait`, which may be absent or have no value: how long to wait for an issue that is held.
fn patience(typed: Option<&str>) -> Result<Deadline, Error> {
    Ok(match typed {
        None => Deadline::now(),
        Some("") => Deadline::never(),
        Some(typed) => Deadline::after(Duration::from_secs(duration_secs(typed)?)),
    })
}

/// Acquires the lease on an issue, once it is free.
///
/// There is no queue: the first request after the issue becomes free gets it.
fn take_or_wait(
    edit: &EditSession<'_>,
    id: IssueId,
    ttl_secs: u64,
    reason: Option<&String>,
    patience: Deadline,
) -> Result<Acquired, Error> {
    let leases = edit.session.leases(edit.layout);
    let (mut by, mut watch) = (patience, None);
    loop {
        let (lease, refused) = match take(edit, id, ttl_secs, reason.cloned()) {
            Err(Error::Lease(LeaseRefusal::Held { lease, lease_status })) => {
                (lease.clone(), LeaseRefusal::Held { lease, lease_status }.into())
            }
            answered => return answered,
        };
        if by.is_over() {
            return Err(refused);
        }
        if watch.is_none() {
            let interrupted = process::interruptions()
                .map_err(|source| store::Error::io("handle signals in", &edit.layout.common_dir)(source))?;
            let progress = Progress::new(edit.session.output);
            let line = progress.begin(&format!("waiting for {} to release {}", lease.holder.agent_id, id.short()));
            by = by.or_when(interrupted);
            watch = Some((progress, line));
        }
        // No lock is acquired before the issue is free.
        loop {
            let view = leases.view(&LeaseFilter::All)?;
            let left = left_of(edit, &view.ledger, &lease);
            if left.is_zero() || by.is_over() {
                break;
            }
            leases.wait(&view.revision, &by.clone().at_most(left))?;
        }
        if by.is_interrupted() {
            return Err(Error::Interrupted { what: "the lease was not acquired" });
        }
    }
}

/// How long the issue stays held if nothing happens, and at most a second, since the clock that leases are judged by may jump.
fn left_of(edit: &EditSession<'_>, ledger: &Ledger, seen: &Lease) -> Duration {
    let now = edit.session.cx.clock().now();
    let held = ledger.lease_on(seen.issue_id).filter(|lease| lease.lease_id == seen.lease_id);
    let status = held.map(|lease| lease.lease_status(&now, edit.policy.limits.stale_after_secs));
    match status.filter(|status| status.excludes()) {
        Some(status) => Duration::from_millis(status.left_ms().unwrap_or(1000).clamp(1, 1000)),
        None => Duration::ZERO,
    }
}

/// Acquires the lease on an issue, or keeps the holder's own, and copies the issue's file into this worktree.
pub(crate) fn take(edit: &EditSession<'_>, issue_id: IssueId, ttl_secs: u64, reason: Option<String>) -> Result<Acquired, Error> {
    let (session, layout, policy, store) = (edit.session, edit.layout, &edit.policy, &edit.store);
    // A file in this worktree may be invalid: repairing it is an edit, which needs the lease.
    let document = match store.locate(issue_id)? {
        Some(Source::Worktree) => None,
        _ => Some(edit.load(issue_id)?),
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
    let claims = session.leases(layout);
    let Acquisition { lease, is_new, is_renewed } = claims.acquire(grant, &policy.limits)??;
    let kind = match (is_new, is_renewed) {
        (true, _) => AcquireKind::New,
        (false, true) => AcquireKind::Renewed,
        (false, false) => AcquireKind::Kept,
    };
    if let Some(document) = &document
        && let Err(error) = copy_issue_file(store, issue_id, document)
    {
        // An unused lease would only block others.
        if kind == AcquireKind::New {
            let request = Request::Release { lease_id: lease.lease_id, holder, closing: false, reason: None };
            let _ = claims.ask(request, &policy.limits);
        }
        return Err(error);
    }
    Ok(Acquired::new(LeaseView::of(&lease, &session.cx.clock().now(), policy, Some(store)), kind))
}

/// Copies an issue's file into this worktree, so that it can be edited here.
fn copy_issue_file(store: &IssueStore<'_>, id: IssueId, document: &Document) -> Result<(), Error> {
    let writer = store.lock()?;
    if !store.local_path(id).exists() {
        writer.write(document)?;
    }
    Ok(())
}
