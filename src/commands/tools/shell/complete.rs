//! The engine of completion: the words of a line, and what the last one could be.
//!
//! It answers from the same tree of verbs that the command line is read by. An answer is one line: what would stand there, a tab, and a
//! few words about it without anything that a terminal obeys.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::CommandFactory;
use clap_complete::engine::{CompletionCandidate, complete as candidates};
use serde_json::{Value, json};

use crate::commands::cli::Cli;
use crate::commands::shared::candidates::dress;
use crate::commands::shared::session::Session;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

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
    if let Some(dir) = directory(&words) {
        session.cx.enter(&dir);
    }
    let mut root = Cli::command();
    root.build();
    let found = candidates(&mut dress("", root), words, last, Some(&session.cx.cwd)).unwrap_or_default();
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

/// Where the command that is being typed would be run, by its `-C`.
fn directory(words: &[OsString]) -> Option<PathBuf> {
    let before = &words[..words.len().saturating_sub(1)];
    let at = before.iter().take_while(|word| *word != "--").position(|word| word == "-C")?;
    before.get(at + 1).map(PathBuf::from)
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
