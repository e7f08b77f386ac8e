//! Issue files: read from three places, written in one.
//!
//! The first place that has an id wins whole: this worktree's `.jit/issues/`, the tree of HEAD, the primary
//! worktree's `.jit/issues/`. Only absence moves on to the next place; a failed read is an error, or in a
//! listing a warning that names the file. Writes go to this worktree alone, under the write lock.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use gix::bstr::BString;
use gix::index::entry::Flags;
use rayon::prelude::*;
use serde::Serialize;

use super::file::{self, Modes};
use super::layout::Layout;
use super::lock;
use super::tree::{self, Entry};
use super::{Error, Result};
use crate::domain::id::{IdError, IssueId, IssueRef};
use crate::domain::issue::Document;

/// Where an issue was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Source {
    /// This worktree's file.
    Worktree,
    /// The commit that is checked out.
    Head,
    /// The primary worktree's file.
    Primary,
}

/// The issues as one worktree sees them.
pub(crate) struct IssueStore<'a> {
    layout: &'a Layout,
    files: Files,
    everywhere: bool,
    head: OnceCell<BTreeMap<IssueId, Entry>>,
}

/// The two places that are directories.
struct Files {
    local: PathBuf,
    primary: Option<PathBuf>,
}

/// What a listing found.
pub(crate) struct Listing {
    /// Every issue that could be read, by id.
    pub issues: Vec<(Document, Source)>,
    /// What could not, in words that name the file.
    pub unreadable: Vec<Error>,
}

impl<'a> IssueStore<'a> {
    /// The issues as this worktree sees them; `everywhere` is false where only the first place counts.
    pub(crate) fn open(layout: &'a Layout, everywhere: bool) -> Result<Self> {
        let dir = |root: &Path| Layout::data_dir(root).join("issues");
        // A bare root sees what its primary worktree does, and writes nowhere.
        let seen = layout.worktree_root.as_deref().or(layout.primary_root.as_deref());
        let local = dir(seen.map_or_else(|| layout.require_worktree(), Ok)?);
        let primary = layout.primary_root.as_deref().filter(|_| everywhere && !layout.is_primary()).map(dir);
        Ok(Self { layout, files: Files { local, primary }, everywhere, head: OnceCell::new() })
    }

    /// The issues in the tree of HEAD, read once and only when somebody asks.
    fn head(&self) -> Result<&BTreeMap<IssueId, Entry>> {
        if let Some(head) = self.head.get() {
            return Ok(head);
        }
        let head = if self.everywhere { committed(self.layout)? } else { BTreeMap::new() };
        Ok(self.head.get_or_init(|| head))
    }

    /// The file of an issue in this worktree, whether it is there or not.
    pub(crate) fn local_path(&self, id: IssueId) -> PathBuf {
        self.files.local.join(id.file_name())
    }

    /// The one issue that was meant, and the place that has it.
    pub(crate) fn find(&self, typed: &IssueRef) -> Result<std::result::Result<(IssueId, Source), IdError>> {
        if let Some(id) = typed.full()
            && let Some(source) = self.locate(id)?
        {
            return Ok(Ok((id, source)));
        }
        let ids = self.ids()?;
        Ok(typed.resolve(ids.keys().copied()).map(|id| (id, ids[&id])))
    }

    /// The place that has this issue, looked up without listing any.
    pub(crate) fn locate(&self, id: IssueId) -> Result<Option<Source>> {
        if self.local_path(id).exists() {
            return Ok(Some(Source::Worktree));
        }
        if self.head()?.contains_key(&id) {
            return Ok(self.deleted(BTreeSet::from([id]))?.is_empty().then_some(Source::Head));
        }
        let primary = self.files.primary.as_ref().filter(|primary| primary.join(id.file_name()).exists());
        Ok(primary.map(|_| Source::Primary))
    }

    /// The ids in all places, each with the place that has it.
    pub(crate) fn ids(&self) -> Result<BTreeMap<IssueId, Source>> {
        let local = in_dir(&self.files.local)?;
        let mut ids: BTreeMap<IssueId, Source> = BTreeMap::new();
        if let Some(primary) = &self.files.primary {
            ids.extend(in_dir(primary)?.into_iter().map(|id| (id, Source::Primary)));
        }
        let head = self.head()?;
        let deleted = self.deleted(head.keys().filter(|id| !local.contains(id)).copied().collect())?;
        ids.extend(head.keys().map(|id| (*id, Source::Head)));
        ids.retain(|id, _| !deleted.contains(id));
        ids.extend(local.into_iter().map(|id| (id, Source::Worktree)));
        Ok(ids)
    }

    /// Which of `missing`, which HEAD has and the worktree has not, were deleted here: no other place brings them back.
    ///
    /// A sparse checkout leaves out what is not deleted, and a worktree without an index has not been checked out yet.
    fn deleted(&self, missing: BTreeSet<IssueId>) -> Result<BTreeSet<IssueId>> {
        let repo = &self.layout.repo;
        if missing.is_empty() || !repo.index_path().exists() {
            return Ok(BTreeSet::new());
        }
        let index = repo.open_index().map_err(Error::git("the index"))?;
        let skips = |flags: Flags| flags.contains(Flags::SKIP_WORKTREE);
        let folders: Vec<&[u8]> = if index.is_sparse() {
            let folders = index.entries().iter().filter(|entry| entry.mode.is_sparse() && skips(entry.flags));
            folders.map(|entry| entry.path(&index).as_ref()).collect()
        } else {
            Vec::new()
        };
        let is_left_out = |id: &IssueId| {
            let path = BString::from(format!("{}/issues/{}", tree::DATA, id.file_name()));
            folders.iter().any(|folder| path.starts_with(folder))
                || index.entry_by_path(path.as_ref()).is_some_and(|entry| skips(entry.flags))
        };
        Ok(missing.into_iter().filter(|id| !is_left_out(id)).collect())
    }

    /// Reads one issue from its place.
    pub(crate) fn load(&self, id: IssueId, source: Source) -> Result<Document> {
        if source != Source::Head {
            return self.files.load(id, source);
        }
        let path = PathBuf::from(format!("HEAD:{}/issues/{}", tree::DATA, id.file_name()));
        match self.head()?.get(&id) {
            Some(entry) => parse(&tree::blob(&self.layout.repo, entry.oid)?, id, path),
            None => Err(Error::Corrupt { path, line: None, why: "is not there".into() }),
        }
    }

    /// Reads every issue. What cannot be read is counted and named, never passed over.
    pub(crate) fn list(&self) -> Result<Listing> {
        let ids = self.ids()?;
        let (committed, on_disk): (Vec<_>, Vec<_>) = ids.into_iter().partition(|(_, source)| *source == Source::Head);
        // The object database is for one thread; files are read on all of them.
        let files = &self.files;
        let mut read: Vec<(IssueId, Source, Result<Document>)> =
            on_disk.into_par_iter().map(|(id, source)| (id, source, files.load(id, source))).collect();
        read.extend(committed.into_iter().map(|(id, source)| (id, source, self.load(id, source))));
        read.sort_by_key(|(id, ..)| *id);
        let mut listing = Listing { issues: Vec::with_capacity(read.len()), unreadable: Vec::new() };
        for (_, source, document) in read {
            match document {
                Ok(document) => listing.issues.push((document, source)),
                Err(error) => listing.unreadable.push(error),
            }
        }
        Ok(listing)
    }

    /// Holds the write lock of the repository, the only way to write an issue.
    pub(crate) fn lock(&self) -> Result<Writer> {
        self.layout.require_worktree()?;
        let path = lock::path(&self.layout.shared_dir(), "issues");
        let guard = lock::acquire(&path, self.layout.modes, lock::PATIENCE)?;
        Ok(Writer { local: self.files.local.clone(), _guard: guard })
    }

    /// Whether the issue's file here is not what HEAD has.
    pub(crate) fn differs_from_head(&self, id: IssueId) -> Result<bool> {
        let here = file::read_optional(&self.local_path(id))?;
        match (here, self.head()?.get(&id)) {
            (None, None) => Ok(false),
            (Some(bytes), Some(entry)) => Ok(tree::blob(&self.layout.repo, entry.oid)? != bytes),
            (None, Some(_)) => Ok(!self.deleted(BTreeSet::from([id]))?.is_empty()),
            (Some(_), None) => Ok(true),
        }
    }
}

impl Files {
    fn load(&self, id: IssueId, source: Source) -> Result<Document> {
        let dir = self.primary.as_ref().filter(|_| source == Source::Primary).unwrap_or(&self.local);
        let path = dir.join(id.file_name());
        let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
        parse(&bytes, id, path)
    }
}

fn parse(bytes: &[u8], id: IssueId, path: PathBuf) -> Result<Document> {
    Document::parse(bytes, id).map_err(|error| Error::Corrupt { path, line: None, why: error.to_string() })
}

/// May write issues, as long as it lives.
pub(crate) struct Writer {
    local: PathBuf,
    _guard: lock::Guard,
}

impl Writer {
    /// Writes an issue's file in this worktree.
    pub(crate) fn write(&self, document: &Document) -> Result<()> {
        file::make_dir(&self.local, VERSIONED)?;
        file::rewrite(&self.local.join(document.issue().id.file_name()), document.as_bytes(), VERSIONED)
    }
}

/// Versioned files have the permissions that Git would give them: what the umask leaves.
pub(crate) const VERSIONED: Modes = Modes { file: 0o666, dir: 0o777, is_exact: false };

fn in_dir(dir: &Path) -> Result<BTreeSet<IssueId>> {
    let entries = match std::fs::read_dir(dir) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory) => {
            return Ok(BTreeSet::new());
        }
        Err(error) => return Err(Error::io("list", dir)(error)),
    };
    let name = |entry: std::io::Result<std::fs::DirEntry>| match entry {
        Ok(entry) => Ok(IssueId::from_file_name(entry.file_name().as_encoded_bytes())),
        Err(error) => Err(Error::io("list", dir)(error)),
    };
    entries.filter_map(|entry| name(entry).transpose()).collect()
}

fn committed(layout: &Layout) -> Result<BTreeMap<IssueId, Entry>> {
    let Some(commit) = tree::head_commit(&layout.repo)? else { return Ok(BTreeMap::new()) };
    let data = tree::data_tree(&layout.repo, commit)?;
    let issue = |(name, entry): (BString, Entry)| Some((IssueId::from_file_name(&name)?, entry));
    Ok(tree::folder(&layout.repo, data, b"issues")?.into_iter().filter_map(issue).collect())
}
