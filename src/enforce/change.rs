//! The changes below `.jit/` in a commit or in what is staged: one [`FileChange`] for each file that is not as expected.
//!
//! With one parent a file is expected to be as it was. In a merge it is expected to be what the three-way rule gives; anything else
//! is a change, even one side kept unchanged.

use std::collections::{BTreeMap, BTreeSet};

use gix::bstr::BString;
use gix::{ObjectId, Repository};

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::policy::Finding;
use crate::domain::transition::Transition;
use crate::enforce::Result;
use crate::enforce::expected_merge::{self, Expected};
use crate::enforce::path_kind::PathKind;
use crate::git::index::Staged;
use crate::git::tree::{self, TreeEntry};

/// A file that is not as expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct FileChange {
    /// Relative to `.jit/`.
    pub path: BString,
    pub kind: PathKind,
    /// The expected versions; in a conflict, those of all parents.
    pub from: Vec<Option<TreeEntry>>,
    /// Whether authority must lead here from all of them rather than from one, because a conflict was resolved.
    pub is_resolution: bool,
    /// The new version; `None` if the file was removed.
    pub to: Option<TreeEntry>,
}

impl From<tree::Difference> for FileChange {
    fn from(difference: tree::Difference) -> Self {
        let kind = PathKind::of(&difference.path);
        Self { kind, path: difference.path, from: vec![difference.old], is_resolution: false, to: difference.new }
    }
}

impl FileChange {
    /// Whether it creates a file that no parent has.
    pub(crate) fn is_creation(&self) -> bool {
        self.to.is_some() && self.from.iter().all(Option::is_none)
    }

    /// The issue that it edits. A new note is not an edit.
    pub(crate) fn edited_issue(&self) -> Option<IssueId> {
        match self.kind {
            PathKind::Note(_) if self.is_creation() => None,
            kind => kind.issue(),
        }
    }

    /// The edit of an issue that this change is at `position`, if it is one.
    pub(crate) fn edit(&self, position: Position<'_>) -> Option<Edit> {
        let (is_creation, is_resolution) = (self.is_creation(), self.is_resolution);
        let edit = |issue| Edit { issue, commit: position.commit, is_creation, steps: self.steps().collect(), is_resolution };
        self.edited_issue().map(edit)
    }

    /// The path as it is recorded.
    pub(crate) fn name(&self) -> String {
        self.path.to_string()
    }

    /// The transitions that need authority, one for each version that it may start from.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Transition> {
        let version = |entry: &Option<TreeEntry>| entry.as_ref().map(TreeEntry::version);
        self.from.iter().map(move |from| (version(from), version(&self.to)))
    }

    /// The defect of the file itself, with or without a lease.
    pub(crate) fn defect(&self, repo: &Repository) -> Option<Finding> {
        let to = self.to?;
        let invalid = |why: String| Finding::Invalid { path: format!("{}/{}", tree::DATA, self.path), why, commit: None };
        if self.kind == PathKind::Other && PathKind::of(&self.path.to_ascii_lowercase()) != PathKind::Other {
            return Some(invalid("is a git jit file only on case-insensitive file systems".to_owned()));
        }
        if self.path == "issues" || self.path == "notes" {
            return Some(invalid("is not a directory".to_owned()));
        }
        if self.kind != PathKind::Other && !to.is_plain() {
            return Some(invalid("is not a plain file".to_owned()));
        }
        let PathKind::Issue(id) = self.kind else { return None };
        match tree::blob(repo, to.oid) {
            Ok(bytes) => Document::parse(&bytes, id).err().map(|error| invalid(error.to_string())),
            Err(error) => Some(invalid(error.to_string())),
        }
    }
}

/// Where a change is made: on top of these commits, by this one or, where there is none yet, by what is staged.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Position<'a> {
    pub commit: Option<ObjectId>,
    pub parents: &'a [ObjectId],
}

/// An edit of an issue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edit {
    pub issue: IssueId,
    /// The commit that makes it; `None` while it is staged or about to be written.
    pub commit: Option<ObjectId>,
    /// Whether it creates the file: no parent has it.
    pub is_creation: bool,
    /// From which version to which: one step for each version that it may start from.
    pub steps: Vec<Transition>,
    /// Whether every step must be authorised rather than one, because a conflict was resolved.
    pub is_resolution: bool,
}

/// The side of a comparison with parents.
pub(crate) enum Compared<'a> {
    /// What is staged.
    Staged(&'a Staged),
    /// A commit.
    Commit(ObjectId),
}

/// The changes that `side` makes to what is expected from its `parents`.
pub(crate) fn changes(
    repo: &Repository,
    scratch: &std::path::Path,
    side: &Compared<'_>,
    parents: &[ObjectId],
) -> Result<Vec<FileChange>> {
    let trees = parents.iter().map(|parent| tree::data_tree(repo, *parent)).collect::<std::result::Result<Vec<_>, _>>()?;
    let mut paths = BTreeSet::new();
    let mut against_first = Vec::new();
    for (n, parent) in trees.iter().copied().chain(trees.is_empty().then_some(None)).enumerate() {
        let differences = differences(repo, side, parent)?;
        paths.extend(differences.iter().map(|difference| difference.path.clone()));
        if n == 0 {
            against_first = differences;
        }
    }
    if parents.len() < 2 {
        return Ok(against_first.into_iter().map(FileChange::from).collect());
    }
    let merge = expected_merge::MergeContext::new(repo, scratch, parents, &trees, &paths)?;
    let new: BTreeMap<BString, Option<TreeEntry>> = against_first.into_iter().map(|it| (it.path, it.new)).collect();
    let mut changes = Vec::new();
    for path in paths {
        let to = match new.get(&path) {
            Some(to) => *to,
            None => merge.ours(&path),
        };
        let kind = PathKind::of(&path);
        let (from, is_resolution) = match merge.expected(&path, to)? {
            Expected::One(versions) => (versions, false),
            Expected::Conflict(versions) => (versions, true),
        };
        if is_resolution || !from.contains(&to) {
            changes.push(FileChange { path, kind, from, is_resolution, to });
        }
    }
    Ok(changes)
}

fn differences(repo: &Repository, side: &Compared<'_>, parent: Option<ObjectId>) -> Result<Vec<tree::Difference>> {
    match side {
        Compared::Commit(commit) => Ok(tree::differences(repo, parent, tree::data_tree(repo, *commit)?)?),
        Compared::Staged(Staged::Tree(tree)) => Ok(tree::differences(repo, parent, *tree)?),
        Compared::Staged(Staged::Files { files, .. }) => Ok(tree::differences_from(repo, parent, files)?),
    }
}

/// Top-level entries of a commit that no parent has and that are `.jit` only after case folding, or are `.jit` but not a directory.
pub(crate) fn misplaced(repo: &Repository, commit: ObjectId, parents: &[ObjectId]) -> Result<Vec<Finding>> {
    let mut found = tree::misplaced(repo, commit)?;
    for parent in parents {
        if found.is_empty() {
            break;
        }
        let before = tree::misplaced(repo, *parent)?;
        found.retain(|entry| !before.contains(entry));
    }
    Ok(found.into_iter().map(|(name, _)| misplacement(name).in_commit(commit)).collect())
}

/// The finding about such an entry.
pub(crate) fn misplacement(path: String) -> Finding {
    let why = if path == tree::DATA { "is not a directory" } else { "is .jit only on case-insensitive file systems" };
    Finding::Invalid { path, why: why.to_owned(), commit: None }
}
