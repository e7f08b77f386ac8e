//! `git jit merge-driver`: the merge driver that Git runs for an issue file that both sides changed.
//!
//! It reads only the three files, so that its result is the same in every worktree, in a rebase, and outside a repository.

use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::issues::report::shorten;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue;
use crate::domain::merge::{Conflict, IssueMerge, Markers, MergeError, Ruling, Versions};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::file;
use crate::store::issues::VERSIONED;

// Arguments of `merge-driver`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Git runs it, after git jit init or git jit hooks install has set it up. What it does: docs/merging.md.\n\
                        Exits with 1 if a person has to decide: then the file has markers around those fields.")]
pub(crate) struct Args {
    /// The file of the common ancestor; an empty file if there is none
    base: PathBuf,
    /// Our file; the result is written to it
    ours: PathBuf,
    /// Their file
    theirs: PathBuf,
    /// The path of the file in the repository
    path: PathBuf,
    /// The length of a conflict marker
    #[arg(long, value_name = "N", default_value_t = 7)]
    marker_size: usize,
    /// The name of our side
    #[arg(long, value_name = "NAME", default_value = "ours")]
    our_name: String,
    /// The name of their side
    #[arg(long, value_name = "NAME", default_value = "theirs")]
    their_name: String,
}

/// The result of merging one file.
#[derive(Serialize, JsonSchema)]
pub(crate) struct MergeReport {
    path: String,
    /// Null if the file could not be merged by field.
    issue_id: Option<IssueId>,
    clean: bool,
    conflicts: Vec<Conflict>,
    rulings: Vec<Ruling>,
    /// Why the file could not be merged by field.
    refused: Option<String>,
}

/// Merges one file.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { base, ours, theirs, path, marker_size, our_name, their_name } = args;
    let [base, result, other] = [&base, &ours, &theirs].map(|name| session.cx.cwd.join(name));
    let read = |path: &Path| {
        file::read_optional(path)?.ok_or_else(|| Error::NotThere {
            what: "file",
            name: path.display().to_string(),
            hint: "Git passes four arguments: %O %A %B %P".to_owned(),
        })
    };
    let texts = [read(&result)?, read(&base)?, read(&other)?];
    let [ours, base, theirs] = texts.each_ref().map(Vec::as_slice);
    // An older Git does not replace the placeholders of names.
    let name = |given: String, default: &str| if given.starts_with('%') { default.to_owned() } else { given };
    let markers = Markers { size: marker_size, ours: name(our_name, "ours"), theirs: name(their_name, "theirs") };
    let versions = Versions { base: Some(base).filter(|base| !base.is_empty()), ours, theirs };
    let lines = git::merge::by_lines(&session.cx.scratch);
    let shown_path = path.display().to_string();
    let (report, text) = match IssueMerge::of(versions, &lines) {
        Ok(merge) => {
            let text = merge.text(&markers).into_bytes();
            let (conflicts, issue_id) = (merge.conflicts(), Some(merge.issue));
            let clean = conflicts.is_empty();
            (MergeReport { path: shown_path, issue_id, clean, conflicts, rulings: merge.rulings, refused: None }, text)
        }
        Err(error) => {
            let text = text_for_a_person(session, &path, &error, [ours, base, theirs], &markers)?;
            let (conflicts, rulings, refused) = (Vec::new(), Vec::new(), Some(error.to_string()));
            (MergeReport { path: shown_path, issue_id: None, clean: false, conflicts, rulings, refused }, text)
        }
    };
    if text != ours {
        file::replace(&result, &text, VERSIONED)?;
    }
    Ok(Box::new(report))
}

/// The text of a file that cannot be merged by field. If rename detection took two issues for one, it is the issue that the
/// file is named for, else Git's merge by lines.
fn text_for_a_person(
    session: &Session,
    path: &Path,
    error: &MergeError,
    texts: [&[u8]; 3],
    markers: &Markers,
) -> Result<Vec<u8>, Error> {
    let [ours, _, theirs] = texts;
    let named = path.file_name().and_then(|name| IssueId::from_file_name(name.as_encoded_bytes()));
    if let (MergeError::DifferentIssues { .. }, Some(named)) = (error, named) {
        let is_named = |text: &&&[u8]| issue::Document::parse(text, named).is_ok();
        return Ok([ours, theirs].iter().find(is_named).map_or(ours, |text| text).to_vec());
    }
    Ok(git::merge::marked_text(&session.cx.scratch, texts, [&markers.ours, &markers.theirs], markers.size)?)
}

impl Report for MergeReport {
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let path = plain_line(&self.path);
        let ruling = |ruling: &Ruling| format!("{}: {} over {}", ruling.field, shorten(&ruling.kept), shorten(&ruling.dropped));
        let side = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
        let conflict = |conflict: &Conflict| {
            let (ours, theirs) = (side(&conflict.ours), side(&conflict.theirs));
            shorten(&format!("{}: {ours} on our side, {theirs} on theirs", conflict.field()))
        };
        let rulings = self.rulings.iter().map(ruling);
        let unresolved = self.refused.iter().map(|why| shorten(why)).chain(self.conflicts.iter().map(conflict));
        let mut lines: Vec<String> = rulings.chain(unresolved).map(|line| format!("{path}: {line}")).collect();
        if !self.clean {
            lines.push("To show and resolve the conflicts: git jit resolve".to_owned());
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn status(&self) -> ExitStatus {
        if self.clean { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
