//! All issues in short: each file is looked at, and read only if the cache does not have it as it is.

use std::path::Path;

use rayon::prelude::*;

use super::cache::Cache;
use super::kept::Kept;
use super::look::{Look, Stamp};
use super::{IssueStore, Listing, Source, parse};
use crate::domain::id::IssueId;
use crate::domain::issue::Summary;
use crate::store::{Error, Result};

/// Files that one thread looks at before it asks for more.
const CHUNK: usize = 256;

pub(super) fn survey(store: &IssueStore<'_>) -> Result<Listing<Summary>> {
    let ids = store.ids()?;
    let of = |wanted: Source| -> Vec<IssueId> { ids.iter().filter(|(_, source)| **source == wanted).map(|(id, _)| *id).collect() };
    let cache = store.cache();
    let mut read = Vec::with_capacity(ids.len());
    for source in [Source::Worktree, Source::Primary] {
        let wanted = of(source);
        if wanted.is_empty() {
            continue;
        }
        let found = in_dir(store.files.dir(source), &wanted, &cache, source == Source::Worktree);
        read.extend(found.into_iter().map(|(id, summary)| (id, source, summary)));
    }
    read.extend(committed(store, &of(Source::Head), &cache)?.into_iter().map(|(id, summary)| (id, Source::Head, summary)));
    Ok(Listing::of(read))
}

/// The issues of a directory. `is_whole`: they are all that it has, so that what was read can be kept for the next time.
fn in_dir(dir: &Path, ids: &[IssueId], cache: &Cache, is_whole: bool) -> Vec<(IssueId, Result<Summary>)> {
    let kept = cache.summaries_of_dir(dir);
    let look = Look::begin(dir);
    let one = |id: &IssueId| {
        let stamp = look.stamp(&id.file_name());
        match (stamp, kept.find(*id)) {
            (Some(stamp), Some((known, summary))) if known == stamp => (*id, Some(stamp), true, Ok(summary)),
            (stamp, _) => (*id, stamp, false, read(dir, *id)),
        }
    };
    let seen: Vec<(IssueId, Option<Stamp>, bool, Result<Summary>)> =
        ids.par_chunks(CHUNK).flat_map_iter(|chunk| chunk.iter().map(one)).collect();
    let is_new = |(_, stamp, was_kept, summary): &(IssueId, Option<Stamp>, bool, Result<Summary>)| {
        !was_kept && summary.is_ok() && stamp.is_some_and(|stamp| look.is_settled(&stamp))
    };
    if is_whole && Kept::pays(seen.iter().filter(|one| is_new(one)).count()) {
        let settled = seen.iter().filter_map(|(_, stamp, was_kept, summary)| {
            let stamp = stamp.as_ref().filter(|stamp| *was_kept || look.is_settled(stamp))?;
            Some((stamp, summary.as_ref().ok()?))
        });
        cache.keep_dir(dir, &look, settled);
    }
    seen.into_iter().map(|(id, _, _, summary)| (id, summary)).collect()
}

fn read(dir: &Path, id: IssueId) -> Result<Summary> {
    let path = dir.join(id.file_name());
    let bytes = std::fs::read(&path).map_err(Error::io("read", &path))?;
    parse(&bytes, id, path).map(|document| Summary::from(document.issue()))
}

/// The issues of HEAD's tree, whose name says what is in it.
fn committed(store: &IssueStore<'_>, ids: &[IssueId], cache: &Cache) -> Result<Vec<(IssueId, Result<Summary>)>> {
    let Some(tree) = store.head()?.tree.filter(|_| !ids.is_empty()) else { return Ok(Vec::new()) };
    let kept = cache.summaries_of_tree(tree);
    let mut fresh = 0;
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        let summary = if let Some((_, summary)) = kept.find(*id) {
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
