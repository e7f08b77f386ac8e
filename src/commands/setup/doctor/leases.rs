//! What `doctor` looks at of leases: the state of what keeps them.

use crate::commands::setup::doctor::Check;
use crate::commands::setup::doctor::worktrees;
use crate::commands::shared::session::Session;
use crate::domain::lease::{Diagnostic, Lease};
use crate::exit::ExitStatus;
use crate::lease::coordinator::Scope;
use crate::output::text::count;
use crate::store::layout::Layout;

/// Looks at the leases; never fails, since what cannot be read is what it tells.
pub(crate) fn checks(session: &Session, layout: &Layout) -> [Check; 2] {
    let claims = session.leases(layout);
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    for remark in claims.examine() {
        match remark {
            Diagnostic::Problem(text) => problems.push(text),
            Diagnostic::Note(text) => notes.push(text),
        }
    }
    let read = claims.ledger();
    let found = |live: usize| match (&read, claims.capabilities().scope) {
        (Err(_), _) => "leases that cannot be read".to_owned(),
        (Ok(_), Scope::Clone) => format!("{}; they keep out worktrees of this clone alone", count(live, "lease")),
        #[cfg(test)]
        (Ok(_), Scope::Process) => count(live, "lease"),
    };
    let ledger = read.as_ref().cloned().unwrap_or_default();
    let now = session.cx.clock().now();
    let stale_after = session.policy(layout).limits.stale_after_secs;
    let live: Vec<&Lease> = ledger.leases().filter(|lease| lease.lease_status(&now, stale_after).excludes()).collect();
    let first = Check { name: "leases", found: found(live.len()), problems, notes, status: ExitStatus::Broken };
    [first, worktrees::check(layout, &live)]
}
