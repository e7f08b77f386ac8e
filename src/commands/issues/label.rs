//! `git jit label`: the labels of issues.

use std::collections::BTreeMap;

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::issues::issue::EditReport;
use crate::commands::shared::args::labels;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session};
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};

/// Verbs of `label`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List the labels of an issue, or all that are in use
    List(ListArgs),
    /// Add labels to an issue
    Add(EditArgs),
    /// Take labels from an issue
    #[command(visible_alias = "remove")]
    Rm(EditArgs),
}

// Arguments of `label list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// The issue: its id, or at least four digits of it
    issue: Option<String>,
}

// Arguments of `label add` and `label rm`.
#[derive(Debug, clap::Args)]
pub(crate) struct EditArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// namespace:value, several or joined by commas
    #[arg(required = true, value_delimiter = ',', value_name = "LABEL")]
    labels: Vec<String>,
}

/// Runs a verb of `label`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::List(args) => list(session, args),
        Verb::Add(args) => edit(session, &args, true),
        Verb::Rm(args) => edit(session, &args, false),
    }
}

fn edit(session: &Session, args: &EditArgs, adds: bool) -> CommandResult {
    let EditArgs { issue, labels: typed } = args;
    // What an older file has may be no label of ours, and must be possible to take away.
    let labels = if adds { labels(typed, None)? } else { typed.iter().map(|label| label.trim().to_owned()).collect() };
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let id = edit.resolve(issue)?;
    let (changed, ()) = edit.edit(id, "labels", |document| {
        let (add, remove) = if adds { (labels.as_slice(), [].as_slice()) } else { ([].as_slice(), labels.as_slice()) };
        document.edit_set("labels", add, remove);
        Ok(())
    })?;
    let now = match changed.document.issue().labels.join(", ") {
        none if none.is_empty() => "no labels".to_owned(),
        labels => labels,
    };
    Ok(Box::new(EditReport::of(changed, format!("Issue {} has {now}", id.short()))))
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let layout = session.layout()?;
    let index = IssueIndex::gather(session, layout, false)?;
    let only = issue.map(|typed| resolve(index.store(), &typed)).transpose()?.map(|(id, _)| id);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for found in index.found.iter().filter(|found| !found.summary.is_deleted && only.is_none_or(|id| found.summary.id == id)) {
        for label in &found.summary.labels {
            *counts.entry(label.clone()).or_default() += 1;
        }
    }
    Ok(Box::new(LabelReport(counts)))
}

struct LabelReport(BTreeMap<String, usize>);

impl Report for LabelReport {
    fn json(&self) -> Value {
        let one = |(label, issues): (&String, &usize)| json!({ "label": label, "issues": issues });
        json!({ "count": self.0.len(), "labels": self.0.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.0.is_empty() {
            return "No labels\n".to_owned();
        }
        let rows: Vec<Vec<String>> = self.0.iter().map(|(label, issues)| vec![issues.to_string(), plain_line(label)]).collect();
        table(&["ISSUES", "LABEL"], &rows, styles, |_, cell| cell.to_owned())
    }

    fn quiet(&self) -> Option<String> {
        (!self.0.is_empty()).then(|| self.0.keys().map(|label| plain_line(label)).collect::<Vec<_>>().join("\n"))
    }
}
