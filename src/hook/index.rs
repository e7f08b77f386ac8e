//! What is staged, by the quickest of three ways: the cache-tree, the entries, and where neither can be relied on, Git.
//!
//! Split indexes are Git's to read: what it makes of one depends on files beside it. So is whatever the library fails on.

use gix::bstr::ByteSlice;
use gix::{ObjectId, Repository};

use super::Result;
use crate::git::Git;
use crate::store::staged::{self, Staged};
use crate::store::tree::{self, Entry, Files};
use crate::store::{Error, file};

/// The names of Git's files that hold the rest of a split index.
const SHARED: &[u8] = b"sharedindex.";

/// What the index that Git names has below `.jit/`; `head` is the `.jit` tree of HEAD, which is often what is staged too.
pub(crate) fn read(repo: &Repository, head: Option<ObjectId>) -> Result<Staged> {
    let names = file::names(repo.git_dir())?;
    if !names.iter().any(|name| name.as_encoded_bytes().starts_with(SHARED))
        && let Ok(staged) = staged::read(repo, head)
    {
        return Ok(staged);
    }
    by_git(repo)
}

/// All entries that a commit would take, told as additions to nothing.
fn by_git(repo: &Repository) -> Result<Staged> {
    let here = repo.workdir().unwrap_or_else(|| repo.git_dir());
    let git = Git::at(here).env("GIT_DIR", repo.git_dir()).env("GIT_INDEX_FILE", repo.index_path());
    let git = if let Some(root) = repo.workdir() { git.env("GIT_WORK_TREE", root) } else { git };
    let nothing = ObjectId::empty_tree(repo.object_hash()).to_string();
    let words = [
        "-c",
        "index.sparse=false",
        "diff-index",
        "--cached",
        "--no-renames",
        "--ita-invisible-in-index",
        "--no-ext-diff",
        "-z",
        nothing.as_str(),
        "--",
        ":(top,icase).jit",
    ];
    let output = git.run(&words)?;
    let strange = |line: &[u8]| {
        let why = format!("git says of it what cannot be understood: {:?}", line.as_bstr());
        Error::Corrupt { path: repo.index_path(), line: None, why }
    };
    let (mut files, mut misplaced) = (Files::new(), Vec::new());
    let mut fields = output.split(|byte| *byte == 0).filter(|field| !field.is_empty());
    while let (Some(line), Some(path)) = (fields.next(), fields.next()) {
        let (mode, oid, is_in_conflict) = entry(line).ok_or_else(|| strange(line))?;
        if is_in_conflict {
            continue;
        }
        match path.strip_prefix(tree::DATA.as_bytes()).and_then(|rest| rest.strip_prefix(b"/")) {
            Some(below) => _ = files.insert(below.into(), Entry { oid, mode }),
            None => misplaced.push(path.as_bstr().to_string()),
        }
    }
    if files.is_empty() && misplaced.is_empty() {
        return Ok(Staged::Tree(None));
    }
    Ok(Staged::Files { files, misplaced })
}

/// The new mode and id of `:<old mode> <mode> <old id> <id> <letter>`, and whether the path is in conflict.
fn entry(line: &[u8]) -> Option<(u16, ObjectId, bool)> {
    let words: Vec<&[u8]> = line.strip_prefix(b":")?.split(|byte| *byte == b' ').collect();
    let [_, mode, _, id, letter] = words.as_slice() else { return None };
    let mode = u16::from_str_radix(std::str::from_utf8(mode).ok()?, 8).ok()?;
    Some((mode, ObjectId::from_hex(id).ok()?, *letter == b"U"))
}
