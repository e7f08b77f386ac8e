//! `git jit worktree list`: the worktrees with their issues, lease holders and agents.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::worktree_list::{AgentRunView, WorktreeRow, rows};
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::worktrees::Worktree;
use crate::worktree::{self, WorktreeStatus};

/// The maximum width of a title, in characters.
const MAX_TITLE: usize = 32;

// Arguments of `worktree list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Show how far each is from its base, and its uncommitted changes
    #[arg(long)]
    status: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Worktrees {
    count: usize,
    worktrees: Vec<WorktreeRow>,
    #[serde(skip)]
    with_status: bool,
}

/// Lists all worktrees; runs Git only for `--status`.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { status: with_status } = args;
    let layout = session.layout()?;
    let mut rows = rows(session, layout)?;
    rows.iter().filter_map(|row| row.worktree.warning()).for_each(|warning| session.output.warn(&warning));
    if with_status {
        let all: Vec<&Worktree> = rows.iter().map(|row| &row.worktree).collect();
        let found = worktree::status(layout, &all);
        rows.iter_mut().zip(found).for_each(|(row, status)| row.status = Some(status));
    }
    Ok(Box::new(Worktrees { count: rows.len(), worktrees: rows, with_status }))
}

fn cells(row: &WorktreeRow, with_status: bool) -> Vec<String> {
    let title = row.title.as_deref().map(plain_line).unwrap_or_default();
    let short: String =
        if title.chars().count() > MAX_TITLE { title.chars().take(MAX_TITLE - 1).chain(['…']).collect() } else { title };
    let lease = row.leases.first();
    let more = if row.leases.len() > 1 { format!(" (+{})", row.leases.len() - 1) } else { String::new() };
    let states = [(row.missing, " missing"), (row.locked, " locked"), (row.unreadable.is_some(), " unreadable")];
    let states: String = states.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
    let mut cells = vec![
        if row.current { "*".to_owned() } else { String::new() },
        row.number.clone().unwrap_or_default(),
        short,
        lease.map(|lease| format!("{}{more}", lease.agent_id)).unwrap_or_default(),
        lease.map(LeaseView::left).unwrap_or_default(),
        row.agent.as_ref().map(AgentRunView::summary).unwrap_or_default(),
    ];
    if with_status {
        cells.push(row.status.as_ref().map(summary).unwrap_or_default());
    }
    cells.push(plain_line(row.branch.as_deref().unwrap_or("(detached)")));
    cells.push(plain_line(&format!("{}{states}", row.root)));
    cells
}

/// For example `+2 -1, 3 changed, 1 untracked`.
fn summary(status: &WorktreeStatus) -> String {
    let WorktreeStatus { ahead, behind, changed, untracked, unknown, .. } = status;
    let counts = [(*ahead, "+"), (*behind, "-")].into_iter().filter(|(n, _)| *n > 0).map(|(n, sign)| format!("{sign}{n}"));
    let distance = counts.collect::<Vec<_>>().join(" ");
    let files = [(*changed, "changed"), (*untracked, "untracked")];
    let files = files.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    let unknown = unknown.as_ref().map(|_| "unknown".to_owned());
    let parts: Vec<String> =
        Some(distance).filter(|distance| !distance.is_empty()).into_iter().chain(files).chain(unknown).collect();
    if parts.is_empty() { "clean".to_owned() } else { parts.join(", ") }
}

impl Report for Worktrees {
    fn human(&self, styles: &Styles) -> String {
        let rows: Vec<Vec<String>> = self.worktrees.iter().map(|row| cells(row, self.with_status)).collect();
        let mut heads = vec!["", "ISSUE", "TITLE", "HOLDER", "LEFT", "AGENT"];
        if self.with_status {
            heads.push("STATUS");
        }
        heads.extend(["BRANCH", "PATH"]);
        table(&heads, &rows, styles, |column, cell| if column == 1 { styles.id(cell) } else { cell.to_owned() })
    }
}
