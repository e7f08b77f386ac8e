//! What a store of leases is asked for and what it answers, wherever it keeps them.

use std::collections::HashSet;

use crate::domain::id::{IssueId, WorktreeId};
use crate::domain::lease::{Lease, LeaseEvent};
use crate::domain::time::Now;

/// An event of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastEvent {
    /// Its sequence; for a grant, the lease's token.
    pub sequence: u64,
    /// What happened.
    pub event: LeaseEvent,
    /// When.
    pub at: Now,
    /// Whether it comes from a file that `recover` set aside: it happened, but its position in the order is not proved.
    pub is_set_aside: bool,
}

/// A result of checking the stored leases.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Diagnostic {
    /// Something is wrong; the text says what to do.
    Problem(String),
    /// Something that needs no action.
    Note(String),
}

/// What a recovery did, or would do in a dry run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recovery {
    /// The problems found.
    pub found: Vec<String>,
    /// The new names of files that were set aside.
    pub set_aside: Vec<String>,
    /// Leases that were kept.
    pub kept: Vec<Lease>,
    /// Descriptions of records that are lost.
    pub lost: Vec<String>,
}

/// Which leases a caller needs.
pub(crate) enum LeaseFilter<'a> {
    /// All of them.
    All,
    /// Those held in a worktree.
    Worktree(&'a WorktreeId),
    /// Those on these issues.
    Issues(&'a HashSet<IssueId>),
}
