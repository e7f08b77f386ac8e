//! `git jit graph`: what waits for what, as a tree or as a graph for other programs.

mod report;

use std::collections::HashMap;

use clap::Subcommand;

use crate::commands::issues::graph::report::{GraphExport, GraphFormat, RootsReport, TreeReport};
use crate::commands::shared::args::{Filters, one_of};
use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::tracker::graph::{Branch, Way};
use crate::domain::tracker::query::QueryKind;
use crate::error::Error;

/// Verbs of `graph`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Show everything that an issue waits for, as a tree
    Show(ShowArgs),
    /// Show what an issue waits for
    #[command(visible_alias = "dependencies")]
    Deps(TreeArgs),
    /// Show what waits for an issue
    #[command(visible_alias = "rdeps")]
    Downstream(TreeArgs),
    /// List the issues that depend on nothing
    Roots(RootsArgs),
    /// Write the graph for another program
    Export(ExportArgs),
}

// Arguments of `graph show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The issue: its id, or at least four digits of it; without it, all that nothing waits for
    issue: Option<String>,
    /// How many steps; 0 for all
    #[arg(long, default_value_t = 0, value_name = "N")]
    depth: usize,
    /// Mark who holds what
    #[arg(long)]
    claims: bool,
}

// Arguments of `graph deps` and `graph downstream`.
#[derive(Debug, clap::Args)]
pub(crate) struct TreeArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// How many steps; 0 for all
    #[arg(long, default_value_t = 1, value_name = "N")]
    depth: usize,
    /// Mark who holds what
    #[arg(long)]
    claims: bool,
}

// Arguments of `graph roots`.
#[derive(Debug, clap::Args)]
pub(crate) struct RootsArgs {
    /// Closed ones too
    #[arg(long)]
    all: bool,
}

// Arguments of `graph export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// In which form
    #[arg(long, short, value_parser = one_of(GraphFormat::ALL, GraphFormat::as_str), default_value = "dot", value_name = "FORMAT")]
    format: GraphFormat,
    #[command(flatten)]
    filters: Filters,
    /// Mark who holds what
    #[arg(long)]
    claims: bool,
}

/// Runs a verb of `graph`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Show(ShowArgs { issue: None, depth, claims }) => forest(session, depth, claims),
        Verb::Show(ShowArgs { issue: Some(issue), depth, claims }) | Verb::Deps(TreeArgs { issue, depth, claims }) => {
            tree(session, &issue, Way::Dependencies, depth, claims)
        }
        Verb::Downstream(TreeArgs { issue, depth, claims }) => tree(session, &issue, Way::Dependents, depth, claims),
        Verb::Roots(args) => roots(session, &args),
        Verb::Export(args) => export(session, args),
    }
}

fn by_id(index: &IssueIndex<'_>) -> HashMap<IssueId, IndexedIssue> {
    index.found.iter().map(|found| (found.summary.id, found.clone())).collect()
}

fn tree(session: &Session, typed: &str, way: Way, depth: usize, claims: bool) -> CommandResult {
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let (id, _) = resolve(index.store(), typed)?;
    let graph = index.graph();
    let root = Branch { id, branches: graph.tree(id, way, depth), is_repeat: false, is_cut: false };
    Ok(Box::new(TreeReport { roots: vec![root], way, claims, dangling: graph.dangling().clone(), found: by_id(&index) }))
}

/// The trees below everything that is open and that nothing open waits for.
fn forest(session: &Session, depth: usize, claims: bool) -> CommandResult {
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let graph = index.graph();
    let is_open = |id: &IssueId| index.get(*id).is_some_and(|found| !found.facts.effective.is_closed());
    for cycle in graph.cycles() {
        // Nothing in it is a top: without a word it would not be seen at all.
        let ids: Vec<String> = cycle.iter().map(IssueId::short).collect();
        session.output.warn(&format!("these wait for each other, and are in no tree: {}", ids.join(", ")));
    }
    let tops = index.of_kind(QueryKind::All).into_iter().map(|found| found.summary.id);
    let tops = tops.filter(|id| is_open(id) && !graph.next(*id, Way::Dependents).iter().any(is_open));
    let roots = tops.map(|id| Branch { id, branches: graph.tree(id, Way::Dependencies, depth), is_repeat: false, is_cut: false });
    Ok(Box::new(TreeReport {
        roots: roots.collect(),
        way: Way::Dependencies,
        claims,
        dangling: graph.dangling().clone(),
        found: by_id(&index),
    }))
}

fn roots(session: &Session, args: &RootsArgs) -> CommandResult {
    let RootsArgs { all } = args;
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let found = index.of_kind(QueryKind::All).into_iter();
    let found = found.filter(|found| found.summary.dependencies.is_empty() && (*all || !found.facts.effective.is_closed()));
    Ok(Box::new(RootsReport(found.cloned().collect())))
}

fn export(session: &Session, args: ExportArgs) -> CommandResult {
    let ExportArgs { format, filters, claims } = args;
    let layout = session.layout()?;
    let mut index = IssueIndex::gather(session, layout, filters.local)?;
    let filter = filters.meant(&index.editor.agent_id)?;
    let graph = index.graph();
    index.retain(&filter)?;
    let mut found = index.found;
    found.retain(|found| !found.summary.is_deleted);
    let kept = |id: &IssueId| found.binary_search_by_key(id, |found| found.summary.id).is_ok();
    let edges = found.iter().flat_map(|found| {
        let from = found.summary.id;
        graph.next(from, Way::Dependencies).into_iter().map(move |to| (from, to))
    });
    let edges: Vec<(IssueId, IssueId)> = edges.filter(|(_, to)| kept(to)).collect();
    for bad in &index.unreadable {
        session.output.warn(bad);
    }
    Ok::<_, Error>(Box::new(GraphExport { found, edges, format, claims }))
}
