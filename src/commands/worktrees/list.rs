//! `git jit worktree list`: which worktree is for which issue, who is in it, and whether an agent is at work there.

use std::collections::HashMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::leases::claim::LeaseView;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::commands::worktrees::agent::AgentRunView;
use crate::commands::worktrees::viewpoint;
use crate::domain::id::{IssueId, WorktreeId};
use crate::domain::issue::Document;
use crate::domain::lease::Lease;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::name;
use crate::worktree::{self, WorktreeStatus};

/// How much of a title is shown.
const TITLE: usize = 32;

// Arguments of `worktree list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How far each is from what it was made from, and what is not committed
    #[arg(long)]
    status: bool,
}

/// A worktree as it is told.
pub(crate) struct WorktreeRow {
    /// It.
    pub worktree: Worktree,
    issue: Option<IssueId>,
    /// What its issue is called for short.
    pub number: Option<String>,
    /// The title of its issue.
    pub title: Option<String>,
    leases: Vec<LeaseView>,
    agent: Option<AgentRunView>,
    status: Option<WorktreeStatus>,
}

struct Worktrees {
    here: Option<PathBuf>,
    rows: Vec<WorktreeRow>,
    with_status: bool,
}

/// Looks at all of them; starts no process, unless their state is asked for.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { status: with_status } = args;
    let layout = session.layout()?;
    let mut rows = rows(session, layout)?;
    if with_status {
        let all: Vec<&Worktree> = rows.iter().map(|row| &row.worktree).collect();
        let found = worktree::status(layout, &all);
        rows.iter_mut().zip(found).for_each(|(row, status)| row.status = Some(status));
    }
    Ok(Box::new(Worktrees { here: layout.worktree_root.clone(), rows, with_status }))
}

/// All of them, without how far each is.
pub(crate) fn rows(session: &Session, layout: &Layout) -> Result<Vec<WorktreeRow>, Error> {
    let view = viewpoint(layout)?;
    let policy = session.policy(layout);
    let store = issues(view.as_ref().unwrap_or(layout), &policy).ok();
    let now = session.cx.clock().now();
    let ledger = session.leases(layout).ledger()?;
    let mut held: HashMap<&WorktreeId, Vec<&Lease>> = HashMap::new();
    for lease in ledger.leases().filter(|lease| lease.lease_status(&now, policy.limits.stale_after_secs).excludes()) {
        held.entry(&lease.holder.worktree_id).or_default().push(lease);
    }
    let row = |worktree: Worktree| {
        let here = worktree.identity.as_ref().and_then(|identity| held.get(&identity.worktree_id));
        let here = here.into_iter().flatten();
        let leases: Vec<LeaseView> = here.map(|lease| LeaseView::of(lease, &now, &policy, None)).collect();
        let made_for = worktree.identity.as_ref().and_then(|identity| identity.issue_id);
        let issue = made_for.or_else(|| leases.first().map(|lease| lease.issue_id));
        let document = issue.and_then(|issue| read(&worktree, issue, store.as_ref()));
        let (number, title) = match document.as_ref().map(Document::issue) {
            Some(issue) => (Some(name::number_of(issue)), Some(issue.title.clone())),
            None => (issue.map(|issue| issue.short()), None),
        };
        let agent = AgentRunView::of(&worktree.git_dir);
        WorktreeRow { worktree, issue, number, title, leases, agent, status: None }
    };
    Ok(worktrees::list(layout)?.into_iter().map(row).collect())
}

/// An issue as the worktree that is for it has it, else as it is seen from here.
fn read(worktree: &Worktree, issue: IssueId, store: Option<&IssueStore<'_>>) -> Option<Document> {
    let path = Layout::data_dir(&worktree.root).join("issues").join(issue.file_name());
    let there = file::read_optional(&path).ok().flatten().and_then(|bytes| Document::parse(&bytes, issue).ok());
    there.or_else(|| {
        let store = store?;
        store.load(issue, store.locate(issue).ok()??).ok()
    })
}

impl WorktreeRow {
    /// Who is at work in it or was last, in a few words, and whether that goes on.
    pub(crate) fn agent(&self) -> Option<(String, bool)> {
        self.agent.as_ref().map(|agent| (agent.words(), agent.is_alive()))
    }

    /// As programs are told.
    pub(crate) fn json(&self, here: Option<&PathBuf>) -> Value {
        let worktree = &self.worktree;
        let identity = worktree.identity.as_ref();
        let status = self.status.as_ref().map(|status| {
            json!({
                "base": status.base, "ahead": status.ahead, "behind": status.behind, "changed": status.changed,
                "untracked": status.untracked, "dirty": status.is_dirty(), "unknown": status.unknown,
            })
        });
        json!({
            "name": worktree.name(), "root": worktree.root.display().to_string(), "branch": worktree.branch,
            "worktree_id": identity.map(|identity| &identity.worktree_id),
            "agent_id": identity.and_then(|identity| identity.agent_id.as_ref()),
            "primary": worktree.is_primary, "locked": worktree.is_locked, "missing": worktree.is_missing,
            "current": here == Some(&worktree.root), "issue_id": self.issue, "number": self.number, "title": self.title,
            "base": identity.and_then(|identity| identity.base.as_ref()).map(|base| &base.commit),
            "leases": self.leases, "agent": self.agent.as_ref().map(AgentRunView::json), "status": status,
        })
    }

    fn cells(&self, here: Option<&PathBuf>, with_status: bool) -> Vec<String> {
        let worktree = &self.worktree;
        let title = self.title.as_deref().map(plain_line).unwrap_or_default();
        let short: String =
            if title.chars().count() > TITLE { title.chars().take(TITLE - 1).chain(['…']).collect() } else { title };
        let lease = self.leases.first();
        let more = if self.leases.len() > 1 { format!(" (+{})", self.leases.len() - 1) } else { String::new() };
        let states = [(worktree.is_missing, " missing"), (worktree.is_locked, " locked")];
        let states: String = states.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let mut cells = vec![
            if here == Some(&worktree.root) { "*".to_owned() } else { String::new() },
            self.number.clone().unwrap_or_default(),
            short,
            lease.map(|lease| format!("{}{more}", lease.agent_id)).unwrap_or_default(),
            lease.map(LeaseView::left).unwrap_or_default(),
            self.agent.as_ref().map(AgentRunView::words).unwrap_or_default(),
        ];
        if with_status {
            cells.push(self.status.as_ref().map(in_words).unwrap_or_default());
        }
        cells.push(plain_line(worktree.branch.as_deref().unwrap_or("(detached)")));
        cells.push(plain_line(&format!("{}{states}", worktree.root.display())));
        cells
    }
}

/// For instance `+2 -1, 3 changed, 1 untracked`.
fn in_words(status: &WorktreeStatus) -> String {
    let WorktreeStatus { ahead, behind, changed, untracked, unknown, .. } = status;
    let counts = [(*ahead, "+"), (*behind, "-")].into_iter().filter(|(n, _)| *n > 0).map(|(n, stamp)| format!("{stamp}{n}"));
    let distance = counts.collect::<Vec<_>>().join(" ");
    let files = [(*changed, "changed"), (*untracked, "untracked")];
    let files = files.into_iter().filter(|(n, _)| *n > 0).map(|(n, word)| format!("{n} {word}"));
    let unknown = unknown.as_ref().map(|_| "unknown".to_owned());
    let parts: Vec<String> =
        Some(distance).filter(|distance| !distance.is_empty()).into_iter().chain(files).chain(unknown).collect();
    if parts.is_empty() { "clean".to_owned() } else { parts.join(", ") }
}

impl Report for Worktrees {
    fn json(&self) -> Value {
        let rows: Vec<Value> = self.rows.iter().map(|row| row.json(self.here.as_ref())).collect();
        json!({ "count": rows.len(), "worktrees": rows })
    }

    fn human(&self, styles: &Styles) -> String {
        let rows: Vec<Vec<String>> = self.rows.iter().map(|row| row.cells(self.here.as_ref(), self.with_status)).collect();
        let mut heads = vec!["", "ISSUE", "TITLE", "HOLDER", "LEFT", "AGENT"];
        if self.with_status {
            heads.push("STATUS");
        }
        heads.extend(["BRANCH", "PATH"]);
        table(&heads, &rows, styles, |column, cell| if column == 1 { styles.id(cell) } else { cell.to_owned() })
    }
}
