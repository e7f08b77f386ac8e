//! Installs the hooks where Git really looks for them, and takes them away again, to the byte.
//!
//! A hook that stood there is kept beside ours and runs first. What a manager owns is left alone: its user is told what
//! to add. Nothing is written unless all of it can be.

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
use crate::exit::{Diagnose, Diagnosis};
use crate::hooks::install::manager::Manager;
pub(crate) use crate::hooks::install::obstacle::Obstacle;
use crate::hooks::install::shim::HookAuthor;
pub(crate) use crate::hooks::install::site::{HookSlot, Site};
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;

/// Why hooks could not be installed, removed or examined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    #[error(transparent)]
    Git(#[from] crate::git::run::Error),
    #[error(transparent)]
    Obstacle(#[from] Obstacle),
}

impl From<crate::git::Error> for Error {
    fn from(error: crate::git::Error) -> Self {
        match error {
            crate::git::Error::Run(error) => Self::Git(error),
            error => Self::Store(error.into()),
        }
    }
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Store(error) => error.diagnosis(),
            Self::Git(error) => error.diagnosis(),
            Self::Obstacle(obstacle) => obstacle.diagnosis(),
        }
    }
}

/// The result of work on installed hooks.
pub(crate) type Result<T> = std::result::Result<T, Error>;

/// The hooks that are installed, each with the binary that serves it.
pub(crate) const HOOKS: [(&str, &str); 3] =
    [("pre-commit", "jit-pre-commit"), ("pre-merge-commit", "jit-pre-commit"), ("pre-push", "jit-pre-push")];

/// How Git is told of the hooks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum InstallMode {
    /// Files in the directory that Git takes hooks from
    #[default]
    Files,
    /// Git's configuration, from Git 2.54 on
    Config,
}

/// What was done.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Installed {
    /// The hooks that were written.
    pub written: Vec<PathBuf>,
    /// The hooks that stood there, where they are kept.
    pub kept: Vec<PathBuf>,
    /// The directory, where it is a part of this worktree's files.
    pub tracked: Option<PathBuf>,
    /// Whether the merge driver was set up too.
    pub driver: bool,
}

/// What was taken away.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Uninstalled {
    /// The hooks that are gone.
    pub removed: Vec<PathBuf>,
    /// Whether the merge driver is gone too.
    pub driver: bool,
}

/// The hooks of ours that Git would not run here.
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

/// The files that installing would write, by what stands there now; an obstacle where it would be refused.
pub(crate) fn due(cx: &Context, layout: &Layout) -> Result<Vec<PathBuf>> {
    let plan = plan(cx, layout)?;
    let site = Site::of(layout)?;
    let advice = post_merge::due(cx, &site)?.filter(|_| site.dir.is_dir() || !plan.texts.is_empty());
    Ok(plan.texts.into_iter().chain(advice).map(|(path, _)| path).collect())
}

/// What installing comes to: hooks that have to make room, and hooks to be written.
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

/// Makes room and writes the hooks: all of it or nothing. A crash in between leaves a hook put aside, which is told, and which the
/// next call finishes or takes back.
fn write(site: &Site, shared: Modes, plan: InstallPlan) -> Result<Installed> {
    let InstallPlan { aside, texts } = plan;
    let modes = executable(shared);
    file::make_dir(&site.dir, modes)?;
    let mut fresh = Vec::new();
    for (path, text) in texts {
        // Written whole before anything is moved: what is left to do cannot fail for want of room.
        fresh.push((file::finish_beside(&path, text.as_bytes(), modes, false)?, path));
    }
    let mut installed = Installed { tracked: site.is_tracked.then(|| site.dir.clone()), ..Installed::default() };
    let done = aside.iter().try_for_each(|(hook, kept)| put_aside(hook, kept)).and_then(|()| {
        for (temporary, path) in fresh {
            temporary.replace()?;
            installed.written.push(path);
        }
        Ok(())
    });
    if let Err(error) = done {
        for (hook, kept) in aside {
            forget_name(&hook);
            if kept.symlink_metadata().is_ok() {
                let _ = std::fs::rename(&kept, &hook);
            }
        }
        return Err(error);
    }
    installed.kept = HOOKS.iter().filter_map(|(hook, _)| site.kept(hook)).collect();
    Ok(installed)
}

fn put_aside(hook: &Path, kept: &Path) -> Result<()> {
    if shim::goes_by_its_name(hook) {
        let named = shim::named(hook);
        let dir = named.parent().unwrap_or(Path::new("")).to_owned();
        std::fs::create_dir_all(&dir).map_err(crate::store::Error::io("make", &dir))?;
        let _ = std::fs::remove_file(&named);
        let target = Path::new("..").join(kept.file_name().unwrap_or_default());
        std::os::unix::fs::symlink(target, &named).map_err(crate::store::Error::io("link", &named))?;
    }
    Ok(std::fs::rename(hook, kept).map_err(crate::store::Error::io("put aside", hook))?)
}

/// Removes our hooks, and puts back what stood there before; and the merge driver.
pub(crate) fn uninstall(layout: &Layout) -> Result<Uninstalled> {
    let removed = uninstall_hooks(layout)?;
    Ok(Uninstalled { removed, driver: merge_driver::uninstall(layout)? })
}

/// The hooks of ours that uninstalling would take away, and whether the merge driver too.
pub(crate) fn removable(layout: &Layout) -> Result<Uninstalled> {
    let (dirs, ours) = installed(layout)?;
    let mut removed: Vec<PathBuf> = config_hooks::in_force(layout)?.into_iter().map(PathBuf::from).collect();
    for dir in &dirs {
        removed.extend(post_merge::is_in(dir)?);
    }
    removed.extend(ours);
    Ok(Uninstalled { removed, driver: merge_driver::is_there(layout)? })
}

/// The folders that hooks of ours may be in, and those that are as we wrote them.
fn installed(layout: &Layout) -> Result<(Vec<PathBuf>, Vec<PathBuf>)> {
    let configured = config_hooks::in_force(layout)?;
    let site = match Site::of(layout) {
        Ok(site) => Some(site),
        // Hooks by configuration do not mind where hooks would be.
        Err(_) if !configured.is_empty() => None,
        Err(error) => return Err(error),
    };
    // Where they were before the setting was changed, they would come to life when it is changed back.
    let mut dirs: Vec<PathBuf> = site.into_iter().map(|site| site.dir).chain([layout.common_dir.join("hooks")]).collect();
    dirs.dedup();
    let mut ours = Vec::new();
    for hook in hooks_in(&dirs) {
        let mut legacy = hook.clone().into_os_string();
        legacy.push(shim::LEGACY);
        for path in [hook.clone(), legacy.into()] {
            match shim::writer(&path)? {
                HookAuthor::We => ours.push(path),
                HookAuthor::WeAndSomebody => return Err(Obstacle::Edited { path }.into()),
                HookAuthor::Nobody | HookAuthor::Somebody => {}
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
            std::fs::rename(&kept, &hook).map_err(crate::store::Error::io("put back", &hook))?;
            removed.extend((!removed.contains(&hook)).then(|| hook.clone()));
        }
        forget_name(&hook);
    }
    // A folder that is left empty was made for them: Git's own has its samples.
    if !removed.is_empty() {
        for dir in dirs {
            let _ = std::fs::remove_dir(dir);
        }
    }
    Ok(removed)
}

/// Takes away the link that gave a kept hook its name, and the folder once it is empty.
fn forget_name(hook: &Path) {
    let named = shim::named(hook);
    if named.is_symlink() {
        let _ = std::fs::remove_file(&named);
        let _ = named.parent().map(std::fs::remove_dir);
    }
}

/// The permissions of a hook: what Git would give it, or what the repository is shared with.
fn executable(shared: Modes) -> Modes {
    if shared.is_exact {
        Modes { file: shared.file | ((shared.file & 0o444) >> 2), ..shared }
    } else {
        Modes { file: 0o777, dir: 0o777, is_exact: false }
    }
}

/// The binary beside the program that runs, else on `PATH`.
fn find(cx: &Context, binary: &str) -> Option<PathBuf> {
    let program = cx.program.as_ref().and_then(|program| program.canonicalize().ok());
    let beside = program.as_deref().and_then(Path::parent).map(|dir| dir.join(binary));
    let on_path = cx.search_path.iter().flat_map(std::env::split_paths).map(|dir| dir.join(binary));
    beside.into_iter().chain(on_path).find(|path| path.is_file())
}
