//! The three-way rule: what a file must be in a merge that was not edited.
//!
//! If both sides are equal, that version. If one side is unchanged since a merge base, the other side. If both changed, the result
//! of the merge driver for an issue, or Git's clean text merge. Any merge base may be used. More than two parents are merged one
//! after the other, as Git does.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gix::bstr::BString;
use gix::{ObjectId, Repository};

use crate::domain::merge::{self, Versions};
use crate::enforce::Result;
use crate::enforce::path_kind::PathKind;
use crate::git;
use crate::git::history;
use crate::git::tree::{self, FilesByPath, TreeEntry};

/// What a file may be after a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any of these.
    One(Vec<Option<TreeEntry>>),
    /// There is no mechanical merge. A resolution is an edit that starts from all of these.
    Conflict(Vec<Option<TreeEntry>>),
}

/// A merge of two or more parents.
pub(crate) struct MergeContext<'a> {
    repo: &'a Repository,
    scratch: PathBuf,
    parents: Vec<FilesByPath>,
    /// For each parent after the first, the files of its merge bases with those before it.
    bases: Vec<Vec<FilesByPath>>,
    /// For the same, if there are several bases, the files of their own merge bases: Git merges the bases first.
    below: Vec<Vec<FilesByPath>>,
    /// Merged texts that are not in the object database, for the merge with the next parent.
    made: RefCell<BTreeMap<ObjectId, Vec<u8>>>,
}

/// A file, and its version in the merge commit.
#[derive(Clone, Copy)]
struct MergedFile<'p> {
    path: &'p BString,
    to: Option<TreeEntry>,
}

impl<'a> MergeContext<'a> {
    /// The merge of `parents`, whose `.jit` trees are `trees`, for the files at `paths`.
    pub(crate) fn new(
        repo: &'a Repository,
        scratch: &Path,
        parents: &[ObjectId],
        trees: &[Option<ObjectId>],
        paths: &BTreeSet<BString>,
    ) -> Result<Self> {
        let files = |tree: &Option<ObjectId>| tree::files_where(repo, *tree, |path| paths.contains(path));
        let (mut bases, mut below) = (Vec::new(), Vec::new());
        for n in 1..parents.len() {
            let commits = history::merge_bases(repo, parents[n], &parents[..n])?;
            let mut deeper = Vec::new();
            if let [first, second, ..] = commits.as_slice() {
                for base in history::merge_bases(repo, *first, &[*second])? {
                    deeper.push(files(&tree::data_tree(repo, base)?)?);
                }
            }
            below.push(deeper);
            let mut found = Vec::new();
            for base in commits {
                found.push(files(&tree::data_tree(repo, base)?)?);
            }
            if found.is_empty() {
                found.push(FilesByPath::new());
            }
            bases.push(found);
        }
        let parents = trees.iter().map(files).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Self { repo, scratch: scratch.to_owned(), parents, bases, below, made: RefCell::default() })
    }

    /// The first parent's version of the file at `path`, which must be one of those given to [`Self::new`].
    pub(crate) fn ours(&self, path: &BString) -> Option<TreeEntry> {
        self.parents[0].get(path).copied()
    }

    /// What the file at `path` must be, which must be one of those given to [`Self::new`]. `to` is its version in the merge commit: if
    /// the merge driver's result is that, Git is not asked.
    pub(crate) fn expected(&self, path: &BString, to: Option<TreeEntry>) -> Result<Expected> {
        let versions: Vec<Option<TreeEntry>> = self.parents.iter().map(|files| files.get(path).copied()).collect();
        let file = MergedFile { path, to };
        let mut outcomes = vec![versions[0]];
        for (n, theirs) in versions[1..].iter().enumerate() {
            let mut bases: Vec<Option<TreeEntry>> = self.bases[n].iter().map(|files| files.get(path).copied()).collect();
            for below in &self.below[n] {
                let made = self.three_way(MergedFile { path, to: None }, [bases[0], below.get(path).copied(), bases[1]])?;
                // A base with conflict markers is useless; the driver then merges without a base.
                bases.extend(if made.is_empty() { vec![None] } else { made });
            }
            let mut next = Vec::new();
            for base in distinct(bases) {
                for ours in &outcomes {
                    next.extend(self.three_way(file, [*ours, base, *theirs])?);
                }
            }
            outcomes = distinct(next);
        }
        Ok(if outcomes.is_empty() { Expected::Conflict(distinct(versions)) } else { Expected::One(outcomes) })
    }

    /// The possible merges of our version, the base and their version of a file; empty for a conflict.
    fn three_way(&self, file: MergedFile<'_>, [ours, base, theirs]: [Option<TreeEntry>; 3]) -> Result<Vec<Option<TreeEntry>>> {
        if ours == theirs || theirs == base {
            return Ok(vec![ours]);
        }
        if ours == base {
            return Ok(vec![theirs]);
        }
        let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(Vec::new()) };
        let mode = match base {
            _ if ours.mode == theirs.mode => ours.mode,
            Some(base) if base.mode == ours.mode => theirs.mode,
            Some(base) if base.mode == theirs.mode => ours.mode,
            _ => return Ok(Vec::new()),
        };
        if !ours.is_plain() || !theirs.is_plain() {
            return Ok(Vec::new());
        }
        let base = base.map(|entry| self.text(entry.oid)).transpose()?;
        let (ours, theirs) = (self.text(ours.oid)?, self.text(theirs.oid)?);
        let mut entries = Vec::new();
        if let Some(text) = self.by_field(file.path, Versions { base: base.as_deref(), ours: &ours, theirs: &theirs }) {
            entries.push(self.entry(text, mode)?);
            if entries[0] == file.to {
                return Ok(entries);
            }
        }
        for text in git::merge::merge_texts(&self.scratch, &ours, &base.unwrap_or_default(), &theirs)? {
            entries.push(self.entry(text, mode)?);
        }
        Ok(entries)
    }

    /// The merge driver's result for an issue, if it leaves no conflict.
    fn by_field(&self, path: &BString, versions: Versions<'_>) -> Option<Vec<u8>> {
        let PathKind::Issue(id) = PathKind::of(path) else { return None };
        let lines = git::merge::by_lines(&self.scratch);
        let merge = merge::IssueMerge::of(versions, &lines).ok().filter(|merge| merge.issue == id)?;
        merge.clean().map(String::into_bytes)
    }

    fn entry(&self, text: Vec<u8>, mode: u16) -> Result<Option<TreeEntry>> {
        let oid = tree::blob_id(self.repo, &text)?;
        self.made.borrow_mut().insert(oid, text);
        Ok(Some(TreeEntry { oid, mode }))
    }

    fn text(&self, oid: ObjectId) -> Result<Vec<u8>> {
        match self.made.borrow().get(&oid) {
            Some(text) => Ok(text.clone()),
            None => Ok(tree::blob(self.repo, oid)?),
        }
    }
}

fn distinct(mut versions: Vec<Option<TreeEntry>>) -> Vec<Option<TreeEntry>> {
    versions.sort_unstable();
    versions.dedup();
    versions
}
