//! `git jit graph`: the dependencies, as a tree or as a graph for other programs.

pub(crate) mod report;

use clap::Subcommand;

use crate::commands::issues::graph::report::{Edge, GraphExport, GraphFormat, RootsReport, TreeNode, TreeReport};
use crate::commands::shared::args::{Filters, one_of};
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::IssueId;
use crate::domain::tracker::graph::{Branch, Graph, Way};
use crate::domain::tracker::query::QueryKind;

/// Verbs of `graph`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Show everything that an issue depends on, as a tree
    Show(ShowArgs),
    /// Show what an issue depends on
    #[command(visible_alias = "dependencies")]
    Deps(TreeArgs),
    /// Show what depends on an issue
    #[command(visible_alias = "rdeps")]
    Downstream(TreeArgs),
    /// List the issues that depend on nothing
    Roots(RootsArgs),
    /// Print the graph for another program
    Export(ExportArgs),
}

// Arguments of `graph show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The issue: its id, or at least four digits of it [default: all issues that no open issue depends on]
    issue: Option<String>,
    /// How many levels; 0 for all
    #[arg(long, default_value_t = 0, value_name = "N")]
    depth: usize,
    /// Show who holds each issue
    #[arg(long)]
    claims: bool,
}

// Arguments of `graph deps` and `graph downstream`.
#[derive(Debug, clap::Args)]
pub(crate) struct TreeArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// How many levels; 0 for all
    #[arg(long, default_value_t = 1, value_name = "N")]
    depth: usize,
    /// Show who holds each issue
    #[arg(long)]
    claims: bool,
}

// Arguments of `graph roots`.
#[derive(Debug, clap::Args)]
pub(crate) struct RootsArgs {
    /// Include closed issues
    #[arg(long)]
    all: bool,
}

// Arguments of `graph export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// The format
    #[arg(long, short, value_parser = one_of(GraphFormat::ALL, GraphFormat::as_str), default_value = "dot", value_name = "FORMAT")]
    format: GraphFormat,
    #[command(flatten)]
    filters: Filters,
    /// Show who holds each issue
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

/// The tree below `id`, `depth` levels deep; 0 for all.
fn tree_below(index: &IssueIndex<'_>, graph: &Graph, id: IssueId, way: Way, depth: usize, claims: bool) -> TreeNode {
    let root = Branch { id, branches: graph.tree(id, way, depth), is_repeat: false, is_cut: false };
    let no_dangling = std::collections::BTreeMap::new();
    let dangling = if way == Way::Dependencies { graph.dangling() } else { &no_dangling };
    TreeNode::new(&root, index, dangling, claims)
}

fn tree(session: &Session, typed: &str, way: Way, depth: usize, claims: bool) -> CommandResult {
    let index = IssueIndex::gather(session, session.layout()?, false)?;
    let (id, _) = resolve(index.store(), typed)?;
    let root = tree_below(&index, &index.graph(), id, way, depth, claims);
    Ok(Box::new(TreeReport { direction: way, count: 1, trees: vec![root] }))
}

/// The trees below all open issues that no open issue depends on.
fn forest(session: &Session, depth: usize, claims: bool) -> CommandResult {
    let index = IssueIndex::gather(session, session.layout()?, false)?;
    let graph = index.graph();
    let is_open = |id: &IssueId| index.get(*id).is_some_and(|found| !found.facts.effective.is_closed());
    for cycle in graph.cycles() {
        // A cycle has no top, so it is in no tree.
        let ids: Vec<String> = cycle.iter().map(IssueId::short).collect();
        session.output.warn(&format!("these issues depend on each other and are not in any tree: {}", ids.join(", ")));
    }
    let tops = index.of_kind(QueryKind::All).into_iter().map(|found| found.summary.id);
    let tops = tops.filter(|id| is_open(id) && !graph.next(*id, Way::Dependents).iter().any(is_open));
    let trees: Vec<TreeNode> = tops.map(|id| tree_below(&index, &graph, id, Way::Dependencies, depth, claims)).collect();
    Ok(Box::new(TreeReport { direction: Way::Dependencies, count: trees.len(), trees }))
}

fn roots(session: &Session, args: &RootsArgs) -> CommandResult {
    let RootsArgs { all } = args;
    let index = IssueIndex::gather(session, session.layout()?, false)?;
    let found = index.of_kind(QueryKind::All).into_iter();
    let found = found.filter(|found| found.summary.dependencies.is_empty() && (*all || !found.facts.effective.is_closed()));
    let issues: Vec<ListedIssue> = found.map(ListedIssue::from).collect();
    Ok(Box::new(RootsReport { count: issues.len(), issues }))
}

fn export(session: &Session, args: ExportArgs) -> CommandResult {
    let ExportArgs { format, filters, claims } = args;
    let mut index = IssueIndex::gather(session, session.layout()?, filters.local)?;
    let filter = filters.meant(&index.editor.agent_id)?;
    let graph = index.graph();
    index.retain(&filter)?;
    let issues: Vec<ListedIssue> = index.found.iter().filter(|found| !found.summary.is_deleted).map(ListedIssue::from).collect();
    let is_exported = |id: &IssueId| issues.binary_search_by_key(id, |issue| issue.id).is_ok();
    let edges_from = |issue: &ListedIssue| {
        let from = issue.id;
        graph.next(from, Way::Dependencies).into_iter().filter(is_exported).map(move |to| Edge { from, to })
    };
    let edges = issues.iter().flat_map(edges_from).collect();
    for error in &index.unreadable {
        session.output.warn(error);
    }
    Ok(Box::new(GraphExport { count: issues.len(), issues, edges, format, claims }))
}
