//! A progress line on the terminal for judgements that take longer than a second.

use std::io::Write;

use crate::context::Context;
use crate::domain::time::Now;

/// No progress is shown before this many milliseconds.
const QUIET_MS: u64 = 1000;
/// The clock is read once in so many commits.
const EVERY: usize = 16;

/// The progress of a judgement. The line is erased when this is dropped.
pub(crate) struct JudgeProgress<'a> {
    cx: &'a Context,
    begun: Now,
    is_shown: bool,
}

impl<'a> JudgeProgress<'a> {
    /// Starts to count the time.
    pub(crate) fn new(cx: &'a Context) -> Self {
        Self { cx, begun: cx.clock().now(), is_shown: false }
    }

    /// Shows that `done` of `all` commits are judged, if stderr is a terminal and it is time to.
    pub(crate) fn at(&mut self, done: usize, all: usize) {
        if !self.cx.terminal.is_watched || !done.is_multiple_of(EVERY) {
            return;
        }
        if self.cx.clock().now().clock.since(&self.begun.clock).is_some_and(|age| age > QUIET_MS) {
            self.is_shown = true;
            let _ = write!(std::io::stderr(), "\rgit jit: {done} of {all} commits judged");
        }
    }
}

impl Drop for JudgeProgress<'_> {
    fn drop(&mut self) {
        if self.is_shown {
            // Return to the start of the line and erase it.
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
