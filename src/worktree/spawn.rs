//! A worktree for an issue: lease, branch, worktree and identity together, or none of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use gix::ObjectId;

use super::{Error, Hindrance, Result, name};
use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};
use crate::domain::issue::Issue;
use crate::domain::lease::{Answer, Grant, Request};
use crate::domain::policy::Policy;
use crate::git::Git;
use crate::store::layout::{Identity, Layout};
use crate::store::worktrees::{self, Worktree};
use crate::store::{file, history, lock};

/// What is wanted.
pub(crate) struct Wish<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// Its file, for a base that does not have it.
    pub issue_file: &'a [u8],
    /// Who will work there.
    pub agent_id: AgentId,
    /// A revision to start from instead of the default branch.
    pub base: Option<String>,
    /// Seconds of the lease.
    pub ttl_secs: u64,
    /// The policy in force.
    pub policy: &'a Policy,
}

/// What was made, or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spawned {
    /// The worktree's root.
    pub path: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it started from; `None` where it was there before.
    pub base: Option<String>,
    /// Who holds the lease.
    pub holder: Holder,
    /// The lease.
    pub lease_id: LeaseId,
    /// The issue.
    pub issue_id: IssueId,
}

/// Makes a worktree for an issue, or takes the lease for the one that it has.
pub(crate) fn spawn(cx: &Context, layout: &Layout, wish: &Wish<'_>) -> Result<Spawned> {
    let number = github_number(wish.issue).unwrap_or_else(|| wish.issue.id.short());
    let branch = name::of_issue(&number, &wish.issue.title);
    if let Some(existing) = find(layout, &number)? {
        return resume(cx, layout, wish, existing);
    }
    let path = trees_dir(layout).join(&branch);
    let base = resolve_base(layout, wish.base.as_deref())?;
    let identity = Identity::draw(&path, Some(wish.agent_id.clone()));
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id.clone() };
    let lease_id = acquire(cx, layout, wish, &holder, &branch)?;
    let made = add(layout, &path, &branch, base, &identity).and_then(|()| {
        check_out(&path)?;
        give_issue(&path, wish)
    });
    if let Err(error) = made {
        undo(cx, layout, wish, (&path, &branch, base), (&lease_id, &holder), &error);
        return Err(error);
    }
    Ok(Spawned { path, branch, base: Some(base.to_string()), holder, lease_id, issue_id: wish.issue.id })
}

/// The worktree that this issue has already, whatever its title was when it was made.
fn find(layout: &Layout, number: &str) -> Result<Option<Worktree>> {
    let is_its = |worktree: &Worktree| {
        let branch = worktree.branch.as_deref().and_then(name::number);
        !worktree.is_primary && (name::number(&worktree.name()) == Some(number) || branch == Some(number))
    };
    Ok(worktrees::list(layout)?.into_iter().find(is_its))
}

/// Takes the lease for a worktree that is there.
fn resume(cx: &Context, layout: &Layout, wish: &Wish<'_>, existing: Worktree) -> Result<Spawned> {
    let path = existing.root;
    if existing.is_missing {
        return Err(Hindrance::Missing { path }.into());
    }
    let identity = Identity::ensure(&existing.git_dir, &path, Some(&wish.agent_id), layout.modes)?;
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id };
    let branch = existing.branch.unwrap_or_else(|| "(detached HEAD)".to_owned());
    let lease_id = acquire(cx, layout, wish, &holder, &branch)?;
    Ok(Spawned { path, branch, base: None, holder, lease_id, issue_id: wish.issue.id })
}

fn github_number(issue: &Issue) -> Option<String> {
    let number = issue.context.get("github")?.as_str()?.trim_start_matches('#');
    (!number.is_empty() && number.len() < 8 && number.chars().all(|c| c.is_ascii_digit())).then(|| number.to_owned())
}

/// Beside the files of a normal repository, inside a bare one, around one that is called `.bare` or `.git`.
fn trees_dir(layout: &Layout) -> PathBuf {
    if let Some(root) = &layout.main_root {
        return root.join("trees");
    }
    let is_hidden = layout.common_dir.file_name().is_some_and(|name| name == ".git" || name == ".bare");
    let around = layout.common_dir.parent().filter(|_| is_hidden);
    around.unwrap_or(&layout.common_dir).join("trees")
}

/// The commit to start from: the default branch where it is furthest, unless another revision is asked for.
fn resolve_base(layout: &Layout, base: Option<&str>) -> Result<ObjectId> {
    let repo = &layout.repo;
    let no_such = |base: &str| Hindrance::NoSuchBase { base: base.to_owned() };
    if let Some(base) = base {
        let id = repo.rev_parse_single(base).map_err(|_| no_such(base))?.detach();
        return Ok(history::commit(repo, id).ok_or_else(|| no_such(base))?);
    }
    let Some((name, tip)) = history::default_branches(repo).into_iter().next() else {
        return Err(no_such("the default branch").into());
    };
    let target = repo.try_find_reference(name.as_str()).ok().flatten();
    let target = target.and_then(|reference| reference.target().try_name().map(|name| name.as_bstr().to_string())).unwrap_or(name);
    let local = target.strip_prefix("refs/remotes/origin/").map(|branch| format!("refs/heads/{branch}"));
    match local.and_then(|local| history::ref_commit(repo, &local)) {
        Some(local) if history::is_ancestor(repo, tip, local)? => Ok(local),
        _ => Ok(tip),
    }
}

fn acquire(cx: &Context, layout: &Layout, wish: &Wish<'_>, holder: &Holder, branch: &str) -> Result<LeaseId> {
    let grant = Grant {
        lease_id: LeaseId::new(ulid::Ulid::new()),
        issue_id: wish.issue.id,
        holder: holder.clone(),
        branch: Some(branch.to_owned()),
        ttl_secs: wish.ttl_secs,
        reason: None,
    };
    let request = Request::Acquire(grant);
    match layout.claims().ask(cx.clock(), &request, &wish.policy.limits)?.answer {
        Ok(Answer::Granted(id) | Answer::Kept { lease_id: id, .. } | Answer::Closing(id)) => Ok(id),
        Ok(Answer::Ended(_) | Answer::Nothing) => unreachable!("an acquisition ends no lease of its own"),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}

/// Branch and worktree, without files: alone in the repository, since Git itself fails when several do this at once.
fn add(layout: &Layout, path: &Path, branch: &str, base: ObjectId, identity: &Identity) -> Result<()> {
    let _guard = lock::acquire(&lock::path(&layout.shared_dir(), "worktrees"), layout.modes, lock::PATIENCE)?;
    if history::ref_commit(&layout.repo, &format!("refs/heads/{branch}")).is_some() {
        return Err(Hindrance::BranchTaken { branch: branch.to_owned() }.into());
    }
    if path.exists() {
        return Err(Hindrance::PathTaken { path: path.to_owned() }.into());
    }
    exclude_trees(layout)?;
    let base = base.to_string();
    let words = ["worktree", "add", "--quiet", "--no-track", "--no-checkout", "-b", branch];
    let args: Vec<&OsStr> = words.iter().map(OsStr::new).chain([path.as_os_str(), OsStr::new(&base)]).collect();
    Git::at(&layout.common_dir).run(&args)?;
    identity.record(&worktrees::git_dir_of(path)?, layout.modes)?;
    Ok(())
}

/// Keeps `trees/` out of Git by the repository's own list of exclusions, not by a file of the user's.
fn exclude_trees(layout: &Layout) -> Result<()> {
    let trees = trees_dir(layout);
    if trees.parent() != layout.main_root.as_deref() {
        return Ok(());
    }
    let path = layout.common_dir.join("info").join("exclude");
    let mut text = file::read_optional(&path)?.unwrap_or_default();
    if text.split(|byte| *byte == b'\n').any(|line| line == b"/trees/") {
        return Ok(());
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(b"/trees/\n");
    file::make_dir(&layout.common_dir.join("info"), crate::store::issues::VERSIONED)?;
    Ok(file::rewrite(file::finish_beside(&path, &text, crate::store::issues::VERSIONED, false)?)?)
}

fn check_out(path: &Path) -> Result<()> {
    let done = Git::at(path).run(&["checkout", "--quiet", "--force"]);
    done.map(drop).map_err(|error| Hindrance::NoCheckout { why: error.to_string() }.into())
}

/// An issue that the base does not have yet comes along, so that it can be edited there.
fn give_issue(path: &Path, wish: &Wish<'_>) -> Result<()> {
    let dir = Layout::data_dir(path).join("issues");
    let target = dir.join(wish.issue.id.file_name());
    if target.exists() {
        return Ok(());
    }
    file::make_dir(&dir, crate::store::issues::VERSIONED)?;
    Ok(file::replace(&target, wish.issue_file, crate::store::issues::VERSIONED)?)
}

/// Takes back what was made: the worktree that is ours, the branch if nobody moved it, the lease.
fn undo(cx: &Context, layout: &Layout, wish: &Wish<'_>, made: (&Path, &str, ObjectId), lease: (&LeaseId, &Holder), error: &Error) {
    let (path, branch, base) = made;
    let was_in_the_way = matches!(error, Error::Hindrance(Hindrance::BranchTaken { .. } | Hindrance::PathTaken { .. }));
    let was_ours = !was_in_the_way && !matches!(error, Error::Store(crate::store::Error::Busy { .. }));
    if was_ours && let Ok(_guard) = lock::acquire(&lock::path(&layout.shared_dir(), "worktrees"), layout.modes, lock::PATIENCE) {
        let git = Git::at(&layout.common_dir);
        let words = ["worktree", "remove", "--force", "--force"];
        let args: Vec<&OsStr> = words.iter().map(OsStr::new).chain([path.as_os_str()]).collect();
        let _ = git.output(&args);
        // Deleted only where it still is what was made: `update-ref` compares.
        let _ = git.output(&["update-ref", "-d", &format!("refs/heads/{branch}"), &base.to_string()]);
    }
    let request = Request::Release {
        lease_id: lease.0.clone(),
        holder: lease.1.clone(),
        closing: false,
        reason: Some("spawn failed".to_owned()),
    };
    let _ = layout.claims().ask(cx.clock(), &request, &wish.policy.limits);
}
