//! The lease store: an append-only log in segments, an index that is only a cache, and one writer at a time.
//!
//! The log is the authority. A writer takes the lock, opens the log after it has it, decides, appends, and
//! reads its records back before it reports success; a reader takes no lock. Nothing outside this module
//! knows that there are files: callers have a [`Coordinator`].
//!
//! A segment has its archive name `claims-<n>.jsonl` from birth, given by an exclusive link; `claims.jsonl` is
//! a second name of the newest one, and is never absent. Whoever meets a closed segment goes on in the next.

mod disk;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod fuzz;
mod health;
mod history;
mod index;
mod record;
mod recover;
mod segment;
#[cfg(test)]
mod simulated_disk;
#[cfg(test)]
mod tests;
mod write;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::domain::lease::{LeaseFilter, Ledger, Limits, Request, Transaction, decide};
use crate::domain::time::Clock;
use crate::store::file::Modes;
use crate::store::file_stamp::FileStamp;
use crate::store::log::disk::{Disk, LocalDisk};
use crate::store::log::index::Index;
use crate::store::log::segment::Segment;
use crate::store::{Error, Result};

pub(crate) use crate::store::log::record::{checked, unchecked};

/// What a test may switch off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Take the file lock. Without it there is still one holder, only more attempts.
    pub lock: bool,
    /// Make records durable.
    pub sync: bool,
    /// Bytes at which a segment is closed; four times its snapshot, if that is more.
    pub segment_bytes: u64,
    /// Bytes beyond the index that make it worth writing anew.
    pub index_lag: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { lock: true, sync: true, segment_bytes: 1024 * 1024, index_lag: 4 * 1024 }
    }
}

/// The leases of one repository.
#[derive(Debug, Clone)]
pub(crate) struct LeaseLog {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    options: Options,
    /// What this process has read of the log: it reads on from there.
    seen: Arc<Mutex<Option<Seen>>>,
}

/// What was read of a segment, as an index in memory.
#[derive(Debug)]
struct Seen {
    index: Index,
    /// The bytes that the index on disk is about.
    indexed: u64,
}

impl LeaseLog {
    /// The store in `dir`, which need not exist yet, with parts switched off.
    pub(crate) fn new(dir: &Path, modes: Modes, options: Options) -> Self {
        Self::on(Arc::new(LocalDisk { modes }), dir, options)
    }

    /// The store in `dir` of another file system.
    fn on(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Self {
        Self { dir: dir.to_owned(), disk, options, seen: Arc::default() }
    }

    /// What this process has read, whatever became of a thread that was at it: it is taken out while it is worked with.
    fn seen(&self) -> MutexGuard<'_, Option<Seen>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn current(&self) -> PathBuf {
        self.dir.join("claims.jsonl")
    }

    fn archive(&self, number: u64) -> PathBuf {
        self.dir.join(format!("claims-{number}.jsonl"))
    }

    fn index(&self) -> PathBuf {
        self.dir.join("claims.index.json")
    }

    fn open(&self, path: &Path, append: bool) -> Result<Option<Segment>> {
        Segment::open(self.disk.as_ref(), path, append)
    }

    /// The newest segment, read to its end; nothing if nothing was ever written.
    fn newest(&self, append: bool) -> Result<Option<Segment>> {
        let found = self.open(&self.current(), append)?.map_or_else(|| self.born_meanwhile(append), |it| Ok(Some(it)))?;
        let Some(mut segment) = found else { return Ok(None) };
        let mut seen = self.seen();
        self.read_on(&mut segment, seen.take())?;
        // A closed segment whose successor is there already: the name was about to move on.
        while segment.is_sealed {
            let Some(mut next) = self.open(&self.archive(segment.number + 1), append)? else { break };
            if next.ledger.sequence != segment.ledger.sequence + 1 {
                let why = format!("does not go on where claims-{}.jsonl ends", segment.number);
                return Err(Error::Corrupt { path: next.path().to_owned(), line: Some(1), why });
            }
            next.advance(|_, _| {})?;
            segment = next;
        }
        let indexed = segment.resumed_at;
        *seen = Index::of(&mut segment)?.map(|index| Seen { index, indexed });
        Ok(Some(segment))
    }

    /// The outcome as far as somebody wants to know, if the index is of use: a prompt and a hook have no time for all other leases.
    fn part(&self, about: &LeaseFilter<'_>) -> Result<Option<Ledger>> {
        let Some(mut segment) = self.open(&self.current(), false)? else { return Ok(None) };
        let Some(index) = index::read_about(self.disk.as_ref(), &self.index(), about) else { return Ok(None) };
        let Some(rest) = index.rest(&mut segment)? else { return Ok(None) };
        segment.resume(index.outcome(), &rest)?;
        Ok(Some(segment).filter(|segment| !segment.is_sealed).map(|segment| segment.ledger))
    }

    /// Reads a segment to its end: from where this process has read it before, or its index ends, or its beginning.
    fn read_on(&self, segment: &mut Segment, seen: Option<Seen>) -> Result<()> {
        if let Some(Seen { index, indexed }) = seen
            && let Some(rest) = index.rest(segment)?
        {
            segment.resume(index.outcome(), &rest)?;
            segment.resumed_at = indexed;
            return Ok(());
        }
        if let Some(index) = index::read(self.disk.as_ref(), &self.index())
            && let Some(rest) = index.rest(segment)?
        {
            return segment.resume(index.outcome(), &rest);
        }
        segment.advance(|_, _| {})
    }

    /// "No log" must be true before it is read as "no leases": a log gets its name before its archive's, so if there
    /// is a segment now, the log was there before, and is there still unless somebody took it away.
    fn born_meanwhile(&self, append: bool) -> Result<Option<Segment>> {
        let path = self.current();
        let why = match self.numbers()?.into_iter().max() {
            Some(found) => format!("is missing, and claims-{found}.jsonl is there"),
            None => match index::read(self.disk.as_ref(), &self.index()) {
                Some(index) => format!("is missing, and claims.index.json knows {} records of it", index.sequence()),
                None => return Ok(None),
            },
        };
        self.open(&path, append)?.map(Some).ok_or(Error::Corrupt { path, line: None, why })
    }

    /// The numbers of the segments that there are, in no order.
    fn numbers(&self) -> Result<Vec<u64>> {
        let number = |name: &std::ffi::OsString| name.to_str()?.strip_prefix("claims-")?.strip_suffix(".jsonl")?.parse().ok();
        Ok(self.disk.names(&self.dir)?.iter().filter_map(number).collect())
    }
}

impl LeaseLog {
    /// Whether what was reported as done survives a loss of power.
    pub(crate) fn is_durable(&self) -> bool {
        self.options.sync
    }

    /// The leases as they are, read without a lock.
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ok(self.newest(false)?.map(|segment| segment.ledger).unwrap_or_default())
    }

    /// The leases that match a filter, and perhaps others.
    pub(crate) fn ledger_about(&self, filter: &LeaseFilter<'_>) -> Result<Ledger> {
        // A process that has read the whole log reads on from there.
        if self.seen().is_some() {
            return self.ledger();
        }
        self.part(filter)?.map_or_else(|| self.ledger(), Ok)
    }

    /// What the current segment looks like from outside.
    pub(crate) fn stamp(&self) -> Option<FileStamp> {
        FileStamp::of(&self.current())
    }

    /// Decides a request on the ledger as it is now, and appends the decision.
    pub(crate) fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<Transaction> {
        self.transact(clock, |ledger, now| decide(ledger, request, now, limits))
    }
}
