//! Progress lines on stderr, if it is a terminal.

use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::output::Output;

const TICK: Duration = Duration::from_millis(120);

/// Progress lines.
pub(crate) struct Progress {
    lines: MultiProgress,
}

/// One progress line.
pub(crate) struct ProgressLine(ProgressBar);

impl Progress {
    /// Hidden with `--json` or `--quiet`, and if stderr is not a terminal.
    pub(crate) fn new(output: Output) -> Self {
        let target = if output.json || output.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
        Self { lines: MultiProgress::with_draw_target(target) }
    }

    /// Adds a line.
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
    /// Removes the line.
    pub(crate) fn end(self) {
        self.0.finish_and_clear();
    }
}
