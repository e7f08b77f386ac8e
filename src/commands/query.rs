//! `git jit query`: issues by what can be done with them. [`Listing`] serves every list of issues.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Answer, Session, issues};
use crate::domain::graph::{effective_state, open_dependencies};
use crate::domain::id::{AgentId, IssueId};
use crate::domain::issue::{Document, State};
use crate::domain::lease::Lease;
use crate::domain::policy::Editor;
use crate::error::Error;
use crate::output::Report;
use crate::output::human::{Styles, plain_line, table};
use crate::store::issues::Source;

/// Verbs of `query`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// All issues
    All(Args),
    /// Issues that you could begin now: ready, nobody else's, and leased by nobody else
    Available(Args),
}

/// Arguments of the queries.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only what this worktree has itself
    #[arg(long)]
    local: bool,
}

/// Runs a verb of `query`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::All(Args { local }) => Ok(Box::new(Listing::gather(session, local)?)),
        Verb::Available(Args { local }) => {
            let listing = Listing::gather(session, local)?;
            Ok(Box::new(listing.keep(Found::is_available)))
        }
    }
}

/// An issue in a listing, with what is computed about it.
pub(crate) struct Found {
    /// The issue.
    pub document: Document,
    source: Source,
    effective: State,
    blocked_by: Vec<String>,
    lease: Option<Lease>,
    /// Whether it is meant for somebody else, or leased by somebody else.
    is_taken: bool,
}

impl Found {
    fn is_available(&self) -> bool {
        self.effective == State::Ready && !self.is_taken
    }
}

/// Issues, most urgent first.
pub(crate) struct Listing {
    found: Vec<Found>,
    unreadable: Vec<String>,
}

impl Listing {
    /// Reads all issues and what is known about them.
    pub(crate) fn gather(session: &Session, local: bool) -> Result<Self, Error> {
        let layout = session.layout()?;
        let policy = session.policy(&layout);
        let store = if local { crate::store::issues::IssueStore::open(&layout, false)? } else { issues(&layout, &policy)? };
        let listing = store.list()?;
        let ledger = layout.claims().ledger()?;
        let now = session.cx.clock().now();
        let editor = crate::actor::editor(&session.cx, &layout, session.agent_flag.as_deref())?;
        let states: HashMap<IssueId, State> =
            listing.issues.iter().map(|(document, _)| (document.issue().id, document.issue().state)).collect();
        let describe = |(document, source): (Document, Source)| {
            let issue = document.issue();
            let blocked_by = open_dependencies(issue, |id| states.get(&id).copied());
            let lease = ledger.lease_on(issue.id).filter(|lease| lease.standing(&now, policy.stale_threshold_secs).excludes());
            Found {
                effective: effective_state(issue.state, !blocked_by.is_empty()),
                is_taken: !is_for(issue.assignee.as_deref(), &editor) || lease.is_some_and(|lease| !editor.is(&lease.holder)),
                lease: lease.cloned(),
                blocked_by,
                source,
                document,
            }
        };
        let mut found: Vec<Found> = listing.issues.into_iter().map(describe).collect();
        found.sort_by_cached_key(|found| {
            let issue = found.document.issue();
            let created = issue.rest.get("created_at").and_then(Value::as_str).unwrap_or_default().to_owned();
            (issue.priority, created, issue.id)
        });
        let unreadable: Vec<String> = listing.unreadable.iter().map(ToString::to_string).collect();
        for bad in &unreadable {
            session.output.warn(bad);
        }
        Ok(Self { found, unreadable })
    }

    /// Only those that fit.
    pub(crate) fn keep(mut self, fits: impl Fn(&Found) -> bool) -> Self {
        self.found.retain(fits);
        self
    }
}

fn is_for(assignee: Option<&str>, editor: &Editor) -> bool {
    assignee.is_none_or(|assignee| assignee.parse::<AgentId>().as_ref() == Ok(&editor.agent_id))
}

impl Report for Listing {
    fn json(&self) -> Value {
        let one = |found: &Found| {
            let issue = found.document.issue();
            let lease = found.lease.as_ref().map(|lease| {
                json!({ "lease_id": lease.lease_id, "agent_id": lease.holder.agent_id, "worktree_id": lease.holder.worktree_id })
            });
            json!({
                "id": issue.id, "short_id": issue.id.short(), "title": issue.title, "state": issue.state,
                "effective_state": found.effective, "priority": issue.priority, "assignee": issue.assignee,
                "labels": issue.labels, "blocked_by": found.blocked_by, "lease": lease, "source": found.source,
            })
        };
        json!({ "count": self.found.len(), "issues": self.found.iter().map(one).collect::<Vec<_>>(), "unreadable": self.unreadable })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.found.is_empty() {
            return "No issues\n".to_owned();
        }
        let row = |found: &Found| {
            let issue = found.document.issue();
            let state = if found.effective == issue.state { issue.state.as_str() } else { found.effective.as_str() };
            let holder = found.lease.as_ref().map_or(String::new(), |lease| lease.holder.agent_id.to_string());
            vec![issue.id.short(), state.to_owned(), issue.priority.as_str().to_owned(), holder, plain_line(&issue.title)]
        };
        let rows: Vec<Vec<String>> = self.found.iter().map(row).collect();
        let paint = |column: usize, cell: &str| match (column, cell) {
            (0, id) => styles.id(id),
            (1, "done") => styles.good(cell),
            (2, "critical") => styles.bad(cell),
            _ => cell.to_owned(),
        };
        table(&["ISSUE", "STATE", "PRIORITY", "HOLDER", "TITLE"], &rows, styles, paint)
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.found.iter().map(|found| found.document.issue().id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}
