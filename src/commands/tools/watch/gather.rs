//! What a frame is made of, read by the functions that `status`, `claim list`, `worktree list`, `query` and `events` use.
//!
//! Reading is one thing and telling another: what was read is kept, and told again each second as the time then has it.

use std::collections::{BTreeMap, VecDeque};
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::issues::query::{IndexedIssue, IssueIndex, brief};
use crate::commands::leases::claim::LeaseView;
use crate::commands::shared::session::Session;
use crate::commands::tools::watch::panels;
use crate::commands::worktrees::{self, WorktreeRow};
use crate::domain::id::{IssueId, WorktreeId};
use crate::domain::lease::Lease;
use crate::domain::policy::{Editor, Policy};
use crate::domain::time::Now;
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;
use crate::output::watch::WatchFrame;
use crate::store::events::{EventLog, IssueEvent, Mark};
use crate::store::file_stamp::FileStamp;
use crate::store::layout::Layout;

/// Issues and events that are shown at most.
const SHOWN: usize = 50;

/// Reads what a frame is made of, again and again.
pub(crate) struct Watcher<'a> {
    session: &'a Session,
    layout: &'a Layout,
    events: VecDeque<IssueEvent>,
    mark: Option<Mark>,
    signs: [Option<FileStamp>; 2],
}

/// What was read.
pub(crate) struct Gathered {
    pub(crate) editor: Editor,
    pub(crate) policy: Policy,
    pub(crate) branch: Option<String>,
    /// The leases of whoever looks first, then by issue.
    pub(crate) leases: Vec<Lease>,
    /// Titles of the issues that leases and events are about.
    pub(crate) titles: BTreeMap<IssueId, String>,
    pub(crate) here: Option<PathBuf>,
    pub(crate) worktrees: Vec<WorktreeRow>,
    pub(crate) available: Vec<IndexedIssue>,
    pub(crate) available_total: usize,
    /// The newest first.
    pub(crate) events: Vec<IssueEvent>,
    pub(crate) unreadable: Vec<String>,
}

impl<'a> Watcher<'a> {
    /// Somebody who looks, and has seen nothing yet.
    pub(crate) fn new(session: &'a Session) -> Result<Self, Error> {
        let layout = session.layout()?;
        Ok(Self { session, layout, events: VecDeque::new(), mark: None, signs: [None; 2] })
    }

    fn signs(&self) -> [Option<FileStamp>; 2] {
        [self.session.leases(self.layout).stamp(), EventLog::of(self.layout).stamp()]
    }

    /// Whether the leases or the events are others than when they were read last.
    pub(crate) fn has_changed(&self) -> bool {
        self.signs() != self.signs
    }

    /// Reads everything; of the events only those that are new.
    pub(crate) fn gather(&mut self) -> Result<Gathered, Error> {
        // Taken first: what changes while the rest is read shows afterwards.
        self.signs = self.signs();
        let Self { session, layout, .. } = *self;
        let index = IssueIndex::gather(session, layout, false)?;
        let worktrees = worktrees::rows(session, layout)?;
        self.read_events()?;
        let mut leases: Vec<Lease> = index.ledger.leases().cloned().collect();
        leases.sort_by_key(|lease| (!index.editor.is(&lease.holder), lease.issue_id));
        let about = leases.iter().map(|lease| lease.issue_id).chain(self.events.iter().map(|event| event.issue_id));
        let titles = about.filter_map(|id| Some((id, index.get(id)?.summary.title.clone()))).collect();
        let available = index.of_kind(QueryKind::Available);
        let policies = index.policy.unreadable.iter().map(|(place, why)| format!("{place}: {why}"));
        Ok(Gathered {
            editor: index.editor.clone(),
            policy: index.policy.clone(),
            branch: layout.branch(),
            leases,
            titles,
            here: layout.worktree_root.clone(),
            worktrees,
            available_total: available.len(),
            available: available.into_iter().take(SHOWN).cloned().collect(),
            events: self.events.iter().rev().cloned().collect(),
            unreadable: policies.chain(index.unreadable.iter().cloned()).collect(),
        })
    }

    fn read_events(&mut self) -> Result<(), Error> {
        let log = EventLog::of(self.layout);
        let (new, mark) = self.mark.map_or_else(|| log.all(), |mark| log.since(mark))?;
        self.mark = Some(mark);
        self.events.extend(new);
        self.events.drain(..self.events.len().saturating_sub(SHOWN));
        Ok(())
    }
}

impl Gathered {
    /// The leases that keep anybody out at a moment, each with whether it is of whoever looks.
    pub(crate) fn leases_at(&self, now: &Now) -> Vec<(LeaseView, &Lease, bool)> {
        let excludes = |lease: &&Lease| lease.lease_status(now, self.policy.limits.stale_after_secs).excludes();
        let view = |lease| (LeaseView::of(lease, now, &self.policy, None), lease, self.editor.is(&lease.holder));
        self.leases.iter().filter(excludes).map(view).collect()
    }

    /// What a worktree is called.
    pub(crate) fn name_of(&self, id: &WorktreeId) -> Option<String> {
        let is_it = |row: &&WorktreeRow| row.worktree.identity.as_ref().is_some_and(|identity| identity.worktree_id == *id);
        self.worktrees.iter().find(is_it).map(|row| row.worktree.name())
    }

    /// What a frame shows at a moment.
    pub(crate) fn state(&self, now: &Now, trouble: Option<&str>) -> WatchFrame {
        panels::state(self, now, trouble)
    }

    /// The same for programs.
    pub(crate) fn json(&self, now: &Now) -> Value {
        let (mine, others): (Vec<_>, Vec<_>) = self.leases_at(now).into_iter().partition(|(_, _, is_mine)| *is_mine);
        let views = |leases: Vec<(LeaseView, &Lease, bool)>| leases.into_iter().map(|(view, ..)| view).collect::<Vec<_>>();
        let titles: serde_json::Map<String, Value> = self.titles.iter().map(|(id, title)| (id.to_string(), json!(title))).collect();
        json!({
            "at": now.wall, "agent_id": self.editor.agent_id, "worktree_id": self.editor.worktree_id, "branch": self.branch,
            "mine": views(mine), "others": views(others), "titles": titles,
            "worktrees": self.worktrees.iter().map(|row| row.json(self.here.as_ref())).collect::<Vec<_>>(),
            "available_total": self.available_total, "available": self.available.iter().map(brief).collect::<Vec<_>>(),
            "events": self.events, "unreadable": self.unreadable,
        })
    }
}
