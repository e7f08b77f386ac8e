//! The two clocks: a monotonic clock for decisions, and the wall clock for people.
//!
//! Decisions use a monotonic reading within one clock domain (on Linux: one boot of one kernel). The wall clock is only recorded and
//! displayed.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// A reading of a monotonic clock, comparable only with readings of the same domain.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub(crate) struct ClockReading {
    /// The clock domain: the boot id of the kernel, or a constant if it cannot be read.
    pub domain: String,
    /// Milliseconds, without time spent suspended.
    pub millis: u64,
}

impl ClockReading {
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
        let at = |domain: &str, millis| ClockReading { domain: domain.to_owned(), millis };
        assert_eq!(at("a", 5).since(&at("a", 3)), Some(2));
        assert_eq!(at("a", 3).since(&at("a", 5)), None);
        assert_eq!(at("b", 5).since(&at("a", 3)), None);
    }
}
