//! What is left of a merge, or what became of it, for people and for programs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::issues::merge_driver::{conflict_json, ruling_json, shown};
use crate::domain::id::IssueId;
use crate::domain::merge::{Conflict, Ruling};
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

/// One file that was in conflict.
pub(crate) struct Resolution {
    pub issue: IssueId,
    path: PathBuf,
    /// What no rule decides.
    pub conflicts: Vec<Conflict>,
    /// What rules decided.
    pub rulings: Vec<Ruling>,
    /// Why its fields cannot be merged at all.
    pub reason: Option<String>,
    pub is_resolved: bool,
}

impl Resolution {
    /// A file of which nothing is known yet.
    pub(crate) fn of(issue: IssueId, path: &Path) -> Self {
        let path = path.to_owned();
        Self { issue, path, conflicts: Vec::new(), rulings: Vec::new(), reason: None, is_resolved: false }
    }

    /// Whether nothing had to be decided.
    pub(crate) fn merges_by_itself(&self) -> bool {
        self.conflicts.is_empty() && self.reason.is_none()
    }

    fn human(&self, styles: &Styles) -> String {
        let issue = styles.id(&self.issue.short());
        if self.is_resolved {
            let fields: Vec<String> = self.conflicts.iter().map(Conflict::field).collect();
            let what = if fields.is_empty() { String::new() } else { format!(": {}", plain_line(&fields.join(", "))) };
            return format!("{} issue {issue}{what}\n", styles.good("✓ Resolved"));
        }
        let mut text = match &self.reason {
            Some(reason) => format!("issue {issue}: {}\n", plain_line(reason)),
            None => format!("issue {issue}: {} in conflict\n", count(self.conflicts.len(), "field")),
        };
        for conflict in &self.conflicts {
            let side = |raw: &Option<String>| raw.as_deref().map_or_else(|| "nothing".to_owned(), shown);
            let name = plain_line(&conflict.field());
            text += &format!("  {name}\n    ours    {}\n    theirs  {}\n", side(&conflict.ours), side(&conflict.theirs));
        }
        let fields = self.conflicts.first().map(|conflict| format!(", or --field {}=VALUE", plain_line(&conflict.field())));
        text + &format!("  To decide: git jit resolve {} --ours, or --theirs{}\n", self.issue.short(), fields.unwrap_or_default())
    }
}

/// All of them.
pub(crate) struct ResolveReport {
    pub resolutions: Vec<Resolution>,
    /// Whether anything was to be decided.
    pub is_asked: bool,
}

impl ResolveReport {
    fn left(&self) -> usize {
        self.resolutions.iter().filter(|resolution| !resolution.is_resolved).count()
    }
}

impl Report for ResolveReport {
    fn json(&self) -> Value {
        let one = |it: &Resolution| {
            json!({
                "issue_id": it.issue, "path": it.path.display().to_string(), "resolved": it.is_resolved, "reason": it.reason,
                "conflicts": it.conflicts.iter().map(conflict_json).collect::<Vec<_>>(),
                "rulings": it.rulings.iter().map(ruling_json).collect::<Vec<_>>(),
            })
        };
        let all: Vec<Value> = self.resolutions.iter().map(one).collect();
        json!({ "changed": self.left() < all.len(), "count": all.len(), "left": self.left(), "issues": all })
    }

    fn human(&self, styles: &Styles) -> String {
        match self.resolutions.as_slice() {
            [] if self.is_asked => "Nothing is in conflict, so nothing was decided\n".to_owned(),
            [] => "No issue is in conflict\n".to_owned(),
            all => all.iter().map(|resolution| resolution.human(styles)).collect(),
        }
    }

    fn status(&self) -> ExitStatus {
        if self.left() == 0 { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
