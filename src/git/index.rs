//! What is staged below `.jit/`, read from the index file in this process.
//!
//! As in a commit, only entries at stage zero count, and not those that `git add --intent-to-add` created. The cache-tree
//! extension shows that nothing changed without reading any entry; it is valid when Git runs a commit hook.

mod cache_tree;
mod entries;
pub(crate) mod staged;

use gix::bstr::{BString, ByteSlice};
use gix::{ObjectId, Repository};

use crate::git::Result;
use crate::git::history;
use crate::git::tree::{self, FilesByPath, TreeEntry};

/// The mode of a sparse index's entry for a directory.
const FOLDER: u32 = 0o040_000;

/// What the index holds below `.jit/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Staged {
    /// Exactly the files of this tree, or no files.
    Tree(Option<ObjectId>),
    /// These files, read entry by entry.
    Files {
        /// By path relative to `.jit/`.
        files: FilesByPath,
        /// Full paths of entries that are `.jit` or below it only after case folding, or that make `.jit` a file.
        misplaced: Vec<String>,
    },
}

/// Reads the index. `head` is the `.jit` tree of HEAD, which is often staged unchanged. `None` if this reader does not understand
/// the index.
pub(crate) fn read(repo: &Repository, head: Option<ObjectId>) -> Result<Option<Staged>> {
    let path = repo.index_path();
    if !path.exists() {
        return Ok(Some(Staged::Tree(None)));
    }
    let staged = cache_tree::staged_tree(&path, repo.object_hash(), tree::DATA.as_bytes());
    if let Some((whole, staged)) = staged
        && (Some(staged) == head || history::is_here(repo, staged))
        && tree::misplaced_in(repo, whole).is_ok_and(|misplaced| misplaced.is_empty())
    {
        return Ok(Some(Staged::Tree(Some(staged))));
    }
    let Some(entries) = entries::below(&path, repo.object_hash(), tree::DATA.as_bytes()) else { return Ok(None) };
    let mut files: Vec<(BString, TreeEntry)> = Vec::with_capacity(entries.len());
    let mut misplaced = Vec::new();
    for entry in entries.into_iter().filter(|entry| entry.stage == 0 && !entry.is_intent_to_add) {
        let (top, below) = match entry.path.find_byte(b'/') {
            Some(slash) => (&entry.path[..slash], Some(&entry.path[slash + 1..])),
            None => (entry.path.as_slice(), None),
        };
        match below {
            _ if !top.eq_ignore_ascii_case(tree::DATA.as_bytes()) => {}
            Some(below) if top == tree::DATA.as_bytes() && entry.mode == FOLDER => {
                // A sparse index has one entry for a whole directory; its path ends in a slash.
                for (name, file) in tree::files(repo, Some(entry.oid))? {
                    files.push(([below, name.as_slice()].concat().into(), file));
                }
            }
            Some(below) if top == tree::DATA.as_bytes() => {
                let mode = u16::try_from(entry.mode).unwrap_or_default();
                files.push((below.into(), TreeEntry { oid: entry.oid, mode }));
            }
            _ => misplaced.push(entry.path.as_bstr().to_string()),
        }
    }
    if files.is_empty() && misplaced.is_empty() {
        return Ok(Some(Staged::Tree(None)));
    }
    Ok(Some(Staged::Files { files: files.into_iter().collect(), misplaced }))
}
