//! The check of the leases: the state of their store.

use crate::commands::setup::doctor::DoctorCheck;
use crate::commands::setup::doctor::worktrees;
use crate::commands::shared::session::Session;
use crate::domain::lease::{Diagnostic, Lease};
use crate::lease::Scope;
use crate::output::text::count;
use crate::store::layout::Layout;

/// Checks the leases. Never fails: what cannot be read becomes a problem.
pub(crate) fn checks(session: &Session, layout: &Layout) -> [DoctorCheck; 2] {
    let leases = session.leases(layout);
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    for remark in session.maintenance(layout).examine() {
        match remark {
            Diagnostic::Problem(text) => problems.push(text),
            Diagnostic::Note(text) => notes.push(text),
        }
    }
    let read = leases.ledger();
    let found = |live: usize| match (&read, leases.capabilities().scope) {
        (Err(_), _) => "unreadable".to_owned(),
        (Ok(_), Scope::Clone) => format!("{}, respected by the worktrees of this clone", count(live, "lease")),
        #[cfg(test)]
        (Ok(_), Scope::Process) => count(live, "lease"),
    };
    let ledger = read.as_ref().cloned().unwrap_or_default();
    let now = session.cx.clock().now();
    let stale_after = session.policy(layout).limits.stale_after_secs;
    let live: Vec<&Lease> = ledger.leases().filter(|lease| lease.lease_status(&now, stale_after).excludes()).collect();
    let first = DoctorCheck::new("leases", found(live.len()), problems).with_notes(notes).broken();
    [first, worktrees::check(layout, &live)]
}
