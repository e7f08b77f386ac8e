//! TODO: hooks.

pub(crate) mod guard;
pub(crate) mod install;
pub(crate) mod pre_commit;
pub(crate) mod pre_push;
