//! The rules of the tracker: dependencies, listings, states, gates and plans.

pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod plan;
pub(crate) mod query;
pub(crate) mod workflow;
