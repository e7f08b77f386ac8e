//! Services that host repositories and their issues.

pub(crate) mod github;
