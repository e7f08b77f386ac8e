//! The agent that was last started in a worktree: `agent.json` in that worktree's own Git directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{IssueId, LeaseId};
use crate::store::file::{self, Modes};
use crate::store::lock as locks;
use crate::store::{Error, Result};

/// How long to wait for another process that starts an agent.
const PATIENCE: Duration = Duration::from_secs(30);

/// An agent that runs or has run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentRun {
    /// The version of this format.
    pub schema_version: u32,
    /// Its name: `claude`, `shell`.
    pub name: String,
    /// Its process.
    pub pid: u32,
    /// The start time of the process in the system's ticks, if known.
    pub began: Option<u64>,
    /// When it was started.
    pub started_at: Timestamp,
    /// The issue that it works on.
    pub issue_id: IssueId,
    /// The lease that is kept alive for it.
    pub lease_id: LeaseId,
    /// The file with its output, if it has no terminal.
    pub log: Option<String>,
    /// How it ended; `None` while it runs, or if the end was not observed.
    pub ended: Option<AgentExit>,
}

/// The end of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentExit {
    /// When.
    pub at: Timestamp,
    /// Its exit status.
    pub status: u8,
}

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("jit").join("agent.json")
}

impl AgentRun {
    /// The last run in a worktree.
    pub(crate) fn read(git_dir: &Path) -> Result<Option<Self>> {
        let path = path(git_dir);
        let Some(bytes) = file::read_optional(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Corrupt { path, line: None, why: error.to_string() })
    }

    /// Records it.
    pub(crate) fn write(&self, git_dir: &Path, modes: Modes) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record serializes into memory");
        bytes.push(b'\n');
        file::make_dir(&git_dir.join("jit"), modes)?;
        file::replace(&path(git_dir), &bytes, modes)
    }
}

/// Acquires the lock that is held while an agent is started in a worktree or the worktree is removed; `None` if the worktree no
/// longer exists.
pub(crate) fn lock(git_dir: &Path, modes: Modes) -> Result<Option<locks::Guard>> {
    let path = locks::path(&git_dir.join("jit"), "agent");
    // Without missing parents: a removed worktree must not be created again.
    for folder in [git_dir.join("jit"), git_dir.join("jit").join("locks")] {
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Error::io("create directory", &folder)(error)),
            _ => {}
        }
    }
    locks::acquire(&path, modes, PATIENCE).map(Some)
}

/// A new file for the output of an agent, in the shared directory, so that it outlives the worktree.
pub(crate) fn new_log(shared: &Path, issue: IssueId, modes: Modes) -> Result<(PathBuf, std::fs::File)> {
    let dir = shared.join("agent-runs").join(issue.to_string());
    file::make_dir(&dir, modes)?;
    let path = dir.join(format!("{}.log", ulid::Ulid::new()));
    let file = file::open_append(&path, modes)?;
    Ok((path, file))
}
