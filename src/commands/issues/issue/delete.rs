//! `git jit issue delete|restore|gc`: a deleted issue is a tombstone until the default branch has that.
//!
//! A file that simply went away would have another branch's edit of it grafted onto a new, similar issue by
//! Git's rename detection.

use serde_json::{Value, json};

use crate::commands::issues::issue::assign::one_line;
use crate::commands::issues::report::{BulkOutcome, BulkReport, EditReport};
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{DELETED_AT, Document, FieldChange, State};
use crate::error::Error;
use crate::git::history;
use crate::git::tree;

/// The fields that make a tombstone, besides the state.
const MARKS: [&str; 4] = [DELETED_AT, "deleted_by", REASON, "deleted_state"];
/// Why it was deleted; a name of its own, since a file may have another `reason`.
const REASON: &str = "deleted_reason";

// Arguments of `issue delete`.
#[derive(Debug, clap::Args)]
pub(crate) struct DeleteArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// Why
    #[arg(long, short, value_name = "TEXT")]
    reason: Option<String>,
}

// Arguments of `issue restore`.
#[derive(Debug, clap::Args)]
pub(crate) struct RestoreArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

// Arguments of `issue gc`.
#[derive(Debug, clap::Args)]
pub(crate) struct GcArgs {
    /// Only tell what would be removed
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn delete(session: &Session, args: DeleteArgs) -> CommandResult {
    let DeleteArgs { issue, reason } = args;
    let reason = reason.map(|reason| one_line(&reason)).transpose()?;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let me = session.agent(layout)?;
    let now = session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let (changed, ()) = edit.change(id, "deleted", |document| {
        if !document.issue().is_deleted() {
            let state = document.issue().state;
            document.set("state", &Value::from(State::Rejected.as_str()));
            document.set(DELETED_AT, &Value::from(now));
            document.set("deleted_by", &Value::from(me.as_str()));
            document.set("deleted_state", &Value::from(state.as_str()));
            if let Some(reason) = &reason {
                document.set(REASON, &Value::from(reason.as_str()));
            }
        }
        Ok(())
    })?;
    let hint = format!("To bring it back: git jit issue restore {}", id.short());
    Ok(Box::new(EditReport::of(changed, format!("Issue {} is deleted", id.short())).with_hint(hint)))
}

pub(crate) fn restore(session: &Session, args: RestoreArgs) -> CommandResult {
    let RestoreArgs { issue } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let (changed, ()) = edit.change(id, "restored", |document| {
        if document.issue().is_deleted() {
            let state = document.issue().text("deleted_state").and_then(State::parse).unwrap_or(State::Backlog);
            document.set("state", &Value::from(state.as_str()));
            for mark in MARKS {
                document.remove_at(&[mark]);
            }
        }
        Ok(())
    })?;
    let state = changed.document.issue().state.as_str();
    Ok(Box::new(EditReport::of(changed, format!("Issue {} is there again, {state}", id.short()))))
}

pub(crate) fn gc(session: &Session, args: GcArgs) -> CommandResult {
    let GcArgs { dry_run } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let index = IssueIndex::gather(session, layout, true)?;
    let mut outcomes = Vec::new();
    for found in index.found.iter().filter(|found| found.summary.is_deleted) {
        let issue = found.summary.id;
        if !is_settled(&edit, issue)? {
            continue;
        }
        let result = if dry_run { Ok(vec!["file".to_owned()]) } else { remove(&edit, session, issue) };
        outcomes.push(BulkOutcome { issue, result });
    }
    Ok(Box::new(BulkReport(outcomes)))
}

/// Whether a default branch has the tombstone, just as it is here.
fn is_settled(edit: &EditSession<'_>, id: IssueId) -> Result<bool, Error> {
    let repo = &edit.layout.repo;
    let document = edit.load(id)?;
    let path = format!("issues/{}", id.file_name());
    for (_, tip) in history::binding_branches(repo) {
        let entry = tree::file(repo, tree::data_tree(repo, tip)?, path.as_bytes())?;
        if let Some(entry) = entry
            && tree::blob(repo, entry.oid)? == document.as_bytes()
        {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Removes the file of a tombstone, unless something still waits for the issue.
fn remove(edit: &EditSession<'_>, session: &Session, id: IssueId) -> Result<Vec<String>, Error> {
    edit.require_right(id)?;
    let writer = edit.store.lock()?;
    let index = IssueIndex::gather(session, edit.layout, false)?;
    index.require_readable("what depends on the issue cannot be told")?;
    let name = id.to_string();
    if let Some(waiting) = index.found.iter().find(|found| found.summary.dependencies.contains(&name)) {
        let why = format!("issue {} names it as a dependency", waiting.summary.id.short());
        let hint = format!("To let go of it: git jit dep rm {} {}", waiting.summary.id.short(), id.short());
        return Err(Error::NotYet { issue: id, state: "removed", why, hint });
    }
    let document = edit.load(id)?;
    require_tombstone(&document)?;
    writer.remove(id)?;
    edit.tell("removed", id, vec![FieldChange { field: "title".into(), from: Some(json!(document.issue().title)), to: None }]);
    Ok(vec!["file".to_owned()])
}

fn require_tombstone(document: &Document) -> Result<(), Error> {
    let issue = document.issue();
    if issue.is_deleted() {
        return Ok(());
    }
    let hint = "Somebody brought it back just now".to_owned();
    Err(Error::NotYet { issue: issue.id, state: "removed", why: "it is not deleted".to_owned(), hint })
}
