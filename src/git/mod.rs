//! TODO: git.

pub(crate) mod branch;
pub(crate) mod history;
pub(crate) mod index;
pub(crate) mod merge;
pub(crate) mod range;
pub(crate) mod run;
pub(crate) mod tree;
