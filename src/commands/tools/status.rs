//! `git jit status`, and `git jit` alone: your leases, stale leases, available issues, and who works in which worktree.

mod line;

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::{ListedIssue, issue_table};
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::issue::State;
use crate::domain::tracker::query::QueryKind;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::worktrees::{self, Worktree};

pub(crate) use crate::commands::tools::status::line::{PromptReport, current_issue};

/// The number of issues shown, so that the report fits on one screen.
const SHOWN: usize = 5;

// Arguments of `status`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "For prompts and status bars see docs/how-to/prompt.md.")]
pub(crate) struct Args {
    /// One line for a prompt: issue, time left, branch. Prints nothing without an issue, and never fails
    #[arg(long)]
    pub line: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct StatusReport {
    agent_id: AgentId,
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    /// Those of this agent in this worktree.
    leases: Vec<LeaseView>,
    stale: Vec<LeaseView>,
    /// The number of issues in each state.
    counts: BTreeMap<State, usize>,
    blocked: usize,
    available_total: usize,
    available: Vec<ListedIssue>,
    worktrees: Vec<WorktreeLeases>,
    unreadable: Vec<String>,
}

/// A worktree with its leases.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct WorktreeLeases {
    root: String,
    branch: Option<String>,
    leases: Vec<LeaseView>,
    /// Why its identity cannot be read; then its leases are unknown.
    unreadable: Option<String>,
}

/// Reports the state of the work in this repository.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { line } = args;
    if line {
        return Ok(line::run(session));
    }
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let now = &index.now;
    let leases: Vec<LeaseView> = index
        .ledger
        .leases()
        .filter(|lease| lease.lease_status(now, index.policy.limits.stale_after_secs).excludes())
        .map(|lease| LeaseView::of(lease, now, &index.policy, Some(index.store())))
        .collect();
    let of = |worktree: &WorktreeId| leases.iter().filter(|lease| lease.worktree_id == *worktree).cloned().collect::<Vec<_>>();
    let listed = worktrees::list(layout)?;
    listed.iter().filter_map(Worktree::warning).for_each(|warning| session.output.warn(&warning));
    let worktrees = listed.into_iter().map(|worktree| WorktreeLeases {
        unreadable: worktree.unreadable.clone(),
        root: worktree.root.display().to_string(),
        branch: worktree.branch.clone(),
        leases: worktree.identity.as_ref().map(|identity| of(&identity.worktree_id)).unwrap_or_default(),
    });
    let worktrees = worktrees.collect();
    let available = index.of_kind(QueryKind::Available);
    session.warn_unreadable_policy(&index.policy);
    for bad in &index.unreadable {
        session.output.warn(bad);
    }
    let is_mine = |lease: &&LeaseView| {
        lease.agent_id == index.editor.agent_id && index.editor.worktree_id.as_ref() == Some(&lease.worktree_id)
    };
    Ok(Box::new(StatusReport {
        agent_id: index.editor.agent_id.clone(),
        worktree_id: index.editor.worktree_id.clone(),
        branch: layout.branch(),
        stale: leases.iter().filter(|lease| lease.stale).cloned().collect(),
        leases: leases.iter().filter(is_mine).cloned().collect(),
        blocked: index.of_kind(QueryKind::Blocked).len(),
        available_total: available.len(),
        available: available.into_iter().take(SHOWN).map(ListedIssue::from).collect(),
        worktrees,
        unreadable: index.unreadable.clone(),
        counts: index.counts,
    }))
}

impl Report for StatusReport {
    fn human(&self, styles: &Styles) -> String {
        let branch = self.branch.as_deref().map_or("a detached HEAD".to_owned(), plain_line);
        let mut text = format!("{} on {branch}\n", styles.id(self.agent_id.as_str()));
        let counts: Vec<String> = self.counts.iter().map(|(state, count)| format!("{count} {}", state.as_str())).collect();
        text += &match counts.as_slice() {
            [] => "No issues yet: git jit issue create \"…\"\n".to_owned(),
            counts => format!("Issues: {}\n", counts.join(", ")),
        };
        let part = |head: &str, lines: Vec<String>| {
            let lines: String = lines.into_iter().map(|line| format!("  {line}\n")).collect();
            if lines.is_empty() { String::new() } else { format!("\n{}\n{lines}", styles.head(head)) }
        };
        let mine = self.leases.iter().map(|lease| lease.line(styles)).collect::<Vec<_>>();
        text += &if mine.is_empty() { "\nYou hold no lease here\n".to_owned() } else { part("You hold", mine) };
        let stale = self.stale.iter().map(|lease| format!("{}  {}", lease.line(styles), lease.agent_id));
        text += &part("Stale", stale.collect());
        text += &match self.available.as_slice() {
            [] => "\nNo issues are available\n".to_owned(),
            available => {
                let head = format!("Available: {} of {}", available.len(), self.available_total);
                part(&head, issue_table(available, false, styles).lines().map(str::to_owned).collect())
            }
        };
        let row = |WorktreeLeases { root, branch, leases, .. }: &WorktreeLeases| {
            let who: Vec<String> = leases.iter().map(|lease| format!("{} {}", lease.agent_id, lease.issue_id.short())).collect();
            vec![plain_line(branch.as_deref().unwrap_or("(detached)")), who.join(", "), plain_line(root)]
        };
        if self.worktrees.len() > 1 {
            let rows: Vec<Vec<String>> = self.worktrees.iter().take(3 * SHOWN).map(row).collect();
            let worktrees = table(&["BRANCH", "HOLDER", "PATH"], &rows, styles, |_, cell| cell.to_owned());
            text += &part("Worktrees", worktrees.lines().map(str::to_owned).collect());
        }
        text
    }
}
