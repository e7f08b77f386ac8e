//! `git jit issue import|export`: plans of issues with keys of their own.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::shared::args::{self, Filters};
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{IssueId, IssueRef};
use crate::domain::issue::{Document, Summary};
use crate::domain::policy::Finding;
use crate::domain::tracker::plan::{self, PlanProblem, PlannedIssue, World};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `issue import`.
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// The plan: a JSON array of entries with key, title and at will description, type, state, priority, assignee, labels,
    /// gates, `depends_on` (keys or ids), context; - for stdin
    #[arg(long, value_name = "FILE")]
    from_json: PathBuf,
    /// Only check it
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
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let writer = edit.store.lock()?;
    let there: BTreeMap<IssueId, Summary> =
        edit.store.scan_summaries()?.issues.into_iter().map(|(summary, _)| (summary.id, summary)).collect();
    let registry = edit.registry()?;
    let world = World {
        has_gate: &|key| registry.gate(key).is_some(),
        issue: &|typed| there.get(&IssueRef::parse(typed).ok()?.resolve(there.keys().copied()).ok()?),
        created_at: &session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    let mut problems: Vec<PlanProblem> = Vec::new();
    for entry in &entries {
        if let Err(error) = args::description(entry.description.clone()) {
            problems.push(PlanProblem { entry: entry.key.clone(), what: error.to_string() });
        }
    }
    let drafts = match plan::check(&entries, &world, || IssueId::from_uuid(uuid::Uuid::new_v4())) {
        Ok(drafts) if problems.is_empty() => drafts,
        Ok(_) => return Err(Error::Plan { problems }),
        Err(more) => return Err(Error::Plan { problems: [problems, more].concat() }),
    };
    if edit.policy.create_in_primary_only
        && !layout.is_primary()
        && let Some((_, first)) = drafts.first()
    {
        session.weigh(&edit.policy, Finding::CreatedElsewhere { issue: first.id })?;
    }
    if !dry_run {
        let documents: Vec<Document> = drafts.iter().map(|(_, draft)| Document::create(draft)).collect();
        writer.create_all(&documents)?;
        for document in &documents {
            edit.tell("created", document.issue().id, Vec::new());
        }
    }
    let made = drafts.into_iter().map(|(key, draft)| (key, draft.id, draft.title)).collect();
    Ok(Box::new(ImportReport { made, dry_run }))
}

pub(crate) fn export(session: &Session, args: ExportArgs) -> CommandResult {
    let ExportArgs { filters } = args;
    let layout = session.layout()?;
    let mut index = IssueIndex::gather(session, layout, filters.local)?;
    index.require_readable("a plan without them would not be whole")?;
    let filter = filters.meant(&index.editor.agent_id)?;
    index.retain(&filter)?;
    let found: Vec<IssueId> = index.found.iter().filter(|found| !found.summary.is_deleted).map(|found| found.summary.id).collect();
    let mut short: BTreeMap<String, usize> = BTreeMap::new();
    for id in &found {
        *short.entry(id.short()).or_default() += 1;
    }
    let key = |id: IssueId| if short.get(&id.short()) == Some(&1) { id.short() } else { id.to_string() };
    let mut entries = Vec::new();
    for id in &found {
        let Some(source) = index.store().locate(*id)? else { continue };
        entries.push(entry(&index.store().load(*id, source)?, key(*id), &|id| {
            if found.contains(&id) { key(id) } else { id.to_string() }
        }));
    }
    Ok(Box::new(ExportReport(entries)))
}

fn entry(document: &Document, key: String, key_of: &dyn Fn(IssueId) -> String) -> PlannedIssue {
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

struct ImportReport {
    made: Vec<(String, IssueId, String)>,
    dry_run: bool,
}

impl Report for ImportReport {
    fn json(&self) -> Value {
        // What would be made has no id yet.
        let made = self.made.iter().filter(|_| !self.dry_run);
        let ids: serde_json::Map<String, Value> = made.map(|(key, id, _)| (key.clone(), json!(id))).collect();
        json!({ "changed": !self.dry_run && !self.made.is_empty(), "count": self.made.len(), "dry_run": self.dry_run, "ids": ids })
    }

    fn human(&self, styles: &Styles) -> String {
        let head = if self.dry_run { "The plan is good:".to_owned() } else { styles.good("✓ Created") };
        let id = |id: &IssueId| if self.dry_run { String::new() } else { styles.id(&id.short()) + "  " };
        let line =
            |(key, made, title): &(String, IssueId, String)| format!("  {}{}  {}\n", id(made), plain_line(key), plain_line(title));
        let lines: String = self.made.iter().map(line).collect();
        format!("{head} {}\n{lines}", count(self.made.len(), "issue"))
    }

    fn quiet(&self) -> Option<String> {
        let ids: Vec<String> = self.made.iter().filter(|_| !self.dry_run).map(|(_, id, _)| id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("\n"))
    }
}

struct ExportReport(Vec<PlannedIssue>);

impl Report for ExportReport {
    fn json(&self) -> Value {
        json!({ "count": self.0.len(), "issues": self.0 })
    }

    /// A plan is for a program, whoever asks for it.
    fn human(&self, _: &Styles) -> String {
        format!("{:#}\n", json!({ "schema_version": 1, "count": self.0.len(), "issues": self.0 }))
    }

    fn quiet(&self) -> Option<String> {
        Some(self.human(&Styles::plain()).trim_end().to_owned())
    }
}
