//! What this clone and this worktree keep beside the versioned files: the worktree's id, the merge driver, the hooks.

use std::path::PathBuf;

use crate::commands::setup::hooks;
use crate::commands::setup::pieces::{Piece, PieceName, PieceResult, PieceState, SetupTarget, removed};
use crate::error::Error;
use crate::hooks::install::merge_driver;
use crate::hooks::install::{self, InstallMode};
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::setup_record;

/// The id of this worktree.
pub(crate) struct WorktreeIdPiece;

/// The merge driver of issues.
pub(crate) struct MergeDriverPiece;

/// The hooks.
pub(crate) struct HooksPiece;

fn display(paths: Vec<PathBuf>) -> Vec<String> {
    paths.into_iter().map(|path| path.display().to_string()).collect()
}

impl Piece for WorktreeIdPiece {
    fn name(&self) -> PieceName {
        PieceName::Worktree
    }

    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        Ok(match Identity::of(target.layout)? {
            Some(identity) => PieceResult::new(PieceState::Already, identity.worktree_id.to_string()),
            None => PieceResult::new(PieceState::Missing, "its id"),
        })
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let state = if Identity::of(target.layout)?.is_some() { PieceState::Already } else { PieceState::Done };
        Ok(PieceResult::new(state, Identity::require(target.layout)?.worktree_id.to_string()))
    }

    fn revert(&self, target: &SetupTarget<'_>, dry_run: bool) -> Option<Result<PieceResult, Error>> {
        Some(remove_leftovers(target, dry_run))
    }
}

fn remove_leftovers(target: &SetupTarget<'_>, dry_run: bool) -> Result<PieceResult, Error> {
    let layout = target.layout;
    let leftovers = setup_record::leftovers(layout)?;
    if !leftovers.is_empty() {
        if !dry_run {
            setup_record::clear(layout, &leftovers)?;
        }
        return Ok(PieceResult::new(removed(dry_run), "its id, and files without content").with_paths(display(leftovers)));
    }
    if file::below(&layout.shared_dir())?.is_empty() {
        return Ok(PieceResult::new(PieceState::Absent, "an id"));
    }
    let what = format!("{}: leases, events or other work", layout.shared_dir().display());
    Ok(PieceResult::new(PieceState::Kept, what))
}

impl MergeDriverPiece {
    const WHAT: &str = "issues are merged field by field, in all worktrees of this clone";
}

impl Piece for MergeDriverPiece {
    fn name(&self) -> PieceName {
        PieceName::MergeDriver
    }

    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let state = if merge_driver::is_set_up(target.layout)? { PieceState::Already } else { PieceState::Missing };
        Ok(PieceResult::new(state, Self::WHAT))
    }

    fn plan(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let is_due = merge_driver::is_due(&target.session.cx, target.layout)?;
        Ok(PieceResult::new(if is_due { PieceState::Due } else { PieceState::Already }, Self::WHAT))
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let is_new = merge_driver::install(&target.session.cx, target.layout)?;
        Ok(PieceResult::new(if is_new { PieceState::Done } else { PieceState::Already }, Self::WHAT))
    }

    /// It is uninstalled together with the hooks.
    fn revert(&self, _: &SetupTarget<'_>, _: bool) -> Option<Result<PieceResult, Error>> {
        None
    }
}

impl HooksPiece {
    fn names() -> String {
        install::HOOKS.map(|(hook, _)| hook).join(", ")
    }

    fn result(changed: PieceState, paths: Vec<String>) -> PieceResult {
        PieceResult::new(if paths.is_empty() { PieceState::Already } else { changed }, Self::names()).with_paths(paths)
    }
}

impl Piece for HooksPiece {
    fn name(&self) -> PieceName {
        PieceName::Hooks
    }

    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let missing = install::missing(target.layout);
        Ok(if missing.is_empty() {
            PieceResult::new(PieceState::Already, Self::names())
        } else {
            PieceResult::new(PieceState::Missing, missing.join(", "))
        })
    }

    fn plan(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        Ok(Self::result(PieceState::Due, display(install::due(&target.session.cx, target.layout)?)))
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let installed = hooks::install(target.session, target.layout, InstallMode::Files)?;
        Ok(Self::result(PieceState::Done, installed.lines()))
    }

    fn revert(&self, target: &SetupTarget<'_>, dry_run: bool) -> Option<Result<PieceResult, Error>> {
        Some(uninstall(target, dry_run))
    }
}

fn uninstall(target: &SetupTarget<'_>, dry_run: bool) -> Result<PieceResult, Error> {
    let mut found = install::removable(target.layout)?;
    if found.removed.is_empty() && !found.driver {
        return Ok(PieceResult::new(PieceState::Absent, "hooks and merge driver"));
    }
    if !dry_run {
        found = install::uninstall(target.layout)?;
    }
    Ok(PieceResult::new(removed(dry_run), "the hooks and the merge driver of this clone").with_paths(display(found.removed)))
}
