//! `git jit claim hold`: an issue is held as long as a command runs.

use std::ffi::OsString;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::leases::acquire::Terms;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::lease_report::{AcquireKind, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::supervise::{SupervisedCommand, supervise, was_concluded};
use crate::domain::id::{IssueId, LeaseId};
use crate::output::Report;
use crate::output::text::Styles;

const AFTER: &str = "\
The lease is renewed once a third of its time is gone, and released when the command ends; one that you had before
stays. With an edit that is not committed it ends with that commit. The status is the command's. Signals are passed
on: to its whole process group, or, at a terminal, where Ctrl-C reaches it by itself, to the command. If this process
is killed, the command goes on, and the lease ends when its time is up.";

// Arguments of `claim hold`.
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

#[derive(Serialize, JsonSchema)]
pub(crate) struct Held {
    command_status: u8,
    end: LeaseAfterHold,
    lease: LeaseView,
}

/// What became of the lease.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum LeaseAfterHold {
    /// It was there before, and stays.
    Kept,
    Released,
    Closing,
    Lost,
}

/// Takes the lease, runs the command, keeps the lease alive meanwhile, gives it back.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, command, terms, on_lost } = args;
    let layout = session.layout()?;
    let edit = EditSession::for_leases(session, layout)?;
    let (id, acquired) = terms.take(&edit, &issue)?;
    let (lease, was_there) = (acquired.lease, acquired.kind != AcquireKind::New);
    session.output.narrate(&format!("holding {} until the command ends", id.short()));
    let supervised = SupervisedCommand {
        lease_id: &lease.lease_id,
        issue_id: id,
        agent_id: &lease.agent_id,
        ttl_secs: lease.ttl_secs,
        argv: &command,
        dir: None,
        unset: &[],
        ends_when_lost: on_lost == OnLost::Kill,
    };
    let ended = supervise(&edit, &supervised, |_| Ok(()));
    // Whatever became of the command, a lease that was taken for it is not left behind.
    let (command_status, lost) = match ended {
        Ok(ended) => ended,
        Err(error) => {
            if !was_there {
                edit.close_lease(id)?;
            }
            return Err(error);
        }
    };
    match lost {
        Some(error) if on_lost == OnLost::Kill => return Err(error),
        Some(_) => return Ok(Box::new(Held { command_status, end: LeaseAfterHold::Lost, lease })),
        None => {}
    }
    let end = if was_there { LeaseAfterHold::Kept } else { give_back(&edit, id, &lease.lease_id) };
    Ok(Box::new(Held { command_status, end, lease: now_as(&edit, lease) }))
}

/// Ends the lease that was taken for the command. What the command did is done: its status counts, whatever goes wrong.
fn give_back(edit: &EditSession<'_>, id: IssueId, lease_id: &LeaseId) -> LeaseAfterHold {
    match edit.close_lease(id) {
        Ok(Some((_, true))) => LeaseAfterHold::Closing,
        Ok(Some((_, false))) => LeaseAfterHold::Released,
        Ok(None) if was_concluded(edit, lease_id) => LeaseAfterHold::Released,
        Ok(None) => LeaseAfterHold::Lost,
        Err(error) => {
            edit.session.output.warn(&format!("the lease on {} could not be released: {error}", id.short()));
            LeaseAfterHold::Kept
        }
    }
}

/// The lease as it is now, if it still is.
fn now_as(edit: &EditSession<'_>, view: LeaseView) -> LeaseView {
    let ledger = edit.session.leases(edit.layout).ledger().unwrap_or_default();
    let lease = ledger.leases().find(|lease| lease.lease_id == view.lease_id);
    lease.map_or(view, |lease| LeaseView::of(lease, &edit.session.cx.clock().now(), &edit.policy, Some(&edit.store)))
}

impl Report for Held {
    /// What is on stdout is the command's.
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let issue = self.lease.issue_id.short();
        Some(match self.end {
            LeaseAfterHold::Kept => format!("you have had the lease on {issue} before, and keep it"),
            LeaseAfterHold::Released => format!("released {issue}"),
            LeaseAfterHold::Closing => format!("{issue} has an edit that is not committed: its lease ends with that commit"),
            LeaseAfterHold::Lost => format!("{issue} was not held to the end: see git jit claim log --issue {issue}"),
        })
    }

    fn code(&self) -> u8 {
        self.command_status
    }
}
