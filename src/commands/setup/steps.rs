//! The steps of `git jit setup` forwards: each looks first, and does something only where it is asked to.

use crate::commands::setup::agents::{self, KnownAgent};
use crate::commands::setup::config;
use crate::commands::setup::hooks;
use crate::commands::setup::init;
use crate::commands::setup::{Level, Piece, PieceState, SetupMode};
use crate::commands::shared::session::Session;
use crate::domain::policy::{Enforcement, Policy};
use crate::enforce::policy;
use crate::error::Error;
use crate::hooks::install::merge_driver;
use crate::hooks::install::{self, InstallMode};
use crate::store::config::edit;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::layout::Layout;
use crate::store::setup_record::ConfigChange;

const FILE: &str = ".jit/config.toml";
const KEY: &str = "worktree.enforce_leases";

/// All of them, in an order in which each finds what it needs.
pub(crate) fn all(
    session: &Session,
    action: SetupMode,
    enforce: Option<Level>,
    agent_files: Option<Vec<KnownAgent>>,
) -> Result<Vec<Piece>, Error> {
    let layout = session.layout()?;
    let mut steps = vec![Piece::of("settings", settings(layout, action))];
    if let Some(level) = enforce {
        steps.push(Piece::of("policy", policy(session, layout, action, level)));
    }
    steps.push(Piece::of("worktree", identity(layout, action)));
    steps.push(Piece::of("merge_driver", merge_driver(session, layout, action)));
    steps.push(Piece::of("hooks", hooks_of(session, layout, action)));
    if let Some(agents) = agent_files {
        steps.push(Piece::of("agent_files", files_for(layout, action, &agents)));
    }
    Ok(steps)
}

/// What a step that is not done comes to where nothing is to be changed.
fn not_done(action: SetupMode) -> Option<PieceState> {
    match action {
        SetupMode::Check => Some(PieceState::Missing),
        SetupMode::DryRun => Some(PieceState::Due),
        _ => None,
    }
}

fn text(layout: &Layout) -> Result<Option<String>, Error> {
    let path = Layout::data_dir(layout.require_worktree()?).join("config.toml");
    Ok(file::read_optional(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Does something with `config.toml`, and remembers what it was before.
fn remembered(layout: &Layout, act: impl FnOnce() -> Result<bool, Error>) -> Result<bool, Error> {
    let before = text(layout)?;
    let changed = act()?;
    if changed && let Some(after) = text(layout)? {
        ConfigChange::note(layout, before, after)?;
    }
    Ok(changed)
}

fn settings(layout: &Layout, action: SetupMode) -> Result<Piece, Error> {
    let is_there = text(layout)?.is_some();
    if let Some(state) = not_done(action).filter(|_| !is_there) {
        return Ok(Piece::new("settings", state, FILE));
    }
    if action == SetupMode::SetUp && remembered(layout, || init::make_data(layout.require_worktree()?))? {
        return Ok(Piece::new("settings", PieceState::Done, format!("made {FILE}")));
    }
    Ok(Piece::new("settings", PieceState::Already, FILE))
}

/// The policy by all that is written down; a variable that is set for one command is not.
fn in_force(session: &Session, layout: &Layout) -> Enforcement {
    let mut candidates = policy::EffectivePolicy::of_worktree(&session.cx, layout).places;
    candidates.retain(|candidate| candidate.place != policy::VARIABLE);
    Policy::strictest(&candidates).enforcement
}

fn policy(session: &Session, layout: &Layout, action: SetupMode, level: Level) -> Result<Piece, Error> {
    let found = in_force(session, layout);
    if found >= level.enforcement() {
        let word = if found == Enforcement::Strict { "strict" } else { "warn" };
        return Ok(Piece::new("policy", PieceState::Already, format!("{word} is in force")));
    }
    let what = format!("{KEY} = {} in {FILE}", level.word());
    if let Some(state) = not_done(action) {
        return Ok(Piece::new("policy", state, what));
    }
    let key = edit::key(KEY).expect("it is one of the settings");
    remembered(layout, || config::set_here(session, key, level.word()))?;
    Ok(Piece::new("policy", PieceState::Done, what))
}

fn identity(layout: &Layout, action: SetupMode) -> Result<Piece, Error> {
    let found = Identity::of(layout)?;
    if let Some(state) = not_done(action).filter(|_| found.is_none()) {
        return Ok(Piece::new("worktree", state, "an id of its own"));
    }
    let state = if found.is_some() { PieceState::Already } else { PieceState::Done };
    let identity = match (action, found) {
        (SetupMode::SetUp, _) | (_, None) => Identity::require(layout)?,
        (_, Some(found)) => found,
    };
    Ok(Piece::new("worktree", state, identity.worktree_id.to_string()))
}

fn merge_driver(session: &Session, layout: &Layout, action: SetupMode) -> Result<Piece, Error> {
    const WHAT: &str = "issues are merged field by field, in all worktrees of this clone";
    let state = match action {
        SetupMode::Check if !merge_driver::is_set_up(layout)? => PieceState::Missing,
        SetupMode::DryRun if merge_driver::is_due(&session.cx, layout)? => PieceState::Due,
        SetupMode::SetUp if merge_driver::install(&session.cx, layout)? => PieceState::Done,
        _ => PieceState::Already,
    };
    Ok(Piece::new("merge_driver", state, WHAT))
}

fn files_for(layout: &Layout, action: SetupMode, named: &[KnownAgent]) -> Result<Piece, Error> {
    let root = layout.require_worktree()?;
    let paths = if action == SetupMode::SetUp { agents::set_up(root, named)? } else { agents::lacking(root, named)? };
    let state = if paths.is_empty() { PieceState::Already } else { not_done(action).unwrap_or(PieceState::Done) };
    Ok(Piece::new("agent_files", state, "what agents read at their start").with(paths))
}

fn hooks_of(session: &Session, layout: &Layout, action: SetupMode) -> Result<Piece, Error> {
    let show = |paths: Vec<std::path::PathBuf>| paths.into_iter().map(|path| path.display().to_string()).collect::<Vec<_>>();
    let all = install::HOOKS.map(|(hook, _)| hook).join(", ");
    let (state, paths) = match action {
        SetupMode::Check => {
            let missing = install::missing(layout);
            let state = if missing.is_empty() { PieceState::Already } else { PieceState::Missing };
            return Ok(Piece::new("hooks", state, if missing.is_empty() { all } else { missing.join(", ") }));
        }
        SetupMode::DryRun => (PieceState::Due, show(install::due(&session.cx, layout)?)),
        _ => {
            let placed = hooks::install(session, layout, InstallMode::Files)?;
            (PieceState::Done, placed.lines())
        }
    };
    let state = if paths.is_empty() { PieceState::Already } else { state };
    Ok(Piece::new("hooks", state, all).with(paths))
}
