//! What is staged, by the fastest of three ways that works: the cache-tree, the entries, or `git diff-index`.
//!
//! Git itself reads a split index, which depends on files beside it, and any index that this program does not understand.

use gix::bstr::{BString, ByteSlice};
use gix::{ObjectId, Repository};

use crate::git::index::{self, Staged};
use crate::git::run::Git;
use crate::git::tree::{self, FilesByPath, TreeEntry};
use crate::git::{Error, Result};

/// The prefix of the files that hold the rest of a split index.
const SHARED: &[u8] = b"sharedindex.";

/// What is staged below `.jit/`. `head` is the commit of HEAD, and `data` its `.jit` tree, which is often staged unchanged.
pub(crate) fn read(repo: &Repository, head: Option<ObjectId>, data: Option<ObjectId>) -> Result<Staged> {
    if !may_be_split(repo)
        && let Some(staged) = index::read(repo, data)?
    {
        return Ok(staged);
    }
    // If nothing differs from HEAD, no list of all files is needed.
    if let Some(head) = head
        && by_git(repo, head)?.is_empty()
    {
        return Ok(Staged::Tree(data));
    }
    let mut files = FilesByPath::new();
    let mut misplaced = Vec::new();
    for (path, entry) in by_git(repo, ObjectId::empty_tree(repo.object_hash()))? {
        match path.strip_prefix(tree::DATA.as_bytes()).and_then(|rest| rest.strip_prefix(b"/")) {
            Some(below) => _ = files.insert(below.into(), entry),
            None => misplaced.push(path.to_string()),
        }
    }
    if files.is_empty() && misplaced.is_empty() {
        return Ok(Staged::Tree(None));
    }
    Ok(Staged::Files { files, misplaced })
}

/// Whether the index may be split. If the Git directory cannot be listed, assume so: then Git reads the index.
fn may_be_split(repo: &Repository) -> bool {
    let Ok(entries) = repo.git_dir().read_dir() else { return true };
    let is_shared = |entry: std::io::Result<std::fs::DirEntry>| {
        entry.map_or(true, |entry| entry.file_name().as_encoded_bytes().starts_with(SHARED))
    };
    entries.into_iter().any(is_shared)
}

/// The entries below `.jit`, in any spelling, in which the index differs from `before`, a commit or a tree; by `git diff-index`.
fn by_git(repo: &Repository, before: ObjectId) -> Result<Vec<(BString, TreeEntry)>> {
    let here = repo.workdir().unwrap_or_else(|| repo.git_dir());
    let git =
        Git::at(here).env("GIT_NO_REPLACE_OBJECTS", "1").env("GIT_DIR", repo.git_dir()).env("GIT_INDEX_FILE", repo.index_path());
    let git = if let Some(root) = repo.workdir() { git.env("GIT_WORK_TREE", root) } else { git };
    let before = before.to_string();
    let words = [
        "-c",
        "index.sparse=false",
        "diff-index",
        "--cached",
        "--no-renames",
        "--ita-invisible-in-index",
        "--no-ext-diff",
        "-z",
        before.as_str(),
        "--",
        ":(top,icase).jit",
    ];
    let output = git.run(&words)?;
    let strange = |line: &[u8]| {
        let why = format!("cannot parse the output of git diff-index: {:?}", line.as_bstr());
        Error::Corrupt { path: repo.index_path(), why }
    };
    let mut found = Vec::new();
    let mut fields = output.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    while let (Some(line), Some(path)) = (fields.next(), fields.next()) {
        let (mode, oid, is_in_conflict) = entry(line).ok_or_else(|| strange(line))?;
        if !is_in_conflict {
            found.push((path.into(), TreeEntry { oid, mode }));
        }
    }
    Ok(found)
}

/// Parses `:<old mode> <mode> <old id> <id> <letter>`: the new mode and id, and whether the path is in conflict.
fn entry(line: &[u8]) -> Option<(u16, ObjectId, bool)> {
    let words: Vec<&[u8]> = line.strip_prefix(b":")?.split(|byte| *byte == b' ').collect();
    let [_, mode, _, id, letter] = words.as_slice() else { return None };
    let mode = u16::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
    Some((mode, ObjectId::from_hex(id).ok()?, *letter == b"U"))
}
