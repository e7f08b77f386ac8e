//! Leases: indefinite ones, heartbeats, renewal, transfer and eviction; `claim hold`; damage to the log and recovery.

mod clocks;
mod copies;
mod hold;
mod life;
mod recover;
