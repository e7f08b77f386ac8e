//! Recovery: a log that cannot be read is set aside, and what can be proved is written anew.
//!
//! Under the writers' lock, and never on a log that a writer can use: so it takes nothing away from anybody. Records
//! are taken in the order of the file as long as they are intact. What stands behind a loss counts too: whoever wrote
//! it had read what is lost. Sequence and token go on beyond everything that can have been given.

use std::path::PathBuf;

use super::past::SET_ASIDE;
use super::row::{self, Record, Unusable};
use super::{ClaimStore, Result, index, segment, write};
use crate::domain::lease::{Event, Lease, Ledger};
use crate::domain::time::Clock;
use crate::store::Error;
use crate::store::coordinator::Recovery;

/// The shortest record is longer: so many bytes that cannot be read hide one at most.
const SHORTEST_RECORD: u64 = 64;
/// Sequences left out beyond those that can be counted: of an end that is gone nothing is left to count.
const GAP: u64 = 1000;

impl ClaimStore {
    /// Puts the log right, or with `dry_run` says what would be done.
    pub(super) fn rebuild(&self, _clock: &dyn Clock, dry_run: bool) -> Result<Recovery> {
        let mut recovery = Recovery::default();
        if self.disk.names(&self.dir)?.is_empty() {
            return Ok(recovery);
        }
        let _guard = self.lock()?;
        let mut numbers = self.numbers()?;
        numbers.sort_unstable();
        let mut damaged = Vec::new();
        for number in &numbers {
            if let Err(error) = self.archived(*number) {
                recovery.found.push(in_words(error)?);
                damaged.push(*number);
            }
        }
        let top = numbers.last().copied().unwrap_or(0);
        match self.newest(false) {
            Ok(newest) => recovery.kept = newest.iter().flat_map(|newest| newest.ledger.leases().cloned()).collect(),
            Err(error) => {
                let said = in_words(error)?;
                if !recovery.found.contains(&said) {
                    recovery.found.push(said);
                }
                let is_current_there = self.disk.read(&self.current())?.is_some();
                if is_current_there || damaged.contains(&top) {
                    self.begin_anew(&numbers, dry_run, &mut recovery)?;
                } else {
                    // Nothing but the name is missing.
                    let newest = self.numbered(top)?.map(|mut newest| newest.advance(|_, _| {}).map(|()| newest)).transpose()?;
                    recovery.kept = newest.iter().flat_map(|newest| newest.ledger.leases().cloned()).collect();
                    if !dry_run {
                        self.disk.relink(&self.archive(top), &self.current())?;
                    }
                }
            }
        }
        for number in damaged {
            let name = self.free_name(&format!("claims-{number}"))?;
            recovery.set_aside.push(name.display().to_string());
            if !dry_run {
                self.disk.rename(&self.archive(number), &name)?;
            }
        }
        if !dry_run && !recovery.found.is_empty() {
            self.disk.sync_dir(&self.dir)?;
        }
        Ok(recovery)
    }

    /// Writes a new segment of all that can be proved, and gives it the name; the old current file is set aside where
    /// it is not one that has a name of its own.
    fn begin_anew(&self, numbers: &[u64], dry_run: bool, recovery: &mut Recovery) -> Result<()> {
        let current = self.disk.read(&self.current())?;
        let mut salvage = Salvage::default();
        let mut has_name = false;
        for number in numbers {
            let bytes = self.disk.read(&self.archive(*number))?.unwrap_or_default();
            has_name |= current.as_ref() == Some(&bytes);
            salvage.take(&format!("claims-{number}.jsonl"), &bytes)?;
        }
        if let Some(bytes) = current.filter(|_| !has_name) {
            salvage.take("claims.jsonl", &bytes)?;
            let name = self.free_name("claims")?;
            recovery.set_aside.push(name.display().to_string());
            if !dry_run {
                self.disk.link(&self.current(), &name)?;
            }
        }
        let known = index::read(self.disk.as_ref(), &self.index()).map_or(0, |index| index.outcome().0.sequence);
        let sequence = salvage.highest.max(known) + salvage.unread / SHORTEST_RECORD + GAP;
        recovery.kept = salvage.ledger.leases().cloned().collect();
        recovery.lost = salvage.lost;
        if dry_run {
            return Ok(());
        }
        let number = numbers.last().copied().unwrap_or(0) + 1;
        let lines = segment::first_lines(sequence, &write::generation(), number, recovery.kept.iter());
        self.disk.create(&self.archive(number), &lines, self.options.sync)?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.relink(&self.archive(number), &self.current())
    }

    fn archived(&self, number: u64) -> Result<()> {
        let segment = self.open(&self.archive(number), false)?;
        segment.map_or(Ok(()), |mut segment| segment.advance(|_, _| {}))
    }

    fn free_name(&self, stem: &str) -> Result<PathBuf> {
        let names = self.disk.names(&self.dir)?;
        let name = |n: usize| format!("{stem}{SET_ASIDE}{n}.jsonl");
        let free = (1..=names.len() + 1).map(name).find(|name| !names.iter().any(|taken| taken.to_str() == Some(name)));
        Ok(self.dir.join(free.unwrap_or_else(|| name(0))))
    }
}

/// What is wrong with a file; an error that is not the file's own stays one.
fn in_words(error: Error) -> Result<String> {
    if matches!(error, Error::Corrupt { .. }) { Ok(error.to_string()) } else { Err(error) }
}

/// What can be proved, so far.
#[derive(Default)]
struct Salvage {
    ledger: Ledger,
    highest: u64,
    /// Bytes of lines that say nothing.
    unread: u64,
    lost: Vec<String>,
    snapshot: Option<Vec<Lease>>,
}

impl Salvage {
    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        for (n, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let place = format!("{name}:{}", n + 1);
            match row::decode(line.strip_suffix(b"\n").unwrap_or(line)) {
                Ok((sequence, record)) if line.ends_with(b"\n") => self.add(sequence, record, &place),
                Err(Unusable::Newer(why)) => {
                    return Err(Error::Corrupt {
                        path: name.into(),
                        line: Some(n + 1),
                        why: format!("{why}: recover with that one"),
                    });
                }
                Err(Unusable::Foreign(why)) => self.lost.push(format!("{place}: {why}")),
                _ => {
                    self.unread += line.len() as u64;
                    self.snapshot = None;
                }
            }
        }
        Ok(())
    }

    fn add(&mut self, sequence: u64, record: Record, place: &str) {
        if sequence <= self.highest {
            return;
        }
        if sequence > self.highest + 1 && self.highest > 0 {
            self.lost.push(format!("before {place}: records {} to {}", self.highest + 1, sequence - 1));
            self.snapshot = None;
        }
        self.highest = sequence;
        match record {
            Record::SnapshotBegin { .. } => self.snapshot = Some(Vec::new()),
            Record::Snapshot(lease) => {
                self.ledger.put(lease.as_ref().clone());
                self.snapshot.iter_mut().for_each(|leases| leases.push(lease.as_ref().clone()));
            }
            Record::SnapshotEnd => {
                // A whole snapshot was written by somebody who had read everything before it.
                if let Some(leases) = self.snapshot.take() {
                    self.ledger = Ledger::restored(sequence, leases);
                }
            }
            Record::Event { event, at } => {
                if let Event::Acquire(grant) | Event::Transfer { grant, .. } = &event {
                    // Whoever granted it saw that the issue was free: what held it had ended.
                    self.ledger.clear(grant.issue_id);
                    self.ledger.apply(sequence, &Event::Acquire(grant.clone()), &at);
                } else if self.ledger.lease(event.lease_id()).is_none() {
                    self.lost.push(format!("{place}: lease {}, whose grant cannot be read", event.lease_id()));
                } else {
                    self.ledger.apply(sequence, &event, &at);
                }
            }
            Record::Seal => {}
        }
    }
}
