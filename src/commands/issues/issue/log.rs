//! `git jit issue log`: what became of an issue, field by field, from Git's history and from what was done here.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, FieldChange};
use crate::error::Error;
use crate::git::history;
use crate::git::tree;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::events::{EventLog, IssueEvent};
use crate::store::file;
use crate::store::layout::Layout;

/// The longest value that is shown to people.
const SHOWN: usize = 60;

// Arguments of `issue log`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// At most so many, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 0, hide_default_value = true, value_name = "N")]
    limit: usize,
}

/// Something that happened to the issue.
struct Happened {
    at: Timestamp,
    by: String,
    /// `commit`, `event`, or `uncommitted` for what differs from HEAD now.
    kind: &'static str,
    /// The commit, or the word for the event.
    name: String,
    subject: String,
    fields: Vec<FieldChange>,
}

struct IssueLog {
    issue: IssueId,
    happened: Vec<Happened>,
    total: usize,
}

pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { issue, limit } = args;
    let layout = session.layout()?;
    let store = issues(layout, &session.policy(layout))?;
    let (id, _) = resolve(&store, &issue)?;
    let mut happened = committed(layout, id)?;
    let here = file::read_optional(&store.local_path(id))?;
    happened.extend(uncommitted(layout, id, here, session.cx.clock().now().wall)?);
    let events = EventLog::of(layout).all()?.0.into_iter().filter(|event| event.issue_id == id);
    let commits = happened.iter().filter(|happened| happened.kind == "commit");
    let commits: Vec<(Timestamp, Vec<FieldChange>)> = commits.map(|commit| (commit.at, commit.fields.clone())).collect();
    // What a later commit tells field by field need not be told twice. A commit's time is in whole seconds.
    let tells = |(at, fields): &(Timestamp, Vec<FieldChange>), event: &IssueEvent| {
        let has = |wanted: &FieldChange| fields.iter().any(|change| change.field == wanted.field && change.to == wanted.to);
        let made = || event.event == "created" && fields.iter().any(|change| change.field == "title" && change.from.is_none());
        let is_later = at.as_second() >= event.at.as_second();
        is_later && (made() || (!event.fields.is_empty() && event.fields.iter().all(has)))
    };
    let is_told = |event: &IssueEvent| commits.iter().any(|commit| tells(commit, event));
    happened.extend(events.filter(|event| !is_told(event)).map(|event| Happened {
        at: event.at,
        by: format!("{} in {}", event.agent_id, event.worktree_id),
        kind: "event",
        name: event.event,
        subject: String::new(),
        fields: event.fields,
    }));
    happened.sort_by_key(|happened| std::cmp::Reverse(happened.at));
    let total = happened.len();
    if limit > 0 {
        happened.truncate(limit);
    }
    Ok(Box::new(IssueLog { issue: id, happened, total }))
}

fn fields(
    layout: &Layout,
    id: IssueId,
    old: Option<tree::TreeEntry>,
    new: Option<tree::TreeEntry>,
) -> Result<Vec<FieldChange>, Error> {
    let read = |entry: Option<tree::TreeEntry>| -> Result<Option<Document>, Error> {
        let Some(entry) = entry else { return Ok(None) };
        // A version that was no valid issue has no fields to compare.
        Ok(Document::parse(&tree::blob(&layout.repo, entry.oid)?, id).ok())
    };
    Ok(match (read(old)?, read(new)?) {
        (old, Some(new)) => new.changes_since(old.as_ref()),
        (Some(_), None) => vec![FieldChange { field: "file".into(), from: Some(json!("there")), to: None }],
        (None, None) => Vec::new(),
    })
}

fn committed(layout: &Layout, id: IssueId) -> Result<Vec<Happened>, Error> {
    let path = format!("issues/{}", id.file_name());
    let mut all = Vec::new();
    for change in history::changes_of(&layout.repo, &path)? {
        let is_new = change.old.is_none();
        let fields = fields(layout, id, change.old, change.new)?;
        all.push(Happened {
            at: change.at,
            by: change.author,
            kind: "commit",
            name: change.commit.to_string(),
            subject: change.subject,
            // Everything is new in a new file: its title tells it.
            fields: if is_new { fields.into_iter().filter(|change| change.field == "title").collect() } else { fields },
        });
    }
    Ok(all)
}

fn uncommitted(layout: &Layout, id: IssueId, here: Option<Vec<u8>>, now: Timestamp) -> Result<Option<Happened>, Error> {
    let Some(bytes) = here else { return Ok(None) };
    let Some(head) = tree::head_commit(&layout.repo)? else { return Ok(None) };
    let path = format!("issues/{}", id.file_name());
    let Some(entry) = tree::file(&layout.repo, tree::data_tree(&layout.repo, head)?, path.as_bytes())? else { return Ok(None) };
    let old = Document::parse(&tree::blob(&layout.repo, entry.oid)?, id).ok();
    let fields = Document::parse(&bytes, id).map(|new| new.changes_since(old.as_ref())).unwrap_or_default();
    let what =
        |fields| Happened { at: now, by: String::new(), kind: "uncommitted", name: String::new(), subject: String::new(), fields };
    Ok((!fields.is_empty()).then(|| what(fields)))
}

/// A change for people: of a set what came and what went, of anything else both values.
fn became(change: &FieldChange) -> String {
    if let (Some(Value::Array(from)), Some(Value::Array(to))) = (&change.from, &change.to) {
        let only = |here: &[Value], there: &[Value], mark: char| -> Vec<String> {
            here.iter().filter(|one| !there.contains(one)).map(|one| format!("{mark}{}", short(Some(one)))).collect()
        };
        let both = [only(to, from, '+'), only(from, to, '-')].concat();
        return if both.is_empty() { "in another order".to_owned() } else { both.join(" ") };
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
    if line.chars().count() > SHOWN { line.chars().take(SHOWN).chain(['…']).collect() } else { line }
}

impl Report for IssueLog {
    fn json(&self) -> Value {
        let one = |happened: &Happened| {
            let Happened { at, by, kind, name, subject, fields } = happened;
            json!({ "at": at, "by": by, "kind": kind, "name": name, "subject": subject, "fields": fields })
        };
        json!({
            "issue_id": self.issue, "count": self.happened.len(), "total": self.total,
            "truncated": self.happened.len() < self.total, "changes": self.happened.iter().map(one).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.happened.is_empty() {
            return "Nothing is known of it: it is neither committed, nor was it changed by git jit\n".to_owned();
        }
        let mut text = String::new();
        for Happened { at, by, kind, name, subject, fields } in &self.happened {
            let head = match *kind {
                "commit" => format!("{}  {}", styles.id(&name[..name.len().min(10)]), plain_line(subject)),
                "event" => name.clone(),
                _ => styles.warn("not committed yet"),
            };
            let when = styles.faint(&at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
            text += &format!("{when}  {head}  {}\n", styles.faint(&plain_line(by)));
            // When the file says it was changed is no news beside when it was.
            for change in fields.iter().filter(|change| change.field != "updated_at") {
                text += &format!("  {}: {}\n", plain_line(&change.field), became(change));
            }
        }
        match self.total - self.happened.len() {
            0 => text,
            more => text + &styles.faint(&format!("{more} more: --limit 0 shows all")) + "\n",
        }
    }
}
