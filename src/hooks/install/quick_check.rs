//! A fast in-process check of the hooks. It can prove that they are there; [`super::missing`] proves that they are not.

use crate::hooks::install::HOOKS;
use crate::hooks::install::shim;
use crate::store::file;
use crate::store::layout::Layout;

/// Whether every hook in the configured hooks directory runs ours.
pub(crate) fn sees_all(layout: &Layout) -> bool {
    let config = layout.repo.config_snapshot();
    let root = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let dir = match config.trusted_path("core.hooksPath") {
        Ok(None) => layout.common_dir.join("hooks"),
        Ok(Some(path)) => root.join(path),
        Err(_) => return false,
    };
    HOOKS.iter().all(|(hook, binary)| {
        let path = dir.join(hook);
        let runs_ours = || shim::text_of(&path).is_ok_and(|text| shim::calls(&text, binary)) && file::is_executable(&path);
        config.string(format!("hook.git-jit-{hook}.event").as_str()).is_some() || runs_ours()
    })
}
