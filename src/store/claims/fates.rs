//! How leases ended, long ago too: for the authority of what was committed under them.
//!
//! The ledger knows those that have not ended. The others are looked for segment by segment, the newest
//! first, which costs nothing as long as nobody pushes what was committed under an old lease.

use std::collections::HashMap;
use std::fs::File;

use super::row::Record;
use super::segment::{Line, Segment};
use super::{ClaimStore, Result};
use crate::domain::id::LeaseId;
use crate::domain::lease::{Event, Fate};

impl ClaimStore {
    /// How each of these leases ended, looked up as far back as it takes.
    pub(crate) fn fates(&self, wanted: impl IntoIterator<Item = LeaseId>) -> Result<HashMap<LeaseId, Fate>> {
        let mut fates = HashMap::new();
        let Some(newest) = self.newest(|path| File::open(path))? else {
            return Ok(wanted.into_iter().map(|id| (id, Fate::Unknown)).collect());
        };
        let mut open: Vec<LeaseId> = Vec::new();
        for id in wanted {
            match newest.ledger.lease(&id) {
                Some(lease) => drop(fates.insert(id, Fate::Current(Box::new(lease.clone())))),
                None => open.push(id),
            }
        }
        for number in (1..=newest.number).rev() {
            if open.is_empty() {
                break;
            }
            let Some(mut segment) = self.numbered(number)? else { continue };
            segment.advance(|_, line| {
                if let Line::Counted(record) = line
                    && let Record::Event { event, .. } = record.as_ref()
                    && let Some(fate) = fate(event)
                    && open.contains(event.lease_id())
                {
                    fates.insert(event.lease_id().clone(), fate);
                }
            })?;
            open.retain(|id| !fates.contains_key(id));
        }
        fates.extend(open.into_iter().map(|id| (id, Fate::Unknown)));
        Ok(fates)
    }

    /// The segment of this number, unread; the current name serves where a crash came before the archive's.
    fn numbered(&self, number: u64) -> Result<Option<Segment>> {
        for path in [self.archive(number), self.current()] {
            if let Some(segment) = Segment::open(&path, File::open(&path))?.filter(|segment| segment.number == number) {
                return Ok(Some(segment));
            }
        }
        Ok(None)
    }
}

fn fate(event: &Event) -> Option<Fate> {
    match event {
        Event::Release { .. } | Event::Transfer { .. } => Some(Fate::Concluded),
        Event::AutoEvict { .. } => Some(Fate::Lapsed),
        Event::ForceEvict { by, reason, .. } => Some(Fate::Evicted { by: by.clone(), reason: reason.clone() }),
        _ => None,
    }
}
