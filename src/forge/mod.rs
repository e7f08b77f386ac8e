//! The service that hosts the repository: GitHub, through `gh`.

pub(crate) mod github;
