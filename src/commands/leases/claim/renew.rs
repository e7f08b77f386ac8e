//! `git jit claim renew` and `heartbeat`: extend leases.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::args::duration_secs;
use crate::commands::shared::lease_lookup::LeaseLookup;
use crate::commands::shared::lease_report::{AcquireKind, Acquired, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::lease::{Lease, LeaseRefusal, Request};
use crate::error::Error;
use crate::lease::{Applied, Deadline};
use crate::output::Report;
use crate::output::text::Styles;

// Arguments of `claim renew`.
#[derive(Debug, clap::Args)]
pub(crate) struct RenewArgs {
    /// The lease: its id, a prefix of it, or the issue [default: the one that you hold here]
    lease: Option<String>,
    /// The least time left from now on: seconds, or 30m, 2h, 1d [default: its original duration]
    #[arg(long, value_name = "TIME")]
    extension: Option<String>,
}

// Arguments of `claim heartbeat`.
#[derive(Debug, clap::Args)]
pub(crate) struct HeartbeatArgs {
    /// The lease: its id, a prefix of it, or the issue [default: all that you hold here]
    lease: Option<String>,
}

/// Renews a lease.
pub(crate) fn renew(session: &Session, args: RenewArgs) -> CommandResult {
    let RenewArgs { lease: named, extension } = args;
    let lookup = LeaseLookup::open(session)?;
    let at_least_secs = extension.as_deref().map(duration_secs).transpose()?;
    let holder = lookup.holder()?;
    let lease = lookup.named_or_mine(named.as_deref(), &holder)?;
    let request = Request::Renew { lease_id: lease.lease_id.clone(), holder, at_least_secs };
    let transaction = lookup.claims.ask(request, &lookup.policy.limits)?;
    transaction.answer?;
    let gone = || Error::NoSuchLease { named: lease.lease_id.to_string() };
    let renewed = transaction.ledger.lease(&lease.lease_id).ok_or_else(gone)?;
    let now = session.cx.clock().now();
    let view = LeaseView::of(renewed, &now, &lookup.policy, Some(&lookup.store));
    Ok(Box::new(Acquired::new(view, AcquireKind::Renewed)))
}

/// Restarts the time of one lease, or of all that the holder has here.
pub(crate) fn heartbeat(session: &Session, args: HeartbeatArgs) -> CommandResult {
    let HeartbeatArgs { lease: named } = args;
    let lookup = LeaseLookup::open(session)?;
    let holder = lookup.holder()?;
    let now = session.cx.clock().now();
    let stale_after = lookup.policy.limits.stale_after_secs;
    let wanted = match &named {
        Some(named) => vec![lookup.named(named)?],
        // An expired lease is renewed only if it is named.
        None => lookup.of(&holder).into_iter().filter(|lease| lease.lease_status(&now, stale_after).excludes()).collect(),
    };
    let beat = |lease: &Lease| Request::Heartbeat { lease_id: lease.lease_id.clone(), holder: holder.clone() };
    let requests: Vec<Request> = wanted.iter().map(beat).collect();
    let Applied { answers, view } = lookup.claims.apply(&requests, &lookup.policy.limits, &Deadline::soon())?;
    let now = session.cx.clock().now();
    let mut beaten = Vec::new();
    for (lease, answer) in wanted.iter().zip(answers) {
        match answer {
            // One that was not named may have ended meanwhile.
            Err(LeaseRefusal::NoSuchLease { .. }) if named.is_none() => continue,
            answer => answer?,
        };
        let renewed = view.ledger.lease(&lease.lease_id);
        beaten.extend(renewed.map(|lease| LeaseView::of(lease, &now, &lookup.policy, Some(&lookup.store))));
    }
    Ok(Box::new(Beaten { changed: !beaten.is_empty(), count: beaten.len(), leases: beaten }))
}

/// The leases whose time was restarted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Beaten {
    changed: bool,
    count: usize,
    leases: Vec<LeaseView>,
}

impl Report for Beaten {
    fn human(&self, styles: &Styles) -> String {
        if self.leases.is_empty() {
            return "You hold no issue here\n".to_owned();
        }
        self.leases.iter().map(|lease| format!("{} {}\n", styles.good("✓ Extended:"), lease.line(styles))).collect()
    }
}
