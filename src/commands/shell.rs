//! `git jit shell-init`: the shell function `wt`, which can change the directory, and completion for it.

use std::ffi::OsString;

use clap::CommandFactory;
use clap_complete::engine::{ArgValueCandidates, CompletionCandidate, complete as candidates};
use serde_json::{Value, json};

use super::{Session, issues as issues_of};
use crate::cli::Cli;
use crate::context::Context;
use crate::output::Report;
use crate::output::human::{Styles, plain_line};
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::name;

/// How many issues are offered.
const MOST: usize = 200;

/// A shell that there is a function for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Shell {
    /// GNU Bash.
    Bash,
    /// Z shell.
    Zsh,
    /// fish.
    Fish,
}

impl Shell {
    /// The one that a path names; bash where it names none of them.
    pub(crate) fn of(path: Option<&str>) -> Self {
        match path.and_then(|path| path.rsplit('/').next()) {
            Some("zsh") => Self::Zsh,
            Some("fish") => Self::Fish,
            _ => Self::Bash,
        }
    }

    /// What to put into the file that the shell reads when it starts.
    pub(crate) fn line(self) -> &'static str {
        match self {
            Self::Bash => "eval \"$(git jit shell-init bash)\"",
            Self::Zsh => "eval \"$(git jit shell-init zsh)\"",
            Self::Fish => "git jit shell-init fish | source",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Bash => "bash",
            Self::Zsh => "zsh",
            Self::Fish => "fish",
        }
    }

    fn script(self) -> &'static str {
        match self {
            Self::Bash => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/complete.bash")),
            Self::Zsh => concat!(include_str!("shell/function.sh"), "\n", include_str!("shell/complete.zsh")),
            Self::Fish => include_str!("shell/function.fish"),
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

// Arguments of `complete`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompleteArgs {
    /// The words of the line up to the cursor; the last one is what is completed.
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Answers with what the last word could be, one a line, with a tab and a few words of explanation.
pub(crate) fn complete(session: &Session, args: CompleteArgs) -> Box<dyn Report> {
    let CompleteArgs { mut words } = args;
    if words.first().is_some_and(|word| word == "wt") {
        words.splice(..1, ["git-jit", "worktree"].map(OsString::from));
    }
    let last = words.len().saturating_sub(1);
    let wants_options = words.last().is_some_and(|word| word.as_encoded_bytes().starts_with(b"-"));
    let found = candidates(&mut Cli::command(), words, last, Some(&session.cx.cwd)).unwrap_or_default();
    let one = |candidate: &CompletionCandidate| {
        let value = candidate.get_value().to_string_lossy().into_owned();
        (value, candidate.get_help().map(|help| plain_line(&help.to_string())).unwrap_or_default())
    };
    let shown = found.iter().filter(|candidate| !candidate.is_hide_set()).map(one);
    let (options, names): (Vec<_>, Vec<_>) =
        shown.filter(|(value, _)| !value.contains(['\n', '\t'])).partition(|(value, _)| value.starts_with('-'));
    // Options come where a hyphen was typed, or where nothing else can stand.
    Box::new(Candidates(if wants_options || names.is_empty() { options } else { names }))
}

struct Candidates(Vec<(String, String)>);

impl Report for Candidates {
    fn json(&self) -> Value {
        let one = |(value, help): &(String, String)| json!({ "value": value, "help": help });
        json!({ "count": self.0.len(), "candidates": self.0.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, _: &Styles) -> String {
        self.0.iter().map(|(value, help)| format!("{value}\t{help}\n")).collect()
    }
}

/// What an argument can be that names an issue to work on: those that are not closed.
pub(crate) fn issues() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|_, store| {
            let listing = store.survey().ok()?;
            let open = listing.issues.into_iter().map(|(summary, _)| summary).filter(|summary| !summary.state.is_closed());
            Some(open.take(MOST).map(|summary| candidate(summary.id.short(), &summary.title)).collect())
        })
    })
}

/// What an argument can be that names a worktree: the number of its issue, or its branch.
pub(crate) fn worktrees() -> ArgValueCandidates {
    ArgValueCandidates::new(|| {
        with_store(|layout, store| {
            let one = |worktree: worktrees::Worktree| {
                if worktree.is_primary {
                    return Some(candidate("main".to_owned(), "the primary worktree"));
                }
                let issue = worktree.identity.as_ref().and_then(|identity| identity.issue_id);
                let document = issue.and_then(|id| store.load(id, store.locate(id).ok()??).ok());
                let branch = worktree.branch.clone();
                let by_name = || branch.as_deref().and_then(name::number).map(str::to_owned);
                let number = document.as_ref().map(|document| name::number_of(document.issue())).or_else(by_name);
                let title = document.map(|document| document.issue().title.clone()).or_else(|| branch.clone());
                Some(candidate(number.or(branch)?, &title.unwrap_or_default()))
            };
            Some(worktrees::list(layout).ok()?.into_iter().filter_map(one).collect())
        })
    })
}

fn candidate(value: String, help: &str) -> CompletionCandidate {
    CompletionCandidate::new(value).help(Some(plain_line(help).into()))
}

/// Completion says nothing where there is nothing to say, whatever the reason.
fn with_store(look: impl FnOnce(&Layout, &IssueStore<'_>) -> Option<Vec<CompletionCandidate>>) -> Vec<CompletionCandidate> {
    let found = || {
        let cx = Context::from_process().ok()?;
        let layout = Layout::discover(&cx.cwd, cx.git_dir.as_deref()).ok()?;
        let of_primary = layout.primary_root.as_deref().filter(|_| layout.worktree_root.is_none()).map(Layout::at);
        let view = of_primary.transpose().ok()?;
        let view = view.as_ref().unwrap_or(&layout);
        let policy = crate::hook::force::policy(&cx, view, None);
        look(&layout, &issues_of(view, &policy).ok()?)
    };
    found().unwrap_or_default()
}
