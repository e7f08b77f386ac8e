//! The completion engine: candidates for the last word of a command line.
//!
//! It uses the definition that parses the command line. A candidate is one line: the word, a tab, and a description without
//! control characters.

use std::ffi::OsString;
use std::path::PathBuf;

use clap_complete::engine::{CompletionCandidate, complete as candidates};
use serde::Serialize;

use crate::commands::shared::candidates::dress;
use crate::commands::shared::session::Session;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

// Arguments of `complete`.
#[derive(Debug, clap::Args)]
pub(crate) struct CompleteArgs {
    /// The words of the line up to the cursor; the last one is completed
    #[arg(last = true, allow_hyphen_values = true)]
    words: Vec<OsString>,
}

/// Prints the candidates for the last word.
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
    let mut root = (session.program.command)();
    root.build();
    let found = candidates(&mut dress("", root), words, last, Some(&session.cx.cwd)).unwrap_or_default();
    let one = |candidate: &CompletionCandidate| CompletionWord {
        value: candidate.get_value().to_string_lossy().into_owned(),
        help: candidate.get_help().map(|help| plain_line(&help.to_string())).unwrap_or_default(),
    };
    let shown = found.iter().filter(|candidate| !candidate.is_hide_set()).map(one);
    let (options, names): (Vec<_>, Vec<_>) =
        shown.filter(|shown| !shown.value.contains(['\n', '\t'])).partition(|shown| shown.value.starts_with('-'));
    // Options are offered after a hyphen, or if nothing else is possible.
    let candidates = if wants_options || names.is_empty() { options } else { names };
    Box::new(CandidatesReport { count: candidates.len(), candidates })
}

/// The directory of the `-C` on the line.
fn directory(words: &[OsString]) -> Option<PathBuf> {
    let before = &words[..words.len().saturating_sub(1)];
    let at = before.iter().take_while(|word| *word != "--").position(|word| word == "-C")?;
    before.get(at + 1).map(PathBuf::from)
}

#[derive(Serialize)]
struct CandidatesReport {
    count: usize,
    candidates: Vec<CompletionWord>,
}

#[derive(Serialize)]
struct CompletionWord {
    value: String,
    help: String,
}

impl Report for CandidatesReport {
    fn human(&self, _: &Styles) -> String {
        self.candidates.iter().map(|CompletionWord { value, help }| format!("{value}\t{help}\n")).collect()
    }
}
