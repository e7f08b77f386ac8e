//! `git jit issue`: issues are made, shown, listed and changed.

use serde_json::Value;

use self::report::{Created, Shown, Shows, Updated};
use super::query::{Found, Listing};
use super::{Answer, Session, issues, resolve};
use crate::actor;
use crate::domain::graph;
use crate::domain::id::IssueId;
use crate::domain::issue::{Document, Draft, Priority, State, valid_label, valid_title};
use crate::domain::policy::{Finding, Policy};
use crate::error::Error;
use crate::hook::judge::Judge;
use crate::store::issues::{IssueStore, Source};
use crate::store::layout::Layout;

mod report;

/// Verbs of `issue`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Make an issue
    Create(CreateArgs),
    /// Show issues in full
    Show(ShowArgs),
    /// List issues
    List(ListArgs),
    /// Change an issue that you hold the lease on
    Update(UpdateArgs),
}

/// Arguments of `issue create`.
#[derive(Debug, clap::Args)]
pub(crate) struct CreateArgs {
    /// The title, one line
    #[arg(required_unless_present = "title_flag")]
    title: Option<String>,
    /// The title, one line
    #[arg(long = "title", value_name = "TITLE", conflicts_with = "title")]
    title_flag: Option<String>,
    /// What is to be done and why
    #[arg(long, short, value_name = "TEXT", default_value = "", hide_default_value = true)]
    description: String,
    /// How urgent it is
    #[arg(long, short, value_enum, default_value_t = PriorityArg(Priority::Normal))]
    priority: PriorityArg,
    /// namespace:value, repeated or joined by commas
    #[arg(long, short, value_name = "LABEL", value_delimiter = ',')]
    label: Vec<String>,
}

/// Arguments of `issue show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {
    /// The issues: their ids, or at least four digits of each
    #[arg(required = true)]
    issues: Vec<String>,
}

/// Arguments of `issue list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Only in this state, as stored
    #[arg(long, value_enum)]
    state: Option<StateArg>,
    /// Only with this priority
    #[arg(long, value_enum)]
    priority: Option<PriorityArg>,
    /// Only with this label
    #[arg(long, value_name = "LABEL")]
    label: Option<String>,
    /// Only what this worktree has itself
    #[arg(long)]
    local: bool,
}

/// Arguments of `issue update`.
#[derive(Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("change").required(true).multiple(true))]
pub(crate) struct UpdateArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// A new title
    #[arg(long, value_name = "TITLE", group = "change")]
    title: Option<String>,
    /// A new description
    #[arg(long, short, value_name = "TEXT", group = "change")]
    description: Option<String>,
    /// A new state
    #[arg(long, short, value_enum, group = "change")]
    state: Option<StateArg>,
    /// A new priority
    #[arg(long, short, value_enum, group = "change")]
    priority: Option<PriorityArg>,
    /// A label to add, repeated or joined by commas
    #[arg(long, short, value_name = "LABEL", value_delimiter = ',', group = "change")]
    label: Vec<String>,
    /// A label to take away, repeated or joined by commas
    #[arg(long, value_name = "LABEL", value_delimiter = ',', group = "change")]
    remove_label: Vec<String>,
}

/// A state on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct StateArg(State);

impl clap::ValueEnum for StateArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [StateArg; 7] = [
            StateArg(State::ALL[0]),
            StateArg(State::ALL[1]),
            StateArg(State::ALL[2]),
            StateArg(State::ALL[3]),
            StateArg(State::ALL[4]),
            StateArg(State::ALL[5]),
            StateArg(State::ALL[6]),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.as_str()))
    }
}

/// A priority on the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PriorityArg(Priority);

impl clap::ValueEnum for PriorityArg {
    fn value_variants<'a>() -> &'a [Self] {
        const ALL: [PriorityArg; 4] = [
            PriorityArg(Priority::ALL[0]),
            PriorityArg(Priority::ALL[1]),
            PriorityArg(Priority::ALL[2]),
            PriorityArg(Priority::ALL[3]),
        ];
        &ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.0.as_str()))
    }
}

/// Runs a verb of `issue`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::Create(args) => create(session, args),
        Verb::Show(args) => show(session, args),
        Verb::List(args) => list(session, args),
        Verb::Update(args) => update(session, args),
    }
}

fn labels(typed: &[String]) -> Result<Vec<String>, Error> {
    typed.iter().map(|label| Ok(valid_label(label)?.to_owned())).collect()
}

fn create(session: &Session, args: CreateArgs) -> Answer {
    let CreateArgs { title, title_flag, description, priority, label } = args;
    let title = title.or(title_flag).unwrap_or_default();
    let layout = session.layout()?;
    layout.require_worktree()?;
    let policy = session.policy(&layout);
    let id = IssueId::from_uuid(uuid::Uuid::new_v4());
    let draft = Draft {
        id,
        title: valid_title(&title)?.to_owned(),
        description,
        state: State::Ready,
        priority: priority.0,
        labels: labels(&label)?,
        created_at: session.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string(),
    };
    if policy.create_in_primary_only && !layout.is_primary() {
        session.weigh(&policy, Finding::CreatedElsewhere { issue: id })?;
    }
    let document = Document::create(&draft);
    issues(&layout, &policy)?.lock()?.write(&document)?;
    Ok(Box::new(Created(Shown { document, source: Source::Worktree })))
}

fn show(session: &Session, args: ShowArgs) -> Answer {
    let ShowArgs { issues: typed } = args;
    let layout = session.layout()?;
    let store = issues(&layout, &session.policy(&layout))?;
    let one = |typed: &String| {
        let (id, source) = resolve(&store, typed)?;
        Ok(Shown { document: store.load(id, source)?, source })
    };
    Ok(Box::new(Shows(typed.iter().map(one).collect::<Result<_, Error>>()?)))
}

fn list(session: &Session, args: ListArgs) -> Answer {
    let ListArgs { state, priority, label, local } = args;
    let listing = Listing::gather(session, local)?;
    let fits = |found: &Found| {
        let issue = found.document.issue();
        state.is_none_or(|state| issue.state == state.0)
            && priority.is_none_or(|priority| issue.priority == priority.0)
            && label.as_ref().is_none_or(|label| issue.labels.contains(label))
    };
    Ok(Box::new(listing.keep(fits)))
}

fn update(session: &Session, args: UpdateArgs) -> Answer {
    let UpdateArgs { issue, title, description, state, priority, label, remove_label } = args;
    let title = title.map(|title| valid_title(&title).map(str::to_owned)).transpose()?;
    let (add, remove) = (labels(&label)?, labels(&remove_label)?);
    let layout = session.layout()?;
    layout.require_worktree()?;
    let policy = session.policy(&layout);
    let store = issues(&layout, &policy)?;
    let (id, _) = resolve(&store, &issue)?;
    require_right(session, &layout, &policy, id)?;
    let writer = store.lock()?;
    // Read again under the lock: what was resolved may have been written since.
    let (_, source) = resolve(&store, &id.to_string())?;
    let mut document = store.load(id, source)?;
    if let Some(state) = state {
        require_ready_for(&store, &document, state.0)?;
    }
    let mut changed = Vec::new();
    let fields = [
        ("title", title.map(Value::from)),
        ("description", description.map(Value::from)),
        ("state", state.map(|state| Value::from(state.0.as_str()))),
        ("priority", priority.map(|priority| Value::from(priority.0.as_str()))),
    ];
    for (field, value) in fields {
        if value.is_some_and(|value| document.set(field, &value)) {
            changed.push(field);
        }
    }
    if document.edit_set("labels", &add, &remove) {
        changed.push("labels");
    }
    if !changed.is_empty() {
        document.touch("updated_at", session.cx.clock().now().wall);
        writer.write(&document)?;
    }
    Ok(Box::new(Updated { shown: Shown { document, source: Source::Worktree }, changed }))
}

/// Whether this editor may write the issue, by the judgement that the hooks use.
fn require_right(session: &Session, layout: &Layout, policy: &Policy, id: IssueId) -> Result<(), Error> {
    if policy.is_silent() {
        return Ok(());
    }
    let editor = actor::editor(&session.cx, layout, session.agent_flag.as_deref())?;
    let judge = Judge::new(layout, policy, editor, session.cx.clock().now());
    match judge.may_edit(id)? {
        Ok(_) => Ok(()),
        Err(finding) => session.weigh(policy, finding),
    }
}

/// `done` waits for the dependencies and for the gates.
fn require_ready_for(store: &IssueStore<'_>, document: &Document, state: State) -> Result<(), Error> {
    let issue = document.issue();
    if state != State::Done || issue.state == State::Done {
        return Ok(());
    }
    let state_of = |id: IssueId| {
        let source = store.locate(id).ok()??;
        Some(store.load(id, source).ok()?.issue().state)
    };
    let not_yet = |why: String, hint: &str| Err(Error::NotYet { issue: issue.id, state: "done", why, hint: hint.to_owned() });
    let open = graph::open_dependencies(issue, state_of);
    if !open.is_empty() {
        let short: Vec<&str> = open.iter().map(|id| id.get(..8).unwrap_or(id)).collect();
        return not_yet(format!("it depends on {}", short.join(", ")), "Finish or reject those first");
    }
    let gates = issue.rest.get("gates_required").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let passed = |gate: &str| {
        let status = issue.rest.get("gates_status").and_then(|all| all.get(gate));
        status.is_some_and(|status| status.as_str().or_else(|| status.get("status")?.as_str()) == Some("passed"))
    };
    let unpassed: Vec<&str> = gates.filter(|gate| !passed(gate)).collect();
    if !unpassed.is_empty() {
        return not_yet(
            format!("its gates have not passed: {}", unpassed.join(", ")),
            "Gates are recorded in the issue's gates_status",
        );
    }
    Ok(())
}
