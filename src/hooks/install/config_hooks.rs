//! Hooks by configuration, supported by Git from 2.54 on: `hook.<name>.event` and `.command`.
//!
//! Such a hook runs before the one in the hooks directory, which could stage something afterwards. So it is installed only if that
//! directory has none. The command is the same shell script, stored beside the leases.

use std::path::PathBuf;

use crate::context::Context;
use crate::git::run::Git;
use crate::hooks::install::Result;
use crate::hooks::install::shim;
use crate::hooks::install::{HOOKS, HookSlot, Obstacle, Site, find};
use crate::store::file;
use crate::store::layout::Layout;

/// The first version of Git that supports them.
const SINCE: (u32, u32) = (2, 54);

fn section(hook: &str) -> String {
    format!("hook.git-jit-{hook}")
}

fn command_file(layout: &Layout, hook: &str) -> PathBuf {
    layout.shared_dir().join("hooks").join(hook)
}

/// Git's version as it reports it, and whether it supports hooks by configuration.
fn version(git: &Git) -> Result<(String, bool)> {
    let text = git.text(&["version"])?;
    let number = text.strip_prefix("git version ").unwrap_or(&text).to_owned();
    let mut parts = number.split('.').map_while(|part| part.parse::<u32>().ok());
    let found = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
    Ok((number, found >= SINCE))
}

/// Our hooks that are in force by configuration.
pub(crate) fn in_force(layout: &Layout) -> Result<Vec<&'static str>> {
    let git = Git::at(&layout.common_dir);
    let mut found = Vec::new();
    for (hook, _) in HOOKS {
        let event = git.output(&["config", "--local", "--get", &format!("{}.event", section(hook))])?;
        if event.stdout.trim_ascii() == hook.as_bytes() && command_file(layout, hook).is_file() {
            found.push(hook);
        }
    }
    Ok(if found.is_empty() || !version(&git)?.1 { Vec::new() } else { found })
}

/// Configures all hooks. Returns those that changed.
pub(crate) fn install(cx: &Context, layout: &Layout, site: &Site) -> Result<Vec<PathBuf>> {
    let git = Git::at(&layout.common_dir);
    let (found, is_enough) = version(&git)?;
    if !is_enough {
        return Err(Obstacle::OldGit { found }.into());
    }
    for (hook, _, slot) in site.slots()? {
        if slot != HookSlot::Free {
            return Err(Obstacle::Behind { path: site.hook(hook), is_ours: slot == HookSlot::Ours }.into());
        }
    }
    let modes = crate::hooks::install::executable(layout.modes);
    let mut written = Vec::new();
    for (hook, binary) in HOOKS {
        let Some(program) = find(cx, binary) else { return Err(Obstacle::NoBinary { binary }.into()) };
        let path = command_file(layout, hook);
        file::make_dir(&layout.shared_dir().join("hooks"), layout.modes)?;
        let text = shim::text(hook, binary, &program);
        let is_new = file::read_optional(&path)?.as_deref() != Some(text.as_bytes());
        if is_new {
            file::replace(&path, text.as_bytes(), modes)?;
        }
        let section = section(hook);
        let quoted = shim::quoted(&path);
        let is = |key: &str, value: &str| -> Result<bool> {
            let output = git.output(&["config", "--local", "--get", &format!("{section}.{key}")])?;
            Ok(output.stdout.trim_ascii() == value.as_bytes())
        };
        let mut changed = is_new;
        for (key, value) in [("event", hook), ("command", quoted.as_str())] {
            if !is(key, value)? {
                git.run(&["config", "--local", &format!("{section}.{key}"), value])?;
                changed = true;
            }
        }
        if changed {
            written.push(path);
        }
    }
    Ok(written)
}

/// Removes the configuration. Returns the removed files.
pub(crate) fn uninstall(layout: &Layout) -> Result<Vec<PathBuf>> {
    let git = Git::at(&layout.common_dir);
    let mut removed = Vec::new();
    for (hook, _) in HOOKS {
        let path = command_file(layout, hook);
        let had_section = git.output(&["config", "--local", "--remove-section", &section(hook)])?.status.success();
        let had_file = std::fs::remove_file(&path).is_ok();
        if had_section || had_file {
            removed.push(path);
        }
    }
    let _ = std::fs::remove_dir(layout.shared_dir().join("hooks"));
    Ok(removed)
}
