//! Who holds a lease.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, CloneId, WorktreeId};

/// The holder of a lease: an agent in a worktree of a clone. All three must match whenever the lease is used.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Holder {
    pub agent_id: AgentId,
    /// The worktree in which the agent works.
    pub worktree_id: WorktreeId,
    /// The clone of the worktree; `None` for the clone that this program works in.
    #[serde(default, rename = "clone", skip_serializing_if = "Option::is_none")]
    #[schemars(skip)]
    pub clone_id: Option<CloneId>,
}

impl Holder {
    /// A holder in the clone that this program works in.
    pub(crate) fn here(agent_id: AgentId, worktree_id: WorktreeId) -> Self {
        Self { agent_id, worktree_id, clone_id: None }
    }
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in {}", self.agent_id, self.worktree_id)
    }
}
