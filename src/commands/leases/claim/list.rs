//! `git jit claim status` and `list`: shows leases.

use std::collections::HashMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::lease_lookup::LeaseLookup;
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::lease::Lease;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::layout::Layout;
use crate::store::worktrees;

// Arguments of `claim status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Leases on this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Leases of this agent, in all worktrees
    #[arg(long, value_name = "TYPE:NAME")]
    agent: Option<AgentId>,
}

// Arguments of `claim list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Also show expired leases, if the issue was not acquired since
    #[arg(long)]
    all: bool,
}

/// Lists the leases of this holder, on an issue, or of an agent.
pub(crate) fn status(session: &Session, args: StatusArgs) -> CommandResult {
    let StatusArgs { issue, agent } = args;
    let lookup = LeaseLookup::open(session)?;
    let issue = issue.map(|typed| resolve(&lookup.store, &typed)).transpose()?.map(|(id, _)| id);
    let editor = crate::actor::editor(&session.cx, lookup.layout, session.agent_flag.as_deref())?;
    let everybody = issue.is_some() || agent.is_some();
    let is_wanted = |lease: &&Lease| {
        issue.is_none_or(|issue| lease.issue_id == issue)
            && agent.as_ref().is_none_or(|agent| lease.holder.agent_id == *agent)
            && (everybody || editor.is(&lease.holder))
    };
    let now = session.cx.clock().now();
    let view = |lease| LeaseView::of(lease, &now, &lookup.policy, Some(&lookup.store));
    let leases: Vec<LeaseView> = lookup.ledger.leases().filter(is_wanted).map(view).collect();
    Ok(Box::new(LeaseList { count: leases.len(), leases, hidden: 0, is_detailed: true, worktrees: names(lookup.layout) }))
}

/// Lists all leases, or all that have not expired.
pub(crate) fn list(session: &Session, args: &ListArgs) -> CommandResult {
    let ListArgs { all } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(layout)?;
    let now = session.cx.clock().now();
    let ledger = session.leases(layout).ledger()?;
    // The leases are listed even if the issues cannot be read.
    let store = issues(layout, &policy).ok();
    let (shown, over): (Vec<&Lease>, Vec<&Lease>) =
        ledger.leases().partition(|lease| *all || lease.lease_status(&now, policy.limits.stale_after_secs).excludes());
    let leases: Vec<LeaseView> = shown.into_iter().map(|lease| LeaseView::of(lease, &now, &policy, store.as_ref())).collect();
    let worktrees = if leases.is_empty() { HashMap::new() } else { names(layout) };
    Ok(Box::new(LeaseList { count: leases.len(), leases, hidden: over.len(), is_detailed: false, worktrees }))
}

/// The names of the worktrees, by id.
fn names(layout: &Layout) -> HashMap<WorktreeId, String> {
    let all = worktrees::list(layout).unwrap_or_default();
    all.into_iter().filter_map(|worktree| Some((worktree.identity.as_ref()?.worktree_id.clone(), worktree.name()))).collect()
}

/// Leases, and how many are hidden.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LeaseList {
    count: usize,
    leases: Vec<LeaseView>,
    /// How many expired leases are not shown.
    #[serde(skip)]
    hidden: usize,
    #[serde(skip)]
    is_detailed: bool,
    #[serde(skip)]
    worktrees: HashMap<WorktreeId, String>,
}

impl Report for LeaseList {
    fn quiet(&self) -> Option<String> {
        let ids: Vec<&str> = self.leases.iter().map(|lease| lease.lease_id.as_str()).collect();
        Some(ids.join("\n")).filter(|ids| !ids.is_empty())
    }

    fn human(&self, styles: &Styles) -> String {
        let hidden = match self.hidden {
            0 => String::new(),
            n => styles.faint(&format!("{n} more have expired: git jit claim list --all")) + "\n",
        };
        if self.leases.is_empty() {
            return format!("No leases\n{hidden}");
        }
        let row = |lease: &LeaseView| {
            let mut row = vec![
                lease.issue_id.short(),
                lease.agent_id.to_string(),
                self.worktrees.get(&lease.worktree_id).map_or_else(|| lease.worktree_id.to_string(), |name| plain_line(name)),
                plain_line(lease.branch.as_deref().unwrap_or("-")),
                lease.left(),
            ];
            if self.is_detailed {
                row.push(lease.lease_id.to_string());
            }
            row.push(lease.title());
            row
        };
        let rows: Vec<Vec<String>> = self.leases.iter().map(row).collect();
        let heads: &[&str] = if self.is_detailed {
            &["ISSUE", "HOLDER", "WORKTREE", "BRANCH", "LEFT", "LEASE", "TITLE"]
        } else {
            &["ISSUE", "HOLDER", "WORKTREE", "BRANCH", "LEFT", "TITLE"]
        };
        let paint = |column: usize, cell: &str| match (column, cell) {
            (0, id) => styles.id(id),
            (4, left) if left.starts_with("stale") || left.starts_with("over") => styles.bad(left),
            _ => cell.to_owned(),
        };
        table(heads, &rows, styles, paint) + &hidden
    }
}
