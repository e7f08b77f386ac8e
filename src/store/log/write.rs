//! The writer's side of the log: decide, append, read back, and go on to the next segment.
//!
//! Every name is made durable before anything is appended under it, and nothing is reported that is not: so what a
//! loss of power takes away was never told to anybody.

use crate::domain::lease::{Decision, Lease, LeaseStatus, Ledger, Transaction};
use crate::domain::time::{Clock, ClockReading, Now};
use crate::store::Error;
use crate::store::lock;
use crate::store::log::index;
use crate::store::log::record::{self, LONGEST_LINE, LogRecord};
use crate::store::log::segment::{self, Segment, SegmentLine};
use crate::store::log::{LeaseLog, Result};

/// How often a writer tries again when others were faster, which locks make impossible.
const ATTEMPTS: usize = 100;
/// About the bytes of one lease in a snapshot.
const SNAPSHOT_LINE: u64 = 600;
/// A lease that lapsed this much earlier is not carried into the next segment: nobody will renew it.
pub(crate) const FORGOTTEN_AFTER_MS: u64 = 24 * 3600 * 1000;

impl LeaseLog {
    /// Decides on the ledger as it is now, and appends what was decided: all of it counts when this returns.
    pub(crate) fn transact(&self, clock: &dyn Clock, decision: impl Fn(&Ledger, &Now) -> Decision) -> Result<Transaction> {
        let _guard = self.lock()?;
        for _ in 0..ATTEMPTS {
            let mut segment = self.open_to_append(clock)?;
            let now = clock.now();
            let decision = decision(&segment.ledger, &now);
            if self.append(&mut segment, &decision, &now)? {
                if !decision.events.is_empty() {
                    self.tidy(&mut segment, &now);
                }
                return Ok(Transaction { answer: decision.answer, ledger: segment.ledger });
            }
        }
        Err(Error::Contended { path: self.current() })
    }

    /// Makes the folder, and waits for the writers' lock.
    pub(crate) fn lock(&self) -> Result<Option<Box<dyn std::any::Any>>> {
        self.disk.make_dir(&self.dir)?;
        let lock = lock::path(&self.dir, "claims");
        self.options.lock.then(|| self.disk.lock(&lock)).transpose()
    }

    /// The newest segment, open and whole, to append to: made, switched to and sealed as need be.
    pub(crate) fn open_to_append(&self, clock: &dyn Clock) -> Result<Segment> {
        for _ in 0..ATTEMPTS {
            let Some(mut segment) = self.newest(true)? else {
                self.create()?;
                continue;
            };
            if segment.is_sealed {
                // Whoever sealed it may not have lived to make that last; a successor must never outlive the seal.
                let path = self.current();
                segment.tape().sync().map_err(Error::io("sync", &path))?;
                self.begin_next(&segment, &clock.now())?;
                continue;
            }
            if segment.path() != self.current() {
                self.move_name(segment.number)?;
            }
            // The name of an archive is given when the other one is durable: without it, that has yet to be made sure of.
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

    /// Makes the first segment; another process may have been faster, which is as good.
    pub(crate) fn create(&self) -> Result<()> {
        let lines = segment::first_lines(0, &generation(), 1, std::iter::empty());
        self.disk.create(&self.current(), &lines, self.options.sync)?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.link(&self.current(), &self.archive(1))?;
        Ok(())
    }

    /// Makes the segment after `closed`, or finds it made, and moves the name on to it.
    pub(crate) fn begin_next(&self, closed: &Segment, now: &Now) -> Result<()> {
        let next = self.archive(closed.number + 1);
        let leases = closed.ledger.leases().filter(|lease| !is_forgotten(lease, now));
        let lines = segment::first_lines(closed.ledger.sequence, &generation(), closed.number + 1, leases);
        self.disk.create(&next, &lines, self.options.sync)?;
        self.move_name(closed.number + 1)
    }

    /// Makes `claims.jsonl` a name of this segment; the one before keeps its archive name. The archive's own name is
    /// durable first: from then on everybody finds it, whichever segment a loss of power leaves under the other name.
    fn move_name(&self, number: u64) -> Result<()> {
        self.disk.link(&self.current(), &self.archive(number - 1))?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.relink(&self.archive(number), &self.current())?;
        self.disk.sync_dir(&self.dir)
    }

    /// Appends what was decided, record by record; whether all of it counts and the file is still part of the log.
    pub(crate) fn append(&self, segment: &mut Segment, decision: &Decision, now: &Now) -> Result<bool> {
        for (n, event) in decision.events.iter().enumerate() {
            let record = LogRecord::Event { event: event.clone(), at: now.clone() };
            let is_first = n == 0;
            // Whatever went wrong after a record of ours was written, the others may see it.
            if !self.append_record(segment, &record).map_err(|error| if is_first { error } else { unsure(error) })? {
                return Ok(false);
            }
        }
        if self.options.sync && decision.must_last {
            let path = self.current();
            segment.tape().sync().map_err(|error| unsure(Error::io("sync", &path)(error)))?;
        }
        if decision.events.is_empty() { Ok(true) } else { self.is_in_the_log(segment).map_err(unsure) }
    }

    pub(crate) fn append_record(&self, segment: &mut Segment, record: &LogRecord) -> Result<bool> {
        let mine = record::encode(segment.ledger.sequence + 1, record);
        if mine.len() > LONGEST_LINE {
            let why = format!("a record of {} bytes, more than {LONGEST_LINE}: give a shorter reason", mine.len());
            return Err(Error::Corrupt { path: self.current(), line: None, why });
        }
        self.write_line(segment, &mine)?;
        let mut counts = false;
        segment.advance(|line, outcome| counts |= line == mine && matches!(outcome, SegmentLine::Counted(_))).map_err(unsure)?;
        Ok(counts)
    }

    /// One write of one line. What a full disk leaves of it has no newline, and the next writer seals it.
    fn write_line(&self, segment: &mut Segment, line: &[u8]) -> Result<()> {
        let path = self.current();
        let failed = Error::io("append to", &path);
        match segment.tape().append(line) {
            Ok(written) if written == line.len() => Ok(()),
            Ok(_) => Err(failed(std::io::ErrorKind::StorageFull.into())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether the file that was appended to is the one its name leads to, or a closed part of the log.
    fn is_in_the_log(&self, segment: &Segment) -> Result<bool> {
        for path in [self.current(), self.archive(segment.number)] {
            if self.open(&path, false)?.is_some_and(|found| found.generation == segment.generation) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the index where it lags, and closes the segment where it is long: best effort, the answer stands.
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
        // What the index is about must last longer than the index: then a log that lacks it has lost something.
        let lags = segment.offset.saturating_sub(segment.resumed_at) > self.options.index_lag;
        if lags
            && (!self.options.sync || segment.tape().sync().is_ok())
            && index::write(self.disk.as_ref(), &self.index(), segment)
            && let Some(seen) = self.seen().as_mut()
        {
            seen.indexed = segment.offset;
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
    let long_ago = Now { clock: ClockReading { domain: now.clock.domain.clone(), millis }, wall: now.wall };
    !lease.closing && lease.lease_status(&long_ago, u64::MAX) == LeaseStatus::Lapsed
}
