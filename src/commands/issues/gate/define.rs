//! `git jit gate define|remove`: the definitions of gates, in `.jit/gates.json`.

use crate::commands::issues::gate::report::{GateChange, GateReport};
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{EditSession, unknown_gate};
use crate::commands::shared::issue_index::IssueIndex;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::tracker::gate::{DEFAULT_TIMEOUT_SECS, Gate, GateMode, GateStage, is_key, is_title, leads_out};
use crate::enforce::policy_edit;
use crate::error::Error;
use crate::store::gates;

/// The longest time limit of a gate: a day.
const LONGEST_TIMEOUT_SECS: u64 = 86_400;

// Arguments of `gate define`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gate's name: letters, digits and ._-
    key: String,
    /// The title [default: the name]
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,
    /// What the gate checks
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,
    /// When it must pass: precheck before work starts, postcheck before the issue is done [default: postcheck]
    #[arg(long, value_parser = args::one_of(GateStage::ALL, GateStage::as_str), value_name = "STAGE")]
    stage: Option<GateStage>,
    /// How it is checked: manual by a person or agent, auto by the command [default: auto with a command, else manual]
    #[arg(long, short, value_parser = args::one_of(GateMode::ALL, GateMode::as_str), value_name = "MODE")]
    mode: Option<GateMode>,
    /// The command, which sh -c runs in the root of the worktree
    #[arg(long, visible_alias = "checker-command", value_name = "COMMAND")]
    command: Option<String>,
    /// Seconds after which it is stopped [default: 300]
    #[arg(long, value_name = "SECS")]
    timeout: Option<u64>,
    /// The folder to run it in, relative to the root of the worktree
    #[arg(long, value_name = "DIR")]
    working_dir: Option<String>,
    /// An environment variable for it; may be repeated
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// The order of runs, lowest first [default: 100]
    #[arg(long, value_name = "N")]
    priority: Option<i64>,
}

// Arguments of `gate remove`.
#[derive(Debug, clap::Args)]
pub(crate) struct RemoveArgs {
    /// The gate
    key: String,
}

pub(crate) fn define(session: &Session, args: Args) -> CommandResult {
    let edit = EditSession::open(session, session.layout()?)?;
    require_base(&edit)?;
    let writer = edit.store.lock()?;
    let mut registry = gates::registry(edit.store.sources())?;
    let old = registry.gate(&args.key).cloned();
    let is_new = old.is_none();
    let gate = gate(old, args)?;
    let change = match registry.define(gate.clone()) {
        false => GateChange::Unchanged,
        true if is_new => GateChange::Defined,
        true => GateChange::Changed,
    };
    if change != GateChange::Unchanged {
        gates::write(&writer, &registry)?;
    }
    Ok(Box::new(GateReport::new(gate, change)))
}

/// The old gate or a new one, with the changes applied.
fn gate(old: Option<Gate>, args: Args) -> Result<Gate, Error> {
    let Args { key, title, description, stage, mode, command, timeout, working_dir, env, priority } = args;
    let refuse = |what: String, hint: &str| Err(Error::Usage { what, hint: hint.to_owned() });
    if mode == Some(GateMode::Manual) && command.is_some() {
        return refuse("a manual gate cannot have a command".to_owned(), "Omit --command, or --mode manual");
    }
    if !is_key(&key) {
        return refuse(format!("invalid gate name '{}'", key.escape_debug()), "Use up to 64 letters, digits and ._-");
    }
    let mut gate = old.unwrap_or_else(|| Gate {
        title: key.clone(),
        description: String::new(),
        stage: GateStage::Postcheck,
        mode: if command.is_some() { GateMode::Auto } else { GateMode::Manual },
        command: None,
        timeout_secs: DEFAULT_TIMEOUT_SECS,
        working_dir: None,
        env: std::collections::BTreeMap::new(),
        priority: 100,
        key,
    });
    let mut pairs = Vec::new();
    for pair in &env {
        match pair.split_once('=') {
            Some((key, value)) if !key.is_empty() => pairs.push((key.to_owned(), value.to_owned())),
            _ => {
                return refuse(
                    format!("invalid variable '{}': expected KEY=VALUE", pair.escape_debug()),
                    "For example: --env CI=1",
                );
            }
        }
    }
    gate.env.extend(pairs);
    gate.title = title.unwrap_or(gate.title);
    gate.description = args::description(description.unwrap_or(gate.description))?;
    gate.stage = stage.unwrap_or(gate.stage);
    gate.command = command.or(gate.command);
    gate.mode = mode.unwrap_or(gate.mode);
    gate.timeout_secs = timeout.unwrap_or(gate.timeout_secs);
    gate.working_dir = working_dir.or(gate.working_dir);
    gate.priority = priority.unwrap_or(gate.priority);
    check(&gate)?;
    Ok(gate)
}

/// Whether the fields of a gate are valid together.
fn check(gate: &Gate) -> Result<(), Error> {
    let refuse = |what: String, hint: &str| Err(Error::Usage { what, hint: hint.to_owned() });
    if !is_title(&gate.title) {
        return refuse("a gate's title must be one line of 1 to 200 characters".to_owned(), "Use --title");
    }
    if gate.mode == GateMode::Auto && gate.command.as_deref().is_none_or(|command| command.trim().is_empty()) {
        return refuse("an automated gate requires a command".to_owned(), "Add --command, or use --mode manual");
    }
    if !(1..=LONGEST_TIMEOUT_SECS).contains(&gate.timeout_secs) {
        return refuse("a gate's time limit must be 1 to 86400 seconds".to_owned(), "Use --timeout");
    }
    if gate.working_dir.as_deref().is_some_and(leads_out) {
        return refuse("a gate's folder must be in the worktree".to_owned(), "Use a relative path without .. with --working-dir");
    }
    Ok(())
}

pub(crate) fn remove(session: &Session, args: RemoveArgs) -> CommandResult {
    let RemoveArgs { key } = args;
    let edit = EditSession::open(session, session.layout()?)?;
    require_base(&edit)?;
    let writer = edit.store.lock()?;
    let mut registry = gates::registry(edit.store.sources())?;
    let gate = registry.gate(&key).cloned().ok_or_else(|| unknown_gate(&registry, &key))?;
    let index = IssueIndex::gather(session, edit.layout, false)?;
    index.require_readable("they may require the gate")?;
    for found in index.found.iter().filter(|found| !found.facts.effective.is_closed()) {
        let id = found.summary.id;
        if edit.load(id)?.issue().gates_required.contains(&key) {
            let hint = format!("To stop requiring it: git jit gate rm {} {key}", id.short());
            return Err(Error::NotYet { issue: id, state: "without that gate", why: format!("it requires '{key}'"), hint });
        }
    }
    registry.remove(&key);
    gates::write(&writer, &registry)?;
    Ok(Box::new(GateReport::new(gate, GateChange::Removed)))
}

/// Checks the policy that may allow changes of gates only on top of the default branch.
fn require_base(edit: &EditSession<'_>) -> Result<(), Error> {
    match policy_edit::off_base_here(edit.layout, &edit.policy, "gates.json")? {
        None => Ok(()),
        Some(finding) => edit.session.weigh(&edit.policy, finding),
    }
}
