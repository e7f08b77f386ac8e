//! `git jit setup --remove`: the steps backwards, and what each leaves where it is, with the reason.

use crate::commands::setup::agents;
use crate::commands::setup::{State, Step};
use crate::commands::shared::session::Session;
use crate::error::Error;
use crate::git::run::Git;
use crate::git::tree;
use crate::hooks::install::{self, Uninstalled};
use crate::store;
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::setup_record::{self, Made};

/// All of them, the last one first; with `dry_run` nothing is touched.
pub(crate) fn all(session: &Session, dry_run: bool) -> Result<Vec<Step>, Error> {
    let layout = session.layout()?;
    Ok(vec![
        Step::of("hooks", hooks(layout, dry_run)),
        Step::of("agent_files", agent_files(layout, dry_run)),
        Step::of("settings", settings(layout, dry_run)),
        Step::of("worktree", worktree(layout, dry_run)),
    ])
}

fn gone(dry_run: bool) -> State {
    if dry_run { State::Due } else { State::Removed }
}

fn hooks(layout: &Layout, dry_run: bool) -> Result<Step, Error> {
    let found = install::removable(layout)?;
    if found.removed.is_empty() && !found.driver {
        return Ok(Step::new("hooks", State::Absent, "hooks and merge driver"));
    }
    let Uninstalled { removed, .. } = if dry_run { found } else { install::uninstall(layout)? };
    let paths = removed.iter().map(|path| path.display().to_string());
    Ok(Step::new("hooks", gone(dry_run), "the hooks and the merge driver of this clone").with(paths))
}

/// What Git would commit of these files is the repository's by now; what stands in them besides came from here.
fn agent_files(layout: &Layout, dry_run: bool) -> Result<Step, Error> {
    let root = layout.require_worktree()?;
    let staged = |path: &str| -> Result<Option<Vec<u8>>, Error> {
        let found = Git::at(root).output(&["cat-file", "blob", &format!(":{path}")])?;
        Ok(found.status.success().then_some(found.stdout))
    };
    let (taken, kept) = agents::take_back(root, staged, dry_run)?;
    Ok(match (taken.is_empty(), kept.is_empty()) {
        (true, true) => Step::new("agent_files", State::Absent, "a word for agents"),
        (true, false) => {
            Step::new("agent_files", State::Kept, "they are staged, committed or edited: git jit agents install --remove")
                .with(kept)
        }
        (false, _) => Step::new("agent_files", gone(dry_run), "what agents are told here").with(taken),
    })
}

/// What is to become of `config.toml`.
enum Fate {
    Restored,
    Removed,
    Kept(&'static str),
}

fn fate(layout: &Layout, made: &Made) -> Result<Fate, Error> {
    let root = layout.require_worktree()?;
    let data = Layout::data_dir(root);
    let Some(now) = file::read_optional(&data.join("config.toml"))? else {
        return Ok(Fate::Kept("it is gone already"));
    };
    if now != made.after.as_bytes() {
        return Ok(Fate::Kept("it was edited since"));
    }
    let said = Git::at(root).text(&["ls-files", "--stage", "--", ".jit/config.toml"]).map_err(Error::from)?;
    let is_this = said.split(' ').nth(1) == Some(tree::blob_id(&layout.repo, &now)?.to_string().as_str());
    Ok(match &made.before {
        _ if is_this => Fate::Kept("it is staged or committed"),
        Some(_) => Fate::Restored,
        None if !said.is_empty() => Fate::Kept("it is staged or committed"),
        None if file::below(&data)?.len() > 1 => Fate::Kept("there is more in .jit"),
        None => Fate::Removed,
    })
}

fn settings(layout: &Layout, dry_run: bool) -> Result<Step, Error> {
    const FILE: &str = ".jit/config.toml";
    let Some(made) = Made::read(layout)? else {
        return Ok(Step::new("settings", State::Absent, format!("changes that setup made to {FILE}")));
    };
    // Under the lock: nobody writes there meanwhile.
    let writer = if dry_run { None } else { Some(IssueStore::open(layout, false)?.lock()?) };
    let fate = fate(layout, &made)?;
    let step = match &fate {
        Fate::Restored => Step::new("settings", gone(dry_run), format!("what setup changed in {FILE}")),
        Fate::Removed => Step::new("settings", gone(dry_run), FILE),
        Fate::Kept(why) => Step::new("settings", State::Kept, format!("{FILE}: {why}")),
    };
    let Some(writer) = writer else { return Ok(step) };
    match (fate, made.before) {
        (Fate::Restored, Some(before)) => writer.write_data("config.toml", before.as_bytes())?,
        (Fate::Removed, _) => {
            let data = Layout::data_dir(layout.require_worktree()?);
            let path = data.join("config.toml");
            std::fs::remove_file(&path).map_err(store::Error::io("remove", &path))?;
            for dir in [data.join("issues"), data] {
                let _ = std::fs::remove_dir(dir);
            }
        }
        _ => {}
    }
    Made::forget(layout)?;
    Ok(step)
}

fn worktree(layout: &Layout, dry_run: bool) -> Result<Step, Error> {
    let leftovers = setup_record::leftovers(layout)?;
    if !leftovers.is_empty() {
        if !dry_run {
            setup_record::clear(layout, &leftovers)?;
        }
        let paths = leftovers.iter().map(|path| path.display().to_string());
        return Ok(Step::new("worktree", gone(dry_run), "its id, and files without content").with(paths));
    }
    if file::below(&layout.shared_dir())?.is_empty() {
        return Ok(Step::new("worktree", State::Absent, "an id"));
    }
    let what = format!("{}: leases, events or other work", layout.shared_dir().display());
    Ok(Step::new("worktree", State::Kept, what))
}
