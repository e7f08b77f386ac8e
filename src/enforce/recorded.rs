//! What commit hooks recorded of the files that are judged, and how the leases ended that it was recorded under.
//!
//! Read when a change has no live lease, and then for all files at once: how a lease ended that is over is looked for in the
//! log from its end backwards, which takes the longer the longer ago that was.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::domain::id::LeaseId;
use crate::domain::lease::LeaseOutcome;
use crate::domain::policy::Because;
use crate::domain::time::Now;
use crate::domain::transition::FileVersion;
use crate::enforce::Result;
use crate::lease::coordinator::Coordinator;
use crate::store::authority::RecordedTransition;
use crate::store::layout::Layout;

/// The records of some files.
#[derive(Default)]
pub(crate) struct Records {
    paths: HashSet<String>,
    entries: OnceCell<HashMap<String, Vec<RecordedTransition>>>,
    fates: OnceCell<HashMap<LeaseId, LeaseOutcome>>,
}

impl Records {
    /// Those of these files, relative to `.jit/`; not read yet.
    pub(crate) fn of(paths: HashSet<String>) -> Self {
        Self { paths, ..Self::default() }
    }

    /// What was recorded of one of them and is consulted at `now`, in the order it was made.
    pub(crate) fn about(&self, layout: &Layout, path: &str, now: &Now) -> Result<Vec<&RecordedTransition>> {
        if self.entries.get().is_none() {
            let mut entries: HashMap<String, Vec<RecordedTransition>> = HashMap::new();
            for entry in layout.authority().entries(&self.paths, now.wall)? {
                entries.entry(entry.path.clone()).or_default().push(entry);
            }
            let _ = self.entries.set(entries);
        }
        Ok(self.entries.get().and_then(|entries| entries.get(path)).into_iter().flatten().collect())
    }

    /// Looks up how the leases ended that any of it was recorded under.
    pub(crate) fn verify(&self, leases: &dyn Coordinator) -> Result<()> {
        if self.fates.get().is_none() {
            let entries = self.entries.get().into_iter().flat_map(HashMap::values).flatten();
            let ids: HashSet<&LeaseId> = entries.filter_map(|entry| entry.lease_id.as_ref()).collect();
            let ids: Vec<LeaseId> = ids.into_iter().cloned().collect();
            let _ = self.fates.set(leases.verify(&ids)?);
        }
        Ok(())
    }

    /// Whether a record gives authority: it was adopted, or its lease did not end against the will of who recorded it. Nothing of
    /// what was not verified does.
    pub(crate) fn upholds(&self, entry: &RecordedTransition, now: &Now, stale_after_secs: u64) -> bool {
        match &entry.lease_id {
            None => entry.adopted.is_some(),
            Some(id) => self.outcome(id).is_some_and(|outcome| outcome.upholds(now, stale_after_secs)),
        }
    }

    /// Why a change to this version has no authority, by the first record of it that gives none.
    pub(crate) fn because(
        &self,
        to: Option<&FileVersion>,
        recorded: &[&RecordedTransition],
        is_upheld: impl Fn(&RecordedTransition) -> bool,
    ) -> Because {
        let mut void = recorded.iter().filter(|entry| entry.to.as_ref() == to && !is_upheld(entry));
        let Some(lease_id) = void.find_map(|entry| entry.lease_id.clone()) else { return Because::NeverRecorded };
        match self.outcome(&lease_id) {
            Some(LeaseOutcome::Evicted { by, reason }) => {
                Because::LeaseEvicted { lease_id, by: by.clone(), reason: reason.clone() }
            }
            _ => Because::LeaseLapsed { lease_id },
        }
    }

    fn outcome(&self, lease: &LeaseId) -> Option<&LeaseOutcome> {
        self.fates.get().and_then(|fates| fates.get(lease))
    }
}
