//! The rules. They are pure: no files, Git, clock, environment or output.
//!
//! Everything is a function of its arguments, so that tables, properties and a model checker can test it. A rule takes the facts that it
//! needs as arguments.

pub(crate) mod agent_command;
pub(crate) mod clone;
pub(crate) mod consistency;
pub(crate) mod id;
pub(crate) mod issue;
pub(crate) mod lease;
pub(crate) mod merge;
pub(crate) mod policy;
pub(crate) mod time;
pub(crate) mod tracker;
pub(crate) mod transition;
