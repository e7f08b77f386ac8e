//! Reads the `.jit` tree of a commit. Absent, unborn and corrupt are three different answers.
//!
//! Paths are raw bytes relative to `.jit/`.

mod compare;

use std::collections::BTreeMap;

use gix::bstr::{BString, ByteSlice};
use gix::{ObjectId, Repository};

use crate::domain::transition::FileVersion;
use crate::git::{Error, Result};

pub(crate) use compare::{Difference, differences, differences_from};

/// The directory that holds all versioned data.
pub(crate) const DATA: &str = ".jit";

/// The mode of a directory.
const FOLDER: u16 = 0o40_000;

/// An entry of a tree: object id and mode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TreeEntry {
    /// The blob, or the commit of a submodule.
    pub oid: ObjectId,
    /// The mode that the tree records.
    pub mode: u16,
}

impl TreeEntry {
    /// Whether it is a regular file, executable or not.
    pub(crate) fn is_plain(&self) -> bool {
        matches!(self.mode, 0o100_644 | 0o100_755 | 0o100_664)
    }

    /// The form in which the authority log records it.
    pub(crate) fn version(&self) -> FileVersion {
        FileVersion { oid: self.oid.to_string(), mode: self.mode }
    }
}

/// Files by path relative to `.jit/`.
pub(crate) type FilesByPath = BTreeMap<BString, TreeEntry>;

/// The commit of HEAD; `None` on an unborn branch.
pub(crate) fn head_commit(repo: &Repository) -> Result<Option<ObjectId>> {
    let head = repo.head().map_err(Error::unreadable("HEAD"))?;
    if head.is_unborn() {
        return Ok(None);
    }
    let mut head = head;
    head.peel_to_commit().map(|commit| Some(commit.id)).map_err(Error::unreadable("the commit of HEAD"))
}

/// The tree of a commit.
fn root(repo: &Repository, commit: ObjectId) -> Result<ObjectId> {
    let tree = repo.find_commit(commit).and_then(|commit| commit.tree_id().map(gix::Id::detach));
    tree.map_err(Error::unreadable(format!("commit {commit}")))
}

/// The tree named `.jit` of a commit; `None` if there is none.
pub(crate) fn data_tree(repo: &Repository, commit: ObjectId) -> Result<Option<ObjectId>> {
    let data = child(repo, root(repo, commit)?, DATA.as_bytes())?;
    Ok(data.filter(|entry| entry.mode == FOLDER).map(|entry| entry.oid))
}

/// The entry with this name in a tree. Two entries of one name are an error, because readers would disagree which one counts.
fn child(repo: &Repository, tree: ObjectId, name: &[u8]) -> Result<Option<TreeEntry>> {
    let tree = repo.find_tree(tree).map_err(Error::unreadable(format!("tree {tree}")))?;
    let mut found = None;
    for entry in tree.iter() {
        let entry = entry.map_err(Error::unreadable(format!("tree {}", tree.id)))?;
        if entry.filename() == name.as_bstr() {
            let entry = TreeEntry { oid: entry.object_id(), mode: entry.mode().value() };
            if found.replace(entry).is_some() {
                let why = format!("tree {} has '{}' twice", tree.id, name.as_bstr());
                return Err(Error::Corrupt { path: repo.git_dir().join("objects"), why });
            }
        }
    }
    Ok(found)
}

/// One file of a `.jit` tree, by its path relative to it.
pub(crate) fn file(repo: &Repository, data: Option<ObjectId>, path: &[u8]) -> Result<Option<TreeEntry>> {
    let Some(mut here) = data else { return Ok(None) };
    let mut names = path.split(|byte| *byte == b'/').peekable();
    while let Some(name) = names.next() {
        match child(repo, here, name)? {
            Some(entry) if names.peek().is_none() => return Ok((entry.mode != FOLDER).then_some(entry)),
            Some(entry) if entry.mode == FOLDER => here = entry.oid,
            _ => return Ok(None),
        }
    }
    Ok(None)
}

/// The tree of a directory directly in a `.jit` tree.
pub(crate) fn child_folder(repo: &Repository, data: Option<ObjectId>, name: &[u8]) -> Result<Option<ObjectId>> {
    let found = data.map(|data| child(repo, data, name)).transpose()?.flatten();
    Ok(found.filter(|entry| entry.mode == FOLDER).map(|entry| entry.oid))
}

/// The entries directly in the directory at this path of a `.jit` tree.
pub(crate) fn subfolder(repo: &Repository, data: Option<ObjectId>, path: &str) -> Result<Vec<(BString, TreeEntry)>> {
    let mut here = data;
    for name in path.split('/') {
        here = child_folder(repo, here, name.as_bytes())?;
    }
    entries(repo, here)
}

/// All files of a `.jit` tree.
pub(crate) fn files(repo: &Repository, data: Option<ObjectId>) -> Result<FilesByPath> {
    files_where(repo, data, |_| true)
}

/// The files of a `.jit` tree whose paths are wanted. Nothing is allocated for the others, which may be thousands.
pub(crate) fn files_where(repo: &Repository, data: Option<ObjectId>, wanted: impl Fn(&BString) -> bool) -> Result<FilesByPath> {
    let mut files = FilesByPath::new();
    let mut take = |path: &BString, entry: TreeEntry| {
        if wanted(path) {
            files.insert(path.clone(), entry);
        }
    };
    data.map(|data| visit(repo, data, &mut BString::default(), &mut take)).transpose()?;
    Ok(files)
}

/// Visits all files below a tree, in Git's order. `path` is the path of the tree; it is changed during the walk and then restored.
fn visit(repo: &Repository, tree: ObjectId, path: &mut BString, take: &mut impl FnMut(&BString, TreeEntry)) -> Result<()> {
    let tree = repo.find_tree(tree).map_err(Error::unreadable(format!("tree {tree}")))?;
    for entry in tree.iter() {
        let entry = entry.map_err(Error::unreadable(format!("tree {}", tree.id)))?;
        let above = path.len();
        if above > 0 {
            path.push(b'/');
        }
        path.extend_from_slice(entry.filename());
        let found = TreeEntry { oid: entry.object_id(), mode: entry.mode().value() };
        if found.mode == FOLDER {
            visit(repo, found.oid, path, take)?;
        } else {
            take(path, found);
        }
        path.truncate(above);
    }
    Ok(())
}

/// The entries directly in a tree.
pub(crate) fn entries(repo: &Repository, tree: Option<ObjectId>) -> Result<Vec<(BString, TreeEntry)>> {
    let Some(id) = tree else { return Ok(Vec::new()) };
    let failed = || Error::unreadable(format!("tree {id}"));
    let tree = repo.find_tree(id).map_err(failed())?;
    let all = tree.iter().map(|entry| {
        let entry = entry.map_err(failed())?;
        Ok((entry.filename().to_owned(), TreeEntry { oid: entry.object_id(), mode: entry.mode().value() }))
    });
    all.collect()
}

/// Whether a commit has a file at this path, anywhere.
pub(crate) fn has_path(repo: &Repository, commit: ObjectId, path: &str) -> Result<bool> {
    Ok(file(repo, Some(root(repo, commit)?), path.as_bytes())?.is_some())
}

/// The content of a blob.
pub(crate) fn blob(repo: &Repository, oid: ObjectId) -> Result<Vec<u8>> {
    repo.find_blob(oid).map(|mut blob| blob.take_data()).map_err(Error::unreadable(format!("blob {oid}")))
}

/// The id of the blob with this content, whether or not it exists.
pub(crate) fn blob_id(repo: &Repository, content: &[u8]) -> Result<ObjectId> {
    let id = gix::objs::compute_hash(repo.object_hash(), gix::objs::Kind::Blob, content);
    id.map_err(Error::unreadable("a merged text"))
}

/// Top-level entries of a commit that conflict with `.jit`: another spelling of the name, or `.jit` as something other than a
/// directory.
pub(crate) fn misplaced(repo: &Repository, commit: ObjectId) -> Result<Vec<(String, TreeEntry)>> {
    misplaced_in(repo, root(repo, commit)?)
}

/// Entries of a top-level tree that conflict with `.jit`.
pub(crate) fn misplaced_in(repo: &Repository, top: ObjectId) -> Result<Vec<(String, TreeEntry)>> {
    let claims = |name: &[u8], entry: &TreeEntry| {
        name.eq_ignore_ascii_case(DATA.as_bytes()) && (name != DATA.as_bytes() || entry.mode != FOLDER)
    };
    let all = entries(repo, Some(top))?.into_iter().filter(|(name, entry)| claims(name, entry));
    Ok(all.map(|(name, entry)| (name.to_string(), entry)).collect())
}
