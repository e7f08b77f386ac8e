//! Reports that several verbs share: an issue in full, one edit of an issue, and one edit of each of several issues.

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::commands::shared::edit_session::{Changed, EditSession};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document as IssueDocument, Issue, State};
use crate::domain::tracker::gate::GateRecord;
use crate::domain::tracker::graph::effective_state;
use crate::error::Error;
use crate::exit::{Diagnose, ExitStatus};
use crate::output::text::{Styles, plain, plain_line};
use crate::output::{ErrorReport, Report};
use crate::store::issues::Source;
use crate::store::notes::Note;

/// An issue with everything that its file contains, and the place where it was read.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StoredIssue {
    #[serde(flatten)]
    #[schemars(with = "FileMembers")]
    file: Map<String, Value>,
    short_id: String,
    source: Source,
    #[serde(skip)]
    issue: Issue,
}

/// The members that every issue file has. Files may contain more.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "only its schema is used: the file is printed as it is")]
struct FileMembers {
    id: IssueId,
    title: String,
    state: State,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl StoredIssue {
    /// The issue in `document`. Members of the file that have the name of a computed one are not printed.
    pub(crate) fn new(document: &IssueDocument, source: Source) -> Self {
        let mut file: Map<String, Value> = serde_json::from_slice(document.as_bytes()).unwrap_or_default();
        file.retain(|name, _| !["short_id", "source"].contains(&name.as_str()));
        let issue = document.issue().clone();
        Self { file, short_id: issue.id.short(), source, issue }
    }

    pub(crate) fn issue(&self) -> &Issue {
        &self.issue
    }
}

/// An issue in full, with its notes and what blocks it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "FullIssue")]
pub(crate) struct IssueDetails {
    #[serde(flatten)]
    stored: StoredIssue,
    effective_state: State,
    blocked_by: Vec<String>,
    notes: Vec<Note>,
}

impl IssueDetails {
    pub(crate) fn new(mut stored: StoredIssue, blocked_by: Vec<String>, notes: Vec<Note>) -> Self {
        stored.file.retain(|name, _| !["effective_state", "blocked_by", "notes"].contains(&name.as_str()));
        let effective_state = effective_state(stored.issue.state, !blocked_by.is_empty());
        Self { stored, effective_state, blocked_by, notes }
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = &self.stored.issue;
        let source = match self.stored.source {
            Source::Worktree => "",
            Source::Head => "  (from HEAD)",
            Source::Primary => "  (from the primary worktree)",
        };
        let mut text = format!("{}{}\n", styles.head(&plain_line(&issue.title)), styles.faint(source));
        let mut line = |name: &str, value: &str| text += &format!("  {:<12} {value}\n", format!("{name}:"));
        line("Id", &styles.id(&issue.id.to_string()));
        line("State", if issue.is_deleted() { "deleted" } else { self.effective_state.as_str() });
        line("Priority", issue.priority.as_str());
        let gate = |key: &String| format!("{key} ({})", GateRecord::of(issue, key).status.as_str());
        let gates: Vec<String> = issue.gates_required.iter().map(gate).collect();
        let lists =
            [("Labels", &issue.labels), ("Depends on", &issue.dependencies), ("Blocked by", &self.blocked_by), ("Gates", &gates)];
        for (name, list) in lists {
            if !list.is_empty() {
                line(name, &plain_line(&list.join(", ")));
            }
        }
        if let Some(assignee) = &issue.assignee {
            line("Assignee", &plain_line(assignee));
        }
        for (key, value) in &issue.context {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            line(&plain_line(key), &plain_line(&value));
        }
        for field in ["created_at", "deleted_at", "deleted_by", "deleted_reason"] {
            if let Some(value) = issue.text(field) {
                line(&field.replace('_', " "), &plain_line(value));
            }
        }
        if !issue.description.is_empty() {
            text += &format!("\n{}\n", plain(&issue.description).trim_end());
        }
        for note in &self.notes {
            let head = format!("{}  {}", note.author, note.created_at.strftime("%Y-%m-%d %H:%M"));
            text += &format!("\n{}\n{}\n", styles.faint(&head), plain(&note.text).trim_end());
        }
        text
    }
}

/// Issues in full.
#[derive(Serialize, JsonSchema)]
pub(crate) struct IssueDetailsReport {
    count: usize,
    issues: Vec<IssueDetails>,
}

impl IssueDetailsReport {
    pub(crate) fn new(issues: Vec<IssueDetails>) -> Self {
        Self { count: issues.len(), issues }
    }
}

impl Report for IssueDetailsReport {
    fn human(&self, styles: &Styles) -> String {
        self.issues.iter().map(|issue| issue.human(styles)).collect::<Vec<_>>().join("\n")
    }
}

/// One edit of one issue, in sentences that are true after it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Edited")]
pub(crate) struct EditReport {
    changed: bool,
    fields: Vec<String>,
    message: String,
    issue: StoredIssue,
    #[serde(skip)]
    sentences: Vec<String>,
    #[serde(skip)]
    hint: Option<String>,
}

impl EditReport {
    pub(crate) fn new(changed: &Changed, sentences: Vec<String>) -> Self {
        let fields = changed.names();
        let issue = StoredIssue::new(&changed.document, Source::Worktree);
        Self { changed: !fields.is_empty(), fields, message: sentences.join(". "), issue, sentences, hint: None }
    }

    /// Adds the next command, which is printed if the issue was changed.
    pub(crate) fn with_hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl Report for EditReport {
    fn human(&self, styles: &Styles) -> String {
        let mark = if self.changed { styles.good("✓") } else { "Unchanged:".to_owned() };
        let sentences = self.sentences.iter().map(|sentence| plain_line(sentence)).collect::<Vec<_>>().join("\n  ");
        let hint = self.hint.as_ref().filter(|_| self.changed).map(|hint| format!("  {}\n", styles.faint(hint)));
        format!("{mark} {sentences}\n{}", hint.unwrap_or_default())
    }
}

/// Edits one issue, and reports the edit with a sentence about the issue as it is then. `event` is the name of the edit in
/// the event log.
pub(crate) fn edit_issue(
    session: &Session,
    typed: &str,
    event: &str,
    edit: impl FnOnce(&mut IssueDocument),
    sentence: impl FnOnce(&Issue) -> String,
) -> CommandResult {
    let (editing, id) = EditSession::for_issue(session, typed)?;
    let (changed, ()) = editing.edit(id, event, |document| {
        edit(document);
        Ok(())
    })?;
    let sentence = sentence(changed.document.issue());
    Ok(Box::new(EditReport::new(&changed, vec![sentence])))
}

/// A value on one line of at most 160 characters.
pub(crate) fn shorten(text: &str) -> String {
    let line = plain_line(text);
    if line.chars().count() > 160 { line.chars().take(159).chain(['…']).collect() } else { line }
}

/// The result of an edit of one issue among several.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Outcome")]
pub(crate) struct BulkOutcome {
    issue_id: IssueId,
    short_id: String,
    changed: bool,
    fields: Vec<String>,
    error: Option<ErrorReport>,
    #[serde(skip)]
    status: ExitStatus,
}

impl BulkOutcome {
    /// The result for `issue`: the fields that changed, or why the edit failed.
    pub(crate) fn new(issue: IssueId, result: Result<Vec<String>, Error>) -> Self {
        let (fields, error, status) = match result {
            Ok(fields) => (fields, None, ExitStatus::Done),
            Err(error) => (Vec::new(), Some(ErrorReport::from(&error)), error.status()),
        };
        Self { issue_id: issue, short_id: issue.short(), changed: !fields.is_empty(), fields, error, status }
    }
}

/// The results of an edit of several issues.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Bulk")]
pub(crate) struct BulkReport {
    count: usize,
    changed: bool,
    failed: usize,
    results: Vec<BulkOutcome>,
}

impl BulkReport {
    pub(crate) fn new(results: Vec<BulkOutcome>) -> Self {
        let failed = results.iter().filter(|outcome| outcome.error.is_some()).count();
        Self { count: results.len(), changed: results.iter().any(|outcome| outcome.changed), failed, results }
    }
}

impl Report for BulkReport {
    fn human(&self, styles: &Styles) -> String {
        if self.count == 0 {
            return "No issues match\n".to_owned();
        }
        let line = |outcome: &BulkOutcome| {
            let id = styles.id(&outcome.short_id);
            match &outcome.error {
                None if !outcome.changed => format!("{id}  unchanged\n"),
                None => format!("{id}  {} {}\n", styles.good("✓"), plain_line(&outcome.fields.join(", "))),
                Some(error) => format!("{id}  {} {}\n", styles.bad("✗"), plain_line(&error.message)),
            }
        };
        let lines: String = self.results.iter().map(line).collect();
        if self.failed == 0 { lines } else { format!("{lines}{} of {} failed\n", self.failed, self.count) }
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::most_specific(self.results.iter().map(|outcome| outcome.status))
    }
}
