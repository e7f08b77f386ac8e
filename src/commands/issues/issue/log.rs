//! `git jit issue log`: the history of an issue, field by field, from Git's history and the local event log.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::domain::id::IssueId;
use crate::domain::issue::{self, FieldChange};
use crate::error::Error;
use crate::git::{history, tree};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::events::{EventLog, IssueEvent};
use crate::store::file;
use crate::store::layout::Layout;

/// Characters of a value that are shown to people.
const LONGEST_VALUE: usize = 60;

// Arguments of `issue log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// Show at most this many, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 0, hide_default_value = true, value_name = "N")]
    limit: usize,
}

/// One entry of the history of an issue.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Change")]
struct LogEntry {
    at: Timestamp,
    /// The author of the commit, or the agent and its worktree; empty for an uncommitted change.
    by: String,
    kind: LogEntryKind,
    /// The commit, or the name of the event; empty for an uncommitted change.
    name: String,
    /// The subject of the commit, else empty.
    subject: String,
    fields: Vec<FieldChange>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum LogEntryKind {
    Commit,
    Event,
    /// The difference between the worktree's file and HEAD.
    Uncommitted,
}

impl LogEntry {
    /// Whether this commit contains what `event` reports: all its fields, or the creation of the issue.
    fn covers(&self, event: &IssueEvent) -> bool {
        let has = |wanted: &FieldChange| self.fields.iter().any(|change| change.field == wanted.field && change.to == wanted.to);
        let is_new = || self.fields.iter().any(|change| change.field == "title" && change.from.is_none());
        // Commit times have whole seconds.
        self.kind == LogEntryKind::Commit
            && self.at.as_second() >= event.at.as_second()
            && (event.event == "created" && is_new() || !event.fields.is_empty() && event.fields.iter().all(has))
    }
}

pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, limit } = args;
    let layout = session.layout()?;
    let store = session.issues()?;
    let (id, _) = resolve(&store, &issue)?;
    let mut changes = committed(layout, id)?;
    let here = file::read_optional(&store.local_path(id))?;
    changes.extend(uncommitted(layout, id, here, session.cx.clock().now().wall)?);
    let (events, _) = EventLog::of(layout).all()?;
    for event in events.into_iter().filter(|event| event.issue_id == id) {
        if !changes.iter().any(|entry| entry.covers(&event)) {
            changes.push(LogEntry {
                at: event.at,
                by: format!("{} in {}", event.agent_id, event.worktree_id),
                kind: LogEntryKind::Event,
                name: event.event,
                subject: String::new(),
                fields: event.fields,
            });
        }
    }
    changes.sort_by_key(|entry| std::cmp::Reverse(entry.at));
    let total = changes.len();
    if limit > 0 {
        changes.truncate(limit);
    }
    Ok(Box::new(LogReport { issue_id: id, count: changes.len(), total, truncated: changes.len() < total, changes }))
}

fn changes_between(
    layout: &Layout,
    id: IssueId,
    old: Option<tree::TreeEntry>,
    new: Option<tree::TreeEntry>,
) -> Result<Vec<FieldChange>, Error> {
    let read = |entry: Option<tree::TreeEntry>| -> Result<Option<issue::Document>, Error> {
        let Some(entry) = entry else { return Ok(None) };
        // A version that is not a valid issue has no fields to compare.
        Ok(issue::Document::parse(&tree::blob(&layout.repo, entry.oid)?, id).ok())
    };
    Ok(match (read(old)?, read(new)?) {
        (old, Some(new)) => new.changes_since(old.as_ref()),
        (Some(_), None) => vec![FieldChange { field: "file".into(), from: Some(json!("there")), to: None }],
        (None, None) => Vec::new(),
    })
}

fn committed(layout: &Layout, id: IssueId) -> Result<Vec<LogEntry>, Error> {
    let mut all = Vec::new();
    for change in history::changes_of(&layout.repo, &format!("issues/{}", id.file_name()))? {
        let is_new = change.old.is_none();
        let mut fields = changes_between(layout, id, change.old, change.new)?;
        // All fields of a new file are new: the title is enough.
        fields.retain(|change| !is_new || change.field == "title");
        all.push(LogEntry {
            at: change.at,
            by: change.author,
            kind: LogEntryKind::Commit,
            name: change.commit.to_string(),
            subject: change.subject,
            fields,
        });
    }
    Ok(all)
}

fn uncommitted(layout: &Layout, id: IssueId, here: Option<Vec<u8>>, at: Timestamp) -> Result<Option<LogEntry>, Error> {
    let Some(bytes) = here else { return Ok(None) };
    let Some(head) = tree::head_commit(&layout.repo)? else { return Ok(None) };
    let path = format!("issues/{}", id.file_name());
    let Some(entry) = tree::file(&layout.repo, tree::data_tree(&layout.repo, head)?, path.as_bytes())? else { return Ok(None) };
    let old = issue::Document::parse(&tree::blob(&layout.repo, entry.oid)?, id).ok();
    let fields = issue::Document::parse(&bytes, id).map(|new| new.changes_since(old.as_ref())).unwrap_or_default();
    let (by, name, subject) = (String::new(), String::new(), String::new());
    Ok((!fields.is_empty()).then_some(LogEntry { at, by, kind: LogEntryKind::Uncommitted, name, subject, fields }))
}

/// A change for people: of a list the elements added and removed, of any other value both versions.
fn describe(change: &FieldChange) -> String {
    if let (Some(Value::Array(from)), Some(Value::Array(to))) = (&change.from, &change.to) {
        let only = |here: &[Value], there: &[Value], mark: char| -> Vec<String> {
            here.iter().filter(|one| !there.contains(one)).map(|one| format!("{mark}{}", short(Some(one)))).collect()
        };
        let both = [only(to, from, '+'), only(from, to, '-')].concat();
        return if both.is_empty() { "reordered".to_owned() } else { both.join(" ") };
    }
    format!("{} → {}", short(change.from.as_ref()), short(change.to.as_ref()))
}

fn short(value: Option<&Value>) -> String {
    let text = match value {
        None => return "nothing".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    };
    let line = plain_line(&text);
    if line.chars().count() > LONGEST_VALUE { line.chars().take(LONGEST_VALUE).chain(['…']).collect() } else { line }
}

/// The history of an issue, newest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct LogReport {
    issue_id: IssueId,
    count: usize,
    total: usize,
    truncated: bool,
    changes: Vec<LogEntry>,
}

impl Report for LogReport {
    fn human(&self, styles: &Styles) -> String {
        if self.changes.is_empty() {
            return "No history: the issue is not committed, and git jit did not change it\n".to_owned();
        }
        let mut text = String::new();
        for LogEntry { at, by, kind, name, subject, fields } in &self.changes {
            let head = match kind {
                LogEntryKind::Commit => format!("{}  {}", styles.id(&name[..name.len().min(10)]), plain_line(subject)),
                LogEntryKind::Event => name.clone(),
                LogEntryKind::Uncommitted => styles.warn("not committed yet"),
            };
            let when = styles.faint(&at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
            text += &format!("{when}  {head}  {}\n", styles.faint(&plain_line(by)));
            // `updated_at` repeats the time of the entry.
            for change in fields.iter().filter(|change| change.field != "updated_at") {
                text += &format!("  {}: {}\n", plain_line(&change.field), describe(change));
            }
        }
        match self.total - self.count {
            0 => text,
            more => text + &styles.faint(&format!("{more} more: --limit 0 shows all")) + "\n",
        }
    }
}
