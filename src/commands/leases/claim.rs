//! `git jit claim`: leases are taken, kept alive, passed on, given back and looked at.

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
pub(crate) use crate::commands::leases::claim::list::Leases;
pub(crate) use crate::commands::leases::claim::log::LeaseHistory;
pub(crate) use crate::commands::leases::claim::release::{Evicted, Released};
pub(crate) use crate::commands::leases::claim::renew::Beaten;

/// Verbs of `claim`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Take the lease on an issue, or keep the one you have
    Acquire(acquire::Args),
    /// Take the first available issue
    Next(next::Args),
    /// Set a lease's time anew, never to less than it has; also one that is over, if nobody took the issue
    Renew(RenewArgs),
    /// Show that you are at work: all your leases here have their whole time again
    Heartbeat(HeartbeatArgs),
    /// Give a lease back; with an uncommitted edit, once that is committed
    Release(ReleaseArgs),
    /// Pass an issue on to another agent or worktree
    Transfer(TransferArgs),
    /// End somebody's lease, and say why
    ForceEvict(EvictArgs),
    /// Hold an issue while a command runs
    Hold(hold::Args),
    /// Keep your leases of this worktree alive while a process lives
    Keepalive(keepalive::Args),
    /// Show your leases, or those on an issue or of an agent
    Status(StatusArgs),
    /// Show all leases
    List(ListArgs),
    /// Show everything that happened to leases
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
