//! The lease store: an append-only log in segments, an index that is only a cache, and one writer at a time.
//!
//! The log is the authority. A writer takes the lock, opens the log after it has it, decides, appends, and
//! reads its records back before it reports success; a reader takes no lock. Nothing outside this module
//! knows that there are files: callers get a [`Ledger`], or ask for a decision to be made and executed.
//!
//! A segment has its archive name `claims-<n>.jsonl` from birth, given by an exclusive link; `claims.jsonl` is
//! a second name of the newest one, and is never absent. Whoever meets a closed segment goes on in the next.

mod fates;
mod index;
mod row;
mod segment;

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};

use self::row::{LONGEST_LINE, Record};
use self::segment::{Line, Segment};
use super::file::{self, Modes};
use super::{Error, Result, lock};
use crate::domain::lease::{Answer, Decision, Event, Lease, Ledger, Refusal, Request, Standing, decide};
use crate::domain::time::{Clock, Now};

pub(crate) use self::row::{checked, unchecked};

/// Bytes beyond the index that make it worth writing anew.
const INDEX_LAG: u64 = 64 * 1024;
/// How often a writer tries again when others were faster, which locks make impossible.
const ATTEMPTS: usize = 100;
/// A lease that lapsed this much earlier is not carried into the next segment: nobody will renew it.
const FORGOTTEN_AFTER_MS: u64 = 24 * 3600 * 1000;

/// What a test may switch off.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Options {
    /// Take the file lock. Without it there is still one holder, only more attempts.
    pub lock: bool,
    /// Make records durable.
    pub sync: bool,
    /// Bytes at which a segment is closed; four times its snapshot, if that is more.
    pub segment_bytes: u64,
}

impl Default for Options {
    fn default() -> Self {
        Self { lock: true, sync: true, segment_bytes: 1024 * 1024 }
    }
}

/// What a transaction came to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transaction {
    /// What was decided.
    pub answer: std::result::Result<Answer, Refusal>,
    /// The ledger after it.
    pub ledger: Ledger,
}

/// The leases of one repository.
#[derive(Debug, Clone)]
pub(crate) struct ClaimStore {
    dir: PathBuf,
    modes: Modes,
    options: Options,
}

impl ClaimStore {
    /// The store in `dir`, which need not exist yet.
    pub(crate) fn new(dir: &Path, modes: Modes) -> Self {
        Self::with_options(dir, modes, Options::default())
    }

    /// The store in `dir`, with parts switched off.
    pub(crate) fn with_options(dir: &Path, modes: Modes, options: Options) -> Self {
        Self { dir: dir.to_owned(), modes, options }
    }

    /// The outcome of the log, read without a lock and without writing.
    pub(crate) fn ledger(&self) -> Result<Ledger> {
        Ok(self.newest(|path| File::open(path))?.map(|segment| segment.ledger).unwrap_or_default())
    }

    /// Has a request decided by the rules, and the decision executed.
    pub(crate) fn ask(&self, clock: &dyn Clock, request: &Request, stale_threshold_secs: u64) -> Result<Transaction> {
        self.transact(clock, |ledger, now| decide(ledger, request, now, stale_threshold_secs))
    }

    /// Decides on the ledger as it is now, and appends what was decided: all of it counts when this returns.
    pub(crate) fn transact(&self, clock: &dyn Clock, decision: impl Fn(&Ledger, &Now) -> Decision) -> Result<Transaction> {
        file::make_dir(&self.dir, self.modes)?;
        let lock = lock::path(&self.dir, "claims");
        let _guard = self.options.lock.then(|| lock::acquire(&lock, self.modes, lock::PATIENCE)).transpose()?;
        for _ in 0..ATTEMPTS {
            let mut segment = self.open_to_append(clock)?;
            let now = clock.now();
            let decision = decision(&segment.ledger, &now);
            let is_done = decision.events.is_empty() || self.append(&mut segment, &decision.events, &now)?;
            if is_done {
                if !decision.events.is_empty() {
                    self.tidy(&mut segment, &now);
                }
                return Ok(Transaction { answer: decision.answer, ledger: segment.ledger });
            }
        }
        Err(Error::Contended { path: self.current() })
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

    /// The newest segment, read to its end; nothing if nothing was ever written.
    fn newest(&self, open: impl Fn(&Path) -> std::io::Result<File>) -> Result<Option<Segment>> {
        let path = self.current();
        let Some(mut segment) = Segment::open(&path, open(&path))?.map_or_else(|| self.born_meanwhile(&open), |it| Ok(Some(it)))?
        else {
            return Ok(None);
        };
        if let Some((ledger, offset)) = index::read(&self.index(), &segment.generation, segment.length()?) {
            segment.resume(ledger, offset);
        }
        segment.advance(|_, _| {})?;
        // A closed segment whose successor is there already: the name was about to move on.
        while segment.is_sealed {
            let path = self.archive(segment.number + 1);
            let Some(mut next) = Segment::open(&path, open(&path))? else { break };
            next.advance(|_, _| {})?;
            segment = next;
        }
        Ok(Some(segment))
    }

    /// "No log" must be true before it is read as "no leases": a log gets its name before its archive's, so if there
    /// is a segment now, the log was there before, and is there still unless somebody took it away.
    fn born_meanwhile(&self, open: impl Fn(&Path) -> std::io::Result<File>) -> Result<Option<Segment>> {
        let Ok(entries) = std::fs::read_dir(&self.dir) else { return Ok(None) };
        let is_segment = |name: &str| name.strip_prefix("claims-").is_some_and(|rest| rest.strip_suffix(".jsonl").is_some());
        let Some(found) = entries.flatten().find(|entry| entry.file_name().to_str().is_some_and(is_segment)) else {
            return Ok(None);
        };
        let path = self.current();
        let why = format!("is missing, and {} is there", found.file_name().display());
        Segment::open(&path, open(&path))?.map(Some).ok_or(Error::Corrupt { path, line: None, why })
    }

    /// The newest segment, open and whole, to append to: made, switched to and sealed as need be.
    fn open_to_append(&self, clock: &dyn Clock) -> Result<Segment> {
        let open = |path: &Path| std::fs::OpenOptions::new().read(true).append(true).open(path);
        for _ in 0..ATTEMPTS {
            let Some(mut segment) = self.newest(open)? else {
                self.create()?;
                continue;
            };
            if segment.is_sealed {
                self.begin_next(&segment, &clock.now())?;
                continue;
            }
            if segment.path() != self.current() {
                self.move_name(segment.number)?;
            }
            if segment.is_torn {
                self.write_line(&segment, b"!\n")?;
                segment.advance(|_, _| {})?;
            }
            return Ok(segment);
        }
        Err(Error::Contended { path: self.current() })
    }

    /// Makes the first segment; another process may have been faster, which is as good.
    fn create(&self) -> Result<()> {
        let lines = segment::first_lines(0, &generation(), 1, std::iter::empty());
        file::finish_beside(&self.current(), &lines, self.modes, self.options.sync)?.claim_name()?;
        file::link(&self.current(), &self.archive(1))?;
        file::sync_dir(&self.dir);
        Ok(())
    }

    /// Makes the segment after `closed`, or finds it made, and moves the name on to it.
    fn begin_next(&self, closed: &Segment, now: &Now) -> Result<()> {
        let next = self.archive(closed.number + 1);
        let leases = closed.ledger.leases().filter(|lease| !is_forgotten(lease, now));
        let lines = segment::first_lines(closed.ledger.sequence, &generation(), closed.number + 1, leases);
        file::finish_beside(&next, &lines, self.modes, self.options.sync)?.claim_name()?;
        self.move_name(closed.number + 1)
    }

    /// Makes `claims.jsonl` a name of this segment; the one before keeps its archive name.
    fn move_name(&self, number: u64) -> Result<()> {
        file::link(&self.current(), &self.archive(number - 1))?;
        file::relink(&self.archive(number), &self.current())?;
        file::sync_dir(&self.dir);
        Ok(())
    }

    /// Appends `events` one by one; whether all of them count and the file is still part of the log.
    fn append(&self, segment: &mut Segment, events: &[Event], now: &Now) -> Result<bool> {
        for event in events {
            let record = Record::Event { event: event.clone(), at: now.clone() };
            if !self.append_record(segment, &record)? {
                return Ok(false);
            }
        }
        if self.options.sync && events.iter().any(Event::must_be_durable) {
            segment.file().sync_data().map_err(Error::io("sync", &self.current()))?;
        }
        self.is_in_the_log(segment)
    }

    fn append_record(&self, segment: &mut Segment, record: &Record) -> Result<bool> {
        let mine = row::encode(segment.ledger.sequence + 1, record);
        if mine.len() > LONGEST_LINE {
            let why = format!("a record of {} bytes, more than {LONGEST_LINE}: give a shorter reason", mine.len());
            return Err(Error::Corrupt { path: self.current(), line: None, why });
        }
        self.write_line(segment, &mine)?;
        let mut counts = false;
        segment.advance(|line, fate| counts |= line == mine && *fate != Line::Ignored)?;
        Ok(counts)
    }

    /// One write of one line. What a full disk leaves of it has no newline, and the next writer seals it.
    fn write_line(&self, segment: &Segment, line: &[u8]) -> Result<()> {
        let path = self.current();
        let failed = Error::io("append to", &path);
        match segment.file().write(line) {
            Ok(written) if written == line.len() => Ok(()),
            Ok(_) => Err(failed(std::io::ErrorKind::StorageFull.into())),
            Err(error) => Err(failed(error)),
        }
    }

    /// Whether the file that was appended to is the one its name leads to, or a closed part of the log.
    fn is_in_the_log(&self, segment: &Segment) -> Result<bool> {
        for path in [self.current(), self.archive(segment.number)] {
            if Segment::open(&path, File::open(&path))?.is_some_and(|found| found.generation == segment.generation) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Writes the index where it lags, and closes the segment where it is long: best effort, the answer stands.
    fn tidy(&self, segment: &mut Segment, now: &Now) {
        let limit = self.options.segment_bytes;
        if segment.offset > limit {
            let snapshot = segment::first_lines(0, "", 0, segment.ledger.leases()).len() as u64;
            if segment.offset > snapshot.saturating_mul(4) && self.append_record(segment, &Record::Seal).unwrap_or(false) {
                let _ = segment.file().sync_data();
                let _ = self.begin_next(segment, now);
                return;
            }
        }
        if segment.offset - segment.resumed_at > INDEX_LAG {
            index::write(&self.index(), &segment.generation, &segment.ledger, segment.offset, self.modes);
        }
    }
}

fn generation() -> String {
    uuid::Uuid::new_v4().simple().to_string()
}

fn is_forgotten(lease: &Lease, now: &Now) -> bool {
    let long_ago = Now {
        clock: crate::domain::time::ClockReading {
            domain: now.clock.domain.clone(),
            millis: now.clock.millis.saturating_sub(FORGOTTEN_AFTER_MS),
        },
        wall: now.wall,
    };
    !lease.closing && lease.standing(&long_ago, u64::MAX) == Standing::Lapsed
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
