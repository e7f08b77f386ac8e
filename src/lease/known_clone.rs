//! Which clone a log belongs to. Recognised before the log is read, so that only the clone's own leases are seen.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::domain::id::CloneId;
use crate::domain::lease::Diagnostic;
use crate::domain::time::Now;
use crate::lease::Result;
use crate::store::clone::{CloneFolder, CloneState};
use crate::store::file_stamp::FileStamp;
use crate::store::log::LeaseLog;

/// What is said about a copy that has lost leases.
const COPIED: &str = "this clone was copied, restored or moved to another disk; to keep what it held: git jit doctor --moved";

/// The clone of a log; recognised when it is first needed, and again when its record changes.
#[derive(Default)]
pub(super) struct KnownClone {
    /// `None` for a log without a clone, in tests.
    folder: Option<CloneFolder>,
    seen: Mutex<Option<RecognisedClone>>,
}

struct RecognisedClone {
    /// What the record looked like.
    stamp: Option<FileStamp>,
    state: CloneState,
    /// Whether this process found a copy without an id of its own, with leases of the clone that it was copied from.
    has_lost_leases: bool,
}

impl KnownClone {
    pub(super) fn of(folder: CloneFolder) -> Self {
        Self { folder: Some(folder), seen: Mutex::default() }
    }

    /// For a reader of the log. The record is opened only if it looks different from the last time.
    pub(super) fn recognise(&self, log: &LeaseLog) -> Result<()> {
        if let Some(folder) = &self.folder {
            drop(self.look(folder, log)?);
        }
        Ok(())
    }

    /// For a writer of the log: the clone has an id of its own afterwards.
    pub(super) fn identify(&self, log: &LeaseLog) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        let mut seen = self.look(folder, log)?;
        let Some(before) = seen.as_ref().filter(|seen| !seen.state.is_settled()) else { return Ok(()) };
        let has_lost_leases = before.has_lost_leases;
        let state = folder.ensure(log)?;
        log.set_ownership(state.ownership);
        *seen = Some(RecognisedClone { stamp: folder.stamp(), state, has_lost_leases });
        Ok(())
    }

    fn look(&self, folder: &CloneFolder, log: &LeaseLog) -> Result<MutexGuard<'_, Option<RecognisedClone>>> {
        let stamp = folder.stamp();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.as_ref().is_none_or(|seen| seen.stamp != stamp) {
            let state = folder.look()?;
            log.set_ownership(state.ownership);
            let has_lost_leases = seen.as_ref().is_some_and(|seen| seen.has_lost_leases)
                || (state.is_unsettled_copy() && log.names_other_clones().is_ok_and(|names| names));
            *seen = Some(RecognisedClone { stamp, state, has_lost_leases });
        }
        Ok(seen)
    }

    /// The line about leases that were lost by copying, until the copy has an id of its own.
    pub(super) fn notice(&self) -> Option<&'static str> {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.as_ref().is_some_and(|seen| seen.has_lost_leases).then_some(COPIED)
    }

    /// What a check finds.
    pub(super) fn examine(&self, log: &LeaseLog) -> Option<Diagnostic> {
        let folder = self.folder.as_ref()?;
        let seen = match self.look(folder, log) {
            Ok(seen) => seen,
            Err(error) => return Some(Diagnostic::Problem(error.to_string())),
        };
        let original = seen.as_ref()?.state.original.as_ref()?;
        let leases = log.disowned().ok().filter(|leases| !leases.is_empty())?.len();
        let what = if leases == 1 { "1 lease" } else { &format!("{leases} leases") };
        Some(Diagnostic::Note(format!("{COPIED} ({what} of the clone that was at {})", original.path)))
    }

    /// Makes this clone the one again that it was copied from. Returns its id.
    pub(super) fn take_over_original(&self, log: &LeaseLog, now: &Now) -> Result<Option<CloneId>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        drop(self.look(folder, log)?);
        let has_leases = || Ok(log.ledger()?.leases().any(|lease| lease.lease_status(now, u64::MAX).excludes()));
        let clone_id = folder.take_over_original(log, has_leases)?;
        drop(self.look(folder, log)?);
        Ok(Some(clone_id))
    }
}
