//! `git jit claim keepalive`: renews the leases of this worktree while a process runs.
//!
//! For an agent that was started by hand. At most one runs for each worktree: it holds a lock that names its process.

use std::collections::HashSet;
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{Holder, LeaseId};
use crate::domain::lease::Lease;
use crate::domain::policy::Policy;
use crate::error::Error;
use crate::lease::renewal::Backoff;
use crate::lease::{self, Deadline};
use crate::output::Report;
use crate::output::text::{Styles, count};
use crate::process;
use crate::process::background::{self, Watched};
use crate::store;
use crate::store::layout::Layout;
use crate::store::lock;

/// How often to look for leases to renew.
const EVERY: Duration = Duration::from_millis(500);
/// How often to check whether to end.
const STEP: Duration = Duration::from_millis(100);
/// How long a background process may take to start, and to end.
const SOON: Duration = Duration::from_secs(5);

// Arguments of `claim keepalive`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The process to wait for [default: until interrupted]
    #[arg(long, value_name = "PID")]
    pid: Option<u32>,
    /// Run in the background
    #[arg(long, requires = "pid")]
    detach: bool,
    /// End the process that does this for the worktree
    #[arg(long, conflicts_with_all = ["pid", "detach"])]
    stop: bool,
    /// The background process
    #[arg(long, hide = true)]
    in_background: bool,
}

/// Renews, detaches or stops.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { pid, detach, stop, in_background } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(layout)?;
    if stop {
        return end_other(layout);
    }
    let watched = match pid {
        None => None,
        Some(pid) => Some(Watched::of(pid).ok_or_else(|| Error::NotThere {
            what: "process",
            name: pid.to_string(),
            hint: "Name your shell: --pid $$".to_owned(),
        })?),
    };
    if detach {
        return go_on(session, layout, pid.unwrap_or_default());
    }
    if in_background {
        background::leave_session();
    }
    let holder = session.holder(layout)?;
    let _alone = alone(layout)?;
    let interrupted =
        process::interruptions().map_err(|source| store::Error::io("handle signals in", &layout.common_dir)(source))?;
    session.output.narrate("renewing your leases in this worktree");
    let (mut renewed, mut kept, mut backoff) = (0, HashSet::new(), Backoff::default());
    // A worktree that was removed has no leases to renew.
    let root = layout.require_worktree()?;
    while !interrupted.load(Ordering::Relaxed) && watched.is_none_or(Watched::is_alive) && root.exists() {
        if backoff.is_due(Instant::now()) {
            match renew_all(session, layout, &policy, &holder, &mut kept) {
                Ok(n) => {
                    renewed += n;
                    backoff.succeeded();
                }
                Err(error) => {
                    if backoff.failed(Instant::now()) {
                        session.output.warn(&format!("cannot renew the leases yet: {error}"));
                    }
                }
            }
        }
        let next = Instant::now() + EVERY;
        while Instant::now() < next && !interrupted.load(Ordering::Relaxed) && watched.is_none_or(Watched::is_alive) {
            std::thread::sleep(STEP);
        }
    }
    Ok(Box::new(KeepaliveEnded { changed: renewed > 0, renewed }))
}

/// Renews the leases that have used up a third of their time. An expired one is renewed only if it is in `kept`: it expired while
/// this process was suspended, not before.
fn renew_all(
    session: &Session,
    layout: &Layout,
    policy: &Policy,
    holder: &Holder,
    kept: &mut HashSet<LeaseId>,
) -> lease::Result<usize> {
    let (claims, now) = (session.leases(layout), session.cx.clock().now());
    let ledger = claims.ledger()?;
    let stale_after = policy.limits.stale_after_secs;
    let mine: Vec<&Lease> = ledger.leases().filter(|lease| lease.holder == *holder).collect();
    let live = mine.iter().filter(|lease| lease.lease_status(&now, stale_after).excludes());
    kept.extend(live.map(|lease| lease.lease_id.clone()));
    let is_due = |lease: &&Lease| kept.contains(&lease.lease_id) && lease.wants_renewal(&now, stale_after);
    let due: Vec<&Lease> = mine.into_iter().filter(is_due).collect();
    if due.is_empty() {
        return Ok(0);
    }
    // One that is lost has ended meanwhile: it was released or transferred.
    let renewed = claims.renew(&due, &policy.limits, &Deadline::soon())?;
    Ok(renewed.iter().filter(|renewed| renewed.is_ok()).count())
}

fn path(layout: &Layout) -> PathBuf {
    lock::path(&layout.git_dir.join("jit"), "keepalive")
}

/// Acquires the lock of this worktree's keepalive process.
fn alone(layout: &Layout) -> Result<lock::Guard, Error> {
    lock::acquire(&path(layout), layout.modes, Duration::ZERO).map_err(|error| match error {
        store::Error::Busy { pid, .. } => Error::KeptAlive { pid },
        error => error.into(),
    })
}

/// The process that renews this worktree's leases, if one runs.
fn running(layout: &Layout) -> Result<Option<u32>, Error> {
    match alone(layout) {
        Ok(_) => Ok(None),
        Err(Error::KeptAlive { pid }) => Ok(Some(pid.unwrap_or_default())),
        Err(error) => Err(error),
    }
}

fn go_on(session: &Session, layout: &Layout, watched: u32) -> CommandResult {
    drop(alone(layout)?);
    let agent = session.agent(layout)?;
    let missing = || Error::NotThere { what: "program", name: "git-jit".to_owned(), hint: String::new() };
    let program = session.cx.program.clone().ok_or_else(missing)?;
    let mut args: Vec<OsString> = vec!["-C".into(), layout.require_worktree()?.into()];
    let pid = watched.to_string();
    let words = ["--agent-id", agent.as_str(), "claim", "keepalive", "--in-background", "--pid", &pid];
    args.extend(words.map(OsString::from));
    let failed = |source| store::Error::io("run", &program)(source);
    let mut child = background::start_in_background(&program, &args, None).map_err(failed)?;
    let deadline = Instant::now() + SOON;
    loop {
        if running(layout)? == Some(child.id()) {
            break;
        }
        let over = child.try_wait().map_err(|source| store::Error::io("run", &program)(source))?;
        if over.is_some() || Instant::now() > deadline {
            return Err(Error::NotThere {
                what: "answer of",
                name: "the process in the background".to_owned(),
                hint: "Run it without --detach to see why".to_owned(),
            });
        }
        std::thread::sleep(STEP / 5);
    }
    let holder = session.holder(layout)?;
    let leases = session.leases(layout).ledger()?.leases().filter(|lease| lease.holder == holder).count();
    Ok(Box::new(Detached { changed: true, pid: child.id(), watched_pid: watched, leases }))
}

fn end_other(layout: &Layout) -> CommandResult {
    let Some(pid) = running(layout)? else { return Ok(Box::new(KeepaliveStopped { changed: false, pid: None })) };
    background::ask_to_end(pid).map_err(|source| store::Error::io("end the holder of", &path(layout))(source))?;
    let deadline = Instant::now() + SOON;
    while running(layout)? == Some(pid) {
        if Instant::now() > deadline {
            return Err(Error::KeptAlive { pid: Some(pid) });
        }
        std::thread::sleep(STEP / 5);
    }
    Ok(Box::new(KeepaliveStopped { changed: true, pid: Some(pid) }))
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct KeepaliveEnded {
    changed: bool,
    renewed: usize,
}

impl Report for KeepaliveEnded {
    fn human(&self, _: &Styles) -> String {
        format!("Ended after {}\n", count(self.renewed, "renewal"))
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Detached {
    changed: bool,
    pid: u32,
    watched_pid: u32,
    leases: usize,
}

impl Report for Detached {
    fn human(&self, styles: &Styles) -> String {
        let head = styles.good("✓ Keeping alive");
        format!(
            "{head} your leases of this worktree, now {}, while process {} runs\n  To end it: git jit claim keepalive --stop\n",
            self.leases, self.watched_pid
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.pid.to_string())
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct KeepaliveStopped {
    changed: bool,
    pid: Option<u32>,
}

impl Report for KeepaliveStopped {
    fn human(&self, _: &Styles) -> String {
        match self.pid {
            Some(pid) => format!("Ended process {pid}: the leases expire when their time is up\n"),
            None => "No process renews the leases of this worktree\n".to_owned(),
        }
    }
}
