//! Commits of a worktree that nothing else has, and what is on the way to be one.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::context::Context;
use crate::git::history;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::merged;
use crate::worktree::risk::RemovalOptions;
use crate::worktree::{Blocker, Result};

/// What Git leaves while something is not finished, and what that is.
const UNDER_WAY: [(&str, &str); 7] = [
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("sequencer", "a cherry-pick or revert of several commits"),
    ("BISECT_LOG", "a bisection"),
];

/// Something that has been begun there: a rebase keeps what it stashed where nothing else finds it.
pub(crate) fn under_way(worktree: &Worktree) -> Option<Blocker> {
    let (_, what) = UNDER_WAY.into_iter().find(|(name, _)| worktree.git_dir.join(name).exists())?;
    Some(Blocker::UnderWay { path: worktree.root.clone(), what })
}

/// What the refs lead to that are this worktree's alone.
fn own_refs(layout: &Layout, worktree: &Worktree) -> Result<Vec<ObjectId>> {
    let refs = worktree.git_dir.join("refs");
    let mut tips = Vec::new();
    for name in file::below(&refs)? {
        let text = file::read_optional(&refs.join(&name))?.unwrap_or_default();
        let id = ObjectId::from_hex(text.trim()).ok();
        tips.extend(id.and_then(|id| history::commit(&layout.repo, id)));
    }
    Ok(tips)
}

/// Stashes that were made on its branch, by what Git wrote beside them; on a detached HEAD, those whose parent it is.
pub(crate) fn stashed(layout: &Layout, worktree: &Worktree) -> Result<Option<Blocker>> {
    let log = file::read_optional(&layout.common_dir.join("logs/refs/stash"))?.unwrap_or_default();
    let tip = worktrees::tip(layout, worktree);
    let is_from_here = |line: &[u8]| {
        let (head, said) = line.split_once_str("\t")?;
        let said = said.strip_prefix(b"WIP on ").or_else(|| said.strip_prefix(b"On "))?;
        let (on, _) = said.split_once_str(": ")?;
        match &worktree.branch {
            Some(branch) => Some(on == branch.as_bytes()),
            None if on == b"(no branch)" => {
                let id = ObjectId::from_hex(head.split(|byte| *byte == b' ').nth(1)?).ok()?;
                Some(history::parents(&layout.repo, id).ok()?.first().copied() == tip)
            }
            None => Some(false),
        }
    };
    let lines: Vec<&[u8]> = log.lines().collect();
    let newest_first = lines.iter().rev().enumerate();
    let stashes: Vec<String> =
        newest_first.filter(|(_, line)| is_from_here(line) == Some(true)).map(|(n, _)| format!("stash@{{{n}}}")).collect();
    let branch = worktree.branch.clone().unwrap_or_else(|| "(no branch)".to_owned());
    Ok((!stashes.is_empty()).then_some(Blocker::Stashed { branch, stashes }))
}

/// Commits are safe that the default branch has, or a remote, or, without the branch's deletion, the branch that is kept by name.
pub(crate) fn unmerged(cx: &Context, layout: &Layout, worktree: &Worktree, removal: RemovalOptions) -> Result<Option<Blocker>> {
    let keeps = removal.keep_branch && !removal.delete_branch && worktree.branch.is_some();
    if removal.delete_unmerged || keeps {
        return Ok(None);
    }
    unmerged_commits(cx, layout, worktree)
}

/// Commits of a worktree that are nowhere else.
pub(crate) fn unmerged_commits(cx: &Context, layout: &Layout, worktree: &Worktree) -> Result<Option<Blocker>> {
    let mut commits = 0;
    for tip in worktrees::tip(layout, worktree).into_iter().chain(own_refs(layout, worktree)?) {
        commits += merged::missing_elsewhere(layout, &cx.scratch, tip)?;
    }
    if commits == 0 {
        return Ok(None);
    }
    let branch = worktree.branch.as_ref().map_or("a detached HEAD".to_owned(), |branch| format!("branch '{branch}'"));
    Ok(Some(Blocker::Unmerged { branch, commits, has_branch: worktree.branch.is_some() }))
}
