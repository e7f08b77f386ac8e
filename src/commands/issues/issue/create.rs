//! `git jit issue create`.

use std::path::PathBuf;

use crate::commands::issues::report::{CreateReport, IssueRecord};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, Draft, Priority, valid_title};
use crate::domain::policy::Finding;
use crate::error::Error;
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
    /// What is to be done and why
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,
    /// The same from a file, or from stdin for -
    #[arg(long, value_name = "FILE", conflicts_with = "description")]
    description_file: Option<PathBuf>,
    /// How urgent it is
    #[arg(long, short, value_parser = args::priority(), default_value = "normal", value_name = "PRIORITY")]
    priority: Priority,
    /// What kind of work it is: becomes the label type:…
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,
    /// namespace:value, repeated or joined by commas
    #[arg(long, short, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<String>,
    /// A gate that it must pass, repeated or joined by commas
    #[arg(long, short, value_name = "KEY", value_delimiter = ',')]
    gate: Vec<String>,
    /// An issue that must be closed first, repeated or joined by commas
    #[arg(long, value_name = "ISSUE", value_delimiter = ',')]
    depends_on: Vec<String>,
    /// The issue at whose work this one was found
    #[arg(long, value_name = "ISSUE")]
    discovered_from: Option<String>,
    /// Whom it is meant for; me for yourself
    #[arg(long, short, value_name = "TYPE:NAME")]
    assignee: Option<String>,
}

pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    let draft = draft(&edit, args)?;
    if edit.policy.create_in_primary_only && !layout.is_primary() {
        session.weigh(&edit.policy, Finding::CreatedElsewhere { issue: draft.id })?;
    }
    let document = Document::create(&draft);
    {
        let writer = edit.store.lock()?;
        // Under the lock: an issue that this one is to wait for may be gone by now.
        for typed in &draft.dependencies {
            let id = edit.resolve(typed)?;
            if edit.load(id)?.issue().is_deleted() {
                return Err(Error::Deleted { issue: id });
            }
        }
        writer.write(&document)?;
        edit.tell("created", draft.id, Vec::new());
    }
    Ok(Box::new(CreateReport(IssueRecord { document, source: Source::Worktree })))
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
    let created_at = session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let mut draft = Draft::new(IssueId::from_uuid(uuid::Uuid::new_v4()), valid_title(&title)?, created_at);
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
