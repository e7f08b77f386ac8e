//! The default branch as worktrees need it: where they begin, what is compared with it, what may not be deleted, and whose
//! commits count as merged.
//!
//! Which branch that is where enforcement is concerned is the business of `store::history`, which never guesses. Here a
//! repository that says nothing of it is taken to be at home on the branch of its own HEAD.

use gix::ObjectId;

use crate::git::history;
use crate::store::layout::Layout;
use crate::store::worktrees;

/// The full names of the refs that may be the default branch, with their tips, in order of preference.
pub(crate) fn tips(layout: &Layout) -> Vec<(String, ObjectId)> {
    let known = history::default_branches(&layout.repo);
    if !known.is_empty() {
        return known;
    }
    let head = worktrees::branch_at(&layout.common_dir).map(|branch| format!("refs/heads/{branch}"));
    head.and_then(|name| Some((name.clone(), history::ref_commit(&layout.repo, &name)?))).into_iter().collect()
}

/// Whether a local branch is the default branch, or the one that stands for it here.
pub(crate) fn is_default(layout: &Layout, branch: &str) -> bool {
    let full = format!("refs/heads/{branch}");
    // A bare repository has its default branch in its HEAD.
    let is_head = || layout.main_root.is_none() && worktrees::branch_at(&layout.common_dir).as_deref() == Some(branch);
    // `origin/HEAD` is a name of another ref, and that of a branch.
    let stands_for_it = |(name, _): &(String, ObjectId)| history::branch_name(&layout.repo, name).as_ref() == Some(&full);
    tips(layout).iter().any(stands_for_it) || is_head()
}
