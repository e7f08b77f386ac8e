//! How leases ended, and the complete history, segment by segment, including files that `recover` set aside.
//!
//! The ledger has the leases that have not ended. The others are searched from the newest segment backwards, which is only
//! needed to push commits made under an old lease.

use std::collections::{HashMap, HashSet};
use std::path::PathBuf;

use crate::domain::id::LeaseId;
use crate::domain::lease::{LeaseEvent, LeaseOutcome, PastEvent};
use crate::store::log::record::{self, LogRecord};
use crate::store::log::segment::{Segment, SegmentLine};
use crate::store::log::{LeaseLog, Result};

/// Part of the names of files that `recover` set aside.
pub(crate) const SET_ASIDE: &str = ".set-aside-";

impl LeaseLog {
    /// How each of these leases ended, searched as far back as necessary.
    pub(crate) fn verify(&self, wanted: &[LeaseId]) -> Result<HashMap<LeaseId, LeaseOutcome>> {
        let mut fates: HashMap<LeaseId, LeaseOutcome> = wanted.iter().map(|id| (id.clone(), LeaseOutcome::Unknown)).collect();
        let Some(newest) = self.newest(false)? else { return Ok(fates) };
        for (id, outcome) in &mut fates {
            if let Some(lease) = newest.ledger.lease(id) {
                let is_own = lease.holder.clone_id.is_none();
                *outcome = if is_own { LeaseOutcome::Current(Box::new(lease.clone())) } else { LeaseOutcome::Concluded };
            }
        }
        let is_open = |fates: &HashMap<LeaseId, LeaseOutcome>| fates.values().any(|outcome| *outcome == LeaseOutcome::Unknown);
        let note = |fates: &mut HashMap<LeaseId, LeaseOutcome>, event: &LeaseEvent| {
            if let Some(open) = fates.get_mut(event.lease_id()).filter(|outcome| **outcome == LeaseOutcome::Unknown)
                && let Some(outcome) = LeaseOutcome::of(event)
            {
                *open = outcome;
            }
        };
        for number in (1..=newest.number).rev() {
            if !is_open(&fates) {
                return Ok(fates);
            }
            let Some(mut segment) = self.numbered(number)? else { continue };
            let open: HashSet<String> =
                fates.iter().filter(|(_, outcome)| **outcome == LeaseOutcome::Unknown).map(|(id, _)| id.to_string()).collect();
            let is_of_use = |bytes: &[u8]| record::names_any(bytes, |named| open.contains(named));
            segment.advance_if(is_of_use, |_, line| {
                if let SegmentLine::Counted(record) = line
                    && let LogRecord::Event { event, .. } = record.as_ref()
                {
                    note(&mut fates, event);
                }
            })?;
        }
        if !is_open(&fates) {
            return Ok(fates);
        }
        for path in self.set_aside()? {
            for (_, record) in self.intact(&path)? {
                if let LogRecord::Event { event, .. } = record {
                    note(&mut fates, &event);
                }
            }
        }
        Ok(fates)
    }

    /// Calls `visit` with every event, the oldest first.
    pub(crate) fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()> {
        let newest = self.newest(false)?.map_or(0, |segment| segment.number);
        let mut aside = Vec::new();
        for path in self.set_aside()? {
            aside.extend(self.intact(&path)?);
        }
        aside.sort_by_key(|(sequence, _)| *sequence);
        let mut aside = aside.into_iter().peekable();
        let show = |visit: &mut dyn FnMut(PastEvent), sequence, record, is_set_aside| {
            if let LogRecord::Event { event, at } = record {
                visit(PastEvent { sequence, event, at, is_set_aside });
            }
        };
        for number in 1..=newest {
            let Some(mut segment) = self.numbered(number)? else { continue };
            let mut sequence = segment.ledger.sequence;
            while let Some((before, record)) = aside.next_if(|(before, _)| *before < sequence) {
                show(visit, before, record, true);
            }
            segment.advance(|_, line| {
                if let SegmentLine::Counted(record) = line {
                    sequence += 1;
                    show(visit, sequence, record.as_ref().clone(), false);
                }
            })?;
        }
        aside.for_each(|(sequence, record)| show(visit, sequence, record, true));
        Ok(())
    }

    /// The segment with this number, not read yet. After a crash it may only have the name `claims.jsonl`.
    pub(crate) fn numbered(&self, number: u64) -> Result<Option<Segment>> {
        if let Some(segment) = self.open(&self.archive(number), false)? {
            return Ok(Some(segment));
        }
        Ok(self.open(&self.current(), false)?.filter(|segment| segment.number == number))
    }

    /// The files that `recover` set aside.
    pub(crate) fn set_aside(&self) -> Result<Vec<PathBuf>> {
        let is_one = |name: &&str| name.starts_with("claims") && name.contains(SET_ASIDE);
        let names = self.disk.names(&self.dir)?;
        let mut paths: Vec<PathBuf> =
            names.iter().filter_map(|name| name.to_str()).filter(is_one).map(|name| self.dir.join(name)).collect();
        paths.sort();
        Ok(paths)
    }

    /// The records in the intact lines of a file.
    fn intact(&self, path: &std::path::Path) -> Result<Vec<(u64, LogRecord)>> {
        let bytes = self.disk.read(path)?.unwrap_or_default();
        let ownership = self.ownership();
        Ok(bytes
            .split(|byte| *byte == b'\n')
            .filter_map(|line| record::decode(line).ok())
            .map(|(sequence, record)| (sequence, record.read_by(&ownership)))
            .collect())
    }
}
