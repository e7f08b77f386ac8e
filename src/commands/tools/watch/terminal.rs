//! The only module that controls the terminal. While a [`Screen`] exists, it shows frames and reads keys.
//!
//! The terminal is restored when the screen is dropped, and before a panic is printed. Signals are not handled here: the owner of
//! a screen checks for them, and drops it.

#![expect(clippy::disallowed_methods, reason = "only this module may use the terminal")]

use std::io::{self, IsTerminal, Stdout, Write};
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::cursor::{Hide, Show};
use ratatui::crossterm::event::{self, Event};
use ratatui::crossterm::execute;
use ratatui::crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use ratatui::{Frame, Terminal};

/// Whether a screen exists.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal in raw mode, with the alternate screen.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _taken: Taken,
}

/// Restores the terminal when it is dropped.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        restore();
    }
}

/// Restores the terminal, once. Best effort: if the terminal is gone, the error cannot be shown.
fn restore() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = io::stdout().flush();
    }
}

impl Screen {
    /// Switches to raw mode and the alternate screen.
    pub(crate) fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // The message must appear on the normal screen.
                restore();
                before(panic);
            }));
        });
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken = Taken;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?, _taken: taken })
    }

    /// Draws a frame. Only differences from the last one are sent.
    pub(crate) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(paint).map(drop)
    }

    /// The next event of the terminal, if one arrives within this time.
    #[expect(clippy::unused_self, reason = "only the owner of the terminal reads keys")]
    pub(crate) fn event(&mut self, within: Duration) -> io::Result<Option<Event>> {
        wait_for_input(Duration::ZERO)?;
        if event::poll(Duration::ZERO)? {
            return event::read().map(Some);
        }
        // Wait here, because the library would read forever after the terminal is closed.
        wait_for_input(within)?;
        if event::poll(Duration::ZERO)? { event::read().map(Some) } else { Ok(None) }
    }
}

/// Waits for input, a signal or the end of `within`. Fails if the terminal is gone.
#[cfg(unix)]
fn wait_for_input(within: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let mut polled = vec![PollFd::new(&stdout, PollFlags::empty())];
    // If stdin is not a terminal, keys come from the terminal itself, and are read when the time is over.
    if stdin.is_terminal() {
        polled.push(PollFd::new(&stdin, PollFlags::IN));
    }
    let within = Timespec { tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX), tv_nsec: within.subsec_nanos().into() };
    match poll(&mut polled, Some(&within)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let is_gone = polled.iter().any(|polled| polled.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL));
    if is_gone { Err(io::Error::other("the terminal is gone")) } else { Ok(()) }
}

#[cfg(not(unix))]
fn wait_for_input(within: Duration) -> io::Result<()> {
    event::poll(within).map(drop)
}
