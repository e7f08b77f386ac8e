//! `git jit issue update`: edits one issue, several, or all that a filter selects, each on its own.

use std::path::PathBuf;

use clap::ArgGroup;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use crate::commands::issues::report::{BulkOutcome, BulkReport, StoredIssue};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{Changed, EditSession};
use crate::commands::shared::gate_results::warn_outdated;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{self, Priority, State, valid_title};
use crate::domain::tracker::graph::effective_state;
use crate::domain::tracker::query::{AssigneeFilter, Filter};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::issues::Source;

// Arguments of `issue update`.
#[derive(Debug, clap::Args)]
#[command(
    group = ArgGroup::new("change").required(true).multiple(true),
    group = ArgGroup::new("which").required(true),
    override_usage = "git jit issue update <ISSUE>... [CHANGES]\n       git jit issue update --filter <TERMS> [CHANGES]"
)]
pub(crate) struct Args {
    /// The issues: their ids, or at least four digits of each
    #[arg(group = "which", value_name = "ISSUE")]
    issues: Vec<String>,
    /// All issues that match, for example 'label=area:web state=ready,gated'
    #[arg(long, value_name = "TERMS", group = "which")]
    filter: Option<String>,
    /// The new title
    #[arg(long, short, value_name = "TITLE", group = "change")]
    title: Option<String>,
    /// The new description
    #[arg(long, short, value_name = "TEXT", group = "change")]
    description: Option<String>,
    /// Read the description from a file, or from stdin with -
    #[arg(long, value_name = "FILE", conflicts_with = "description", group = "change")]
    description_file: Option<PathBuf>,
    /// The new state
    #[arg(long, short, value_parser = args::state(), value_name = "STATE", group = "change")]
    state: Option<State>,
    /// The new priority
    #[arg(long, short, value_parser = args::priority(), value_name = "PRIORITY", group = "change")]
    priority: Option<Priority>,
    /// The new type; it replaces any other
    #[arg(long = "type", value_name = "TYPE", group = "change")]
    kind: Option<String>,
    /// A label to add; repeat it, or separate several with commas
    #[arg(long, short, visible_alias = "add-label", value_name = "LABEL", value_delimiter = ',', group = "change")]
    label: Vec<String>,
    /// A label to remove; repeat it, or separate several with commas
    #[arg(long, value_name = "LABEL", value_delimiter = ',', group = "change")]
    remove_label: Vec<String>,
    /// A gate to require; repeat it, or separate several with commas
    #[arg(long, visible_alias = "gate", value_name = "KEY", value_delimiter = ',', group = "change")]
    add_gate: Vec<String>,
    /// A gate to stop requiring; repeat it, or separate several with commas
    #[arg(long, value_name = "KEY", value_delimiter = ',', group = "change")]
    remove_gate: Vec<String>,
    /// The agent to assign it to; me is yourself
    #[arg(long, short, value_name = "TYPE:NAME", group = "change")]
    assignee: Option<String>,
    /// Remove the assignment
    #[arg(long, conflicts_with = "assignee", group = "change")]
    unassign: bool,
    /// KEY=VALUE to set in the context; KEY= removes the key
    #[arg(long, value_name = "KEY=VALUE", group = "change")]
    context: Vec<String>,
}

/// The changes to apply, checked once for all issues.
struct IssueEdits {
    values: Vec<(&'static str, Value)>,
    state: Option<State>,
    add_labels: Vec<String>,
    remove_labels: Vec<String>,
    /// Whether a label of `add_labels` is a type, which replaces any other type.
    has_type: bool,
    add_gates: Vec<String>,
    remove_gates: Vec<String>,
    context: Vec<(String, String)>,
}

pub(crate) fn run(session: &Session, mut args: Args) -> CommandResult {
    let edit = EditSession::open(session, session.layout()?)?;
    let (typed, filter) = (std::mem::take(&mut args.issues), args.filter.take());
    let edits = IssueEdits::new(&edit, args)?;
    if let ([typed], None) = (typed.as_slice(), &filter) {
        return Ok(Box::new(UpdateReport::new(&apply(&edit, edit.resolve(typed)?, &edits, None)?)));
    }
    let filter = filter.map(|terms| parse_filter(session, &terms)).transpose()?;
    let ids = match &filter {
        Some(filter) => matching(session, filter)?,
        None => typed.iter().map(|typed| edit.resolve(typed)).collect::<Result<_, _>>()?,
    };
    let update = |id| BulkOutcome::new(id, apply(&edit, id, &edits, filter.as_ref()).map(|changed| changed.names()));
    Ok(Box::new(BulkReport::new(ids.into_iter().map(update).collect())))
}

fn parse_filter(session: &Session, terms: &str) -> Result<Filter, Error> {
    let filter = Filter::parse(terms).map_err(|why| Error::Usage {
        what: format!("invalid filter '{terms}': {why}"),
        hint: "For example: --filter 'label=area:web state=ready,gated'".to_owned(),
    })?;
    match &filter.assignee {
        Some(AssigneeFilter::Agent(agent)) if agent == "me" => {
            let me = session.agent(session.layout()?)?;
            Ok(Filter { assignee: Some(AssigneeFilter::Agent(me.to_string())), ..filter })
        }
        _ => Ok(filter),
    }
}

fn matching(session: &Session, filter: &Filter) -> Result<Vec<IssueId>, Error> {
    let mut index = IssueIndex::gather(session, session.layout()?, false)?;
    index.require_readable("they may match the filter; name issues by their ids instead")?;
    index.retain(filter)?;
    Ok(index.live_ids().collect())
}

/// Edits one issue. An issue that a filter selected is edited only if it still matches under the lock.
fn apply(edit: &EditSession<'_>, id: IssueId, edits: &IssueEdits, filter: Option<&Filter>) -> Result<Changed, Error> {
    if edits.state == Some(State::Done) {
        warn_outdated(edit, id)?;
    }
    let (changed, (gates, was)) = edit.edit(id, "updated", |document| {
        let issue = document.issue();
        let was = issue.state;
        let effective = effective_state(was, !edit.open_dependencies(issue).is_empty());
        if filter.is_some_and(|filter| !filter.fits(&issue.into(), effective) || !filter.fits_text(issue)) {
            return Ok((Vec::new(), was));
        }
        edits.write(document);
        let gates = edits.state.map(|state| edit.advance(document, state)).transpose()?;
        Ok((gates.unwrap_or_default(), was))
    })?;
    let state = changed.document.issue().state;
    if state == State::Gated && was != State::Gated {
        // Now a reviewer can acquire the lease and record a verdict.
        edit.close_lease(id)?;
    }
    if gates.is_empty() { Ok(changed) } else { Err(Error::Gated { issue: id, gates }) }
}

impl IssueEdits {
    fn new(edit: &EditSession<'_>, args: Args) -> Result<Self, Error> {
        let session = edit.session;
        let Args {
            issues: _,
            filter: _,
            title,
            description,
            description_file,
            state,
            priority,
            kind,
            label,
            remove_label,
            add_gate,
            remove_gate,
            assignee,
            unassign,
            context,
        } = args;
        let mut values = Vec::new();
        if let Some(title) = title {
            values.push(("title", Value::from(valid_title(&title)?)));
        }
        if let Some(text) = args::description_of(session, description, description_file.as_deref())? {
            values.push(("description", Value::from(text)));
        }
        if let Some(priority) = priority {
            values.push(("priority", Value::from(priority.as_str())));
        }
        match assignee {
            Some(typed) => {
                let agent = args::agent(&typed, &session.agent(edit.layout)?)?;
                values.push(("assignee", Value::from(agent.as_str())));
            }
            None if unassign => values.push(("assignee", Value::Null)),
            None => {}
        }
        edit.require_gates(&add_gate)?;
        Ok(Self {
            values,
            state,
            add_labels: args::labels(&label, kind.as_deref())?,
            remove_labels: args::labels(&remove_label, None)?,
            has_type: kind.is_some(),
            add_gates: add_gate,
            remove_gates: remove_gate,
            context: context.iter().map(|pair| key_and_value(pair)).collect::<Result<_, _>>()?,
        })
    }

    /// Writes all changes except the state, which depends on the others.
    fn write(&self, document: &mut issue::Document) {
        for (field, value) in &self.values {
            document.set(field, value);
        }
        let mut remove = self.remove_labels.clone();
        if self.has_type {
            let types = document.issue().labels.iter().filter(|label| label.starts_with("type:"));
            remove.extend(types.filter(|label| !self.add_labels.contains(label)).cloned());
        }
        document.edit_set("labels", &self.add_labels, &remove);
        document.edit_set("gates_required", &self.add_gates, &self.remove_gates);
        for (key, value) in &self.context {
            if value.is_empty() {
                document.remove_at(&["context", key]);
            } else {
                document.set_at(&["context", key], &Value::from(value.as_str()));
            }
        }
    }
}

fn key_and_value(pair: &str) -> Result<(String, String), Error> {
    match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !pair.chars().any(char::is_control) => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err(Error::Usage {
            what: format!("invalid context '{}': expected KEY=VALUE", pair.escape_debug()),
            hint: "For example: --context github=42".to_owned(),
        }),
    }
}

/// One issue, and which of its fields changed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct UpdateReport {
    changed: bool,
    fields: Vec<String>,
    issue: StoredIssue,
}

impl UpdateReport {
    fn new(changed: &Changed) -> Self {
        let fields = changed.names();
        Self { changed: !fields.is_empty(), fields, issue: StoredIssue::new(&changed.document, Source::Worktree) }
    }
}

impl Report for UpdateReport {
    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.issue.issue().id.short());
        if self.changed {
            format!("{} issue {id}: {}\n", styles.good("✓ Updated"), plain_line(&self.fields.join(", ")))
        } else {
            format!("Issue {id} is unchanged\n")
        }
    }
}
