//! Where a new worktree begins: at the default branch, at a revision that was asked for, or at a branch of the issue.

use gix::ObjectId;

use crate::git::history;
use crate::store::identity::Base;
use crate::store::layout::Layout;
use crate::worktree::default_branch;
use crate::worktree::name;
use crate::worktree::{Blocker, Result, SpawnRequest};

/// Which branch the worktree gets, and where it starts.
pub(crate) struct Start {
    /// The branch.
    pub branch: String,
    /// The commit that it is at.
    pub at: ObjectId,
    /// Whether it is made.
    pub is_new: bool,
    /// What it is compared with later.
    pub base: Base,
}

/// The branch that is there and gone on with, or a new one from the base.
pub(crate) fn of(layout: &Layout, wish: &SpawnRequest<'_>, number: &str, name: &str) -> Result<Start> {
    let repo = &layout.repo;
    let base = resolve_base(layout, wish.base.as_deref())?;
    let at_base = ObjectId::from_hex(base.commit.as_bytes()).map_err(crate::store::Error::git("the base"))?;
    let local = history::branches(repo, "refs/heads/", &format!("issue-{number}"))?;
    let of_it: Vec<_> = local.into_iter().filter(|(branch, _)| name::number(branch) == Some(number)).collect();
    match of_it.as_slice() {
        [] => {}
        [(branch, _), ..] if !wish.resumes_branch => return Err(Blocker::BranchTaken { branch: branch.clone() }.into()),
        branches => {
            let exact = branches.iter().find(|(branch, _)| branch == name);
            let one = exact.or_else(|| branches.first().filter(|_| branches.len() == 1));
            let Some((branch, at)) = one.cloned() else {
                let branches = branches.iter().map(|(branch, _)| branch.clone()).collect();
                return Err(Blocker::SeveralBranches { number: number.to_owned(), branches }.into());
            };
            return Ok(Start { branch, at, is_new: false, base });
        }
    }
    if !wish.resumes_branch {
        return Ok(Start { branch: name.to_owned(), at: at_base, is_new: true, base });
    }
    match elsewhere(layout, number)?.into_iter().next() {
        Some((_, branch, at)) => Ok(Start { branch, at, is_new: true, base }),
        None => Err(Blocker::NoSuchBranch { number: number.to_owned() }.into()),
    }
}

/// Branches of an issue on remotes: the remote, the branch there, its tip.
fn elsewhere(layout: &Layout, number: &str) -> Result<Vec<(String, String, ObjectId)>> {
    let mut found = Vec::new();
    for remote in layout.repo.remote_names() {
        let prefix = format!("refs/remotes/{remote}/");
        for (branch, at) in history::branches(&layout.repo, &prefix, &format!("issue-{number}"))? {
            if name::number(&branch) == Some(number) {
                found.push((remote.to_string(), branch, at));
            }
        }
    }
    Ok(found)
}

/// What whoever has the new worktree should know.
pub(crate) fn notes(layout: &Layout, wish: &SpawnRequest<'_>, start: &Start, number: &str) -> Vec<String> {
    if wish.resumes_branch {
        return Vec::new();
    }
    let elsewhere = elsewhere(layout, number).unwrap_or_default();
    let one = |(remote, branch, _): (String, String, ObjectId)| {
        format!("{remote} has a branch {branch}: to go on with that, remove {} with -D and spawn again with --resume", start.branch)
    };
    elsewhere.into_iter().map(one).collect()
}

/// The commit to start from: the default branch where it is furthest, unless another revision is asked for.
fn resolve_base(layout: &Layout, base: Option<&str>) -> Result<Base> {
    let repo = &layout.repo;
    let no_such = |base: &str| Blocker::NoSuchBase { base: base.to_owned() };
    if let Some(base) = base {
        let id = repo.rev_parse_single(base).map_err(|_| no_such(base))?.detach();
        let commit = history::commit(repo, id).ok_or_else(|| no_such(base))?;
        let named = repo.try_find_reference(base).ok().flatten().map(|reference| reference.name().as_bstr().to_string());
        return Ok(Base { name: named.filter(|name| name.starts_with("refs/")), commit: commit.to_string() });
    }
    let Some((name, tip)) = default_branch::tips(layout).into_iter().next() else {
        return Err(no_such("the default branch").into());
    };
    let target = history::reference(repo, &name);
    let target = target.and_then(|reference| reference.target().try_name().map(|name| name.as_bstr().to_string())).unwrap_or(name);
    let local = target.strip_prefix("refs/remotes/origin/").map(|branch| format!("refs/heads/{branch}"));
    if let Some(local) = local
        && let Some(at) = history::ref_commit(repo, &local)
        && history::is_ancestor(repo, tip, at)?
    {
        return Ok(Base { name: Some(local), commit: at.to_string() });
    }
    Ok(Base { name: Some(target), commit: tip.to_string() })
}
