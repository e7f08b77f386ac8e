//! A segment of the log: a file that starts with a snapshot, followed by records.
//!
//! A record counts if and only if its line is intact and its sequence is the last counted one plus one; the first in file order
//! wins. So the order of appends decides who was first, and an issue has one holder even where file locks do not work. A last
//! line without a newline never counts. Lines that do not count are noise. A sequence that skips a number, a foreign record, or a
//! file that does not start with a snapshot is corruption.

use std::path::{Path, PathBuf};

use crate::domain::clone::Ownership;
use crate::domain::lease::{Lease, Ledger};
use crate::store::log::disk::{Disk, Tape};
use crate::store::log::record::{self, LogRecord, Unusable};
use crate::store::{Error, Result};

/// A segment, read up to its last complete line.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    tape: Box<dyn Tape>,
    /// Which of its leases are this clone's.
    pub ownership: Ownership,
    /// A random id, created with the segment.
    pub generation: String,
    /// Its number, from 1.
    pub number: u64,
    /// The result of all records that count.
    pub ledger: Ledger,
    /// The offset up to which it was read.
    pub offset: u64,
    /// The offset of the index that reading started from; 0 if there was none.
    pub resumed_at: u64,
    /// Whether it is closed.
    pub is_sealed: bool,
    /// Whether bytes without a newline follow.
    pub is_torn: bool,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Snapshot(Vec<Lease>),
    Records,
}

/// How a line was classified.
#[derive(Debug, PartialEq)]
pub(crate) enum SegmentLine {
    /// A record that counts.
    Counted(Box<LogRecord>),
    /// A record that came too late: another one has its sequence.
    Late,
    /// Not a record.
    Noise,
}

impl Segment {
    /// Opens a segment and reads its header only; `None` if the file does not exist.
    pub(crate) fn open(disk: &dyn Disk, path: &Path, ownership: Ownership, append: bool) -> Result<Option<Self>> {
        let Some(tape) = disk.open(path, append)? else { return Ok(None) };
        let mut segment = Self {
            path: path.to_owned(),
            tape,
            ownership,
            generation: String::new(),
            number: 0,
            ledger: Ledger::default(),
            offset: 0,
            resumed_at: 0,
            is_sealed: false,
            is_torn: false,
            phase: Phase::Snapshot(Vec::new()),
        };
        let header = segment.bytes(record::LONGEST_LINE as u64)?;
        let line = header.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        match record::decode(line.strip_suffix(b"\n").unwrap_or(line)) {
            Ok((sequence, LogRecord::SnapshotBegin { generation, segment: number })) => {
                segment.generation = generation;
                segment.number = number;
                segment.ledger.sequence = sequence;
                segment.offset = line.len() as u64;
                Ok(Some(segment))
            }
            Err(Unusable::Foreign(why) | Unusable::Newer(why)) => Err(segment.corrupt(0, why)),
            _ => Err(segment.corrupt(0, "does not begin with a snapshot".to_owned())),
        }
    }

    /// The path that it was opened with.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file, in bytes.
    pub(crate) fn length(&self) -> Result<u64> {
        self.tape.length().map_err(Error::io("read", &self.path))
    }

    /// Continues from an index's ledger and offset instead of the start; `bytes` are those after the offset.
    pub(crate) fn resume(&mut self, (ledger, offset): (Ledger, u64), bytes: &[u8]) -> Result<()> {
        (self.ledger, self.offset, self.resumed_at) = (ledger, offset, offset);
        self.phase = Phase::Records;
        self.take_all(bytes, |_, _| {})
    }

    /// Reads to the last complete line, and calls `watch` with each line.
    pub(crate) fn advance(&mut self, watch: impl FnMut(&[u8], &SegmentLine)) -> Result<()> {
        self.advance_if(|_| true, watch)
    }

    /// Reads to the last complete line, unless `is_of_use` returns `false` for the bytes; then none of them is decoded.
    pub(crate) fn advance_if(
        &mut self,
        is_of_use: impl FnOnce(&[u8]) -> bool,
        watch: impl FnMut(&[u8], &SegmentLine),
    ) -> Result<()> {
        let bytes = self.bytes(u64::MAX)?;
        if is_of_use(&bytes) { self.take_all(&bytes, watch) } else { Ok(()) }
    }

    fn take_all(&mut self, bytes: &[u8], mut watch: impl FnMut(&[u8], &SegmentLine)) -> Result<()> {
        self.is_torn = false;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_sealed {
                return Ok(());
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                self.is_torn = true;
                break;
            };
            let outcome = self.take(text)?;
            watch(line, &outcome);
            self.offset += line.len() as u64;
        }
        match self.phase {
            Phase::Snapshot(_) => Err(self.corrupt(self.offset, "ends before its snapshot does".to_owned())),
            Phase::Records => Ok(()),
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<SegmentLine> {
        let (sequence, record) = match record::decode(line) {
            Ok((sequence, record)) => (sequence, record.read_by(&self.ownership)),
            Err(Unusable::Noise) => return Ok(SegmentLine::Noise),
            Err(Unusable::Foreign(why) | Unusable::Newer(why)) => return Err(self.corrupt(self.offset, why)),
        };
        let next = self.ledger.sequence + 1;
        if sequence < next {
            return Ok(SegmentLine::Late);
        }
        if sequence > next {
            return Err(self.corrupt(self.offset, format!("sequence {sequence} follows {}", next - 1)));
        }
        match (&record, &mut self.phase) {
            (LogRecord::Snapshot(lease), Phase::Snapshot(leases)) => leases.push((**lease).clone()),
            (LogRecord::SnapshotEnd, Phase::Snapshot(leases)) => {
                self.ledger = Ledger::restored(sequence, std::mem::take(leases));
                self.phase = Phase::Records;
            }
            (LogRecord::Event { event, at }, Phase::Records) => self.ledger.apply(sequence, event, at),
            (LogRecord::Seal, Phase::Records) => self.is_sealed = true,
            _ => return Err(self.corrupt(self.offset, "a record where none of its kind can be".to_owned())),
        }
        self.ledger.sequence = sequence;
        Ok(SegmentLine::Counted(Box::new(record)))
    }

    /// At most `limit` bytes from [`Segment::offset`].
    fn bytes(&mut self, limit: u64) -> Result<Vec<u8>> {
        self.bytes_at(self.offset, limit)
    }

    /// At most `limit` bytes from `offset`.
    pub(crate) fn bytes_at(&mut self, offset: u64, limit: u64) -> Result<Vec<u8>> {
        self.tape.read(offset, limit).map_err(Error::io("read", &self.path))
    }

    /// The open file, to append to.
    pub(crate) fn tape(&mut self) -> &mut dyn Tape {
        self.tape.as_mut()
    }

    /// The error that the line at `offset` is invalid.
    pub(crate) fn corrupt(&mut self, offset: u64, why: String) -> Error {
        let before = self.tape.read(0, offset).unwrap_or_default();
        let lines = before.split(|byte| *byte == b'\n').skip(1).count();
        Error::Corrupt { path: self.path.clone(), line: Some(lines + 1), why }
    }
}

/// The bytes of a new segment: its header, a line per lease, and the end of its snapshot.
///
/// `sequence` is the last one before it.
pub(crate) fn first_lines<'a>(
    sequence: u64,
    generation: &str,
    number: u64,
    ownership: &Ownership,
    leases: impl Iterator<Item = &'a Lease>,
) -> Vec<u8> {
    let begin = LogRecord::SnapshotBegin { generation: generation.to_owned(), segment: number };
    let leases = leases.map(|lease| LogRecord::Snapshot(Box::new(lease.clone())));
    let records = std::iter::once(begin).chain(leases).chain([LogRecord::SnapshotEnd]);
    (sequence + 1..).zip(records).flat_map(|(sequence, record)| record.line(sequence, ownership)).collect()
}
