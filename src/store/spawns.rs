//! Worktrees that are being made: a file each, so that whoever comes after a process that was killed can undo its work.
//!
//! `spawns/<lease>.json`: a line of what is to be made, written before anything is done, a word for each stage that was begun
//! since, and removed when it is whole. Whoever makes the worktree holds a lock on the file, and so does every Git that it
//! starts: a lock that is free tells that nobody is at it any more.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use fs4::FileExt;
use serde::{Deserialize, Serialize};

use super::file::{self, Modes};
use super::{Error, Result, lock};
use crate::domain::id::{Holder, IssueId, LeaseId};

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There may be a lease.
    Begun,
    /// There may be a branch, and a worktree without files.
    Adding,
    /// Files of the base are written; none of anybody's work.
    CheckingOut,
    /// The worktree is whole, and a command of the user's prepares it.
    Preparing,
}

impl Stage {
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
pub(crate) struct Spawning {
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

/// The record of a worktree that is being made; whoever has it holds its lock.
pub(crate) struct Journal {
    path: PathBuf,
    file: File,
}

/// One that nobody is at any more.
pub(crate) struct Left {
    /// Its record.
    pub journal: Journal,
    /// What it says.
    pub spawning: Spawning,
    /// How far it came.
    pub stage: Stage,
}

fn dir(shared: &Path) -> PathBuf {
    shared.join("spawns")
}

/// Writes down what is about to be made.
pub(crate) fn begin(shared: &Path, modes: Modes, spawning: &Spawning) -> Result<Journal> {
    let dir = dir(shared);
    file::make_dir(&dir, modes)?;
    // No other one has the id of this lease.
    let path = dir.join(format!("{}.json", spawning.lease_id));
    let mut file = loop {
        let file = file::open_append(&path, modes)?;
        FileExt::lock_shared(&file).map_err(Error::io("lock", &path))?;
        // Before it was locked somebody may have taken it for one that was given up, see `sweep`.
        let (ours, there) = (file.metadata().map_err(Error::io("read", &path))?, path.metadata());
        if there.is_ok_and(|there| file::number_of(&there) == file::number_of(&ours)) {
            break file;
        }
    };
    let mut line = serde_json::to_vec(spawning).expect("a record of words and numbers");
    line.push(b'\n');
    file.write_all(&line).map_err(Error::io("write", &path))?;
    Ok(Journal { path, file })
}

/// Removes what somebody left who was killed before the first line was whole, and so before anything was done.
pub(crate) fn sweep(shared: &Path) -> Result<()> {
    let dir = dir(shared);
    for name in file::names(&dir)? {
        let path = dir.join(name);
        let Ok(file) = OpenOptions::new().read(true).append(true).open(&path) else { continue };
        let is_torn = || file::read(&path).is_ok_and(|bytes| !bytes.contains(&b'\n'));
        if is_torn() && FileExt::try_lock(&file).is_ok() && is_torn() {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

/// Those whose lock is free. One without a whole first line is of somebody who has not begun.
pub(crate) fn left(shared: &Path) -> Result<Vec<Left>> {
    let dir = dir(shared);
    let mut found = Vec::new();
    for name in file::names(&dir)? {
        let path = dir.join(name);
        // Who may not write there cannot put anything right either.
        let Ok(file) = OpenOptions::new().read(true).append(true).open(&path) else { continue };
        let Some((spawning, stage)) = file::read(&path).ok().and_then(|bytes| read(&bytes)) else { continue };
        if FileExt::try_lock(&file).is_ok() && path.exists() {
            found.push(Left { journal: Journal { path, file }, spawning, stage });
        }
    }
    Ok(found)
}

/// Everything that is being made, or that was left.
pub(crate) fn all(shared: &Path) -> Result<Vec<Spawning>> {
    let dir = dir(shared);
    let read = |name| read(&file::read(&dir.join(name)).ok()?);
    Ok(file::names(&dir)?.into_iter().filter_map(read).map(|(spawning, _)| spawning).collect())
}

/// What is being made, and how far it has come.
fn read(bytes: &[u8]) -> Option<(Spawning, Stage)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let (first, stages) = text.split_once('\n')?;
    let begun = [Stage::Preparing, Stage::CheckingOut, Stage::Adding].into_iter().find(|stage| stages.contains(stage.line()));
    Some((serde_json::from_str(first).ok()?, begun.unwrap_or(Stage::Begun)))
}

impl Journal {
    /// Writes down that it has come so far.
    pub(crate) fn step(&mut self, stage: Stage) -> Result<()> {
        self.file.write_all(stage.line().as_bytes()).map_err(Error::io("write", &self.path))
    }

    /// There is nothing left to undo.
    pub(crate) fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))
    }

    /// Whether processes that are started from here on hold the lock too.
    pub(crate) fn hand_on(&self, on: bool) {
        lock::hand_on(&self.file, on);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_down_is_read_again_and_what_is_torn_has_not_begun() {
        let dir = tempfile::tempdir().expect("a directory");
        let holder =
            Holder { agent_id: "agent:a".parse().expect("an id"), worktree_id: crate::domain::id::WorktreeId::from_bits(7) };
        let spawning = Spawning {
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
        journal.step(Stage::CheckingOut).expect("written");
        let path = journal.path.clone();
        drop(journal);
        let found = left(dir.path()).expect("listed").pop().expect("one");
        assert_eq!((&found.spawning, found.stage), (&spawning, Stage::CheckingOut));
        assert!(left(dir.path()).expect("listed").is_empty(), "somebody else is at it");
        drop(found);
        let whole = std::fs::read(&path).expect("read");
        sweep(dir.path()).expect("swept");
        assert!(path.exists());
        for length in 0..whole.len() {
            file::replace(&path, &whole[..length], Modes::PRIVATE).expect("written");
            let stages: Vec<Stage> = left(dir.path()).expect("listed").into_iter().map(|left| left.stage).collect();
            assert!(stages.iter().all(|stage| *stage == Stage::Begun), "{length}");
        }
        left(dir.path()).expect("listed").pop().expect("the first line is whole").journal.finish().expect("removed");
        assert!(!path.exists());
        file::replace(&path, b"{\"schema", Modes::PRIVATE).expect("written");
        sweep(dir.path()).expect("swept");
        assert!(!path.exists());
    }
}
