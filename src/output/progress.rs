//! What is under way, on stderr, where that is a terminal and somebody wants to know.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(120);

/// Lines for what is under way.
pub(crate) struct Progress {
    lines: MultiProgress,
}

/// A line for one thing that is under way.
pub(crate) struct ProgressLine(ProgressBar);

impl Progress {
    /// Lines, if they are wanted: not with `--json` or `--quiet`, and only on a terminal.
    pub(crate) fn new(output: Output) -> Self {
        let target = if output.json || output.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { lines: MultiProgress::with_draw_target(target) }
    }

    /// Says that something has begun.
    pub(crate) fn begin(&self, what: &str) -> ProgressLine {
        let line = self.lines.add(ProgressBar::new_spinner());
        line.set_style(
            ProgressStyle::with_template("{spinner} {msg} {elapsed}").unwrap_or_else(|_| ProgressStyle::default_spinner()),
        );
        line.set_message(what.to_owned());
        line.enable_steady_tick(TICK);
        ProgressLine(line)
    }
}

impl ProgressLine {
    /// It is over.
    pub(crate) fn end(self) {
        self.0.finish_and_clear();
    }
}
