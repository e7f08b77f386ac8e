//! Runs an agent and keeps its lease alive until it ends: in the foreground, or in a background process (`worktree tend`).
//!
//! If the agent succeeds, the lease is released. If it fails, the lease lasts until it expires, so that the work can be continued.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde::Serialize;

use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::supervise::{SupervisedCommand, supervise, was_concluded};
use crate::commands::worktrees::agent::{AgentsLease, StartedAgent};
use crate::domain::id::{IssueId, IssueRef, LeaseId};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::process::GIT_LOCAL_VARIABLES;
use crate::process::background::{self, Watched};
use crate::store;
use crate::store::agent_run::{self, AgentExit, AgentRun};
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::lock::Guard;
use crate::worktree::Spawned;

/// How long a background agent may take to start.
const START_TIMEOUT: Duration = Duration::from_secs(20);
/// Variables that the agent does not inherit: it must not change the directory of the shell that started us.
const UNSET: [&str; 2] = ["GIT_JIT_CD_FILE", "GIT_PREFIX"];

/// An agent that runs under a lease.
pub(crate) struct SupervisedAgent<'a> {
    pub session: &'a Session,
    /// The repository as seen from the agent's worktree.
    pub layout: &'a Layout,
    pub name: &'a str,
    pub issue_id: IssueId,
    pub lease_id: &'a LeaseId,
}

impl SupervisedAgent<'_> {
    /// Runs the agent to its end and keeps its lease alive. The start lock is released once the agent is recorded as running.
    pub(crate) fn run_to_end(
        &self,
        argv: &[OsString],
        log: Option<String>,
        start_lock: Option<Guard>,
    ) -> Result<StartedAgent, Error> {
        let (session, layout) = (self.session, self.layout);
        let edit = EditSession::for_leases(session, layout)?;
        let holder = session.holder(layout)?;
        let ttl_secs = session.leases(layout).ledger()?.lease(self.lease_id).map_or(0, |lease| lease.ttl_secs);
        let supervised = SupervisedCommand {
            lease_id: self.lease_id,
            issue_id: self.issue_id,
            agent_id: &holder.agent_id,
            ttl_secs,
            argv,
            dir: layout.worktree_root.as_deref(),
            unset: &[&UNSET[..], &GIT_LOCAL_VARIABLES[..]].concat(),
            ends_when_lost: false,
        };
        let mut started = None;
        let ended = supervise(&edit, &supervised, |pid| {
            let run = self.record(pid, log.clone());
            run.write(&layout.git_dir, layout.modes)?;
            started = Some(run);
            drop(start_lock);
            Ok(())
        });
        let (status, lost) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // The agent has done nothing, so its lease would only block others.
                edit.close_lease(self.issue_id)?;
                return Err(error);
            }
        };
        let (lease, left_ms) = if lost.is_some() { (AgentsLease::Lost, None) } else { self.end_lease(&edit, status) };
        let pid = started.as_ref().map_or(0, |run| run.pid);
        if let Some(run) = started.filter(|_| layout.git_dir.exists()) {
            let run = AgentRun { ended: Some(AgentExit { at: session.cx.clock().now().wall, status }), ..run };
            run.write(&layout.git_dir, layout.modes)?;
        }
        Ok(StartedAgent { name: self.name.to_owned(), pid, log, status: Some(status), lease: Some(lease), left_ms })
    }

    fn record(&self, pid: u32, log: Option<String>) -> AgentRun {
        AgentRun {
            schema_version: 1,
            name: self.name.to_owned(),
            pid,
            began: Watched::of(pid).and_then(|watched| watched.began),
            started_at: self.session.cx.clock().now().wall,
            issue_id: self.issue_id,
            lease_id: self.lease_id.clone(),
            log,
            ended: None,
        }
    }

    /// Releases the lease if the agent succeeded. Returns the state of the lease, and how long a kept lease lasts.
    fn end_lease(&self, edit: &EditSession<'_>, status: u8) -> (AgentsLease, Option<u64>) {
        if status == 0 {
            match edit.close_lease(self.issue_id) {
                Ok(Some((_, true))) => return (AgentsLease::Closing, None),
                Ok(Some((_, false))) => return (AgentsLease::Released, None),
                // The agent has released it, or its commit has.
                Ok(None) if was_concluded(edit, self.lease_id) => return (AgentsLease::Released, None),
                Ok(None) => return (AgentsLease::Lost, None),
                Err(error) => edit.session.output.warn(&format!("cannot release the lease: {error}")),
            }
        }
        let now = edit.session.cx.clock().now();
        let ledger = edit.session.leases(edit.layout).ledger().unwrap_or_default();
        match ledger.lease(self.lease_id) {
            Some(lease) => (AgentsLease::Stays, lease.lease_status(&now, edit.policy.limits.stale_after_secs).left_ms()),
            None if was_concluded(edit, self.lease_id) => (AgentsLease::Released, None),
            None => (AgentsLease::Lost, None),
        }
    }

    /// Starts a background process that runs the agent, and waits until the agent is recorded as running.
    pub(crate) fn run_in_background(&self, argv: &[OsString], spawned: &Spawned, start_lock: Guard) -> Result<StartedAgent, Error> {
        // Held until this function returns.
        let _start_lock = start_lock;
        let (session, layout) = (self.session, self.layout);
        let missing = || Error::NotThere { what: "program", name: "git-jit".to_owned(), hint: String::new() };
        let program = session.cx.program.clone().ok_or_else(missing)?;
        let (log, stream) = agent_run::new_log(&layout.shared_dir(), self.issue_id, layout.modes)?;
        let mut arguments: Vec<OsString> = vec!["-C".into(), spawned.path.clone().into()];
        let (issue, path) = (self.issue_id.to_string(), log.display().to_string());
        let words = ["--agent-id", spawned.holder.agent_id.as_str(), "worktree", "tend", "--issue", &issue];
        arguments.extend(words.map(OsString::from));
        arguments.extend(["--lease", self.lease_id.as_str(), "--name", self.name, "--log", &path, "--"].map(OsString::from));
        arguments.extend(argv.iter().cloned());
        let failed = || store::Error::io("run", &program);
        let mut child = background::start_in_background(&program, &arguments, Some(&stream)).map_err(failed())?;
        let deadline = Instant::now() + START_TIMEOUT;
        loop {
            // Checked before the record is read: a process that has ended by now has already recorded that its agent ran.
            let is_over = child.try_wait().map_err(failed())?.is_some();
            if let Some(run) = AgentRun::read(&layout.git_dir)?.filter(|run| run.log.as_ref() == Some(&path)) {
                let name = self.name.to_owned();
                return Ok(StartedAgent { name, pid: run.pid, log: Some(path), status: None, lease: None, left_ms: None });
            }
            if is_over || Instant::now() > deadline {
                let output = file::read_optional(&log)?.unwrap_or_default();
                let last = String::from_utf8_lossy(&output).lines().rev().take(3).collect::<Vec<_>>().join("; ");
                let hint = if last.is_empty() { format!("Its log: {path}") } else { last };
                return Err(Error::NotThere { what: "answer of", name: self.name.to_owned(), hint });
            }
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

// Arguments of `worktree tend`.
#[derive(Debug, clap::Args)]
pub(crate) struct TendArgs {
    #[arg(long)]
    issue: String,
    #[arg(long)]
    lease: String,
    #[arg(long)]
    name: String,
    #[arg(long)]
    log: String,
    #[arg(required = true, last = true)]
    argv: Vec<OsString>,
}

/// Runs the agent for `spawn --headless`, in the background and with its output in the log.
pub(crate) fn tend(session: &Session, args: TendArgs) -> CommandResult {
    let TendArgs { issue, lease, name, log, argv } = args;
    background::leave_session();
    let layout = session.layout()?;
    let issue_id = IssueRef::parse(&issue)?.full().ok_or_else(|| Error::Usage { what: issue.clone(), hint: String::new() })?;
    let agent = SupervisedAgent { session, layout, name: &name, issue_id, lease_id: &LeaseId::new(lease) };
    let agent = agent.run_to_end(&argv, Some(log), None)?;
    let root = layout.worktree_root.clone().unwrap_or_default();
    Ok(Box::new(Tended { agent, issue_id, root }))
}

#[derive(Serialize)]
struct Tended {
    #[serde(flatten)]
    agent: StartedAgent,
    #[serde(skip)]
    issue_id: IssueId,
    #[serde(skip)]
    root: PathBuf,
}

impl Report for Tended {
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        Some(self.agent.summary(&self.issue_id.short(), &self.root))
    }

    fn code(&self) -> u8 {
        self.agent.status.unwrap_or(0)
    }
}
