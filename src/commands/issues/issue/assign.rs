//! `git jit issue assign|unassign|reject`.

use serde_json::Value;

use crate::commands::issues::report::edit_issue;
use crate::commands::shared::args;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::issue::State;
use crate::error::Error;

// Arguments of `issue assign`.
#[derive(Debug, clap::Args)]
pub(crate) struct AssignArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The agent, type:name
    #[arg(default_value = "me", value_name = "TYPE:NAME")]
    agent: String,
}

// Arguments of `issue unassign`.
#[derive(Debug, clap::Args)]
pub(crate) struct UnassignArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

// Arguments of `issue reject`.
#[derive(Debug, clap::Args)]
pub(crate) struct RejectArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// Why it will not be done
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
}

pub(crate) fn assign(session: &Session, args: AssignArgs) -> CommandResult {
    let AssignArgs { issue, agent } = args;
    let agent = args::agent(&agent, &session.agent(session.layout()?)?)?;
    edit_issue(
        session,
        &issue,
        "assigned",
        |document| {
            document.set("assignee", &Value::from(agent.as_str()));
        },
        |issue| format!("Issue {} is assigned to {agent}", issue.id.short()),
    )
}

pub(crate) fn unassign(session: &Session, args: UnassignArgs) -> CommandResult {
    let UnassignArgs { issue } = args;
    let edit = |document: &mut crate::domain::issue::Document| {
        if document.issue().assignee.is_some() {
            document.set("assignee", &Value::Null);
        }
    };
    edit_issue(session, &issue, "unassigned", edit, |issue| format!("Issue {} is not assigned", issue.id.short()))
}

pub(crate) fn reject(session: &Session, args: RejectArgs) -> CommandResult {
    let RejectArgs { issue, reason } = args;
    let reason = reason.map(|reason| one_line(&reason)).transpose()?;
    edit_issue(
        session,
        &issue,
        "rejected",
        |document| {
            document.set("state", &Value::from(State::Rejected.as_str()));
            if let Some(reason) = &reason {
                document.set_at(&["context", "reject_reason"], &Value::from(reason.as_str()));
            }
        },
        |issue| format!("Issue {} is rejected", issue.id.short()),
    )
}

/// The text of `--reason` without spaces at its ends, if it is one line of 1 to 500 characters.
pub(crate) fn one_line(text: &str) -> Result<String, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > 500 || text.chars().any(char::is_control) {
        let what = "a reason is one line of 1 to 500 characters without control characters".to_owned();
        return Err(Error::Usage { what, hint: "Shorten it to one line, or omit --reason".to_owned() });
    }
    Ok(text.to_owned())
}
