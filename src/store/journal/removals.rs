//! Worktrees that are being removed: a file each, so that whoever comes after a process that was killed can finish its work.
//!
//! `removals/<ulid>.json`, a [`journal`]: what is removed, and what goes with it. It is written when all risks were looked at,
//! and removed when branch and leases are gone too.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::domain::id::WorktreeId;
use crate::store::Result;
use crate::store::file::Modes;
use crate::store::journal::{self, Journal};

/// What is being removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Removing {
    /// The form of this record.
    pub schema_version: u32,
    /// Where it is.
    pub path: OsString,
    /// Its own Git directory.
    pub git_dir: OsString,
    /// Its name in leases, if it has one.
    pub worktree_id: Option<WorktreeId>,
    /// The branch that goes with it, and the commit that this was at when it was looked at.
    pub branch: Option<(String, String)>,
    /// The process that removes it.
    pub pid: u32,
    /// When that began, in the system's own count, where it has one.
    pub began: Option<u64>,
}

fn dir(shared: &Path) -> PathBuf {
    shared.join("removals")
}

/// Writes down what is about to be removed.
pub(crate) fn begin(shared: &Path, modes: Modes, removing: &Removing) -> Result<Journal> {
    journal::begin(&dir(shared), &ulid::Ulid::new().to_string(), modes, removing)
}

/// Those that nobody is at.
pub(crate) fn left(shared: &Path) -> Result<Vec<(Journal, Removing)>> {
    journal::left(&dir(shared), read)
}

/// Removes what was never begun.
pub(crate) fn sweep(shared: &Path) -> Result<()> {
    journal::sweep(&dir(shared))
}

/// Everything that is being removed, or that was left.
pub(crate) fn all(shared: &Path) -> Result<Vec<Removing>> {
    journal::all(&dir(shared), read)
}

fn read(bytes: &[u8]) -> Option<Removing> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    serde_json::from_slice(&bytes[..end]).ok()
}
