//! What a store of leases is asked for and what it answers, wherever it keeps them.

use std::collections::HashSet;

use crate::domain::id::{IssueId, WorktreeId};
use crate::domain::lease::{Lease, LeaseAnswer, LeaseEvent, LeaseRefusal, Ledger};
use crate::domain::time::Now;

/// What a request came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transaction {
    /// What was decided; all of it counts.
    pub answer: Result<LeaseAnswer, LeaseRefusal>,
    /// The ledger after it.
    pub ledger: Ledger,
}

/// One fact of the past.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PastEvent {
    /// Its sequence; for a grant, the token.
    pub sequence: u64,
    /// What happened.
    pub event: LeaseEvent,
    /// When.
    pub at: Now,
    /// Whether it is known from what had to be set aside: it happened, and its place in the order is not proved.
    pub is_set_aside: bool,
}

/// What somebody should know of the state a coordinator is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Diagnostic {
    /// Something is wrong, and what to do about it.
    Problem(String),
    /// Something is worth knowing, and mends itself.
    Note(String),
}

/// What a recovery did, or would do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Recovery {
    /// What was wrong; nothing where all was well.
    pub found: Vec<String>,
    /// What was set aside, each with its new name.
    pub set_aside: Vec<String>,
    /// Leases that are as they were.
    pub kept: Vec<Lease>,
    /// Records that cannot be proved, in words.
    pub lost: Vec<String>,
}

/// Which leases somebody wants to know of.
pub(crate) enum LeaseFilter<'a> {
    /// Those that are held in a worktree.
    Worktree(&'a WorktreeId),
    /// Those on these issues.
    Issues(&'a HashSet<IssueId>),
}
