//! `git jit note`: notes on an issue, which anyone may add without its lease.

use std::path::Path;

use clap::Subcommand;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::args;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::IssueId;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain};
use crate::store::notes::{self, Note};

/// Verbs of `note`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Add a note; no lease is needed
    Add(AddArgs),
    /// Show the notes on an issue
    List(ListArgs),
}

// Arguments of `note add`.
#[derive(Debug, clap::Args)]
pub(crate) struct AddArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// The text; - reads stdin
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
        return Err(Error::Usage { what: "the note is empty".to_owned(), hint });
    }
    let layout = session.layout()?;
    layout.require_worktree()?;
    let store = session.issues()?;
    let (issue_id, _) = resolve(&store, &issue)?;
    session.is_at_work_on(issue_id);
    let author = session.holder(layout)?.agent_id;
    let created_at = session.timestamp().parse().unwrap_or_else(|_| session.cx.clock().now().wall);
    let note = Note { id: ulid::Ulid::new().to_string(), issue_id, author, created_at, text };
    let writer = store.lock()?;
    notes::add(&writer, &note)?;
    session.record_event("noted", issue_id, Vec::new());
    Ok(Box::new(NoteAdded { changed: true, note }))
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let store = session.issues()?;
    let (issue_id, _) = resolve(&store, &issue)?;
    let found = notes::of(store.sources(), issue_id)?;
    let unreadable: Vec<String> = found.unreadable.iter().map(ToString::to_string).collect();
    for error in &unreadable {
        session.output.warn(error);
    }
    Ok(Box::new(NoteListReport { issue_id, count: found.notes.len(), notes: found.notes, unreadable }))
}

/// A new note.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NoteAdded {
    changed: bool,
    note: Note,
}

impl Report for NoteAdded {
    fn human(&self, styles: &Styles) -> String {
        format!("{} a note on issue {}\n", styles.good("✓ Added"), styles.id(&self.note.issue_id.short()))
    }

    fn quiet(&self) -> Option<String> {
        Some(self.note.id.clone())
    }
}

/// The notes on an issue, the oldest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct NoteListReport {
    issue_id: IssueId,
    count: usize,
    notes: Vec<Note>,
    unreadable: Vec<String>,
}

impl Report for NoteListReport {
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
