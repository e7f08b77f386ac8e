//! `git jit merge-driver`: what Git runs for an issue that both sides of a merge have changed.
//!
//! Looks at nothing but the three files, so that it does the same in every worktree, in a rebase, and where there is none.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::issue::Document;
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
#[command(after_help = "Git runs it, set up by git jit init and git jit hooks install. What it does: docs/merging.md.\n\
                        Exits with 1 where a person has to decide: then the file has markers around those fields.")]
pub(crate) struct Args {
    /// The file of the common ancestor; an empty one where there is none
    base: PathBuf,
    /// Our file, which the result is written to
    ours: PathBuf,
    /// Their file
    theirs: PathBuf,
    /// Where the file is in the repository
    path: PathBuf,
    /// How long a marker is
    #[arg(long, value_name = "N", default_value_t = 7)]
    marker_size: usize,
    /// What our side is called
    #[arg(long, value_name = "NAME", default_value = "ours")]
    our_name: String,
    /// What their side is called
    #[arg(long, value_name = "NAME", default_value = "theirs")]
    their_name: String,
}

struct MergeReport {
    path: PathBuf,
    issue: Option<IssueId>,
    rulings: Vec<Ruling>,
    conflicts: Vec<Conflict>,
    refusal: Option<MergeError>,
}

/// Merges one file.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { base, ours, theirs, path, marker_size, our_name, their_name } = args;
    let [base, mine, other] = [&base, &ours, &theirs].map(|name| session.cx.cwd.join(name));
    let read = |path: &Path| {
        file::read_optional(path)?.ok_or_else(|| Error::NotThere {
            what: "file",
            name: path.display().to_string(),
            hint: "Git gives four arguments: %O %A %B %P".to_owned(),
        })
    };
    let texts = [read(&mine)?, read(&base)?, read(&other)?];
    let [ours, base, theirs] = texts.each_ref().map(Vec::as_slice);
    // A Git that does not know these names leaves them as they are.
    let name = |given: String, usual: &str| if given.starts_with('%') { usual.to_owned() } else { given };
    let markers = Markers { size: marker_size, ours: name(our_name, "ours"), theirs: name(their_name, "theirs") };
    let versions = Versions { base: Some(base).filter(|base| !base.is_empty()), ours, theirs };
    let lines = git::merge::by_lines(&session.cx.scratch);
    let (merged, text) = match IssueMerge::of(versions, &lines) {
        Ok(merge) => {
            let text = merge.text(&markers).into_bytes();
            let conflicts = merge.conflicts();
            (MergeReport { path, issue: Some(merge.issue), rulings: merge.rulings, conflicts, refusal: None }, text)
        }
        Err(refusal) => {
            let text = left_to_a_person(session, &path, &refusal, [ours, base, theirs], &markers)?;
            (MergeReport { path, issue: None, rulings: Vec::new(), conflicts: Vec::new(), refusal: Some(refusal) }, text)
        }
    };
    if text != ours {
        file::replace(&mine, &text, VERSIONED)?;
    }
    Ok(Box::new(merged))
}

/// What stands in the file until a person has looked at it: where rename detection took two issues for one, the issue that the
/// file is named for; else Git's merge by lines.
fn left_to_a_person(
    session: &Session,
    path: &Path,
    refusal: &MergeError,
    texts: [&[u8]; 3],
    markers: &Markers,
) -> Result<Vec<u8>, Error> {
    let [ours, _, theirs] = texts;
    let named = path.file_name().and_then(|name| IssueId::from_file_name(name.as_encoded_bytes()));
    if let (MergeError::DifferentIssues { .. }, Some(named)) = (refusal, named) {
        let is_named = |text: &&&[u8]| Document::parse(text, named).is_ok();
        return Ok([ours, theirs].iter().find(is_named).map_or(ours, |text| text).to_vec());
    }
    Ok(git::merge::marked_text(&session.cx.scratch, texts, [&markers.ours, &markers.theirs], markers.size)?)
}

impl MergeReport {
    fn is_clean(&self) -> bool {
        self.conflicts.is_empty() && self.refusal.is_none()
    }

    /// What is left, each as a sentence.
    fn left(&self) -> Vec<String> {
        let sides = |conflict: &Conflict| {
            let words = |raw: &Option<String>| raw.clone().unwrap_or_else(|| "nothing".to_owned());
            format!("{}: {} on our side, {} on theirs", conflict.field(), words(&conflict.ours), words(&conflict.theirs))
        };
        let refusal = self.refusal.iter().map(ToString::to_string);
        refusal.chain(self.conflicts.iter().map(sides)).collect()
    }
}

impl Report for MergeReport {
    fn json(&self) -> Value {
        json!({
            "path": self.path.display().to_string(), "issue_id": self.issue, "clean": self.is_clean(),
            "conflicts": self.conflicts.iter().map(conflict_json).collect::<Vec<_>>(),
            "rulings": self.rulings.iter().map(ruling_json).collect::<Vec<_>>(),
            "refused": self.refusal.as_ref().map(ToString::to_string),
        })
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let path = plain_line(&self.path.display().to_string());
        let ruled = |ruling: &Ruling| format!("{path}: {}: {} over {}", ruling.field, shown(&ruling.kept), shown(&ruling.dropped));
        let mut lines: Vec<String> = self.rulings.iter().map(ruled).collect();
        lines.extend(self.left().iter().map(|left| format!("{path}: {}", shown(left))));
        if !self.is_clean() {
            lines.push("To see what is left, and to decide: git jit resolve".to_owned());
        }
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    fn status(&self) -> ExitStatus {
        if self.is_clean() { ExitStatus::Done } else { ExitStatus::Refused }
    }
}

/// A conflict as programs are told of it: its values are JSON texts.
pub(crate) fn conflict_json(conflict: &Conflict) -> Value {
    json!({ "field": conflict.field(), "ours": conflict.ours, "theirs": conflict.theirs })
}

/// A rule's decision as programs are told of it.
pub(crate) fn ruling_json(ruling: &Ruling) -> Value {
    json!({ "field": ruling.field, "kept": ruling.kept, "dropped": ruling.dropped })
}

/// A value as it fits on a line.
pub(crate) fn shown(text: &str) -> String {
    let line = plain_line(text);
    if line.chars().count() > 160 { line.chars().take(159).chain(['…']).collect() } else { line }
}
