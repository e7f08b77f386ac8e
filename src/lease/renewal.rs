//! When to try again to renew leases that could not be renewed.

use std::time::{Duration, Instant};

/// The pause after the first failure.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// A pause that doubles with every failure in a row, so that a store in trouble is not asked twice a second by everyone.
#[derive(Debug, Default)]
pub(crate) struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Backoff {
    /// Whether a try is due at `now`.
    pub(crate) fn is_due(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| now >= until)
    }

    /// Records a failure at `now`. Returns whether it is the first one in a row, of which the user is told.
    pub(crate) fn failed(&mut self, now: Instant) -> bool {
        let pause = FIRST_PAUSE.saturating_mul(2u32.saturating_pow(self.failures)).min(LONGEST_PAUSE);
        self.failures = self.failures.saturating_add(1);
        self.until = now.checked_add(pause);
        self.failures == 1
    }

    /// Records a success.
    pub(crate) fn succeeded(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_in_trouble_is_asked_eleven_times_in_six_minutes_and_not_seven_hundred() {
        let start = Instant::now();
        let (mut backoff, mut tries) = (Backoff::default(), 0);
        for half_second in 0..720 {
            let now = start + Duration::from_millis(half_second * 500);
            if backoff.is_due(now) {
                tries += 1;
                assert_eq!(backoff.failed(now), tries == 1, "only the first one is told");
            }
        }
        assert_eq!(tries, 11);
        backoff.succeeded();
        assert!(backoff.is_due(start) && backoff.failed(start));
    }
}
