//! Whether the commits of a branch are somewhere else, by what they are or by what they say.

use std::path::Path;

use gix::ObjectId;

use crate::git;
use crate::git::history;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::Result;
use crate::worktree::default_branch;

/// How many commits of the default branch are compared with a branch, newest first.
const MOST: usize = 10_000;

/// How many commits of a branch are merged nowhere and on no remote.
///
/// None where the default branch has all that they say: then they were squashed, or picked one by one. That is so if merging
/// them would change nothing, or if a commit of the default branch since then has the very tree of the branch.
pub(crate) fn missing_elsewhere(layout: &Layout, scratch: &Path, tip: ObjectId) -> Result<usize> {
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
        if has_tree_of(layout, default, tip)? || would_not_change(layout, scratch, default, tip)? {
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

fn has_tree_of(layout: &Layout, default: ObjectId, tip: ObjectId) -> Result<bool> {
    let wanted = tree_of(layout, tip)?;
    for commit in history::reachable(&layout.repo, &[default], &[tip])?.into_iter().take(MOST) {
        if tree_of(layout, commit)? == wanted {
            return Ok(true);
        }
    }
    Ok(false)
}

fn would_not_change(layout: &Layout, scratch: &Path, default: ObjectId, tip: ObjectId) -> Result<bool> {
    // Histories that have nothing in common have nothing to merge; what was made and taken back again is nowhere.
    let bases = history::merge_bases(&layout.repo, default, &[tip])?;
    let says_nothing = |base: &ObjectId| tree_of(layout, *base).is_ok_and(|tree| tree_of(layout, tip).is_ok_and(|tip| tip == tree));
    if bases.is_empty() || bases.iter().any(says_nothing) {
        return Ok(false);
    }
    let merged = git::merge::merged_tree(&layout.common_dir, scratch, &default.to_string(), &tip.to_string())?;
    Ok(merged == Some(tree_of(layout, default)?.to_string()))
}
