//! How far a worktree is from what it was made from, and what in it is not committed.

use gix::bstr::ByteSlice;
use rayon::prelude::*;

use crate::git::history;
use crate::git::run::Git;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;

/// How one worktree stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct WorktreeStatus {
    /// What it is compared with, in short; nothing where there is nothing.
    pub base: Option<String>,
    /// Commits that the base does not have.
    pub ahead: usize,
    /// Commits of the base that it does not have.
    pub behind: usize,
    /// Files with changes that are not committed.
    pub changed: usize,
    /// Files and folders that Git does not know.
    pub untracked: usize,
    /// Why some of this is not known.
    pub unknown: Option<String>,
}

impl WorktreeStatus {
    /// Whether there is anything that no commit has.
    pub(crate) fn is_dirty(&self) -> bool {
        self.changed + self.untracked > 0
    }
}

/// How each of these stands, worked out side by side; in their order.
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
        status.unknown = Some(format!("{} is not there", worktree.root.display()));
        return status;
    }
    match Git::at(&worktree.root).run(&["status", "--porcelain", "-z", "--untracked-files=normal", "--no-renames"]) {
        Ok(said) => {
            for line in said.split_str("\0").filter(|line| line.len() > 3) {
                if line.starts_with(b"??") { status.untracked += 1 } else { status.changed += 1 }
            }
        }
        Err(error) => status.unknown = Some(error.to_string()),
    }
    status
}
