//! Writing to the log: decide, append, read back, and switch to the next segment.
//!
//! Every name is made durable before anything is appended under it, and nothing is reported before it is durable. So a power
//! failure loses only what was never reported.

use std::time::Duration;

use crate::domain::lease::{Lease, LeaseEvent, LeaseStatus, Ledger, Limits, Request, decide};
use crate::domain::time::{Clock, ClockReading, Now};
use crate::store::Error;
use crate::store::lock;
use crate::store::log::index;
use crate::store::log::record::{LONGEST_LINE, LogRecord};
use crate::store::log::segment::{self, Segment, SegmentLine};
use crate::store::log::{LeaseLog, LogAnswer, Result};

/// How often a writer retries when others were faster, which file locks prevent.
const ATTEMPTS: usize = 100;
/// The approximate size of a lease in a snapshot, in bytes.
const SNAPSHOT_LINE: u64 = 600;
/// A lease that expired this long ago is not copied to the next segment, since it will not be renewed.
pub(crate) const FORGOTTEN_AFTER_MS: u64 = 24 * 3600 * 1000;

/// The decisions of several requests, appended as one.
#[derive(Debug)]
pub(crate) struct Batch {
    /// The records, in their order.
    pub events: Vec<LeaseEvent>,
    /// One for each request.
    pub answers: Vec<LogAnswer>,
    /// Whether a caller will rely on one of them.
    pub must_last: bool,
}

/// Decides requests in their order, each on the ledger that the one before has left.
pub(crate) fn batch(ledger: &Ledger, requests: &[Request], now: &Now, limits: &Limits) -> Batch {
    let mut batch = Batch { events: Vec::new(), answers: Vec::with_capacity(requests.len()), must_last: false };
    let mut after = std::borrow::Cow::Borrowed(ledger);
    for (n, request) in requests.iter().enumerate() {
        let decision = decide(&after, request, now, limits);
        if n + 1 < requests.len() {
            for event in &decision.events {
                let after = after.to_mut();
                after.apply(after.sequence + 1, event, now);
            }
        }
        batch.events.extend(decision.events);
        batch.answers.push(decision.answer);
        batch.must_last |= decision.must_last;
    }
    batch
}

/// Adds the ends of leases of another clone on issues that are granted. The log was copied with them; they count as ended by their holder.
fn end_disowned(ledger: &Ledger, batch: Batch) -> Batch {
    if !ledger.has_disowned() {
        return batch;
    }
    let mut events = Vec::with_capacity(batch.events.len());
    for event in batch.events {
        if let LeaseEvent::Acquire(grant) = &event
            && let Some(old) = ledger.lease_on(grant.issue_id).filter(|lease| lease.holder.clone_id.is_some())
        {
            let reason = Some("this clone was copied from the one that held it".to_owned());
            events.push(LeaseEvent::Release { lease_id: old.lease_id.clone(), reason });
        }
        events.push(event);
    }
    Batch { events, ..batch }
}

impl LeaseLog {
    /// Decides on the current ledger and appends the decisions. When this returns, all of their records count.
    pub(crate) fn transact(
        &self,
        clock: &dyn Clock,
        patience: Duration,
        decide: impl Fn(&Ledger, &Now) -> Batch,
    ) -> Result<(Vec<LogAnswer>, Ledger)> {
        let _guard = self.lock(patience)?;
        for _ in 0..ATTEMPTS {
            let mut segment = self.open_to_append(clock)?;
            let now = segment.ledger.not_before(clock.now());
            let batch = end_disowned(&segment.ledger, decide(&segment.ledger.own(), &now));
            if self.append(&mut segment, &batch, &now)? {
                if !batch.events.is_empty() {
                    self.tidy(&mut segment, &now);
                }
                return Ok((batch.answers, segment.ledger.into_own()));
            }
        }
        Err(Error::Contended { path: self.current() })
    }

    /// Creates the directory and acquires the writers' lock.
    pub(crate) fn lock(&self, patience: Duration) -> Result<Option<Box<dyn std::any::Any>>> {
        self.disk.make_dir(&self.dir)?;
        let lock = lock::path(&self.dir, "claims");
        self.options.lock.then(|| self.disk.lock(&lock, patience)).transpose()
    }

    /// The newest segment, open to append to. It is created, switched to, or its torn line sealed, as necessary.
    pub(crate) fn open_to_append(&self, clock: &dyn Clock) -> Result<Segment> {
        for _ in 0..ATTEMPTS {
            let Some(mut segment) = self.newest(true)? else {
                self.create()?;
                continue;
            };
            if segment.is_sealed {
                // The writer may have crashed before the seal was durable, and the seal must be durable before the next segment.
                let path = self.current();
                segment.tape().sync().map_err(Error::io("sync", &path))?;
                self.begin_next(&segment, &clock.now())?;
                continue;
            }
            if segment.path() != self.current() {
                self.move_name(segment.number)?;
            }
            // The archive name is created after `claims.jsonl` is durable, so without it that is not certain yet.
            if segment.number == 1 && self.open(&self.archive(1), false)?.is_none() {
                self.disk.sync_dir(&self.dir)?;
                self.disk.link(&self.current(), &self.archive(1))?;
            }
            if segment.is_torn {
                self.write_line(&mut segment, b"!\n")?;
                segment.advance(|_, _| {})?;
            }
            return Ok(segment);
        }
        Err(Error::Contended { path: self.current() })
    }

    /// Creates the first segment, unless another process was faster.
    pub(crate) fn create(&self) -> Result<()> {
        let lines = segment::first_lines(0, &generation(), 1, &self.ownership(), std::iter::empty());
        self.disk.create(&self.current(), &lines, self.options.sync)?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.link(&self.current(), &self.archive(1))?;
        Ok(())
    }

    /// Creates the segment after `closed` unless it exists, and moves the name `claims.jsonl` to it.
    pub(crate) fn begin_next(&self, closed: &Segment, now: &Now) -> Result<()> {
        let next = self.archive(closed.number + 1);
        let leases = closed.ledger.leases().filter(|lease| !is_forgotten(lease, now));
        let lines = segment::first_lines(closed.ledger.sequence, &generation(), closed.number + 1, &closed.ownership, leases);
        self.disk.create(&next, &lines, self.options.sync)?;
        self.move_name(closed.number + 1)
    }

    /// Makes `claims.jsonl` a name of this segment; the previous one keeps its archive name. The archive name is made durable
    /// first, so that the segment is found whichever one a power failure leaves under `claims.jsonl`.
    fn move_name(&self, number: u64) -> Result<()> {
        self.disk.link(&self.current(), &self.archive(number - 1))?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.relink(&self.archive(number), &self.current())?;
        self.disk.sync_dir(&self.dir)
    }

    /// Makes the two names of the newest segment names of one file again. Most programs copy a file with two names as two files, and what is
    /// appended to one of them would be missing in the other.
    pub(crate) fn join_names(&self) -> Result<()> {
        let _guard = self.lock(lock::PATIENCE)?;
        let Some(segment) = self.open(&self.current(), false)? else { return Ok(()) };
        let (current, archive) = (self.current(), self.archive(segment.number));
        let (bytes, archived) = (self.disk.read(&current)?.unwrap_or_default(), self.disk.read(&archive)?.unwrap_or_default());
        // If a writer was active, the file that was copied later has more records.
        let is_longer = archived.len() > bytes.len() && archived.starts_with(&bytes);
        let (from, to) = if is_longer { (&archive, &current) } else { (&current, &archive) };
        self.disk.relink(from, to)?;
        self.disk.sync_dir(&self.dir)
    }

    /// Appends decisions, record by record; returns whether all records count and the file is still part of the log.
    pub(crate) fn append(&self, segment: &mut Segment, batch: &Batch, now: &Now) -> Result<bool> {
        for (n, event) in batch.events.iter().enumerate() {
            let record = LogRecord::Event { event: event.clone(), at: now.clone() };
            let is_first = n == 0;
            // After the first record was written, other processes may see it, so an error leaves the outcome unknown.
            if !self.append_record(segment, &record).map_err(|error| if is_first { error } else { unsure(error) })? {
                return Ok(false);
            }
        }
        if self.options.sync && batch.must_last {
            let path = self.current();
            segment.tape().sync().map_err(|error| unsure(Error::io("sync", &path)(error)))?;
        }
        if batch.events.is_empty() { Ok(true) } else { self.is_in_the_log(segment).map_err(unsure) }
    }

    pub(crate) fn append_record(&self, segment: &mut Segment, record: &LogRecord) -> Result<bool> {
        let mine = record.line(segment.ledger.sequence + 1, &segment.ownership);
        if mine.len() > LONGEST_LINE {
            let why = format!("a record of {} bytes, more than {LONGEST_LINE}: give a shorter reason", mine.len());
            return Err(Error::Corrupt { path: self.current(), line: None, why });
        }
        self.write_line(segment, &mine)?;
        let mut counts = false;
        segment.advance(|line, outcome| counts |= line == mine && matches!(outcome, SegmentLine::Counted(_))).map_err(unsure)?;
        Ok(counts)
    }

    /// Appends a line with one write. On a full disk, the written part has no newline, and the next writer seals it.
    fn write_line(&self, segment: &mut Segment, line: &[u8]) -> Result<()> {
        let path = self.current();
        let failed = Error::io("append to", &path);
        match segment.tape().append(line) {
            Ok(written) if written == line.len() => Ok(()),
            Ok(_) => Err(failed(std::io::ErrorKind::StorageFull.into())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether the file that was appended to is still the current segment or a closed one.
    fn is_in_the_log(&self, segment: &Segment) -> Result<bool> {
        for path in [self.current(), self.archive(segment.number)] {
            if self.open(&path, false)?.is_some_and(|found| found.generation == segment.generation) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the index if it lags, and closes the segment if it is long. Best effort: the decision is already final.
    fn tidy(&self, segment: &mut Segment, now: &Now) {
        let limit = self.options.segment_bytes;
        if segment.offset > limit {
            let snapshot = segment.ledger.leases().count() as u64 * SNAPSHOT_LINE;
            if segment.offset > snapshot.saturating_mul(4) && self.append_record(segment, &LogRecord::Seal).unwrap_or(false) {
                if segment.tape().sync().is_ok() {
                    let _ = self.begin_next(segment, now);
                }
                return;
            }
        }
        // The log must be durable before its index: then a log that is shorter than its index was damaged.
        let lags = segment.offset.saturating_sub(segment.resumed_at) > self.options.index_lag;
        if lags
            && (!self.options.sync || segment.tape().sync().is_ok())
            && index::write(self.disk.as_ref(), &self.index(), segment)
            && let Some(state) = self.read_state().as_mut()
        {
            state.indexed = segment.offset;
        }
    }
}

fn unsure(error: Error) -> Error {
    match error {
        Error::Unsure { .. } => error,
        error => Error::Unsure { source: Box::new(error) },
    }
}

pub(crate) fn generation() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn is_forgotten(lease: &Lease, now: &Now) -> bool {
    let millis = now.clock.millis.saturating_sub(FORGOTTEN_AFTER_MS);
    let long_ago = Now { clock: ClockReading::new(now.clock.domain.clone(), millis), wall: now.wall };
    !lease.closing && lease.lease_status(&long_ago, u64::MAX) == LeaseStatus::Lapsed
}
