//! `git jit claim acquire`, and every other verb that takes a lease.

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

/// How often it is looked whether an issue that is waited for is free.
const LOOK_EVERY: Duration = Duration::from_millis(100);

// Arguments of `claim acquire`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    #[command(flatten)]
    terms: Terms,
    /// Say in the issue that it is meant for you
    #[arg(long)]
    assign: bool,
}

// On what terms a lease is taken.
#[derive(Debug, clap::Args)]
pub(crate) struct Terms {
    /// How long it lasts: seconds, or 30m, 2h, 1d; 0 for no end, with a reason [default: the configuration's, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// What for
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Wait until it is free, at most so long
    #[arg(long, value_name = "TIME", num_args = 0..=1, require_equals = true, default_missing_value = "")]
    wait: Option<String>,
}

impl Terms {
    /// Takes the issue that was named on these terms: its id, and what was granted.
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

/// How long somebody waits for an issue that is held.
#[derive(Debug, Clone, Copy)]
enum Patience {
    None,
    AtMost(Duration),
    Endless,
}

impl Patience {
    /// From `--wait` without a value, with one, or none at all.
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

/// Takes the lease on an issue, if need be when it is free.
///
/// Nobody waits in line: whoever asks first when it gets free has it.
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
            let line = progress.begin(&format!("waiting for {} to end its work on {}", lease.holder.agent_id, id.short()));
            watch = Some((interrupted, progress, line));
        }
        // The lock is not wanted before there is something to be had.
        while is_held(edit, &lease)? && !patience.is_over(start) {
            if watch.as_ref().is_some_and(|(interrupted, ..)| interrupted.load(Ordering::Relaxed)) {
                return Err(Error::Interrupted { what: "the issue was not taken" });
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

/// Takes the lease on an issue, or keeps the one that this holder has; and puts the issue's file into this worktree.
pub(crate) fn take(edit: &EditSession<'_>, issue_id: IssueId, ttl_secs: u64, reason: Option<String>) -> Result<Acquired, Error> {
    let (session, layout, policy, store) = (edit.session, edit.layout, &edit.policy, &edit.store);
    // A file that is here need not be whole to be leased: mending it is an edit.
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
        // A lease that was taken for nothing would only be in others' way.
        if kind == AcquireKind::New {
            let request = Request::Release { lease_id, holder, closing: false, reason: None };
            let _ = claims.ask(session.cx.clock(), &request, &policy.limits);
        }
        return Err(error);
    }
    let lease = transaction.ledger.lease(&lease_id).ok_or_else(no_lease)?;
    Ok(Acquired::new(LeaseView::of(lease, &session.cx.clock().now(), policy, Some(store)), kind))
}

/// Puts an issue's file into this worktree, so that it can be edited here.
fn copy_issue_file(store: &IssueStore<'_>, id: IssueId, document: &Document) -> Result<(), Error> {
    let writer = store.lock()?;
    if !store.local_path(id).exists() {
        writer.write(document)?;
    }
    Ok(())
}
