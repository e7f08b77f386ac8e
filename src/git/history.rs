//! Commits: ancestry, default branches, and what remotes are known to have.
//!
//! A commit that a remote has is exempt from judgement. The tips that count are those of the refs that the remote's fetch
//! refspecs map to, unless the remote is this repository or local commits move the ref.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use gix::bstr::{BString, ByteSlice};
use gix::remote::Direction;
use gix::{ObjectId, Repository};

use crate::git::remote::is_another_repository;
use crate::git::tree::{self, TreeEntry};
use crate::git::{Error, Result};

/// The commit that an object peels to; `None` if the object is missing or peels to something else.
pub(crate) fn commit(repo: &Repository, id: ObjectId) -> Option<ObjectId> {
    let object = repo.try_find_object(id).ok().flatten()?;
    object.peel_to_kind(gix::object::Kind::Commit).ok().map(|commit| commit.id)
}

/// The commit that a revision expression names; `None` if it names none.
pub(crate) fn named(repo: &Repository, revision: &str) -> Option<ObjectId> {
    commit(repo, repo.rev_parse_single(revision).ok()?.detach())
}

/// The commit that an object peels to; `None` if it peels to something else. A missing object is an error.
pub(crate) fn require_commit(repo: &Repository, id: ObjectId) -> Result<Option<ObjectId>> {
    if is_here(repo, id) {
        return Ok(commit(repo, id));
    }
    Err(Error::Corrupt { path: repo.git_dir().join("objects"), why: format!("{id} is not there") })
}

/// Whether the object database has this object.
pub(crate) fn is_here(repo: &Repository, id: ObjectId) -> bool {
    repo.try_find_object(id).is_ok_and(|object| object.is_some())
}

/// Whether a commit is at the boundary of a shallow clone.
pub(crate) fn is_shallow(repo: &Repository, id: ObjectId) -> Result<bool> {
    let commits = repo.shallow_commits().map_err(Error::unreadable("the list of shallow commits"))?;
    Ok(commits.is_some_and(|commits| commits.contains(&id)))
}

/// The ref with exactly this full name. The library also tries other prefixes, as for a name on the command line.
pub(crate) fn reference<'r>(repo: &'r Repository, name: &str) -> Option<gix::Reference<'r>> {
    repo.try_find_reference(name).ok().flatten().filter(|found| found.name().as_bstr() == name)
}

/// The commit that the ref with this full name peels to, if the ref exists.
pub(crate) fn ref_commit(repo: &Repository, name: &str) -> Option<ObjectId> {
    let mut reference = reference(repo, name)?;
    reference.peel_to_commit().ok().map(|commit| commit.id)
}

/// The refs below `prefix` whose short names start with `begin`: short name and tip.
pub(crate) fn branches(repo: &Repository, prefix: &str, begin: &str) -> Result<Vec<(String, ObjectId)>> {
    let failed = || Error::unreadable("the refs");
    let platform = repo.references().map_err(failed())?;
    let wanted = format!("{prefix}{begin}");
    let mut found = Vec::new();
    for reference in platform.prefixed(wanted.as_str()).map_err(failed())? {
        let Ok(mut reference) = reference else { continue };
        let name = reference.name().as_bstr().to_string();
        if let Some(short) = name.strip_prefix(prefix)
            && let Ok(commit) = reference.peel_to_commit()
        {
            found.push((short.to_owned(), commit.id));
        }
    }
    Ok(found)
}

/// The parents of a commit, in order. A commit at the boundary of a shallow clone has none.
pub(crate) fn parents(repo: &Repository, id: ObjectId) -> Result<Vec<ObjectId>> {
    if is_shallow(repo, id)? {
        return Ok(Vec::new());
    }
    let commit = repo.find_commit(id).map_err(Error::unreadable(format!("commit {id}")))?;
    Ok(commit.parent_ids().map(gix::Id::detach).collect())
}

/// Commits that are reachable from `tips` and not from `hidden`, newest first.
pub(crate) fn reachable(repo: &Repository, tips: &[ObjectId], hidden: &[ObjectId]) -> Result<Vec<ObjectId>> {
    let failed = || Error::unreadable("the history");
    let walk = repo.rev_walk(tips.iter().copied()).with_hidden(hidden.iter().copied()).all().map_err(failed())?;
    walk.map(|info| info.map(|info| info.id).map_err(failed())).collect()
}

/// A commit that changed a file.
pub(crate) struct CommittedChange {
    /// The commit.
    pub commit: ObjectId,
    /// The author date.
    pub at: jiff::Timestamp,
    /// The author's name.
    pub author: String,
    /// The first line of its message.
    pub subject: String,
    /// The file in the first parent.
    pub old: Option<TreeEntry>,
    /// The file in the commit.
    pub new: Option<TreeEntry>,
}

/// The commits reachable from HEAD that changed a file of `.jit/`, newest first. A merge counts if its version of the file differs
/// from every parent's.
pub(crate) fn changes_of(repo: &Repository, path: &str) -> Result<Vec<CommittedChange>> {
    let Some(head) = tree::head_commit(repo)? else { return Ok(Vec::new()) };
    // Most commits have the same `.jit` tree as their parents, so each tree is searched once.
    let mut known: HashMap<ObjectId, Option<TreeEntry>> = HashMap::new();
    let mut entry_at = |commit: ObjectId| -> Result<Option<TreeEntry>> {
        let Some(data) = tree::data_tree(repo, commit)? else { return Ok(None) };
        if let Some(entry) = known.get(&data) {
            return Ok(*entry);
        }
        let entry = tree::file(repo, Some(data), path.as_bytes())?;
        known.insert(data, entry);
        Ok(entry)
    };
    let mut changes = Vec::new();
    for id in reachable(repo, &[head], &[])? {
        let new = entry_at(id)?;
        let parents = parents(repo, id)?;
        let olds = parents.iter().map(|parent| entry_at(*parent)).collect::<Result<Vec<_>>>()?;
        if olds.contains(&new) || (olds.is_empty() && new.is_none()) {
            continue;
        }
        let commit = repo.find_commit(id).map_err(Error::unreadable(format!("commit {id}")))?;
        let author = commit.author().map_err(Error::unreadable(format!("commit {id}")))?;
        let seconds = author.time().map_or(0, |time| time.seconds);
        let message = commit.message_raw_sloppy();
        changes.push(CommittedChange {
            commit: id,
            at: jiff::Timestamp::from_second(seconds).unwrap_or(jiff::Timestamp::UNIX_EPOCH),
            author: author.name.to_str_lossy().into_owned(),
            subject: message.lines().next().unwrap_or_default().to_str_lossy().into_owned(),
            old: olds.first().copied().flatten(),
            new,
        });
    }
    Ok(changes)
}

/// The merge bases of `one` with a hypothetical merge of `others`.
pub(crate) fn merge_bases(repo: &Repository, one: ObjectId, others: &[ObjectId]) -> Result<Vec<ObjectId>> {
    if repo.is_shallow().map_err(Error::unreadable("the list of shallow commits"))? {
        return shallow_merge_bases(repo, one, others);
    }
    let bases = repo.merge_bases_many(one, others).map_err(Error::unreadable(format!("the merge bases of {one}")))?;
    Ok(bases.into_iter().map(gix::Id::detach).collect())
}

/// Merge bases in a shallow clone, which the library does not support: the common ancestors that are not parents of another one.
fn shallow_merge_bases(repo: &Repository, one: ObjectId, others: &[ObjectId]) -> Result<Vec<ObjectId>> {
    let below: HashSet<ObjectId> = reachable(repo, others, &[])?.into_iter().collect();
    let common: Vec<ObjectId> = reachable(repo, &[one], &[])?.into_iter().filter(|id| below.contains(id)).collect();
    let mut covered = HashSet::new();
    for commit in &common {
        covered.extend(parents(repo, *commit)?);
    }
    Ok(common.into_iter().filter(|id| !covered.contains(id)).collect())
}

/// Whether `ancestor` is `commit` or one of its ancestors.
pub(crate) fn is_ancestor(repo: &Repository, ancestor: ObjectId, commit: ObjectId) -> Result<bool> {
    Ok(ancestor == commit || merge_bases(repo, ancestor, &[commit])?.contains(&ancestor))
}

/// The existing refs that may be the default branch, in order of preference: full name and tip.
///
/// The order is: `jit.defaultBranch`, the usual branches of `origin` (or of every other remote if `origin` has none), then
/// local `main` and `master`.
pub(crate) fn default_branches(repo: &Repository) -> Vec<(String, ObjectId)> {
    let configured = repo.config_snapshot().string("jit.defaultBranch").map(|name| name.to_str_lossy().into_owned());
    let named = configured.into_iter().flat_map(|name| {
        if name.starts_with("refs/") {
            vec![name]
        } else {
            vec![format!("refs/remotes/origin/{name}"), format!("refs/remotes/{name}"), format!("refs/heads/{name}")]
        }
    });
    let of_remote = |remote: &str| ["HEAD", "main", "master"].map(|branch| format!("refs/remotes/{remote}/{branch}"));
    let with_tip = |name: String| ref_commit(repo, &name).map(|tip| (name, tip));
    let mut usual: Vec<(String, ObjectId)> = of_remote("origin").into_iter().filter_map(with_tip).collect();
    if usual.is_empty() {
        let remotes = repo.remote_names();
        usual = remotes.iter().flat_map(|remote| of_remote(&remote.to_str_lossy())).filter_map(with_tip).collect();
    }
    let local = ["refs/heads/main", "refs/heads/master"].map(str::to_owned);
    named.filter_map(with_tip).chain(usual).chain(local.into_iter().filter_map(with_tip)).collect()
}

/// The default branches that a change of the policy must be based on: the remote ones, or the local ones if there are none.
pub(crate) fn binding_branches(repo: &Repository) -> Vec<(String, ObjectId)> {
    let (remote, local): (Vec<_>, Vec<_>) =
        default_branches(repo).into_iter().partition(|(name, _)| name.starts_with("refs/remotes/"));
    if remote.is_empty() { local } else { remote }
}

/// The name of a branch in the repository that it is pushed to: `refs/heads/<name>`, also for a tracking ref.
pub(crate) fn branch_name(repo: &Repository, name: &str) -> Option<String> {
    let reference = reference(repo, name)?;
    let target = reference.target().try_name().map_or_else(|| name.to_owned(), |target| target.as_bstr().to_string());
    let tracked = || target.strip_prefix("refs/remotes/").and_then(|rest| rest.split_once('/')).map(|(_, branch)| branch);
    let short = target.strip_prefix("refs/heads/").or_else(tracked)?;
    Some(format!("refs/heads/{short}"))
}

/// Commits that remotes are known to have: the tips of their tracking refs.
///
/// Relative URLs are resolved against the worktree, the common directory and `primary_root`.
pub(crate) fn published_tips(repo: &Repository, primary_root: Option<&Path>) -> Result<Vec<ObjectId>> {
    let mut patterns: Vec<BString> = Vec::new();
    for name in repo.remote_names() {
        // A remote whose configuration cannot be read exempts nothing.
        let Ok(remote) = repo.find_remote(&name) else { continue };
        // Neither does one without a URL, nor a local path that may lead to this repository.
        let Some(url) = remote.url(Direction::Fetch) else { continue };
        if url.scheme == gix::url::Scheme::File && !is_another_repository(repo, primary_root, url) {
            continue;
        }
        let specs = remote.refspecs(Direction::Fetch).iter();
        patterns.extend(specs.filter_map(|spec| spec.to_ref().destination().map(ToOwned::to_owned)));
    }
    let mut tips = Vec::new();
    let platform = repo.references().map_err(Error::unreadable("the refs"))?;
    for reference in platform.all().map_err(Error::unreadable("the refs"))? {
        // A ref that cannot be read exempts nothing.
        let Ok(mut reference) = reference else { continue };
        let name = reference.name().as_bstr();
        // Local work moves every other ref (branches, tags, the stash, the refs of a rebase or a bisection), so a symbolic ref that
        // points to one does not count either.
        let leads_away = reference.target().try_name().is_some_and(|name| !name.as_bstr().starts_with(b"refs/remotes/"));
        if name.starts_with(b"refs/remotes/")
            && !leads_away
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

/// Whether `name` matches the destination of a refspec, which has at most one `*`.
fn matches(pattern: &BString, name: &[u8]) -> bool {
    match pattern.find_byte(b'*') {
        None => pattern == name,
        Some(star) => {
            let (before, after) = (&pattern[..star], &pattern[star + 1..]);
            name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_star_of_a_refspec_matches_any_text() {
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
