//! Edits of the policy itself: they must be built on the tip of every default branch.
//!
//! Each default branch says for itself whether it requires that, so that a branch cannot excuse itself. Any place can insist.

use gix::{ObjectId, Repository};

use crate::domain::policy::{Finding, Policy};
use crate::enforce::change::{FileChange, Position};
use crate::enforce::path_kind::PathKind;
use crate::enforce::policy;
use crate::git::Result;
use crate::git::history;
use crate::git::tree::{self, TreeEntry};
use crate::store::layout::Layout;

/// The default branches that an edit of the policy must be built on, with their tips.
fn branches_to_build_on(repo: &Repository, policy: &Policy) -> Vec<(String, ObjectId)> {
    let is_excused = |tip: ObjectId| {
        let settings = policy::at_commit(repo, tip, "").and_then(|place| place.settings.ok());
        settings.is_some_and(|settings| settings.require_main_history == Some(false))
    };
    let all = history::binding_branches(repo).into_iter();
    all.filter(|(_, tip)| policy.require_main_history == Some(true) || !is_excused(*tip)).collect()
}

/// Checks an edit of the file `name` in this worktree: HEAD must contain the tip of every default branch. A repository without
/// commits passes.
pub(crate) fn off_base_here(layout: &Layout, policy: &Policy, name: &str) -> Result<Option<Finding>> {
    let repo = &layout.repo;
    let Some(head) = tree::head_commit(repo)? else { return Ok(None) };
    for (branch, tip) in branches_to_build_on(repo, policy) {
        if !history::is_ancestor(repo, tip, head)? {
            return Ok(Some(Finding::OffBase { path: name.to_owned(), branch }));
        }
    }
    Ok(None)
}

/// Checks a change of the policy that is staged or committed: a parent must contain the tip of every default branch.
///
/// For a commit it is also enough that it began where the branch had the policy that it has now, or that one of the pushed `tips`
/// contains both: the default branch may have moved since.
pub(crate) fn off_base(
    repo: &Repository,
    policy: &Policy,
    change: &FileChange,
    position: Position<'_>,
    tips: &[ObjectId],
) -> Result<Option<Finding>> {
    if change.kind != PathKind::Policy {
        return Ok(None);
    }
    for (branch, tip) in branches_to_build_on(repo, policy) {
        let theirs = tree::file(repo, tree::data_tree(repo, tip)?, &change.path)?;
        if theirs == change.to || began_with_policy_of(repo, position, tip, &change.path, theirs)? {
            continue;
        }
        if is_merged(repo, position, tip, tips)? {
            continue;
        }
        let parents = position.parents.iter();
        let contains = parents.map(|parent| history::is_ancestor(repo, tip, *parent)).collect::<Result<Vec<_>>>()?;
        if !contains.contains(&true) {
            return Ok(Some(Finding::OffBase { path: change.name(), branch }));
        }
    }
    Ok(None)
}

/// Whether a commit is on the branch itself, or began where the branch had the version that it has now.
fn began_with_policy_of(
    repo: &Repository,
    position: Position<'_>,
    tip: ObjectId,
    path: &[u8],
    theirs: Option<TreeEntry>,
) -> Result<bool> {
    let Some(commit) = position.commit else { return Ok(false) };
    for base in history::merge_bases(repo, commit, &[tip])? {
        if base == commit || tree::file(repo, tree::data_tree(repo, base)?, path)? == theirs {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Whether one of `tips` contains both the commit and the default branch's tip: the rule for merges has judged how they met.
fn is_merged(repo: &Repository, position: Position<'_>, default: ObjectId, tips: &[ObjectId]) -> Result<bool> {
    let Some(commit) = position.commit else { return Ok(false) };
    for tip in tips {
        if history::is_ancestor(repo, default, *tip)? && history::is_ancestor(repo, commit, *tip)? {
            return Ok(true);
        }
    }
    Ok(false)
}
