//! The worktrees of a repository as `worktree list` and `watch` show them.

use std::collections::HashMap;
use std::path::Path;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{Session, issues, viewpoint};
use crate::domain::id::{AgentId, IssueId, WorktreeId};
use crate::domain::issue::Document;
use crate::domain::lease::Lease;
use crate::error::Error;
use crate::process::background::Watched;
use crate::store;
use crate::store::agent_run::AgentRun;
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::WorktreeStatus;
use crate::worktree::name;

/// A worktree with its issue, its leases and its agent.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Worktree")]
#[expect(clippy::struct_excessive_bools, reason = "the members of the document")]
pub(crate) struct WorktreeRow {
    /// The last part of its path.
    pub name: String,
    pub root: String,
    /// `None` with a detached HEAD.
    pub branch: Option<String>,
    pub worktree_id: Option<WorktreeId>,
    /// The agent that it was created for.
    pub agent_id: Option<AgentId>,
    pub primary: bool,
    pub locked: bool,
    pub missing: bool,
    /// Whether the command runs in it.
    pub current: bool,
    /// The issue that it was created for, else one that is leased there.
    pub issue_id: Option<IssueId>,
    /// The number of the issue, here or on GitHub.
    pub number: Option<String>,
    /// The title of the issue.
    pub title: Option<String>,
    /// The commit that it started from.
    pub base: Option<String>,
    /// The live leases.
    pub leases: Vec<LeaseView>,
    pub agent: Option<AgentRunView>,
    /// Why its identity cannot be read; then its agent, its issue and its leases are unknown.
    pub unreadable: Option<String>,
    /// `None` unless requested.
    pub status: Option<WorktreeStatus>,
    #[serde(skip)]
    pub worktree: Worktree,
}

/// The last agent that was started in a worktree.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Agent")]
pub(crate) struct AgentRunView {
    pub name: String,
    pub pid: u32,
    /// Whether it is running.
    pub alive: bool,
    pub started_at: Timestamp,
    /// Its log; `None` if it has a terminal.
    pub log: Option<String>,
    /// `None` while it runs, and if its end was not recorded.
    pub ended_at: Option<Timestamp>,
    pub status: Option<u8>,
}

impl AgentRunView {
    /// The agent of the worktree with this Git directory.
    pub(crate) fn of(git_dir: &Path) -> Option<Self> {
        let AgentRun { name, pid, began, started_at, log, ended, .. } = AgentRun::read(git_dir).ok().flatten()?;
        let alive = ended.is_none() && Watched { pid, began }.is_alive();
        let (ended_at, status) = (ended.map(|ended| ended.at), ended.map(|ended| ended.status));
        Some(Self { name, pid, alive, started_at, log, ended_at, status })
    }

    /// The agent and its state, for people.
    pub(crate) fn summary(&self) -> String {
        let Self { name, pid, .. } = self;
        match self.status {
            _ if self.alive => format!("{name} {pid}"),
            Some(0) => format!("{name} done"),
            Some(status) => format!("{name} failed ({status})"),
            None => format!("{name} gone"),
        }
    }
}

/// All worktrees, without their status. Starts no process.
pub(crate) fn rows(session: &Session, layout: &Layout) -> Result<Vec<WorktreeRow>, Error> {
    let view = viewpoint(layout)?;
    let policy = session.policy(layout);
    let store = issues(view.as_ref().unwrap_or(layout), &policy).ok();
    let now = session.cx.clock().now();
    let ledger = session.leases(layout).ledger()?;
    let mut leases_by_worktree: HashMap<&WorktreeId, Vec<&Lease>> = HashMap::new();
    for lease in ledger.leases().filter(|lease| lease.lease_status(&now, policy.limits.stale_after_secs).excludes()) {
        leases_by_worktree.entry(&lease.holder.worktree_id).or_default().push(lease);
    }
    let row = |worktree: Worktree| {
        let identity = worktree.identity.as_ref();
        let leases = identity.and_then(|identity| leases_by_worktree.get(&identity.worktree_id)).into_iter().flatten();
        let leases: Vec<LeaseView> = leases.map(|lease| LeaseView::of(lease, &now, &policy, None)).collect();
        let issue_id = identity.and_then(|identity| identity.issue_id).or_else(|| leases.first().map(|lease| lease.issue_id));
        let document = issue_id.and_then(|issue| read_issue(&worktree, issue, store.as_ref()));
        let (number, title) = match document.as_ref().map(Document::issue) {
            Some(issue) => (Some(name::number_of(issue)), Some(issue.title.clone())),
            None => (issue_id.map(|issue| issue.short()), None),
        };
        WorktreeRow {
            name: worktree.name(),
            root: worktree.root.display().to_string(),
            branch: worktree.branch.clone(),
            worktree_id: identity.map(|identity| identity.worktree_id.clone()),
            agent_id: identity.and_then(|identity| identity.agent_id.clone()),
            primary: worktree.is_primary,
            locked: worktree.is_locked,
            missing: worktree.is_missing,
            current: layout.worktree_root.as_ref() == Some(&worktree.root),
            issue_id,
            number,
            title,
            base: identity.and_then(|identity| identity.base.as_ref()).map(|base| base.commit.clone()),
            leases,
            agent: AgentRunView::of(&worktree.git_dir),
            unreadable: worktree.unreadable.clone(),
            status: None,
            worktree,
        }
    };
    Ok(worktrees::list(layout)?.into_iter().map(row).collect())
}

/// The issue as the files of the worktree at `root` have it; `None` if it is missing or cannot be parsed.
pub(crate) fn issue_in(root: &Path, issue: IssueId) -> store::Result<Option<Document>> {
    let path = Layout::data_dir(root).join("issues").join(issue.file_name());
    Ok(file::read_optional(&path)?.and_then(|bytes| Document::parse(&bytes, issue).ok()))
}

/// The issue as its own worktree has it, else as the command's worktree sees it.
fn read_issue(worktree: &Worktree, issue: IssueId, store: Option<&IssueStore<'_>>) -> Option<Document> {
    issue_in(&worktree.root, issue).ok().flatten().or_else(|| {
        let store = store?;
        store.load(issue, store.locate(issue).ok()??).ok()
    })
}
