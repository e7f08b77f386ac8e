//! `git jit setup --remove`: the steps backwards, and what each leaves where it is, with the reason.

use crate::commands::setup::agents;
use crate::commands::setup::{Piece, PieceState};
use crate::commands::shared::session::Session;
use crate::error::Error;
use crate::git::run::Git;
use crate::git::tree;
use crate::hooks::install::{self, Uninstalled};
use crate::store;
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::setup_record::{self, ConfigChange};

/// All of them, the last one first; with `dry_run` nothing is touched.
pub(crate) fn all(session: &Session, dry_run: bool) -> Result<Vec<Piece>, Error> {
    let layout = session.layout()?;
    Ok(vec![
        Piece::of("hooks", hooks(layout, dry_run)),
        Piece::of("agent_files", agent_files(layout, dry_run)),
        Piece::of("settings", settings(layout, dry_run)),
        Piece::of("worktree", worktree(layout, dry_run)),
    ])
}

fn gone(dry_run: bool) -> PieceState {
    if dry_run { PieceState::Due } else { PieceState::Removed }
}

fn hooks(layout: &Layout, dry_run: bool) -> Result<Piece, Error> {
    let found = install::removable(layout)?;
    if found.removed.is_empty() && !found.driver {
        return Ok(Piece::new("hooks", PieceState::Absent, "hooks and merge driver"));
    }
    let Uninstalled { removed, .. } = if dry_run { found } else { install::uninstall(layout)? };
    let paths = removed.iter().map(|path| path.display().to_string());
    Ok(Piece::new("hooks", gone(dry_run), "the hooks and the merge driver of this clone").with(paths))
}

/// What Git would commit of these files is the repository's by now; what stands in them besides came from here.
fn agent_files(layout: &Layout, dry_run: bool) -> Result<Piece, Error> {
    let root = layout.require_worktree()?;
    let staged = |path: &str| -> Result<Option<Vec<u8>>, Error> {
        let found = Git::at(root).output(&["cat-file", "blob", &format!(":{path}")])?;
        Ok(found.status.success().then_some(found.stdout))
    };
    let (taken, kept) = agents::take_back(root, staged, dry_run)?;
    Ok(match (taken.is_empty(), kept.is_empty()) {
        (true, true) => Piece::new("agent_files", PieceState::Absent, "a word for agents"),
        (true, false) => {
            Piece::new("agent_files", PieceState::Kept, "they are staged, committed or edited: git jit agents install --remove")
                .with(kept)
        }
        (false, _) => Piece::new("agent_files", gone(dry_run), "what agents are told here").with(taken),
    })
}

/// What is to become of `config.toml`.
enum ConfigOutcome {
    Restored,
    Removed,
    Kept(&'static str),
}

fn outcome(layout: &Layout, made: &ConfigChange) -> Result<ConfigOutcome, Error> {
    let root = layout.require_worktree()?;
    let data = Layout::data_dir(root);
    let Some(now) = file::read_optional(&data.join("config.toml"))? else {
        return Ok(ConfigOutcome::Kept("it is gone already"));
    };
    if now != made.after.as_bytes() {
        return Ok(ConfigOutcome::Kept("it was edited since"));
    }
    let said = Git::at(root).text(&["ls-files", "--stage", "--", ".jit/config.toml"]).map_err(Error::from)?;
    let is_this = said.split(' ').nth(1) == Some(tree::blob_id(&layout.repo, &now)?.to_string().as_str());
    Ok(match &made.before {
        _ if is_this => ConfigOutcome::Kept("it is staged or committed"),
        Some(_) => ConfigOutcome::Restored,
        None if !said.is_empty() => ConfigOutcome::Kept("it is staged or committed"),
        None if file::below(&data)?.len() > 1 => ConfigOutcome::Kept("there is more in .jit"),
        None => ConfigOutcome::Removed,
    })
}

fn settings(layout: &Layout, dry_run: bool) -> Result<Piece, Error> {
    const FILE: &str = ".jit/config.toml";
    let Some(made) = ConfigChange::read(layout)? else {
        return Ok(Piece::new("settings", PieceState::Absent, format!("changes that setup made to {FILE}")));
    };
    // Under the lock: nobody writes there meanwhile.
    let writer = if dry_run { None } else { Some(IssueStore::open(layout, false)?.lock()?) };
    let outcome = outcome(layout, &made)?;
    let step = match &outcome {
        ConfigOutcome::Restored => Piece::new("settings", gone(dry_run), format!("what setup changed in {FILE}")),
        ConfigOutcome::Removed => Piece::new("settings", gone(dry_run), FILE),
        ConfigOutcome::Kept(why) => Piece::new("settings", PieceState::Kept, format!("{FILE}: {why}")),
    };
    let Some(writer) = writer else { return Ok(step) };
    match (outcome, made.before) {
        (ConfigOutcome::Restored, Some(before)) => writer.write_data("config.toml", before.as_bytes())?,
        (ConfigOutcome::Removed, _) => {
            let data = Layout::data_dir(layout.require_worktree()?);
            let path = data.join("config.toml");
            std::fs::remove_file(&path).map_err(store::Error::io("remove", &path))?;
            for dir in [data.join("issues"), data] {
                let _ = std::fs::remove_dir(dir);
            }
        }
        _ => {}
    }
    ConfigChange::forget(layout)?;
    Ok(step)
}

fn worktree(layout: &Layout, dry_run: bool) -> Result<Piece, Error> {
    let leftovers = setup_record::leftovers(layout)?;
    if !leftovers.is_empty() {
        if !dry_run {
            setup_record::clear(layout, &leftovers)?;
        }
        let paths = leftovers.iter().map(|path| path.display().to_string());
        return Ok(Piece::new("worktree", gone(dry_run), "its id, and files without content").with(paths));
    }
    if file::below(&layout.shared_dir())?.is_empty() {
        return Ok(Piece::new("worktree", PieceState::Absent, "an id"));
    }
    let what = format!("{}: leases, events or other work", layout.shared_dir().display());
    Ok(Piece::new("worktree", PieceState::Kept, what))
}
