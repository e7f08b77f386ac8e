//! Journals: what a process is about to do, recorded so that a later process can undo or finish it after a crash.
//!
//! One file per operation: the first line describes it, further lines record the steps that were begun, and the file is removed
//! at the end. The process holds a lock on the file, which the Git processes that it starts inherit. A free lock means that the
//! operation was interrupted.

pub(crate) mod removals;
pub(crate) mod spawns;

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};

use fs4::FileExt;
use serde::Serialize;

use crate::store::file::{self, Modes};
use crate::store::lock;
use crate::store::{Error, Result};

/// The journal of an operation, with its lock.
pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    file: File,
}

/// Starts a journal; `name` must be unique.
pub(crate) fn begin(dir: &Path, name: &str, modes: Modes, record: &impl Serialize) -> Result<Journal> {
    file::make_dir(dir, modes)?;
    let path = dir.join(format!("{name}.json"));
    let mut file = loop {
        let file = file::open_append(&path, modes)?;
        FileExt::lock_shared(&file).map_err(Error::io("lock", &path))?;
        // Before it was locked, `sweep` in another process may have removed it.
        let (ours, there) = (file.metadata().map_err(Error::io("read", &path))?, path.metadata());
        if there.is_ok_and(|there| file::number_of(&there) == file::number_of(&ours)) {
            break file;
        }
    };
    let mut line = serde_json::to_vec(record).expect("a record serializes into memory");
    line.push(b'\n');
    file.write_all(&line).map_err(Error::io("write", &path))?;
    Ok(Journal { path, file })
}

/// Removes journals of processes that were killed before the first line was complete, and so before the operation began.
pub(crate) fn sweep(dir: &Path) -> Result<()> {
    for name in file::names(dir)? {
        let path = dir.join(name);
        let Ok(file) = OpenOptions::new().read(true).append(true).open(&path) else { continue };
        let is_torn = || file::read(&path).is_ok_and(|bytes| !bytes.contains(&b'\n'));
        if is_torn() && FileExt::try_lock(&file).is_ok() && is_torn() {
            std::fs::remove_file(&path).map_err(Error::io("remove", &path))?;
        }
    }
    Ok(())
}

/// The journals of interrupted operations, parsed by `read`. One without a complete first line has not begun and is skipped.
pub(crate) fn interrupted<T>(dir: &Path, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<(Journal, T)>> {
    let mut found = Vec::new();
    for name in file::names(dir)? {
        let path = dir.join(name);
        // Without write permission it could not be recovered.
        let Ok(file) = OpenOptions::new().read(true).append(true).open(&path) else { continue };
        let Some(record) = file::read(&path).ok().and_then(|bytes| read(&bytes)) else { continue };
        if FileExt::try_lock(&file).is_ok() && path.exists() {
            found.push((Journal { path, file }, record));
        }
    }
    Ok(found)
}

/// All journals, parsed by `read`, including those of interrupted operations.
pub(crate) fn all<T>(dir: &Path, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let one = |name| read(&file::read(&dir.join(name)).ok()?);
    Ok(file::names(dir)?.into_iter().filter_map(one).collect())
}

impl Journal {
    /// Appends a line.
    pub(crate) fn add(&mut self, line: &str) -> Result<()> {
        self.file.write_all(line.as_bytes()).map_err(Error::io("write", &self.path))
    }

    /// Ends the operation.
    pub(crate) fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))
    }

    /// Sets whether child processes inherit the lock.
    pub(crate) fn inherit_lock(&self, on: bool) {
        lock::inherit_lock(&self.file, on);
    }
}
