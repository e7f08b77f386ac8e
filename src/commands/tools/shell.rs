//! `git jit shell-init` and `git jit completions`: what a shell needs for the function `wt`, which can change the directory, and
//! for completion.
//!
//! The scripts know nothing: they ask the program itself what a word could be (`complete`), and show that. What it says is text from
//! anywhere, so no script lets its shell read it again: nothing of it is executed.

mod complete;

use serde_json::{Value, json};

use crate::commands::shared::session::Session;
use crate::commands::shared::shell::Shell;
use crate::output::Report;
use crate::output::text::Styles;

pub(crate) use crate::commands::tools::shell::complete::{CompleteArgs, complete};

impl Shell {
    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    /// The function, and completion for it and for `git jit`.
    fn script(self) -> String {
        let function = match self {
            Self::Bash => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/wt.bash")),
            Self::Zsh => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/wt.zsh")),
            Self::Fish => include_str!("shell/function.fish"),
        };
        format!("{}\n{function}", self.completion())
    }

    /// Completion for `git jit` and `git-jit` alone.
    fn completion(self) -> &'static str {
        match self {
            Self::Bash => include_str!("shell/complete.bash"),
            Self::Zsh => include_str!("shell/complete.zsh"),
            Self::Fish => include_str!("shell/complete.fish"),
        }
    }

    /// A word that this shell takes as it is.
    fn quoted(self, word: &str) -> String {
        match self {
            Self::Bash | Self::Zsh => format!("'{}'", word.replace('\'', "'\\''")),
            Self::Fish => format!("'{}'", word.replace('\\', "\\\\").replace('\'', "\\'")),
        }
    }
}

const AFTER: &str = "\
Put one of these into the file that your shell reads when it starts:
  ~/.bashrc                    eval \"$(git jit shell-init bash)\"
  ~/.zshrc, behind compinit    eval \"$(git jit shell-init zsh)\"
  ~/.config/fish/config.fish   git jit shell-init fish | source";

// Arguments of `shell-init`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// The shell
    shell: Shell,
}

/// Prints the function and its completion.
pub(crate) fn run(session: &Session, args: Args) -> Box<dyn Report> {
    let Args { shell } = args;
    let program = session.cx.program.as_ref().map_or("git-jit".to_owned(), |path| path.display().to_string());
    Box::new(Script { shell, text: shell.script().replace("@JIT@", &shell.quoted(&program)) })
}

const AFTER_COMPLETIONS: &str = "\
install.sh puts these where the shells find them by themselves. By hand, for one user:
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

/// Prints completion for `git jit`, by whichever program of that name is on `PATH` then.
pub(crate) fn completions(args: CompletionsArgs) -> Box<dyn Report> {
    let CompletionsArgs { shell } = args;
    Box::new(Script { shell, text: shell.completion().replace("@JIT@", "git-jit") })
}

struct Script {
    shell: Shell,
    text: String,
}

impl Report for Script {
    fn json(&self) -> Value {
        json!({ "shell": self.shell.name(), "script": self.text })
    }

    fn human(&self, _: &Styles) -> String {
        self.text.clone()
    }

    fn quiet(&self) -> Option<String> {
        Some(self.text.trim_end().to_owned())
    }
}
