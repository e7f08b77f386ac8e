//! `git jit dep`: what must be closed before what.

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::issues::issue::EditReport;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::{IndexedIssue, IssueIndex};
use crate::commands::shared::issue_list::{brief, lines};
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
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
    /// Let an issue depend on others no longer
    #[command(visible_alias = "remove")]
    Rm(EditArgs),
    /// Show what an issue depends on, and what depends on it
    Show(ShowArgs),
}

// Arguments of `dep add` and `dep rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The issue that waits
    issue: String,
    /// The issues that it waits for
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
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let wanted = dependencies.iter().map(|typed| edit.resolve(typed)).collect::<Result<Vec<IssueId>, _>>()?;
    let (changed, ()) = edit.edit(id, "dependencies", |document| {
        // Under the lock: no other edit of this worktree can close a cycle in between.
        let graph = IssueIndex::gather(session, layout, false)?.graph();
        for dependency in &wanted {
            if edit.load(*dependency)?.issue().is_deleted() {
                return Err(Error::Deleted { issue: *dependency });
            }
            if let Some(path) = graph.cycle_with(id, *dependency) {
                return Err(Error::Cycle { path });
            }
        }
        let names: Vec<String> = wanted.iter().map(ToString::to_string).collect();
        document.edit_set("dependencies", &names, &[]);
        Ok(())
    })?;
    let sentences = wanted.iter().map(|dependency| {
        format!("{} now depends on {} ({} must be closed first)", id.short(), dependency.short(), dependency.short())
    });
    Ok(Box::new(told(changed, sentences.collect())))
}

fn remove(session: &Session, args: EditArgs) -> CommandResult {
    let EditArgs { issue, dependencies } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(&issue)?;
    let has = edit.load(id)?.issue().dependencies.clone();
    // What it names need not be there any more: then the text that stands there is what counts.
    let text_of = |typed: &String| match edit.resolve(typed) {
        Ok(id) => Ok(id.to_string()),
        Err(error) => {
            let typed = typed.trim().to_ascii_lowercase();
            has.iter().find(|name| name.starts_with(&typed) && typed.len() >= 4).cloned().ok_or(error)
        }
    };
    let names = dependencies.iter().map(text_of).collect::<Result<Vec<String>, _>>()?;
    let (changed, ()) = edit.edit(id, "dependencies", |document| {
        document.edit_set("dependencies", &[], &names);
        Ok(())
    })?;
    let short = |name: &String| name.chars().take(8).collect::<String>();
    let sentences = names.iter().map(|name| format!("{} no longer depends on {}", id.short(), short(name)));
    Ok(Box::new(told(changed, sentences.collect())))
}

fn told(changed: crate::commands::shared::edit_session::Changed, mut sentences: Vec<String>) -> EditReport {
    let first = sentences.remove(0);
    EditReport::of(changed, first).and(sentences)
}

fn show(session: &Session, args: ShowArgs) -> CommandResult {
    let ShowArgs { issue } = args;
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let (id, _) = resolve(index.store(), &issue)?;
    let graph = index.graph();
    let found = |way| graph.next(id, way).into_iter().filter_map(|id| index.get(id).cloned()).collect();
    Ok(Box::new(DependencyReport {
        issue: id,
        title: index.get(id).map(|found| found.summary.title.clone()).unwrap_or_default(),
        dependencies: found(Way::Dependencies),
        dependents: found(Way::Dependents),
        dangling: graph.dangling().get(&id).cloned().unwrap_or_default(),
    }))
}

struct DependencyReport {
    issue: IssueId,
    title: String,
    dependencies: Vec<IndexedIssue>,
    dependents: Vec<IndexedIssue>,
    dangling: Vec<String>,
}

impl Report for DependencyReport {
    fn json(&self) -> Value {
        let list = |found: &[IndexedIssue]| found.iter().map(brief).collect::<Vec<_>>();
        json!({
            "issue_id": self.issue, "dependencies": list(&self.dependencies), "dependents": list(&self.dependents),
            "dangling": self.dangling,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let part = |head: &str, found: &[IndexedIssue]| {
            let text = if found.is_empty() { "nothing\n".to_owned() } else { lines(found, false, styles) };
            format!("{}\n{}", styles.head(head), text.lines().map(|line| format!("  {line}\n")).collect::<String>())
        };
        let id = format!("{}  {}", self.issue.short(), plain_line(&self.title));
        let mut text = part(&format!("{id}: depends on"), &self.dependencies);
        for name in &self.dangling {
            text += &format!("  {} {}\n", styles.bad("not there:"), plain_line(name));
        }
        text + &part(&format!("What depends on {}", self.issue.short()), &self.dependents)
    }
}
