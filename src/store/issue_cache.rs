//! A cache of issue summaries, below `<common dir>/jit/cache/`.
//!
//! It can be deleted at any time, is written best effort, and never overrides a file: an entry is valid only while the file's
//! stamp is unchanged, and only if the file was old enough when it was read (as in Git's handling of racy index entries).
//! Summaries of a tree are cached under the tree's id.

pub(crate) mod summary_cache;

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use gix::ObjectId;

use crate::domain::id::IssueId;
use crate::domain::issue::Summary;
use crate::store::file::{self, Modes};
use crate::store::file_stamp::{COARSEST_TICK, DirectoryScan, FileStamp, nanos, ticks};
use crate::store::issue_cache::summary_cache::{Reader, SummaryCache, encode, put_number, put_text};

/// How many trees are cached: the newest ones.
const TREES_KEPT: usize = 8;

/// The caches of a repository.
pub(crate) struct Cache {
    dir: PathBuf,
    modes: Modes,
}

impl Cache {
    /// The caches below the shared directory.
    pub(crate) fn new(shared_dir: &Path, modes: Modes) -> Self {
        Self { dir: shared_dir.join("cache"), modes }
    }

    /// The cached summaries of a directory.
    pub(crate) fn summaries_of_dir(&self, dir: &Path) -> SummaryCache {
        let owner = dir.as_os_str().as_encoded_bytes();
        self.load(&dir_name(owner), owner)
    }

    /// The cached summaries of a tree.
    pub(crate) fn summaries_of_tree(&self, tree: ObjectId) -> SummaryCache {
        self.load(&format!("tree-{tree}.summaries"), tree.as_bytes())
    }

    fn load(&self, name: &str, owner: &[u8]) -> SummaryCache {
        self.read(name).and_then(|bytes| SummaryCache::of(bytes, owner)).unwrap_or_default()
    }

    /// The ids of the issues in a tree, sorted, if they are cached.
    pub(crate) fn ids(&self, tree: ObjectId) -> Option<Vec<IssueId>> {
        let bytes = self.read(&format!("tree-{tree}.ids"))?;
        let mut read = Reader { bytes: &bytes, at: 0 };
        if read.take(summary_cache::MAGIC.len())? != summary_cache::MAGIC || read.text()? != tree.as_bytes() {
            return None;
        }
        let ids: Vec<IssueId> = (0..read.number()?).map(|_| read.id()).collect::<Option<_>>()?;
        (read.at == bytes.len() && ids.is_sorted()).then_some(ids)
    }

    /// Caches the ids of the issues in a tree.
    pub(crate) fn keep_ids(&self, tree: ObjectId, ids: &[IssueId]) {
        if SummaryCache::pays(ids.len()) {
            let mut bytes = summary_cache::MAGIC.to_vec();
            put_text(&mut bytes, tree.as_bytes());
            put_number(&mut bytes, ids.len());
            for id in ids {
                bytes.extend(id.as_bytes());
            }
            self.write(&format!("tree-{tree}.ids"), bytes);
            self.prune();
        }
    }

    /// Caches the summaries of those files in a directory that were old enough when they were read.
    pub(crate) fn keep_dir<'s>(&self, dir: &Path, look: &DirectoryScan, found: impl Iterator<Item = (&'s FileStamp, &'s Summary)>) {
        // The file system may have its own clock, so its current time counts too.
        let Some(now) = self.now_there() else { return };
        let limit = look.began_at.min(now - ticks(look.began.elapsed())) - ticks(COARSEST_TICK);
        let owner = dir.as_os_str().as_encoded_bytes();
        self.write(&dir_name(owner), encode(owner, found.filter(|(stamp, _)| stamp.touched() < limit)));
        self.prune();
    }

    /// Caches the summaries of a tree.
    pub(crate) fn keep_tree<'s>(&self, tree: ObjectId, found: impl Iterator<Item = &'s Summary>) {
        let found = found.map(|summary| (&FileStamp::NONE, summary));
        self.write(&format!("tree-{tree}.summaries"), encode(tree.as_bytes(), found));
        self.prune();
    }

    fn now_there(&self) -> Option<i64> {
        file::make_dir(&self.dir, self.modes).ok()?;
        let probe = tempfile::Builder::new().prefix(file::TEMPORARY).tempfile_in(&self.dir).ok()?;
        probe.as_file().metadata().ok()?.modified().ok().map(nanos)
    }

    /// The content that was written under this name, if it is complete.
    fn read(&self, name: &str) -> Option<Vec<u8>> {
        let mut bytes = file::read(&self.dir.join(name)).ok()?;
        let sum = bytes.split_off(bytes.len().checked_sub(4)?);
        (crc32fast::hash(&bytes).to_le_bytes() == *sum).then_some(bytes)
    }

    /// Writes a cache, best effort: a reader may not have the permission.
    fn write(&self, name: &str, mut bytes: Vec<u8>) {
        bytes.extend(crc32fast::hash(&bytes).to_le_bytes());
        if file::make_dir(&self.dir, self.modes).is_ok() {
            let _ = file::replace(&self.dir.join(name), &bytes, self.modes);
        }
    }

    /// Removes the caches of all but the newest trees, and of directories that no longer exist.
    fn prune(&self) {
        let names = file::names(&self.dir).unwrap_or_default();
        let mut trees = Vec::new();
        for path in names.iter().map(|name| self.dir.join(name)) {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            if name.starts_with("tree-") {
                let age = path.metadata().and_then(|metadata| metadata.modified());
                trees.push((age.unwrap_or(SystemTime::UNIX_EPOCH), path));
            } else if name.starts_with("dir-") && self.read(&name).is_none_or(|bytes| !is_of_a_directory(&bytes)) {
                let _ = std::fs::remove_file(path);
            }
        }
        trees.sort();
        let too_many = trees.len().saturating_sub(2 * TREES_KEPT);
        for (_, path) in trees.drain(..too_many) {
            let _ = std::fs::remove_file(path);
        }
    }
}

fn is_of_a_directory(bytes: &[u8]) -> bool {
    let mut read = Reader { bytes, at: summary_cache::MAGIC.len() };
    #[cfg(unix)]
    let path = read.text().map(|owner| PathBuf::from(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(owner)));
    #[cfg(not(unix))]
    let path = read.text().and_then(|owner| std::str::from_utf8(owner).ok()).map(PathBuf::from);
    path.is_some_and(|path| path.is_dir())
}

fn dir_name(owner: &[u8]) -> String {
    format!("dir-{:08x}{:08x}.summaries", crc32fast::hash(owner), crc32fast::hash(&[owner, b"/"].concat()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::issue::{Document, Draft};

    fn issue(dir: &Path) -> Summary {
        let id = IssueId::from_bytes([7; 16]);
        let document = Document::create(&Draft::new(id, "Title", String::new()));
        file::replace(&dir.join(id.file_name()), document.as_bytes(), Modes::PRIVATE).expect("written");
        Summary::from(document.issue())
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_just_changed_is_not_cached_whatever_this_clock_reads() {
        let scratch = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(scratch.path(), Modes::PRIVATE);
        let summary = issue(scratch.path());
        let mut look = DirectoryScan::begin(scratch.path());
        let stamp = look.stamp(summary.id).expect("it is there");
        assert!(!look.is_settled(&stamp));
        // A clock that runs ahead of the file system's.
        look.began_at += 3_600_000_000_000;
        assert!(look.is_settled(&stamp));
        cache.keep_dir(scratch.path(), &look, [(&stamp, &summary)].into_iter());
        assert_eq!(cache.summaries_of_dir(scratch.path()).find(summary.id, stamp, &mut 0), None);
    }

    #[test]
    fn a_cache_is_valid_for_its_owner_only_and_garbage_is_ignored() {
        let scratch = tempfile::tempdir().expect("a directory");
        let cache = Cache::new(scratch.path(), Modes::PRIVATE);
        let summary =
            Summary { labels: vec!["a:b".into()], assignee: Some(String::new()), is_deleted: true, ..issue(scratch.path()) };
        let tree = ObjectId::null(gix::hash::Kind::Sha1);
        cache.keep_tree(tree, [&summary].into_iter());
        assert_eq!(cache.summaries_of_tree(tree).find(summary.id, FileStamp::NONE, &mut 0), Some(summary.clone()));
        assert_eq!(cache.summaries_of_tree(tree).find(IssueId::from_bytes([8; 16]), FileStamp::NONE, &mut 0), None);
        let path = scratch.path().join("cache").join(format!("tree-{tree}.summaries"));
        let good = file::read(&path).expect("written");
        for at in 0..good.len() {
            let mut bad = good.clone();
            bad[at] ^= 1;
            file::replace(&path, &bad, Modes::PRIVATE).expect("written");
            assert_eq!(cache.summaries_of_tree(tree).find(summary.id, FileStamp::NONE, &mut 0), None, "byte {at}");
            file::replace(&path, &good[..at], Modes::PRIVATE).expect("written");
            assert_eq!(cache.summaries_of_tree(tree).find(summary.id, FileStamp::NONE, &mut 0), None, "{at} bytes");
        }
    }
}
