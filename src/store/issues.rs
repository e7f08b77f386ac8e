//! Issue files: read from three sources, written to one.
//!
//! The first source that has an id counts, see [`issue_sources`]. Only a missing file leads to the next source. A failed read is
//! an error, or in a listing a warning that names the file. Writes go to this worktree only, under the write lock. Listings of
//! thousands use caches, which never override a file.

mod scan;
mod writer;

use std::cell::{Cell, OnceCell};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::bstr::BString;
use rayon::prelude::*;

use crate::domain::id::{IdError, IssueId, IssueRef};
use crate::domain::issue::{Document, Summary};
use crate::git::tree::{self, TreeEntry};
use crate::store::file;
use crate::store::issue_cache::Cache;
use crate::store::issue_sources::{self, IssueSources};
use crate::store::layout::Layout;
use crate::store::lock;
use crate::store::{Error, Result};

pub(crate) use crate::store::issue_sources::Source;
pub(crate) use crate::store::issues::writer::{IssueWriter, VERSIONED, is_unfinished};

/// The issues as seen from one worktree.
pub(crate) struct IssueStore<'a> {
    layout: &'a Layout,
    sources: IssueSources<'a>,
    files: IssueDirectories,
    head: OnceCell<HeadIssues>,
    entries: OnceCell<BTreeMap<IssueId, TreeEntry>>,
    /// Whether one entry was looked up already: for a second one, a table of all is built.
    looked: Cell<bool>,
}

/// The two sources that are directories.
struct IssueDirectories {
    local: PathBuf,
    primary: Option<PathBuf>,
}

/// The source that is a Git tree.
struct HeadIssues {
    tree: Option<ObjectId>,
    /// Sorted.
    ids: Vec<IssueId>,
}

/// The result of a listing.
pub(crate) struct IssueScan<T> {
    /// The readable issues, sorted by id.
    pub issues: Vec<(T, Source)>,
    /// The errors of the others.
    pub unreadable: Vec<Error>,
}

impl<'a> IssueStore<'a> {
    /// The issues as seen from this worktree; only its own unless `everywhere`.
    pub(crate) fn open(layout: &'a Layout, everywhere: bool) -> Result<Self> {
        let sources = IssueSources::of(layout, everywhere);
        let files =
            IssueDirectories { local: sources.local()?.join("issues"), primary: sources.primary().map(|dir| dir.join("issues")) };
        Ok(Self { layout, sources, files, head: OnceCell::new(), entries: OnceCell::new(), looked: Cell::new(false) })
    }

    /// The sources of its files.
    pub(crate) fn sources(&self) -> IssueSources<'a> {
        self.sources
    }

    /// The ids in the tree of HEAD, read once on demand.
    fn head(&self) -> Result<&HeadIssues> {
        if let Some(head) = self.head.get() {
            return Ok(head);
        }
        let tree = tree::child_folder(&self.layout.repo, self.sources.head()?, b"issues")?;
        let cache = self.cache();
        let ids = if let Some(ids) = tree.and_then(|tree| cache.ids(tree)) {
            ids
        } else {
            let ids: Vec<IssueId> = self.entries_of(tree)?.keys().copied().collect();
            if let Some(tree) = tree {
                cache.keep_ids(tree, &ids);
            }
            ids
        };
        Ok(self.head.get_or_init(|| HeadIssues { tree, ids }))
    }

    fn entries_of(&self, tree: Option<ObjectId>) -> Result<&BTreeMap<IssueId, TreeEntry>> {
        if let Some(entries) = self.entries.get() {
            return Ok(entries);
        }
        let issue = |(name, entry): (BString, TreeEntry)| Some((IssueId::from_file_name(&name)?, entry));
        let entries = tree::entries(&self.layout.repo, tree)?.into_iter().filter_map(issue).collect();
        Ok(self.entries.get_or_init(|| entries))
    }

    /// The entry of an issue in the tree of HEAD; the first lookup builds no table of all entries.
    fn entry(&self, id: IssueId) -> Result<Option<TreeEntry>> {
        let (repo, data) = (&self.layout.repo, self.sources.head()?);
        if self.entries.get().is_none() && !self.looked.replace(true) {
            return Ok(tree::file(repo, data, format!("issues/{}", id.file_name()).as_bytes())?);
        }
        Ok(self.entries_of(tree::child_folder(repo, data, b"issues")?)?.get(&id).copied())
    }

    fn cache(&self) -> Cache {
        Cache::new(&self.layout.shared_dir(), self.layout.modes)
    }

    /// The path of an issue's file in this worktree, whether or not it exists.
    pub(crate) fn local_path(&self, id: IssueId) -> PathBuf {
        self.files.local.join(id.file_name())
    }

    /// The issue that a reference names, and the source that has it.
    pub(crate) fn find(&self, typed: &IssueRef) -> Result<std::result::Result<(IssueId, Source), IdError>> {
        if let Some(id) = typed.full()
            && let Some(source) = self.locate(id)?
        {
            return Ok(Ok((id, source)));
        }
        let ids = self.ids_where(|id| typed.matches(id))?;
        let source_of = |id: IssueId| ids.iter().find(|(other, _)| *other == id).map_or(Source::Worktree, |(_, source)| *source);
        Ok(typed.resolve(ids.iter().map(|(id, _)| *id)).map(|id| (id, source_of(id))))
    }

    /// The source that has this issue, found without a listing.
    pub(crate) fn locate(&self, id: IssueId) -> Result<Option<Source>> {
        if self.local_path(id).exists() {
            return Ok(Some(Source::Worktree));
        }
        if self.head()?.ids.binary_search(&id).is_ok() {
            return Ok(self.deleted(&[id])?.is_empty().then_some(Source::Head));
        }
        let primary = self.files.primary.as_ref().filter(|primary| primary.join(id.file_name()).exists());
        Ok(primary.map(|_| Source::Primary))
    }

    /// The ids in all sources, sorted, each with the source that has it.
    pub(crate) fn ids(&self) -> Result<Vec<(IssueId, Source)>> {
        self.ids_where(|_| true)
    }

    fn ids_where(&self, wanted: impl Fn(&IssueId) -> bool) -> Result<Vec<(IssueId, Source)>> {
        let local = in_dir(&self.files.local, &wanted)?;
        let is_local = |id: &IssueId| local.binary_search(id).is_ok();
        let missing = without(self.head()?.ids.iter().filter(|id| wanted(id)), &local);
        let deleted = self.deleted(&missing)?;
        let mut ids: Vec<(IssueId, Source)> = local.iter().map(|id| (*id, Source::Worktree)).collect();
        ids.extend(missing.iter().filter(|id| !deleted.contains(id)).map(|id| (*id, Source::Head)));
        if let Some(primary) = &self.files.primary {
            let others = in_dir(primary, &wanted)?.into_iter();
            let others = others.filter(|id| !is_local(id) && missing.binary_search(id).is_err());
            ids.extend(others.map(|id| (id, Source::Primary)));
        }
        ids.sort_unstable_by_key(|(id, _)| *id);
        Ok(ids)
    }

    /// Which of `missing`, which are in HEAD but not in the worktree, were deleted here, so that no other source provides them.
    fn deleted(&self, missing: &[IssueId]) -> Result<BTreeSet<IssueId>> {
        let path = |id: &IssueId| BString::from(format!("issues/{}", id.file_name()));
        let paths: Vec<BString> = missing.iter().map(path).collect();
        let left_out = issue_sources::left_out(self.layout, &paths)?;
        Ok(missing.iter().zip(&paths).filter(|(_, path)| !left_out.contains(*path)).map(|(id, _)| *id).collect())
    }

    /// Reads an issue from its source.
    pub(crate) fn load(&self, id: IssueId, source: Source) -> Result<Document> {
        if source != Source::Head {
            return self.files.load(id, source);
        }
        let path = PathBuf::from(format!("HEAD:{}/issues/{}", tree::DATA, id.file_name()));
        match self.entry(id)? {
            Some(entry) => parse(&tree::blob(&self.layout.repo, entry.oid)?, id, path),
            None => Err(Error::Corrupt { path, line: None, why: "is not there".into() }),
        }
    }

    /// Reads every issue. Unreadable ones are part of the result.
    pub(crate) fn list(&self) -> Result<IssueScan<Document>> {
        let (committed, on_disk): (Vec<_>, Vec<_>) = self.ids()?.into_iter().partition(|(_, source)| *source == Source::Head);
        // The object database is used by one thread; files are read in parallel.
        let files = &self.files;
        let mut read: Vec<(IssueId, Source, Result<Document>)> =
            on_disk.into_par_iter().map(|(id, source)| (id, source, files.load(id, source))).collect();
        read.extend(committed.into_iter().map(|(id, source)| (id, source, self.load(id, source))));
        read.sort_by_key(|(id, ..)| *id);
        Ok(IssueScan::of(read.into_iter().map(|(_, source, document)| (source, document))))
    }

    /// Reads the summary of every issue, from caches where possible.
    pub(crate) fn scan_summaries(&self) -> Result<IssueScan<Summary>> {
        scan::scan_summaries(self)
    }

    /// Acquires the write lock of the repository, and returns the only way to write an issue.
    pub(crate) fn lock(&self) -> Result<IssueWriter> {
        self.layout.require_worktree()?;
        let path = lock::path(&self.layout.shared_dir(), "issues");
        let guard = lock::acquire(&path, self.layout.modes, lock::PATIENCE)?;
        IssueWriter::open(self.layout, guard)
    }

    /// Whether the issue's file in this worktree differs from HEAD.
    pub(crate) fn differs_from_head(&self, id: IssueId) -> Result<bool> {
        let here = file::read_optional(&self.local_path(id))?;
        match (here, self.entry(id)?) {
            (None, None) => Ok(false),
            (Some(bytes), Some(entry)) => Ok(tree::blob(&self.layout.repo, entry.oid)? != bytes),
            (None, Some(_)) => Ok(!self.deleted(&[id])?.is_empty()),
            (Some(_), None) => Ok(true),
        }
    }
}

impl<T> IssueScan<T> {
    /// Collects results that are sorted by id.
    fn of(read: impl Iterator<Item = (Source, Result<T>)>) -> Self {
        let mut unreadable = Vec::new();
        // A vector's iterator is collected in place, so thousands of results are not moved.
        let readable = |(source, issue): (Source, Result<T>)| match issue {
            Ok(issue) => Some((issue, source)),
            Err(error) => {
                unreadable.push(error);
                None
            }
        };
        let issues = read.filter_map(readable).collect();
        Self { issues, unreadable }
    }
}

impl IssueDirectories {
    fn dir(&self, source: Source) -> &Path {
        self.primary.as_ref().filter(|_| source == Source::Primary).unwrap_or(&self.local)
    }

    fn load(&self, id: IssueId, source: Source) -> Result<Document> {
        let path = self.dir(source).join(id.file_name());
        let bytes = file::read(&path).map_err(Error::io("read", &path))?;
        parse(&bytes, id, path)
    }
}

fn parse(bytes: &[u8], id: IssueId, path: PathBuf) -> Result<Document> {
    Document::parse(bytes, id).map_err(|error| Error::Corrupt { path, line: None, why: error.to_string() })
}

/// The path of an issue's file, relative to the root of a worktree.
pub(crate) fn path_of(id: IssueId) -> PathBuf {
    Path::new(tree::DATA).join("issues").join(id.file_name())
}

/// The wanted ids of the issue files in a directory, sorted.
fn in_dir(dir: &Path, wanted: impl Fn(&IssueId) -> bool) -> Result<Vec<IssueId>> {
    let mut ids = Vec::new();
    file::each_name(dir, |name| ids.extend(IssueId::from_file_name(name.as_encoded_bytes()).filter(&wanted)))?;
    ids.sort_unstable();
    Ok(ids)
}

/// The ids that are not in `others`; both are sorted.
fn without<'i>(ids: impl Iterator<Item = &'i IssueId>, others: &[IssueId]) -> Vec<IssueId> {
    let mut others = others.iter().peekable();
    let mut is_other = |id: &IssueId| {
        while others.next_if(|other| *other < id).is_some() {}
        others.peek() == Some(&id)
    };
    ids.filter(|id| !is_other(id)).copied().collect()
}
