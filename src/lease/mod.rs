//! Leases as commands use them: the coordinator interface, and the lease log of this clone as its implementation.

#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod coordinator;
mod local_log;
#[cfg(test)]
pub(crate) mod memory;

use crate::lease::coordinator::Coordinator;
use crate::store::layout::Layout;
use crate::store::log::{LeaseLog, Options};

/// The coordinator of a repository's leases; without `takes_locks` its log is written without file locks.
pub(crate) fn open(layout: &Layout, takes_locks: bool) -> Box<dyn Coordinator> {
    let options = Options { lock: takes_locks, ..Options::default() };
    Box::new(LeaseLog::new(&layout.shared_dir(), layout.modes, options))
}
