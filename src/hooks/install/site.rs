//! Where Git looks for hooks here, and what stands there.

use std::path::{Path, PathBuf};

use crate::git::run::Git;
use crate::hooks::install::Result;
use crate::hooks::install::manager::{self, Manager};
use crate::hooks::install::shim::{self, HookAuthor};
use crate::hooks::install::{HOOKS, Obstacle};
use crate::store::layout::Layout;

/// The directory that Git takes hooks from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Site {
    /// The directory.
    pub dir: PathBuf,
    /// Whether it is a part of this worktree's own files: others have it once it is committed.
    pub is_tracked: bool,
    /// The root that managers have their configuration in.
    pub(crate) root: PathBuf,
}

/// What stands in a hook's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookSlot {
    /// Nothing.
    Free,
    /// Our hook, as it was written.
    Ours,
    /// Our hook, edited since.
    Edited,
    /// Somebody else's hook that runs ours.
    Served,
    /// A manager's hook that does not run ours yet.
    Managed(Manager),
    /// Somebody else's hook.
    Foreign,
}

impl HookSlot {
    /// Whether Git runs ours here.
    pub(crate) fn runs_ours(self) -> bool {
        matches!(self, Self::Ours | Self::Edited | Self::Served)
    }
}

impl Site {
    /// The directory that Git uses in this worktree.
    pub(crate) fn of(layout: &Layout) -> Result<Self> {
        let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
        Self::seen_from(here, &layout.common_dir)
    }

    /// The directory that Git uses in the worktree at `here`.
    pub(crate) fn seen_from(here: &Path, common_dir: &Path) -> Result<Self> {
        let git = Git::at(here);
        let scoped = git.output(&["config", "--show-scope", "--get", "core.hooksPath"])?;
        let scoped = String::from_utf8_lossy(&scoped.stdout).trim_end_matches('\n').to_owned();
        if let Some((scope, path)) = scoped.split_once('\t') {
            if !matches!(scope, "local" | "worktree") {
                return Err(Obstacle::Shared { scope: scope.to_owned(), path: path.to_owned() }.into());
            }
            if Path::new(path).components().next().is_some_and(|first| first.as_os_str() == ".git") {
                return Err(Obstacle::Relative { path: path.to_owned(), absolute: common_dir.join("hooks") }.into());
            }
        }
        let dir = here.join(git.text(&["rev-parse", "--git-path", "hooks"])?);
        let is_tracked = !scoped.is_empty() && dir.starts_with(here) && !dir.starts_with(common_dir);
        Ok(Self { dir, is_tracked, root: here.to_owned() })
    }

    /// The path of a hook.
    pub(crate) fn hook(&self, hook: &str) -> PathBuf {
        self.dir.join(hook)
    }

    /// Where the hook is that stood there before ours, if it is kept.
    pub(crate) fn kept(&self, hook: &str) -> Option<PathBuf> {
        Some(shim::before(&self.hook(hook))).filter(|kept| kept.symlink_metadata().is_ok())
    }

    /// What stands in the place of `hook`, which `binary` would serve.
    pub(crate) fn slot(&self, hook: &str, binary: &str) -> Result<HookSlot> {
        let path = self.hook(hook);
        Ok(match shim::writer(&path)? {
            HookAuthor::Nobody => HookSlot::Free,
            HookAuthor::We => HookSlot::Ours,
            HookAuthor::WeAndSomebody => HookSlot::Edited,
            HookAuthor::Somebody => {
                let text = shim::text_of(&path)?;
                match manager::of(&self.dir, &text) {
                    _ if shim::calls(&text, binary) => HookSlot::Served,
                    Some(manager) if manager.runs_ours(&self.dir, &self.root, hook, binary)? => HookSlot::Served,
                    // They hand on one of the refs that are pushed: ours runs before theirs, with all of them.
                    Some(Manager::PreCommit | Manager::Prek) if hook == "pre-push" => HookSlot::Foreign,
                    Some(manager) => HookSlot::Managed(manager),
                    None => HookSlot::Foreign,
                }
            }
        })
    }

    /// Every hook of ours with what stands in its place.
    pub(crate) fn slots(&self) -> Result<Vec<(&'static str, &'static str, HookSlot)>> {
        HOOKS.iter().map(|(hook, binary)| Ok((*hook, *binary, self.slot(hook, binary)?))).collect()
    }
}
