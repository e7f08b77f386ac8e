//! What `git jit setup` installs and removes: one list, each piece with its state, plan, installation and removal.

mod agent_files;
mod clone;
mod settings;

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::setup::agents::KnownAgent;
use crate::commands::setup::pieces::agent_files::AgentFilesPiece;
use crate::commands::setup::pieces::clone::{HooksPiece, MergeDriverPiece, WorktreeIdPiece};
use crate::commands::setup::pieces::settings::{PolicyPiece, SettingsPiece};
use crate::commands::setup::{EnforceLevel, SetupMode};
use crate::commands::shared::session::Session;
use crate::error::Error;
use crate::exit::{Diagnose, ExitStatus};
use crate::store::layout::Layout;

/// One thing that setup installs and can remove.
pub(crate) trait Piece {
    /// Its name in the report.
    fn name(&self) -> PieceName;
    /// Whether it is installed: `Already` or `Missing`.
    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error>;
    /// What `apply` would do: `Already` or `Due`.
    fn plan(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let found = self.state(target)?;
        Ok(if found.state == PieceState::Missing { PieceResult { state: PieceState::Due, ..found } } else { found })
    }
    /// Installs it: `Already` or `Done`.
    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error>;
    /// Removes it unless the user's work would be lost: `Removed`, `Absent` or `Kept`. With `dry_run` nothing is written, and
    /// `Due` replaces `Removed`. `None` if another piece removes it too.
    fn revert(&self, target: &SetupTarget<'_>, dry_run: bool) -> Option<Result<PieceResult, Error>>;
}

/// Where setup works.
pub(crate) struct SetupTarget<'a> {
    /// The session of the command.
    pub session: &'a Session,
    /// The clone.
    pub layout: &'a Layout,
    /// The root of the worktree.
    pub root: &'a Path,
}

/// The name of a piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PieceName {
    Settings,
    Policy,
    Worktree,
    MergeDriver,
    Hooks,
    AgentFiles,
}

impl PieceName {
    /// The name for people.
    pub(crate) fn heading(self) -> &'static str {
        match self {
            Self::Settings => "settings",
            Self::Policy => "policy",
            Self::Worktree => "worktree",
            Self::MergeDriver => "merge driver",
            Self::Hooks => "hooks",
            Self::AgentFiles => "agent files",
        }
    }
}

/// The state of a piece after the command.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PieceState {
    Done,
    Already,
    /// It would be installed or removed.
    Due,
    Missing,
    Removed,
    /// There was nothing to remove.
    Absent,
    Kept,
    Failed,
}

/// The result for one piece, with a description and the files concerned.
pub(crate) struct PieceResult {
    state: PieceState,
    what: String,
    paths: Vec<String>,
}

impl PieceResult {
    fn new(state: PieceState, what: impl Into<String>) -> Self {
        Self { state, what: what.into(), paths: Vec::new() }
    }

    fn with_paths(self, paths: impl IntoIterator<Item = String>) -> Self {
        Self { paths: paths.into_iter().collect(), ..self }
    }
}

/// The report of one piece.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "SetupStep")]
pub(crate) struct StepReport {
    /// The piece.
    pub step: PieceName,
    /// Its state.
    pub state: PieceState,
    /// What it is about, or why it failed.
    pub what: String,
    /// The files concerned.
    pub paths: Vec<String>,
    /// What to do next.
    pub suggestions: Vec<String>,
    /// The exit status that this step leads to.
    #[serde(skip)]
    pub status: ExitStatus,
}

/// The pieces that `action` is about, in its order: each finds what it needs, and leaves what a later one needs.
pub(crate) fn select(
    action: SetupMode,
    enforce: Option<EnforceLevel>,
    agent_files: Option<Vec<KnownAgent>>,
) -> Vec<Box<dyn Piece>> {
    if matches!(action, SetupMode::Remove | SetupMode::DryRemove) {
        let agent_files = AgentFilesPiece(Vec::new());
        // The record of what setup changed in the settings is a part of the worktree's data, which goes last.
        return vec![
            Box::new(HooksPiece),
            Box::new(MergeDriverPiece),
            Box::new(agent_files),
            Box::new(SettingsPiece),
            Box::new(WorktreeIdPiece),
        ];
    }
    let mut pieces: Vec<Box<dyn Piece>> = vec![Box::new(SettingsPiece)];
    if let Some(level) = enforce {
        pieces.push(Box::new(PolicyPiece(level.enforcement())));
    }
    pieces.extend([Box::new(WorktreeIdPiece) as Box<dyn Piece>, Box::new(MergeDriverPiece), Box::new(HooksPiece)]);
    if let Some(agents) = agent_files {
        pieces.push(Box::new(AgentFilesPiece(agents)));
    }
    pieces
}

/// Checks, installs or removes a piece. An error becomes a failed step.
pub(crate) fn run(piece: &dyn Piece, target: &SetupTarget<'_>, action: SetupMode) -> Option<StepReport> {
    let result = match action {
        SetupMode::SetUp => piece.apply(target),
        SetupMode::Check => piece.state(target),
        SetupMode::DryRun => piece.plan(target),
        SetupMode::Remove => piece.revert(target, false)?,
        SetupMode::DryRemove => piece.revert(target, true)?,
    };
    let step = piece.name();
    Some(match result {
        Ok(PieceResult { state, what, paths }) => {
            let status = if state == PieceState::Missing { ExitStatus::Refused } else { ExitStatus::Done };
            StepReport { step, state, what, paths, suggestions: Vec::new(), status }
        }
        Err(error) => StepReport {
            step,
            state: PieceState::Failed,
            what: error.to_string(),
            paths: Vec::new(),
            suggestions: error.hints(),
            status: error.status(),
        },
    })
}

fn removed(dry_run: bool) -> PieceState {
    if dry_run { PieceState::Due } else { PieceState::Removed }
}
