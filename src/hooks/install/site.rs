//! The directory that Git takes hooks from, and the state of each hook there.

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
    pub dir: PathBuf,
    /// Whether it is part of this worktree's files, so that others get it once it is committed.
    pub is_tracked: bool,
    /// The worktree's root, where managers have their configuration.
    pub(crate) root: PathBuf,
}

/// The state of a hook's path.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum HookSlot {
    /// No hook.
    Free,
    /// Our hook.
    Ours,
    /// Our hook, edited since.
    Edited,
    /// Another hook that runs ours.
    Served,
    /// A manager's hook that does not run ours yet.
    Managed(Manager),
    /// Another hook.
    Foreign,
}

impl HookSlot {
    /// Whether Git runs ours here.
    pub(crate) fn runs_ours(self) -> bool {
        matches!(self, Self::Ours | Self::Edited | Self::Served)
    }
}

impl Site {
    /// The hooks directory of this worktree.
    pub(crate) fn of(layout: &Layout) -> Result<Self> {
        let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
        Self::seen_from(here, &layout.common_dir)
    }

    /// The hooks directory of the worktree at `here`.
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

    /// The path of the hook that was there before ours, if it is kept.
    pub(crate) fn kept(&self, hook: &str) -> Option<PathBuf> {
        Some(shim::before(&self.hook(hook))).filter(|kept| kept.symlink_metadata().is_ok())
    }

    /// The state of `hook`, which runs `binary`.
    pub(crate) fn slot(&self, hook: &str, binary: &str) -> Result<HookSlot> {
        let path = self.hook(hook);
        Ok(match shim::writer(&path)? {
            HookAuthor::None => HookSlot::Free,
            HookAuthor::Us => HookSlot::Ours,
            HookAuthor::UsEdited => HookSlot::Edited,
            HookAuthor::Other => {
                let text = shim::text_of(&path)?;
                match manager::of(&self.dir, &text) {
                    _ if shim::calls(&text, binary) => HookSlot::Served,
                    Some(manager) if manager.runs_ours(&self.dir, &self.root, hook, binary)? => HookSlot::Served,
                    // They pass on only one of the pushed refs. So our hook runs before theirs, with all refs.
                    Some(Manager::PreCommit | Manager::Prek) if hook == "pre-push" => HookSlot::Foreign,
                    Some(manager) => HookSlot::Managed(manager),
                    None => HookSlot::Foreign,
                }
            }
        })
    }

    /// Each of our hooks with its binary and its state.
    pub(crate) fn slots(&self) -> Result<Vec<(&'static str, &'static str, HookSlot)>> {
        HOOKS.iter().map(|(hook, binary)| Ok((*hook, *binary, self.slot(hook, binary)?))).collect()
    }
}
