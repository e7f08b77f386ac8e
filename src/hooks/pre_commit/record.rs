//! What the hook writes once a commit passes: signs of life, the record for the push, and the end of closing leases.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::domain::id::Holder;
use crate::domain::lease::{Lease, LeaseStatus, Request};
use crate::enforce::Result;
use crate::enforce::change::FileChange;
use crate::enforce::gather::FactReader;
use crate::enforce::judge::Authority;
use crate::enforce::path_kind::PathKind;
use crate::git::tree;
use crate::lease::Deadline;
use crate::repo::Repo;
use crate::store::authority::{AuthorityLog, PRIVATE, RecordedTransition, TOLERATED, TransitionContext};
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::layout::Layout;

/// Counts the commit as activity under its leases, and ties leases from before a restart to this clock, so that they can end.
/// Best effort: the commit may be made in any case.
pub(super) fn renew_leases(repo: Repo<'_>, reader: &FactReader<'_>, passed: &[(&FileChange, Authority)]) {
    let under_lease = passed.iter().filter_map(|(_, authority)| match authority {
        Authority::Lease(lease_id) => reader.ledger()?.lease(lease_id),
        _ => None,
    });
    let policy = repo.policy;
    let (due, others): (Vec<&Lease>, Vec<&Lease>) = under_lease
        .partition(|lease| policy.care.renews_on_activity && lease.wants_beat(reader.now(), policy.limits.stale_after_secs));
    let unobserved =
        others.into_iter().filter(|lease| matches!(lease.lease_status(reader.now(), 0), LeaseStatus::Unobserved { .. }));
    let mut requests: Vec<Request> = unobserved.map(|lease| Request::Observe { lease_id: lease.lease_id.clone() }).collect();
    if let Some(first) = due.first() {
        let issues = due.iter().map(|lease| lease.issue_id).collect();
        requests.push(Request::Activity { issues, holder: first.holder.clone() });
    }
    if !requests.is_empty() {
        let _ = repo.leases.apply(&requests, &policy.limits, &Deadline::soon());
    }
}

/// Records which version became which and by what authority, for the push.
pub(super) fn record(
    repo: Repo<'_>,
    reader: &FactReader<'_>,
    parents: &[ObjectId],
    passed: &[(&FileChange, Authority)],
) -> Result<()> {
    if passed.iter().all(|(_, authority)| *authority == Authority::Known) {
        return Ok(());
    }
    let editor = reader.editor();
    let worktree_id = match &editor.worktree_id {
        Some(id) => id.clone(),
        None => Identity::require(repo.layout)?.worktree_id,
    };
    let holder = Holder::here(editor.agent_id.clone(), worktree_id);
    let at = repo.cx.clock().now().wall;
    let base: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let mut entries = Vec::new();
    for (change, authority) in passed {
        let context = TransitionContext { at, path: &change.name(), base: &base, holder: &holder };
        for step in change.steps().filter(|(from, to)| from != to) {
            match authority {
                Authority::Lease(lease_id) => entries.push(RecordedTransition::leased(&context, step, lease_id.clone())),
                // Others may know the issue by the time it is pushed.
                Authority::Private => entries.push(RecordedTransition::adopted(&context, step, PRIVATE)),
                Authority::Tolerated => entries.push(RecordedTransition::adopted(&context, step, TOLERATED)),
                Authority::Known => {}
            }
        }
    }
    Ok(AuthorityLog::of(repo.layout).append(&entries)?)
}

/// Ends the editor's leases that only waited for this commit.
pub(super) fn conclude_leases(repo: Repo<'_>, reader: &FactReader<'_>, changes: &[FileChange]) -> Result<()> {
    let Some(ledger) = reader.ledger() else { return Ok(()) };
    let closing = ledger.leases().filter(|lease| lease.closing && reader.editor().is(&lease.holder));
    let done = closing.filter(|lease| {
        let change = changes.iter().find(|change| change.kind == PathKind::Issue(lease.issue_id));
        change.is_some_and(|change| is_as_staged(repo.layout, change))
    });
    let release = |lease: &Lease| Request::Release {
        lease_id: lease.lease_id.clone(),
        holder: lease.holder.clone(),
        closing: false,
        reason: Some("committed".to_owned()),
    };
    let requests: Vec<Request> = done.map(release).collect();
    if !requests.is_empty() {
        // A refusal means that the lease has ended already.
        repo.leases.apply(&requests, &repo.policy.limits, &Deadline::soon())?;
    }
    Ok(())
}

/// Whether the file in the worktree is the committed one, so that no edit is left uncommitted.
fn is_as_staged(layout: &Layout, change: &FileChange) -> bool {
    let Some(root) = &layout.worktree_root else { return false };
    let Ok(name) = gix::path::from_bstr(change.path.as_bstr()) else { return false };
    let path = Layout::data_dir(root).join(name);
    match (file::read_optional(&path), change.to) {
        (Ok(Some(bytes)), Some(to)) => tree::blob_id(&layout.repo, &bytes).is_ok_and(|oid| oid == to.oid),
        (Ok(here), to) => here.is_none() && to.is_none(),
        (Err(_), _) => false,
    }
}
