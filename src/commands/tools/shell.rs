//! `git jit shell-init` and `git jit completions`: scripts for the shell function `wt`, which can change the directory, and for
//! completion.
//!
//! The scripts ask the program for candidates (`complete`) and show them. Candidates contain text from any source, so no script
//! lets its shell evaluate them.

mod complete;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::Session;
use crate::commands::shared::shell::Shell;
use crate::output::Report;
use crate::output::text::Styles;

pub(crate) use crate::commands::tools::shell::complete::{CompleteArgs, complete};

impl Shell {
    /// The function `wt`, and completion for it and for `git jit`.
    fn script(self) -> String {
        let function = match self {
            Self::Bash => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/wt.bash")),
            Self::Zsh => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/wt.zsh")),
            Self::Fish => include_str!("shell/function.fish"),
        };
        format!("{}\n{function}", self.completion())
    }

    /// Completion for `git jit` and `git-jit`.
    fn completion(self) -> &'static str {
        match self {
            Self::Bash => include_str!("shell/complete.bash"),
            Self::Zsh => include_str!("shell/complete.zsh"),
            Self::Fish => include_str!("shell/complete.fish"),
        }
    }

    /// `word` quoted for this shell.
    fn quoted(self, word: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("'{}'", word.replace('\'', "'\\''")),
            Self::Fish => format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

const AFTER: &str = "\
Add one of these lines to the startup file of your shell:
  ~/.bashrc                    eval \"$(git jit shell-init bash)\"
  ~/.zshrc, after compinit     eval \"$(git jit shell-init zsh)\"
  ~/.config/fish/config.fish   git jit shell-init fish | source";

// Arguments of `shell-init`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the function `wt` and the completion.
pub(crate) fn run(session: &Session, args: Args) -> Box<dyn Report> {
    let Args { shell } = args;
    let program = session.cx.program.as_ref().map_or("git-jit".to_owned(), |path| path.display().to_string());
    Box::new(ScriptReport { shell, script: shell.script().replace("@JIT@", &shell.quoted(&program)) })
}

const AFTER_COMPLETIONS: &str = "\
install.sh installs these where the shells find them. To install them by hand, for one user:
  bash    git jit completions bash > ~/.local/share/bash-completion/completions/git-jit
  zsh     git jit completions zsh > DIR/_git-jit, where DIR is in fpath
  fish    git jit completions fish > ~/.config/fish/completions/git-jit.fish";

// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER_COMPLETIONS)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Prints completion for `git jit`, which uses the program `git-jit` on the `PATH`.
pub(crate) fn completions(args: CompletionsArgs) -> Box<dyn Report> {
    let CompletionsArgs { shell } = args;
    Box::new(ScriptReport { shell, script: shell.completion().replace("@JIT@", "git-jit") })
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ScriptReport {
    shell: Shell,
    script: String,
}

impl Report for ScriptReport {
    fn human(&self, _: &Styles) -> String {
        self.script.clone()
    }

    fn quiet(&self) -> Option<String> {
        Some(self.script.trim_end().to_owned())
    }
}
