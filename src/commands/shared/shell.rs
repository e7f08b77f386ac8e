//! The shells that this program supports.

use schemars::JsonSchema;
use serde::Serialize;

/// A shell with a function `wt` and completion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

impl Shell {
    /// The shell at a path like `$SHELL`; Bash for any other path.
    pub(crate) fn of(path: Option<&str>) -> Self {
        match path.and_then(|path| path.rsplit('/').next()) {
            Some("zsh") => Self::Zsh,
            Some("fish") => Self::Fish,
            _ => Self::Bash,
        }
    }

    /// The line for the shell's startup file that defines `wt` and completion.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Bash => "eval \"$(git jit shell-init bash)\"",
            Self::Zsh => "eval \"$(git jit shell-init zsh)\"",
            Self::Fish => "git jit shell-init fish | source",
        }
    }
}
