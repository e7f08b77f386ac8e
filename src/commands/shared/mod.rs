//! What several groups of commands use: the session, arguments, the edit of an issue, lists and lease reports.

pub(crate) mod activity;
pub(crate) mod args;
pub(crate) mod candidates;
pub(crate) mod edit_session;
pub(crate) mod gate_results;
pub(crate) mod hooks_reminder;
pub(crate) mod issue_index;
pub(crate) mod issue_list;
pub(crate) mod lease_args;
pub(crate) mod lease_lookup;
pub(crate) mod lease_report;
pub(crate) mod session;
pub(crate) mod shell;
pub(crate) mod supervise;
pub(crate) mod worktree_list;
