//! All issues with computed facts such as the effective state, at one moment and for one editor.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::actor;
use crate::commands::shared::session::{Session, issues};
use crate::domain::id::{AgentId, IssueId};
use crate::domain::issue::{State, Summary};
use crate::domain::lease::{Lease, Ledger};
use crate::domain::policy::{Editor, Policy};
use crate::domain::time::Now;
use crate::domain::tracker::graph::{Graph, effective_state, open_dependencies};
use crate::domain::tracker::query::{Filter, IssueFacts, QueryKind, missing};
use crate::error::Error;
use crate::store::issues::{IssueStore, Source};
use crate::store::layout::Layout;

/// An issue with the facts that are computed about it.
#[derive(Clone)]
pub(crate) struct IndexedIssue {
    pub summary: Summary,
    pub source: Source,
    pub facts: IssueFacts,
    /// The lease that excludes other holders, if there is one.
    pub lease: Option<Box<Lease>>,
}

/// All issues.
pub(crate) struct IssueIndex<'a> {
    /// The readable issues, sorted by id, including deleted ones.
    pub found: Vec<IndexedIssue>,
    /// The number of issues in each effective state, without deleted ones.
    pub counts: BTreeMap<State, usize>,
    /// The errors of the other issues; each names the file.
    pub unreadable: Vec<String>,
    /// The current agent and worktree.
    pub editor: Editor,
    /// The policy.
    pub policy: Policy,
    /// The leases.
    pub ledger: Ledger,
    /// The moment.
    pub now: Now,
    store: IssueStore<'a>,
}

impl<'a> IssueIndex<'a> {
    /// Reads all issues and what is known about them.
    pub(crate) fn gather(session: &Session, layout: &'a Layout, local: bool) -> Result<Self, Error> {
        Self::gather_those(session, layout, local, |_, _| true)
    }

    /// Reads all issues, and keeps those that `wanted` selects; the others only count in `counts`.
    pub(crate) fn gather_those(
        session: &Session,
        layout: &'a Layout,
        local: bool,
        wanted: impl Fn(&Summary, &IssueFacts) -> bool,
    ) -> Result<Self, Error> {
        let policy = session.policy(layout);
        let store = if local { IssueStore::open(layout, false)? } else { issues(layout, &policy)? };
        let listing = store.scan_summaries()?;
        let ledger = session.leases(layout).ledger()?;
        let now = session.cx.clock().now();
        let editor = actor::editor(&session.cx, layout, session.agent_flag.as_deref())?;
        let states: Vec<(IssueId, State)> = listing.issues.iter().map(|(issue, _)| (issue.id, issue.state)).collect();
        let state = |id| states.binary_search_by_key(&id, |(id, _)| *id).ok().map(|at| states[at].1);
        let leases: HashMap<IssueId, &Lease> = ledger
            .leases()
            .filter(|lease| lease.lease_status(&now, policy.limits.stale_after_secs).excludes())
            .map(|lease| (lease.issue_id, lease))
            .collect();
        let mut counts = BTreeMap::new();
        let describe = |(summary, source): (Summary, Source)| {
            let blocked_by = open_dependencies(&summary.dependencies, state);
            let lease = leases.get(&summary.id).copied();
            let facts = IssueFacts {
                effective: effective_state(summary.state, !blocked_by.is_empty()),
                blocked_by,
                is_for_me: is_for(summary.assignee.as_deref(), &editor),
                is_held_by_me: lease.is_some_and(|lease| editor.is(&lease.holder)),
                held_by: lease.filter(|lease| !editor.is(&lease.holder)).map(|lease| lease.holder.clone()),
            };
            if !summary.is_deleted {
                *counts.entry(facts.effective).or_default() += 1;
            }
            wanted(&summary, &facts).then(|| IndexedIssue { summary, source, facts, lease: lease.cloned().map(Box::new) })
        };
        let found = listing.issues.into_iter().filter_map(describe).collect();
        let unreadable = listing.unreadable.iter().map(ToString::to_string).collect();
        Ok(Self { found, counts, unreadable, editor, policy, ledger, now, store })
    }

    /// Refuses an operation that needs all issues while some cannot be read; `why` is the reason that it needs them.
    pub(crate) fn require_readable(&self, why: &'static str) -> Result<(), Error> {
        match self.unreadable.first() {
            None => Ok(()),
            Some(first) => Err(Error::Unreadable { count: self.unreadable.len(), first: first.clone(), why }),
        }
    }

    /// Keeps the issues that match a filter.
    pub(crate) fn retain(&mut self, filter: &Filter) -> Result<(), Error> {
        if filter.text.is_some() {
            let listing = self.store.list()?;
            let fitting = listing.issues.iter().filter(|(document, _)| filter.fits_text(document.issue()));
            let fitting: HashSet<IssueId> = fitting.map(|(document, _)| document.issue().id).collect();
            self.found.retain(|found| fitting.contains(&found.summary.id));
        }
        self.found.retain(|found| filter.fits(&found.summary, found.facts.effective));
        Ok(())
    }

    /// Whether an issue contains the text of a filter.
    pub(crate) fn has_text(&self, filter: &Filter, id: IssueId) -> Result<bool, Error> {
        if filter.text.is_none() {
            return Ok(true);
        }
        let source = self.store.locate(id)?;
        let document = source.map(|source| self.store.load(id, source)).transpose()?;
        Ok(document.is_some_and(|document| filter.fits_text(document.issue())))
    }

    /// The ids of the issues that are not deleted.
    pub(crate) fn live_ids(&self) -> impl Iterator<Item = IssueId> {
        self.found.iter().filter(|found| !found.summary.is_deleted).map(|found| found.summary.id)
    }

    /// The issue of this id, if it could be read.
    pub(crate) fn get(&self, id: IssueId) -> Option<&IndexedIssue> {
        self.found.binary_search_by_key(&id, |found| found.summary.id).ok().map(|at| &self.found[at])
    }

    /// The issues of a kind, the most urgent first.
    pub(crate) fn of_kind(&self, kind: QueryKind) -> Vec<&IndexedIssue> {
        let mut found: Vec<&IndexedIssue> =
            self.found.iter().filter(|found| missing(kind, &found.summary, &found.facts).is_empty()).collect();
        let sort = crate::domain::tracker::query::Sort::Priority;
        found.sort_by(|a, b| sort.compare((&a.summary, a.facts.effective), (&b.summary, b.facts.effective)));
        found
    }

    /// The dependencies.
    pub(crate) fn graph(&self) -> Graph {
        Graph::of(self.found.iter().map(|found| &found.summary))
    }

    /// The issues.
    pub(crate) fn store(&self) -> &IssueStore<'a> {
        &self.store
    }
}

fn is_for(assignee: Option<&str>, editor: &Editor) -> bool {
    assignee.is_none_or(|assignee| assignee.parse::<AgentId>().as_ref() == Ok(&editor.agent_id))
}
