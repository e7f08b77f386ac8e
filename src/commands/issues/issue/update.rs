//! `git jit issue update`: one issue, several, or all that a filter finds; each is judged and written by itself.

use std::path::PathBuf;

use clap::ArgGroup;
use serde_json::Value;

use crate::commands::issues::gate::warn_outdated;
use crate::commands::issues::query::IssueIndex;
use crate::commands::issues::report::{Bulk, BulkResult, Shown, Updated};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{Changed, EditSession};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{AgentId, IssueId};
use crate::domain::issue::{Document, Priority, State, valid_title};
use crate::domain::tracker::graph::effective_state;
use crate::domain::tracker::query::{self, Filter};
use crate::error::Error;
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
    /// All issues that fit, for example 'label=area:web state=ready,gated'
    #[arg(long, value_name = "TERMS", group = "which")]
    filter: Option<String>,
    /// A new title
    #[arg(long, short, value_name = "TITLE", group = "change")]
    title: Option<String>,
    /// A new description
    #[arg(long, short, value_name = "TEXT", group = "change")]
    description: Option<String>,
    /// The same from a file, or from stdin for -
    #[arg(long, value_name = "FILE", conflicts_with = "description", group = "change")]
    description_file: Option<PathBuf>,
    /// A new state
    #[arg(long, short, value_parser = args::state(), value_name = "STATE", group = "change")]
    state: Option<State>,
    /// A new priority
    #[arg(long, short, value_parser = args::priority(), value_name = "PRIORITY", group = "change")]
    priority: Option<Priority>,
    /// A new type, in the place of any other
    #[arg(long = "type", value_name = "TYPE", group = "change")]
    kind: Option<String>,
    /// A label to add, repeated or joined by commas
    #[arg(long, short, visible_alias = "add-label", value_name = "LABEL", value_delimiter = ',', group = "change")]
    label: Vec<String>,
    /// A label to take away, repeated or joined by commas
    #[arg(long, value_name = "LABEL", value_delimiter = ',', group = "change")]
    remove_label: Vec<String>,
    /// A gate to ask for, repeated or joined by commas
    #[arg(long, visible_alias = "gate", value_name = "KEY", value_delimiter = ',', group = "change")]
    add_gate: Vec<String>,
    /// A gate to ask for no longer, repeated or joined by commas
    #[arg(long, value_name = "KEY", value_delimiter = ',', group = "change")]
    remove_gate: Vec<String>,
    /// Whom it is meant for; me for yourself
    #[arg(long, short, value_name = "TYPE:NAME", group = "change")]
    assignee: Option<String>,
    /// It is meant for nobody in particular
    #[arg(long, conflicts_with = "assignee", group = "change")]
    unassign: bool,
    /// KEY=VALUE for its context; KEY= takes the key away
    #[arg(long, value_name = "KEY=VALUE", group = "change")]
    context: Vec<String>,
}

/// What is wanted, checked once for all issues.
struct IssueEdits {
    texts: Vec<(&'static str, Value)>,
    state: Option<State>,
    add_labels: Vec<String>,
    remove_labels: Vec<String>,
    has_kind: bool,
    add_gates: Vec<String>,
    remove_gates: Vec<String>,
    context: Vec<(String, String)>,
}

pub(crate) fn run(session: &Session, mut args: Args) -> CommandResult {
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let (typed, filter) = (std::mem::take(&mut args.issues), args.filter.take());
    let wanted = wanted(&edit, args)?;
    if let ([typed], None) = (typed.as_slice(), &filter) {
        let Changed { document, fields } = apply(&edit, edit.resolve(typed)?, &wanted, None)?;
        let names = fields.into_iter().map(|change| change.field).collect();
        return Ok(Box::new(Updated { shown: Shown { document, source: Source::Worktree }, changed: names }));
    }
    let filter = filter.map(|terms| filter_of(session, &terms)).transpose()?;
    let ids = match &filter {
        Some(filter) => found(session, filter)?,
        None => typed.iter().map(|typed| edit.resolve(typed)).collect::<Result<_, _>>()?,
    };
    let one = |issue| BulkResult { issue, result: apply(&edit, issue, &wanted, filter.as_ref()).map(|changed| changed.names()) };
    Ok(Box::new(Bulk(ids.into_iter().map(one).collect())))
}

fn filter_of(session: &Session, terms: &str) -> Result<Filter, Error> {
    let filter = Filter::parse(terms).map_err(|what| Error::Usage {
        what: format!("the filter '{terms}' cannot be read: {what}"),
        hint: "For example: --filter 'label=area:web state=ready,gated'".to_owned(),
    })?;
    match &filter.assignee {
        Some(query::AssigneeFilter::Agent(agent)) if agent == "me" => {
            let me = session.agent(session.layout()?)?;
            Ok(Filter { assignee: Some(query::AssigneeFilter::Agent(me.to_string())), ..filter })
        }
        _ => Ok(filter),
    }
}

fn found(session: &Session, filter: &Filter) -> Result<Vec<IssueId>, Error> {
    let layout = session.layout()?;
    let mut index = IssueIndex::gather(session, layout, false)?;
    index.require_readable("what fits cannot be told; issues can be named one by one")?;
    index.retain(filter)?;
    Ok(index.found.iter().filter(|found| !found.summary.is_deleted).map(|found| found.summary.id).collect())
}

fn wanted(edit: &EditSession<'_>, args: Args) -> Result<IssueEdits, Error> {
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
    let mut texts = Vec::new();
    if let Some(title) = title {
        texts.push(("title", Value::from(valid_title(&title)?)));
    }
    if let Some(text) = args::description_of(session, description, description_file.as_deref())? {
        texts.push(("description", Value::from(text)));
    }
    if let Some(priority) = priority {
        texts.push(("priority", Value::from(priority.as_str())));
    }
    match assignee {
        Some(typed) => texts.push(("assignee", assigned(edit, &typed)?.as_str().into())),
        None if unassign => texts.push(("assignee", Value::Null)),
        None => {}
    }
    edit.require_gates(&add_gate)?;
    Ok(IssueEdits {
        texts,
        state,
        add_labels: args::labels(&label, kind.as_deref())?,
        remove_labels: args::labels(&remove_label, None)?,
        has_kind: kind.is_some(),
        add_gates: add_gate,
        remove_gates: remove_gate,
        context: context.iter().map(|pair| key_and_value(pair)).collect::<Result<_, _>>()?,
    })
}

fn assigned(edit: &EditSession<'_>, typed: &str) -> Result<AgentId, Error> {
    args::agent(typed, &edit.session.agent(edit.layout)?)
}

fn key_and_value(pair: &str) -> Result<(String, String), Error> {
    match pair.split_once('=') {
        Some((key, value)) if !key.trim().is_empty() && !pair.chars().any(char::is_control) => {
            Ok((key.trim().to_owned(), value.to_owned()))
        }
        _ => Err(Error::Usage {
            what: format!("'{}' is not of the form KEY=VALUE", pair.escape_debug()),
            hint: "For example: --context github=42".to_owned(),
        }),
    }
}

/// Changes one issue; one that a filter found only if it still fits, read under the lock.
fn apply(edit: &EditSession<'_>, id: IssueId, wanted: &IssueEdits, filter: Option<&Filter>) -> Result<Changed, Error> {
    if wanted.state == Some(State::Done) {
        warn_outdated(edit, id)?;
    }
    let (changed, (gates, was)) = edit.edit(id, "updated", |document| {
        let issue = document.issue();
        let was = issue.state;
        let effective = effective_state(was, !edit.open_dependencies(issue).is_empty());
        if filter.is_some_and(|filter| !filter.fits(&issue.into(), effective) || !filter.fits_text(issue)) {
            return Ok((Vec::new(), was));
        }
        wanted.write(document);
        let gates = wanted.state.map(|state| edit.advance(document, state)).transpose()?;
        Ok((gates.unwrap_or_default(), was))
    })?;
    let state = changed.document.issue().state;
    if state == State::Gated && was != State::Gated {
        // A reviewer can take it now, and record a verdict.
        edit.close_lease(id)?;
    }
    if gates.is_empty() { Ok(changed) } else { Err(Error::Gated { issue: id, gates }) }
}

impl IssueEdits {
    /// Writes all but the state, which depends on what the rest leads to.
    fn write(&self, document: &mut Document) {
        for (field, value) in &self.texts {
            document.set(field, value);
        }
        let mut remove = self.remove_labels.clone();
        if self.has_kind {
            let kinds = document.issue().labels.iter().filter(|label| label.starts_with("type:"));
            remove.extend(kinds.filter(|label| !self.add_labels.contains(label)).cloned());
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
