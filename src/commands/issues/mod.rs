//! TODO: commands::issues.

pub(crate) mod dep;
pub(crate) mod doc;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod issue;
pub(crate) mod label;
pub(crate) mod merge_driver;
pub(crate) mod note;
pub(crate) mod query;
pub(crate) mod report;
pub(crate) mod resolve;
pub(crate) mod validate;
