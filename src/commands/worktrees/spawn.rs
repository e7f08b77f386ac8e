//! `git jit worktree spawn`: creates a worktree for an issue and starts an agent in it.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::hooks_reminder;
use crate::commands::shared::lease_args;
use crate::commands::shared::session::{CommandResult, Session, viewpoint};
use crate::commands::worktrees::agent::{AgentChoice, StartedAgent};
use crate::commands::worktrees::settings::WorktreeSettings;
use crate::commands::worktrees::show;
use crate::commands::worktrees::target_issue::TargetIssue;
use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::error::Error;
use crate::git::run::Git;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::repo::Repo;
use crate::store::agent_run;
use crate::store::layout::Layout;
use crate::store::worktrees::Worktree;
use crate::worktree::{self, Blocker, SpawnRequest, Spawned, agent_at_work};

const AFTER: &str = "\
The worktree is trees/issue-NUMBER-SLUG, on a branch of the same name that starts at the default branch. It is created completely
or not at all. An existing worktree is used again; with --resume, so is an existing branch without a worktree. Ignored files that
.worktreeinclude lists are copied.

The lease is kept alive while the agent runs. If the agent succeeds, its lease is released, or ends with the commit of an
uncommitted edit; if it fails, the lease lasts until it expires. The exit status is the agent's.";

// Arguments of `worktree spawn`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it; or a number on GitHub, 42 or #42
    issue: String,
    /// The title for a number on GitHub, instead of asking GitHub
    #[arg(long)]
    title: Option<String>,
    /// Where to start from [default: the default branch]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Fetch from the remote first
    #[arg(long)]
    fetch: bool,
    /// Reuse the issue's existing branch, here or on a remote
    #[arg(long)]
    resume: bool,
    /// How long the lease lasts: seconds, or 30m, 2h, 1d; 0 for an indefinite lease, with --reason [default: from the configuration, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// What the lease is for
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do not run the command of `worktree.post_spawn`
    #[arg(long)]
    no_setup: bool,
    #[command(flatten)]
    agent: AgentChoice,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Spawn {
    /// Whether the worktree was created.
    changed: bool,
    path: String,
    branch: String,
    base: Option<String>,
    agent_id: AgentId,
    worktree_id: WorktreeId,
    lease_id: LeaseId,
    issue_id: IssueId,
    /// Number of copied ignored files.
    copied: usize,
    notes: Vec<String>,
    agent: Option<StartedAgent>,
    #[serde(skip)]
    root: PathBuf,
    /// Whether the shell should change to the worktree.
    #[serde(skip)]
    changes_directory: bool,
}

/// Creates or finds the worktree, and starts the agent.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, title, base, fetch, resume, ttl, reason, no_setup, agent } = args;
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let view = viewpoint(layout)?;
    let view = view.as_ref().unwrap_or(layout);
    let policy = session.policy_of_leases(view)?;
    hooks_reminder::remind(session, layout, &policy);
    let settings = WorktreeSettings::read(session, view)?;
    let (ttl_secs, reason) = (lease_args::ttl_secs(ttl.as_deref(), &policy)?, lease_args::reason(reason)?);
    // Everything that can fail early is checked before anything is created.
    let selected = agent.select(session, layout, &settings)?;
    let target = TargetIssue::find(session, view, &policy, &issue, title.as_deref())?;
    if target.is_closed_on_github {
        session.output.warn(&format!("{issue} is closed on GitHub"));
    }
    let issue = target.document.issue();
    let existing = worktree::existing(layout, issue)?;
    let post_spawn = if no_setup || existing.is_some() { None } else { settings.post_spawn(session, layout)? };
    if fetch && existing.is_none() {
        Git::at(&layout.common_dir).attended(&["fetch", "--quiet"])?;
    }
    // While this lock is held, no other process starts an agent in the worktree or removes it.
    let start_lock = match existing.as_ref().filter(|existing| selected.is_some() && !existing.is_missing) {
        Some(existing) => {
            let gone = || Blocker::Missing { path: existing.root.clone() };
            Some(agent_run::lock(&existing.git_dir, layout.modes)?.ok_or_else(gone)?)
        }
        None => None,
    };
    let request = SpawnRequest {
        issue,
        issue_file: target.document.as_bytes(),
        agent_id: lease_holder(session, layout, existing.as_ref())?,
        base,
        ttl_secs,
        reason,
        path_template: settings.path_template(session),
        resume_branch: resume,
        post_spawn,
    };
    let repo = session.repo(layout, &policy);
    let spawned = match existing {
        Some(existing) => resume_in(repo, &request, existing, selected.is_some())?,
        None => worktree::spawn(repo, &request)?,
    };
    for note in &spawned.notes {
        session.output.warn(note);
    }
    let changes_directory = selected.as_ref().is_none_or(|selected| !selected.is_headless());
    let agent = selected.map(|selected| selected.start(session, &spawned, issue, start_lock)).transpose()?;
    Ok(Box::new(Spawn::new(spawned, agent, changes_directory)))
}

/// The agent that will hold the lease: the one that an existing worktree belongs to, unless the user names another.
fn lease_holder(session: &Session, layout: &Layout, existing: Option<&Worktree>) -> Result<AgentId, Error> {
    match existing.filter(|existing| !existing.is_missing) {
        Some(existing) => session.agent(&Layout::at(&existing.root)?),
        None => session.agent(layout),
    }
}

/// Continues in an existing worktree. Refuses a second agent program beside a running one, and another holder than the running
/// agent's.
fn resume_in(repo: Repo<'_>, request: &SpawnRequest<'_>, existing: Worktree, with_agent: bool) -> Result<Spawned, Error> {
    let is_others = existing.identity.as_ref().and_then(|identity| identity.agent_id.as_ref()) != Some(&request.agent_id);
    if let Some(run) = agent_at_work(&existing).filter(|_| with_agent || is_others) {
        return Err(Blocker::AgentRunning { name: run.name, pid: run.pid, path: existing.root }.into());
    }
    Ok(worktree::resume(repo, request, existing)?)
}

impl Spawn {
    fn new(spawned: Spawned, agent: Option<StartedAgent>, changes_directory: bool) -> Self {
        let Spawned { path: root, branch, base, holder, lease_id, issue_id, copied, notes } = spawned;
        let Holder { agent_id, worktree_id, .. } = holder;
        let (changed, path) = (base.is_some(), root.display().to_string());
        Self {
            changed,
            path,
            branch,
            base,
            agent_id,
            worktree_id,
            lease_id,
            issue_id,
            copied,
            notes,
            agent,
            root,
            changes_directory,
        }
    }
}

impl Report for Spawn {
    fn human(&self, styles: &Styles) -> String {
        let Self { branch, agent_id, worktree_id, lease_id, issue_id, copied, .. } = self;
        let head = if self.changed { "✓ Created worktree:" } else { "✓ Found worktree:" };
        let copied = if *copied > 0 { format!("  Copied: {copied} listed in .worktreeinclude\n") } else { String::new() };
        format!(
            "{} {}\n  Branch: {}\n  Issue:  {issue_id}\n  Holder: {agent_id} in {worktree_id}\n  Lease:  {}\n{copied}{}",
            styles.good(head),
            show(&self.root),
            plain_line(branch),
            styles.id(lease_id.as_str()),
            self.agent.as_ref().map(StartedAgent::lines).unwrap_or_default(),
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.path.clone())
    }

    fn aside(&self) -> Option<String> {
        self.agent.as_ref().map(|agent| agent.summary(&self.issue_id.short(), &self.root))
    }

    fn destination(&self) -> Option<&Path> {
        Some(self.root.as_path()).filter(|_| self.changes_directory)
    }

    fn code(&self) -> u8 {
        self.agent.as_ref().and_then(StartedAgent::status).unwrap_or(0)
    }
}
