//! What is staged below `.jit/`: the index that Git names, read in-process.
//!
//! Only entries at stage zero that are no mere intent to add count, as a commit would take them. The
//! cache-tree tells without reading any entry that nothing changed; it is valid when Git runs a commit hook.

mod cache_tree;

use gix::bstr::ByteSlice;
use gix::index::entry::{Flags, Mode};
use gix::{ObjectId, Repository};

use super::tree::{self, Entry, Files};
use super::{Error, Result, history};

/// What the index holds below `.jit/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Staged {
    /// Exactly the files of this tree, or nothing at all.
    Tree(Option<ObjectId>),
    /// These files, as read entry by entry.
    Files {
        /// By path relative to `.jit/`.
        files: Files,
        /// Whole paths of entries that are `.jit` or lie below it only after case folding, or that make `.jit` itself no directory.
        misplaced: Vec<String>,
    },
}

/// Reads the index; `head` is the `.jit` tree of HEAD, which is often what is staged too.
pub(crate) fn read(repo: &Repository, head: Option<ObjectId>) -> Result<Staged> {
    let path = repo.index_path();
    if !path.exists() {
        return Ok(Staged::Tree(None));
    }
    let staged = cache_tree::staged_tree(&path, repo.object_hash(), tree::DATA.as_bytes());
    if let Some(staged) = staged.filter(|staged| Some(*staged) == head || history::is_here(repo, *staged)) {
        return Ok(Staged::Tree(Some(staged)));
    }
    let options = gix::index::decode::Options::default();
    let index = gix::index::File::at(&path, repo.object_hash(), true, options).map_err(Error::git(path.display().to_string()))?;
    let mut files = Files::new();
    let mut misplaced = Vec::new();
    for entry in index.entries() {
        let path = entry.path(&index);
        let (top, below) = path.split_once_str("/").map_or((path.as_bytes(), None), |(top, below)| (top, Some(below)));
        if !top.eq_ignore_ascii_case(tree::DATA.as_bytes()) {
            continue;
        }
        if entry.stage_raw() != 0 || entry.flags.contains(Flags::INTENT_TO_ADD) {
            continue;
        }
        match below {
            Some(below) if top == tree::DATA.as_bytes() && entry.mode.contains(Mode::DIR) && !entry.mode.contains(Mode::FILE) => {
                // A sparse index stands for a whole directory with one entry, whose path ends in a slash.
                for (name, file) in tree::files(repo, Some(entry.id))? {
                    let mut path = below.to_vec();
                    path.extend_from_slice(&name);
                    files.insert(path.into(), file);
                }
            }
            Some(below) if top == tree::DATA.as_bytes() => {
                let mode = u16::try_from(entry.mode.bits()).unwrap_or_default();
                files.insert(below.into(), Entry { oid: entry.id, mode });
            }
            _ => misplaced.push(path.to_string()),
        }
    }
    if files.is_empty() && misplaced.is_empty() {
        return Ok(Staged::Tree(None));
    }
    Ok(Staged::Files { files, misplaced })
}
