//! `git jit watch`: leases, worktrees, what is available and what was done, as they change.
//!
//! Only looks: nothing is written, and nothing is asked of the network. Everything is read when the log of leases or of
//! events has another size or time than before, and every few seconds for what leaves no trace there; in between, a
//! frame is made each second of what was read.

mod gather;
mod panels;

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::terminal::Screen;
use crate::commands::tools::watch::gather::{Gathered, Watcher};
use crate::domain::time::Now;
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::output::watch::{self, KeyEffect, WatchCursor};
use crate::process;
use crate::store;

/// How long a key is waited for before signals and files are looked at again.
const TICK: Duration = Duration::from_millis(100);
/// Columns of a frame for a program.
const COLUMNS: u16 = 100;
/// What reading everything may take of the time, as one part in so many.
const SHARE: u32 = 4;

// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often everything is read anew, whether or not a change was noticed
    #[arg(long, value_name = "SECS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// Print one frame as text, and end; so does --json, with what it holds
    #[arg(long)]
    once: bool,
}

/// One frame, for a program.
struct Frame {
    gathered: Gathered,
    now: Now,
    columns: u16,
}

/// Everything has been seen already.
struct Seen;

/// Shows how things stand until it is told to end, or once.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { interval, once } = args;
    let is_once = once || session.output.json;
    if !is_once && session.cx.terminal.columns.is_none() {
        return Err(Error::Usage {
            what: "stdout is no terminal that can be drawn on".to_owned(),
            hint: "For one look: git jit watch --once, or git jit status; to follow: git jit events --follow".to_owned(),
        });
    }
    let mut watcher = Watcher::new(session)?;
    let gathered = watcher.gather()?;
    if is_once {
        let columns = session.cx.terminal.columns.unwrap_or(COLUMNS);
        return Ok(Box::new(Frame { gathered, now: session.cx.clock().now(), columns }));
    }
    live(session, &mut watcher, gathered, Duration::from_secs(interval))?;
    Ok(Box::new(Seen))
}

/// What a watch knows between two frames.
struct WatchState {
    gathered: Gathered,
    /// Why it could not be read anew.
    trouble: Option<String>,
    read_at: Instant,
    /// How long that took.
    took: Duration,
}

impl WatchState {
    /// Reads everything anew, or keeps what was known and says why.
    fn renew(&mut self, watcher: &mut Watcher<'_>) {
        let began = Instant::now();
        match watcher.gather() {
            Ok(gathered) => (self.gathered, self.trouble) = (gathered, None),
            Err(error) => self.trouble = Some(error.to_string()),
        }
        self.read_at = Instant::now();
        self.took = self.read_at - began;
    }

    /// Whether it is time to read: something has changed, or `interval` is over; never for more than its share of the time.
    fn is_due(&self, watcher: &Watcher<'_>, interval: Duration) -> bool {
        let age = self.read_at.elapsed();
        age >= self.took * (SHARE - 1) && (age >= interval || watcher.has_changed())
    }
}

fn live(session: &Session, watcher: &mut Watcher<'_>, gathered: Gathered, interval: Duration) -> Result<(), Error> {
    let failed = |source| Error::from(store::Error::io("use", "the terminal".as_ref())(source));
    let interrupted = process::interruptions().map_err(failed)?;
    let is_colourful = session.output.out.has_colour();
    let mut known = WatchState { gathered, trouble: None, read_at: Instant::now(), took: Duration::ZERO };
    let mut view = WatchCursor::default();
    // From here on nothing is printed: whatever goes wrong gives the terminal back before it is told.
    let mut screen = Screen::take().map_err(failed)?;
    loop {
        session.cx.fail_where_told().map_err(failed)?;
        let drawn_at = Instant::now();
        let state = known.gathered.state(&session.cx.clock().now(), known.trouble.as_deref());
        view.clamp(&state);
        screen.draw(|frame| watch::draw(frame, &state, &view, is_colourful)).map_err(failed)?;
        let action = loop {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
            let action = screen.event(TICK).map_err(failed)?.map_or(KeyEffect::None, |event| view.take(&event, &state));
            let is_due = known.is_due(watcher, interval);
            match action {
                KeyEffect::None if is_due => break KeyEffect::Refresh,
                KeyEffect::None if drawn_at.elapsed() < Duration::from_secs(1) => {}
                action => break action,
            }
        };
        match action {
            KeyEffect::Quit => return Ok(()),
            KeyEffect::Refresh => known.renew(watcher),
            KeyEffect::Draw | KeyEffect::None => {}
        }
    }
}

impl Report for Frame {
    fn json(&self) -> Value {
        self.gathered.json(&self.now)
    }

    fn human(&self, _: &Styles) -> String {
        watch::text(&self.gathered.state(&self.now, None), self.columns)
    }
}

impl Report for Seen {
    fn json(&self) -> Value {
        Value::Null
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }
}
