//! Whether the commits of a branch are merged, as commits or by their content.

use std::path::Path;

use gix::ObjectId;

use crate::git;
use crate::git::history;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::Result;
use crate::worktree::default_branch;

/// The most commits of the default branch that are compared with a branch, newest first.
const MAX_COMPARED: usize = 10_000;

/// The number of commits of a branch that are merged nowhere and on no remote.
///
/// 0 if the default branch has their content because they were squashed or cherry-picked: that is, if merging them would change
/// nothing, or if a later commit of the default branch has the same tree as the branch.
pub(crate) fn unmerged_count(layout: &Layout, scratch: &Path, tip: ObjectId) -> Result<usize> {
    let repo = &layout.repo;
    let mut tips: Vec<ObjectId> = default_branch::tips(layout).into_iter().map(|(_, tip)| tip).collect();
    tips.sort_unstable();
    tips.dedup();
    let mut safe = history::published_tips(&layout.repo, layout.primary_root.as_deref())?;
    safe.extend(&tips);
    let commits = history::reachable(repo, &[tip], &safe)?.len();
    if commits == 0 {
        return Ok(0);
    }
    for default in tips {
        if has_same_tree(layout, default, tip)? || merge_changes_nothing(layout, scratch, default, tip)? {
            return Ok(0);
        }
    }
    Ok(commits)
}

fn tree_of(layout: &Layout, commit: ObjectId) -> Result<ObjectId> {
    let failed = || Error::git(format!("commit {commit}"));
    let commit = layout.repo.find_commit(commit).map_err(failed())?;
    Ok(commit.tree_id().map_err(failed())?.detach())
}

fn has_same_tree(layout: &Layout, default: ObjectId, tip: ObjectId) -> Result<bool> {
    let wanted = tree_of(layout, tip)?;
    for commit in history::reachable(&layout.repo, &[default], &[tip])?.into_iter().take(MAX_COMPARED) {
        if tree_of(layout, commit)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn merge_changes_nothing(layout: &Layout, scratch: &Path, default: ObjectId, tip: ObjectId) -> Result<bool> {
    // Unrelated histories cannot be merged. A branch whose changes were reverted on it has the tree of its base, and its commits
    // are nowhere else.
    let bases = history::merge_bases(&layout.repo, default, &[tip])?;
    let has_tree_of_tip =
        |base: &ObjectId| tree_of(layout, *base).is_ok_and(|tree| tree_of(layout, tip).is_ok_and(|tip| tip == tree));
    if bases.is_empty() || bases.iter().any(has_tree_of_tip) {
        return Ok(false);
    }
    let merged = git::merge::merged_tree(&layout.common_dir, scratch, &default.to_string(), &tip.to_string())?;
    Ok(merged == Some(tree_of(layout, default)?.to_string()))
}
