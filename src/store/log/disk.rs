//! What the log needs of a file system. Tests have one that loses what was not made durable, and fails where told.

use std::any::Any;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;

use crate::store::file::{self, Modes};
use crate::store::lock;
use crate::store::{Error, Result};

/// A file system, as far as the log uses one.
pub(crate) trait Disk: std::fmt::Debug + Send + Sync {
    /// Makes a directory and what is missing above it, durably.
    fn make_dir(&self, dir: &Path) -> Result<()>;
    /// Opens a file to read, and to append to where `append` says so; nothing if it is not there.
    fn open(&self, path: &Path, append: bool) -> Result<Option<Box<dyn Tape>>>;
    /// The whole of a file; nothing if it is not there.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>>;
    /// The names in a directory; none if it is not there.
    fn names(&self, dir: &Path) -> Result<Vec<OsString>>;
    /// Writes a file whole, durably with `sync`, and gives it its name unless that is taken: whether it was the first.
    fn create(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<bool>;
    /// Replaces a file whole.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()>;
    /// Gives a file a second name unless that is taken: whether it was the first.
    fn link(&self, existing: &Path, name: &Path) -> Result<bool>;
    /// Makes `name` another name of a file, in one step, whatever it was.
    fn relink(&self, existing: &Path, name: &Path) -> Result<()>;
    /// Gives a file another name.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> Result<()>;
    /// Waits for the lock at `path`, which ends with the guard.
    fn lock(&self, path: &Path) -> Result<Box<dyn Any>>;
    /// Whether a lock in this directory keeps anybody out.
    fn locks_work(&self, dir: &Path) -> Result<bool>;
    /// What is not promised on the file system that this directory is on.
    fn reservations(&self, dir: &Path) -> Option<String>;
}

/// An open file of the log.
pub(crate) trait Tape: std::fmt::Debug {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// At most `limit` bytes from `offset`; fewer only at the end.
    fn read(&mut self, offset: u64, limit: u64) -> io::Result<Vec<u8>>;
    /// One write at the end, which may be cut short: how many bytes of it were taken.
    fn append(&mut self, bytes: &[u8]) -> io::Result<usize>;
    /// Makes its content durable.
    fn sync(&mut self) -> io::Result<()>;
}

/// The file system of this machine.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LocalDisk {
    pub modes: Modes,
}

impl Disk for LocalDisk {
    fn make_dir(&self, dir: &Path) -> Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        file::make_dir(dir, self.modes)?;
        dir.parent().map_or(Ok(()), file::sync_dir)
    }

    fn open(&self, path: &Path, append: bool) -> Result<Option<Box<dyn Tape>>> {
        match OpenOptions::new().read(true).append(append).open(path) {
            Ok(file) => Ok(Some(Box::new(file))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(Error::io("open", path)(error)),
        }
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        file::read_optional(path)
    }

    fn names(&self, dir: &Path) -> Result<Vec<OsString>> {
        file::names(dir)
    }

    fn create(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<bool> {
        file::finish_beside(path, bytes, self.modes, sync)?.claim_name()
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        file::replace(path, bytes, self.modes)
    }

    fn link(&self, existing: &Path, name: &Path) -> Result<bool> {
        file::link(existing, name)
    }

    fn relink(&self, existing: &Path, name: &Path) -> Result<()> {
        file::relink(existing, name)
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        std::fs::rename(from, to).map_err(Error::io("set aside", from))
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        file::sync_dir(dir)
    }

    fn lock(&self, path: &Path) -> Result<Box<dyn Any>> {
        Ok(Box::new(lock::acquire(path, self.modes, lock::PATIENCE)?))
    }

    fn locks_work(&self, dir: &Path) -> Result<bool> {
        lock::work_in(dir)
    }

    fn reservations(&self, dir: &Path) -> Option<String> {
        let kind = file::network(dir)?;
        Some(format!("is on a network file system ({kind}), where neither locks nor appends of several machines are promised"))
    }
}

impl Tape for File {
    fn length(&self) -> io::Result<u64> {
        Ok(self.metadata()?.len())
    }

    fn read(&mut self, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
        let length = self.length()?.saturating_sub(offset).min(limit);
        let mut bytes = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
        self.seek(SeekFrom::Start(offset))?;
        Read::take(self, limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }
}
