//! Installs the hooks where Git looks for them, and removes them again, to the byte.
//!
//! An existing hook is kept beside ours and runs first. A hook manager's files are not written; the user is shown what to add. Either
//! all hooks are installed or none.

pub(crate) mod canary;
pub(crate) mod config_hooks;
pub(crate) mod manager;
pub(crate) mod merge_driver;
mod obstacle;
mod post_merge;
pub(crate) mod quick_check;
mod shim;
pub(crate) mod site;

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::hooks::install::manager::Manager;
pub(crate) use crate::hooks::install::obstacle::{Error, Obstacle, Result};
use crate::hooks::install::shim::HookAuthor;
pub(crate) use crate::hooks::install::site::{HookSlot, Site};
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;

/// The installed hooks, each with the binary that it runs.
pub(crate) const HOOKS: [(&str, &str); 3] =
    [("pre-commit", "jit-pre-commit"), ("pre-merge-commit", "jit-pre-commit"), ("pre-push", "jit-pre-push")];

/// How Git finds the hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum InstallMode {
    /// Files in the directory that Git takes hooks from
    #[default]
    Files,
    /// Git's configuration, from Git 2.54 on
    Config,
}

/// The result of an installation.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Installed {
    /// The written hooks.
    pub written: Vec<PathBuf>,
    /// The paths at which existing hooks are kept.
    pub kept: Vec<PathBuf>,
    /// The hooks directory, if it is part of this worktree's files.
    pub tracked: Option<PathBuf>,
    /// Whether the merge driver was set up.
    pub driver: bool,
}

/// The result of a removal.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Uninstalled {
    /// The removed hooks.
    pub removed: Vec<PathBuf>,
    /// Whether the merge driver was removed.
    pub driver: bool,
}

/// Our hooks that Git would not run here.
pub(crate) fn missing(layout: &Layout) -> Vec<String> {
    let configured = config_hooks::in_force(layout).unwrap_or_default();
    let site = Site::of(layout);
    let is_there = |hook: &str, binary: &str| {
        let slot = site.as_ref().ok().and_then(|site| site.slot(hook, binary).ok());
        configured.contains(&hook) || slot.is_some_and(HookSlot::runs_ours)
    };
    HOOKS.iter().filter(|(hook, binary)| !is_there(hook, binary)).map(|(hook, _)| (*hook).to_owned()).collect()
}

/// Installs all hooks, or none, and the merge driver.
pub(crate) fn install(cx: &Context, layout: &Layout, mode: InstallMode) -> Result<Installed> {
    let mut installed = install_hooks(cx, layout, mode)?;
    if mode == InstallMode::Files {
        installed.written.extend(post_merge::install(cx, layout, &Site::of(layout)?)?);
    }
    Ok(Installed { driver: merge_driver::install(cx, layout)?, ..installed })
}

/// The files that an installation would write now; an obstacle if it would be refused.
pub(crate) fn due(cx: &Context, layout: &Layout) -> Result<Vec<PathBuf>> {
    let plan = plan(cx, layout)?;
    let site = Site::of(layout)?;
    let advice = post_merge::due(cx, &site)?.filter(|_| site.dir.is_dir() || !plan.texts.is_empty());
    Ok(plan.texts.into_iter().chain(advice).map(|(path, _)| path).collect())
}

/// What an installation does: the hooks that it moves aside and the hooks that it writes.
#[derive(Default)]
struct InstallPlan {
    aside: Vec<(PathBuf, PathBuf)>,
    texts: Vec<(PathBuf, String)>,
}

fn install_hooks(cx: &Context, layout: &Layout, mode: InstallMode) -> Result<Installed> {
    if mode == InstallMode::Files {
        let plan = plan(cx, layout)?;
        return write(&Site::of(layout)?, layout.modes, plan);
    }
    if layout.has_reftable() {
        return Err(Obstacle::Reftable.into());
    }
    let site = Site::of(layout)?;
    Ok(Installed { written: config_hooks::install(cx, layout, &site)?, ..Installed::default() })
}

fn plan(cx: &Context, layout: &Layout) -> Result<InstallPlan> {
    if layout.has_reftable() {
        return Err(Obstacle::Reftable.into());
    }
    if missing(layout).is_empty() && !config_hooks::in_force(layout)?.is_empty() {
        return Ok(InstallPlan::default());
    }
    let site = Site::of(layout)?;
    let slots = site.slots()?;
    let managed = |(hook, binary, slot): &(&'static str, &'static str, HookSlot)| match slot {
        HookSlot::Managed(manager) => Some((*manager, (*hook, *binary))),
        _ => None,
    };
    let all: Vec<(Manager, (&str, &str))> = slots.iter().filter_map(managed).collect();
    if let Some((manager, _)) = all.first() {
        let hooks = all.iter().map(|(_, hook)| *hook).collect();
        return Err(Obstacle::Managed { manager: *manager, hooks }.into());
    }
    let mut plan = InstallPlan::default();
    for (hook, binary, slot) in slots {
        let Some(program) = find(cx, binary) else { return Err(Obstacle::NoBinary { binary }.into()) };
        let path = site.hook(hook);
        match slot {
            HookSlot::Served | HookSlot::Managed(_) => continue,
            HookSlot::Free | HookSlot::Ours => {}
            HookSlot::Edited => return Err(Obstacle::Edited { path }.into()),
            HookSlot::Foreign => {
                let kept = shim::before(&path);
                if kept.symlink_metadata().is_ok() {
                    return Err(Obstacle::Taken { hook: path, kept }.into());
                }
                plan.aside.push((path.clone(), kept));
            }
        }
        let text = shim::text(hook, binary, &program);
        if shim::text_of(&path)? != text || !file::is_executable(&path) {
            plan.texts.push((path, text));
        }
    }
    Ok(plan)
}

/// Moves hooks aside and writes ours: all or nothing. A crash in between leaves a hook aside; that is reported, and the next call
/// completes or reverts it.
fn write(site: &Site, shared: Modes, plan: InstallPlan) -> Result<Installed> {
    let InstallPlan { aside, texts } = plan;
    let modes = executable(shared);
    file::make_dir(&site.dir, modes)?;
    let mut fresh = Vec::new();
    for (path, text) in texts {
        // Written completely before anything is moved, so that the rest cannot fail for lack of space.
        fresh.push((file::finish_beside(&path, text.as_bytes(), modes, false)?, path));
    }
    let mut installed = Installed { tracked: site.is_tracked.then(|| site.dir.clone()), ..Installed::default() };
    let done = aside.iter().try_for_each(|(hook, kept)| move_aside(hook, kept)).and_then(|()| {
        for (temporary, path) in fresh {
            temporary.replace()?;
            installed.written.push(path);
        }
        Ok(())
    });
    if let Err(error) = done {
        for (hook, kept) in aside {
            remove_name_link(&hook);
            if kept.symlink_metadata().is_ok() {
                let _ = std::fs::rename(&kept, &hook);
            }
        }
        return Err(error);
    }
    installed.kept = HOOKS.iter().filter_map(|(hook, _)| site.kept(hook)).collect();
    Ok(installed)
}

fn move_aside(hook: &Path, kept: &Path) -> Result<()> {
    if shim::goes_by_its_name(hook) {
        let named = shim::named(hook);
        let dir = named.parent().unwrap_or(Path::new("")).to_owned();
        std::fs::create_dir_all(&dir).map_err(crate::store::Error::io("create", &dir))?;
        let _ = std::fs::remove_file(&named);
        let target = Path::new("..").join(kept.file_name().unwrap_or_default());
        std::os::unix::fs::symlink(target, &named).map_err(crate::store::Error::io("link", &named))?;
    }
    Ok(std::fs::rename(hook, kept).map_err(crate::store::Error::io("move", hook))?)
}

/// Removes our hooks and the merge driver, and restores the hooks that were there before.
pub(crate) fn uninstall(layout: &Layout) -> Result<Uninstalled> {
    let removed = uninstall_hooks(layout)?;
    Ok(Uninstalled { removed, driver: merge_driver::uninstall(layout)? })
}

/// What [`uninstall`] would remove.
pub(crate) fn removable(layout: &Layout) -> Result<Uninstalled> {
    let (dirs, ours) = installed(layout)?;
    let mut removed: Vec<PathBuf> = config_hooks::in_force(layout)?.into_iter().map(PathBuf::from).collect();
    for dir in &dirs {
        removed.extend(post_merge::is_in(dir)?);
    }
    removed.extend(ours);
    Ok(Uninstalled { removed, driver: merge_driver::is_there(layout)? })
}

/// The directories that our hooks may be in, and the hooks there that are as we wrote them.
fn installed(layout: &Layout) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let configured = config_hooks::in_force(layout)?;
    let site = match Site::of(layout) {
        Ok(site) => Some(site),
        // Hooks by configuration do not depend on the hooks directory.
        Err(_) if !configured.is_empty() => None,
        Err(error) => return Err(error),
    };
    // Hooks in the default directory would run again if core.hooksPath were unset.
    let mut dirs: Vec<PathBuf> = site.into_iter().map(|site| site.dir).chain([layout.common_dir.join("hooks")]).collect();
    dirs.dedup();
    let mut ours = Vec::new();
    for hook in hooks_in(&dirs) {
        let mut legacy = hook.clone().into_os_string();
        legacy.push(shim::LEGACY);
        for path in [hook.clone(), legacy.into()] {
            match shim::writer(&path)? {
                HookAuthor::Us => ours.push(path),
                HookAuthor::UsEdited => return Err(Obstacle::Edited { path }.into()),
                HookAuthor::None | HookAuthor::Other => {}
            }
        }
    }
    Ok((dirs, ours))
}

fn hooks_in(dirs: &[PathBuf]) -> impl Iterator<Item = PathBuf> {
    dirs.iter().flat_map(|dir| HOOKS.iter().map(|(hook, _)| dir.join(hook)))
}

fn uninstall_hooks(layout: &Layout) -> Result<Vec<PathBuf>> {
    let (dirs, ours) = installed(layout)?;
    let mut removed = config_hooks::uninstall(layout)?;
    for dir in &dirs {
        removed.extend(post_merge::uninstall(dir)?);
    }
    for path in ours {
        std::fs::remove_file(&path).map_err(crate::store::Error::io("remove", &path))?;
        removed.push(path);
    }
    for hook in hooks_in(&dirs) {
        let kept = shim::before(&hook);
        if kept.symlink_metadata().is_ok() && hook.symlink_metadata().is_err() {
            std::fs::rename(&kept, &hook).map_err(crate::store::Error::io("restore", &hook))?;
            removed.extend((!removed.contains(&hook)).then(|| hook.clone()));
        }
        remove_name_link(&hook);
    }
    // An empty directory was created for our hooks: Git's own contains samples.
    if !removed.is_empty() {
        for dir in dirs {
            let _ = std::fs::remove_dir(dir);
        }
    }
    Ok(removed)
}

/// Removes the link that gives a kept hook its original name, and the directory once it is empty.
fn remove_name_link(hook: &Path) {
    let named = shim::named(hook);
    if named.is_symlink() {
        let _ = std::fs::remove_file(&named);
        let _ = named.parent().map(std::fs::remove_dir);
    }
}

/// The permissions of a hook: those that Git would give it, or those of a shared repository.
fn executable(shared: Modes) -> Modes {
    if shared.is_exact {
        Modes { file: shared.file | ((shared.file & 0o444) >> 2), ..shared }
    } else {
        Modes { file: 0o777, dir: 0o777, is_exact: false }
    }
}

/// The path of a binary: beside the running program, else on `PATH`.
fn find(cx: &Context, binary: &str) -> Option<PathBuf> {
    let program = cx.program.as_ref().and_then(|program| program.canonicalize().ok());
    let beside = program.as_deref().and_then(Path::parent).map(|dir| dir.join(binary));
    let on_path = cx.search_path.iter().flat_map(std::env::split_paths).map(|dir| dir.join(binary));
    beside.into_iter().chain(on_path).find(|path| path.is_file())
}
