//! What every command also does for the leases of its agent: work on an issue counts as activity for its lease, and a lease
//! that is about to end leads to a warning.
//!
//! Best effort: the command itself is done already.

use crate::commands::shared::session::Session;
use crate::domain::id::{Holder, IssueId};
use crate::domain::lease::{Lease, LeaseFilter, LeaseStatus, Ledger, Request};
use crate::domain::policy::Policy;
use crate::domain::time::{Now, in_words};
use crate::lease::View;
use crate::store::identity::Identity;
use crate::store::layout::Layout;

/// Records activity and warns, if the command opened the repository.
pub(crate) fn pay(session: &Session) {
    let Some(layout) = session.layout.get() else { return };
    pay_activity(session, layout);
    if let Some(line) = session.notice_of_copy() {
        session.output.warn(line);
    }
}

fn pay_activity(session: &Session, layout: &Layout) {
    let Ok(Some(identity)) = Identity::of(layout) else { return };
    let about = LeaseFilter::Worktree(&identity.worktree_id);
    let Ok(View { ledger, .. }) = session.leases(layout).view(&about) else { return };
    if !ledger.leases().any(|lease| lease.holder.worktree_id == identity.worktree_id) {
        return;
    }
    let policy = session.policy.take().unwrap_or_else(|| session.policy(layout));
    let Ok(agent_id) = session.agent(layout) else { return };
    if !policy.worktrees {
        return;
    }
    let holder = Holder::here(agent_id, identity.worktree_id);
    let now = session.cx.clock().now();
    let beaten = beat(session, layout, &policy, (&ledger, &now), &holder);
    let mine = ledger.leases().filter(|lease| lease.holder == holder && !beaten.contains(&lease.issue_id));
    mine.for_each(|lease| warn(session, &policy, lease, &now));
}

/// Records activity for the leases that need it. Returns their issues.
fn beat(session: &Session, layout: &Layout, policy: &Policy, (ledger, now): (&Ledger, &Now), holder: &Holder) -> Vec<IssueId> {
    let is_due = |lease: &Lease| lease.holder == *holder && lease.wants_beat(now, policy.limits.stale_after_secs);
    let work = session.work.borrow();
    let issues: Vec<IssueId> = work.iter().copied().filter(|issue| ledger.lease_on(*issue).is_some_and(is_due)).collect();
    if issues.is_empty() || !policy.care.renews_on_activity {
        return Vec::new();
    }
    let request = Request::Activity { issues: issues.clone(), holder: holder.clone() };
    match session.leases(layout).ask(request, &policy.limits) {
        Ok(_) => issues,
        Err(_) => Vec::new(),
    }
}

/// Warns of a lease that is about to end. An expired or stale lease is reported by the commands that need it.
fn warn(session: &Session, policy: &Policy, lease: &Lease, now: &Now) {
    let stale_after = policy.limits.stale_after_secs;
    if !lease.is_near_end(now, stale_after, policy.care.warns_below_pct) {
        return;
    }
    let issue = lease.issue_id.short();
    let (end, word) = match lease.lease_status(now, stale_after) {
        LeaseStatus::Live { left_ms } | LeaseStatus::Ending { left_ms } => (format!("ends in {}", in_words(left_ms)), "renew"),
        _ => ("is about to be stale".to_owned(), "heartbeat"),
    };
    session.output.warn(&format!("your lease on {issue} {end}: git jit claim {word} {issue}"));
}
