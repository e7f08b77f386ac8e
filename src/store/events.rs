//! The event log: what was done to issues, by whom and in which worktree. One line per event, for `git jit events`.
//!
//! It is local to the repository and no decision depends on it: a line that does not parse is skipped. Events are appended while
//! the write lock is held. At [`LARGEST`] bytes the file replaces `events-old.jsonl`, and a new one is started.

use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::domain::id::{AgentId, IssueId, WorktreeId};
use crate::domain::issue::FieldChange;
use crate::store::file::{self, Modes};
use crate::store::file_stamp::FileStamp;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// The size in bytes at which a new file is started.
const LARGEST: u64 = 8 * 1024 * 1024;
/// The length limit of a line in bytes: a write of this length is atomic.
const LONGEST_LINE: usize = 4000;
/// The length limit of a value in characters.
const LONGEST_VALUE: usize = 200;

/// An event.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, schemars::JsonSchema)]
#[schemars(rename = "Event")]
pub(crate) struct IssueEvent {
    schema_version: u32,
    /// When.
    pub at: Timestamp,
    /// What: `created`, `updated`, `deleted`, …
    pub event: String,
    /// To which issue.
    pub issue_id: IssueId,
    /// By whom.
    pub agent_id: AgentId,
    /// Where.
    pub worktree_id: WorktreeId,
    /// The changed fields; long values are truncated.
    pub fields: Vec<FieldChange>,
}

impl IssueEvent {
    /// An event at `at`.
    pub(crate) fn new(
        at: Timestamp,
        event: &str,
        issue_id: IssueId,
        by: &crate::domain::id::Holder,
        fields: Vec<FieldChange>,
    ) -> Self {
        let (agent_id, worktree_id) = (by.agent_id.clone(), by.worktree_id.clone());
        Self { schema_version: 1, at, event: event.to_owned(), issue_id, agent_id, worktree_id, fields }
    }

    /// The event as a line; values that are too long are truncated.
    fn line(mut self) -> Vec<u8> {
        for change in &mut self.fields {
            for value in [&mut change.from, &mut change.to].into_iter().flatten() {
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                if text.chars().count() > LONGEST_VALUE {
                    *value = Value::from(text.chars().take(LONGEST_VALUE).chain(['…']).collect::<String>());
                }
            }
        }
        let encode = |event: &Self| serde_json::to_vec(event).expect("an event serializes into memory");
        let mut line = encode(&self);
        if line.len() > LONGEST_LINE {
            for change in &mut self.fields {
                (change.from, change.to) = (None, None);
            }
            line = encode(&self);
        }
        line.push(b'\n');
        line
    }
}

/// The log of events.
pub(crate) struct EventLog {
    dir: PathBuf,
    modes: Modes,
}

/// A position in the log, up to which events have been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Mark {
    file: u64,
    offset: u64,
}

impl EventLog {
    /// The log of a repository.
    pub(crate) fn of(layout: &Layout) -> Self {
        Self::new(&layout.shared_dir(), layout.modes)
    }

    /// The log below the shared directory.
    pub(crate) fn new(shared_dir: &Path, modes: Modes) -> Self {
        Self { dir: shared_dir.to_owned(), modes }
    }

    fn path(&self) -> PathBuf {
        self.dir.join("events.jsonl")
    }

    fn old_path(&self) -> PathBuf {
        self.dir.join("events-old.jsonl")
    }

    /// Appends events, with one write each.
    pub(crate) fn append(&self, events: impl IntoIterator<Item = IssueEvent>) -> Result<()> {
        file::make_dir(&self.dir, self.modes)?;
        let path = self.path();
        if path.metadata().is_ok_and(|metadata| metadata.len() >= LARGEST) {
            std::fs::rename(&path, self.old_path()).map_err(Error::io("rename", &path))?;
        }
        let mut log = file::open_append(&path, self.modes)?;
        if is_torn(&mut log) {
            // A line that a crash truncated must not absorb the next one.
            log.write_all(b"\n").map_err(Error::io("append to", &path))?;
        }
        for event in events {
            log.write_all(&event.line()).map_err(Error::io("append to", &path))?;
        }
        Ok(())
    }

    /// A value that changes when an event is appended.
    pub(crate) fn stamp(&self) -> Option<FileStamp> {
        FileStamp::of(&self.path())
    }

    /// How many lines cannot be read.
    pub(crate) fn unreadable(&self) -> Result<usize> {
        let bytes = file::read_optional(&self.path())?.unwrap_or_default();
        let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        Ok(lines.filter(|line| serde_json::from_slice::<IssueEvent>(line).is_err()).count())
    }

    /// All events in the log, the oldest first, and the position after them.
    pub(crate) fn all(&self) -> Result<(Vec<IssueEvent>, Mark)> {
        let old = file::read_optional(&self.old_path())?.unwrap_or_default();
        let mut events = parse(&old).0;
        let (newer, mark) = self.since(Mark::default())?;
        events.extend(newer);
        Ok((events, mark))
    }

    /// The events after a position, also if a new file was started since.
    pub(crate) fn since(&self, mark: Mark) -> Result<(Vec<IssueEvent>, Mark)> {
        let path = self.path();
        let mut log = match std::fs::File::open(&path) {
            Ok(log) => log,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok((Vec::new(), mark)),
            Err(error) => return Err(Error::io("read", &path)(error)),
        };
        let metadata = log.metadata().map_err(Error::io("read", &path))?;
        let file = file::number_of(&metadata);
        let offset = if file == mark.file && mark.offset <= metadata.len() { mark.offset } else { 0 };
        let mut bytes = Vec::new();
        if file != mark.file && mark.file != 0 {
            bytes = self.rest_of_old(mark)?;
        }
        let older = bytes.len();
        log.seek(SeekFrom::Start(offset)).and_then(|_| log.read_to_end(&mut bytes)).map_err(Error::io("read", &path))?;
        let (events, whole) = parse(&bytes);
        Ok((events, Mark { file, offset: offset + whole.saturating_sub(older) as u64 }))
    }

    /// The events that were appended to the old file after a position.
    fn rest_of_old(&self, mark: Mark) -> Result<Vec<u8>> {
        let path = self.old_path();
        let Ok(mut old) = std::fs::File::open(&path) else { return Ok(Vec::new()) };
        let is_it = old.metadata().is_ok_and(|metadata| file::number_of(&metadata) == mark.file);
        let mut bytes = Vec::new();
        if is_it {
            old.seek(SeekFrom::Start(mark.offset)).and_then(|_| old.read_to_end(&mut bytes)).map_err(Error::io("read", &path))?;
        }
        Ok(bytes)
    }
}

/// Whether the last line has no newline.
fn is_torn(log: &mut std::fs::File) -> bool {
    let mut last = [b'\n'];
    let read = log.seek(SeekFrom::End(-1)).and_then(|_| log.read_exact(&mut last));
    read.is_ok() && last != [b'\n']
}

/// The events of complete lines, and the length of those lines in bytes.
fn parse(bytes: &[u8]) -> (Vec<IssueEvent>, usize) {
    let whole = bytes.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1);
    let lines = bytes[..whole].split(|byte| *byte == b'\n');
    (lines.filter_map(|line| serde_json::from_slice(line).ok()).collect(), whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::Holder;
    use serde_json::json;

    #[test]
    fn long_values_are_truncated_torn_lines_skipped_and_reading_continues_at_a_mark() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = EventLog::new(&dir.path().join("jit"), Modes::PRIVATE);
        let by = Holder::here("agent:a".parse().expect("an id"), WorktreeId::from_bits(1));
        let id = IssueId::from_bytes([1; 16]);
        let change = |text: String| FieldChange { field: "title".into(), from: None, to: Some(json!(text)) };
        let event = |text: String| IssueEvent::new(Timestamp::UNIX_EPOCH, "updated", id, &by, vec![change(text)]);
        log.append([event("é".repeat(5000)), event("x".into())]).expect("appended");
        let (events, mark) = log.all().expect("read");
        assert_eq!(events.len(), 2);
        assert!(events[0].fields[0].to.as_ref().and_then(Value::as_str).is_some_and(|text| text.chars().count() == 201));
        file::open_append(&log.path(), Modes::PRIVATE)
            .and_then(|mut file| file.write_all(b"{torn\n{\"half\":").map_err(Error::io("x", dir.path())))
            .expect("torn");
        assert_eq!(log.since(mark).expect("read").0, []);
        log.append([event("next".into())]).expect("appended");
        assert_eq!((log.since(mark).expect("read").0.len(), log.unreadable().expect("read")), (1, 2));
        let (_, before) = log.all().expect("read");
        let line = event("whole".into()).line();
        let mut half = file::open_append(&log.path(), Modes::PRIVATE).expect("open");
        half.write_all(&line[..20]).expect("written");
        let (none, mark) = log.since(before).expect("read");
        assert_eq!((none.len(), mark), (0, before), "half a line is read once it is complete");
        half.write_all(&line[20..]).expect("written");
        assert_eq!(log.since(mark).expect("read").0.len(), 1);
        let (_, mark) = log.all().expect("read");
        log.append([event("last of the old".into())]).expect("appended");
        std::fs::rename(log.path(), log.old_path()).expect("a new file is begun");
        log.append([event("first of the new".into())]).expect("appended");
        let (events, mark) = log.since(mark).expect("read");
        assert_eq!((events.len(), log.since(mark).expect("read").0.len()), (2, 0));
        let many: Vec<FieldChange> = (0..60).map(|_| change("y".repeat(150))).collect();
        assert!(IssueEvent::new(Timestamp::UNIX_EPOCH, "updated", id, &by, many).line().len() <= LONGEST_LINE);
    }
}
