//! The lease log of this clone as a coordinator.

use std::collections::HashMap;

use crate::domain::id::LeaseId;
use crate::domain::lease::{Diagnostic, LeaseFilter, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request, Transaction};
use crate::domain::time::Clock;
use crate::lease::coordinator::{Capabilities, Coordinator, Result, Scope};
use crate::store::file_stamp::FileStamp;
use crate::store::log::LeaseLog;

impl Coordinator for LeaseLog {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scope: Scope::Clone, is_durable: self.is_durable(), reads_without_waiting: true }
    }

    fn ledger(&self) -> Result<Ledger> {
        Ok(self.ledger()?)
    }

    fn ledger_about(&self, filter: &LeaseFilter<'_>) -> Result<Ledger> {
        Ok(self.ledger_about(filter)?)
    }

    fn stamp(&self) -> Option<FileStamp> {
        self.stamp()
    }

    fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<Transaction> {
        Ok(self.ask(clock, request, limits)?)
    }

    fn verify(&self, leases: &[LeaseId]) -> Result<HashMap<LeaseId, LeaseOutcome>> {
        Ok(self.verify(leases)?)
    }

    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()> {
        Ok(self.history(visit)?)
    }

    fn examine(&self) -> Vec<Diagnostic> {
        self.examine()
    }

    fn recover(&self, dry_run: bool) -> Result<Recovery> {
        Ok(self.recover(dry_run)?)
    }
}

#[cfg(test)]
mod tests {
    use crate::lease::conformance;
    use crate::store::file::Modes;
    use crate::store::log::{LeaseLog, Options};

    #[test]
    fn the_log_conforms() {
        let small = Options { segment_bytes: 2_000, ..Options::default() };
        for options in [small, Options { lock: false, sync: false, index_lag: 500, ..small }] {
            conformance::all(&|| {
                let dir = tempfile::tempdir().expect("a directory");
                Box::new(move || Box::new(LeaseLog::new(&dir.path().join("jit"), Modes::PRIVATE, options)))
            });
        }
    }
}
