//! `git jit claim hold`: an issue is held as long as a command runs.

use std::ffi::OsString;
use std::time::Duration;

use serde_json::{Value, json};

use super::acquire::Terms;
use super::report::{LeaseView, Taken};
use crate::commands::change::Desk;
use crate::commands::{Answer, Session};
use crate::domain::id::{IssueId, LeaseId};
use crate::error::Error;
use crate::output::Report;
use crate::output::human::Styles;
use crate::process::attended::{Attended, Errand};
use crate::store;
use crate::store::coordinator;

/// How often it is looked whether the lease is still there, at least.
const EVERY: Duration = Duration::from_millis(500);

const AFTER: &str = "\
The lease is renewed once a third of its time is gone, and released when the command ends; one that you had before
stays. With an edit that is not committed it ends with that commit. The status is the command's. Signals are passed
on: to its whole process group, or, at a terminal, where Ctrl-C reaches it by itself, to the command. If this process
is killed, the command goes on, and the lease ends when its time is up.";

/// Arguments of `claim hold`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// What to run, behind --
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    terms: Terms,
    /// What to do with the command when the lease is lost: tell, or end it too
    #[arg(long, value_enum, default_value_t = OnLost::Warn, value_name = "WHAT")]
    on_lost: OnLost,
}

/// What becomes of a command whose lease is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnLost {
    /// It goes on, and the user is told.
    Warn,
    /// It is ended.
    Kill,
}

struct Held {
    view: LeaseView,
    status: u8,
    end: End,
}

/// What became of the lease.
enum End {
    /// It was there before, and stays.
    Kept,
    Released,
    Closing,
    Lost,
}

/// Takes the lease, runs the command, keeps the lease alive meanwhile, gives it back.
pub(super) fn run(session: &Session, args: Args) -> Answer {
    let Args { issue, command, terms, on_lost } = args;
    let layout = session.layout()?;
    let desk = Desk::for_leases(session, layout)?;
    let (id, acquired) = terms.take(&desk, &issue)?;
    let (view, was_there) = (acquired.view, acquired.taken != Taken::New);
    session.output.narrate(&format!("holding {} until the command ends", id.short()));
    let ended = attend(&desk, &view.lease_id, &command, &view, on_lost);
    // Whatever became of the command, a lease that was taken for it is not left behind.
    let (status, lost) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            if !was_there {
                desk.close_lease(id)?;
            }
            return Err(error);
        }
    };
    match lost {
        Some(error) if on_lost == OnLost::Kill => return Err(error),
        Some(_) => return Ok(Box::new(Held { view, status, end: End::Lost })),
        None => {}
    }
    let end = if was_there { End::Kept } else { give_back(&desk, id) };
    Ok(Box::new(Held { view: now_as(&desk, view), status, end }))
}

/// Ends the lease that was taken for the command. What the command did is done: its status counts, whatever goes wrong.
fn give_back(desk: &Desk<'_>, id: IssueId) -> End {
    match desk.close_lease(id) {
        Ok(Some((_, true))) => End::Closing,
        Ok(Some((_, false))) => End::Released,
        Ok(None) => End::Lost,
        Err(error) => {
            desk.session.output.warn(&format!("the lease on {} could not be released: {error}", id.short()));
            End::Kept
        }
    }
}

/// The lease as it is now, if it still is.
fn now_as(desk: &Desk<'_>, view: LeaseView) -> LeaseView {
    let ledger = desk.layout.claims().ledger().unwrap_or_default();
    let lease = ledger.leases().find(|lease| lease.lease_id == view.lease_id);
    lease.map_or(view, |lease| LeaseView::of(lease, &desk.session.cx.clock().now(), &desk.policy, Some(&desk.store)))
}

/// Runs the command to its end: its status, and how the lease was lost, if it was.
fn attend(
    desk: &Desk<'_>,
    lease_id: &LeaseId,
    command: &[OsString],
    view: &LeaseView,
    on_lost: OnLost,
) -> Result<(u8, Option<Error>), Error> {
    let env = vec![
        ("JIT_AGENT_ID", view.agent_id.to_string()),
        ("JIT_ISSUE_ID", view.issue_id.to_string()),
        ("JIT_LEASE_ID", lease_id.to_string()),
    ];
    let program = || std::path::PathBuf::from(command.first().cloned().unwrap_or_default());
    let errand = Errand { argv: command, env, stdout_to_stderr: desk.session.output.json };
    let mut attended = Attended::start(errand).map_err(|error| cannot_run(&program(), error))?;
    let mut keeper = Keeper { desk, lease_id: lease_id.clone(), has_warned: false };
    let mut lost = None;
    let pause = EVERY.min(Duration::from_millis(view.ttl_secs.max(1).saturating_mul(1000).div_ceil(10)));
    loop {
        if let Some(status) = attended.wait(pause).map_err(|error| cannot_run(&program(), error))? {
            return Ok((status, lost));
        }
        if lost.is_none()
            && let Some(error) = keeper.look()
        {
            desk.session.output.warn(&error.to_string());
            lost = Some(error);
            if on_lost == OnLost::Kill {
                attended.end().map_err(|error| cannot_run(&program(), error))?;
                return Ok((1, lost));
            }
        }
    }
}

fn cannot_run(program: &std::path::Path, error: std::io::Error) -> Error {
    if error.kind() == std::io::ErrorKind::NotFound {
        let hint = "The command stands behind --, with its arguments".to_owned();
        return Error::NotThere { what: "program", name: program.display().to_string(), hint };
    }
    store::Error::io("run", program)(error).into()
}

/// Keeps one lease alive.
struct Keeper<'a> {
    desk: &'a Desk<'a>,
    lease_id: LeaseId,
    has_warned: bool,
}

impl Keeper<'_> {
    /// Looks whether the lease is still there, and renews it once a third of its time is gone: how it was lost, if it was.
    fn look(&mut self) -> Option<Error> {
        match self.try_look() {
            Ok(()) => self.has_warned = false,
            Err(error @ coordinator::Error::Lost { .. }) => return Some(error.into()),
            // It may be possible again before the lease ends.
            Err(error) if !self.has_warned => {
                self.desk.session.output.warn(&format!("the lease could not be renewed yet: {error}"));
                self.has_warned = true;
            }
            Err(_) => {}
        }
        None
    }

    fn try_look(&self) -> coordinator::Result<()> {
        let (session, limits) = (self.desk.session, &self.desk.policy.limits);
        let claims = self.desk.layout.claims();
        let ledger = claims.ledger()?;
        let Some(lease) = ledger.lease(&self.lease_id) else {
            let fate = claims.verify(std::slice::from_ref(&self.lease_id))?.remove(&self.lease_id);
            let fate = Box::new(fate.unwrap_or(crate::domain::lease::Fate::Unknown));
            return Err(coordinator::Error::Lost { lease_id: self.lease_id.clone(), fate, successor: None });
        };
        if lease.wants_renewal(&session.cx.clock().now(), limits.stale_after_secs) {
            claims.renew(session.cx.clock(), lease, limits)?;
        }
        Ok(())
    }
}

impl Report for Held {
    fn json(&self) -> Value {
        let end = match self.end {
            End::Kept => "kept",
            End::Released => "released",
            End::Closing => "closing",
            End::Lost => "lost",
        };
        json!({ "command_status": self.status, "end": end, "lease": self.view })
    }

    /// What is on stdout is the command's.
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let issue = self.view.issue_id.short();
        Some(match self.end {
            End::Kept => format!("you have had the lease on {issue} before, and keep it"),
            End::Released => format!("released {issue}"),
            End::Closing => format!("{issue} has an edit that is not committed: its lease ends with that commit"),
            End::Lost => format!("{issue} was not held to the end: see git jit claim log --issue {issue}"),
        })
    }

    fn code(&self) -> u8 {
        self.status
    }
}
