//! `jit-pre-commit`, for `pre-commit` and `pre-merge-commit`: may what is staged be committed?
//!
//! Nothing under `.jit` staged costs two tree lookups. What passes is recorded, so that a push can tell it
//! from what went around this hook; and a lease that only waited for this commit ends.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::actor;
use crate::context::Context;
use crate::domain::id::{Holder, LeaseId};
use crate::domain::lease::{Lease, LeaseStatus, Request};
use crate::domain::policy::{Finding, Policy};
use crate::enforce::change::{self, Compared, FileChange, PathKind};
use crate::enforce::judge::{Authority, Judge, Position};
use crate::enforce::policy;
use crate::enforce::{Result, Verdict};
use crate::git::history;
use crate::git::index::Staged;
use crate::git::index::staged;
use crate::git::tree;
use crate::store;
use crate::store::authority::{AuthorityLog, PRIVATE, RecordedTransition, TOLERATED, TransitionContext};
use crate::store::file;
use crate::store::layout::Layout;

/// Judges what is staged, and records it if it passes. `is_merge_hook` is what tells `pre-merge-commit` from `pre-commit`.
pub(crate) fn run(cx: &Context, layout: &Layout, is_merge_hook: bool) -> Result<Verdict> {
    let repo = &layout.repo;
    let head = match tree::head_commit(repo) {
        // What has no `.jit` anywhere notices nothing, whatever is wrong with it.
        Err(_) if staged::read(repo, None, None)? == Staged::Tree(None) && !has_data(layout) => return Ok(Verdict::pass()),
        head => head?,
    };
    let data = head.map(|head| tree::data_tree(repo, head)).transpose()?.flatten();
    let staged = staged::read(repo, head, data)?;
    let mut parents: Vec<ObjectId> = head.into_iter().collect();
    parents.extend(merged(cx, layout, is_merge_hook)?);
    if staged == Staged::Tree(data) && parents.len() < 2 {
        return Ok(Verdict::pass());
    }
    let changes = change::changes(repo, &cx.scratch, &Compared::Staged(&staged), &parents)?;
    let misplaced = misplaced(&staged, layout, head)?;
    if changes.is_empty() && misplaced.is_empty() {
        return Ok(Verdict::pass());
    }
    let config = config_change(&changes);
    let policy = policy::policy(cx, layout, config);
    let mut judge = Judge::new(layout, &policy, actor::editor(cx, layout, None)?, cx.clock().now());
    judge.consult(changes.iter());
    let mut findings = misplaced;
    let passed = judge_all(layout, &judge, &policy, &changes, &parents, &mut findings)?;
    findings.dedup();
    let verdict = Verdict::of(&policy, findings);
    if verdict.refused.is_empty() {
        beat(cx, layout, &policy, &judge, &passed);
        record(cx, layout, &parents, &passed)?;
        conclude(cx, layout, &policy, &judge, &changes)?;
    }
    Ok(verdict)
}

/// Judges each change: what is found goes to `findings`, and what it may be recorded by is returned with it.
fn judge_all<'c>(
    layout: &Layout,
    judge: &Judge<'_>,
    policy: &Policy,
    changes: &'c [FileChange],
    parents: &[ObjectId],
    findings: &mut Vec<Finding>,
) -> Result<Vec<(&'c FileChange, Authority)>> {
    let spot = Position { commit: None, parents };
    let mut passed = Vec::new();
    for change in changes {
        findings.extend(change.defect(judge.repo()));
        match judge.judge(change, spot)? {
            Ok(authority) => passed.extend(authority.map(|authority| (change, authority))),
            Err(finding) => {
                // Recorded only if the policy lets it pass: it must not stand in the way once that is stricter.
                passed.push((change, Authority::Tolerated));
                findings.push(finding);
            }
        }
        findings.extend(off_base(judge, policy, change, spot, &[])?);
        findings.extend(created_elsewhere(layout, policy, change));
    }
    if changes.iter().any(|change| change.kind.issue().is_some()) {
        findings.extend(judge.broken_ledger());
    }
    Ok(passed)
}

fn has_data(layout: &Layout) -> bool {
    layout.worktree_root.as_deref().is_some_and(|root| Layout::data_dir(root).exists())
}

/// The other parents: of a merge that stopped, from `MERGE_HEAD`; of one that is about to be committed, as Git names them.
fn merged(cx: &Context, layout: &Layout, is_merge_hook: bool) -> Result<Vec<ObjectId>> {
    let ids: Vec<Vec<u8>> = match file::read_optional(&layout.git_dir.join("MERGE_HEAD"))? {
        Some(bytes) => bytes.lines().map(<[u8]>::to_vec).collect(),
        None if is_merge_hook => cx.merge_heads.iter().map(|id| id.clone().into_bytes()).collect(),
        None => Vec::new(),
    };
    let commits = ids.iter().filter_map(|id| ObjectId::from_hex(id.trim()).ok());
    Ok(commits.filter_map(|id| history::commit(&layout.repo, id)).collect())
}

/// The blob of the staged `config.toml`, if that is not what it should have been.
fn config_change(changes: &[FileChange]) -> Option<ObjectId> {
    changes.iter().find(|change| change.path == "config.toml")?.to.map(|entry| entry.oid)
}

fn misplaced(staged: &Staged, layout: &Layout, head: Option<ObjectId>) -> Result<Vec<Finding>> {
    let Staged::Files { misplaced, .. } = staged else { return Ok(Vec::new()) };
    if misplaced.is_empty() {
        return Ok(Vec::new());
    }
    let before = head.map(|head| tree::misplaced(&layout.repo, head)).transpose()?.unwrap_or_default();
    let top = |path: &str| path.split('/').next().unwrap_or_default().to_owned();
    let mut tops: Vec<String> = misplaced.iter().map(|path| top(path)).collect();
    tops.dedup();
    tops.retain(|name| !before.iter().any(|(old, _)| old == name));
    Ok(tops.into_iter().map(change::misplacement).collect())
}

/// Whether the policy itself is edited on something that lacks the tip of a default branch.
///
/// At the push, where that branch may have moved on since, it is enough that the edit was made on the policy that it has.
///
/// Or that a pushed tip, one of `tips`, has both by now.
pub(crate) fn off_base(
    judge: &Judge<'_>,
    policy: &Policy,
    change: &FileChange,
    spot: Position<'_>,
    tips: &[ObjectId],
) -> Result<Option<Finding>> {
    if change.kind != PathKind::Policy {
        return Ok(None);
    }
    let repo = judge.repo();
    for (branch, tip) in policy::branches_to_build_on(repo, policy) {
        let theirs = tree::file(repo, tree::data_tree(repo, tip)?, &change.path)?;
        if theirs == change.to || is_on_their_policy(repo, spot, tip, &change.path, theirs)? {
            continue;
        }
        if has_both(repo, spot, tip, tips)? {
            continue;
        }
        let has =
            spot.parents.iter().map(|parent| history::is_ancestor(repo, tip, *parent)).collect::<crate::git::Result<Vec<_>>>()?;
        if !has.contains(&true) {
            return Ok(Some(Finding::OffBase { path: change.name(), branch }));
        }
    }
    Ok(None)
}

/// Whether one of `tips` has the commit and the default branch's tip: they were merged, by the rule for merges.
fn has_both(repo: &gix::Repository, spot: Position<'_>, default: ObjectId, tips: &[ObjectId]) -> store::Result<bool> {
    let Some(commit) = spot.commit else { return Ok(false) };
    for tip in tips {
        if history::is_ancestor(repo, default, *tip)? && history::is_ancestor(repo, commit, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether a commit is on the branch itself, or began where the branch had the policy that it has now.
fn is_on_their_policy(
    repo: &gix::Repository,
    spot: Position<'_>,
    tip: ObjectId,
    path: &[u8],
    theirs: Option<tree::TreeEntry>,
) -> store::Result<bool> {
    let Some(commit) = spot.commit else { return Ok(false) };
    for base in history::merge_bases(repo, commit, &[tip])? {
        if base == commit || tree::file(repo, tree::data_tree(repo, base)?, path)? == theirs {
            return Ok(true);
        }
    }
    Ok(false)
}

fn created_elsewhere(layout: &Layout, policy: &Policy, change: &FileChange) -> Option<Finding> {
    let PathKind::Issue(issue) = change.kind else { return None };
    let forbidden = policy.create_in_primary_only && change.is_creation() && !layout.is_primary();
    forbidden.then_some(Finding::CreatedElsewhere { issue })
}

/// Counts the commit as a sign of life of the leases that it was made under, and ties those from before a restart to
/// this clock: so that they end. At best effort: the commit may be made in any case.
fn beat(cx: &Context, layout: &Layout, policy: &Policy, judge: &Judge<'_>, passed: &[(&FileChange, Authority)]) {
    let under_lease = passed.iter().filter_map(|(_, authority)| match authority {
        Authority::Lease(lease_id) => judge.ledger()?.lease(lease_id),
        _ => None,
    });
    let (due, others): (Vec<&Lease>, Vec<&Lease>) = under_lease
        .partition(|lease| policy.care.renews_on_activity && lease.wants_beat(judge.now(), policy.limits.stale_after_secs));
    let unobserved =
        others.into_iter().filter(|lease| matches!(lease.lease_status(judge.now(), 0), LeaseStatus::Unobserved { .. }));
    let mut requests: Vec<Request> = unobserved.map(|lease| Request::Observe { lease_id: lease.lease_id.clone() }).collect();
    if let Some(first) = due.first() {
        let issues = due.iter().map(|lease| lease.issue_id).collect();
        requests.push(Request::Activity { issues, holder: first.holder.clone() });
    }
    for request in requests {
        let _ = layout.claims().ask(cx.clock(), &request, &policy.limits);
    }
}

/// Writes down what was changed into what, for the push to find.
fn record(cx: &Context, layout: &Layout, parents: &[ObjectId], passed: &[(&FileChange, Authority)]) -> Result<()> {
    if passed.iter().all(|(_, authority)| *authority == Authority::Known) {
        return Ok(());
    }
    let holder = actor::holder(cx, layout, None)?;
    let at = cx.clock().now().wall;
    let base: Vec<String> = parents.iter().map(ToString::to_string).collect();
    let mut entries = Vec::new();
    for (change, authority) in passed {
        let made = TransitionContext { at, path: &change.name(), base: &base, holder: &holder };
        for step in change.steps().filter(|(from, to)| from != to) {
            match authority {
                Authority::Lease(lease_id) => entries.push(RecordedTransition::leased(&made, step, lease_id.clone())),
                // Somebody may know the issue by the time it is pushed.
                Authority::Private => entries.push(RecordedTransition::adopted(&made, step, PRIVATE)),
                Authority::Tolerated => entries.push(RecordedTransition::adopted(&made, step, TOLERATED)),
                Authority::Known => {}
            }
        }
    }
    Ok(AuthorityLog::of(layout).append(&entries)?)
}

/// Ends the leases of this holder that only waited for this commit.
fn conclude(cx: &Context, layout: &Layout, policy: &Policy, judge: &Judge<'_>, changes: &[FileChange]) -> Result<()> {
    let Some(ledger) = judge.ledger() else { return Ok(()) };
    let closing = ledger.leases().filter(|lease| lease.closing && judge.editor().is(&lease.holder));
    let done = closing.filter(|lease| {
        let change = changes.iter().find(|change| change.kind == PathKind::Issue(lease.issue_id));
        change.is_some_and(|change| is_as_staged(layout, change))
    });
    let done: Vec<(LeaseId, Holder)> = done.map(|lease| (lease.lease_id.clone(), lease.holder.clone())).collect();
    for (lease_id, holder) in done {
        let request = Request::Release { lease_id, holder, closing: false, reason: Some("committed".to_owned()) };
        // A lease that is gone by now has ended as well.
        layout.claims().ask(cx.clock(), &request, &policy.limits)?;
    }
    Ok(())
}

/// Whether the worktree's file is what is committed, so that no edit is left behind.
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
