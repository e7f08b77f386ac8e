//! The worktrees of a repository, read in this process.
//!
//! A worktree with incomplete administrative files is being created or removed; it is skipped and is not an error.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use crate::store::identity::Identity;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// One worktree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Worktree {
    /// Its root.
    pub root: PathBuf,
    /// Its own Git directory.
    pub git_dir: PathBuf,
    /// The branch that is checked out; `None` with a detached HEAD.
    pub branch: Option<String>,
    /// Its identity; `None` if it has never written anything, or if it is unreadable.
    pub identity: Option<Identity>,
    /// Why its identity cannot be read. Such a worktree may hold leases and be anyone's.
    pub unreadable: Option<String>,
    /// Whether it is the primary one.
    pub is_primary: bool,
    /// Whether it is locked against removal.
    pub is_locked: bool,
    /// Whether its root or its `.git` file is missing.
    pub is_missing: bool,
}

impl Worktree {
    /// Why its identity cannot be read, and the next step, for people.
    pub(crate) fn warning(&self) -> Option<String> {
        let why = self.unreadable.as_ref()?;
        let file = Identity::path(&self.git_dir);
        Some(format!("{why}. {}", Identity::how_to_renew(&file)))
    }

    /// The last component of its path.
    pub(crate) fn name(&self) -> String {
        self.root.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// All worktrees, the primary one first.
pub(crate) fn list(layout: &Layout) -> Result<Vec<Worktree>> {
    let mut all = Vec::new();
    if let Some(root) = &layout.main_root {
        all.push(describe(layout, root.clone(), layout.common_dir.clone(), false));
    }
    let mut resolver = PathResolver::default();
    for proxy in layout.repo.worktrees().map_err(Error::git("the worktrees"))? {
        let Ok(base) = proxy.base() else { continue };
        let (root, git_dir) = (resolver.resolve(&base).unwrap_or(base), proxy.git_dir());
        let git_dir = resolver.resolve(git_dir).unwrap_or_else(|| git_dir.to_owned());
        all.push(describe(layout, root, git_dir, proxy.is_locked()));
    }
    all.sort_by_key(|worktree| !worktree.is_primary);
    Ok(all)
}

/// Resolves symbolic links in paths. Most paths have one of two parents, so each parent is resolved only once.
#[derive(Default)]
struct PathResolver {
    folders: HashMap<PathBuf, Option<PathBuf>>,
}

impl PathResolver {
    /// The path with symbolic links resolved; `None` if it does not exist.
    fn resolve(&mut self, path: &Path) -> Option<PathBuf> {
        let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return path.canonicalize().ok() };
        let in_folder = self.folders.entry(folder.to_owned()).or_insert_with(|| folder.canonicalize().ok()).as_ref()?.join(name);
        if in_folder.symlink_metadata().ok()?.is_symlink() { in_folder.canonicalize().ok() } else { Some(in_folder) }
    }
}

fn describe(layout: &Layout, root: PathBuf, git_dir: PathBuf, is_locked: bool) -> Worktree {
    let (identity, unreadable) = match Identity::read(&git_dir) {
        Ok(identity) => (identity, None),
        Err(error) => (None, Some(error.to_string())),
    };
    Worktree {
        branch: branch_at(&git_dir),
        identity,
        unreadable,
        is_primary: layout.primary_root.as_ref() == Some(&root),
        is_missing: !root.exists() || (git_dir != layout.common_dir && !root.join(".git").exists()),
        is_locked,
        git_dir,
        root,
    }
}

/// The branch that the HEAD of a Git directory names.
pub(crate) fn branch_at(git_dir: &Path) -> Option<String> {
    let head = std::fs::read(git_dir.join("HEAD")).ok()?;
    let name = head.trim().strip_prefix(b"ref: refs/heads/")?;
    Some(name.to_str_lossy().into_owned())
}

/// The Git directory that the `.git` file of the linked worktree at `root` names.
pub(crate) fn git_dir_of(root: &Path) -> Result<PathBuf> {
    let path = root.join(".git");
    let text = std::fs::read(&path).map_err(Error::io("read", &path))?;
    let corrupt = || Error::Corrupt { path: path.clone(), line: None, why: "does not name a Git directory".to_owned() };
    let named = text.trim_end().strip_prefix(b"gitdir: ").ok_or_else(corrupt)?;
    let named = gix::path::from_bstr(named.as_bstr()).map_err(Error::git(path.display().to_string()))?;
    let git_dir = root.join(named);
    git_dir.canonicalize().map_err(Error::io("find", &git_dir))
}

/// The commit of a worktree's HEAD, if it has one.
pub(crate) fn tip(layout: &Layout, worktree: &Worktree) -> Option<gix::ObjectId> {
    commit_at(layout, worktree.branch.as_deref(), &worktree.git_dir)
}

/// The commit of the primary worktree's HEAD, if it has one.
pub(crate) fn head_of_primary(layout: &Layout) -> Result<Option<gix::ObjectId>> {
    if layout.primary_root.is_some() && layout.primary_root == layout.main_root {
        return Ok(commit_at(layout, branch_at(&layout.common_dir).as_deref(), &layout.common_dir));
    }
    let primary = list(layout)?.into_iter().find(|worktree| worktree.is_primary);
    Ok(primary.and_then(|primary| tip(layout, &primary)))
}

fn commit_at(layout: &Layout, branch: Option<&str>, git_dir: &Path) -> Option<gix::ObjectId> {
    if let Some(branch) = branch {
        return crate::git::history::ref_commit(&layout.repo, &format!("refs/heads/{branch}"));
    }
    let head = std::fs::read(git_dir.join("HEAD")).ok()?;
    gix::ObjectId::from_hex(head.trim()).ok()
}
