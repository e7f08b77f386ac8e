//! The check of the worktrees: leases whose worktree is gone, missing and incomplete worktrees, agents.

use crate::commands::setup::doctor::DoctorCheck;
use crate::domain::lease::Lease;
use crate::output::text::count;
use crate::store;
use crate::store::agent_run::AgentRun;
use crate::store::journal::removals;
use crate::store::journal::spawns;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree;

/// Checks the worktrees. Never fails: what cannot be read becomes a problem.
pub(crate) fn check(layout: &Layout, live: &[&Lease]) -> DoctorCheck {
    let (found, problems, notes) = examine(layout, live).unwrap_or_else(|error| (0, vec![error.to_string()], Vec::new()));
    DoctorCheck::new("worktrees", count(found, "worktree"), problems).with_notes(notes)
}

fn examine(layout: &Layout, live: &[&Lease]) -> store::Result<(usize, Vec<String>, Vec<String>)> {
    // These are read before the list, so that a worktree that is created or removed meanwhile is in one of them.
    let being_created = spawns::all(&layout.shared_dir())?;
    let being_removed = removals::all(&layout.shared_dir())?;
    let all = worktrees::list(layout)?;
    let has_worktree = |lease: &Lease| {
        let is_its = |it: &Worktree| it.identity.as_ref().is_some_and(|it| it.worktree_id == lease.holder.worktree_id);
        all.iter().any(|worktree| is_its(worktree) && !worktree.is_missing)
            || being_created.iter().any(|spawning| spawning.holder.worktree_id == lease.holder.worktree_id)
            || being_removed.iter().any(|removing| removing.worktree_id.as_ref() == Some(&lease.holder.worktree_id))
    };
    let torn: Vec<String> = all.iter().filter_map(Worktree::warning).collect();
    // A lease without a worktree may be held in one whose identity cannot be read.
    let orphans = live.iter().filter(|lease| torn.is_empty() && !has_worktree(lease)).map(|lease| orphaned(lease));
    let unreadable = all.iter().filter_map(|worktree| AgentRun::read(&worktree.git_dir).err()).map(|error| error.to_string());
    let missing = all.iter().filter(|worktree| worktree.is_missing).map(|worktree| {
        format!("{} does not exist: git jit worktree prune, or git worktree repair if it was moved", worktree.root.display())
    });
    let interrupted = worktree::list_interrupted(layout)?;
    Ok((all.len(), orphans.chain(unreadable).chain(torn.iter().cloned()).collect(), missing.chain(interrupted).collect()))
}

fn orphaned(lease: &Lease) -> String {
    let issue = lease.issue_id.short();
    format!(
        "issue {issue} is held by {} in a worktree that no longer exists: git jit claim force-evict {issue} --reason TEXT",
        lease.holder
    )
}
