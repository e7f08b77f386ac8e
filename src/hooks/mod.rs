//! The hook programs, and their installation.

pub(crate) mod guard;
pub(crate) mod install;
pub(crate) mod pre_commit;
pub(crate) mod pre_push;
