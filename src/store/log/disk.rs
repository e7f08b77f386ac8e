//! The file system interface of the log. Tests use a simulated one that fails on demand and loses what is not durable.

use std::any::Any;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use crate::store::file::{self, Modes};
use crate::store::lock;
use crate::store::{Error, Result};

/// The file system operations that the log uses.
pub(crate) trait Disk: std::fmt::Debug + Send + Sync {
    /// Creates a directory and its missing parents, durably.
    fn make_dir(&self, dir: &Path) -> Result<()>;
    /// Opens a file to read, and with `append` also to append to; `None` if it does not exist.
    fn open(&self, path: &Path, append: bool) -> Result<Option<Box<dyn Tape>>>;
    /// The content of a file; `None` if it does not exist.
    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>>;
    /// The names in a directory; none if it does not exist.
    fn names(&self, dir: &Path) -> Result<Vec<OsString>>;
    /// Writes a file, durably with `sync`, and gives it its name; returns `false` if the name is taken.
    fn create(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<bool>;
    /// Replaces a file atomically.
    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()>;
    /// Gives a file a second name; returns `false` if the name is taken.
    fn link(&self, existing: &Path, name: &Path) -> Result<bool>;
    /// Makes `name` another name of a file, atomically, even if `name` exists.
    fn relink(&self, existing: &Path, name: &Path) -> Result<()>;
    /// Renames a file.
    fn rename(&self, from: &Path, to: &Path) -> Result<()>;
    /// Makes the names in a directory durable.
    fn sync_dir(&self, dir: &Path) -> Result<()>;
    /// Acquires the lock at `path`, waiting at most `patience`; dropping the guard releases it.
    fn lock(&self, path: &Path, patience: Duration) -> Result<Box<dyn Any>>;
    /// Whether file locks work in this directory.
    fn locks_work(&self, dir: &Path) -> Result<bool>;
    /// What the file system of this directory does not guarantee.
    fn reservations(&self, dir: &Path) -> Option<String>;
}

/// An open file of the log.
pub(crate) trait Tape: std::fmt::Debug {
    /// Its length in bytes.
    fn length(&self) -> io::Result<u64>;
    /// At most `limit` bytes from `offset`; fewer only at the end.
    fn read(&mut self, offset: u64, limit: u64) -> io::Result<Vec<u8>>;
    /// Appends with one write; returns how many bytes were written, which may be fewer.
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

    fn lock(&self, path: &Path, patience: Duration) -> Result<Box<dyn Any>> {
        Ok(Box::new(lock::acquire(path, self.modes, patience)?))
    }

    fn locks_work(&self, dir: &Path) -> Result<bool> {
        lock::work_in(dir)
    }

    fn reservations(&self, dir: &Path) -> Option<String> {
        let kind = file::network(dir)?;
        Some(format!("is on a network file system ({kind}), which guarantees neither locks nor appends between machines"))
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
