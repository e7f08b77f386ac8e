//! The handle that commands and hooks work with: one repository, seen from one worktree, at one moment.

use crate::context::Context;
use crate::domain::policy::Policy;
use crate::lease::Leases;
use crate::store::layout::Layout;

/// One repository with the facts, the policy and the leases that a piece of work needs.
#[derive(Clone, Copy)]
pub(crate) struct Repo<'a> {
    /// The facts of this process.
    pub cx: &'a Context,
    /// The paths and the Git repository.
    pub layout: &'a Layout,
    /// The policy in force for this piece of work.
    pub policy: &'a Policy,
    /// The keeper of the leases.
    pub leases: &'a dyn Leases,
}
