//! `git jit gate define|remove`: the registry, which is versioned like the policy.

use crate::commands::issues::gate::report::{Defined, GateEdit};
use crate::commands::issues::query::IssueIndex;
use crate::commands::shared::args;
use crate::commands::shared::edit_session::{EditSession, unknown_gate};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::tracker::gate::{DEFAULT_TIMEOUT_SECS, Gate, GateMode, GateStage, is_key, is_title, leads_out};
use crate::enforce::policy_edit;
use crate::error::Error;
use crate::store::gates;

/// The longest that a gate may take: a day.
const LONGEST_TIMEOUT_SECS: u64 = 86_400;

// Arguments of `gate define`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The gate's name: letters, digits and ._-
    key: String,
    /// What it is called [default: its name]
    #[arg(long, short, value_name = "TEXT")]
    title: Option<String>,
    /// What must hold
    #[arg(long, short, value_name = "TEXT")]
    description: Option<String>,
    /// precheck counts before work begins, postcheck before it is done [default: postcheck]
    #[arg(long, value_parser = args::one_of(GateStage::ALL, GateStage::as_str), value_name = "STAGE")]
    stage: Option<GateStage>,
    /// manual: somebody says so; auto: the command does [default: auto with a command, else manual]
    #[arg(long, short, value_parser = args::one_of(GateMode::ALL, GateMode::as_str), value_name = "MODE")]
    mode: Option<GateMode>,
    /// What sh -c runs in the worktree's root
    #[arg(long, visible_alias = "checker-command", value_name = "COMMAND")]
    command: Option<String>,
    /// Seconds that it may take [default: 300]
    #[arg(long, value_name = "SECS")]
    timeout: Option<u64>,
    /// Where it runs, below the worktree's root
    #[arg(long, value_name = "DIR")]
    working_dir: Option<String>,
    /// A variable for it, repeated
    #[arg(long, value_name = "KEY=VALUE")]
    env: Vec<String>,
    /// Lower ones run first [default: 100]
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
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    require_base(&edit)?;
    let writer = edit.store.lock()?;
    let mut registry = gates::registry(edit.store.sources())?;
    let old = registry.gate(&args.key).cloned();
    let is_new = old.is_none();
    let gate = gate(old, args)?;
    let deed = match registry.define(gate.clone()) {
        false => GateEdit::Kept,
        true if is_new => GateEdit::Defined,
        true => GateEdit::Changed,
    };
    if deed != GateEdit::Kept {
        gates::write(&writer, &registry)?;
    }
    Ok(Box::new(Defined { gate, deed }))
}

/// A gate as it was, changed to what is asked for.
fn gate(old: Option<Gate>, args: Args) -> Result<Gate, Error> {
    let Args { key, title, description, stage, mode, command, timeout, working_dir, env, priority } = args;
    let refuse = |what: String, hint: &str| Err(Error::Usage { what, hint: hint.to_owned() });
    if mode == Some(GateMode::Manual) && command.is_some() {
        return refuse("a manual gate has no command".to_owned(), "Leave out --command, or --mode manual");
    }
    if !is_key(&key) {
        return refuse(format!("'{}' cannot name a gate", key.escape_debug()), "Give up to 64 letters, digits and ._- in one word");
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
            _ => return refuse(format!("'{}' is not of the form KEY=VALUE", pair.escape_debug()), "For example: --env CI=1"),
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
    if !is_title(&gate.title) {
        return refuse("a gate's title is one line of 1 to 200 characters".to_owned(), "Give it with --title");
    }
    if gate.mode == GateMode::Auto && gate.command.as_deref().is_none_or(|command| command.trim().is_empty()) {
        return refuse("an automated gate has a command".to_owned(), "Give it with --command, or say --mode manual");
    }
    if !(1..=LONGEST_TIMEOUT_SECS).contains(&gate.timeout_secs) {
        return refuse("a gate may take 1 to 86400 seconds".to_owned(), "Give them with --timeout");
    }
    if gate.working_dir.as_deref().is_some_and(leads_out) {
        return refuse("a gate runs below the worktree's root".to_owned(), "Give a relative folder without .. with --working-dir");
    }
    Ok(gate)
}

pub(crate) fn remove(session: &Session, args: RemoveArgs) -> CommandResult {
    let RemoveArgs { key } = args;
    let layout = session.layout()?;
    let edit = EditSession::open(session, layout)?;
    require_base(&edit)?;
    let writer = edit.store.lock()?;
    let mut registry = gates::registry(edit.store.sources())?;
    let gate = registry.gate(&key).cloned().ok_or_else(|| unknown_gate(&registry, &key))?;
    let index = IssueIndex::gather(session, layout, false)?;
    index.require_readable("who asks for the gate cannot be told")?;
    for found in index.found.iter().filter(|found| !found.facts.effective.is_closed()) {
        let id = found.summary.id;
        if edit.load(id)?.issue().gates_required.contains(&key) {
            let hint = format!("To ask for it no longer: git jit gate rm {} {key}", id.short());
            return Err(Error::NotYet { issue: id, state: "without that gate", why: format!("it asks for '{key}'"), hint });
        }
    }
    registry.remove(&key);
    gates::write(&writer, &registry)?;
    Ok(Box::new(Defined { gate, deed: GateEdit::Removed }))
}

/// The registry is edited on top of the default branch, where the policy says so.
fn require_base(edit: &EditSession<'_>) -> Result<(), Error> {
    match policy_edit::off_base_here(edit.layout, &edit.policy, "gates.json")? {
        None => Ok(()),
        Some(finding) => edit.session.weigh(&edit.policy, finding),
    }
}
