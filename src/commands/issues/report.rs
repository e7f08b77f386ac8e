//! How issues and their changes are told, to people and to programs.

use serde_json::{Map, Value, json};

use crate::commands::shared::edit_session::Changed;
use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::tracker::graph::effective_state;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::text::{Styles, plain, plain_line};
use crate::output::{Report, described};
use crate::store::issues::Source;
use crate::store::notes::Note;

/// An issue as its file has it, and where it came from.
pub(crate) struct IssueRecord {
    pub document: Document,
    pub source: Source,
}

impl IssueRecord {
    fn json(&self) -> Map<String, Value> {
        let issue = self.document.issue();
        let mut all: Map<String, Value> = serde_json::from_slice(self.document.as_bytes()).unwrap_or_default();
        // Ours last: a field of that name in the file must not pass for them.
        all.insert("short_id".to_owned(), json!(issue.id.short()));
        all.insert("source".to_owned(), json!(self.source));
        all
    }
}

/// An issue in full, with what is known around it.
pub(crate) struct IssueDetails {
    pub shown: IssueRecord,
    pub blocked_by: Vec<String>,
    pub notes: Vec<Note>,
}

impl IssueDetails {
    fn effective(&self) -> &'static str {
        effective_state(self.shown.document.issue().state, !self.blocked_by.is_empty()).as_str()
    }

    fn json(&self) -> Value {
        let mut all = self.shown.json();
        all.insert("effective_state".to_owned(), json!(self.effective()));
        all.insert("blocked_by".to_owned(), json!(self.blocked_by));
        all.insert("notes".to_owned(), json!(self.notes));
        Value::Object(all)
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = self.shown.document.issue();
        let source = match self.shown.source {
            Source::Worktree => "",
            Source::Head => "  (from HEAD)",
            Source::Primary => "  (from the primary worktree)",
        };
        let mut text = format!("{}{}\n", styles.head(&plain_line(&issue.title)), styles.faint(source));
        let mut line = |name: &str, value: &str| text += &format!("  {:<12} {value}\n", format!("{name}:"));
        line("Id", &styles.id(&issue.id.to_string()));
        let state = if issue.is_deleted() { "deleted" } else { self.effective() };
        line("State", state);
        line("Priority", issue.priority.as_str());
        let gates: Vec<String> = issue.gates_required.iter().map(|key| gate(issue, key)).collect();
        let lists =
            [("Labels", &issue.labels), ("Depends on", &issue.dependencies), ("Waits for", &self.blocked_by), ("Gates", &gates)];
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

fn gate(issue: &crate::domain::issue::Issue, key: &str) -> String {
    format!("{key} ({})", crate::domain::tracker::gate::GateRecord::of(issue, key).status.as_str())
}

/// Issues in full.
pub(crate) struct IssueDetailsReport(pub Vec<IssueDetails>);

impl Report for IssueDetailsReport {
    fn json(&self) -> Value {
        json!({ "count": self.0.len(), "issues": self.0.iter().map(IssueDetails::json).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        self.0.iter().map(|shown| shown.human(styles)).collect::<Vec<_>>().join("\n")
    }
}

/// A new issue.
pub(crate) struct CreateReport(pub IssueRecord);

impl Report for CreateReport {
    fn json(&self) -> Value {
        json!({ "changed": true, "issue": self.0.json() })
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = self.0.document.issue();
        format!("{} issue {}  {}\n", styles.good("✓ Created"), styles.id(&issue.id.to_string()), plain_line(&issue.title))
    }

    fn quiet(&self) -> Option<String> {
        Some(self.0.document.issue().id.to_string())
    }
}

/// An issue that was to be changed, and the fields that were.
pub(crate) struct UpdateReport {
    pub shown: IssueRecord,
    pub changed: Vec<String>,
}

impl Report for UpdateReport {
    fn json(&self) -> Value {
        json!({ "changed": !self.changed.is_empty(), "fields": self.changed, "issue": self.shown.json() })
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = self.shown.document.issue();
        let id = styles.id(&issue.id.short());
        match self.changed.as_slice() {
            [] => format!("Issue {id} is so already\n"),
            fields => format!("{} issue {id}: {}\n", styles.good("✓ Updated"), plain_line(&fields.join(", "))),
        }
    }
}

/// One edit of one issue, as a sentence that holds now.
pub(crate) struct EditReport {
    shown: IssueRecord,
    fields: Vec<String>,
    sentences: Vec<String>,
    hint: Option<String>,
}

impl EditReport {
    /// What came of an edit, after which this sentence holds.
    pub(crate) fn of(changed: Changed, sentence: String) -> Self {
        let fields = changed.names();
        Self {
            shown: IssueRecord { document: changed.document, source: Source::Worktree },
            fields,
            sentences: vec![sentence],
            hint: None,
        }
    }

    /// The same, with more that holds now.
    pub(crate) fn and(mut self, sentences: Vec<String>) -> Self {
        self.sentences.extend(sentences);
        self
    }

    /// The same, with what may be wanted next.
    pub(crate) fn with_hint(mut self, hint: String) -> Self {
        self.hint = Some(hint);
        self
    }
}

impl Report for EditReport {
    fn json(&self) -> Value {
        json!({ "changed": !self.fields.is_empty(), "fields": self.fields, "message": self.sentences.join(". "), "issue": self.shown.json() })
    }

    fn human(&self, styles: &Styles) -> String {
        let mark = if self.fields.is_empty() { "Already so:".to_owned() } else { styles.good("✓") };
        let mut text = String::new();
        for (number, sentence) in self.sentences.iter().enumerate() {
            text +=
                &if number == 0 { format!("{mark} {}\n", plain_line(sentence)) } else { format!("  {}\n", plain_line(sentence)) };
        }
        if let Some(hint) = self.hint.as_ref().filter(|_| !self.fields.is_empty()) {
            text += &format!("  {}\n", styles.faint(hint));
        }
        text
    }
}

/// What became of one issue among several.
pub(crate) struct BulkOutcome {
    pub issue: IssueId,
    /// The fields that changed, or why it could not be done.
    pub result: Result<Vec<String>, Error>,
}

/// What became of each of several issues.
pub(crate) struct BulkReport(pub Vec<BulkOutcome>);

impl BulkReport {
    fn failed(&self) -> impl Iterator<Item = &Error> {
        self.0.iter().filter_map(|outcome| outcome.result.as_ref().err())
    }
}

impl Report for BulkReport {
    fn json(&self) -> Value {
        let one = |outcome: &BulkOutcome| {
            let fields = outcome.result.as_deref().unwrap_or_default();
            let error = outcome.result.as_ref().err().map(described);
            json!({
                "issue_id": outcome.issue, "short_id": outcome.issue.short(), "changed": !fields.is_empty(), "fields": fields,
                "error": error,
            })
        };
        let changed = self.0.iter().filter(|outcome| outcome.result.as_ref().is_ok_and(|fields| !fields.is_empty())).count();
        json!({
            "count": self.0.len(), "changed": changed > 0, "failed": self.failed().count(),
            "results": self.0.iter().map(one).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.0.is_empty() {
            return "No issue fits\n".to_owned();
        }
        let line = |outcome: &BulkOutcome| {
            let id = styles.id(&outcome.issue.short());
            match &outcome.result {
                Ok(fields) if fields.is_empty() => format!("{id}  is so already\n"),
                Ok(fields) => format!("{id}  {} {}\n", styles.good("✓"), plain_line(&fields.join(", "))),
                Err(error) => format!("{id}  {} {}\n", styles.bad("✗"), plain_line(&error.to_string())),
            }
        };
        let lines: String = self.0.iter().map(line).collect();
        let failed = self.failed().count();
        if failed == 0 { lines } else { format!("{lines}{failed} of {} could not be done\n", self.0.len()) }
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::most_specific(self.failed().map(Error::status))
    }
}
