//! When a call gives up: at a moment, or when it is interrupted.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// When a call gives up. It is measured in real time, whatever clock leases are judged by.
#[derive(Debug, Clone)]
pub(crate) struct Deadline {
    /// The moment; `None` to wait for ever.
    at: Option<Instant>,
    /// Set by an interruption.
    interrupted: Option<Arc<AtomicBool>>,
}

impl Deadline {
    /// The deadline of a command that a person waits for: ten seconds.
    pub(crate) fn soon() -> Self {
        Self::after(Duration::from_secs(10))
    }

    /// A deadline that is already over: the call answers from what it has.
    pub(crate) fn now() -> Self {
        Self::after(Duration::ZERO)
    }

    /// So long from now.
    pub(crate) fn after(length: Duration) -> Self {
        Self { at: Instant::now().checked_add(length), interrupted: None }
    }

    /// No deadline.
    pub(crate) fn never() -> Self {
        Self { at: None, interrupted: None }
    }

    /// The same moment, or earlier when `interrupted` is set.
    pub(crate) fn or_when(self, interrupted: Arc<AtomicBool>) -> Self {
        Self { interrupted: Some(interrupted), ..self }
    }

    /// The same, and not later than so long from now.
    pub(crate) fn at_most(self, length: Duration) -> Self {
        let latest = Instant::now().checked_add(length);
        Self { at: self.at.into_iter().chain(latest).min(), ..self }
    }

    /// The time that is left; `None` without a moment.
    pub(crate) fn left(&self) -> Option<Duration> {
        if self.is_interrupted() {
            return Some(Duration::ZERO);
        }
        self.at.map(|at| at.saturating_duration_since(Instant::now()))
    }

    pub(crate) fn is_interrupted(&self) -> bool {
        self.interrupted.as_ref().is_some_and(|flag| flag.load(Ordering::Relaxed))
    }

    /// Whether nothing is left.
    pub(crate) fn is_over(&self) -> bool {
        self.left() == Some(Duration::ZERO)
    }
}
