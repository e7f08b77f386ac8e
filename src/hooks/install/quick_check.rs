//! A glance at the hooks: in-process, and enough to say that they are there. That they are not is for [`super::missing`] to say.

use crate::hooks::install::HOOKS;
use crate::hooks::install::shim;
use crate::store::file;
use crate::store::layout::Layout;

/// Whether every hook is seen to run ours, where Git's configuration says that hooks are.
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
