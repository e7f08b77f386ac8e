//! `git jit claim`: leases are taken, kept alive, passed on, given back and looked at.

mod acquire;
mod hold;
mod keepalive;
mod list;
mod log;
mod release;
mod renew;

use crate::commands::leases::claim::list::{ListArgs, StatusArgs};
use crate::commands::leases::claim::release::{EvictArgs, ReleaseArgs, TransferArgs};
use crate::commands::leases::claim::renew::{HeartbeatArgs, RenewArgs};
use crate::commands::leases::next;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::lease::LONGEST_TTL_SECS;
use crate::domain::policy::Policy;
use crate::error::Error;

pub(crate) use crate::commands::leases::claim::acquire::take;
pub(crate) use crate::commands::leases::claim::hold::Held;
pub(crate) use crate::commands::leases::claim::keepalive::{Detached, KeepaliveEnded, KeepaliveStopped};
pub(crate) use crate::commands::leases::claim::list::Leases;
pub(crate) use crate::commands::leases::claim::log::LeaseHistory;
pub(crate) use crate::commands::leases::claim::release::{Evicted, Released};
pub(crate) use crate::commands::leases::claim::renew::Beaten;
pub(crate) use crate::commands::shared::lease_report::{Acquired, LeaseView};
pub(crate) use crate::commands::shared::supervise::{SupervisedCommand, supervise, was_concluded};

/// The longest reason, in characters: a log record is one write.
const LONGEST_REASON: usize = 500;

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

/// How long a lease is wanted for: as typed, 0 for one without an end; else as the policy has it.
pub(crate) fn ttl_secs(typed: Option<&str>, policy: &Policy) -> Result<u64, Error> {
    match typed {
        Some(typed) if typed.trim() == "0" => Ok(0),
        Some(typed) => seconds(typed),
        None => Ok(policy.default_ttl_secs.clamp(1, LONGEST_TTL_SECS)),
    }
}

/// Seconds from what was typed: a number of them, or a number with `s`, `m`, `h` or `d`.
pub(crate) fn seconds(text: &str) -> Result<u64, Error> {
    let typed = text.trim();
    let (number, unit) = match typed.char_indices().last() {
        Some((at, 's')) => (&typed[..at], 1),
        Some((at, 'm')) => (&typed[..at], 60),
        Some((at, 'h')) => (&typed[..at], 3600),
        Some((at, 'd')) => (&typed[..at], 86_400),
        _ => (typed, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=LONGEST_TTL_SECS).contains(seconds)).ok_or_else(|| Error::Usage {
        what: format!("'{typed}' is no time that a lease can last"),
        hint: "Give 1 second to 30 days: 600, 90s, 30m, 2h, 1d".to_owned(),
    })
}

pub(crate) fn reason(text: Option<String>) -> Result<Option<String>, Error> {
    let too_long = |text: &String| text.chars().count() > LONGEST_REASON;
    match text {
        Some(text) if text.trim().is_empty() || too_long(&text) => Err(Error::Usage {
            what: "a reason is 1 to 500 characters".to_owned(),
            hint: "Say in a line what for, or leave --reason out".to_owned(),
        }),
        other => Ok(other),
    }
}

/// A reason that must be given.
pub(crate) fn required_reason(text: String) -> Result<String, Error> {
    let hint = "Say in a line why: others will read it".to_owned();
    let missing = || Error::Usage { what: "a reason is 1 to 500 characters".to_owned(), hint };
    reason(Some(text)).ok().flatten().ok_or_else(missing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit_and_an_absurd_one_is_an_error() {
        for (text, expected) in [("600", 600), ("90s", 90), ("30m", 1800), ("2h", 7200), (" 1d ", 86_400), ("30d", 2_592_000)] {
            assert_eq!(seconds(text).expect(text), expected);
        }
        for text in ["", "0", "-1", "31d", "99999999999999999999", "18446744073709551615h", "2 weeks", "é", "1.5h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
