//! Journals of worktree removals, which a later process finishes after a crash: `removals/<ulid>.json`.
//!
//! A journal is written after all risks were checked, and removed after the branch and the leases.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::WorktreeId;
use crate::store::Result;
use crate::store::file::Modes;
use crate::store::journal::{self, Journal};

/// A worktree that is being removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removing {
    /// The version of this format.
    pub schema_version: u32,
    /// Its root.
    pub path: OsString,
    /// Its Git directory.
    pub git_dir: OsString,
    /// Its id, if it has one.
    pub worktree_id: Option<WorktreeId>,
    /// The branch that is deleted with it, and its commit when it was checked.
    pub branch: Option<(String, String)>,
    /// The process that removes it.
    pub pid: u32,
    /// The start time of the process in the system's ticks, if known.
    pub began: Option<u64>,
}

fn dir(shared: &Path) -> PathBuf {
    shared.join("removals")
}

/// Starts a journal.
pub(crate) fn begin(shared: &Path, modes: Modes, removing: &Removing) -> Result<Journal> {
    journal::begin(&dir(shared), &ulid::Ulid::new().to_string(), modes, removing)
}

/// The interrupted removals.
pub(crate) fn interrupted(shared: &Path) -> Result<Vec<(Journal, Removing)>> {
    journal::interrupted(&dir(shared), read)
}

/// Removes journals of removals that have not begun.
pub(crate) fn sweep(shared: &Path) -> Result<()> {
    journal::sweep(&dir(shared))
}

/// All removals, including the interrupted ones.
pub(crate) fn all(shared: &Path) -> Result<Vec<Removing>> {
    journal::all(&dir(shared), read)
}

fn read(bytes: &[u8]) -> Option<Removing> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    serde_json::from_slice(&bytes[..end]).ok()
}
