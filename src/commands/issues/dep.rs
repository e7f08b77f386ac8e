//! `git jit dep`: dependencies between issues.

use clap::Subcommand;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::issues::report::EditReport;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::issue_list::{ListedIssue, issue_table};
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::{IssueId, SHORTEST_PREFIX};
use crate::domain::tracker::graph::Way;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

/// Verbs of `dep`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Make an issue depend on others, which must be closed first
    Add(EditArgs),
    /// Remove dependencies of an issue
    #[command(visible_alias = "remove")]
    Rm(EditArgs),
    /// Show what an issue depends on, and what depends on it
    Show(ShowArgs),
}

// Arguments of `dep add` and `dep rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The issue that depends on the others
    issue: String,
    /// The issues that it depends on
    #[arg(required = true, value_name = "DEPENDENCY")]
    dependencies: Vec<String>,
}

// Arguments of `dep show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
}

/// Runs a verb of `dep`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Add(args) => add(session, args),
        Verb::Rm(args) => remove(session, args),
        Verb::Show(args) => show(session, args),
    }
}

fn add(session: &Session, args: EditArgs) -> CommandResult {
    let EditArgs { issue, dependencies } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let dependencies = dependencies.iter().map(|typed| edit.resolve(typed)).collect::<Result<Vec<IssueId>, _>>()?;
    let (changed, ()) = edit.edit(id, "dependencies", |document| {
        // Checked under the lock, so that no other edit in this worktree can close a cycle in between.
        let graph = IssueIndex::gather(session, edit.layout, false)?.graph();
        for dependency in &dependencies {
            edit.load_live(*dependency)?;
            if let Some(path) = graph.cycle_with(id, *dependency) {
                return Err(Error::Cycle { path });
            }
        }
        let names: Vec<String> = dependencies.iter().map(ToString::to_string).collect();
        document.edit_set("dependencies", &names, &[]);
        Ok(())
    })?;
    let sentence = |dependency: &IssueId| {
        format!("{} now depends on {} ({} must be closed first)", id.short(), dependency.short(), dependency.short())
    };
    Ok(Box::new(EditReport::new(&changed, dependencies.iter().map(sentence).collect())))
}

fn remove(session: &Session, args: EditArgs) -> CommandResult {
    let EditArgs { issue, dependencies } = args;
    let (edit, id) = EditSession::for_issue(session, &issue)?;
    let stored = edit.load(id)?.issue().dependencies.clone();
    // A dependency may have no issue any more; then the stored text is matched.
    let name_of = |typed: &String| match edit.resolve(typed) {
        Ok(id) => Ok(id.to_string()),
        Err(error) => {
            let typed = typed.trim().to_ascii_lowercase();
            stored.iter().find(|name| name.starts_with(&typed) && typed.len() >= SHORTEST_PREFIX).cloned().ok_or(error)
        }
    };
    let names = dependencies.iter().map(name_of).collect::<Result<Vec<String>, _>>()?;
    let (changed, ()) = edit.edit(id, "dependencies", |document| {
        document.edit_set("dependencies", &[], &names);
        Ok(())
    })?;
    let short = |name: &String| name.chars().take(8).collect::<String>();
    let sentences = names.iter().map(|name| format!("{} no longer depends on {}", id.short(), short(name)));
    Ok(Box::new(EditReport::new(&changed, sentences.collect())))
}

fn show(session: &Session, args: ShowArgs) -> CommandResult {
    let ShowArgs { issue } = args;
    let index = IssueIndex::gather(session, session.layout()?, false)?;
    let (id, _) = resolve(index.store(), &issue)?;
    let graph = index.graph();
    let neighbors = |way| graph.next(id, way).into_iter().filter_map(|id| index.get(id).map(ListedIssue::from)).collect();
    Ok(Box::new(DependencyReport {
        issue_id: id,
        dependencies: neighbors(Way::Dependencies),
        dependents: neighbors(Way::Dependents),
        dangling: graph.dangling().get(&id).cloned().unwrap_or_default(),
        title: index.get(id).map(|found| found.summary.title.clone()).unwrap_or_default(),
    }))
}

/// What an issue depends on, and what depends on it.
#[derive(Serialize, JsonSchema)]
pub(crate) struct DependencyReport {
    issue_id: IssueId,
    dependencies: Vec<ListedIssue>,
    dependents: Vec<ListedIssue>,
    /// Dependencies that name no issue.
    dangling: Vec<String>,
    #[serde(skip)]
    title: String,
}

impl Report for DependencyReport {
    fn human(&self, styles: &Styles) -> String {
        let part = |head: &str, issues: &[ListedIssue]| {
            let table = if issues.is_empty() { "nothing\n".to_owned() } else { issue_table(issues, false, styles) };
            format!("{}\n{}", styles.head(head), table.lines().map(|line| format!("  {line}\n")).collect::<String>())
        };
        let id = format!("{}  {}", self.issue_id.short(), plain_line(&self.title));
        let mut text = part(&format!("{id}: depends on"), &self.dependencies);
        for name in &self.dangling {
            text += &format!("  {} {}\n", styles.bad("not found:"), plain_line(name));
        }
        text + &part(&format!("What depends on {}", self.issue_id.short()), &self.dependents)
    }
}
