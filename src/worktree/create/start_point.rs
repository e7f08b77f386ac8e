//! Where a new worktree starts: at the default branch, at a requested revision, or at an existing branch of the issue.

use gix::ObjectId;

use crate::git::history;
use crate::store::identity::Base;
use crate::store::layout::Layout;
use crate::worktree::create::SpawnRequest;
use crate::worktree::default_branch;
use crate::worktree::name;
use crate::worktree::{Blocker, Result};

/// The branch of a new worktree, and where it starts.
pub(super) struct Start {
    pub branch: String,
    /// The commit of the branch.
    pub at: ObjectId,
    /// Whether the branch has to be created.
    pub is_new: bool,
    /// What the worktree's status is compared with.
    pub base: Base,
}

/// The existing branch if the request resumes it, else a new branch at the base.
pub(super) fn resolve(layout: &Layout, request: &SpawnRequest<'_>, number: &str, name: &str) -> Result<Start> {
    let repo = &layout.repo;
    let base = resolve_base(layout, request.base.as_deref())?;
    let at_base = ObjectId::from_hex(base.commit.as_bytes()).map_err(crate::store::Error::git("the base"))?;
    let mut local = history::branches(repo, "refs/heads/", &format!("issue-{number}"))?;
    local.retain(|(branch, _)| name::number(branch) == Some(number));
    if !request.resume_branch {
        return match local.into_iter().next() {
            Some((branch, _)) => Err(Blocker::BranchTaken { branch }.into()),
            None => Ok(Start { branch: name.to_owned(), at: at_base, is_new: true, base }),
        };
    }
    let exact = local.iter().position(|(branch, _)| branch == name).or((local.len() == 1).then_some(0));
    if let Some(index) = exact {
        let (branch, at) = local.swap_remove(index);
        return Ok(Start { branch, at, is_new: false, base });
    }
    if !local.is_empty() {
        let branches = local.into_iter().map(|(branch, _)| branch).collect();
        return Err(Blocker::SeveralBranches { number: number.to_owned(), branches }.into());
    }
    match remote_branches(layout, number)?.into_iter().next() {
        Some((_, branch, at)) => Ok(Start { branch, at, is_new: true, base }),
        None => Err(Blocker::NoSuchBranch { number: number.to_owned() }.into()),
    }
}

/// The branches on remotes: name of the remote, name of the branch there, tip.
fn remote_branches(layout: &Layout, number: &str) -> Result<Vec<(String, String, ObjectId)>> {
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

/// Warnings about branches of the issue on remotes that the new worktree does not use.
pub(super) fn notes(layout: &Layout, request: &SpawnRequest<'_>, start: &Start, number: &str) -> Vec<String> {
    if request.resume_branch {
        return Vec::new();
    }
    let note = |(remote, branch, _): (String, String, ObjectId)| {
        format!("{remote} has a branch {branch}. To use it, remove {} with -D and spawn again with --resume", start.branch)
    };
    remote_branches(layout, number).unwrap_or_default().into_iter().map(note).collect()
}

/// The commit to start from: the requested revision, else the default branch on the remote or here, whichever is ahead.
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
