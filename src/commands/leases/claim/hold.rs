//! `git jit claim hold`: holds an issue while a command runs.

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
The lease is renewed when a third of its time has passed, and released when the command ends. A lease that you held before is kept.
If the edit is not committed yet, the lease ends when it is. The exit status is the command's. Signals are passed on to its process
group; on a terminal, where Ctrl-C reaches the group anyway, only to the command. If this process is killed, the command continues,
and the lease expires when its time is up.";

// Arguments of `claim hold`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The command to run, after --
    #[arg(required = true, last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
    #[command(flatten)]
    terms: Terms,
    /// What to do when the lease is lost: warn, or kill the command
    #[arg(long, value_enum, default_value_t = OnLost::Warn, value_name = "WHAT")]
    on_lost: OnLost,
}

/// What to do with the command when the lease is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum OnLost {
    /// Warn, and let the command run.
    Warn,
    /// End the command.
    Kill,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Held {
    command_status: u8,
    end: LeaseAfterHold,
    lease: LeaseView,
}

/// The state of the lease after the command.
#[derive(Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum LeaseAfterHold {
    /// The holder had it before, and keeps it.
    Kept,
    Released,
    Closing,
    Lost,
}

/// Acquires the lease, renews it while the command runs, and releases it.
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
    // A lease that was acquired for the command ends with it, also if it could not be run.
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

/// Ends the lease that was acquired for the command. A failure is only a warning: the command's status counts.
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

/// The current state of the lease, or the last known one if it has ended.
fn now_as(edit: &EditSession<'_>, view: LeaseView) -> LeaseView {
    let ledger = edit.session.leases(edit.layout).ledger().unwrap_or_default();
    let lease = ledger.leases().find(|lease| lease.lease_id == view.lease_id);
    lease.map_or(view, |lease| LeaseView::of(lease, &edit.session.cx.clock().now(), &edit.policy, Some(&edit.store)))
}

impl Report for Held {
    /// Stdout belongs to the command.
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let issue = self.lease.issue_id.short();
        Some(match self.end {
            LeaseAfterHold::Kept => format!("you held the lease on {issue} before, and keep it"),
            LeaseAfterHold::Released => format!("released {issue}"),
            LeaseAfterHold::Closing => format!("the edit of {issue} is not committed yet; its lease ends when it is"),
            LeaseAfterHold::Lost => format!("the lease on {issue} was lost: see git jit claim log --issue {issue}"),
        })
    }

    fn code(&self) -> u8 {
        self.command_status
    }
}
