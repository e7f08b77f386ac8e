//! `git jit status`, and `git jit` alone: what I hold, what is stale, what can be begun, who works where.

mod line;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::commands::leases::claim::LeaseView;
use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::commands::shared::issue_list::{brief, lines};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::issue::State;
use crate::domain::tracker::query::QueryKind;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::worktrees;

pub(crate) use crate::commands::tools::status::line::subject;

/// Issues and worktrees that are shown: one screen.
const SHOWN: usize = 5;

// Arguments of `status`.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "For prompts and status bars see docs/how-to/prompt.md.")]
pub(crate) struct Args {
    /// One line for a prompt: issue, time left, branch; nothing where there is nothing to tell, and never an error
    #[arg(long)]
    pub line: bool,
}

struct StatusReport {
    agent_id: AgentId,
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    mine: Vec<LeaseView>,
    stale: Vec<LeaseView>,
    counts: Vec<(State, usize)>,
    blocked: usize,
    available: Vec<IndexedIssue>,
    available_total: usize,
    worktrees: Vec<(String, Option<String>, Vec<LeaseView>)>,
    unreadable: Vec<String>,
}

/// Tells how things stand.
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
    let mut by_worktree: BTreeMap<&WorktreeId, Vec<&LeaseView>> = BTreeMap::new();
    for lease in &leases {
        by_worktree.entry(&lease.worktree_id).or_default().push(lease);
    }
    let of = |worktree: &WorktreeId| by_worktree.get(worktree).into_iter().flatten().copied().cloned().collect::<Vec<_>>();
    let is_mine = |lease: &&LeaseView| {
        lease.agent_id == index.editor.agent_id && index.editor.worktree_id.as_ref() == Some(&lease.worktree_id)
    };
    let all = worktrees::list(layout)?;
    let worktrees = all.iter().map(|worktree| {
        let held = worktree.identity.as_ref().map(|identity| of(&identity.worktree_id)).unwrap_or_default();
        (worktree.root.display().to_string(), worktree.branch.clone(), held)
    });
    let available = index.of_kind(QueryKind::Available);
    for (place, why) in &index.policy.unreadable {
        session.output.warn(&format!("{place} cannot be read, so that edits count as under strict: {why}"));
    }
    for bad in &index.unreadable {
        session.output.warn(bad);
    }
    Ok(Box::new(StatusReport {
        agent_id: index.editor.agent_id.clone(),
        worktree_id: index.editor.worktree_id.clone(),
        branch: layout.branch(),
        mine: leases.iter().filter(is_mine).cloned().collect(),
        stale: leases.iter().filter(|lease| lease.stale).cloned().collect(),
        counts: index.counts.iter().map(|(state, count)| (*state, *count)).collect(),
        blocked: index.of_kind(QueryKind::Blocked).len(),
        available_total: available.len(),
        available: available.into_iter().take(SHOWN).cloned().collect(),
        worktrees: worktrees.collect(),
        unreadable: index.unreadable.clone(),
    }))
}

impl Report for StatusReport {
    fn json(&self) -> Value {
        let count = |(state, count): &(State, usize)| (state.as_str().to_owned(), json!(count));
        let worktree = |(root, branch, leases): &(String, Option<String>, Vec<LeaseView>)| json!({ "root": root, "branch": branch, "leases": leases });
        json!({
            "agent_id": self.agent_id, "worktree_id": self.worktree_id, "branch": self.branch, "leases": self.mine,
            "stale": self.stale, "counts": self.counts.iter().map(count).collect::<serde_json::Map<_, _>>(),
            "blocked": self.blocked, "available_total": self.available_total,
            "available": self.available.iter().map(brief).collect::<Vec<_>>(),
            "worktrees": self.worktrees.iter().map(worktree).collect::<Vec<_>>(), "unreadable": self.unreadable,
        })
    }

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
        let mine = self.mine.iter().map(|lease| lease.line(styles)).collect::<Vec<_>>();
        text += &if mine.is_empty() { "\nYou hold nothing here\n".to_owned() } else { part("You hold", mine) };
        let stale = self.stale.iter().map(|lease| format!("{}  {}", lease.line(styles), lease.agent_id));
        text += &part("Stale", stale.collect());
        text += &match self.available.as_slice() {
            [] => "\nNothing is available\n".to_owned(),
            available => {
                let head = format!("Available: {} of {}", available.len(), self.available_total);
                part(&head, lines(available, false, styles).lines().map(str::to_owned).collect())
            }
        };
        let row = |(root, branch, leases): &(String, Option<String>, Vec<LeaseView>)| {
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
