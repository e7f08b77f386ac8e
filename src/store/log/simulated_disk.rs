//! A simulated file system: it loses what is not durable, truncates and garbles the end of files, and fails on demand.
//!
//! A power failure keeps the synced part of each file and any part of the rest, truncated at any byte or filled with zeros, and
//! any of the name changes since the directory was synced. A killed process has no further effect.

use std::any::Any;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use crate::store::log::disk::{Disk, Tape};
use crate::store::{Error, Result};

/// A fault at the call with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub at: usize,
    pub kind: DiskFault,
}

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum DiskFault {
    /// The disk is full: the call has no effect.
    Full,
    /// An append is written in part; any other call has no effect.
    Short(usize),
    /// The device fails: the call has no effect.
    Broken,
    /// The process is killed before the call.
    Dies,
    /// The process is killed after the call.
    DiesAfter,
}

/// What a power failure leaves: one number per decision.
#[derive(Debug, Clone)]
pub(crate) struct Loss(pub Vec<usize>);

#[derive(Debug, Clone, Default)]
struct SimulatedFile {
    bytes: Vec<u8>,
    /// How many of them are durable.
    synced: usize,
}

#[derive(Debug, Default)]
struct DiskState {
    files: Vec<SimulatedFile>,
    names: BTreeMap<PathBuf, usize>,
    durable: BTreeMap<PathBuf, usize>,
    /// Name changes that are not durable.
    pending: Vec<(PathBuf, Option<usize>)>,
    calls: usize,
    fault: Option<Fault>,
    is_dead: bool,
}

/// The simulated disk; clones share its state.
#[derive(Debug, Clone, Default)]
pub(crate) struct SimDisk(Arc<Mutex<DiskState>>);

/// The effect of a call.
enum Go {
    Whole,
    Part(usize),
    ThenDie,
}

impl DiskState {
    /// Counts a call and returns its effect.
    fn call(&mut self) -> io::Result<Go> {
        if self.is_dead {
            return Err(io::Error::other("the process is dead"));
        }
        self.calls += 1;
        let Some(fault) = self.fault.filter(|fault| fault.at == self.calls) else { return Ok(Go::Whole) };
        match fault.kind {
            DiskFault::Full => Err(io::ErrorKind::StorageFull.into()),
            DiskFault::Short(bytes) => Ok(Go::Part(bytes)),
            DiskFault::Broken => Err(io::Error::from_raw_os_error(5)),
            DiskFault::Dies => {
                self.is_dead = true;
                Err(io::Error::other("the process is dead"))
            }
            DiskFault::DiesAfter => Ok(Go::ThenDie),
        }
    }

    fn name(&mut self, path: &Path, file: Option<usize>) {
        match file {
            Some(file) => drop(self.names.insert(path.to_owned(), file)),
            None => drop(self.names.remove(path)),
        }
        self.pending.push((path.to_owned(), file));
    }

    fn add(&mut self, bytes: &[u8], is_synced: bool) -> usize {
        self.files.push(SimulatedFile { bytes: bytes.to_vec(), synced: if is_synced { bytes.len() } else { 0 } });
        self.files.len() - 1
    }
}

impl SimDisk {
    fn state(&self) -> MutexGuard<'_, DiskState> {
        self.0.lock().expect("no holder of the lock panics")
    }

    /// Starts a new process, with this fault.
    pub(crate) fn begin(&self, fault: Option<Fault>) {
        let mut state = self.state();
        (state.calls, state.fault, state.is_dead) = (0, fault, false);
    }

    /// Simulates a power failure and a restart.
    pub(crate) fn lose_power(&self, loss: &Loss) {
        let mut state = self.state();
        let mut draws = loss.0.iter().copied().cycle();
        let mut draw = |most: usize| draws.next().unwrap_or(0) % (most + 1);
        let mut names = state.durable.clone();
        for (path, file) in std::mem::take(&mut state.pending) {
            match file {
                _ if draw(1) == 0 => {}
                Some(file) => drop(names.insert(path, file)),
                None => drop(names.remove(&path)),
            }
        }
        for file in &mut state.files {
            let rest = file.bytes.len() - file.synced;
            let kept = file.synced
                + match draw(3) {
                    0 => 0,
                    1 => rest,
                    _ => draw(rest),
                };
            let length = file.bytes.len();
            file.bytes.truncate(kept);
            if draw(3) == 0 {
                file.bytes.resize(length, 0);
            }
            file.synced = file.bytes.len();
        }
        state.durable.clone_from(&names);
        state.names = names;
    }

    /// Replaces the content of a file without a process.
    pub(crate) fn garble(&self, path: &Path, bytes: &[u8]) {
        let mut state = self.state();
        let file = state.add(bytes, true);
        state.names.insert(path.to_owned(), file);
        state.durable.insert(path.to_owned(), file);
    }

    fn call<T>(&self, verb: &'static str, path: &Path, act: impl FnOnce(&mut DiskState) -> T) -> Result<T> {
        let mut state = self.state();
        let fail = Error::io(verb, path);
        match state.call() {
            Err(error) => Err(fail(error)),
            Ok(Go::Part(_)) => Err(fail(io::ErrorKind::StorageFull.into())),
            Ok(Go::Whole) => Ok(act(&mut state)),
            Ok(Go::ThenDie) => {
                act(&mut state);
                state.is_dead = true;
                Err(fail(io::Error::other("the process is dead")))
            }
        }
    }
}

impl Disk for SimDisk {
    fn make_dir(&self, _: &Path) -> Result<()> {
        Ok(())
    }

    fn open(&self, path: &Path, _: bool) -> Result<Option<Box<dyn Tape>>> {
        let file = self.call("open", path, |state| state.names.get(path).copied())?;
        Ok(file.map(|file| Box::new(SimTape { disk: self.clone(), file }) as Box<dyn Tape>))
    }

    fn read(&self, path: &Path) -> Result<Option<Vec<u8>>> {
        self.call("read", path, |state| state.names.get(path).map(|file| state.files[*file].bytes.clone()))
    }

    fn names(&self, dir: &Path) -> Result<Vec<OsString>> {
        let name = |path: &PathBuf| path.file_name().map(ToOwned::to_owned);
        self.call("list", dir, |state| state.names.keys().filter(|path| path.starts_with(dir)).filter_map(name).collect())
    }

    fn create(&self, path: &Path, bytes: &[u8], sync: bool) -> Result<bool> {
        self.call("write", path, |state| {
            if state.names.contains_key(path) {
                return false;
            }
            let file = state.add(bytes, sync);
            state.name(path, Some(file));
            true
        })
    }

    fn replace(&self, path: &Path, bytes: &[u8]) -> Result<()> {
        self.call("replace", path, |state| {
            let file = state.add(bytes, false);
            state.name(path, Some(file));
        })
    }

    fn link(&self, existing: &Path, name: &Path) -> Result<bool> {
        self.call("link", name, |state| {
            let file = state.names.get(existing).copied();
            let is_first = file.is_some() && !state.names.contains_key(name);
            if is_first {
                state.name(name, file);
            }
            is_first
        })
    }

    fn relink(&self, existing: &Path, name: &Path) -> Result<()> {
        self.call("replace", name, |state| {
            let file = state.names.get(existing).copied();
            state.name(name, file);
        })
    }

    fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        self.call("rename", from, |state| {
            let file = state.names.get(from).copied();
            state.name(to, file);
            state.name(from, None);
        })
    }

    fn sync_dir(&self, dir: &Path) -> Result<()> {
        self.call("sync", dir, |state| {
            state.durable = state.names.clone();
            state.pending.clear();
        })
    }

    fn lock(&self, _: &Path, _: std::time::Duration) -> Result<Box<dyn Any>> {
        Ok(Box::new(()))
    }

    fn locks_work(&self, _: &Path) -> Result<bool> {
        Ok(true)
    }

    fn reservations(&self, _: &Path) -> Option<String> {
        None
    }
}

#[derive(Debug)]
struct SimTape {
    disk: SimDisk,
    file: usize,
}

impl Tape for SimTape {
    fn length(&self) -> io::Result<u64> {
        Ok(self.disk.state().files[self.file].bytes.len() as u64)
    }

    fn read(&mut self, offset: u64, limit: u64) -> io::Result<Vec<u8>> {
        let mut state = self.disk.state();
        state.call()?;
        let bytes = &state.files[self.file].bytes;
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(bytes.len());
        let to = from.saturating_add(usize::try_from(limit).unwrap_or(usize::MAX)).min(bytes.len());
        Ok(bytes[from..to].to_vec())
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut state = self.disk.state();
        let (taken, dies) = match state.call()? {
            Go::Whole => (bytes.len(), false),
            Go::Part(part) => (part % bytes.len(), false),
            Go::ThenDie => (bytes.len(), true),
        };
        state.files[self.file].bytes.extend_from_slice(&bytes[..taken]);
        state.is_dead = dies;
        if dies { Err(io::Error::other("the process is dead")) } else { Ok(taken) }
    }

    fn sync(&mut self) -> io::Result<()> {
        let mut state = self.disk.state();
        match state.call()? {
            Go::Whole => {}
            Go::Part(_) => return Err(io::Error::from_raw_os_error(5)),
            Go::ThenDie => state.is_dead = true,
        }
        let file = &mut state.files[self.file];
        file.synced = file.bytes.len();
        if state.is_dead { Err(io::Error::other("the process is dead")) } else { Ok(()) }
    }
}
