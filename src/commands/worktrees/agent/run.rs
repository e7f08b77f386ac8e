//! An agent at work: kept under its lease until it ends, in the foreground, or by a process of ours in the background
//! (`worktree tend`) where nobody watches.
//!
//! It ends well: the lease is given back. It fails: the lease stays until its time is up, for whoever goes on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::commands::leases::claim::{SupervisedCommand, supervise, was_concluded};
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::worktrees::agent::{AgentReport, LeaseAfterAgent};
use crate::domain::id::{IssueId, IssueRef, LeaseId};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::process::background::{self, Watched};
use crate::store;
use crate::store::agent_run::{self, AgentExit, AgentRun};
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::lock::Guard;
use crate::worktree::Spawned;

/// How long one that goes on in the background may take to begin.
const SOON: Duration = Duration::from_secs(20);
/// What is ours alone: an agent that asks for a directory must not move the shell that started it.
const NOT_FOR_AGENTS: [&str; 2] = ["GIT_JIT_CD_FILE", "GIT_PREFIX"];

/// An agent in a worktree.
pub(crate) struct Run<'a> {
    pub session: &'a Session,
    /// The repository as seen from the worktree.
    pub layout: &'a Layout,
    /// What the agent is called.
    pub name: &'a str,
    /// The issue that it works on.
    pub issue_id: IssueId,
    /// The lease that is kept alive for it.
    pub lease_id: &'a LeaseId,
}

impl Run<'_> {
    /// Runs it, keeps the lease alive meanwhile, and says what became of both.
    pub(crate) fn to_its_end(&self, argv: &[OsString], log: Option<String>, door: Option<Guard>) -> Result<AgentReport, Error> {
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
            unset: &[&NOT_FOR_AGENTS[..], &crate::process::GIT_LOCAL_VARIABLES[..]].concat(),
            ends_when_lost: false,
        };
        let mut begun = None;
        let ended = supervise(&edit, &supervised, |pid| {
            let run = self.record(pid, log.clone());
            run.write(&layout.git_dir, layout.modes)?;
            begun = Some(run);
            // Whoever comes now sees that it is at work.
            drop(door);
            Ok(())
        });
        let (status, lost) = match ended {
            Ok(ended) => ended,
            Err(error) => {
                // It has done nothing, and a lease for nothing is in others' way.
                edit.close_lease(self.issue_id)?;
                return Err(error);
            }
        };
        let end = if lost.is_some() { LeaseAfterAgent::Lost } else { self.after(&edit, status) };
        let pid = begun.as_ref().map_or(0, |run| run.pid);
        if let Some(run) = begun.filter(|_| layout.git_dir.exists()) {
            let run = AgentRun { ended: Some(AgentExit { at: session.cx.clock().now().wall, status }), ..run };
            run.write(&layout.git_dir, layout.modes)?;
        }
        Ok(AgentReport { name: self.name.to_owned(), pid, log, status: Some(status), end: Some(end) })
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

    /// The lease after the end: given back if that was well, else left for whoever goes on.
    fn after(&self, edit: &EditSession<'_>, status: u8) -> LeaseAfterAgent {
        if status == 0 {
            match edit.close_lease(self.issue_id) {
                Ok(Some((_, true))) => return LeaseAfterAgent::Closing,
                Ok(Some((_, false))) => return LeaseAfterAgent::Released,
                // It has given it back itself, or its commit has.
                Ok(None) if was_concluded(edit, self.lease_id) => return LeaseAfterAgent::Released,
                Ok(None) => return LeaseAfterAgent::Lost,
                Err(error) => edit.session.output.warn(&format!("the lease could not be given back: {error}")),
            }
        }
        let now = edit.session.cx.clock().now();
        let ledger = edit.session.leases(edit.layout).ledger().unwrap_or_default();
        match ledger.lease(self.lease_id) {
            Some(lease) => {
                LeaseAfterAgent::Stays { left_ms: lease.lease_status(&now, edit.policy.limits.stale_after_secs).left_ms() }
            }
            None if was_concluded(edit, self.lease_id) => LeaseAfterAgent::Released,
            None => LeaseAfterAgent::Lost,
        }
    }

    /// Starts a process of ours that starts it, and waits until it runs.
    pub(crate) fn in_background(&self, argv: &[OsString], spawned: &Spawned, door: Guard) -> Result<AgentReport, Error> {
        // Held until it runs.
        let _door = door;
        let (session, layout) = (self.session, self.layout);
        let missing = || Error::NotThere { what: "program", name: "git-jit".to_owned(), hint: String::new() };
        let program = session.cx.program.clone().ok_or_else(missing)?;
        let (log, stream) = agent_run::new_log(&layout.shared_dir(), self.issue_id, layout.modes)?;
        let mut words: Vec<OsString> = vec!["-C".into(), spawned.path.clone().into()];
        let (issue, path) = (self.issue_id.to_string(), log.display().to_string());
        let ours = ["--agent-id", spawned.holder.agent_id.as_str(), "worktree", "tend", "--issue", &issue];
        words.extend(ours.map(OsString::from));
        words.extend(["--lease", self.lease_id.as_str(), "--name", self.name, "--log", &path, "--"].map(OsString::from));
        words.extend(argv.iter().cloned());
        let failed = |source| store::Error::io("run", &program)(source);
        let mut child = background::start_in_background(&program, &words, Some(&stream)).map_err(failed)?;
        let deadline = Instant::now() + SOON;
        loop {
            // Asked first: one that has ended by now has written down before that it ran.
            let is_over = child.try_wait().map_err(|source| store::Error::io("run", &program)(source))?.is_some();
            if let Some(run) = AgentRun::read(&layout.git_dir)?.filter(|run| run.log.as_ref() == Some(&path)) {
                return Ok(AgentReport { name: self.name.to_owned(), pid: run.pid, log: Some(path), status: None, end: None });
            }
            if is_over || Instant::now() > deadline {
                let said = file::read_optional(&log)?.unwrap_or_default();
                let said = String::from_utf8_lossy(&said).lines().rev().take(3).collect::<Vec<_>>().join("; ");
                let hint = if said.is_empty() { format!("Its log: {path}") } else { said };
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

/// Does in the background what `spawn` does otherwise; what it says goes to the log.
pub(crate) fn tend(session: &Session, args: TendArgs) -> CommandResult {
    let TendArgs { issue, lease, name, log, argv } = args;
    background::leave_session();
    let layout = session.layout()?;
    let issue_id = IssueRef::parse(&issue)?.full().ok_or_else(|| Error::Usage { what: issue.clone(), hint: String::new() })?;
    let run = Run { session, layout, name: &name, issue_id, lease_id: &LeaseId::new(lease) };
    let outcome = run.to_its_end(&argv, Some(log), None)?;
    let root = layout.worktree_root.clone().unwrap_or_default();
    Ok(Box::new(Tended { outcome, issue_id, root }))
}

struct Tended {
    outcome: AgentReport,
    issue_id: IssueId,
    root: PathBuf,
}

impl Report for Tended {
    fn json(&self) -> Value {
        self.outcome.json()
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        Some(self.outcome.told(&self.issue_id.short(), &self.root))
    }

    fn code(&self) -> u8 {
        self.outcome.status.unwrap_or(0)
    }
}
