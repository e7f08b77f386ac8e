//! What a process is about to do, written down before, so that whoever comes after one that was killed can put it right.
//!
//! A file each: a first line that says all of it, lines for what was begun since, and no file when it is done. Whoever is at it
//! holds a lock on the file, and so does every Git that it starts: a lock that is free tells that nobody is at it any more.

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

/// The record of something that is being done; whoever has it holds its lock.
pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    file: File,
}

/// Writes down what is about to be done, in a file of a name that no other one has.
pub(crate) fn begin(dir: &Path, name: &str, modes: Modes, record: &impl Serialize) -> Result<Journal> {
    file::make_dir(dir, modes)?;
    let path = dir.join(format!("{name}.json"));
    let mut file = loop {
        let file = file::open_append(&path, modes)?;
        FileExt::lock_shared(&file).map_err(Error::io("lock", &path))?;
        // Before it was locked somebody may have taken it for one that was given up, see `sweep`.
        let (ours, there) = (file.metadata().map_err(Error::io("read", &path))?, path.metadata());
        if there.is_ok_and(|there| file::number_of(&there) == file::number_of(&ours)) {
            break file;
        }
    };
    let mut line = serde_json::to_vec(record).expect("a record of words and numbers");
    line.push(b'\n');
    file.write_all(&line).map_err(Error::io("write", &path))?;
    Ok(Journal { path, file })
}

/// Removes what somebody left who was killed before the first line was whole, and so before anything was done.
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

/// Those whose lock is free, with what `read` makes of them. One without a whole first line is of somebody who has not begun.
pub(crate) fn left<T>(dir: &Path, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<(Journal, T)>> {
    let mut found = Vec::new();
    for name in file::names(dir)? {
        let path = dir.join(name);
        // Who may not write there cannot put anything right either.
        let Ok(file) = OpenOptions::new().read(true).append(true).open(&path) else { continue };
        let Some(record) = file::read(&path).ok().and_then(|bytes| read(&bytes)) else { continue };
        if FileExt::try_lock(&file).is_ok() && path.exists() {
            found.push((Journal { path, file }, record));
        }
    }
    Ok(found)
}

/// All of them, those that were left too.
pub(crate) fn all<T>(dir: &Path, read: impl Fn(&[u8]) -> Option<T>) -> Result<Vec<T>> {
    let one = |name| read(&file::read(&dir.join(name)).ok()?);
    Ok(file::names(dir)?.into_iter().filter_map(one).collect())
}

impl Journal {
    /// Writes down a line more.
    pub(crate) fn add(&mut self, line: &str) -> Result<()> {
        self.file.write_all(line.as_bytes()).map_err(Error::io("write", &self.path))
    }

    /// There is nothing left to put right.
    pub(crate) fn finish(self) -> Result<()> {
        std::fs::remove_file(&self.path).map_err(Error::io("remove", &self.path))
    }

    /// Whether processes that are started from here on hold the lock too.
    pub(crate) fn inherit_lock(&self, on: bool) {
        lock::inherit_lock(&self.file, on);
    }
}
