//! All issues in short: each file is looked at, and read only if the cache does not have it as it is.

use std::path::Path;

use rayon::prelude::*;

use super::cache::Cache;
use super::kept::Kept;
use super::look::{Look, Stamp};
use super::{IssueStore, Listing, Source, parse};
use crate::domain::id::IssueId;
use crate::domain::issue::Summary;
use crate::store::{Error, Result, file};

/// Files that one thread looks at before it asks for more.
const CHUNK: usize = 256;

pub(super) fn survey(store: &IssueStore<'_>) -> Result<Listing<Summary>> {
    let ids = store.ids()?;
    let of = |wanted: Source| -> Vec<IssueId> { ids.iter().filter(|(_, source)| *source == wanted).map(|(id, _)| *id).collect() };
    let cache = store.cache();
    let mut read = Vec::with_capacity(ids.len());
    for source in [Source::Worktree, Source::Primary] {
        let wanted = of(source);
        if wanted.is_empty() {
            continue;
        }
        let found = in_dir(store.files.dir(source), &wanted, &cache, source == Source::Worktree);
        read.extend(found.into_iter().filter_map(|seen| Some((seen.id, source, seen.summary?))));
    }
    read.extend(committed(store, &of(Source::Head), &cache)?.into_iter().map(|(id, summary)| (id, Source::Head, summary)));
    Ok(Listing::of(read))
}

/// The issues of a directory. `is_whole`: they are all that it has, so that what was read can be kept for the next time.
fn in_dir(dir: &Path, ids: &[IssueId], cache: &Cache, is_whole: bool) -> Vec<Seen> {
    let look = Look::begin(dir);
    // A look costs more than what is made of it: only that is shared among threads, and nothing is allocated there.
    let stamps = || ids.par_chunks(CHUNK).flat_map_iter(|chunk| chunk.iter().map(|id| look.stamp(*id))).collect();
    let (stamps, kept): (Vec<Option<Stamp>>, Kept) = rayon::join(stamps, || cache.summaries_of_dir(dir));
    let recall = |(id, stamp): (&IssueId, Option<Stamp>)| {
        let summary = stamp.and_then(|stamp| kept.find(*id, stamp));
        Seen { id: *id, stamp, is_fresh: summary.is_none(), summary: summary.map(Ok) }
    };
    let mut seen: Vec<Seen> = ids.iter().zip(stamps).map(recall).collect();
    if seen.iter().any(|seen| seen.is_fresh) {
        seen.par_iter_mut().filter(|seen| seen.is_fresh).for_each(|seen| seen.summary = Some(read(dir, seen.id)));
    }
    if is_whole && Kept::pays(seen.iter().filter(|seen| seen.is_fresh && seen.can_be_kept(&look).is_some()).count()) {
        cache.keep_dir(dir, &look, seen.iter().filter_map(|seen| seen.can_be_kept(&look)));
    }
    seen
}

/// An issue's file that was looked at.
struct Seen {
    id: IssueId,
    stamp: Option<Stamp>,
    /// Whether it had to be read.
    is_fresh: bool,
    summary: Option<Result<Summary>>,
}

impl Seen {
    /// What may be kept of it: not of a file that was touched a moment ago.
    fn can_be_kept(&self, look: &Look) -> Option<(&Stamp, &Summary)> {
        let stamp = self.stamp.as_ref().filter(|stamp| look.is_settled(stamp))?;
        Some((stamp, self.summary.as_ref()?.as_ref().ok()?))
    }
}

fn read(dir: &Path, id: IssueId) -> Result<Summary> {
    let path = dir.join(id.file_name());
    let bytes = file::read(&path).map_err(Error::io("read", &path))?;
    parse(&bytes, id, path).map(|document| Summary::from(document.issue()))
}

/// The issues of HEAD's tree, whose name says what is in it.
fn committed(store: &IssueStore<'_>, ids: &[IssueId], cache: &Cache) -> Result<Vec<(IssueId, Result<Summary>)>> {
    let Some(tree) = store.head()?.tree.filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let kept = cache.summaries_of_tree(tree);
    let mut fresh = 0;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        let summary = if let Some(summary) = kept.find(*id, Stamp::NONE) {
            Ok(summary)
        } else {
            fresh += 1;
            store.load(*id, Source::Head).map(|document| Summary::from(document.issue()))
        };
        all.push((*id, summary));
    }
    if Kept::pays(fresh) {
        cache.keep_tree(tree, all.iter().filter_map(|(_, summary)| summary.as_ref().ok()));
    }
    Ok(all)
}
