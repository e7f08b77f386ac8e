//! `git jit claim`: acquires, renews, transfers, releases and shows leases.

mod hold;
mod keepalive;
mod list;
mod log;
mod release;
mod renew;

use crate::commands::leases::claim::list::{ListArgs, StatusArgs};
use crate::commands::leases::claim::release::{EvictArgs, ReleaseArgs, TransferArgs};
use crate::commands::leases::claim::renew::{HeartbeatArgs, RenewArgs};
use crate::commands::leases::{acquire, next};
use crate::commands::shared::session::{CommandResult, Session};

pub(crate) use crate::commands::leases::claim::hold::Held;
pub(crate) use crate::commands::leases::claim::keepalive::{Detached, KeepaliveEnded, KeepaliveStopped};
pub(crate) use crate::commands::leases::claim::list::LeaseList;
pub(crate) use crate::commands::leases::claim::log::LeaseHistory;
pub(crate) use crate::commands::leases::claim::release::{Evicted, Released};
pub(crate) use crate::commands::leases::claim::renew::Beaten;

/// Verbs of `claim`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Acquire the lease on an issue, or keep the one you hold
    Acquire(acquire::Args),
    /// Acquire the lease on the first available issue
    Next(next::Args),
    /// Renew a lease, never to less time than it has left; also an expired one, if the issue is free
    Renew(RenewArgs),
    /// Show that you are still at work: all your leases here get their full time again
    Heartbeat(HeartbeatArgs),
    /// Release a lease; if the edit is not committed yet, once it is
    Release(ReleaseArgs),
    /// Transfer a lease to another agent or worktree
    Transfer(TransferArgs),
    /// End another holder's lease, with a reason
    ForceEvict(EvictArgs),
    /// Hold an issue while a command runs
    Hold(hold::Args),
    /// Renew your leases of this worktree while a process runs
    Keepalive(keepalive::Args),
    /// Show your leases, or those on an issue or of an agent
    Status(StatusArgs),
    /// Show all leases
    List(ListArgs),
    /// Show the history of leases
    Log(log::Args),
}

/// Runs a verb of `claim`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Acquire(args) => acquire::run(session, args),
        Verb::Next(args) => next::run(session, args),
        Verb::Renew(args) => renew::renew(session, args),
        Verb::Heartbeat(args) => renew::heartbeat(session, args),
        Verb::Release(args) => release::release(session, args),
        Verb::Transfer(args) => release::transfer(session, args),
        Verb::ForceEvict(args) => release::evict(session, args),
        Verb::Hold(args) => hold::run(session, args),
        Verb::Keepalive(args) => keepalive::run(session, args),
        Verb::Status(args) => list::status(session, args),
        Verb::List(args) => list::list(session, &args),
        Verb::Log(args) => log::run(session, args),
    }
}
