//! The hook programs, and how they are installed.

pub(crate) mod guard;
pub(crate) mod install;
pub(crate) mod pre_commit;
pub(crate) mod pre_push;

/// Why a hook could not judge a commit or a push.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Enforce(#[from] crate::enforce::Error),
    /// A line on stdin that Git should not have written.
    #[error("cannot parse what git reports as pushed: {0:?}")]
    Input(String),
}

/// The result of a hook.
pub(crate) type Result<T> = std::result::Result<T, Error>;
