//! The report of `git jit resolve`.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::issues::report::shorten;
use crate::domain::id::IssueId;
use crate::domain::merge::{Conflict, Ruling};
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

/// One file in conflict.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Resolution {
    pub issue_id: IssueId,
    path: String,
    pub resolved: bool,
    /// Why the file cannot be merged by field.
    pub reason: Option<String>,
    /// The fields that no rule decides.
    pub conflicts: Vec<Conflict>,
    /// What rules decided.
    pub rulings: Vec<Ruling>,
}

impl Resolution {
    /// A file that is not analyzed yet.
    pub(crate) fn new(issue_id: IssueId, path: &Path) -> Self {
        let path = path.display().to_string();
        Self { issue_id, path, resolved: false, reason: None, conflicts: Vec::new(), rulings: Vec::new() }
    }

    /// Whether the file merges without a decision.
    pub(crate) fn is_automatic(&self) -> bool {
        self.conflicts.is_empty() && self.reason.is_none()
    }

    fn human(&self, styles: &Styles) -> String {
        let short = self.issue_id.short();
        let issue = styles.id(&short);
        let fields: Vec<String> = self.conflicts.iter().map(|conflict| plain_line(&conflict.field())).collect();
        if self.resolved {
            let fields = if fields.is_empty() { String::new() } else { format!(": {}", fields.join(", ")) };
            return format!("{} issue {issue}{fields}\n", styles.good("✓ Resolved"));
        }
        let mut text = match &self.reason {
            Some(reason) => format!("issue {issue}: {}\n", plain_line(reason)),
            None => format!("issue {issue}: {} in conflict\n", count(fields.len(), "field")),
        };
        let side = |value: &Option<String>| value.as_deref().map_or_else(|| "nothing".to_owned(), shorten);
        for (field, conflict) in fields.iter().zip(&self.conflicts) {
            text += &format!("  {field}\n    ours    {}\n    theirs  {}\n", side(&conflict.ours), side(&conflict.theirs));
        }
        let by_field = fields.first().map(|field| format!(", or --field {field}=VALUE")).unwrap_or_default();
        text + &format!("  To decide: git jit resolve {short} --ours, or --theirs{by_field}\n")
    }
}

/// The files in conflict that were selected.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ResolveReport {
    changed: bool,
    count: usize,
    left: usize,
    issues: Vec<Resolution>,
    /// Whether the user made a decision.
    #[serde(skip)]
    has_decision: bool,
}

impl ResolveReport {
    pub(crate) fn new(issues: Vec<Resolution>, has_decision: bool) -> Self {
        let left = issues.iter().filter(|issue| !issue.resolved).count();
        Self { changed: left < issues.len(), count: issues.len(), left, issues, has_decision }
    }
}

impl Report for ResolveReport {
    fn human(&self, styles: &Styles) -> String {
        match self.issues.as_slice() {
            [] if self.has_decision => "No issue is in conflict: nothing to decide\n".to_owned(),
            [] => "No issue is in conflict\n".to_owned(),
            all => all.iter().map(|resolution| resolution.human(styles)).collect(),
        }
    }

    fn status(&self) -> ExitStatus {
        if self.left == 0 { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
