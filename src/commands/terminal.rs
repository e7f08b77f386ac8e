//! The only module that takes the terminal: for the time that a [`Screen`] lives it shows frames and hands on keys.
//!
//! Given back on every way out: when the screen is dropped, and before a panic is told of. Signals are not handled here;
//! whoever has a screen looks whether one has come, and drops it. Decides nothing, and draws nothing itself.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

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

/// Whether the terminal is ours at the moment.
static IS_TAKEN: AtomicBool = AtomicBool::new(false);
static HOOK: Once = Once::new();

/// The terminal, taken.
pub(crate) struct Screen {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    _taken: Taken,
}

/// Gives the terminal back when it goes.
struct Taken;

impl Drop for Taken {
    fn drop(&mut self) {
        give_back();
    }
}

/// Makes the terminal what it was, once; at best effort, since there is nobody to tell if it is gone.
fn give_back() {
    if IS_TAKEN.swap(false, Ordering::SeqCst) {
        let _ = execute!(io::stdout(), LeaveAlternateScreen, Show);
        let _ = disable_raw_mode();
        let _ = io::stdout().flush();
    }
}

impl Screen {
    /// Takes the terminal: no echo, keys at once, a screen beside the one that is there.
    pub(crate) fn take() -> io::Result<Self> {
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |panic| {
                // What it says must be seen, and on the screen that stays.
                give_back();
                before(panic);
            }));
        });
        enable_raw_mode()?;
        IS_TAKEN.store(true, Ordering::SeqCst);
        let taken = Taken;
        execute!(io::stdout(), EnterAlternateScreen, Hide)?;
        Ok(Self { terminal: Terminal::new(CrosstermBackend::new(io::stdout()))?, _taken: taken })
    }

    /// Shows a frame; what has not changed since the last one is not sent.
    pub(crate) fn draw(&mut self, paint: impl FnOnce(&mut Frame<'_>)) -> io::Result<()> {
        self.terminal.draw(paint).map(drop)
    }

    /// What the terminal says within this time, if it says anything.
    #[expect(clippy::unused_self, reason = "keys are for whoever has the terminal")]
    pub(crate) fn event(&mut self, within: Duration) -> io::Result<Option<Event>> {
        require_it(Duration::ZERO)?;
        if event::poll(Duration::ZERO)? {
            return event::read().map(Some);
        }
        // Waited for here, and not by the library: where the terminal goes away it reads on for ever.
        require_it(within)?;
        if event::poll(Duration::ZERO)? { event::read().map(Some) } else { Ok(None) }
    }
}

/// Waits for something to read, a signal or the end of `within`; an error where the terminal is gone.
#[cfg(unix)]
fn require_it(within: Duration) -> io::Result<()> {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let (stdin, stdout) = (io::stdin(), io::stdout());
    let mut polled = vec![PollFd::new(&stdout, PollFlags::empty())];
    // Where stdin is none, keys come from the terminal itself, and are looked for when the time is over.
    if stdin.is_terminal() {
        polled.push(PollFd::new(&stdin, PollFlags::IN));
    }
    let within = Timespec { tv_sec: i64::try_from(within.as_secs()).unwrap_or(i64::MAX), tv_nsec: within.subsec_nanos().into() };
    match poll(&mut polled, Some(&within)) {
        Ok(_) | Err(rustix::io::Errno::INTR) => {}
        Err(error) => return Err(error.into()),
    }
    let is_gone = polled.iter().any(|polled| polled.revents().intersects(PollFlags::ERR | PollFlags::HUP | PollFlags::NVAL));
    if is_gone { Err(io::Error::other("it is gone")) } else { Ok(()) }
}

#[cfg(not(unix))]
fn require_it(within: Duration) -> io::Result<()> {
    event::poll(within).map(drop)
}
