//! What `doctor` looks at of leases: the state of what keeps them, and leases whose worktree is gone.

use super::Check;
use crate::commands::Session;
use crate::domain::lease::Lease;
use crate::exit::ExitStatus;
use crate::output::human::count;
use crate::store::coordinator::{Remark, Scope};
use crate::store::layout::Layout;
use crate::store::worktrees;

/// Looks at the leases; never fails, since what cannot be read is what it tells.
pub(super) fn check(session: &Session, layout: &Layout) -> Check {
    let claims = layout.claims();
    let (mut problems, mut notes) = (Vec::new(), Vec::new());
    for remark in claims.examine() {
        match remark {
            Remark::Problem(text) => problems.push(text),
            Remark::Note(text) => notes.push(text),
        }
    }
    let ledger = claims.ledger().unwrap_or_default();
    let now = session.cx.clock().now();
    let stale_after = session.policy(layout).limits.stale_after_secs;
    let live: Vec<&Lease> = ledger.leases().filter(|lease| lease.standing(&now, stale_after).excludes()).collect();
    match worktrees::list(layout) {
        Err(error) => problems.push(error.to_string()),
        Ok(all) => {
            let is_there = |lease: &Lease| {
                let of =
                    |it: &worktrees::Worktree| it.identity.as_ref().is_some_and(|it| it.worktree_id == lease.holder.worktree_id);
                all.iter().any(|worktree| of(worktree) && !worktree.is_missing)
            };
            problems.extend(live.iter().filter(|lease| !is_there(lease)).map(|lease| orphaned(lease)));
        }
    }
    let capabilities = claims.capabilities();
    let reach = match capabilities.scope {
        Scope::Clone => "which keep out this clone's worktrees and nobody else",
        #[cfg(test)]
        Scope::Process => "of this process",
    };
    Check { name: "leases", found: format!("{}, {reach}", count(live.len(), "lease")), problems, notes, status: ExitStatus::Broken }
}

fn orphaned(lease: &Lease) -> String {
    let issue = lease.issue_id.short();
    format!("issue {issue} is held by {} in a worktree that is gone: git jit claim force-evict {issue} --reason TEXT", lease.holder)
}
