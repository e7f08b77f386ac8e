//! A coordinator in memory, for tests; it passes the same conformance suite.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use crate::domain::id::LeaseId;
use crate::domain::lease::{Diagnostic, LeaseOutcome, Ledger, Limits, PastEvent, Recovery, Request, Transaction, decide};
use crate::domain::time::Clock;
use crate::lease::conformance;
use crate::lease::coordinator::{Capabilities, Coordinator, Result, Scope};

#[derive(Debug, Clone, Default)]
struct Memory(Arc<Mutex<MemoryState>>);

#[derive(Debug, Default)]
struct MemoryState {
    ledger: Ledger,
    past: Vec<PastEvent>,
}

impl Memory {
    fn kept(&self) -> MutexGuard<'_, MemoryState> {
        self.0.lock().expect("no holder of the lock panics")
    }
}

impl Coordinator for Memory {
    fn capabilities(&self) -> Capabilities {
        Capabilities { scope: Scope::Process, is_durable: false, reads_without_waiting: true }
    }

    fn ledger(&self) -> Result<Ledger> {
        Ok(self.kept().ledger.clone())
    }

    fn ask(&self, clock: &dyn Clock, request: &Request, limits: &Limits) -> Result<Transaction> {
        let mut kept = self.kept();
        let now = clock.now();
        let decision = decide(&kept.ledger, request, &now, limits);
        for event in decision.events {
            let sequence = kept.ledger.sequence + 1;
            kept.ledger.apply(sequence, &event, &now);
            kept.past.push(PastEvent { sequence, event, at: now.clone(), is_set_aside: false });
        }
        Ok(Transaction { answer: decision.answer, ledger: kept.ledger.clone() })
    }

    fn verify(&self, leases: &[LeaseId]) -> Result<HashMap<LeaseId, LeaseOutcome>> {
        let kept = self.kept();
        let outcome = |id: &LeaseId| {
            if let Some(lease) = kept.ledger.lease(id) {
                return LeaseOutcome::Current(Box::new(lease.clone()));
            }
            let mut ends =
                kept.past.iter().filter(|past| past.event.lease_id() == id).filter_map(|past| LeaseOutcome::of(&past.event));
            ends.next_back().unwrap_or(LeaseOutcome::Unknown)
        };
        Ok(leases.iter().map(|id| (id.clone(), outcome(id))).collect())
    }

    fn history(&self, visit: &mut dyn FnMut(PastEvent)) -> Result<()> {
        self.kept().past.iter().cloned().for_each(visit);
        Ok(())
    }

    fn examine(&self) -> Vec<Diagnostic> {
        Vec::new()
    }

    fn recover(&self, _: bool) -> Result<Recovery> {
        Ok(Recovery { kept: self.kept().ledger.leases().cloned().collect(), ..Recovery::default() })
    }
}

#[test]
fn the_double_conforms() {
    conformance::all(&|| {
        let memory = Memory::default();
        Box::new(move || Box::new(memory.clone()))
    });
}
