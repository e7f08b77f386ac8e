//! `git jit prime`: what an agent must know before it starts: the rules in force, its identity, its leases, the available issues.
//!
//! The facts are gathered here. `prime::text` formats them in less than two thousand tokens, whatever the repository contains.
//! Nothing is written.

mod text;

use schemars::JsonSchema;
use serde::Serialize;

use crate::actor::{self, Origin};
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::tools::status::current_issue;
use crate::domain::id::{AgentId, IssueId, WorktreeId};
use crate::domain::issue::{self, Priority, State};
use crate::domain::lease::Lease;
use crate::domain::policy::{Enforcement, Policy};
use crate::domain::tracker::gate::{GateMode, GateRecord, GateVerdict, Registry};
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::file;
use crate::store::gates;
use crate::store::identity::Identity;
use crate::store::issue_sources::IssueSources;
use crate::store::layout::Layout;

/// The maximum length of each list.
const SHOWN: usize = 5;
/// Additional text of the repository for agents.
const PAGE: &str = ".jit/PRIME.md";

// Arguments of `prime`.
#[derive(Debug, clap::Args)]
#[command(after_help = "The text of .jit/PRIME.md is added at the end. See docs/how-to/agents.md.")]
pub(crate) struct Args {}

#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct PrimeReport {
    set_up: bool,
    text: String,
    enforcement: Enforcement,
    leases_in_use: bool,
    agent_id: Option<AgentId>,
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    leases: Vec<LeaseView>,
    issue: Option<PrimeIssue>,
    available_total: usize,
    available: Vec<ListedIssue>,
    unreadable: Vec<String>,
}

/// The current issue of this worktree.
#[derive(Serialize, JsonSchema)]
struct PrimeIssue {
    id: IssueId,
    short_id: String,
    title: String,
    effective_state: State,
    priority: Priority,
    /// Whether the lease is this agent's.
    mine: bool,
    held_by: Option<AgentId>,
    gates: Vec<PrimeGate>,
    dependencies: Vec<PrimeDependency>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct PrimeGate {
    key: String,
    /// `None` if the gate is not defined.
    mode: Option<GateMode>,
    status: GateVerdict,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct PrimeDependency {
    id: String,
    /// `None` if the issue is missing.
    title: Option<String>,
    effective_state: Option<State>,
}

/// What the text needs besides the members of the report.
pub(crate) struct PrimeContext {
    origin: Origin,
    policy: Policy,
    /// The text of the repository.
    page: Option<String>,
}

/// Reports to an agent where it is and what it may do.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args {} = args;
    let layout = session.layout()?;
    if !is_set_up(layout)? {
        return Ok(Box::new(PrimeReport { text: text::NOT_SET_UP.to_owned(), ..PrimeReport::default() }));
    }
    let index = IssueIndex::gather(session, layout, false)?;
    let (agent_id, origin) = actor::agent(&session.cx, layout, session.agent_flag.as_deref())?;
    let available = index.of_kind(QueryKind::Available);
    // An unreadable policy counts as strict.
    let enforcement = if index.policy.unreadable.is_empty() { index.policy.enforcement } else { Enforcement::Strict };
    let mut report = PrimeReport {
        set_up: true,
        text: String::new(),
        enforcement,
        leases_in_use: index.policy.worktrees,
        agent_id: Some(agent_id),
        worktree_id: index.editor.worktree_id.clone(),
        branch: layout.branch(),
        leases: own_leases(&index),
        issue: issue_of_worktree(layout, &index)?,
        available_total: available.len(),
        available: available.into_iter().take(SHOWN).map(ListedIssue::from).collect(),
        unreadable: index.unreadable.clone(),
    };
    report.text = report.format(&PrimeContext { origin, page: page(layout), policy: index.policy });
    Ok(Box::new(report))
}

/// Whether any source of issues has versioned data.
fn is_set_up(layout: &Layout) -> Result<bool, Error> {
    let sources = IssueSources::of(layout, true);
    Ok(sources.local()?.is_dir() || sources.head()?.is_some() || sources.primary().is_some_and(|dir| dir.is_dir()))
}

/// The leases of this agent in this worktree: the newest first, expired ones last.
fn own_leases(index: &IssueIndex<'_>) -> Vec<LeaseView> {
    let mine = index.ledger.leases().filter(|lease| index.policy.worktrees && index.editor.is(&lease.holder));
    let mut views: Vec<LeaseView> =
        mine.map(|lease| LeaseView::of(lease, &index.now, &index.policy, Some(index.store()))).collect();
    views.sort_by_key(|view| (view.remaining_secs == Some(0), std::cmp::Reverse(view.token)));
    views
}

fn issue_of_worktree(layout: &Layout, index: &IssueIndex<'_>) -> Result<Option<PrimeIssue>, Error> {
    let Some(identity) = Identity::of(layout)? else { return Ok(None) };
    let excludes = |lease: &&Lease| lease.lease_status(&index.now, index.policy.limits.stale_after_secs).excludes();
    let mine = index.ledger.leases().filter(|lease| index.policy.worktrees && index.editor.is(&lease.holder)).filter(excludes);
    let Some((id, lease)) = current_issue(&identity, &mine.collect::<Vec<_>>()) else { return Ok(None) };
    let Some(found) = index.get(id) else { return Ok(None) };
    let document = index.store().load(id, found.source)?;
    let registry = gates::registry(index.store().sources()).unwrap_or_default();
    let dependency = |id: &String| {
        let found = id.parse().ok().and_then(|id| index.get(id));
        let (title, effective_state) = found.map(|found| (found.summary.title.clone(), found.facts.effective)).unzip();
        PrimeDependency { id: id.clone(), title, effective_state }
    };
    Ok(Some(PrimeIssue {
        id,
        short_id: id.short(),
        title: found.summary.title.clone(),
        effective_state: found.facts.effective,
        priority: found.summary.priority,
        mine: lease.is_some(),
        held_by: found.facts.held_by.as_ref().map(|holder| holder.agent_id.clone()),
        gates: gates_of(&document, &registry),
        dependencies: found.summary.dependencies.iter().map(dependency).collect(),
    }))
}

fn gates_of(document: &issue::Document, registry: &Registry) -> Vec<PrimeGate> {
    let issue = document.issue();
    let gate = |key: &String| PrimeGate {
        key: key.clone(),
        mode: registry.gate(key).map(|gate| gate.mode),
        status: GateRecord::of(issue, key).status,
    };
    issue.gates_required.iter().map(gate).collect()
}

/// The repository's own text. It must be a regular file of this worktree, because a link could lead anywhere.
fn page(layout: &Layout) -> Option<String> {
    let path = layout.worktree_root.as_ref()?.join(PAGE);
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let bytes = file::read(&path).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())
}

impl Report for PrimeReport {
    fn human(&self, _: &Styles) -> String {
        self.text.clone()
    }

    fn quiet(&self) -> Option<String> {
        Some(self.text.trim_end().to_owned())
    }
}
