//! File locks as guards: dropping the guard, or a crash, releases the lock.
//!
//! Lock files are created once and never removed, so that all processes lock the same inode. Waiting is limited, and the
//! error names the process that holds the lock. No lock is held while waiting for Git, a hook or a person.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use fs4::FileExt;

use crate::store::file::{self, Modes};
use crate::store::{Error, Result};

/// How long a writer waits for another one, by default.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Holds a lock until it is dropped.
#[derive(Debug)]
pub(crate) struct Guard {
    file: File,
    #[cfg(debug_assertions)]
    name: PathBuf,
}

#[cfg(debug_assertions)]
thread_local! {
    /// The locks that this thread holds.
    static HELD: std::cell::RefCell<Vec<PathBuf>> = const { std::cell::RefCell::new(Vec::new()) };
}

/// Panics in debug builds if this thread holds the lock of the worktrees or of the issues. A store of leases may have to wait for a
/// network, and other processes must not wait with it.
pub(crate) fn assert_none_is_held() {
    #[cfg(debug_assertions)]
    HELD.with_borrow(|held| {
        let is_waited_for = |path: &&PathBuf| path.ends_with("locks/worktrees.lock") || path.ends_with("locks/issues.lock");
        assert!(!held.iter().any(|path| is_waited_for(&path)), "a lease is written while {held:?} are held");
    });
}

/// Acquires the lock at `path`, waiting at most `patience`.
pub(crate) fn acquire(path: &Path, modes: Modes, patience: Duration) -> Result<Guard> {
    let mut lock = open(path, modes)?;
    let deadline = Instant::now() + patience;
    let mut pause = Duration::from_micros(200);
    loop {
        match FileExt::try_lock(&lock) {
            Ok(()) => break,
            Err(fs4::TryLockError::WouldBlock) if Instant::now() < deadline => {
                std::thread::sleep(pause);
                pause = (pause * 2).min(Duration::from_millis(5));
            }
            Err(fs4::TryLockError::WouldBlock) => return Err(Error::Busy { path: path.to_owned(), pid: holder(&mut lock) }),
            Err(fs4::TryLockError::Error(error)) => return Err(Error::io("lock", path)(error)),
        }
    }
    // For the error message of other processes; of fixed width, so that it never has to be truncated.
    let note = format!("{:>10}\n", std::process::id());
    let _ = lock.rewind().and_then(|()| lock.write_all(note.as_bytes()));
    #[cfg(debug_assertions)]
    HELD.with_borrow_mut(|held| held.push(path.to_owned()));
    Ok(Guard {
        file: lock,
        #[cfg(debug_assertions)]
        name: path.to_owned(),
    })
}

fn open(path: &Path, modes: Modes) -> Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    if let Ok(file) = options.open(path) {
        return Ok(file);
    }
    file::make_dir(path.parent().unwrap_or(Path::new(".")), modes)?;
    drop(file::open_append(path, modes)?);
    options.open(path).map_err(Error::io("open", path))
}

fn holder(lock: &mut File) -> Option<u32> {
    let mut text = String::new();
    lock.rewind().ok()?;
    lock.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

impl Guard {
    /// Sets whether child processes inherit the lock and still hold it if this process is killed.
    pub(crate) fn inherit_lock(&self, on: bool) {
        inherit_lock(&self.file, on);
    }
}

/// Sets whether child processes inherit a locked file, and so its lock.
pub(crate) fn inherit_lock(file: &File, on: bool) {
    #[cfg(unix)]
    // If that fails, the lock ends with this process, as on other systems.
    let _ = rustix::io::fcntl_setfd(file, if on { rustix::io::FdFlags::empty() } else { rustix::io::FdFlags::CLOEXEC });
    #[cfg(not(unix))]
    let _ = (file, on);
}

impl Drop for Guard {
    fn drop(&mut self) {
        // Closing the file unlocks it too; this is explicit.
        let _ = FileExt::unlock(&self.file);
        #[cfg(debug_assertions)]
        HELD.with_borrow_mut(|held| {
            if let Some(at) = held.iter().rposition(|path| *path == self.name) {
                held.remove(at);
            }
        });
    }
}

/// Whether file locks work in this directory; on some container file systems they do not.
pub(crate) fn work_in(dir: &Path) -> Result<bool> {
    let fail = |verb| Error::io(verb, dir);
    let probe = tempfile::Builder::new().prefix(file::TEMPORARY).tempfile_in(dir).map_err(fail("create a file in"))?;
    let other = probe.reopen().map_err(fail("open a file in"))?;
    FileExt::lock(probe.as_file()).map_err(fail("lock a file in"))?;
    Ok(matches!(FileExt::try_lock(&other), Err(fs4::TryLockError::WouldBlock)))
}

/// The path of the lock with this name in `dir`.
pub(crate) fn path(dir: &Path, name: &str) -> PathBuf {
    dir.join("locks").join(format!("{name}.lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_names_the_process_that_holds_the_lock() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = path(dir.path(), "test");
        let guard = acquire(&path, Modes::PRIVATE, PATIENCE).expect("free");
        let error = acquire(&path, Modes::PRIVATE, Duration::from_millis(10)).expect_err("taken");
        assert!(matches!(error, Error::Busy { pid: Some(pid), .. } if pid == std::process::id()), "{error}");
        drop(guard);
        acquire(&path, Modes::PRIVATE, Duration::ZERO).expect("free again");
    }
}
