//! Commits of a worktree that are nowhere else, stashes, and operations that are in progress.

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::git::history;
use crate::repo::Repo;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::merged;
use crate::worktree::risk::RemovalOptions;
use crate::worktree::{Blocker, Result};

/// The files that Git keeps while an operation is in progress, and the operation.
const OPERATIONS: [(&str, &str); 7] = [
    ("rebase-merge", "a rebase"),
    ("rebase-apply", "a rebase"),
    ("MERGE_HEAD", "a merge"),
    ("CHERRY_PICK_HEAD", "a cherry-pick"),
    ("REVERT_HEAD", "a revert"),
    ("sequencer", "a cherry-pick or revert of several commits"),
    ("BISECT_LOG", "a bisection"),
];

/// The operation that is in progress. A rebase, for example, keeps its stash where only it finds it.
pub(crate) fn operation_in_progress(worktree: &Worktree) -> Option<Blocker> {
    let (_, what) = OPERATIONS.into_iter().find(|(name, _)| worktree.git_dir.join(name).exists())?;
    Some(Blocker::OperationInProgress { path: worktree.root.clone(), what })
}

/// The commits of the refs that only this worktree has.
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

/// Stashes created on the worktree's branch, recognized by Git's message; on a detached HEAD, those whose parent is that commit.
pub(crate) fn stashed(layout: &Layout, worktree: &Worktree) -> Result<Option<Blocker>> {
    let log = file::read_optional(&layout.common_dir.join("logs/refs/stash"))?.unwrap_or_default();
    let tip = worktrees::tip(layout, worktree);
    let is_from_here = |line: &[u8]| {
        let (head, message) = line.split_once_str("\t")?;
        let message = message.strip_prefix(b"WIP on ").or_else(|| message.strip_prefix(b"On "))?;
        let (on, _) = message.split_once_str(": ")?;
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
    Ok((!stashes.is_empty()).then_some(Blocker::Stashes { branch, stashes }))
}

/// The worktree's commits that are nowhere else, unless `options` accepts their loss or keeps their branch.
pub(crate) fn unmerged(repo: Repo<'_>, worktree: &Worktree, options: RemovalOptions) -> Result<Option<Blocker>> {
    let keeps_branch = options.keep_branch && !options.delete_branch && worktree.branch.is_some();
    if options.delete_unmerged || keeps_branch {
        return Ok(None);
    }
    unmerged_commits(repo, worktree)
}

/// The worktree's commits that neither the default branch nor a remote has.
pub(crate) fn unmerged_commits(repo: Repo<'_>, worktree: &Worktree) -> Result<Option<Blocker>> {
    let layout = repo.layout;
    let mut commits = 0;
    for tip in worktrees::tip(layout, worktree).into_iter().chain(own_refs(layout, worktree)?) {
        commits += merged::unmerged_count(layout, &repo.cx.scratch, tip)?;
    }
    if commits == 0 {
        return Ok(None);
    }
    let branch = worktree.branch.as_ref().map_or("a detached HEAD".to_owned(), |branch| format!("branch '{branch}'"));
    Ok(Some(Blocker::UnmergedCommits { branch, commits, has_branch: worktree.branch.is_some() }))
}
