//! The distance of a worktree from its base, and its uncommitted changes.

use gix::bstr::ByteSlice;
use rayon::prelude::*;
use schemars::JsonSchema;
use serde::Serialize;

use crate::git::history;
use crate::git::run::Git;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;

/// The status of one worktree.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, JsonSchema)]
pub(crate) struct WorktreeStatus {
    /// What it is compared with, abbreviated; `None` if there is nothing to compare with.
    pub base: Option<String>,
    /// Number of commits that the base does not have.
    pub ahead: usize,
    /// Number of the base's commits that the worktree does not have.
    pub behind: usize,
    /// Number of files with uncommitted changes.
    pub changed: usize,
    /// Number of untracked files and folders.
    pub untracked: usize,
    /// Whether there is anything uncommitted.
    pub dirty: bool,
    /// Why some of this is unknown.
    pub unknown: Option<String>,
}

/// The status of each worktree, in the given order. Runs Git in parallel.
pub(crate) fn status(layout: &Layout, all: &[&Worktree]) -> Vec<WorktreeStatus> {
    let distances: Vec<WorktreeStatus> = all.iter().map(|worktree| distance(layout, worktree)).collect();
    all.par_iter().zip(distances).map(|(worktree, status)| with_files(worktree, status)).collect()
}

fn distance(layout: &Layout, worktree: &Worktree) -> WorktreeStatus {
    let repo = &layout.repo;
    let recorded = worktree.identity.as_ref().and_then(|identity| identity.base.as_ref());
    let named = recorded.and_then(|base| Some((base.name.clone()?, history::ref_commit(repo, base.name.as_deref()?)?)));
    let pinned =
        || recorded.and_then(|base| Some((base.commit[..10.min(base.commit.len())].to_owned(), base.commit.parse().ok()?)));
    let base = named.or_else(pinned).or_else(|| default_branch::tips(layout).into_iter().next());
    let Some(((name, base), tip)) = base.zip(worktrees::tip(layout, worktree)) else { return WorktreeStatus::default() };
    let short = ["refs/heads/", "refs/remotes/"].iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(&name).to_owned();
    let count = |from, to| history::reachable(repo, &[from], &[to]).map(|commits| commits.len());
    match count(tip, base).and_then(|ahead| Ok((ahead, count(base, tip)?))) {
        Ok((ahead, behind)) => WorktreeStatus { base: Some(short), ahead, behind, ..WorktreeStatus::default() },
        Err(error) => WorktreeStatus { base: Some(short), unknown: Some(error.to_string()), ..WorktreeStatus::default() },
    }
}

fn with_files(worktree: &Worktree, mut status: WorktreeStatus) -> WorktreeStatus {
    if worktree.is_missing {
        status.unknown = Some(format!("{} does not exist", worktree.root.display()));
        return status;
    }
    match Git::at(&worktree.root).run(&["status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames"]) {
        Ok(output) => {
            for line in output.split_str("\0").filter(|line| line.len() > 3) {
                if line.starts_with(b"??") { status.untracked += 1 } else { status.changed += 1 }
            }
            status.dirty = status.changed + status.untracked > 0;
        }
        Err(error) => status.unknown = Some(error.to_string()),
    }
    status
}
