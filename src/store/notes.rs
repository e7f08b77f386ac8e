//! Notes on issues: one file each, so that anybody can add one without a conflict.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, IssueId};
use crate::store::issue_sources::IssueSources;
use crate::store::issues::IssueWriter;
use crate::store::{Error, Result};

/// A note.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub(crate) struct Note {
    /// A ULID, so that notes sort by their time; the stem of the file's name.
    pub id: String,
    /// The issue.
    pub issue_id: IssueId,
    /// Who wrote it.
    pub author: AgentId,
    /// When.
    pub created_at: Timestamp,
    /// Its text.
    pub text: String,
}

/// The notes on an issue.
pub(crate) struct Notes {
    /// The readable ones, the oldest first.
    pub notes: Vec<Note>,
    /// The errors of the others.
    pub unreadable: Vec<Error>,
}

fn folder(issue: IssueId) -> String {
    format!("notes/{issue}")
}

/// The notes on an issue, from all sources.
pub(crate) fn of(places: IssueSources<'_>, issue: IssueId) -> Result<Notes> {
    let folder = folder(issue);
    let mut all = Notes { notes: Vec::new(), unreadable: Vec::new() };
    for (name, bytes) in places.folder(&folder)? {
        let Some(stem) = name.strip_suffix(".json").filter(|stem| !stem.starts_with('.')) else { continue };
        let corrupt =
            |why: String| Error::Corrupt { path: places.local().unwrap_or_default().join(&folder).join(&name), line: None, why };
        let bytes = match bytes {
            Ok(bytes) => bytes,
            Err(error) => {
                all.unreadable.push(error);
                continue;
            }
        };
        match serde_json::from_slice::<Note>(&bytes) {
            Ok(note) if note.id == stem && note.issue_id == issue => all.notes.push(note),
            Ok(_) => all.unreadable.push(corrupt("its id or its issue does not match its path".to_owned())),
            Err(error) => all.unreadable.push(corrupt(error.to_string())),
        }
    }
    all.notes.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
    Ok(all)
}

/// Writes a note to this worktree.
pub(crate) fn add(writer: &IssueWriter, note: &Note) -> Result<()> {
    let mut bytes = serde_json::to_vec_pretty(note).expect("a note serializes into memory");
    bytes.push(b'\n');
    writer.write_data(&format!("{}/{}.json", folder(note.issue_id), note.id), &bytes)
}
