//! TODO: commands::leases.

pub(crate) mod claim;
pub(crate) mod done;
pub(crate) mod next;
pub(crate) mod recover;
