//! One segment of the log: a file that begins with a snapshot and goes on with records.
//!
//! A record counts if and only if its line is intact and its sequence is the last counted one plus one;
//! the first in file order wins. So appends alone decide who was first, and there is one holder even where
//! file locks do nothing. A last line without its newline never counts. Lines that do not count are noise;
//! a counted sequence that skips a number, a foreign record, or a beginning that is no snapshot is corruption.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::row::{self, Record, Unusable};
use crate::domain::lease::{Lease, Ledger};
use crate::store::{Error, Result};

/// A segment, read up to its last whole line.
#[derive(Debug)]
pub(crate) struct Segment {
    path: PathBuf,
    file: File,
    /// Random, drawn when the segment was made.
    pub generation: String,
    /// Its number, from 1.
    pub number: u64,
    /// The outcome of everything that counts.
    pub ledger: Ledger,
    /// The bytes that this is the outcome of.
    pub offset: u64,
    /// Where an index let the reading begin; 0 where there was none.
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

/// What became of one line.
#[derive(Debug, PartialEq)]
pub(crate) enum Line {
    /// It counts, and says this.
    Counted(Box<Record>),
    /// It is noise, or came too late.
    Ignored,
}

impl Segment {
    /// Opens a segment at its beginning, with nothing but its header read; nothing if there is no such file.
    ///
    /// `file` is what the path was opened as, for reading and, by a writer, for appending.
    pub(crate) fn open(path: &Path, file: std::io::Result<File>) -> Result<Option<Self>> {
        let file = match file {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Error::io("open", path)(error)),
        };
        let mut segment = Self {
            path: path.to_owned(),
            file,
            generation: String::new(),
            number: 0,
            ledger: Ledger::default(),
            offset: 0,
            resumed_at: 0,
            is_sealed: false,
            is_torn: false,
            phase: Phase::Snapshot(Vec::new()),
        };
        let header = segment.bytes(row::LONGEST_LINE as u64)?;
        let line = header.split_inclusive(|byte| *byte == b'\n').next().unwrap_or_default();
        match row::decode(line.strip_suffix(b"\n").unwrap_or(line)) {
            Ok((sequence, Record::SnapshotBegin { generation, segment: number })) => {
                segment.generation = generation;
                segment.number = number;
                segment.ledger.sequence = sequence;
                segment.offset = line.len() as u64;
                Ok(Some(segment))
            }
            Err(Unusable::Foreign(why)) => Err(segment.corrupt(0, why)),
            _ => Err(segment.corrupt(0, "does not begin with a snapshot".to_owned())),
        }
    }

    /// Where it was opened.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The length of the file, in bytes.
    pub(crate) fn length(&self) -> Result<u64> {
        Ok(self.file.metadata().map_err(Error::io("read", &self.path))?.len())
    }

    /// Goes on from what an index knows instead of from the beginning.
    pub(crate) fn resume(&mut self, ledger: Ledger, offset: u64) {
        self.ledger = ledger;
        self.offset = offset;
        self.resumed_at = offset;
        self.phase = Phase::Records;
    }

    /// Reads on to the last whole line, showing each line's sequence and fate to `watch`.
    pub(crate) fn advance(&mut self, mut watch: impl FnMut(&[u8], &Line)) -> Result<()> {
        let bytes = self.bytes(u64::MAX)?;
        self.is_torn = false;
        for line in bytes.split_inclusive(|byte| *byte == b'\n') {
            if self.is_sealed {
                return Ok(());
            }
            let Some(text) = line.strip_suffix(b"\n") else {
                self.is_torn = true;
                break;
            };
            let fate = self.take(text)?;
            watch(line, &fate);
            self.offset += line.len() as u64;
        }
        match self.phase {
            Phase::Snapshot(_) => Err(self.corrupt(self.offset, "ends before its snapshot does".to_owned())),
            Phase::Records => Ok(()),
        }
    }

    fn take(&mut self, line: &[u8]) -> Result<Line> {
        let (sequence, record) = match row::decode(line) {
            Ok(read) => read,
            Err(Unusable::Noise) => return Ok(Line::Ignored),
            Err(Unusable::Foreign(why)) => return Err(self.corrupt(self.offset, why)),
        };
        let next = self.ledger.sequence + 1;
        if sequence < next {
            return Ok(Line::Ignored);
        }
        if sequence > next {
            return Err(self.corrupt(self.offset, format!("sequence {sequence} follows {}", next - 1)));
        }
        match (&record, &mut self.phase) {
            (Record::Snapshot(lease), Phase::Snapshot(leases)) => leases.push((**lease).clone()),
            (Record::SnapshotEnd, Phase::Snapshot(leases)) => {
                self.ledger = Ledger::restored(sequence, std::mem::take(leases));
                self.phase = Phase::Records;
            }
            (Record::Event { event, at }, Phase::Records) => self.ledger.apply(sequence, event, at),
            (Record::Seal, Phase::Records) => self.is_sealed = true,
            _ => return Err(self.corrupt(self.offset, "a record where none of its kind can be".to_owned())),
        }
        self.ledger.sequence = sequence;
        Ok(Line::Counted(Box::new(record)))
    }

    /// At most `limit` bytes from [`Segment::offset`].
    fn bytes(&mut self, limit: u64) -> Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let read = self.file.seek(SeekFrom::Start(self.offset)).and_then(|_| (&mut self.file).take(limit).read_to_end(&mut bytes));
        read.map_err(Error::io("read", &self.path))?;
        Ok(bytes)
    }

    /// The file, to append to.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    fn corrupt(&self, offset: u64, why: String) -> Error {
        let before = std::fs::read(&self.path).unwrap_or_default();
        let lines = before.iter().zip(0..offset).filter(|(byte, _)| **byte == b'\n').count();
        Error::Corrupt { path: self.path.clone(), line: Some(lines + 1), why }
    }
}

/// The bytes of a new segment: its header, a line a lease, and the end of its snapshot.
///
/// `sequence` is the last one that counted before it.
pub(crate) fn first_lines<'a>(sequence: u64, generation: &str, number: u64, leases: impl Iterator<Item = &'a Lease>) -> Vec<u8> {
    let begin = Record::SnapshotBegin { generation: generation.to_owned(), segment: number };
    let leases = leases.map(|lease| Record::Snapshot(Box::new(lease.clone())));
    let records = std::iter::once(begin).chain(leases).chain([Record::SnapshotEnd]);
    (sequence + 1..).zip(records).flat_map(|(sequence, record)| row::encode(sequence, &record)).collect()
}
