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
    let mut kept = SummaryCache::default();
    let ids = rayon::in_place_scope(|scope| {
        scope.spawn(|_| kept = cache.summaries_of_dir(local));
        store.ids()
    })?;
    let of = |wanted: Source| -> Vec<IssueId> { ids.iter().filter(|(_, source)| *source == wanted).map(|(id, _)| *id).collect() };
    let (here, elsewhere) = (of(Source::Worktree), of(Source::Primary));
    let mut seen = in_dir(store, Source::Worktree, &here, &kept, &cache);
    if !elsewhere.is_empty() {
        kept = cache.summaries_of_dir(store.files.dir(Source::Primary));
        seen.append(&mut in_dir(store, Source::Primary, &elsewhere, &kept, &cache));
    }
    seen.append(&mut committed(store, &of(Source::Head), &cache)?);
    if !seen.is_sorted_by_key(|seen| seen.id) {
        seen.sort_by_key(|seen| seen.id);
    }
    Ok(IssueScan::of(seen.into_iter().map(|seen| (seen.source, seen.summary))))
}

/// The issues of a directory.
fn in_dir(store: &IssueStore<'_>, source: Source, ids: &[IssueId], kept: &SummaryCache, cache: &Cache) -> Vec<Seen> {
    let dir = store.files.dir(source);
    let look = DirectoryScan::begin(dir);
    let see = |place: &mut usize, id: &IssueId| {
        let stamp = look.stamp(*id);
        let summary = stamp.and_then(|stamp| kept.find(*id, stamp, place));
        Seen { id: *id, source, stamp, is_fresh: summary.is_none(), summary: summary.map_or_else(|| read(dir, *id), Ok) }
    };
    let seen: Vec<Seen> = ids.par_iter().with_min_len(CHUNK).map_init(|| 0, see).collect();
    // Only this directory was listed completely, so only its summaries can be cached.
    let fresh = || seen.iter().filter(|seen| seen.is_fresh && seen.can_be_kept(&look).is_some()).count();
    if source == Source::Worktree && SummaryCache::pays(fresh()) {
        cache.keep_dir(dir, &look, seen.iter().filter_map(|seen| seen.can_be_kept(&look)));
    }
    seen
}

/// An issue with its stamp and summary.
struct Seen {
    id: IssueId,
    source: Source,
    stamp: Option<FileStamp>,
    /// Whether it had to be read.
    is_fresh: bool,
    summary: Result<Summary>,
}

impl Seen {
    /// What may be cached: nothing of a file that has just changed.
    fn can_be_kept(&self, look: &DirectoryScan) -> Option<(&FileStamp, &Summary)> {
        let stamp = self.stamp.as_ref().filter(|stamp| look.is_settled(stamp))?;
        Some((stamp, self.summary.as_ref().ok()?))
    }
}

fn read(dir: &Path, id: IssueId) -> Result<Summary> {
    let path = dir.join(id.file_name());
    let bytes = file::read(&path).map_err(Error::io("read", &path))?;
    parse(&bytes, id, path).map(|document| Summary::from(document.issue()))
}

/// The issues of HEAD's tree; they need no stamp, since the tree's id identifies its content.
fn committed(store: &IssueStore<'_>, ids: &[IssueId], cache: &Cache) -> Result<Vec<Seen>> {
    let Some(tree) = store.head()?.tree.filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let (kept, mut place) = (cache.summaries_of_tree(tree), 0);
    let mut see = |id: &IssueId| {
        let kept = kept.find(*id, FileStamp::NONE, &mut place);
        let is_fresh = kept.is_none();
        let load = || store.load(*id, Source::Head).map(|document| Summary::from(document.issue()));
        Seen { id: *id, source: Source::Head, stamp: None, is_fresh, summary: kept.map_or_else(load, Ok) }
    };
    let seen: Vec<Seen> = ids.iter().map(&mut see).collect();
    if SummaryCache::pays(seen.iter().filter(|seen| seen.is_fresh).count()) {
        cache.keep_tree(tree, seen.iter().filter_map(|seen| seen.summary.as_ref().ok()));
    }
    Ok(seen)
}
