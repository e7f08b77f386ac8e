//! Whether a file was edited by hand after the merge stopped, so that it is not overwritten without `--discard-edits`.
//!
//! A merge leaves one of the versions, the driver's text, or Git's text with markers. Names behind markers and line ends are
//! ignored in the comparison, because they differ between merges and worktrees.

use std::path::Path;

use crate::commands::issues::resolve::ConflictedFile;
use crate::commands::shared::session::Session;
use crate::domain::merge::{IssueMerge, Markers, Versions};
use crate::error::Error;
use crate::git;
use crate::store::file;

/// The reason that is reported for such a file.
pub(crate) const REASON: &str =
    "its file was edited after the merge stopped: git add it to keep the edit, or decide with --discard-edits";

/// Whether the worktree's file is none of the texts that a merge leaves.
pub(crate) fn is_edited(session: &Session, root: &Path, conflicted: &ConflictedFile) -> Result<bool, Error> {
    let Some(here) = file::read_optional(&root.join(&conflicted.unmerged.path))? else { return Ok(false) };
    let here = normalize(&here);
    if conflicted.texts.iter().flatten().any(|text| normalize(text) == here) {
        return Ok(false);
    }
    let [base, ours, theirs] = conflicted.texts.each_ref().map(Option::as_deref);
    let (Some(ours), Some(theirs)) = (ours, theirs) else { return Ok(true) };
    let lines = git::merge::by_lines(&session.cx.scratch);
    if let Ok(merge) = IssueMerge::of(Versions { base, ours, theirs }, &lines)
        && normalize(merge.text(&Markers::default()).as_bytes()) == here
    {
        return Ok(false);
    }
    let texts = [ours, base.unwrap_or_default(), theirs];
    Ok(!git::merge::marked_texts(&session.cx.scratch, texts)?.iter().any(|text| normalize(text) == here))
}

/// The lines of a text without carriage returns and without the names behind markers.
fn normalize(text: &[u8]) -> Vec<Vec<u8>> {
    let line = |line: &[u8]| {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let is_marker = |sign: u8| line.len() > 6 && line[..7].iter().all(|byte| *byte == sign);
        if b"<>|".iter().any(|sign| is_marker(*sign)) { line[..7].to_vec() } else { line.to_vec() }
    };
    text.split(|byte| *byte == b'\n').map(line).collect()
}
