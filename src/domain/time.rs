//! The two clocks: a monotonic clock for decisions, and the wall clock for people.
//!
//! Decisions use a monotonic reading within one clock domain (on Linux: one boot of one kernel). The wall clock is only recorded and
//! displayed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The clock domain of a machine that tells neither its boot nor when it was booted. Its readings are those of the wall clock.
pub(crate) const WALL_DOMAIN: &str = "wall";

/// A reading of a monotonic clock, comparable only with readings of the same domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ClockReading {
    /// The clock domain: one boot of one kernel, or [`WALL_DOMAIN`].
    pub domain: String,
    /// Milliseconds, without time spent suspended.
    pub millis: u64,
    /// Milliseconds with time spent suspended; `None` if it is not known, as in records of 0.1.
    #[serde(default, rename = "fast", skip_serializing_if = "Option::is_none")]
    pub fast_millis: Option<u64>,
}

impl ClockReading {
    /// A reading without time spent suspended.
    pub(crate) fn new(domain: impl Into<String>, millis: u64) -> Self {
        Self { domain: domain.into(), millis, fast_millis: None }
    }

    /// Whether it is a reading of the wall clock, which can be set back.
    pub(crate) fn is_of_wall_clock(&self) -> bool {
        self.domain == WALL_DOMAIN
    }

    /// Milliseconds from `then` to this reading; `None` if the two cannot be compared.
    pub(crate) fn since(&self, then: &Self) -> Option<u64> {
        (self.domain == then.domain).then(|| self.millis.checked_sub(then.millis)).flatten()
    }
}

/// One moment, on both clocks.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Now {
    /// The reading for decisions.
    pub clock: ClockReading,
    /// The time for display.
    pub wall: Timestamp,
}

/// Reads the time. Injected, so that tests can stop it and move it in both directions.
pub(crate) trait Clock: Send + Sync {
    fn now(&self) -> Now;
}

/// A duration for display, in its two largest units: `9m 12s`.
pub(crate) fn in_words(millis: u64) -> String {
    let seconds = millis.div_ceil(1000);
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    match (days, hours, minutes) {
        (0, 0, 0) => format!("{seconds}s"),
        (0, 0, _) => format!("{minutes}m {}s", seconds % 60),
        (0, _, _) => format!("{hours}h {minutes}m"),
        _ => format!("{days}d {hours}h"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_of_time_read_well() {
        for (millis, words) in [(0, "0s"), (1, "1s"), (61_000, "1m 1s"), (3_600_000, "1h 0m"), (90_000_000, "1d 1h")] {
            assert_eq!(in_words(millis), words);
        }
    }

    #[test]
    fn readings_of_two_domains_and_a_clock_that_went_back_cannot_be_compared() {
        let at = |domain: &str, millis| ClockReading::new(domain, millis);
        assert_eq!(at("a", 5).since(&at("a", 3)), Some(2));
        assert_eq!(at("a", 3).since(&at("a", 5)), None);
        assert_eq!(at("b", 5).since(&at("a", 3)), None);
    }
}
