//! `git jit issue delete|restore|gc`: a deleted issue is a tombstone until the default branch has the tombstone.
//!
//! If the file were removed at once, Git's rename detection could apply another branch's edit of it to a new, similar issue.

use serde_json::{Value, json};

use crate::commands::issues::issue::assign::one_line;
use crate::commands::issues::report::{BulkOutcome, BulkReport, EditReport};
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{DELETED_AT, FieldChange, State};
use crate::error::Error;
use crate::git::{history, tree};

/// The fields of a tombstone, besides the state.
const TOMBSTONE_FIELDS: [&str; 4] = [DELETED_AT, "deleted_by", REASON, "deleted_state"];
/// Not `reason`, because an issue file may have a field of that name.
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
    /// Show what would be removed, and remove nothing
    #[arg(long)]
    dry_run: bool,
}

pub(crate) fn delete(session: &Session, args: DeleteArgs) -> CommandResult {
    let DeleteArgs { issue, reason } = args;
    let reason = reason.map(|reason| one_line(&reason)).transpose()?;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let me = session.agent(edit.layout)?;
    let (changed, ()) = edit.change(id, "deleted", |document| {
        if !document.issue().is_deleted() {
            let state = document.issue().state;
            document.set("state", &Value::from(State::Rejected.as_str()));
            document.set(DELETED_AT, &Value::from(session.timestamp()));
            document.set("deleted_by", &Value::from(me.as_str()));
            document.set("deleted_state", &Value::from(state.as_str()));
            if let Some(reason) = &reason {
                document.set(REASON, &Value::from(reason.as_str()));
            }
        }
        Ok(())
    })?;
    let hint = format!("To restore it: git jit issue restore {}", id.short());
    Ok(Box::new(EditReport::new(&changed, vec![format!("Issue {} is deleted", id.short())]).with_hint(hint)))
}

pub(crate) fn restore(session: &Session, args: RestoreArgs) -> CommandResult {
    let RestoreArgs { issue } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let (changed, ()) = edit.change(id, "restored", |document| {
        if document.issue().is_deleted() {
            let state = document.issue().text("deleted_state").and_then(State::parse).unwrap_or(State::Backlog);
            document.set("state", &Value::from(state.as_str()));
            for field in TOMBSTONE_FIELDS {
                document.remove_at(&[field]);
            }
        }
        Ok(())
    })?;
    let state = changed.document.issue().state.as_str();
    Ok(Box::new(EditReport::new(&changed, vec![format!("Issue {} is restored, {state}", id.short())])))
}

pub(crate) fn gc(session: &Session, args: GcArgs) -> CommandResult {
    let GcArgs { dry_run } = args;
    let edit = EditSession::open(session, session.layout()?)?;
    let index = IssueIndex::gather(session, edit.layout, true)?;
    let mut outcomes = Vec::new();
    for found in index.found.iter().filter(|found| found.summary.is_deleted) {
        let issue = found.summary.id;
        if is_published(&edit, issue)? {
            let result = if dry_run { Ok(()) } else { remove(&edit, issue) };
            outcomes.push(BulkOutcome::new(issue, result.map(|()| vec!["file".to_owned()])));
        }
    }
    Ok(Box::new(BulkReport::new(outcomes)))
}

/// Whether a default branch has exactly this tombstone.
fn is_published(edit: &EditSession<'_>, id: IssueId) -> Result<bool, Error> {
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

/// Removes the file of a tombstone, unless an issue depends on it.
fn remove(edit: &EditSession<'_>, id: IssueId) -> Result<(), Error> {
    edit.require_right(id)?;
    let writer = edit.store.lock()?;
    let index = IssueIndex::gather(edit.session, edit.layout, false)?;
    index.require_readable("they may depend on the issue")?;
    let not_yet = |why: String, hint: String| Err(Error::NotYet { issue: id, state: "removed", why, hint });
    let name = id.to_string();
    if let Some(dependent) = index.found.iter().find(|found| found.summary.dependencies.contains(&name)) {
        let dependent = dependent.summary.id.short();
        let hint = format!("To remove the dependency: git jit dep rm {dependent} {}", id.short());
        return not_yet(format!("issue {dependent} names it as a dependency"), hint);
    }
    let document = edit.load(id)?;
    if !document.issue().is_deleted() {
        return not_yet("it is not deleted".to_owned(), "It was restored a moment ago".to_owned());
    }
    writer.remove(id)?;
    let title = Some(json!(document.issue().title));
    edit.session.record_event("removed", id, vec![FieldChange { field: "title".into(), from: title, to: None }]);
    Ok(())
}
