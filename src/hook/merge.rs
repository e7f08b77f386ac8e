//! The three-way rule: what a file must be in a merge that nobody edited.
//!
//! Both sides equal: that. One side unchanged since a merge base: the other side. Both changed: Git's own
//! clean text merge. Any merge base may serve. With more than two parents, one after the other, as Git does it.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix::bstr::BString;
use gix::{ObjectId, Repository};

use super::Result;
use crate::git;
use crate::store::history;
use crate::store::tree::{self, Entry, Files};

/// What a file may be after a merge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Expected {
    /// Any of these.
    One(Vec<Option<Entry>>),
    /// There is no mechanical merge: whoever resolves it edits, starting from all of these.
    Conflict(Vec<Option<Entry>>),
}

/// A merge of two or more parents.
pub(crate) struct Merge<'a> {
    repo: &'a Repository,
    scratch: PathBuf,
    parents: Vec<Files>,
    /// For each parent after the first, the files of its merge bases with those before it.
    bases: Vec<Vec<Files>>,
    /// For the same, the files of the merge bases of those bases, where there are several: Git merges them first.
    below: Vec<Vec<Files>>,
    /// Texts that a merge made and no object holds, for the next parent's turn.
    made: RefCell<BTreeMap<ObjectId, Vec<u8>>>,
}

impl<'a> Merge<'a> {
    /// The merge of `parents`, whose `.jit` trees are `trees`.
    pub(crate) fn new(repo: &'a Repository, scratch: &Path, parents: &[ObjectId], trees: &[Option<ObjectId>]) -> Result<Self> {
        let files = |tree: &Option<ObjectId>| tree::files(repo, *tree);
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
                found.push(Files::new());
            }
            bases.push(found);
        }
        let parents = trees.iter().map(files).collect::<std::result::Result<Vec<_>, _>>()?;
        Ok(Self { repo, scratch: scratch.to_owned(), parents, bases, below, made: RefCell::default() })
    }

    /// What the first parent has at `path`.
    pub(crate) fn ours(&self, path: &BString) -> Option<Entry> {
        self.parents[0].get(path).copied()
    }

    /// What the file at `path` must be.
    pub(crate) fn expected(&self, path: &BString) -> Result<Expected> {
        let versions: Vec<Option<Entry>> = self.parents.iter().map(|files| files.get(path).copied()).collect();
        let mut outcomes = vec![versions[0]];
        for (n, theirs) in versions[1..].iter().enumerate() {
            let mut bases: Vec<Option<Entry>> = self.bases[n].iter().map(|files| files.get(path).copied()).collect();
            for below in &self.below[n] {
                bases.extend(self.three_way(bases[0], below.get(path).copied(), bases[1])?);
            }
            let mut next = Vec::new();
            for base in distinct(bases) {
                for ours in &outcomes {
                    next.extend(self.three_way(*ours, base, *theirs)?);
                }
            }
            outcomes = distinct(next);
        }
        Ok(if outcomes.is_empty() { Expected::Conflict(distinct(versions)) } else { Expected::One(outcomes) })
    }

    fn three_way(&self, ours: Option<Entry>, base: Option<Entry>, theirs: Option<Entry>) -> Result<Vec<Option<Entry>>> {
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
        let base = base.map(|entry| self.text(entry.oid)).transpose()?.unwrap_or_default();
        let merged = git::merge_texts(&self.scratch, &self.text(ours.oid)?, &base, &self.text(theirs.oid)?)?;
        let mut entries = Vec::new();
        for text in merged {
            let oid = tree::blob_id(self.repo, &text)?;
            self.made.borrow_mut().insert(oid, text);
            entries.push(Some(Entry { oid, mode }));
        }
        Ok(entries)
    }

    fn text(&self, oid: ObjectId) -> Result<Vec<u8>> {
        match self.made.borrow().get(&oid) {
            Some(text) => Ok(text.clone()),
            None => Ok(tree::blob(self.repo, oid)?),
        }
    }
}

fn distinct(mut versions: Vec<Option<Entry>>) -> Vec<Option<Entry>> {
    versions.sort_unstable();
    versions.dedup();
    versions
}
