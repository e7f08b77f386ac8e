//! A listing of issues as it is told: one line an issue, and what was left out.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::commands::issues::query::IndexedIssue;
use crate::domain::issue::State;
use crate::domain::tracker::query::QueryKind;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};

/// Issues that fit what was asked for.
pub(crate) struct IssueList {
    pub kind: QueryKind,
    /// All of them, by id.
    pub found: Vec<IndexedIssue>,
    /// Which of them are shown, in the order that was asked for.
    pub shown: Vec<usize>,
    pub unreadable: Vec<String>,
    /// How many issues there are in each state.
    pub counts: BTreeMap<State, usize>,
    pub is_filtered: bool,
}

/// An issue as every listing has it.
pub(crate) fn brief(found: &IndexedIssue) -> Value {
    let issue = &found.summary;
    let lease = found.lease.as_ref().map(
        |lease| json!({ "lease_id": lease.lease_id, "agent_id": lease.holder.agent_id, "worktree_id": lease.holder.worktree_id }),
    );
    json!({
        "id": issue.id, "short_id": issue.id.short(), "title": issue.title, "state": issue.state,
        "effective_state": found.facts.effective, "priority": issue.priority, "assignee": issue.assignee,
        "labels": issue.labels, "blocked_by": found.facts.blocked_by, "lease": lease, "source": found.source,
    })
}

/// A line an issue: id, state, priority, who has it, and for what is blocked, by what; the title.
pub(crate) fn lines<'f>(found: impl IntoIterator<Item = &'f IndexedIssue>, with_blockers: bool, styles: &Styles) -> String {
    let row = |found: &IndexedIssue| {
        let issue = &found.summary;
        let state = if issue.is_deleted { "deleted" } else { found.facts.effective.as_str() };
        let holder = found.lease.as_ref().map(|lease| lease.holder.agent_id.to_string());
        let assignee = || issue.assignee.as_ref().map(|assignee| format!("({assignee})"));
        let mut row = vec![
            issue.id.short(),
            state.to_owned(),
            issue.priority.as_str().to_owned(),
            plain_line(&holder.or_else(assignee).unwrap_or_default()),
        ];
        if with_blockers {
            let short = found.facts.blocked_by.iter().map(|id| id.chars().take(8).collect::<String>());
            row.push(plain_line(&short.collect::<Vec<_>>().join(" ")));
        }
        row.push(plain_line(&issue.title));
        row
    };
    let rows: Vec<Vec<String>> = found.into_iter().map(row).collect();
    let paint = |column: usize, cell: &str| match (column, cell) {
        (0, id) => styles.id(id),
        (1, "done") => styles.good(cell),
        (1, "deleted") => styles.faint(cell),
        (2, "critical") => styles.bad(cell),
        _ => cell.to_owned(),
    };
    let heads: &[&str] = if with_blockers {
        &["ISSUE", "STATE", "PRIORITY", "HOLDER", "WAITS FOR", "TITLE"]
    } else {
        &["ISSUE", "STATE", "PRIORITY", "HOLDER", "TITLE"]
    };
    table(heads, &rows, styles, paint)
}

impl IssueList {
    fn shown(&self) -> impl Iterator<Item = &IndexedIssue> {
        self.shown.iter().map(|at| &self.found[*at])
    }

    /// Why there is nothing, and where there is something.
    fn nothing(&self) -> String {
        let count = |state: State| self.counts.get(&state).copied().unwrap_or(0);
        let open: usize = self.counts.iter().filter(|(state, _)| !state.is_closed()).map(|(_, count)| count).sum();
        let all: usize = self.counts.values().sum();
        match self.kind {
            _ if all == 0 => "There are none yet: git jit issue create \"…\"".to_owned(),
            _ if self.is_filtered => format!("Of {all} none fits what was asked for"),
            QueryKind::Available if open == 0 => "Everything is closed".to_owned(),
            QueryKind::Available => format!(
                "{} are ready and somebody else's, {} wait for others, {} are under way: git jit query blocked, git jit claim list",
                count(State::Ready),
                count(State::Backlog),
                count(State::InProgress) + count(State::Gated)
            ),
            _ => format!("Of {all} none is in this listing"),
        }
    }
}

impl Report for IssueList {
    fn json(&self) -> Value {
        json!({
            "count": self.shown.len(), "total": self.found.len(), "truncated": self.shown.len() < self.found.len(),
            "issues": self.shown().map(brief).collect::<Vec<_>>(), "unreadable": self.unreadable,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let cut = match self.found.len() - self.shown.len() {
            0 => String::new(),
            more => styles.faint(&format!("{more} more: --limit 0 shows all {}", self.found.len())) + "\n",
        };
        if self.found.is_empty() {
            return format!("No issues\n{}\n{cut}", styles.faint(&self.nothing()));
        }
        lines(self.shown(), self.kind == QueryKind::Blocked, styles) + &cut
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.shown().map(|found| found.summary.id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}
