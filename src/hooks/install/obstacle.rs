//! The reasons why hooks cannot be installed or removed, each with the next steps.

#![deny(clippy::wildcard_enum_match_arm)]

use std::path::{Path, PathBuf};

use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::hooks::install::HOOKS;
use crate::hooks::install::manager::Manager;
use crate::hooks::install::shim;

/// Why work on installed hooks failed.
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
            error @ (crate::git::Error::Unreadable { .. } | crate::git::Error::Corrupt { .. }) => Self::Store(error.into()),
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

/// Why hooks cannot be installed or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    /// A manager owns the hooks.
    #[error("{} owns {} here, and does not run git jit yet", manager.name(), hooks.iter().map(|(hook, _)| *hook).collect::<Vec<_>>().join(", "))]
    Managed {
        manager: Manager,
        /// The hooks, each with the binary that serves it.
        hooks: Vec<(&'static str, &'static str)>,
    },
    /// The path at which the existing hook would be kept is taken.
    #[error("{} is in the way, and {} is there already", hook.display(), kept.display())]
    Taken { hook: PathBuf, kept: PathBuf },
    /// One of our hooks was edited.
    #[error("{} was created by git jit and has been edited since", path.display())]
    Edited { path: PathBuf },
    /// A hook in the directory would run after the configured one.
    #[error("{} would run after a hook by configuration, and could stage something", path.display())]
    Behind {
        path: PathBuf,
        /// Whether it is one of ours.
        is_ours: bool,
    },
    /// Git is too old for hooks by configuration.
    #[error("hooks by configuration need git 2.54, and this is {found}")]
    OldGit { found: String },
    /// Many repositories share one hooks directory.
    #[error("core.hooksPath is set for more than this repository ({scope}): {path}")]
    Shared {
        /// `global`, `system` or `command`.
        scope: String,
        path: String,
    },
    /// Each worktree would have its own hooks directory.
    #[error("core.hooksPath is '{path}', relative to each worktree, and only the primary one has that directory")]
    Relative {
        /// The setting.
        path: String,
        /// The path that works for all worktrees.
        absolute: PathBuf,
    },
    /// The format of the refs is not supported.
    #[error("this repository stores its refs as reftable, which git jit cannot read yet")]
    Reftable,
    /// A binary is missing.
    #[error("cannot find {binary}")]
    NoBinary { binary: &'static str },
}

impl Obstacle {
    /// The line that another hook needs to run ours.
    pub(crate) fn line_to_add(hook: &str) -> String {
        let binary = HOOKS.iter().find(|(name, _)| *name == hook).map_or("jit-pre-commit", |(_, binary)| binary);
        shim::stanza(hook, Path::new(binary))
    }
}

impl Diagnose for Obstacle {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new("hooks_blocked", ExitStatus::Refused).hints(self.next_steps())
    }
}

impl Obstacle {
    fn next_steps(&self) -> Vec<String> {
        match self {
            Self::Managed { manager, hooks } => {
                let mut lines = vec![format!("git jit does not write to the files of {}. Add this,", manager.name())];
                lines.extend(manager.stanza(hooks));
                lines.push("Then run git jit hooks install again".to_owned());
                lines
            }
            Self::Taken { hook, kept } => {
                let name = hook.file_name().unwrap_or_default().to_string_lossy();
                vec![
                    format!("Remove one of the two: {} is what git runs now", hook.display()),
                    format!("Or call ours at its end: {}", Self::line_to_add(&name)),
                    format!("Unless you created it, {} is from an earlier install", kept.display()),
                ]
            }
            Self::Behind { is_ours: true, .. } => {
                vec!["To use the configuration: git jit hooks uninstall, then git jit hooks install --mode config".to_owned()]
            }
            Self::Behind { is_ours: false, .. } => vec!["To use files for all of them: git jit hooks install".to_owned()],
            Self::OldGit { .. } => vec!["To use files: git jit hooks install".to_owned()],
            Self::Relative { absolute, .. } => {
                let absolute = absolute.display();
                vec![format!("To have one directory for all worktrees: git config --local core.hooksPath '{absolute}'")]
            }
            Self::Edited { path } => vec![format!("Remove {} by hand, if you do not need your changes", path.display())],
            Self::Shared { .. } => [
                "For this repository alone: git config --local core.hooksPath \"$(git rev-parse --path-format=absolute --git-common-dir)/hooks\"",
                "For all of them: call jit-pre-commit and jit-pre-push from the hooks there",
                "Or remove the setting: git config --global --unset core.hooksPath",
            ]
            .map(str::to_owned)
            .to_vec(),
            Self::Reftable => vec!["To use the other format: git refs migrate --ref-format=files".to_owned()],
            Self::NoBinary { binary } => vec![format!("To install it: put {binary} beside git-jit, or run install.sh again")],
        }
    }
}
