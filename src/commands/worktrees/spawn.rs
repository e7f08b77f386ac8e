//! `git jit worktree spawn`: from an issue to an agent at work on it.

use std::path::Path;

use serde_json::{Value, json};

use crate::commands::leases::claim;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::worktrees::agent::{self, AgentReport};
use crate::commands::worktrees::settings::WorktreeSettings;
use crate::commands::worktrees::subject::Subject;
use crate::commands::worktrees::{elsewhere, show, viewpoint};
use crate::domain::id::AgentId;
use crate::error::Error;
use crate::git::run::Git;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::agent_run;
use crate::store::layout::Layout;
use crate::store::worktrees::Worktree;
use crate::worktree::{self, Blocker, SpawnRequest, Spawned, agent_at_work};

const AFTER: &str = "\
The worktree is trees/issue-NUMBER-SLUG, on a branch of the same name that begins at the default branch. It is made whole or not
at all. One that is there already is gone on with, and so is, with --resume, a branch without a worktree. Ignored files that
.worktreeinclude lists come along.

The lease is kept alive while the agent runs. When that ends well it is given back, with an uncommitted edit at its commit; when
it fails the lease stays until its time is up. The status is the agent's.";

// Arguments of `worktree spawn`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it; or a number on GitHub, 42 or #42
    issue: String,
    /// Its title, for a number on GitHub that is not asked for there
    #[arg(long)]
    title: Option<String>,
    /// Where to start from [default: the default branch]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// Fetch from the remote first
    #[arg(long)]
    fetch: bool,
    /// Go on with a branch that there is of it, here or on a remote
    #[arg(long)]
    resume: bool,
    /// How long the lease lasts: seconds, or 30m, 2h, 1d; 0 for no end, with a reason [default: the configuration's, 600]
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// What the lease is for
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Do without the command of `worktree.post_spawn`
    #[arg(long)]
    no_setup: bool,
    #[command(flatten)]
    agent: agent::AgentChoice,
}

/// Makes the worktree or finds it, and starts the agent.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, title, base, fetch, resume, ttl, reason, no_setup, agent } = args;
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let view = viewpoint(layout)?;
    let view = view.as_ref().unwrap_or(layout);
    let policy = session.policy_of_leases(view)?;
    crate::commands::shared::hooks_reminder::remind(session, layout, &policy);
    let settings = WorktreeSettings::read(session, view)?;
    let (ttl_secs, reason) = (claim::ttl_secs(ttl.as_deref(), &policy)?, claim::reason(reason)?);
    // Everything that can be known to fail is looked at before anything is made.
    let chosen = agent.choose(session, layout, &settings)?;
    let subject = Subject::find(session, view, &policy, &issue, title.as_deref())?;
    if subject.is_closed_there {
        session.output.warn(&format!("{issue} is closed on GitHub"));
    }
    let issue = subject.document.issue();
    let existing = worktree::existing(layout, issue)?;
    let prepare = if no_setup || existing.is_some() { None } else { settings.post_spawn(session, layout)? };
    if fetch && existing.is_none() {
        Git::at(&layout.common_dir).attended(&["fetch", "--quiet"])?;
    }
    // Nobody else starts an agent there, or removes it, until ours is at work.
    let door = existing.as_ref().filter(|existing| chosen.is_some() && !existing.is_missing);
    let gone = |existing: &Worktree| Blocker::Missing { path: existing.root.clone() };
    let door = door.map(|existing| agent_run::lock(&existing.git_dir, layout.modes)?.ok_or_else(|| gone(existing).into()));
    let door = door.transpose().map_err(|error: Error| error)?;
    let wish = SpawnRequest {
        issue,
        issue_file: subject.document.as_bytes(),
        agent_id: who(session, layout, existing.as_ref())?,
        base,
        ttl_secs,
        reason,
        policy: &policy,
        place: settings.place(session),
        resumes_branch: resume,
        prepare,
    };
    let spawned = match existing {
        Some(existing) => go_on(session, layout, &wish, existing, chosen.is_some())?,
        None => worktree::spawn(&session.cx, layout, &wish)?,
    };
    for note in &spawned.notes {
        session.output.warn(note);
    }
    let leads = chosen.as_ref().is_none_or(|chosen| !chosen.is_headless());
    let outcome = chosen.map(|chosen| chosen.start(session, &spawned, issue, door)).transpose()?;
    Ok(Box::new(Spawn { spawned, outcome, leads }))
}

/// Who will hold the lease: whoever a worktree that is there belongs to, unless somebody else is named.
fn who(session: &Session, layout: &Layout, existing: Option<&Worktree>) -> Result<AgentId, Error> {
    match existing.filter(|existing| !existing.is_missing) {
        Some(existing) => session.agent(&elsewhere(&existing.root)?),
        None => session.agent(layout),
    }
}

/// Goes on in a worktree that is there; not with a second agent beside one that is at work, and not as somebody else.
fn go_on(
    session: &Session,
    layout: &Layout,
    wish: &SpawnRequest<'_>,
    existing: Worktree,
    with_agent: bool,
) -> Result<Spawned, Error> {
    let is_others = existing.identity.as_ref().and_then(|identity| identity.agent_id.as_ref()) != Some(&wish.agent_id);
    if let Some(run) = agent_at_work(&existing).filter(|_| with_agent || is_others) {
        return Err(Blocker::AtWork { name: run.name, pid: run.pid, path: existing.root }.into());
    }
    Ok(worktree::resume(&session.cx, layout, wish, existing)?)
}

struct Spawn {
    spawned: Spawned,
    outcome: Option<AgentReport>,
    leads: bool,
}

impl Report for Spawn {
    fn json(&self) -> Value {
        let Spawned { path, branch, base, holder, lease_id, issue_id, copied, notes } = &self.spawned;
        json!({
            "changed": base.is_some(), "path": path.display().to_string(), "branch": branch, "base": base,
            "agent_id": holder.agent_id, "worktree_id": holder.worktree_id, "lease_id": lease_id, "issue_id": issue_id,
            "copied": copied, "notes": notes, "agent": self.outcome.as_ref().map(AgentReport::json),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Spawned { path, branch, base, holder, lease_id, issue_id, copied, .. } = &self.spawned;
        let head = if base.is_some() { "✓ Created worktree:" } else { "✓ Found worktree:" };
        let copied = if *copied > 0 { format!("  Copied: {copied} that .worktreeinclude lists\n") } else { String::new() };
        format!(
            "{} {}\n  Branch: {}\n  Issue:  {issue_id}\n  Holder: {holder}\n  Lease:  {}\n{copied}{}",
            styles.good(head),
            show(path),
            plain_line(branch),
            styles.id(lease_id.as_str()),
            self.outcome.as_ref().map(AgentReport::lines).unwrap_or_default(),
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.spawned.path.display().to_string())
    }

    fn aside(&self) -> Option<String> {
        self.outcome.as_ref().map(|outcome| outcome.told(&self.spawned.issue_id.short(), &self.spawned.path))
    }

    fn destination(&self) -> Option<&Path> {
        Some(self.spawned.path.as_path()).filter(|_| self.leads)
    }

    fn code(&self) -> u8 {
        self.outcome.as_ref().and_then(AgentReport::status).unwrap_or(0)
    }
}
