//! Whether somebody has edited a file since its merge stopped: what is half resolved by hand is not thrown away unasked.
//!
//! What a merge leaves is known: one of the versions, the driver's text or Git's, with markers. Names behind markers differ, and so do
//! line ends in a worktree; they tell nothing.

use std::path::Path;

use crate::commands::issues::resolve::ConflictedFile;
use crate::commands::shared::session::Session;
use crate::domain::merge::{IssueMerge, Markers, Versions};
use crate::error::Error;
use crate::git;
use crate::store::file;

/// What is said of such a file.
pub(crate) const REASON: &str =
    "its file has been edited since the merge stopped: git add it if that is the answer, or decide with --discard-edits";

/// Whether the worktree's file is nothing that a merge leaves.
pub(crate) fn is_edited(session: &Session, root: &Path, left: &ConflictedFile) -> Result<bool, Error> {
    let Some(here) = file::read_optional(&root.join(&left.unmerged.path))? else { return Ok(false) };
    let here = bare(&here);
    if left.texts.iter().flatten().any(|text| bare(text) == here) {
        return Ok(false);
    }
    let [base, ours, theirs] = left.texts.each_ref().map(Option::as_deref);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(true) };
    let lines = git::merge::by_lines(&session.cx.scratch);
    if let Ok(merge) = IssueMerge::of(Versions { base, ours, theirs }, &lines)
        && bare(merge.text(&Markers::default()).as_bytes()) == here
    {
        return Ok(false);
    }
    let texts = [ours, base.unwrap_or_default(), theirs];
    Ok(!git::merge::marked_texts(&session.cx.scratch, texts)?.iter().any(|text| bare(text) == here))
}

/// A text without what differs from one merge to another: names behind markers, and line ends.
fn bare(text: &[u8]) -> Vec<Vec<u8>> {
    let line = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_marker = |stamp: u8| line.len() > 6 && line[..7].iter().all(|byte| *byte == stamp);
        let ends = b"<>|".iter().any(|stamp| is_marker(*stamp));
        if ends { line[..7].to_vec() } else { line.to_vec() }
    };
    text.split(|byte| *byte == b'\n').map(line).collect()
}
