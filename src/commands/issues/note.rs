//! `git jit note`: what anybody has to say about an issue, whoever holds it.

use std::path::Path;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::shared::args;
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::IssueId;
use crate::output::Report;
use crate::output::text::{Styles, plain};
use crate::store::events::{EventLog, IssueEvent};
use crate::store::notes::{self, Note};

/// Verbs of `note`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Add a note; it needs no lease
    Add(AddArgs),
    /// Show the notes on an issue
    List(ListArgs),
}

// Arguments of `note add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// What there is to say; - for what comes on stdin
    text: String,
}

// Arguments of `note list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

/// Runs a verb of `note`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Add(args) => add(session, args),
        Verb::List(args) => list(session, args),
    }
}

fn add(session: &Session, args: AddArgs) -> CommandResult {
    let AddArgs { issue, text } = args;
    let text = if text == "-" { args::input(session, Path::new("-"))?.trim_end().to_owned() } else { text };
    let text = args::description(text)?;
    if text.trim().is_empty() {
        let hint = "For example: git jit note add 1a2b \"The parser is the cause\"".to_owned();
        return Err(crate::error::Error::Usage { what: "a note says something".to_owned(), hint });
    }
    let layout = session.layout()?;
    layout.require_worktree()?;
    let store = issues(layout, &session.policy(layout))?;
    let (issue_id, _) = resolve(&store, &issue)?;
    session.is_at_work_on(issue_id);
    let holder = session.holder(layout)?;
    let now = session.cx.clock().now().wall;
    let seconds = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string().parse().unwrap_or(now);
    let note = Note { id: ulid::Ulid::new().to_string(), issue_id, author: holder.agent_id.clone(), created_at: seconds, text };
    let writer = store.lock()?;
    notes::add(&writer, &note)?;
    let event = IssueEvent::new(now, "noted", issue_id, &holder, Vec::new());
    if let Err(error) = EventLog::of(layout).append([event]) {
        session.output.warn(&format!("done, but the log of events has no word of it: {error}"));
    }
    Ok(Box::new(Added(note)))
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let (issue, _) = resolve(&store, &issue)?;
    let found = notes::of(store.sources(), issue)?;
    let unreadable: Vec<String> = found.unreadable.iter().map(ToString::to_string).collect();
    for bad in &unreadable {
        session.output.warn(bad);
    }
    Ok(Box::new(Listed { issue, notes: found.notes, unreadable }))
}

struct Added(Note);

impl Report for Added {
    fn json(&self) -> Value {
        json!({ "changed": true, "note": self.0 })
    }

    fn human(&self, styles: &Styles) -> String {
        format!("{} a note on issue {}\n", styles.good("✓ Added"), styles.id(&self.0.issue_id.short()))
    }

    fn quiet(&self) -> Option<String> {
        Some(self.0.id.clone())
    }
}

struct Listed {
    issue: IssueId,
    notes: Vec<Note>,
    unreadable: Vec<String>,
}

impl Report for Listed {
    fn json(&self) -> Value {
        json!({ "issue_id": self.issue, "count": self.notes.len(), "notes": self.notes, "unreadable": self.unreadable })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.notes.is_empty() {
            return "No notes\n".to_owned();
        }
        let one = |note: &Note| {
            let head = format!("{}  {}", note.created_at.strftime("%Y-%m-%d %H:%M"), note.author);
            format!("{}\n{}\n", styles.faint(&head), plain(&note.text).trim_end())
        };
        self.notes.iter().map(one).collect::<Vec<_>>().join("\n")
    }
}
