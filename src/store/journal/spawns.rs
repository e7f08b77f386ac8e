//! Journals of worktree creations, which a later process undoes after a crash: `spawns/<lease>.json`.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::{Holder, IssueId, LeaseId};
use crate::store::Result;
use crate::store::file::Modes;
use crate::store::journal;
pub(crate) use crate::store::journal::Journal;

/// The last stage that was begun.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpawnStage {
    /// A lease may exist.
    Begun,
    /// A branch and a worktree without files may exist.
    Adding,
    /// Files of the base may exist, but no user's work.
    CheckingOut,
    /// The worktree is complete, and the user's command prepares it.
    Preparing,
}

impl SpawnStage {
    /// The line that records it; empty for the first stage.
    fn line(self) -> &'static str {
        match self {
            Self::Begun => "",
            Self::Adding => "adding\n",
            Self::CheckingOut => "checking out\n",
            Self::Preparing => "preparing\n",
        }
    }
}

/// A worktree that is being created.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnRecord {
    /// The version of this format.
    pub schema_version: u32,
    /// The lease that is acquired for it.
    pub lease_id: LeaseId,
    /// The holder of the lease.
    pub holder: Holder,
    /// The issue.
    pub issue_id: IssueId,
    /// The root of the worktree, with symbolic links resolved.
    pub path: OsString,
    /// Its branch.
    pub branch: String,
    /// Whether the branch is created for it.
    pub makes_branch: bool,
    /// The commit that it starts from.
    pub base: String,
    /// The process that creates it.
    pub pid: u32,
    /// The start time of the process in the system's ticks, if known.
    pub began: Option<u64>,
}

/// A creation whose process was killed.
pub(crate) struct InterruptedSpawn {
    /// Its journal.
    pub journal: Journal,
    /// The journal's record.
    pub spawning: SpawnRecord,
    /// The last stage that was begun.
    pub stage: SpawnStage,
}

fn dir(shared: &Path) -> PathBuf {
    shared.join("spawns")
}

/// Starts a journal.
pub(crate) fn begin(shared: &Path, modes: Modes, spawning: &SpawnRecord) -> Result<Journal> {
    // The id of the lease is unique.
    journal::begin(&dir(shared), spawning.lease_id.as_str(), modes, spawning)
}

/// Removes journals of creations that have not begun.
pub(crate) fn sweep(shared: &Path) -> Result<()> {
    journal::sweep(&dir(shared))
}

/// The interrupted creations.
pub(crate) fn interrupted(shared: &Path) -> Result<Vec<InterruptedSpawn>> {
    let one = |(journal, (spawning, stage))| InterruptedSpawn { journal, spawning, stage };
    Ok(journal::interrupted(&dir(shared), read)?.into_iter().map(one).collect())
}

/// All creations, including the interrupted ones.
pub(crate) fn all(shared: &Path) -> Result<Vec<SpawnRecord>> {
    Ok(journal::all(&dir(shared), read)?.into_iter().map(|(spawning, _)| spawning).collect())
}

/// Parses a journal: the record and the last stage.
fn read(bytes: &[u8]) -> Option<(SpawnRecord, SpawnStage)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (first, stages) = text.split_once('\n')?;
    let begun = [SpawnStage::Preparing, SpawnStage::CheckingOut, SpawnStage::Adding]
        .into_iter()
        .find(|stage| stages.contains(stage.line()));
    Some((serde_json::from_str(first).ok()?, begun.unwrap_or(SpawnStage::Begun)))
}

impl Journal {
    /// Records that a stage begins.
    pub(crate) fn step(&mut self, stage: SpawnStage) -> Result<()> {
        self.add(stage.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file;

    #[test]
    fn a_journal_is_read_back_and_a_torn_one_has_not_begun() {
        let dir = tempfile::tempdir().expect("a directory");
        let holder = Holder::here("agent:a".parse().expect("an id"), crate::domain::id::WorktreeId::from_bits(7));
        let spawning = SpawnRecord {
            schema_version: 1,
            lease_id: LeaseId::new("01"),
            holder,
            issue_id: IssueId::from_bytes([1; 16]),
            path: "/a\nb".into(),
            branch: "issue-1".to_owned(),
            makes_branch: true,
            base: "0".repeat(40),
            pid: 1,
            began: None,
        };
        let mut journal = begin(dir.path(), Modes::PRIVATE, &spawning).expect("begun");
        assert!(interrupted(dir.path()).expect("listed").is_empty(), "its process runs");
        journal.step(SpawnStage::CheckingOut).expect("written");
        let path = journal.path.clone();
        drop(journal);
        let found = interrupted(dir.path()).expect("listed").pop().expect("one");
        assert_eq!((&found.spawning, found.stage), (&spawning, SpawnStage::CheckingOut));
        assert!(interrupted(dir.path()).expect("listed").is_empty(), "it is being recovered");
        drop(found);
        let whole = std::fs::read(&path).expect("read");
        sweep(dir.path()).expect("swept");
        assert!(path.exists());
        for length in 0..whole.len() {
            file::replace(&path, &whole[..length], Modes::PRIVATE).expect("written");
            let stages: Vec<SpawnStage> = interrupted(dir.path()).expect("listed").into_iter().map(|found| found.stage).collect();
            assert!(stages.iter().all(|stage| *stage == SpawnStage::Begun), "{length}");
        }
        interrupted(dir.path()).expect("listed").pop().expect("the first line is whole").journal.finish().expect("removed");
        assert!(!path.exists());
        file::replace(&path, b"{\"schema", Modes::PRIVATE).expect("written");
        sweep(dir.path()).expect("swept");
        assert!(!path.exists());
    }
}
