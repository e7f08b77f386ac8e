//! TODO: forge.

pub(crate) mod github;
