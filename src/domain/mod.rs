//! The rules, pure: no files, no Git, no clock, no environment, no printing.
//!
//! Everything here is a function of its arguments, so a table, a property or a model checker can
//! drive it. A rule that needs a fact takes the fact; it never fetches one.

pub(crate) mod agent_command;
pub(crate) mod consistency;
pub(crate) mod id;
pub(crate) mod issue;
pub(crate) mod lease;
pub(crate) mod merge;
pub(crate) mod policy;
pub(crate) mod time;
pub(crate) mod tracker;
pub(crate) mod transition;
