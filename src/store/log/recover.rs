//! Recovery: an unreadable log is set aside, and the provable records are written to a new segment.
//!
//! It runs under the writers' lock and only on a log that no writer can use, so no holder loses a lease by it. Intact records are
//! taken in file order. Records after a gap count too, since their writer had read the lost ones. Sequence and token continue
//! beyond every number that can have been used.

use std::path::PathBuf;

use crate::domain::clone::Ownership;
use crate::domain::lease::{Lease, LeaseEvent, Ledger, Recovery};
use crate::store::Error;
use crate::store::lock;
use crate::store::log::history::SET_ASIDE;
use crate::store::log::index;
use crate::store::log::record::{self, LogRecord, Unusable};
use crate::store::log::segment;
use crate::store::log::write;
use crate::store::log::{LeaseLog, Result};

/// Every record is longer than this, so this many unreadable bytes contain at most one.
const SHORTEST_RECORD: u64 = 64;
/// How many sequences are skipped in addition, because a lost end cannot be counted. Hundreds of segments hold fewer records.
const GAP: u64 = 1_000_000;

impl LeaseLog {
    /// Repairs the log, or with `dry_run` reports what would be done.
    pub(crate) fn recover(&self, dry_run: bool) -> Result<Recovery> {
        let mut recovery = Recovery::default();
        if self.disk.names(&self.dir)?.iter().all(|name| !name.to_string_lossy().starts_with("claims")) {
            return Ok(recovery);
        }
        let _guard = self.lock(lock::PATIENCE)?;
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
            // The index of the newest segment counts even if the segment's lines are damaged.
            Ok(Some(newest)) if damaged.contains(&newest.number) => {
                recovery.kept = newest.ledger.leases().cloned().collect();
                self.begin_after(newest.ledger.sequence, top + 1, dry_run, &recovery)?;
            }
            Ok(newest) => recovery.kept = newest.iter().flat_map(|newest| newest.ledger.leases().cloned()).collect(),
            Err(error) => {
                let said = in_words(error)?;
                if !recovery.found.contains(&said) {
                    recovery.found.push(said);
                }
                if !self.restore_name(top, dry_run, &mut recovery)? {
                    self.rewrite(&numbers, dry_run, &mut recovery)?;
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

    /// Restores the name `claims.jsonl` if only that is missing; returns whether it was.
    fn restore_name(&self, top: u64, dry_run: bool, recovery: &mut Recovery) -> Result<bool> {
        if self.disk.read(&self.current())?.is_some() {
            return Ok(false);
        }
        let Some(mut newest) = self.open(&self.archive(top), false).ok().flatten() else { return Ok(false) };
        // If it is closed, its successor is missing. It must also contain every record that the index covers.
        let known = index::read(self.disk.as_ref(), &self.index(), &self.ownership()).map_or(0, |index| index.sequence());
        if newest.advance(|_, _| {}).is_err() || newest.is_sealed || newest.ledger.sequence < known {
            return Ok(false);
        }
        recovery.kept = newest.ledger.leases().cloned().collect();
        if !dry_run {
            self.disk.relink(&self.archive(top), &self.current())?;
        }
        Ok(true)
    }

    /// Writes a new segment of everything that can be proved. The old current file is set aside if it has no archive name.
    fn rewrite(&self, numbers: &[u64], dry_run: bool, recovery: &mut Recovery) -> Result<()> {
        let current = self.disk.read(&self.current())?;
        let mut salvage = Salvage { ownership: self.ownership(), ..Salvage::default() };
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
        // An index that is newer than every readable line has the ledger of that time.
        if let Some(index) =
            index::read(self.disk.as_ref(), &self.index(), &self.ownership()).filter(|index| index.sequence() > salvage.highest)
        {
            salvage.highest = index.sequence();
            salvage.ledger = index.into_parts().0;
        }
        salvage.lost.push("any records after the last readable one".to_owned());
        recovery.kept = salvage.ledger.leases().cloned().collect();
        recovery.lost = salvage.lost;
        let number = numbers.last().copied().unwrap_or(0) + 1;
        self.begin_after(salvage.highest + salvage.unread / SHORTEST_RECORD + GAP, number, dry_run, recovery)
    }

    /// Creates a segment with the kept leases, after `sequence`, and makes it the newest one.
    fn begin_after(&self, sequence: u64, number: u64, dry_run: bool, recovery: &Recovery) -> Result<()> {
        if dry_run {
            return Ok(());
        }
        let lines = segment::first_lines(sequence, &write::generation(), number, &self.ownership(), recovery.kept.iter());
        self.disk.create(&self.archive(number), &lines, self.options.sync)?;
        self.disk.sync_dir(&self.dir)?;
        self.disk.relink(&self.archive(number), &self.current())?;
        self.disk.sync_dir(&self.dir)
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

/// The message of an error about a file's content; any other error is returned as one.
fn in_words(error: Error) -> Result<String> {
    if matches!(error, Error::Corrupt { .. }) { Ok(error.to_string()) } else { Err(error) }
}

fn count(lines: usize) -> String {
    format!("{lines} line{}", if lines == 1 { "" } else { "s" })
}

/// What could be proved so far.
#[derive(Default)]
struct Salvage {
    ownership: Ownership,
    ledger: Ledger,
    highest: u64,
    /// Bytes of unreadable lines.
    unread: u64,
    unread_lines: usize,
    lost: Vec<String>,
    snapshot: Option<Vec<Lease>>,
}

impl Salvage {
    fn take(&mut self, name: &str, bytes: &[u8]) -> Result<()> {
        let before = self.unread_lines;
        for (n, line) in bytes.split_inclusive(|byte| *byte == b'\n').enumerate() {
            let place = format!("{name}:{}", n + 1);
            match record::decode(line.strip_suffix(b"\n").unwrap_or(line)) {
                Ok((sequence, record)) if line.ends_with(b"\n") => self.add(sequence, record.read_by(&self.ownership), &place),
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
                    self.unread_lines += 1;
                    self.snapshot = None;
                }
            }
        }
        if self.unread_lines > before {
            self.lost.push(format!("{name}: {} that cannot be read", count(self.unread_lines - before)));
        }
        Ok(())
    }

    fn add(&mut self, sequence: u64, record: LogRecord, place: &str) {
        if sequence <= self.highest {
            return;
        }
        if sequence > self.highest + 1 && self.highest > 0 {
            self.lost.push(format!("before {place}: records {} to {}", self.highest + 1, sequence - 1));
            self.snapshot = None;
        }
        self.highest = sequence;
        match record {
            LogRecord::SnapshotBegin { .. } => self.snapshot = Some(Vec::new()),
            LogRecord::Snapshot(lease) => {
                self.ledger.put(lease.as_ref().clone());
                self.snapshot.iter_mut().for_each(|leases| leases.push(lease.as_ref().clone()));
            }
            LogRecord::SnapshotEnd => {
                // The writer of a complete snapshot had read everything before it.
                if let Some(leases) = self.snapshot.take() {
                    self.ledger = Ledger::restored(sequence, leases);
                }
            }
            LogRecord::Event { event, at } => {
                if let LeaseEvent::Acquire(grant) | LeaseEvent::Transfer { grant, .. } = &event {
                    // The issue was free when the lease was granted, so the previous lease had ended.
                    self.ledger.clear(grant.issue_id);
                    self.ledger.apply(sequence, &LeaseEvent::Acquire(grant.clone()), &at);
                } else if self.ledger.lease(event.lease_id()).is_none() {
                    self.lost.push(format!("{place}: lease {}, whose grant cannot be read", event.lease_id()));
                } else {
                    self.ledger.apply(sequence, &event, &at);
                }
            }
            LogRecord::Seal => {}
        }
    }
}
