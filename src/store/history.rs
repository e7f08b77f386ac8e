//! Commits: which are new to the world, what they descend from, where the default branch is.
//!
//! Exempt from judgement is what a remote is known to have: its old ids, and the refs that its fetch
//! refspec maps, unless the remote is this very repository or the refs are ones that local commits move.

use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use gix::remote::Direction;
use gix::{ObjectId, Repository};

use super::layout::Layout;
use super::{Error, Result};

/// The commit that a ref, an annotated tag or an id leads to; `None` if there is none of that kind here.
pub(crate) fn commit(repo: &Repository, id: ObjectId) -> Option<ObjectId> {
    let object = repo.try_find_object(id).ok().flatten()?;
    object.peel_to_kind(gix::object::Kind::Commit).ok().map(|commit| commit.id)
}

/// The commit that a full ref name leads to, if there is such a ref.
pub(crate) fn ref_commit(repo: &Repository, name: &str) -> Option<ObjectId> {
    let mut reference = repo.try_find_reference(name).ok().flatten()?;
    reference.peel_to_commit().ok().map(|commit| commit.id)
}

/// The parents of a commit, in order.
pub(crate) fn parents(repo: &Repository, id: ObjectId) -> Result<Vec<ObjectId>> {
    let commit = repo.find_commit(id).map_err(Error::git(format!("commit {id}")))?;
    Ok(commit.parent_ids().map(gix::Id::detach).collect())
}

/// Commits reachable from `tips` and not from `hidden`, newest first.
pub(crate) fn reachable(repo: &Repository, tips: &[ObjectId], hidden: &[ObjectId]) -> Result<Vec<ObjectId>> {
    let failed = || Error::git("the history");
    let walk = repo.rev_walk(tips.iter().copied()).with_hidden(hidden.iter().copied()).all().map_err(failed())?;
    walk.map(|info| info.map(|info| info.id).map_err(failed())).collect()
}

/// The merge bases of `one` with a hypothetical merge of `others`.
pub(crate) fn merge_bases(repo: &Repository, one: ObjectId, others: &[ObjectId]) -> Result<Vec<ObjectId>> {
    let bases = repo.merge_bases_many(one, others).map_err(Error::git(format!("the merge bases of {one}")))?;
    Ok(bases.into_iter().map(gix::Id::detach).collect())
}

/// Whether `ancestor` is `commit` or one that it descends from.
pub(crate) fn is_ancestor(repo: &Repository, ancestor: ObjectId, commit: ObjectId) -> Result<bool> {
    Ok(ancestor == commit || merge_bases(repo, ancestor, &[commit])?.contains(&ancestor))
}

/// The full names of the refs that may be the default branch, those that exist, in order of preference.
pub(crate) fn default_branches(repo: &Repository) -> Vec<String> {
    let configured = repo.config_snapshot().string("jit.defaultBranch").map(|name| name.to_str_lossy().into_owned());
    let named = configured.into_iter().flat_map(|name| {
        if name.starts_with("refs/") {
            vec![name]
        } else {
            vec![format!("refs/remotes/origin/{name}"), format!("refs/remotes/{name}"), format!("refs/heads/{name}")]
        }
    });
    let usual = [
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
        "refs/remotes/origin/master",
        "refs/heads/main",
        "refs/heads/master",
    ];
    let all = named.chain(usual.map(str::to_owned));
    all.filter(|name| ref_commit(repo, name).is_some()).collect()
}

/// Commits that remotes are known to have: the tips of their tracking refs.
pub(crate) fn published_tips(layout: &Layout) -> Result<Vec<ObjectId>> {
    let repo = &layout.repo;
    let mut patterns: Vec<BString> = Vec::new();
    for name in repo.remote_names() {
        // A remote that cannot be read exempts nothing.
        let Ok(remote) = repo.find_remote(&name) else { continue };
        let url = remote.url(Direction::Fetch);
        if url.is_none_or(|url| url.scheme == gix::url::Scheme::File && is_this_repository(layout, url)) {
            continue;
        }
        let specs = remote.refspecs(Direction::Fetch).iter();
        patterns.extend(specs.filter_map(|spec| spec.to_ref().destination().map(ToOwned::to_owned)));
    }
    // Local commits move branches and tags, whatever a refspec says that maps there.
    patterns.retain(|pattern| !pattern.starts_with(b"refs/heads/") && !pattern.starts_with(b"refs/tags/"));
    let mut tips = Vec::new();
    let platform = repo.references().map_err(Error::git("the refs"))?;
    for reference in platform.all().map_err(Error::git("the refs"))? {
        // A ref that cannot be read exempts nothing.
        let Ok(mut reference) = reference else { continue };
        let name = reference.name().as_bstr();
        let is_local = name.starts_with(b"refs/heads/") || name.starts_with(b"refs/tags/");
        if !is_local
            && patterns.iter().any(|pattern| matches(pattern, name))
            && let Ok(commit) = reference.peel_to_commit()
        {
            tips.push(commit.id);
        }
    }
    tips.sort_unstable();
    tips.dedup();
    Ok(tips)
}

/// Whether `name` is what a refspec's right side stands for: at most one star, which stands for anything.
fn matches(pattern: &BString, name: &[u8]) -> bool {
    match pattern.find_byte(b'*') {
        None => pattern == name,
        Some(star) => {
            let (before, after) = (&pattern[..star], &pattern[star + 1..]);
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

fn is_this_repository(layout: &Layout, url: &gix::Url) -> bool {
    // A path that this system cannot have leads nowhere, and so not here.
    let Ok(path) = gix::path::from_bstr(url.path.as_bstr()) else { return false };
    let base = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let from = |base: &Path| base.join(&path).canonicalize().ok();
    let candidates = [from(base), from(&layout.common_dir), layout.primary_root.as_deref().and_then(from)];
    candidates.into_iter().flatten().any(|path| common_dir_of(&path).as_deref() == Some(layout.common_dir.as_path()))
}

/// The common directory of the repository at exactly this path, worktree or Git directory.
fn common_dir_of(path: &Path) -> Option<PathBuf> {
    let git_dir = gix::open_opts(path, gix::open::Options::isolated()).ok()?;
    git_dir.common_dir().canonicalize().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refspec_maps_what_its_star_stands_for() {
        for (pattern, name, expected) in [
            ("refs/remotes/origin/*", "refs/remotes/origin/main", true),
            ("refs/remotes/origin/*", "refs/remotes/origin2/main", false),
            ("refs/remotes/origin/main", "refs/remotes/origin/main", true),
            ("refs/remotes/*/x", "refs/remotes/o/x", true),
            ("refs/aa*aa", "refs/aaa", false),
        ] {
            assert_eq!(matches(&pattern.into(), name.as_bytes()), expected, "{pattern} {name}");
        }
    }
}
