//! Reads the data of a frame, with the functions behind `status`, `claim list`, `worktree list`, `query` and `events`.
//!
//! The data is kept, so that a frame of it can be drawn every second with the current time.

use std::collections::{BTreeMap, VecDeque};

use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::Session;
use crate::commands::shared::worktree_list::{self, WorktreeRow};
use crate::domain::id::{IssueId, WorktreeId};
use crate::domain::lease::Lease;
use crate::domain::policy::{Editor, Policy};
use crate::domain::time::Now;
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;
use crate::lease::{Deadline, Revision};
use crate::store::events::{EventLog, IssueEvent, Mark};
use crate::store::file_stamp::FileStamp;
use crate::store::layout::Layout;

/// The maximum number of issues and of events.
const SHOWN: usize = 50;

/// Reads the data of the frames repeatedly.
pub(crate) struct Watcher<'a> {
    session: &'a Session,
    layout: &'a Layout,
    events: VecDeque<IssueEvent>,
    mark: Option<Mark>,
    /// What was read last: of the leases, and of the events.
    seen: (Revision, Option<FileStamp>),
}

/// The data of a frame.
pub(crate) struct Gathered {
    pub editor: Editor,
    pub policy: Policy,
    pub branch: Option<String>,
    /// Those of this agent first, then by issue.
    pub leases: Vec<Lease>,
    /// The titles of the issues of leases and events.
    pub titles: BTreeMap<IssueId, String>,
    pub worktrees: Vec<WorktreeRow>,
    pub available: Vec<ListedIssue>,
    pub available_total: usize,
    /// Newest first.
    pub events: Vec<IssueEvent>,
    pub unreadable: Vec<String>,
}

impl<'a> Watcher<'a> {
    /// A watcher that has read nothing yet.
    pub(crate) fn new(session: &'a Session) -> Result<Self, Error> {
        let layout = session.layout()?;
        Ok(Self { session, layout, events: VecDeque::new(), mark: None, seen: Default::default() })
    }

    /// What leases and events are now. Leases that cannot be read look the same as last time; reading them gives the error.
    fn current(&self) -> (Revision, Option<FileStamp>) {
        let leases = self.session.leases(self.layout).wait(&self.seen.0, &Deadline::now());
        (leases.unwrap_or_else(|_| self.seen.0.clone()), EventLog::of(self.layout).stamp())
    }

    /// Whether leases or events have changed since the last read.
    pub(crate) fn has_changed(&self) -> bool {
        self.current() != self.seen
    }

    /// Reads everything; of the events only the new ones.
    pub(crate) fn gather(&mut self) -> Result<Gathered, Error> {
        // Before the rest, so that a change during the read is noticed later.
        self.seen = self.current();
        let Self { session, layout, .. } = *self;
        let index = IssueIndex::gather(session, layout, false)?;
        let worktrees = worktree_list::rows(session, layout)?;
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
            worktrees,
            available_total: available.len(),
            available: available.into_iter().take(SHOWN).map(ListedIssue::from).collect(),
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
    /// The leases in force at `now`, each with whether it is this agent's.
    pub(crate) fn leases_at(&self, now: &Now) -> Vec<(LeaseView, &Lease, bool)> {
        let excludes = |lease: &&Lease| lease.lease_status(now, self.policy.limits.stale_after_secs).excludes();
        let view = |lease| (LeaseView::of(lease, now, &self.policy, None), lease, self.editor.is(&lease.holder));
        self.leases.iter().filter(excludes).map(view).collect()
    }

    /// The name of a worktree.
    pub(crate) fn name_of(&self, id: &WorktreeId) -> Option<String> {
        let is_it = |row: &&WorktreeRow| row.worktree_id.as_ref() == Some(id);
        self.worktrees.iter().find(is_it).map(|row| row.name.clone())
    }
}
