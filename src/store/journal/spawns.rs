//! Worktrees that are being made: a file each, so that whoever comes after a process that was killed can undo its work.
//!
//! `spawns/<lease>.json`, a [`journal`]: what is to be made, and a word for each stage that was begun since.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::{Holder, IssueId, LeaseId};
use crate::store::Result;
use crate::store::file::Modes;
use crate::store::journal;
pub(crate) use crate::store::journal::Journal;

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SpawnStage {
    /// There may be a lease.
    Begun,
    /// There may be a branch, and a worktree without files.
    Adding,
    /// Files of the base are written; none of anybody's work.
    CheckingOut,
    /// The worktree is whole, and a command of the user's prepares it.
    Preparing,
}

impl SpawnStage {
    /// The line that tells of it; none for the first one.
    fn line(self) -> &'static str {
        match self {
            Self::Begun => "",
            Self::Adding => "adding\n",
            Self::CheckingOut => "checking out\n",
            Self::Preparing => "preparing\n",
        }
    }
}

/// What is being made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SpawnRecord {
    /// The form of this record.
    pub schema_version: u32,
    /// The lease that is taken for it.
    pub lease_id: LeaseId,
    /// Who takes it, for which worktree.
    pub holder: Holder,
    /// The issue.
    pub issue_id: IssueId,
    /// Where the worktree will be, without links on the way.
    pub path: OsString,
    /// Its branch.
    pub branch: String,
    /// Whether the branch is made for it.
    pub makes_branch: bool,
    /// The commit that it starts from.
    pub base: String,
    /// The process that makes it.
    pub pid: u32,
    /// When that began, in the system's own count, where it has one.
    pub began: Option<u64>,
}

/// One that nobody is at any more.
pub(crate) struct InterruptedSpawn {
    /// Its record.
    pub journal: Journal,
    /// What it says.
    pub spawning: SpawnRecord,
    /// How far it came.
    pub stage: SpawnStage,
}

fn dir(shared: &Path) -> PathBuf {
    shared.join("spawns")
}

/// Writes down what is about to be made.
pub(crate) fn begin(shared: &Path, modes: Modes, spawning: &SpawnRecord) -> Result<Journal> {
    // No other one has the id of this lease.
    journal::begin(&dir(shared), spawning.lease_id.as_str(), modes, spawning)
}

/// Removes what was never begun.
pub(crate) fn sweep(shared: &Path) -> Result<()> {
    journal::sweep(&dir(shared))
}

/// Those that nobody is at.
pub(crate) fn left(shared: &Path) -> Result<Vec<InterruptedSpawn>> {
    let one = |(journal, (spawning, stage))| InterruptedSpawn { journal, spawning, stage };
    Ok(journal::left(&dir(shared), read)?.into_iter().map(one).collect())
}

/// Everything that is being made, or that was left.
pub(crate) fn all(shared: &Path) -> Result<Vec<SpawnRecord>> {
    Ok(journal::all(&dir(shared), read)?.into_iter().map(|(spawning, _)| spawning).collect())
}

/// What is being made, and how far it has come.
fn read(bytes: &[u8]) -> Option<(SpawnRecord, SpawnStage)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (first, stages) = text.split_once('\n')?;
    let begun = [SpawnStage::Preparing, SpawnStage::CheckingOut, SpawnStage::Adding]
        .into_iter()
        .find(|stage| stages.contains(stage.line()));
    Some((serde_json::from_str(first).ok()?, begun.unwrap_or(SpawnStage::Begun)))
}

impl Journal {
    /// Writes down that it has come so far.
    pub(crate) fn step(&mut self, stage: SpawnStage) -> Result<()> {
        self.add(stage.line())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file;

    #[test]
    fn what_is_written_down_is_read_again_and_what_is_torn_has_not_begun() {
        let dir = tempfile::tempdir().expect("a directory");
        let holder =
            Holder { agent_id: "agent:a".parse().expect("an id"), worktree_id: crate::domain::id::WorktreeId::from_bits(7) };
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
        assert!(left(dir.path()).expect("listed").is_empty(), "somebody is at it");
        journal.step(SpawnStage::CheckingOut).expect("written");
        let path = journal.path.clone();
        drop(journal);
        let found = left(dir.path()).expect("listed").pop().expect("one");
        assert_eq!((&found.spawning, found.stage), (&spawning, SpawnStage::CheckingOut));
        assert!(left(dir.path()).expect("listed").is_empty(), "somebody else is at it");
        drop(found);
        let whole = std::fs::read(&path).expect("read");
        sweep(dir.path()).expect("swept");
        assert!(path.exists());
        for length in 0..whole.len() {
            file::replace(&path, &whole[..length], Modes::PRIVATE).expect("written");
            let stages: Vec<SpawnStage> = left(dir.path()).expect("listed").into_iter().map(|left| left.stage).collect();
            assert!(stages.iter().all(|stage| *stage == SpawnStage::Begun), "{length}");
        }
        left(dir.path()).expect("listed").pop().expect("the first line is whole").journal.finish().expect("removed");
        assert!(!path.exists());
        file::replace(&path, b"{\"schema", Modes::PRIVATE).expect("written");
        sweep(dir.path()).expect("swept");
        assert!(!path.exists());
    }
}
