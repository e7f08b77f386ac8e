//! `git jit issue create`.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::issues::issue::require_place_for_new;
use crate::commands::issues::report::StoredIssue;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, Draft, Priority, valid_title};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::issues::Source;

// Arguments of `issue create`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The title, one line
    #[arg(required_unless_present = "title_flag")]
    title: Option<String>,
    /// The title, one line
    #[arg(long = "title", short = 't', value_name = "TITLE", conflicts_with = "title")]
    title_flag: Option<String>,
    /// What to do, and why
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,
    /// Read the description from a file, or from stdin with -
    #[arg(long, value_name = "FILE", conflicts_with = "description")]
    description_file: Option<PathBuf>,
    /// How urgent the issue is
    #[arg(long, short, value_parser = args::priority(), default_value = "normal", value_name = "PRIORITY")]
    priority: Priority,
    /// The type of work, stored as the label type:…
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// A label namespace:value; repeat it, or separate several with commas
    #[arg(long, short, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<String>,
    /// A gate that the issue must pass; repeat it, or separate several with commas
    #[arg(long, short, value_name = "KEY", value_delimiter = ',')]
    gate: Vec<String>,
    /// An issue that must be closed first; repeat it, or separate several with commas
    #[arg(long, value_name = "ISSUE", value_delimiter = ',')]
    depends_on: Vec<String>,
    /// The issue during which this one was discovered
    #[arg(long, value_name = "ISSUE")]
    discovered_from: Option<String>,
    /// The agent to assign it to; me is yourself
    #[arg(long, short, value_name = "TYPE:NAME")]
    assignee: Option<String>,
}

pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let edit = EditSession::open(session, session.layout()?)?;
    let draft = draft(&edit, args)?;
    require_place_for_new(&edit, draft.id)?;
    let document = Document::create(&draft);
    {
        let writer = edit.store.lock()?;
        // Checked under the lock: a dependency may have been removed in the meantime.
        for typed in &draft.dependencies {
            edit.load_live(edit.resolve(typed)?)?;
        }
        writer.write(&document)?;
        session.record_event("created", draft.id, Vec::new());
    }
    Ok(Box::new(CreateReport { changed: true, issue: StoredIssue::new(&document, Source::Worktree) }))
}

fn draft(edit: &EditSession<'_>, args: Args) -> Result<Draft, Error> {
    let Args {
        title,
        title_flag,
        description,
        description_file,
        priority,
        kind,
        label,
        gate,
        depends_on,
        discovered_from,
        assignee,
    } = args;
    let session = edit.session;
    let title = title.or(title_flag).unwrap_or_default();
    let id = IssueId::from_uuid(uuid::Uuid::new_v4());
    let mut draft = Draft::new(id, valid_title(&title)?, session.timestamp());
    draft.description = args::description_of(session, description, description_file.as_deref())?.unwrap_or_default();
    draft.priority = priority;
    draft.labels = args::labels(&label, kind.as_deref())?;
    if let Some(kind) = &kind {
        draft.labels.retain(|label| !label.starts_with("type:") || label["type:".len()..] == **kind);
    }
    edit.require_gates(&gate)?;
    draft.gates = gate;
    for typed in &depends_on {
        draft.dependencies.push(edit.resolve(typed)?.to_string());
    }
    if let Some(typed) = discovered_from {
        draft.context.insert("discovered_from".to_owned(), edit.resolve(&typed)?.to_string());
    }
    if let Some(typed) = assignee {
        draft.assignee = Some(args::agent(&typed, &session.agent(edit.layout)?)?.to_string());
    }
    Ok(draft)
}

/// A new issue.
#[derive(Serialize, JsonSchema)]
pub(crate) struct CreateReport {
    changed: bool,
    issue: StoredIssue,
}

impl Report for CreateReport {
    fn human(&self, styles: &Styles) -> String {
        let issue = self.issue.issue();
        format!("{} issue {}  {}\n", styles.good("✓ Created"), styles.id(&issue.id.to_string()), plain_line(&issue.title))
    }

    fn quiet(&self) -> Option<String> {
        Some(self.issue.issue().id.to_string())
    }
}
