//! `git jit issue import|export`: plans, which are issues that name each other by keys of the plan.

use std::collections::BTreeMap;
use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::commands::issues::issue::require_place_for_new;
use crate::commands::shared::args::{self, Filters};
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, IssueRef};
use crate::domain::issue::{self, Summary};
use crate::domain::tracker::plan::{self, PlanProblem, PlannedIssue, World};
use crate::error::Error;
use crate::output::text::{Styles, count, plain_line};
use crate::output::{JsonDocument as _, Report};

// Arguments of `issue import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The plan: a JSON array of entries with key and title, and optionally description, type, state, priority, assignee,
    /// labels, gates, `depends_on` (keys or ids) and context; - reads stdin
    #[arg(long, value_name = "FILE")]
    from_json: PathBuf,
    /// Check the plan, and create nothing
    #[arg(long)]
    dry_run: bool,
}

// Arguments of `issue export`.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    filters: Filters,
}

pub(crate) fn import(session: &Session, args: ImportArgs) -> CommandResult {
    let ImportArgs { from_json, dry_run } = args;
    let text = args::input(session, &from_json)?;
    let entries = plan::read(&text).map_err(|problems| Error::Plan { problems })?;
    let edit = EditSession::open(session, session.layout()?)?;
    let writer = edit.store.lock()?;
    let existing: BTreeMap<IssueId, Summary> =
        edit.store.scan_summaries()?.issues.into_iter().map(|(summary, _)| (summary.id, summary)).collect();
    let registry = edit.registry()?;
    let world = World {
        has_gate: &|key| registry.gate(key).is_some(),
        issue: &|typed| existing.get(&IssueRef::parse(typed).ok()?.resolve(existing.keys().copied()).ok()?),
        created_at: &session.timestamp(),
    };
    let bad_description = |entry: &PlannedIssue| {
        let error = args::description(entry.description.clone()).err()?;
        Some(PlanProblem { entry: entry.key.clone(), what: error.to_string() })
    };
    let mut problems: Vec<PlanProblem> = entries.iter().filter_map(bad_description).collect();
    let checked = plan::check(&entries, &world, || IssueId::from_uuid(uuid::Uuid::new_v4()));
    let drafts = checked.unwrap_or_else(|more| {
        problems.extend(more);
        Vec::new()
    });
    if !problems.is_empty() {
        return Err(Error::Plan { problems });
    }
    if let Some((_, first)) = drafts.first() {
        require_place_for_new(&edit, first.id)?;
    }
    if !dry_run {
        let documents: Vec<issue::Document> = drafts.iter().map(|(_, draft)| issue::Document::create(draft)).collect();
        writer.create_all(&documents)?;
        for document in &documents {
            session.record_event("created", document.issue().id, Vec::new());
        }
    }
    let new = drafts.into_iter().map(|(key, draft)| NewIssue { key, id: draft.id, title: draft.title }).collect();
    Ok(Box::new(ImportReport::new(new, dry_run)))
}

pub(crate) fn export(session: &Session, args: ExportArgs) -> CommandResult {
    let ExportArgs { filters } = args;
    let mut index = IssueIndex::gather(session, session.layout()?, filters.local)?;
    index.require_readable("a plan without them would be incomplete")?;
    let filter = filters.meant(&index.editor.agent_id)?;
    index.retain(&filter)?;
    let exported: Vec<IssueId> = index.live_ids().collect();
    let mut with_short_id: BTreeMap<String, usize> = BTreeMap::new();
    for id in &exported {
        *with_short_id.entry(id.short()).or_default() += 1;
    }
    let key = |id: IssueId| if with_short_id.get(&id.short()) == Some(&1) { id.short() } else { id.to_string() };
    let key_or_id = |id| if exported.contains(&id) { key(id) } else { id.to_string() };
    let mut issues = Vec::new();
    for id in &exported {
        let Some(source) = index.store().locate(*id)? else { continue };
        issues.push(entry(&index.store().load(*id, source)?, key(*id), &key_or_id));
    }
    Ok(Box::new(ExportReport { count: issues.len(), issues }))
}

fn entry(document: &issue::Document, key: String, key_of: &dyn Fn(IssueId) -> String) -> PlannedIssue {
    let issue = document.issue();
    let context = issue.context.iter().filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())));
    PlannedIssue {
        key,
        title: issue.title.clone(),
        description: issue.description.clone(),
        kind: None,
        state: issue.state,
        priority: issue.priority,
        assignee: issue.assignee.clone(),
        labels: issue.labels.clone(),
        gates: issue.gates_required.clone(),
        depends_on: issue.dependencies.iter().map(|id| id.parse().map_or_else(|_| id.clone(), key_of)).collect(),
        context: context.collect(),
    }
}

struct NewIssue {
    key: String,
    id: IssueId,
    title: String,
}

/// The issues that a plan created, or with `--dry-run` would create.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ImportReport {
    changed: bool,
    count: usize,
    dry_run: bool,
    /// By key, in the order of creation; empty with `--dry-run`, because nothing has these ids then.
    #[schemars(with = "BTreeMap<String, IssueId>")]
    ids: Map<String, Value>,
    #[serde(skip)]
    new: Vec<NewIssue>,
}

impl ImportReport {
    fn new(new: Vec<NewIssue>, dry_run: bool) -> Self {
        let ids = new.iter().filter(|_| !dry_run).map(|issue| (issue.key.clone(), json!(issue.id))).collect();
        Self { changed: !dry_run && !new.is_empty(), count: new.len(), dry_run, ids, new }
    }
}

impl Report for ImportReport {
    fn human(&self, styles: &Styles) -> String {
        let head = if self.dry_run { "The plan is valid:".to_owned() } else { styles.good("✓ Created") };
        let line = |issue: &NewIssue| {
            let id = if self.dry_run { String::new() } else { styles.id(&issue.id.short()) + "  " };
            format!("  {id}{}  {}\n", plain_line(&issue.key), plain_line(&issue.title))
        };
        format!("{head} {}\n{}", count(self.count, "issue"), self.new.iter().map(line).collect::<String>())
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.new.iter().filter(|_| !self.dry_run).map(|issue| issue.id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}

/// A plan of the issues that a filter selects.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ExportReport {
    count: usize,
    issues: Vec<PlannedIssue>,
}

impl Report for ExportReport {
    /// A plan is always JSON.
    fn human(&self, _: &Styles) -> String {
        format!("{:#}\n", self.value())
    }

    fn quiet(&self) -> Option<String> {
        Some(format!("{:#}", self.value()))
    }
}
