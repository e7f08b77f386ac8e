//! The three sources of versioned data: this worktree's `.jit/`, the tree of HEAD, and the primary worktree's `.jit/`.
//!
//! For each file, the first source that has it counts. A file that is in HEAD but not in this worktree was deleted here, so no
//! source has it, unless a sparse checkout left it out.

use std::collections::{BTreeMap, HashSet};
use std::path::{Path, PathBuf};

use gix::bstr::BString;
use gix::index::entry::Flags;
use serde::Serialize;

use crate::git::tree::{self, TreeEntry};
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// The source that something was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// This worktree's file.
    Worktree,
    /// The commit that is checked out.
    Head,
    /// The primary worktree's file.
    Primary,
}

/// The sources as seen from one worktree.
#[derive(Clone, Copy)]
pub(crate) struct IssueSources<'a> {
    layout: &'a Layout,
    everywhere: bool,
}

impl<'a> IssueSources<'a> {
    /// The sources of this worktree; only the first one unless `everywhere`.
    pub(crate) fn of(layout: &'a Layout, everywhere: bool) -> Self {
        Self { layout, everywhere }
    }

    /// The versioned data of this worktree. A bare repository reads that of its primary worktree, and writes none.
    pub(crate) fn local(&self) -> Result<PathBuf> {
        let seen = self.layout.worktree_root.as_deref().or(self.layout.primary_root.as_deref());
        Ok(Layout::data_dir(seen.map_or_else(|| self.layout.require_worktree(), Ok)?))
    }

    /// The versioned data of the primary worktree, if that is a separate source.
    pub(crate) fn primary(&self) -> Option<PathBuf> {
        let layout = self.layout;
        layout.primary_root.as_deref().filter(|_| self.everywhere && !layout.is_primary()).map(Layout::data_dir)
    }

    /// The `.jit` tree of HEAD, if that is a source.
    pub(crate) fn head(&self) -> Result<Option<gix::ObjectId>> {
        if !self.everywhere {
            return Ok(None);
        }
        let Some(commit) = tree::head_commit(&self.layout.repo)? else { return Ok(None) };
        Ok(tree::data_tree(&self.layout.repo, commit)?)
    }

    /// A file by its path below `.jit/`, from the first source that has it, with the path that it was read from.
    pub(crate) fn read(&self, path: &str) -> Result<Option<(Vec<u8>, Source, PathBuf)>> {
        let local = self.local()?.join(path);
        if let Some(bytes) = file::read_optional(&local)? {
            return Ok(Some((bytes, Source::Worktree, local)));
        }
        if let Some(entry) = tree::file(&self.layout.repo, self.head()?, path.as_bytes())? {
            let is_deleted = !left_out(self.layout, &[path.into()])?.contains(&BString::from(path));
            let name = PathBuf::from(format!("HEAD:{}/{path}", tree::DATA));
            return if is_deleted { Ok(None) } else { Ok(Some((tree::blob(&self.layout.repo, entry.oid)?, Source::Head, name))) };
        }
        let Some(primary) = self.primary().map(|dir| dir.join(path)) else { return Ok(None) };
        Ok(file::read_optional(&primary)?.map(|bytes| (bytes, Source::Primary, primary)))
    }

    /// Every file directly in the directory `path`, by name, from all sources.
    pub(crate) fn folder(&self, path: &str) -> Result<BTreeMap<String, Result<Vec<u8>>>> {
        let mut files = self.primary().map(|dir| in_folder(&dir.join(path))).transpose()?.unwrap_or_default();
        let local = in_folder(&self.local()?.join(path))?;
        let committed = tree::subfolder(&self.layout.repo, self.head()?, path)?.into_iter();
        let missing: Vec<(BString, TreeEntry)> = committed.filter(|(name, _)| !local.contains_key(&name.to_string())).collect();
        let paths: Vec<BString> = missing.iter().map(|(name, _)| format!("{path}/{name}").into()).collect();
        let left_out = left_out(self.layout, &paths)?;
        for ((name, entry), path) in missing.iter().zip(&paths) {
            files.remove(&name.to_string());
            if left_out.contains(path) && entry.is_plain() {
                files.insert(name.to_string(), tree::blob(&self.layout.repo, entry.oid).map_err(Error::Git));
            }
        }
        files.extend(local);
        Ok(files)
    }
}

fn in_folder(dir: &Path) -> Result<BTreeMap<String, Result<Vec<u8>>>> {
    let mut files = BTreeMap::new();
    for name in file::names(dir)? {
        let path = dir.join(&name);
        // git jit creates no names that are not UTF-8. A file that was removed meanwhile is absent.
        if let (Ok(name), Some(bytes)) = (name.into_string(), file::read_optional(&path).transpose()) {
            files.insert(name, bytes);
        }
    }
    Ok(files)
}

/// Which of these paths below `.jit/`, which are in HEAD but not in the worktree, were not deleted but left out by a sparse
/// checkout, or because nothing has been checked out yet.
pub(crate) fn left_out(layout: &Layout, paths: &[BString]) -> Result<HashSet<BString>> {
    let repo = &layout.repo;
    if paths.is_empty() || !repo.index_path().exists() {
        return Ok(paths.iter().cloned().collect());
    }
    let index = repo.open_index().map_err(Error::git("the index"))?;
    let skips = |flags: Flags| flags.contains(Flags::SKIP_WORKTREE);
    let folders: Vec<&[u8]> = if index.is_sparse() {
        let folders = index.entries().iter().filter(|entry| entry.mode.is_sparse() && skips(entry.flags));
        folders.map(|entry| entry.path(&index).as_ref()).collect()
    } else {
        Vec::new()
    };
    let is_left_out = |path: &&BString| {
        let path = BString::from([tree::DATA.as_bytes(), b"/", path.as_slice()].concat());
        folders.iter().any(|folder| path.starts_with(folder))
            || index.entry_by_path(path.as_ref()).is_some_and(|entry| skips(entry.flags))
    };
    Ok(paths.iter().filter(is_left_out).cloned().collect())
}
