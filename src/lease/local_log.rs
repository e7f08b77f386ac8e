//! The lease log of this clone as a store of leases.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use gix::bstr::ByteSlice;

use crate::context::Context;
use crate::domain::id::{CloneId, LeaseId};
use crate::domain::lease::{Diagnostic, LeaseFilter, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request};
use crate::domain::time::Clock;
use crate::lease::known_clone::KnownClone;
use crate::lease::{Applied, Capabilities, Confirmed, Deadline, Leases, Maintenance, Proof, Result, Revision, Scope, View};
use crate::store::clone::{self, CloneFolder};
use crate::store::file_stamp::FileStamp;
use crate::store::layout::Layout;
use crate::store::lock;
use crate::store::log::{LeaseLog, Options};

/// How often a waiter looks at the file.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What is said about a machine that tells neither its boot nor when it was booted.
const WALL_CLOCK: &str =
    "this machine tells neither a boot id nor its own id and boot time, so leases are timed by the wall clock, which can be set";

/// The lease log of this clone. It is the authority for its worktrees, so that it never needs the network.
pub(crate) struct LocalLog {
    log: LeaseLog,
    clock: Arc<dyn Clock>,
    /// What the file looked like when a revision was last determined, so that a waiter does not read it again.
    looked: Mutex<Option<(FileStamp, Revision)>>,
    clone: KnownClone,
}

impl LocalLog {
    pub(crate) fn of(cx: &Context, layout: &Layout) -> Self {
        let options = Options { lock: cx.takes_locks, ..Options::default() };
        let setting = layout.repo.config_snapshot().string(clone::SETTING).map(|value| value.to_str_lossy().into_owned());
        let folder = CloneFolder::new(layout.shared_dir(), layout.modes, cx.takes_locks, setting);
        let log = LeaseLog::new(&layout.shared_dir(), layout.modes, options);
        Self { clone: KnownClone::of(folder), ..Self::new(log, cx.shared_clock()) }
    }

    fn new(log: LeaseLog, clock: Arc<dyn Clock>) -> Self {
        Self { log, clock, looked: Mutex::default(), clone: KnownClone::default() }
    }

    /// The line about leases that this clone lost because it was copied, for the command that finds it out.
    pub(crate) fn notice(&self) -> Option<&'static str> {
        self.clone.notice()
    }

    /// The log, with the leases of this clone.
    fn log(&self) -> Result<&LeaseLog> {
        self.clone.recognise(&self.log)?;
        Ok(&self.log)
    }

    fn view_of(ledger: Ledger) -> View {
        let revision = revision(&ledger);
        View { ledger, confirmed: Confirmed::Authoritative, revision }
    }

    /// The current revision. The file is read only if it looks different from the last time.
    fn current(&self) -> Result<Revision> {
        let stamp = self.log.stamp();
        let mut looked = self.looked.lock().unwrap_or_else(PoisonError::into_inner);
        if let (Some((then, revision)), Some(stamp)) = (looked.as_ref(), &stamp)
            && then == stamp
        {
            return Ok(revision.clone());
        }
        let revision = revision(&self.log()?.ledger()?);
        *looked = stamp.map(|stamp| (stamp, revision.clone()));
        Ok(revision)
    }
}

/// Every record has a sequence that is never used again.
fn revision(ledger: &Ledger) -> Revision {
    Revision(ledger.sequence.to_string())
}

impl Leases for LocalLog {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scope: Scope::Clone, is_durable: self.log.is_durable(), ends_on_time: true }
    }

    fn view(&self, about: &LeaseFilter<'_>) -> Result<View> {
        Ok(Self::view_of(self.log()?.ledger_about(about)?))
    }

    fn refresh(&self, about: &LeaseFilter<'_>, _: &Deadline) -> Result<View> {
        self.view(about)
    }

    fn apply(&self, requests: &[Request], limits: &Limits, by: &Deadline) -> Result<Applied> {
        if requests.is_empty() {
            return Ok(Applied { answers: Vec::new(), view: self.view(&LeaseFilter::All)? });
        }
        lock::assert_none_is_held();
        self.clone.identify(&self.log)?;
        let patience = by.left().map_or(lock::PATIENCE, |left| left.min(lock::PATIENCE));
        let (answers, ledger) = self.log.apply(self.clock.as_ref(), requests, limits, patience)?;
        Ok(Applied { answers, view: Self::view_of(ledger) })
    }

    fn verify(&self, proofs: &[Proof], _: &Deadline) -> Result<HashMap<LeaseId, LeaseOutcome>> {
        let leases: Vec<LeaseId> = proofs.iter().map(|proof| proof.lease_id.clone()).collect();
        Ok(self.log()?.verify(&leases)?)
    }

    fn wait(&self, seen: &Revision, by: &Deadline) -> Result<Revision> {
        loop {
            let current = self.current()?;
            if current != *seen || by.is_over() {
                return Ok(current);
            }
            std::thread::sleep(by.left().map_or(LOOK_EVERY, |left| left.min(LOOK_EVERY)));
        }
    }
}

impl Maintenance for LocalLog {
    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()> {
        Ok(self.log()?.history(visit)?)
    }

    fn examine(&self) -> Vec<Diagnostic> {
        let has_only_wall_clock = self.clock.now().clock.is_of_wall_clock();
        let clock = has_only_wall_clock.then(|| Diagnostic::Note(WALL_CLOCK.to_owned()));
        self.clone.examine(&self.log).into_iter().chain(clock).chain(self.log.examine()).collect()
    }

    fn recover(&self, dry_run: bool) -> Result<Recovery> {
        Ok(self.log()?.recover(dry_run)?)
    }

    fn take_over_original(&self) -> Result<Option<CloneId>> {
        self.clone.take_over_original(&self.log, &self.clock.now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lease::conformance;
    use crate::store::file::Modes;

    #[test]
    fn the_log_conforms() {
        let small = Options { segment_bytes: 2_000, ..Options::default() };
        for options in [small, Options { lock: false, sync: false, index_lag: 500, ..small }] {
            let fresh = || {
                let dir = tempfile::tempdir().expect("a directory");
                let open = move |clock| LocalLog::new(LeaseLog::new(&dir.path().join("jit"), Modes::PRIVATE, options), clock);
                Arc::new(open) as Arc<dyn Fn(Arc<dyn Clock>) -> LocalLog>
            };
            conformance::all(&|| {
                let open = fresh();
                Box::new(move |clock| Box::new(open(clock)))
            });
            conformance::maintenance(&|| {
                let open = fresh();
                Box::new(move |clock| Box::new(open(clock)))
            });
        }
    }
}
