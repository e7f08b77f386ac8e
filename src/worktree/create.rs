//! A worktree for an issue: lease, branch, worktree and identity together, or none of them.

use std::path::PathBuf;

use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};
use crate::domain::issue::Issue;
use crate::domain::lease::{Grant, LeaseAnswer, Request};
use crate::domain::policy::Policy;
use crate::git::tree;
use crate::process;
use crate::process::background::Watched;
use crate::store::identity::Identity;
use crate::store::journal::spawns::{self, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::create_steps::{CreatedSteps, give_issue};
use crate::worktree::name;
use crate::worktree::path_template;
use crate::worktree::path_template::PathTemplate;
use crate::worktree::rollback::{self, Undo};
use crate::worktree::start_point;
use crate::worktree::{Blocker, Error, Result};

/// What is wanted.
pub(crate) struct SpawnRequest<'a> {
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
    /// What the lease is taken for.
    pub reason: Option<String>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Where worktrees are, if not below `trees/`.
    pub place: Option<PathTemplate<'a>>,
    /// Whether a branch that is there already is gone on with.
    pub resumes_branch: bool,
    /// A command that prepares the worktree.
    pub prepare: Option<&'a str>,
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
    /// Ignored files that came along.
    pub copied: usize,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// The worktree that an issue has already, whatever its title was when it was made; an error while it is being made.
pub(crate) fn existing(layout: &Layout, issue: &Issue) -> Result<Option<Worktree>> {
    let Some(found) = made_or_called_for(layout, issue)? else { return Ok(None) };
    if let Some(blocker) = rollback::being_made(layout, &found.root)? {
        return Err(blocker.into());
    }
    // It may have been half made when it was looked at, and is whole by now.
    Ok(worktrees::list(layout)?.into_iter().find(|now| now.git_dir == found.git_dir))
}

fn made_or_called_for(layout: &Layout, issue: &Issue) -> Result<Option<Worktree>> {
    let number = name::number_of(issue);
    let issue_of = |worktree: &Worktree| worktree.identity.as_ref().and_then(|identity| identity.issue_id);
    let all = worktrees::list(layout)?;
    if let Some(made_for_it) = all.iter().find(|worktree| issue_of(worktree) == Some(issue.id)) {
        return Ok(Some(made_for_it.clone()));
    }
    let is_called_after_it =
        |worktree: &&Worktree| !worktree.is_primary && issue_of(worktree).is_none() && name::has_number(worktree, &number);
    let called_after_it: Vec<&Worktree> = all.iter().filter(is_called_after_it).collect();
    match called_after_it.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some((*one).clone())),
        many => {
            let paths = many.iter().map(|worktree| worktree.root.clone()).collect();
            Err(Blocker::Ambiguous { named: number, paths }.into())
        }
    }
}

/// Takes the lease for a worktree that is there.
pub(crate) fn resume(cx: &Context, layout: &Layout, wish: &SpawnRequest<'_>, existing: Worktree) -> Result<Spawned> {
    let path = existing.root.clone();
    if let Some(blocker) = rollback::being_made(layout, &path)? {
        return Err(blocker.into());
    }
    if existing.is_missing {
        let blocker = if path.exists() { Blocker::NoGit { path } } else { Blocker::Missing { path } };
        return Err(blocker.into());
    }
    let identity = Identity::ensure(&existing.git_dir, &path, Some(&wish.agent_id), layout.modes)?;
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id.clone() };
    let branch = existing.branch.clone().unwrap_or_else(|| "(detached HEAD)".to_owned());
    let drawn = LeaseId::new(ulid::Ulid::new());
    let lease_id = acquire(cx, layout, wish, &drawn, &holder, &branch)?;
    let issue_id = wish.issue.id;
    if identity.issue_id.is_none()
        && let Err(error) = adopt_existing(layout, wish, &existing, identity)
    {
        if lease_id == drawn {
            let request = Request::Release { lease_id, holder, closing: false, reason: None };
            let _ = layout.claims().ask(cx.clock(), &request, &wish.policy.limits)?;
        }
        return Err(error);
    }
    Ok(Spawned { path, branch, base: None, holder, lease_id, issue_id, copied: 0, notes: Vec::new() })
}

/// Makes a worktree that somebody else has made one of ours: it is for the issue, and has its file.
fn adopt_existing(layout: &Layout, wish: &SpawnRequest<'_>, existing: &Worktree, identity: Identity) -> Result<()> {
    let repo = &layout.repo;
    let file = format!("issues/{}", wish.issue.id.file_name());
    let data = worktrees::tip(layout, existing).map(|tip| tree::data_tree(repo, tip)).transpose()?.flatten();
    // What is committed there and not in its files was deleted there.
    if tree::file(repo, data, file.as_bytes())?.is_none() {
        give_issue(&existing.root, wish)?;
    }
    Ok(identity.taken_for(wish.issue.id).replace(&existing.git_dir, layout.modes)?)
}

/// Makes a worktree for an issue that has none.
pub(crate) fn spawn(cx: &Context, layout: &Layout, wish: &SpawnRequest<'_>) -> Result<Spawned> {
    let interrupted = process::interruptions().map_err(crate::store::Error::io("handle signals in", &layout.common_dir))?;
    let number = name::number_of(wish.issue);
    let name = name::of_issue(&number, &wish.issue.title);
    let start = start_point::of(layout, wish, &number, &name).map_err(|error| overtaken(layout, wish, None, error))?;
    let path = path_template::of(layout, wish.place, &name, &number)?;
    let identity = Identity::draw(&path, Some(wish.agent_id.clone())).made_for(wish.issue.id, start.base.clone());
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id.clone() };
    let ourselves = Watched::ourselves();
    let spawning = SpawnRecord {
        schema_version: 1,
        lease_id: LeaseId::new(ulid::Ulid::new()),
        holder: holder.clone(),
        issue_id: wish.issue.id,
        path: path.clone().into_os_string(),
        branch: start.branch.clone(),
        makes_branch: start.is_new,
        base: start.at.to_string(),
        pid: ourselves.pid,
        began: ourselves.began,
    };
    let mut journal = spawns::begin(&layout.shared_dir(), layout.modes, &spawning)?;
    // Whoever begins at the same time sees our record, or we see theirs.
    let rival = rollback::rival(layout, wish.issue.id, Some(&spawning.lease_id))?;
    let mut stage = SpawnStage::Begun;
    let created = CreatedSteps { cx, layout, wish, path: &path, interrupted: &interrupted };
    let made = created.make((&mut journal, &mut stage), &spawning, &start, &identity);
    let copied = match made {
        Ok(copied) => copied,
        Err(error) => {
            rollback::take_back(cx, layout, journal, &spawning, Undo::All(stage))?;
            return Err(overtaken(layout, wish, rival, error));
        }
    };
    journal.finish()?;
    let base = Some(start.base.commit.clone());
    let notes = start_point::notes(layout, wish, &start, &number);
    let (branch, lease_id, issue_id) = (start.branch, spawning.lease_id, wish.issue.id);
    Ok(Spawned { path, branch, base, holder, lease_id, issue_id, copied, notes })
}

/// What is in the way of a worktree, said as it is where another process makes one for the same issue, or just has.
fn overtaken(layout: &Layout, wish: &SpawnRequest<'_>, rival: Option<Blocker>, error: Error) -> Error {
    let is_in_the_way = matches!(
        error,
        Error::Lease(_) | Error::Blocker(Blocker::BranchTaken { .. } | Blocker::PathTaken { .. } | Blocker::NoSuchBase { .. })
    );
    if !is_in_the_way {
        return error;
    }
    if let Some(rival) = rollback::rival(layout, wish.issue.id, None).ok().flatten().or(rival) {
        return rival.into();
    }
    match existing(layout, wish.issue) {
        Ok(Some(there)) if is_its(&there, &wish.agent_id) => Blocker::JustMade { path: there.root }.into(),
        Err(being_made @ Error::Blocker(Blocker::BeingMade { .. })) => being_made,
        _ => error,
    }
}

fn is_its(worktree: &Worktree, agent: &AgentId) -> bool {
    worktree.identity.as_ref().and_then(|identity| identity.agent_id.as_ref()) == Some(agent)
}

pub(crate) fn acquire(
    cx: &Context,
    layout: &Layout,
    wish: &SpawnRequest<'_>,
    lease_id: &LeaseId,
    holder: &Holder,
    branch: &str,
) -> Result<LeaseId> {
    let grant = Grant {
        lease_id: lease_id.clone(),
        issue_id: wish.issue.id,
        holder: holder.clone(),
        branch: Some(branch.chars().take(250).collect()),
        ttl_secs: wish.ttl_secs,
        reason: wish.reason.clone(),
    };
    let request = Request::Acquire(grant);
    match layout.claims().ask(cx.clock(), &request, &wish.policy.limits)?.answer {
        Ok(LeaseAnswer::Granted(id) | LeaseAnswer::Kept { lease_id: id, .. } | LeaseAnswer::Closing(id)) => Ok(id),
        Ok(LeaseAnswer::Ended(_) | LeaseAnswer::Nothing) => unreachable!("an acquisition ends no lease of its own"),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
