//! `git jit claim acquire`, and how other verbs acquire a lease.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::commands::shared::args::duration_secs;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::lease_args::{reason, ttl_secs};
use crate::commands::shared::lease_report::{AcquireKind, Acquired, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::Document;
use crate::domain::lease::{self, Grant, Lease, LeaseRefusal, Request};
use crate::error::Error;
use crate::output::progress::Progress;
use crate::process;
use crate::store;
use crate::store::issues::{IssueStore, Source};

/// How often to check whether the issue is free.
const LOOK_EVERY: Duration = Duration::from_millis(100);

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
        let patience = Patience::parse(self.wait.as_deref())?;
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

/// How long to wait for an issue that is held.
#[derive(Debug, Clone, Copy)]
enum Patience {
    None,
    AtMost(Duration),
    Endless,
}

impl Patience {
    /// Parses `--wait`, which may be absent or have no value.
    fn parse(typed: Option<&str>) -> Result<Self, Error> {
        Ok(match typed {
            None => Self::None,
            Some("") => Self::Endless,
            Some(typed) => Self::AtMost(Duration::from_secs(duration_secs(typed)?)),
        })
    }

    fn is_over(self, since: Instant) -> bool {
        match self {
            Self::None => true,
            Self::AtMost(most) => since.elapsed() >= most,
            Self::Endless => false,
        }
    }
}

/// Acquires the lease on an issue, once it is free.
///
/// There is no queue: the first request after the issue becomes free gets it.
fn take_or_wait(
    edit: &EditSession<'_>,
    id: IssueId,
    ttl_secs: u64,
    reason: Option<&String>,
    patience: Patience,
) -> Result<Acquired, Error> {
    let start = Instant::now();
    let mut watch = None;
    loop {
        let (lease, refused) = match take(edit, id, ttl_secs, reason.cloned()) {
            Err(Error::Lease(LeaseRefusal::Held { lease, lease_status })) => {
                (lease.clone(), LeaseRefusal::Held { lease, lease_status }.into())
            }
            answered => return answered,
        };
        if patience.is_over(start) {
            return Err(refused);
        }
        if watch.is_none() {
            let interrupted = process::interruptions()
                .map_err(|source| store::Error::io("handle signals in", &edit.layout.common_dir)(source))?;
            let progress = Progress::new(edit.session.output);
            let line = progress.begin(&format!("waiting for {} to release {}", lease.holder.agent_id, id.short()));
            watch = Some((interrupted, progress, line));
        }
        // The lock is not acquired before the issue is free.
        while is_held(edit, &lease)? && !patience.is_over(start) {
            if watch.as_ref().is_some_and(|(interrupted, ..)| interrupted.load(Ordering::Relaxed)) {
                return Err(Error::Interrupted { what: "the lease was not acquired" });
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

fn is_held(edit: &EditSession<'_>, seen: &Lease) -> Result<bool, Error> {
    let now = edit.session.cx.clock().now();
    let ledger = edit.session.leases(edit.layout).ledger()?;
    let lease = ledger.lease_on(seen.issue_id);
    Ok(lease.is_some_and(|lease| {
        lease.lease_id == seen.lease_id && lease.lease_status(&now, edit.policy.limits.stale_after_secs).excludes()
    }))
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
    let transaction = claims.ask(session.cx.clock(), &Request::Acquire(grant), &policy.limits)?;
    let no_lease = || Error::NoSuchLease { named: issue_id.to_string() };
    let (lease_id, kind) = match transaction.answer? {
        lease::LeaseAnswer::Granted(id) => (id, AcquireKind::New),
        lease::LeaseAnswer::Kept { lease_id, changed: true } => (lease_id, AcquireKind::Renewed),
        lease::LeaseAnswer::Kept { lease_id, .. } | lease::LeaseAnswer::Closing(lease_id) => (lease_id, AcquireKind::Kept),
        lease::LeaseAnswer::Ended(_) | lease::LeaseAnswer::Nothing => return Err(no_lease()),
    };
    if let Some(document) = &document
        && let Err(error) = copy_issue_file(store, issue_id, document)
    {
        // An unused lease would only block others.
        if kind == AcquireKind::New {
            let request = Request::Release { lease_id, holder, closing: false, reason: None };
            let _ = claims.ask(session.cx.clock(), &request, &policy.limits);
        }
        return Err(error);
    }
    let lease = transaction.ledger.lease(&lease_id).ok_or_else(no_lease)?;
    Ok(Acquired::new(LeaseView::of(lease, &session.cx.clock().now(), policy, Some(store)), kind))
}

/// Copies an issue's file into this worktree, so that it can be edited here.
fn copy_issue_file(store: &IssueStore<'_>, id: IssueId, document: &Document) -> Result<(), Error> {
    let writer = store.lock()?;
    if !store.local_path(id).exists() {
        writer.write(document)?;
    }
    Ok(())
}
