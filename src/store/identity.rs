//! The identity of a worktree: its id, its agent and its issue, kept in its own Git directory and never committed.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, IssueId, WorktreeId};
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// The identity of a worktree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    schema_version: u32,
    /// Created once, at random.
    pub worktree_id: WorktreeId,
    /// Its last known root, to notice a move.
    pub root: String,
    /// The agent that `spawn` created it for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The issue that it was created for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<IssueId>,
    /// The base that it was created from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// The base that a worktree was created from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Base {
    /// The full name of the ref; `None` if a commit was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The commit at that time.
    pub commit: String,
}

impl Identity {
    /// The identity of the worktree that a layout is seen from; `None` if it has never written anything.
    pub(crate) fn of(layout: &Layout) -> Result<Option<Self>> {
        Self::read(&layout.git_dir)
    }

    /// The identity of the worktree that a layout is seen from, created if it has none, with its root as it is now.
    pub(crate) fn require(layout: &Layout) -> Result<Self> {
        Self::ensure(&layout.git_dir, root_of(layout), None, layout.modes)
    }

    /// Whether the recorded root is the one that a layout is seen from.
    pub(crate) fn is_at_root_of(&self, layout: &Layout) -> bool {
        self.root == root_of(layout).display().to_string()
    }

    /// A new identity with 32 random bits.
    pub(crate) fn draw(root: &Path, agent_id: Option<AgentId>) -> Self {
        let (bits, ..) = uuid::Uuid::new_v4().as_fields();
        let (worktree_id, root) = (WorktreeId::from_bits(bits), root.display().to_string());
        Self { schema_version: 1, worktree_id, root, agent_id, issue_id: None, base: None }
    }

    /// This identity with an issue and a base.
    pub(crate) fn created_for(self, issue_id: IssueId, base: Base) -> Self {
        Self { issue_id: Some(issue_id), base: Some(base), ..self }
    }

    /// This identity with another issue.
    pub(crate) fn for_issue(self, issue_id: IssueId) -> Self {
        Self { issue_id: Some(issue_id), ..self }
    }

    /// The next step where the file of an identity cannot be read.
    pub(crate) fn how_to_renew(file: &Path) -> String {
        let file = file.display();
        format!("To give this worktree a new identity, which holds no lease: mv '{file}' '{file}.bad'")
    }

    pub(crate) fn path(git_dir: &Path) -> PathBuf {
        git_dir.join("jit").join("worktree.json")
    }

    /// The identity recorded in a worktree's Git directory.
    pub(crate) fn read(git_dir: &Path) -> Result<Option<Self>> {
        let path = Self::path(git_dir);
        let Some(bytes) = file::read_optional(&path)?.filter(|bytes| !is_blank(bytes)) else { return Ok(None) };
        let corrupt = |error: serde_json::Error| Error::Corrupt { path, line: None, why: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(corrupt)
    }

    /// Records the identity of a worktree durably, since leases will name it; returns `false` if it has one already.
    pub(crate) fn record(&self, git_dir: &Path, modes: Modes) -> Result<bool> {
        let (path, dir) = (Self::path(git_dir), git_dir.join("jit"));
        file::make_dir(&dir, modes)?;
        let is_first = file::finish_beside(&path, &self.to_bytes(), modes, true)?.claim_name()?;
        file::sync_dir(&dir)?;
        file::sync_dir(git_dir)?;
        Ok(is_first)
    }

    /// Replaces the identity that a worktree has, durably.
    pub(crate) fn replace(&self, git_dir: &Path, modes: Modes) -> Result<()> {
        file::finish_beside(&Self::path(git_dir), &self.to_bytes(), modes, true)?.replace()?;
        file::sync_dir(&git_dir.join("jit"))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("an identity serializes into memory");
        bytes.push(b'\n');
        bytes
    }

    /// The identity of a worktree, with its current root; created for `agent_id` if it has none.
    pub(crate) fn ensure(git_dir: &Path, root: &Path, agent_id: Option<&AgentId>, modes: Modes) -> Result<Self> {
        let found = if let Some(found) = Self::read(git_dir)? {
            found
        } else {
            let path = Self::path(git_dir);
            if file::read_optional(&path)?.is_some_and(|bytes| is_blank(&bytes)) {
                // A concurrent process may replace it meanwhile; then `record` fails and its identity is read below.
                let _ = std::fs::remove_file(&path);
            }
            Self::draw(root, agent_id.cloned()).record(git_dir, modes)?;
            Self::read(git_dir)?.ok_or_else(|| Error::Contended { path: Self::path(git_dir) })?
        };
        let root = root.display().to_string();
        if found.root == root {
            return Ok(found);
        }
        let moved = Self { root, ..found };
        moved.replace(git_dir, modes)?;
        Ok(moved)
    }
}

fn root_of(layout: &Layout) -> &Path {
    layout.worktree_root.as_deref().unwrap_or(&layout.common_dir)
}

/// Whether a file is empty or filled with zeros, as a power failure may leave it.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
