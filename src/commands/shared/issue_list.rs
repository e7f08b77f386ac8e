//! A listing of issues as it is told: one line an issue, and what was left out.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::domain::id::{AgentId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::issue::{Priority, State};
use crate::domain::tracker::query::QueryKind;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::issues::Source;

/// The issues that a query found.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Listing")]
pub(crate) struct IssueList {
    count: usize,
    total: usize,
    truncated: bool,
    issues: Vec<ListedIssue>,
    unreadable: Vec<String>,
    #[serde(skip)]
    kind: QueryKind,
    /// How many issues there are in each state.
    #[serde(skip)]
    counts: BTreeMap<State, usize>,
    #[serde(skip)]
    is_filtered: bool,
}

/// An issue as every listing shows it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ListedIssue {
    pub id: IssueId,
    pub short_id: String,
    pub title: String,
    pub state: State,
    pub effective_state: State,
    pub priority: Priority,
    pub assignee: Option<String>,
    pub labels: Vec<String>,
    /// Ids of issues; one that cannot be found is listed as it was written.
    pub blocked_by: Vec<String>,
    pub lease: Option<ListedLease>,
    pub source: Source,
    #[serde(skip)]
    pub is_deleted: bool,
}

/// The lease on an issue that is listed.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub(crate) struct ListedLease {
    pub lease_id: LeaseId,
    pub agent_id: AgentId,
    pub worktree_id: WorktreeId,
}

impl ListedLease {
    /// The lease `lease_id` of `holder`.
    pub(crate) fn new(lease_id: &LeaseId, holder: &Holder) -> Self {
        let Holder { agent_id, worktree_id, .. } = holder.clone();
        Self { lease_id: lease_id.clone(), agent_id, worktree_id }
    }
}

impl From<&IndexedIssue> for ListedIssue {
    fn from(found: &IndexedIssue) -> Self {
        let issue = &found.summary;
        Self {
            id: issue.id,
            short_id: issue.id.short(),
            title: issue.title.clone(),
            state: issue.state,
            effective_state: found.facts.effective,
            priority: issue.priority,
            assignee: issue.assignee.clone(),
            labels: issue.labels.clone(),
            blocked_by: found.facts.blocked_by.clone(),
            lease: found.lease.as_ref().map(|lease| ListedLease::new(&lease.lease_id, &lease.holder)),
            source: found.source,
            is_deleted: issue.is_deleted,
        }
    }
}

/// A line an issue: id, state, priority, who has it, and for what is blocked, by what; the title.
pub(crate) fn issue_table<'i>(issues: impl IntoIterator<Item = &'i ListedIssue>, with_blockers: bool, styles: &Styles) -> String {
    let row = |issue: &ListedIssue| {
        let state = if issue.is_deleted { "deleted" } else { issue.effective_state.as_str() };
        let holder = issue.lease.as_ref().map(|lease| lease.agent_id.to_string());
        let assignee = || issue.assignee.as_ref().map(|assignee| format!("({assignee})"));
        let mut row = vec![
            issue.short_id.clone(),
            state.to_owned(),
            issue.priority.as_str().to_owned(),
            plain_line(&holder.or_else(assignee).unwrap_or_default()),
        ];
        if with_blockers {
            let short = issue.blocked_by.iter().map(|id| id.chars().take(8).collect::<String>());
            row.push(plain_line(&short.collect::<Vec<_>>().join(" ")));
        }
        row.push(plain_line(&issue.title));
        row
    };
    let rows: Vec<Vec<String>> = issues.into_iter().map(row).collect();
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
    /// The listing of `shown`, which are indices into what was found.
    pub(crate) fn new(kind: QueryKind, is_filtered: bool, index: IssueIndex<'_>, shown: &[usize]) -> Self {
        let IssueIndex { found, unreadable, counts, .. } = index;
        let issues: Vec<ListedIssue> = shown.iter().map(|at| ListedIssue::from(&found[*at])).collect();
        let (count, total) = (issues.len(), found.len());
        Self { count, total, truncated: count < total, issues, unreadable, kind, counts, is_filtered }
    }

    /// Why there is nothing, and where there is something.
    fn nothing(&self) -> String {
        let count = |state: State| self.counts.get(&state).copied().unwrap_or(0);
        let open: usize = self.counts.iter().filter(|(state, _)| !state.is_closed()).map(|(_, count)| count).sum();
        let all: usize = self.counts.values().sum();
        match self.kind {
            _ if all == 0 => "There are no issues yet: git jit issue create \"…\"".to_owned(),
            _ if self.is_filtered => {
                format!("None of {} match{}", crate::output::text::count(all, "issue"), if all == 1 { "es" } else { "" })
            }
            QueryKind::Available if open == 0 => "All issues are closed".to_owned(),
            QueryKind::Available => format!(
                "{} ready but taken, {} blocked, {} in progress: git jit query blocked, git jit claim list",
                count(State::Ready),
                count(State::Backlog),
                count(State::InProgress) + count(State::Gated)
            ),
            _ => format!("None of {} is in this list", crate::output::text::count(all, "issue")),
        }
    }
}

impl Report for IssueList {
    fn human(&self, styles: &Styles) -> String {
        let cut = match self.total - self.count {
            0 => String::new(),
            more => styles.faint(&format!("{more} more: --limit 0 shows all {}", self.total)) + "\n",
        };
        if self.total == 0 {
            return format!("No issues\n{}\n{cut}", styles.faint(&self.nothing()));
        }
        issue_table(&self.issues, self.kind == QueryKind::Blocked, styles) + &cut
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.issues.iter().map(|issue| issue.id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}
