//! The agent that was last started in a worktree: `agent.json` in that worktree's own Git directory.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{IssueId, LeaseId};
use crate::store::file::{self, Modes};
use crate::store::lock;
use crate::store::{Error, Result};

/// How long one waits for an agent that somebody else starts.
const PATIENCE: Duration = Duration::from_secs(30);

/// An agent at work, or one that has been.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentRun {
    /// The form of this record.
    pub schema_version: u32,
    /// What it is called: `claude`, `shell`.
    pub name: String,
    /// Its process.
    pub pid: u32,
    /// When that began, in the system's own count, where it has one.
    pub began: Option<u64>,
    /// When it was started.
    pub started_at: Timestamp,
    /// The issue that it works on.
    pub issue_id: IssueId,
    /// The lease that is kept alive for it.
    pub lease_id: LeaseId,
    /// Where it says what it says, if nobody sits at its terminal.
    pub log: Option<String>,
    /// How it ended; `None` while it runs, and where nobody saw the end.
    pub ended: Option<AgentExit>,
}

/// The end of an agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AgentExit {
    /// When.
    pub at: Timestamp,
    /// With which status.
    pub status: u8,
}

fn path(git_dir: &Path) -> PathBuf {
    git_dir.join("jit").join("agent.json")
}

impl AgentRun {
    /// The last one of a worktree. What cannot be read is as if nobody had been there: it is told by `doctor`.
    pub(crate) fn read(git_dir: &Path) -> Result<Option<Self>> {
        let path = path(git_dir);
        let Some(bytes) = file::read_optional(&path)? else { return Ok(None) };
        serde_json::from_slice(&bytes).map(Some).map_err(|error| Error::Corrupt { path, line: None, why: error.to_string() })
    }

    /// Writes it down.
    pub(crate) fn write(&self, git_dir: &Path, modes: Modes) -> Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("a record of words and numbers");
        bytes.push(b'\n');
        file::make_dir(&git_dir.join("jit"), modes)?;
        file::replace(&path(git_dir), &bytes, modes)
    }
}

/// Whoever starts an agent in a worktree, or removes the worktree, holds its door meanwhile; `None` where the worktree is gone.
pub(crate) fn door(git_dir: &Path, modes: Modes) -> Result<Option<lock::Guard>> {
    let path = lock::path(&git_dir.join("jit"), "agent");
    // One by one: what is gone is not made again.
    for folder in [git_dir.join("jit"), git_dir.join("jit").join("locks")] {
        match std::fs::create_dir(&folder) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(Error::io("make directory", &folder)(error)),
            _ => {}
        }
    }
    lock::acquire(&path, modes, PATIENCE).map(Some)
}

/// A new file for what an agent says, below what all worktrees share: it outlives the worktree.
pub(crate) fn new_log(shared: &Path, issue: IssueId, modes: Modes) -> Result<(PathBuf, std::fs::File)> {
    let dir = shared.join("agent-runs").join(issue.to_string());
    file::make_dir(&dir, modes)?;
    let path = dir.join(format!("{}.log", ulid::Ulid::new()));
    let file = file::open_append(&path, modes)?;
    Ok((path, file))
}
