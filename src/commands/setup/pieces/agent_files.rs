//! The instructions for coding agents in the files of this worktree.

use crate::commands::setup::agents::{self, KnownAgent};
use crate::commands::setup::pieces::{Piece, PieceName, PieceResult, PieceState, SetupTarget, removed};
use crate::error::Error;
use crate::git::run::Git;

/// `AGENTS.md`, and the files of these agents.
pub(crate) struct AgentFilesPiece(pub Vec<KnownAgent>);

impl AgentFilesPiece {
    fn result(changed: PieceState, paths: Vec<String>) -> PieceResult {
        let state = if paths.is_empty() { PieceState::Already } else { changed };
        PieceResult::new(state, "instructions for coding agents").with_paths(paths)
    }
}

impl Piece for AgentFilesPiece {
    fn name(&self) -> PieceName {
        PieceName::AgentFiles
    }

    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        Ok(Self::result(PieceState::Missing, agents::outdated(target.root, &self.0)?))
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        Ok(Self::result(PieceState::Done, agents::install_missing(target.root, &self.0)?))
    }

    /// What is staged or committed belongs to the repository. The rest came from setup.
    fn revert(&self, target: &SetupTarget<'_>, dry_run: bool) -> Option<Result<PieceResult, Error>> {
        let staged = |path: &str| -> Result<Option<Vec<u8>>, Error> {
            let found = Git::at(target.root).output(&["cat-file", "blob", &format!(":{path}")])?;
            Ok(found.status.success().then_some(found.stdout))
        };
        Some(agents::remove_uncommitted(target.root, staged, dry_run).map(|(taken, kept)| {
            match (taken.is_empty(), kept.is_empty()) {
                (true, true) => PieceResult::new(PieceState::Absent, "instructions for coding agents"),
                (true, false) => PieceResult::new(PieceState::Kept, "staged, committed or edited: git jit agents install --remove")
                    .with_paths(kept),
                (false, _) => PieceResult::new(removed(dry_run), "instructions for coding agents").with_paths(taken),
            }
        }))
    }
}
