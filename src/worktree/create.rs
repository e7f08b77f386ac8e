//! Creates the worktree of an issue: lease, branch, worktree and identity together, or none of them.

mod start_point;
mod steps;

use std::path::PathBuf;

use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};
use crate::domain::issue::Issue;
use crate::domain::lease::{Grant, Request};
use crate::git::tree;
use crate::process;
use crate::process::background::Watched;
use crate::repo::Repo;
use crate::store::identity::Identity;
use crate::store::journal::spawns::{self, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::create::steps::{CreatedSteps, add_issue_file};
use crate::worktree::name;
use crate::worktree::path_template::{self, PathTemplate};
use crate::worktree::rollback::{self, Cause};
use crate::worktree::{Blocker, Error, Result};

/// What to create.
pub(crate) struct SpawnRequest<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// The bytes of the issue's file, for a base that does not have it.
    pub issue_file: &'a [u8],
    /// The agent that will hold the lease.
    pub agent_id: AgentId,
    /// The revision to start from; `None` for the default branch.
    pub base: Option<String>,
    /// Seconds that the lease lasts; 0 for an indefinite lease.
    pub ttl_secs: u64,
    /// The reason recorded with the lease.
    pub reason: Option<String>,
    /// Where the worktree goes; `None` for below `trees/`.
    pub path_template: Option<PathTemplate<'a>>,
    /// Whether to reuse the issue's existing branch.
    pub resume_branch: bool,
    /// The command that prepares the new worktree.
    pub post_spawn: Option<&'a str>,
}

/// The worktree that was created or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spawned {
    /// The worktree's root.
    pub path: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it started from; `None` if the worktree existed before.
    pub base: Option<String>,
    /// The holder of the lease.
    pub holder: Holder,
    /// The lease.
    pub lease_id: LeaseId,
    /// The issue.
    pub issue_id: IssueId,
    /// Number of ignored files copied from the primary worktree.
    pub copied: usize,
    /// Warnings for the user.
    pub notes: Vec<String>,
}

/// The worktree that an issue already has, even if its title has changed since. An error while that worktree is being created.
pub(crate) fn existing(layout: &Layout, issue: &Issue) -> Result<Option<Worktree>> {
    let Some(found) = find_for_issue(layout, issue)? else { return Ok(None) };
    if let Some(blocker) = rollback::creation_at(layout, &found.root)? {
        return Err(blocker.into());
    }
    // It may have been incomplete when it was listed and complete by now, so list it again.
    Ok(worktrees::list(layout)?.into_iter().find(|now| now.git_dir == found.git_dir))
}

/// The worktree created for the issue, else the only one without an issue that is named after its number.
fn find_for_issue(layout: &Layout, issue: &Issue) -> Result<Option<Worktree>> {
    let number = name::number_of(issue);
    let issue_of = |worktree: &Worktree| worktree.identity.as_ref().and_then(|identity| identity.issue_id);
    let all = worktrees::list(layout)?;
    if let Some(created_for_it) = all.iter().find(|worktree| issue_of(worktree) == Some(issue.id)) {
        return Ok(Some(created_for_it.clone()));
    }
    let is_named_after_it =
        |worktree: &Worktree| !worktree.is_primary && issue_of(worktree).is_none() && name::has_number(worktree, &number);
    let mut named_after_it: Vec<Worktree> = all.into_iter().filter(is_named_after_it).collect();
    if named_after_it.len() > 1 {
        let paths = named_after_it.into_iter().map(|worktree| worktree.root).collect();
        return Err(Blocker::Ambiguous { named: number, paths }.into());
    }
    Ok(named_after_it.pop())
}

/// Takes the lease for a worktree that exists.
pub(crate) fn resume(repo: Repo<'_>, request: &SpawnRequest<'_>, existing: Worktree) -> Result<Spawned> {
    let layout = repo.layout;
    let path = existing.root.clone();
    if let Some(blocker) = rollback::creation_at(layout, &path)? {
        return Err(blocker.into());
    }
    if existing.is_missing {
        let blocker = if path.exists() { Blocker::WithoutGitFile { path } } else { Blocker::Missing { path } };
        return Err(blocker.into());
    }
    let identity = Identity::ensure(&existing.git_dir, &path, Some(&request.agent_id), layout.modes)?;
    let holder = Holder::here(request.agent_id.clone(), identity.worktree_id.clone());
    let branch = existing.branch.clone().unwrap_or_else(|| "(detached HEAD)".to_owned());
    let new_id = LeaseId::new(ulid::Ulid::new());
    let lease_id = acquire(repo, request, &new_id, &holder, &branch)?;
    let issue_id = request.issue.id;
    if identity.issue_id.is_none()
        && let Err(error) = adopt_existing(layout, request, &existing, identity)
    {
        if lease_id == new_id {
            let release = Request::Release { lease_id, holder, closing: false, reason: None };
            let _ = repo.leases.ask(release, &repo.policy.limits)?;
        }
        return Err(error);
    }
    Ok(Spawned { path, branch, base: None, holder, lease_id, issue_id, copied: 0, notes: Vec::new() })
}

/// Records the issue in a worktree that this program did not create, and adds the issue's file to it.
fn adopt_existing(layout: &Layout, request: &SpawnRequest<'_>, existing: &Worktree, identity: Identity) -> Result<()> {
    let repo = &layout.repo;
    let file = format!("issues/{}", request.issue.id.file_name());
    let data = worktrees::tip(layout, existing).map(|tip| tree::data_tree(repo, tip)).transpose()?.flatten();
    // A file that is committed but not on disk was deleted there on purpose.
    if tree::file(repo, data, file.as_bytes())?.is_none() {
        add_issue_file(&existing.root, request)?;
    }
    Ok(identity.for_issue(request.issue.id).replace(&existing.git_dir, layout.modes)?)
}

/// Creates a worktree for an issue that has none.
pub(crate) fn spawn(repo: Repo<'_>, request: &SpawnRequest<'_>) -> Result<Spawned> {
    let layout = repo.layout;
    let interrupted = process::interruptions().map_err(crate::store::Error::io("handle signals in", &layout.common_dir))?;
    let number = name::number_of(request.issue);
    let name = name::of_issue(&number, &request.issue.title);
    let start =
        start_point::resolve(layout, request, &number, &name).map_err(|error| explain_conflict(layout, request, None, error))?;
    let path = path_template::resolve(layout, request.path_template, &name, &number)?;
    let identity = Identity::draw(&path, Some(request.agent_id.clone())).created_for(request.issue.id, start.base.clone());
    let holder = Holder::here(request.agent_id.clone(), identity.worktree_id.clone());
    let ourselves = Watched::ourselves();
    let record = SpawnRecord {
        schema_version: 1,
        lease_id: LeaseId::new(ulid::Ulid::new()),
        holder: holder.clone(),
        issue_id: request.issue.id,
        path: path.clone().into_os_string(),
        branch: start.branch.clone(),
        makes_branch: start.is_new,
        base: start.at.to_string(),
        pid: ourselves.pid,
        began: ourselves.began,
    };
    let journal = spawns::begin(&layout.shared_dir(), layout.modes, &record)?;
    // A process that begins at the same time sees our record, or we see its record.
    let rival = rollback::concurrent_creation(layout, request.issue.id, Some(&record.lease_id))?;
    let stage = SpawnStage::Begun;
    let mut steps =
        CreatedSteps { repo, request, path: &path, record: &record, start: &start, interrupted: &interrupted, journal, stage };
    let copied = match steps.run(&identity) {
        Ok(copied) => copied,
        Err(error) => {
            rollback::roll_back(repo, steps.journal, &record, steps.stage, Cause::Failed)?;
            return Err(explain_conflict(layout, request, rival, error));
        }
    };
    steps.journal.finish()?;
    let base = Some(start.base.commit.clone());
    let notes = start_point::notes(layout, request, &start, &number);
    let (branch, lease_id, issue_id) = (start.branch, record.lease_id, request.issue.id);
    Ok(Spawned { path, branch, base, holder, lease_id, issue_id, copied, notes })
}

/// Replaces a conflict by its cause: another process that is creating a worktree for the same issue, or has just created one.
fn explain_conflict(layout: &Layout, request: &SpawnRequest<'_>, rival: Option<Blocker>, error: Error) -> Error {
    let is_conflict = matches!(
        error,
        Error::Lease(_) | Error::Blocker(Blocker::BranchTaken { .. } | Blocker::PathTaken { .. } | Blocker::NoSuchBase { .. })
    );
    if !is_conflict {
        return error;
    }
    if let Some(rival) = rollback::concurrent_creation(layout, request.issue.id, None).ok().flatten().or(rival) {
        return rival.into();
    }
    match existing(layout, request.issue) {
        Ok(Some(found)) if belongs_to(&found, &request.agent_id) => Blocker::JustCreated { path: found.root }.into(),
        Err(in_progress @ Error::Blocker(Blocker::BeingCreated { .. })) => in_progress,
        _ => error,
    }
}

fn belongs_to(worktree: &Worktree, agent: &AgentId) -> bool {
    worktree.identity.as_ref().and_then(|identity| identity.agent_id.as_ref()) == Some(agent)
}

fn acquire(repo: Repo<'_>, request: &SpawnRequest<'_>, lease_id: &LeaseId, holder: &Holder, branch: &str) -> Result<LeaseId> {
    let grant = Grant {
        lease_id: lease_id.clone(),
        issue_id: request.issue.id,
        holder: holder.clone(),
        branch: Some(branch.chars().take(250).collect()),
        ttl_secs: request.ttl_secs,
        reason: request.reason.clone(),
    };
    Ok(repo.leases.acquire(grant, &repo.policy.limits)?.map_err(Error::Lease)?.lease.lease_id)
}
