//! `git jit prime`: what an agent has to know before it begins: the rules in force, who it is, what it holds, what it could do.
//!
//! Gathered here, worded in `prime::text`, which keeps it under two thousand tokens whatever the repository holds. Reads only.

mod text;

use serde_json::{Value, json};

use crate::actor::{self, Origin};
use crate::commands::issues::query::{IndexedIssue, IssueIndex, brief};
use crate::commands::leases::claim::LeaseView;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::tools::status::subject;
use crate::domain::id::{AgentId, Holder, IssueId, WorktreeId};
use crate::domain::issue::{Document, Priority, State};
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

/// Issues of a listing that are told.
const SHOWN: usize = 5;
/// What a repository has to say to agents besides.
const PAGE: &str = ".jit/PRIME.md";

// Arguments of `prime`.
#[derive(Debug, clap::Args)]
#[command(after_help = "What stands in .jit/PRIME.md is added at the end. See docs/how-to/agents.md.")]
pub(crate) struct Args {}

/// Where nothing is set up yet.
struct NotSetUp;

struct Prime {
    agent_id: AgentId,
    origin: Origin,
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    policy: Policy,
    leases: Vec<LeaseView>,
    issue: Option<AtWork>,
    available: Vec<IndexedIssue>,
    available_total: usize,
    page: Option<String>,
    unreadable: Vec<String>,
}

/// The issue that this worktree is about.
struct AtWork {
    id: IssueId,
    title: String,
    state: State,
    priority: Priority,
    is_mine: bool,
    held_by: Option<Holder>,
    gates: Vec<(String, Option<GateMode>, GateVerdict)>,
    dependencies: Vec<Dependency>,
}

/// What an issue depends on.
struct Dependency {
    id: String,
    /// What is known of it; nothing where it is not there.
    known: Option<(String, State)>,
}

/// Tells an agent where it is.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args {} = args;
    let layout = session.layout()?;
    if !is_set_up(layout)? {
        return Ok(Box::new(NotSetUp));
    }
    let index = IssueIndex::gather(session, layout, false)?;
    let (agent_id, origin) = actor::agent(&session.cx, layout, session.agent_flag.as_deref())?;
    let available = index.of_kind(QueryKind::Available);
    Ok(Box::new(Prime {
        agent_id,
        origin,
        worktree_id: index.editor.worktree_id.clone(),
        branch: layout.branch(),
        leases: mine(&index),
        issue: at_work(layout, &index)?,
        available_total: available.len(),
        available: available.into_iter().take(SHOWN).cloned().collect(),
        page: page(layout),
        unreadable: index.unreadable.clone(),
        policy: index.policy,
    }))
}

/// Whether there is versioned data in any of the places that issues are read from.
fn is_set_up(layout: &Layout) -> Result<bool, Error> {
    let places = IssueSources::of(layout, true);
    Ok(places.local()?.is_dir() || places.head()?.is_some() || places.primary().is_some_and(|dir| dir.is_dir()))
}

/// The leases of whoever asks, the newest first, those that are over behind.
fn mine(index: &IssueIndex<'_>) -> Vec<LeaseView> {
    let mine = index.ledger.leases().filter(|lease| index.policy.worktrees && index.editor.is(&lease.holder));
    let mut views: Vec<LeaseView> =
        mine.map(|lease| LeaseView::of(lease, &index.now, &index.policy, Some(index.store()))).collect();
    views.sort_by_key(|view| (view.remaining_secs == Some(0), std::cmp::Reverse(view.token)));
    views
}

fn at_work(layout: &Layout, index: &IssueIndex<'_>) -> Result<Option<AtWork>, Error> {
    let Some(identity) = Identity::of(layout)? else { return Ok(None) };
    let excludes = |lease: &&Lease| lease.lease_status(&index.now, index.policy.limits.stale_after_secs).excludes();
    let mine = index.ledger.leases().filter(|lease| index.policy.worktrees && index.editor.is(&lease.holder)).filter(excludes);
    let Some((id, lease)) = subject(&identity, &mine.collect::<Vec<_>>()) else { return Ok(None) };
    let Some(found) = index.get(id) else { return Ok(None) };
    let document = index.store().load(id, found.source)?;
    let registry = gates::registry(index.store().sources()).unwrap_or_default();
    let dependency = |id: &String| {
        let known = id.parse().ok().and_then(|id| index.get(id));
        Dependency { id: id.clone(), known: known.map(|found| (found.summary.title.clone(), found.facts.effective)) }
    };
    Ok(Some(AtWork {
        id,
        title: found.summary.title.clone(),
        state: found.facts.effective,
        priority: found.summary.priority,
        is_mine: lease.is_some(),
        held_by: found.facts.held_by.clone(),
        gates: gates_of(&document, &registry),
        dependencies: found.summary.dependencies.iter().map(dependency).collect(),
    }))
}

fn gates_of(document: &Document, registry: &Registry) -> Vec<(String, Option<GateMode>, GateVerdict)> {
    let issue = document.issue();
    let gate = |key: &String| (key.clone(), registry.gate(key).map(|gate| gate.mode), GateRecord::of(issue, key).status);
    issue.gates_required.iter().map(gate).collect()
}

/// What the repository adds: a plain file of this worktree, since a link could lead to anything.
fn page(layout: &Layout) -> Option<String> {
    let path = layout.worktree_root.as_ref()?.join(PAGE);
    path.symlink_metadata().ok().filter(std::fs::Metadata::is_file)?;
    let bytes = file::read(&path).ok()?;
    Some(String::from_utf8_lossy(&bytes).trim().to_owned()).filter(|text| !text.is_empty())
}

fn word(enforcement: Enforcement) -> &'static str {
    match enforcement {
        Enforcement::Off => "off",
        Enforcement::Warn => "warn",
        Enforcement::Strict => "strict",
    }
}

impl AtWork {
    fn json(&self) -> Value {
        let gates = self
            .gates
            .iter()
            .map(|(key, mode, verdict)| json!({ "key": key, "mode": mode.map(GateMode::as_str), "status": verdict.as_str() }));
        let dependencies = self.dependencies.iter().map(|dependency| {
            let (title, state) = dependency.known.as_ref().map(|(title, state)| (title, state)).unzip();
            json!({ "id": dependency.id, "title": title, "effective_state": state })
        });
        json!({
            "id": self.id, "short_id": self.id.short(), "title": self.title, "effective_state": self.state,
            "priority": self.priority, "mine": self.is_mine,
            "held_by": self.held_by.as_ref().map(|holder| &holder.agent_id), "gates": gates.collect::<Vec<_>>(),
            "dependencies": dependencies.collect::<Vec<_>>(),
        })
    }
}

impl Report for Prime {
    fn json(&self) -> Value {
        json!({
            "set_up": true, "text": self.text(), "enforcement": word(self.enforcement()), "leases_in_use": self.policy.worktrees,
            "agent_id": self.agent_id, "worktree_id": self.worktree_id, "branch": self.branch, "leases": self.leases,
            "issue": self.issue.as_ref().map(AtWork::json), "available_total": self.available_total,
            "available": self.available.iter().map(brief).collect::<Vec<_>>(), "unreadable": self.unreadable,
        })
    }

    fn human(&self, _: &Styles) -> String {
        self.text()
    }

    fn quiet(&self) -> Option<String> {
        Some(self.text().trim_end().to_owned())
    }
}

impl Report for NotSetUp {
    fn json(&self) -> Value {
        json!({
            "set_up": false, "text": text::NOT_SET_UP, "enforcement": "off", "leases_in_use": false, "agent_id": null,
            "worktree_id": null, "branch": null, "leases": [], "issue": null, "available_total": 0, "available": [],
            "unreadable": [],
        })
    }

    fn human(&self, _: &Styles) -> String {
        text::NOT_SET_UP.to_owned()
    }

    fn quiet(&self) -> Option<String> {
        Some(text::NOT_SET_UP.trim_end().to_owned())
    }
}
