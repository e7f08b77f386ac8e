//! `jit-pre-commit`, for `pre-commit` and `pre-merge-commit`: may the staged files be committed?
//!
//! A commit that stages nothing below `.jit` costs two tree lookups. An edit that passes is recorded, so that the push can tell it
//! from an edit that bypassed this hook, and a lease that only waited for this commit ends.

mod record;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::actor;
use crate::context::Context;
use crate::domain::policy::{Finding, Policy};
use crate::enforce::change::{self, Compared, FileChange, Position};
use crate::enforce::gather::FactReader;
use crate::enforce::judge::Authority;
use crate::enforce::path_kind::PathKind;
use crate::enforce::policy::EffectivePolicy;
use crate::enforce::policy_edit;
use crate::enforce::{Result, Verdict};
use crate::git::history;
use crate::git::index::Staged;
use crate::git::index::staged;
use crate::git::tree;
use crate::lease::Leases;
use crate::repo::Repo;
use crate::store::file;
use crate::store::layout::Layout;

/// What a commit would change below `.jit/`.
struct StagedCommit {
    /// The commit of HEAD; `None` on an unborn branch.
    head: Option<ObjectId>,
    /// The commits that it is made on top of.
    parents: Vec<ObjectId>,
    changes: Vec<FileChange>,
    /// What is in the place of `.jit` without being it.
    misplaced: Vec<Finding>,
}

/// Judges what is staged, and records it if it passes. `is_merge_hook` tells `pre-merge-commit` from `pre-commit`.
pub(crate) fn run(cx: &Context, layout: &Layout, leases: &dyn Leases, is_merge_hook: bool) -> Result<Verdict> {
    let Some(commit) = gather(cx, layout, is_merge_hook)? else { return Ok(Verdict::default()) };
    let policy = EffectivePolicy::of_commit(cx, layout, commit.head, changed_config(&commit.changes)).policy;
    let repo = Repo { cx, layout, policy: &policy, leases };
    let reader = FactReader::new(repo, actor::editor(cx, layout, None)?, commit.changes.iter(), None);
    let (findings, passed) = judge_all(repo, &reader, &commit)?;
    let verdict = Verdict::of(&policy, findings);
    if verdict.refused.is_empty() {
        record::renew_leases(repo, &reader, &passed);
        record::record(repo, &reader, &commit.parents, &passed)?;
        record::conclude_leases(repo, &reader, &commit.changes)?;
    }
    Ok(verdict)
}

/// Reads what the commit would change; `None` if that is nothing.
fn gather(cx: &Context, layout: &Layout, is_merge_hook: bool) -> Result<Option<StagedCommit>> {
    let repo = &layout.repo;
    let head = match tree::head_commit(repo) {
        // A repository without `.jit` must notice nothing, even if it is broken.
        Err(_) if staged::read(repo, None, None)? == Staged::Tree(None) && !has_data(layout) => return Ok(None),
        head => head?,
    };
    let data = head.map(|head| tree::data_tree(repo, head)).transpose()?.flatten();
    let staged = staged::read(repo, head, data)?;
    let mut parents: Vec<ObjectId> = head.into_iter().collect();
    parents.extend(merged(cx, layout, is_merge_hook)?);
    if staged == Staged::Tree(data) && parents.len() < 2 {
        return Ok(None);
    }
    let changes = change::changes(repo, &cx.scratch, &Compared::Staged(&staged), &parents)?;
    let misplaced = misplaced(&staged, layout, head)?;
    let is_empty = changes.is_empty() && misplaced.is_empty();
    Ok((!is_empty).then_some(StagedCommit { head, parents, changes, misplaced }))
}

/// Findings, and the changes that may be recorded, each with its authority.
type Judged<'c> = (Vec<Finding>, Vec<(&'c FileChange, Authority)>);

/// The findings about a commit, and the changes that may be recorded, each with its authority.
fn judge_all<'c>(repo: Repo<'_>, reader: &FactReader<'_>, commit: &'c StagedCommit) -> Result<Judged<'c>> {
    let StagedCommit { parents, changes, misplaced, .. } = commit;
    let position = Position { commit: None, parents };
    let (mut findings, mut passed) = (misplaced.clone(), Vec::new());
    for change in changes {
        findings.extend(change.defect(&repo.layout.repo));
        match reader.judge(change, position)? {
            None => {}
            Some(Ok(authority)) => passed.push((change, authority)),
            Some(Err(finding)) => {
                // Recorded only if the policy lets it pass. Then it must not block the push once the policy is stricter.
                passed.push((change, Authority::Tolerated));
                findings.push(finding);
            }
        }
        findings.extend(policy_edit::off_base(&repo.layout.repo, repo.policy, change, position, &[])?);
        findings.extend(created_elsewhere(repo.layout, repo.policy, change));
    }
    if changes.iter().any(|change| change.kind.issue().is_some()) {
        findings.extend(reader.broken_ledger());
    }
    findings.dedup();
    Ok((findings, passed))
}

fn has_data(layout: &Layout) -> bool {
    layout.worktree_root.as_deref().is_some_and(|root| Layout::data_dir(root).exists())
}

/// The other parents of a merge: from `MERGE_HEAD` if the merge stopped, as Git names them if it is about to be committed.
fn merged(cx: &Context, layout: &Layout, is_merge_hook: bool) -> Result<Vec<ObjectId>> {
    let ids: Vec<Vec<u8>> = match file::read_optional(&layout.git_dir.join("MERGE_HEAD"))? {
        Some(bytes) => bytes.lines().map(<[u8]>::to_vec).collect(),
        None if is_merge_hook => cx.merge_heads.iter().map(|id| id.clone().into_bytes()).collect(),
        None => Vec::new(),
    };
    let commits = ids.iter().filter_map(|id| ObjectId::from_hex(id.trim()).ok());
    Ok(commits.filter_map(|id| history::commit(&layout.repo, id)).collect())
}

/// The blob of the `config.toml` that the commit changes.
fn changed_config(changes: &[FileChange]) -> Option<ObjectId> {
    changes.iter().find(|change| change.path == "config.toml")?.to.map(|entry| entry.oid)
}

/// What is staged in the place of `.jit` without being it, and is not so in HEAD.
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

fn created_elsewhere(layout: &Layout, policy: &Policy, change: &FileChange) -> Option<Finding> {
    let PathKind::Issue(issue) = change.kind else { return None };
    let forbidden = policy.create_in_primary_only && change.is_creation() && !layout.is_primary();
    forbidden.then_some(Finding::CreatedElsewhere { issue })
}
