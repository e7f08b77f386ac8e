//! Summaries of all issues: a file is read only if the cache has no entry for its current stamp.

use std::path::Path;

use rayon::prelude::*;

use crate::domain::id::IssueId;
use crate::domain::issue::Summary;
use crate::store::file;
use crate::store::file_stamp::{DirectoryScan, FileStamp};
use crate::store::issue_cache::Cache;
use crate::store::issue_cache::summary_cache::SummaryCache;
use crate::store::issues::{IssueScan, IssueStore, Source, parse};
use crate::store::{Error, Result};

/// The number of files that a thread processes at a time.
const CHUNK: usize = 128;

pub(crate) fn scan_summaries(store: &IssueStore<'_>) -> Result<IssueScan<Summary>> {
    let (cache, local) = (store.cache(), store.files.dir(Source::Worktree));
    let mut cached = SummaryCache::default();
    let ids = rayon::in_place_scope(|scope| {
        scope.spawn(|_| cached = cache.summaries_of_dir(local));
        store.ids()
    })?;
    let of = |wanted: Source| -> Vec<IssueId> { ids.iter().filter(|(_, source)| *source == wanted).map(|(id, _)| *id).collect() };
    let (here, elsewhere) = (of(Source::Worktree), of(Source::Primary));
    let mut scanned = in_dir(store, Source::Worktree, &here, &cached, &cache);
    if !elsewhere.is_empty() {
        cached = cache.summaries_of_dir(store.files.dir(Source::Primary));
        scanned.append(&mut in_dir(store, Source::Primary, &elsewhere, &cached, &cache));
    }
    scanned.append(&mut committed(store, &of(Source::Head), &cache)?);
    if !scanned.is_sorted_by_key(|scanned| scanned.id) {
        scanned.sort_by_key(|scanned| scanned.id);
    }
    Ok(IssueScan::of(scanned.into_iter().map(|scanned| (scanned.source, scanned.summary))))
}

/// The issues of a directory.
fn in_dir(store: &IssueStore<'_>, source: Source, ids: &[IssueId], cached: &SummaryCache, cache: &Cache) -> Vec<ScannedIssue> {
    let dir = store.files.dir(source);
    let directory = DirectoryScan::begin(dir);
    let scan = |place: &mut usize, id: &IssueId| {
        let stamp = directory.stamp(*id);
        let summary = stamp.and_then(|stamp| cached.find(*id, stamp, place));
        ScannedIssue { id: *id, source, stamp, is_fresh: summary.is_none(), summary: summary.map_or_else(|| read(dir, *id), Ok) }
    };
    let scanned: Vec<ScannedIssue> = ids.par_iter().with_min_len(CHUNK).map_init(|| 0, scan).collect();
    // Only this directory was listed completely, so only its summaries can be cached.
    let fresh = || scanned.iter().filter(|scanned| scanned.is_fresh && scanned.cacheable(&directory).is_some()).count();
    if source == Source::Worktree && SummaryCache::pays(fresh()) {
        cache.keep_dir(dir, &directory, scanned.iter().filter_map(|scanned| scanned.cacheable(&directory)));
    }
    scanned
}

/// An issue with its stamp and summary.
struct ScannedIssue {
    id: IssueId,
    source: Source,
    stamp: Option<FileStamp>,
    /// Whether it had to be read.
    is_fresh: bool,
    summary: Result<Summary>,
}

impl ScannedIssue {
    /// What may be cached: nothing of a file that has just changed.
    fn cacheable(&self, directory: &DirectoryScan) -> Option<(&FileStamp, &Summary)> {
        let stamp = self.stamp.as_ref().filter(|stamp| directory.is_settled(stamp))?;
        Some((stamp, self.summary.as_ref().ok()?))
    }
}

fn read(dir: &Path, id: IssueId) -> Result<Summary> {
    let path = dir.join(id.file_name());
    let bytes = file::read(&path).map_err(Error::io("read", &path))?;
    parse(&bytes, id, path).map(|document| Summary::from(document.issue()))
}

/// The issues of HEAD's tree; they need no stamp, since the tree's id identifies its content.
fn committed(store: &IssueStore<'_>, ids: &[IssueId], cache: &Cache) -> Result<Vec<ScannedIssue>> {
    let Some(tree) = store.head()?.tree.filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let (cached, mut place) = (cache.summaries_of_tree(tree), 0);
    let mut scan = |id: &IssueId| {
        let cached = cached.find(*id, FileStamp::NONE, &mut place);
        let is_fresh = cached.is_none();
        let load = || store.load(*id, Source::Head).map(|document| Summary::from(document.issue()));
        ScannedIssue { id: *id, source: Source::Head, stamp: None, is_fresh, summary: cached.map_or_else(load, Ok) }
    };
    let scanned: Vec<ScannedIssue> = ids.iter().map(&mut scan).collect();
    if SummaryCache::pays(scanned.iter().filter(|scanned| scanned.is_fresh).count()) {
        cache.keep_tree(tree, scanned.iter().filter_map(|scanned| scanned.summary.as_ref().ok()));
    }
    Ok(scanned)
}
