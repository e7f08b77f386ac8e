//! A hook that refuses nothing: after a merge it reports inconsistencies between the two branches.
//!
//! It is installed only if there is no post-merge hook. No hook is moved aside for it, and no manager is asked to run it.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::hooks::install::Result;
use crate::hooks::install::shim::{self, HookAuthor};
use crate::hooks::install::{Site, executable, find};
use crate::store::file;
use crate::store::layout::Layout;

/// Git's name for the hook.
pub(crate) const HOOK: &str = "post-merge";
/// The program that it runs.
const BINARY: &str = "git-jit";

/// Installs it if its place is free. Returns its path if it was written.
pub(crate) fn install(cx: &Context, layout: &Layout, site: &Site) -> Result<Option<PathBuf>> {
    let Some((path, text)) = due(cx, site)?.filter(|_| site.dir.is_dir()) else { return Ok(None) };
    file::replace(&path, text.as_bytes(), executable(layout.modes))?;
    Ok(Some(path))
}

/// The path and text that [`install`] would write; `None` if it is installed already or its place is taken.
pub(crate) fn due(cx: &Context, site: &Site) -> Result<Option<(PathBuf, String)>> {
    let path = site.hook(HOOK);
    let Some(program) = find(cx, BINARY) else { return Ok(None) };
    if !matches!(shim::writer(&path)?, HookAuthor::None | HookAuthor::Us) {
        return Ok(None);
    }
    let text = shim::advice(BINARY, &program);
    let is_installed = shim::text_of(&path)? == text && file::is_executable(&path);
    Ok(if is_installed { None } else { Some((path, text)) })
}

/// The path of the hook in this directory, if it is there unedited.
pub(crate) fn is_in(dir: &Path) -> Result<Option<PathBuf>> {
    let path = dir.join(HOOK);
    Ok(if shim::writer(&path)? == HookAuthor::Us { Some(path) } else { None })
}

/// Removes the hook from this directory if it is unedited. Returns its path.
pub(crate) fn uninstall(dir: &Path) -> Result<Option<PathBuf>> {
    let Some(path) = is_in(dir)? else { return Ok(None) };
    std::fs::remove_file(&path).map_err(crate::store::Error::io("remove", &path))?;
    Ok(Some(path))
}
