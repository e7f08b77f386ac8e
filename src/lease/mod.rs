//! TODO: lease.

#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod coordinator;
#[cfg(test)]
pub(crate) mod memory;
