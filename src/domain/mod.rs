//! The rules, pure: no files, no Git, no clock, no environment, no printing.
//!
//! Everything here is a function of its arguments, so a table, a property or a model checker can
//! drive it. A rule that needs a fact takes the fact; it never fetches one.

pub(crate) mod agent;
pub(crate) mod block;
pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod guard;
pub(crate) mod id;
pub(crate) mod issue;
pub(crate) mod lease;
pub(crate) mod merge;
pub(crate) mod plan;
pub(crate) mod policy;
pub(crate) mod query;
pub(crate) mod shell;
pub(crate) mod splice;
pub(crate) mod time;
pub(crate) mod transition;
pub(crate) mod whole;
pub(crate) mod workflow;
