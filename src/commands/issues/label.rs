//! `git jit label`: the labels of issues.

use std::collections::BTreeMap;

use clap::Subcommand;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::issues::report::edit_issue;
use crate::commands::shared::args::labels;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::output::Report;
use crate::output::text::{Styles, plain_line, table};

/// Verbs of `label`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// List the labels of an issue, or all labels in use
    List(ListArgs),
    /// Add labels to an issue
    Add(EditArgs),
    /// Remove labels from an issue
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
    /// Labels namespace:value, separated by spaces or commas
    #[arg(required = true, value_delimiter = ',', value_name = "LABEL")]
    labels: Vec<String>,
}

/// Runs a verb of `label`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::List(args) => list(session, args),
        Verb::Add(EditArgs { issue, labels: typed }) => edit(session, &issue, &labels(&typed, None)?, &[]),
        // Older files may have labels that are not valid; they must be removable.
        Verb::Rm(EditArgs { issue, labels: typed }) => {
            let labels: Vec<String> = typed.iter().map(|label| label.trim().to_owned()).collect();
            edit(session, &issue, &[], &labels)
        }
    }
}

fn edit(session: &Session, issue: &str, add: &[String], remove: &[String]) -> CommandResult {
    edit_issue(
        session,
        issue,
        "labels",
        |document| {
            document.edit_set("labels", add, remove);
        },
        |issue| match issue.labels.join(", ") {
            none if none.is_empty() => format!("Issue {} has no labels", issue.id.short()),
            labels => format!("Issue {} has {labels}", issue.id.short()),
        },
    )
}

fn list(session: &Session, args: ListArgs) -> CommandResult {
    let ListArgs { issue } = args;
    let index = IssueIndex::gather(session, session.layout()?, false)?;
    let only = issue.map(|typed| resolve(index.store(), &typed)).transpose()?.map(|(id, _)| id);
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for found in index.found.iter().filter(|found| !found.summary.is_deleted && only.is_none_or(|id| found.summary.id == id)) {
        for label in &found.summary.labels {
            *counts.entry(label.clone()).or_default() += 1;
        }
    }
    let labels: Vec<LabelCount> = counts.into_iter().map(|(label, issues)| LabelCount { label, issues }).collect();
    Ok(Box::new(LabelReport { count: labels.len(), labels }))
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct LabelCount {
    label: String,
    /// The number of issues that have it.
    issues: usize,
}

/// Labels in use, sorted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LabelReport {
    count: usize,
    labels: Vec<LabelCount>,
}

impl Report for LabelReport {
    fn human(&self, styles: &Styles) -> String {
        if self.labels.is_empty() {
            return "No labels\n".to_owned();
        }
        let rows: Vec<Vec<String>> =
            self.labels.iter().map(|label| vec![label.issues.to_string(), plain_line(&label.label)]).collect();
        table(&["ISSUES", "LABEL"], &rows, styles, |_, cell| cell.to_owned())
    }

    fn quiet(&self) -> Option<String> {
        (!self.labels.is_empty()).then(|| self.labels.iter().map(|label| plain_line(&label.label)).collect::<Vec<_>>().join("\n"))
    }
}
