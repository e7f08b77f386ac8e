//! A line on the terminal for judgements that take longer than a second; nothing anywhere else.

use std::io::Write;

use crate::context::Context;
use crate::domain::time::Now;

/// Before this many milliseconds nobody wonders.
const QUIET_MS: u64 = 1000;
/// The clock is looked at once in so many steps.
const EVERY: usize = 16;

/// How far a judgement has come.
pub(crate) struct JudgeProgress<'a> {
    cx: &'a Context,
    begun: Now,
    is_shown: bool,
}

impl<'a> JudgeProgress<'a> {
    /// Begins to count the time.
    pub(crate) fn new(cx: &'a Context) -> Self {
        Self { cx, begun: cx.clock().now(), is_shown: false }
    }

    /// Says that `done` of `all` commits are judged, if somebody watches and it is time to.
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
            // Back to the beginning of the line, and the rest of it away.
            let _ = write!(std::io::stderr(), "\r\u{1b}[K");
        }
    }
}
