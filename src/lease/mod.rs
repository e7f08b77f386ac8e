//! Who keeps leases: the interface, and the log of this clone behind it.

#[cfg(test)]
pub(crate) mod conformance;
pub(crate) mod coordinator;
#[cfg(test)]
pub(crate) mod memory;

use crate::context::Context;
use crate::lease::coordinator::Coordinator;
use crate::store::layout::Layout;
use crate::store::log::{ClaimStore, Options};

/// The keeper of a repository's leases.
pub(crate) fn open(cx: &Context, layout: &Layout) -> Box<dyn Coordinator> {
    let options = Options { lock: cx.takes_locks, ..Options::default() };
    Box::new(ClaimStore::new(&layout.shared_dir(), layout.modes, options))
}
