//! How issues are told, to people and to programs.

use serde_json::{Map, Value, json};

use crate::domain::issue::Document;
use crate::output::Report;
use crate::output::human::{Styles, plain, plain_line};
use crate::store::issues::Source;

/// An issue in full, and where it came from.
pub(crate) struct Shown {
    pub document: Document,
    pub source: Source,
}

impl Shown {
    fn json(&self) -> Value {
        let issue = self.document.issue();
        let mut all: Map<String, Value> = serde_json::from_slice(self.document.as_bytes()).unwrap_or_default();
        // Ours last: a field of that name in the file must not pass for them.
        all.insert("short_id".to_owned(), json!(issue.id.short()));
        all.insert("source".to_owned(), json!(self.source));
        Value::Object(all)
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = self.document.issue();
        let source = match self.source {
            Source::Worktree => "",
            Source::Head => "  (from HEAD)",
            Source::Primary => "  (from the primary worktree)",
        };
        let mut text = format!("{}{}\n", styles.head(&plain_line(&issue.title)), styles.faint(source));
        let mut line = |name: &str, value: &str| text += &format!("  {:<12} {value}\n", format!("{name}:"));
        line("Id", &styles.id(&issue.id.to_string()));
        line("State", issue.state.as_str());
        line("Priority", issue.priority.as_str());
        for (name, list) in [("Labels", &issue.labels), ("Depends on", &issue.dependencies)] {
            if !list.is_empty() {
                line(name, &plain_line(&list.join(", ")));
            }
        }
        if let Some(assignee) = &issue.assignee {
            line("Assignee", &plain_line(assignee));
        }
        if !issue.description.is_empty() {
            text += &format!("\n{}\n", plain(&issue.description));
        }
        text
    }
}

/// Issues in full.
pub(crate) struct Shows(pub Vec<Shown>);

impl Report for Shows {
    fn json(&self) -> Value {
        json!({ "count": self.0.len(), "issues": self.0.iter().map(Shown::json).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        self.0.iter().map(|shown| shown.human(styles)).collect::<Vec<_>>().join("\n")
    }
}

/// A new issue.
pub(crate) struct Created(pub Shown);

impl Report for Created {
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
pub(crate) struct Updated {
    pub shown: Shown,
    pub changed: Vec<&'static str>,
}

impl Report for Updated {
    fn json(&self) -> Value {
        json!({ "changed": !self.changed.is_empty(), "fields": self.changed, "issue": self.shown.json() })
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = self.shown.document.issue();
        let id = styles.id(&issue.id.short());
        match self.changed.as_slice() {
            [] => format!("Issue {id} is so already\n"),
            fields => format!("{} issue {id}: {}\n", styles.good("✓ Updated"), fields.join(", ")),
        }
    }
}
