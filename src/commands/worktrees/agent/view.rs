//! How an agent is told of that is at work in a worktree, or has been.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::process::background::Watched;
use crate::store::agent_run::{AgentExit, AgentRun};

/// How an agent is told of in a listing.
pub(crate) struct AgentRunView {
    run: AgentRun,
    is_alive: bool,
}

impl AgentRunView {
    /// The agent of a worktree, by its Git directory; none where nobody has been.
    pub(crate) fn of(git_dir: &Path) -> Option<Self> {
        let run = AgentRun::read(git_dir).ok().flatten()?;
        let is_alive = run.ended.is_none() && Watched { pid: run.pid, began: run.began }.is_alive();
        Some(Self { run, is_alive })
    }

    /// Its record.
    pub(crate) fn run(&self) -> &AgentRun {
        &self.run
    }

    /// Whether it is at work.
    pub(crate) fn is_alive(&self) -> bool {
        self.is_alive
    }

    /// Where it says what it says.
    pub(crate) fn log(&self) -> Option<PathBuf> {
        self.run.log.as_ref().map(PathBuf::from)
    }

    /// As programs are told.
    pub(crate) fn json(&self) -> Value {
        let AgentRun { name, pid, started_at, log, ended, .. } = &self.run;
        let (ended_at, status) = (ended.map(|ended| ended.at), ended.map(|ended| ended.status));
        json!({
            "name": name, "pid": pid, "alive": self.is_alive, "started_at": started_at, "log": log, "ended_at": ended_at,
            "status": status,
        })
    }

    /// In a few words.
    pub(crate) fn words(&self) -> String {
        let AgentRun { name, pid, ended, .. } = &self.run;
        match ended {
            _ if self.is_alive => format!("{name} {pid}"),
            Some(AgentExit { status: 0, .. }) => format!("{name} done"),
            Some(AgentExit { status, .. }) => format!("{name} failed ({status})"),
            None => format!("{name} gone"),
        }
    }
}
