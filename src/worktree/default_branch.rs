//! The default branch for worktrees: where they start, what they are compared with, what may not be deleted, and whose commits
//! count as merged.
//!
//! Enforcement uses `git::history`, which never guesses. Here, a repository without a configured default branch uses the branch of
//! its own HEAD.

use gix::ObjectId;

use crate::git::history;
use crate::store::layout::Layout;
use crate::store::worktrees;

/// The full names and tips of the refs that may be the default branch, in order of preference.
pub(crate) fn tips(layout: &Layout) -> Vec<(String, ObjectId)> {
    let known = history::default_branches(&layout.repo);
    if !known.is_empty() {
        return known;
    }
    let head = worktrees::branch_at(&layout.common_dir).map(|branch| format!("refs/heads/{branch}"));
    head.and_then(|name| Some((name.clone(), history::ref_commit(&layout.repo, &name)?))).into_iter().collect()
}

/// Whether a local branch is the default branch, or the local copy of it.
pub(crate) fn is_default(layout: &Layout, branch: &str) -> bool {
    let full = format!("refs/heads/{branch}");
    // The HEAD of a bare repository names its default branch.
    let is_head = || layout.main_root.is_none() && worktrees::branch_at(&layout.common_dir).as_deref() == Some(branch);
    // `origin/HEAD` is a symbolic ref to a remote-tracking branch.
    let is_copy = |(name, _): &(String, ObjectId)| history::branch_name(&layout.repo, name).as_ref() == Some(&full);
    tips(layout).iter().any(is_copy) || is_head()
}
