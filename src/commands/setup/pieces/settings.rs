//! The settings in `.jit/config.toml`, and the policy in them. Both texts of the file are recorded, before and after, so that
//! removal restores the first one exactly.

use crate::commands::setup::config;
use crate::commands::setup::init;
use crate::commands::setup::pieces::{Piece, PieceName, PieceResult, PieceState, SetupTarget, removed};
use crate::domain::policy::{Enforcement, Policy};
use crate::enforce::policy;
use crate::error::Error;
use crate::git::run::Git;
use crate::git::tree;
use crate::store;
use crate::store::config::edit;
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::setup_record::ConfigChange;

const FILE: &str = ".jit/config.toml";
const KEY: &str = "worktree.enforce_leases";

/// The settings file.
pub(crate) struct SettingsPiece;

/// The least strict policy to set.
pub(crate) struct PolicyPiece(pub Enforcement);

fn read_config(target: &SetupTarget<'_>) -> Result<Option<String>, Error> {
    let path = Layout::data_dir(target.root).join("config.toml");
    Ok(file::read_optional(&path)?.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()))
}

/// Changes `config.toml`, and records what it was before: whether it was changed.
fn recorded(target: &SetupTarget<'_>, change: impl FnOnce() -> Result<bool, Error>) -> Result<bool, Error> {
    let before = read_config(target)?;
    let changed = change()?;
    if changed && let Some(after) = read_config(target)? {
        ConfigChange::note(target.layout, before, after)?;
    }
    Ok(changed)
}

impl Piece for SettingsPiece {
    fn name(&self) -> PieceName {
        PieceName::Settings
    }

    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let state = if read_config(target)?.is_some() { PieceState::Already } else { PieceState::Missing };
        Ok(PieceResult::new(state, FILE))
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let is_new = recorded(target, || init::create_data_dir(target.root))?;
        Ok(if is_new {
            PieceResult::new(PieceState::Done, format!("created {FILE}"))
        } else {
            PieceResult::new(PieceState::Already, FILE)
        })
    }

    fn revert(&self, target: &SetupTarget<'_>, dry_run: bool) -> Option<Result<PieceResult, Error>> {
        Some(restore(target, dry_run))
    }
}

/// What removal does to `config.toml`.
enum Restoration {
    Restored,
    Removed,
    Kept(&'static str),
}

fn restore(target: &SetupTarget<'_>, dry_run: bool) -> Result<PieceResult, Error> {
    let SetupTarget { layout, root, .. } = target;
    let Some(change) = ConfigChange::read(layout)? else {
        return Ok(PieceResult::new(PieceState::Absent, format!("changes that setup made to {FILE}")));
    };
    // No other process writes under the lock.
    let writer = if dry_run { None } else { Some(IssueStore::open(layout, false)?.lock()?) };
    let restoration = restoration(target, &change)?;
    let outcome = match &restoration {
        Restoration::Restored => PieceResult::new(removed(dry_run), format!("what setup changed in {FILE}")),
        Restoration::Removed => PieceResult::new(removed(dry_run), FILE),
        Restoration::Kept(why) => PieceResult::new(PieceState::Kept, format!("{FILE}: {why}")),
    };
    let Some(writer) = writer else { return Ok(outcome) };
    match (restoration, change.before) {
        (Restoration::Restored, Some(before)) => writer.write_data("config.toml", before.as_bytes())?,
        (Restoration::Removed, _) => {
            let data = Layout::data_dir(root);
            let path = data.join("config.toml");
            std::fs::remove_file(&path).map_err(store::Error::io("remove", &path))?;
            for dir in [data.join("issues"), data] {
                let _ = std::fs::remove_dir(dir);
            }
        }
        _ => {}
    }
    ConfigChange::forget(layout)?;
    Ok(outcome)
}

fn restoration(target: &SetupTarget<'_>, change: &ConfigChange) -> Result<Restoration, Error> {
    let data = Layout::data_dir(target.root);
    let Some(now) = file::read_optional(&data.join("config.toml"))? else {
        return Ok(Restoration::Kept("the file no longer exists"));
    };
    if now != change.after.as_bytes() {
        return Ok(Restoration::Kept("edited since setup wrote it"));
    }
    let staged = Git::at(target.root).text(&["ls-files", "--stage", "--", FILE]).map_err(Error::from)?;
    let is_this = staged.split(' ').nth(1) == Some(tree::blob_id(&target.layout.repo, &now)?.to_string().as_str());
    Ok(match &change.before {
        _ if is_this => Restoration::Kept("staged or committed"),
        Some(_) => Restoration::Restored,
        None if !staged.is_empty() => Restoration::Kept("staged or committed"),
        None if file::below(&data)?.len() > 1 => Restoration::Kept(".jit has other files"),
        None => Restoration::Removed,
    })
}

impl PolicyPiece {
    fn what(&self) -> String {
        format!("{KEY} = {} in {FILE}", self.0.as_str())
    }
}

impl Piece for PolicyPiece {
    fn name(&self) -> PieceName {
        PieceName::Policy
    }

    /// Compares with the policy of every place except the variable, which is set for one command alone.
    fn state(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let mut candidates = policy::EffectivePolicy::of_worktree(&target.session.cx, target.layout).places;
        candidates.retain(|candidate| candidate.place != policy::VARIABLE);
        let in_force = Policy::strictest(&candidates).enforcement;
        Ok(if in_force >= self.0 {
            PieceResult::new(PieceState::Already, format!("{} is in force", in_force.as_str()))
        } else {
            PieceResult::new(PieceState::Missing, self.what())
        })
    }

    fn apply(&self, target: &SetupTarget<'_>) -> Result<PieceResult, Error> {
        let found = self.state(target)?;
        if found.state == PieceState::Already {
            return Ok(found);
        }
        let key = edit::key(KEY).expect("it is one of the settings");
        recorded(target, || config::set_here(target.session, key, self.0.as_str()))?;
        Ok(PieceResult::new(PieceState::Done, self.what()))
    }

    /// The settings are restored as one file.
    fn revert(&self, _: &SetupTarget<'_>, _: bool) -> Option<Result<PieceResult, Error>> {
        None
    }
}
