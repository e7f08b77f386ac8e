//! The lease log: append-only segments, an index that is only a cache, and one writer at a time.
//!
//! The log is the source of truth. A writer acquires the lock, opens the log, decides, appends, and reads its records back before
//! it reports success. A reader takes no lock. Commands use it through the interface in `lease` and do not know that there are files.
//!
//! A segment gets its archive name `claims-<n>.jsonl` when it is created, by an exclusive link. `claims.jsonl` is a second name
//! of the newest segment and always exists. A process that finds a closed segment continues in the next one.

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
use std::time::Duration;

use crate::domain::clone::Ownership;
use crate::domain::lease::{Lease, LeaseAnswer, LeaseFilter, LeaseRefusal, Ledger, Limits, Request};
use crate::domain::time::Clock;
use crate::store::file::Modes;
use crate::store::file_stamp::FileStamp;
use crate::store::log::disk::{Disk, LocalDisk};
use crate::store::log::index::Index;
use crate::store::log::segment::Segment;
use crate::store::log::write::batch;

pub(crate) use crate::store::log::write::Batch;
use crate::store::{Error, Result};

pub(crate) use crate::store::log::record::{checked, unchecked};

/// Options that tests change.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Take the file lock. Without it an issue still has one holder, but writers need more attempts.
    pub lock: bool,
    /// Make records durable.
    pub sync: bool,
    /// The size in bytes at which a segment is closed, or four times its snapshot, if that is more.
    pub segment_bytes: u64,
    /// How many bytes the index may lag behind the log.
    pub index_lag: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { lock: true, sync: true, segment_bytes: 1024 * 1024, index_lag: 4 * 1024 }
    }
}

/// The decision of a request, once it has taken effect.
pub(crate) type LogAnswer = std::result::Result<LeaseAnswer, LeaseRefusal>;

/// The lease log of a repository.
#[derive(Debug, Clone)]
pub(crate) struct LeaseLog {
    dir: PathBuf,
    disk: Arc<dyn Disk>,
    options: Options,
    /// What this process has read of the log; it continues from there.
    read_state: Arc<Mutex<Option<ReadState>>>,
    /// Which leases are this clone's.
    ownership: Arc<Mutex<Ownership>>,
}

/// What was read of a segment, as an index in memory.
#[derive(Debug)]
struct ReadState {
    index: Index,
    /// The offset up to which the index on disk is known to reach.
    indexed: u64,
}

impl LeaseLog {
    /// The log in `dir`, which may not exist yet.
    pub(crate) fn new(dir: &Path, modes: Modes, options: Options) -> Self {
        Self::on(Arc::new(LocalDisk { modes }), dir, options)
    }

    /// The log in `dir` on the given disk.
    fn on(disk: Arc<dyn Disk>, dir: &Path, options: Options) -> Self {
        Self { dir: dir.to_owned(), disk, options, read_state: Arc::default(), ownership: Arc::default() }
    }

    /// What this process has read. A thread that panicked leaves no inconsistent value: it is taken out while in use.
    fn read_state(&self) -> MutexGuard<'_, Option<ReadState>> {
        self.read_state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Which leases are this clone's.
    pub(crate) fn ownership(&self) -> Ownership {
        *self.ownership.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets which leases are this clone's; what was read for another clone is read again.
    pub(crate) fn set_ownership(&self, ownership: Ownership) {
        if self.ownership() != ownership {
            *self.ownership.lock().unwrap_or_else(PoisonError::into_inner) = ownership;
            self.read_state().take();
        }
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
        Segment::open(self.disk.as_ref(), path, self.ownership(), append)
    }

    /// The newest segment, read to its end; `None` if nothing was ever written.
    fn newest(&self, append: bool) -> Result<Option<Segment>> {
        let found = self.open(&self.current(), append)?.map_or_else(|| self.created_meanwhile(append), |it| Ok(Some(it)))?;
        found.map(|segment| self.read_newest(segment, append)).transpose()
    }

    /// Reads the segment that was opened as `claims.jsonl` to its end, and those after it.
    fn read_newest(&self, mut segment: Segment, append: bool) -> Result<Segment> {
        let mut read_state = self.read_state();
        self.read_on(&mut segment, read_state.take())?;
        // A closed segment whose successor exists: a writer is about to move the name `claims.jsonl`.
        while segment.is_sealed {
            let Some(mut next) = self.open(&self.archive(segment.number + 1), append)? else { break };
            if next.ledger.sequence != segment.ledger.sequence + 1 {
                let why = format!("does not continue where claims-{}.jsonl ends", segment.number);
                return Err(Error::Corrupt { path: next.path().to_owned(), line: Some(1), why });
            }
            next.advance(|_, _| {})?;
            segment = next;
        }
        let indexed = segment.resumed_at;
        *read_state = Index::of(&mut segment)?.map(|index| ReadState { index, indexed });
        Ok(segment)
    }

    /// The matching leases, decoded from the index only: decoding all leases would be too slow for a prompt or a hook. If the index is not
    /// usable, all leases.
    fn part(&self, about: &LeaseFilter<'_>) -> Result<Ledger> {
        let Some(mut segment) = self.open(&self.current(), false)? else { return self.ledger() };
        if let Some(index) = index::read_about(self.disk.as_ref(), &self.index(), &self.ownership(), about)
            && let Some(rest) = index.rest(&mut segment)?
            // A transfer ends a lease that the filter may have left out, and only a ledger with that lease can apply it.
            && !record::may_have_transfers(&rest)
        {
            segment.resume(index.into_parts(), &rest)?;
            return if segment.is_sealed { self.ledger() } else { Ok(segment.ledger) };
        }
        Ok(self.read_newest(segment, false)?.ledger)
    }

    /// Reads a segment to its end, starting where this process stopped reading, or else where the index ends, or else at the start.
    fn read_on(&self, segment: &mut Segment, read_state: Option<ReadState>) -> Result<()> {
        if let Some(ReadState { index, indexed }) = read_state
            && let Some(rest) = index.rest(segment)?
        {
            segment.resume(index.into_parts(), &rest)?;
            segment.resumed_at = indexed;
            return Ok(());
        }
        if let Some(index) = index::read(self.disk.as_ref(), &self.index(), &self.ownership())
            && let Some(rest) = index.rest(segment)?
        {
            return segment.resume(index.into_parts(), &rest);
        }
        segment.advance(|_, _| {})
    }

    /// Handles a missing `claims.jsonl`, which means "no leases" only if there was never a log. A log gets this name before its
    /// archive name, so if there is a segment now, another process has just created the log, or the name was removed.
    fn created_meanwhile(&self, append: bool) -> Result<Option<Segment>> {
        let path = self.current();
        let why = match self.numbers()?.into_iter().max() {
            Some(found) => format!("is missing, but claims-{found}.jsonl exists"),
            None => match index::read(self.disk.as_ref(), &self.index(), &self.ownership()) {
                Some(index) => format!("is missing, but claims.index.json covers {} of its records", index.sequence()),
                None => return Ok(None),
            },
        };
        self.open(&path, append)?.map(Some).ok_or(Error::Corrupt { path, line: None, why })
    }

    /// The numbers of the existing segments, in no particular order.
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

    /// The current leases, read without a lock.
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ok(self.whole_ledger()?.into_own())
    }

    /// The current leases, with those of the clone that this one was copied from.
    fn whole_ledger(&self) -> Result<Ledger> {
        Ok(self.newest(false)?.map(|segment| segment.ledger).unwrap_or_default())
    }

    /// Whether a lease names another clone.
    pub(crate) fn names_other_clones(&self) -> Result<bool> {
        Ok(self.whole_ledger()?.has_disowned())
    }

    /// The leases of the clone that this one was copied from, which count as ended.
    pub(crate) fn disowned(&self) -> Result<Vec<Lease>> {
        Ok(self.whole_ledger()?.leases().filter(|lease| lease.holder.clone_id.is_some()).cloned().collect())
    }

    /// The leases that match a filter, and perhaps others.
    pub(crate) fn ledger_about(&self, filter: &LeaseFilter<'_>) -> Result<Ledger> {
        // A process that has read the whole log continues from there.
        if matches!(filter, LeaseFilter::All) || self.read_state().is_some() {
            return self.ledger();
        }
        Ok(self.part(filter)?.into_own())
    }

    /// What the current segment looks like from outside.
    pub(crate) fn stamp(&self) -> Option<FileStamp> {
        FileStamp::of(&self.current())
    }

    /// One request, for tests: the decision, and the ledger after it.
    #[cfg(test)]
    pub(crate) fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<(LogAnswer, Ledger)> {
        let (mut answers, ledger) = self.apply(clock, std::slice::from_ref(request), limits, Duration::from_secs(5))?;
        Ok((answers.remove(0), ledger))
    }

    /// Decides requests in their order, the first one on the ledger as it is now, and appends the decisions. Waits for other writers for at
    /// most `patience`.
    pub(crate) fn apply(
        &self,
        clock: &dyn Clock,
        requests: &[Request],
        limits: &Limits,
        patience: Duration,
    ) -> Result<(Vec<LogAnswer>, Ledger)> {
        self.transact(clock, patience, |ledger, now| batch(ledger, requests, now, limits))
    }
}
