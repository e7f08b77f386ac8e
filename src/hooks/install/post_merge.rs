//! A hook that refuses nothing: after a merge it tells what two branches have made between them.
//!
//! It is put where nothing stands, and nowhere else: nobody's hook is moved aside for advice, and no manager is asked to run it.

use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::hooks::install::Result;
use crate::hooks::install::shim::{self, HookAuthor};
use crate::hooks::install::{Site, executable, find};
use crate::store::file;
use crate::store::layout::Layout;

/// What Git calls it.
pub(crate) const HOOK: &str = "post-merge";
/// The program that it runs.
const BINARY: &str = "git-jit";

/// Writes it, where there is room for it: its path, if it was not so before.
pub(crate) fn install(cx: &Context, layout: &Layout, site: &Site) -> Result<Option<PathBuf>> {
    let Some((path, text)) = due(cx, site)?.filter(|_| site.dir.is_dir()) else { return Ok(None) };
    file::replace(&path, text.as_bytes(), executable(layout.modes))?;
    Ok(Some(path))
}

/// What would be written, and where; nothing if it is so already, or there is no room.
pub(crate) fn due(cx: &Context, site: &Site) -> Result<Option<(PathBuf, String)>> {
    let path = site.hook(HOOK);
    let Some(program) = find(cx, BINARY) else { return Ok(None) };
    if !matches!(shim::writer(&path)?, HookAuthor::Nobody | HookAuthor::We) {
        return Ok(None);
    }
    let text = shim::advice(BINARY, &program);
    let is_so = shim::text_of(&path)? == text && file::is_executable(&path);
    Ok(if is_so { None } else { Some((path, text)) })
}

/// Whether it stands in this folder, as it was written.
pub(crate) fn is_in(dir: &Path) -> Result<Option<PathBuf>> {
    let path = dir.join(HOOK);
    Ok(if shim::writer(&path)? == HookAuthor::We { Some(path) } else { None })
}

/// Takes it away from this folder, if it is as it was written: its path, if it was there.
pub(crate) fn uninstall(dir: &Path) -> Result<Option<PathBuf>> {
    let Some(path) = is_in(dir)? else { return Ok(None) };
    std::fs::remove_file(&path).map_err(crate::store::Error::io("remove", &path))?;
    Ok(Some(path))
}
