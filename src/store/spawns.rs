//! Worktrees that are being made: a file each, so that whoever comes after a process that was killed can undo its work.
//!
//! `spawns/<lease>.<stage>.json`: written before anything is done, renamed as the work goes on, removed when it is whole.
//! Whoever makes the worktree holds a lock on the file, and so does every Git that it starts: a lock that is free tells that
//! nobody is at it any more.

use std::fs::File;
use std::path::{Path, PathBuf};

use fs4::FileExt;
use serde::{Deserialize, Serialize};

use super::file::{self, Modes};
use super::{Error, Result, lock};
use crate::domain::id::{Holder, IssueId, LeaseId};

/// How far it has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// There may be a lease, a branch, a worktree without files.
    Adding,
    /// Files of the base are written; none of anybody's work.
    CheckingOut,
    /// The worktree is whole, and a command of the user's prepares it.
    Preparing,
}

impl Stage {
    const ALL: [Self; 3] = [Self::Adding, Self::CheckingOut, Self::Preparing];

    fn word(self) -> &'static str {
        match self {
            Self::Adding => "adding",
            Self::CheckingOut => "checking-out",
            Self::Preparing => "preparing",
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
    /// Where the worktree will be.
    pub path: String,
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

fn path_at(dir: &Path, lease: &str, stage: Stage) -> PathBuf {
    dir.join(format!("{lease}.{}.json", stage.word()))
}

/// Writes down what is about to be made.
pub(crate) fn begin(shared: &Path, modes: Modes, spawning: &Spawning) -> Result<Journal> {
    let dir = dir(shared);
    file::make_dir(&dir, modes)?;
    let path = path_at(&dir, spawning.lease_id.as_str(), Stage::Adding);
    let bytes = serde_json::to_vec(spawning).expect("a record of words and numbers");
    if !file::finish_beside(&path, &bytes, modes, false)?.claim_name()? {
        return Err(Error::Contended { path });
    }
    let file = File::open(&path).map_err(Error::io("open", &path))?;
    FileExt::lock_shared(&file).map_err(Error::io("lock", &path))?;
    Ok(Journal { path, file })
}

/// Those whose lock is free. One that cannot be read is left where it is.
pub(crate) fn left(shared: &Path) -> Result<Vec<Left>> {
    let dir = dir(shared);
    let mut found = Vec::new();
    for name in file::names(&dir)? {
        let name = name.to_string_lossy();
        let stage = Stage::ALL.into_iter().find(|stage| name.ends_with(&format!(".{}.json", stage.word())));
        let path = dir.join(&*name);
        let Some((stage, file)) = stage.zip(File::open(&path).ok()) else { continue };
        let Some(spawning) = file::read(&path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()) else { continue };
        if FileExt::try_lock(&file).is_ok() && path.exists() {
            found.push(Left { journal: Journal { path, file }, spawning, stage });
        }
    }
    Ok(found)
}

impl Journal {
    /// Writes down that it has come so far.
    pub(crate) fn step(&mut self, lease: &LeaseId, stage: Stage) -> Result<()> {
        let path = path_at(self.path.parent().unwrap_or(Path::new(".")), lease.as_str(), stage);
        std::fs::rename(&self.path, &path).map_err(Error::io("rename", &self.path))?;
        self.path = path;
        Ok(())
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
