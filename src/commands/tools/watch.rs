//! `git jit watch`: shows leases, worktrees, available issues and events as they change.
//!
//! Nothing is written, and the network is not used. Everything is read again when the size or time of the lease log or the event
//! log changes, and every few seconds for other changes. In between, a frame of the same data is drawn every second.

mod gather;
mod panels;
mod terminal;

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::worktree_list::WorktreeRow;
use crate::commands::tools::watch::gather::{Gathered, Watcher};
use crate::commands::tools::watch::terminal::Screen;
use crate::domain::id::{AgentId, WorktreeId};
use crate::domain::time::Now;
use crate::error::Error;
use crate::output::text::Styles;
use crate::output::watch::{self, KeyEffect, WatchCursor};
use crate::output::{Report, Streamed};
use crate::process;
use crate::store;
use crate::store::events::IssueEvent;

/// How long to wait for a key before signals and files are checked again.
const TICK: Duration = Duration::from_millis(100);
/// The width of a frame when stdout is not a terminal.
const COLUMNS: u16 = 100;
/// Reading may take at most this fraction of the time: one part in so many.
const SHARE: u32 = 4;

// Arguments of `watch`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// How often to read everything again, even if no change was noticed
    #[arg(long, value_name = "SECS", default_value_t = 2, value_parser = clap::value_parser!(u64).range(1..=3600))]
    interval: u64,
    /// Print one frame as text and exit; --json also prints one frame
    #[arg(long)]
    once: bool,
}

/// One frame.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FrameReport {
    at: Timestamp,
    agent_id: AgentId,
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    /// The leases of this agent in this worktree.
    mine: Vec<LeaseView>,
    others: Vec<LeaseView>,
    /// The titles of the issues of leases and events, by id.
    titles: BTreeMap<String, String>,
    worktrees: Vec<WorktreeRow>,
    available_total: usize,
    available: Vec<ListedIssue>,
    /// Newest first.
    events: Vec<IssueEvent>,
    unreadable: Vec<String>,
    #[serde(skip)]
    text: String,
}

impl FrameReport {
    fn new(gathered: Gathered, now: &Now, columns: u16) -> Self {
        let text = watch::text(&panels::frame(&gathered, now, None), columns);
        let (mut mine, mut others) = (Vec::new(), Vec::new());
        for (view, _, is_mine) in gathered.leases_at(now) {
            if is_mine { mine.push(view) } else { others.push(view) }
        }
        let Gathered { editor, branch, titles, worktrees, available, available_total, events, unreadable, .. } = gathered;
        Self {
            at: now.wall,
            agent_id: editor.agent_id,
            worktree_id: editor.worktree_id,
            branch,
            mine,
            others,
            titles: titles.into_iter().map(|(id, title)| (id.to_string(), title)).collect(),
            worktrees,
            available_total,
            available,
            events,
            unreadable,
            text,
        }
    }
}

/// Shows frames until the user quits, or prints one.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { interval, once } = args;
    let is_once = once || session.output.json;
    if !is_once && session.cx.terminal.columns.is_none() {
        return Err(Error::Usage {
            what: "stdout is not a terminal".to_owned(),
            hint: "Print one frame: git jit watch --once, or git jit status. Follow events: git jit events --follow".to_owned(),
        });
    }
    let mut watcher = Watcher::new(session)?;
    let gathered = watcher.gather()?;
    if is_once {
        let columns = session.cx.terminal.columns.unwrap_or(COLUMNS);
        return Ok(Box::new(FrameReport::new(gathered, &session.cx.clock().now(), columns)));
    }
    live(session, &mut watcher, gathered, Duration::from_secs(interval))?;
    Ok(Box::new(Streamed))
}

/// The state between two frames.
struct WatchState {
    gathered: Gathered,
    /// Why the last read failed.
    trouble: Option<String>,
    read_at: Instant,
    /// How long the last read took.
    took: Duration,
}

impl WatchState {
    /// Reads everything again. On failure, keeps the old data and the reason.
    fn renew(&mut self, watcher: &mut Watcher<'_>) {
        let began = Instant::now();
        match watcher.gather() {
            Ok(gathered) => (self.gathered, self.trouble) = (gathered, None),
            Err(error) => self.trouble = Some(error.to_string()),
        }
        self.read_at = Instant::now();
        self.took = self.read_at - began;
    }

    /// Whether to read again: something changed, or `interval` has passed. Reading never takes more than its share of the time.
    fn is_due(&self, watcher: &Watcher<'_>, interval: Duration) -> bool {
        let age = self.read_at.elapsed();
        age >= self.took * (SHARE - 1) && (age >= interval || watcher.has_changed())
    }
}

fn live(session: &Session, watcher: &mut Watcher<'_>, gathered: Gathered, interval: Duration) -> Result<(), Error> {
    let failed = |source| Error::from(store::Error::io("use", "the terminal".as_ref())(source));
    let interrupted = process::interruptions().map_err(failed)?;
    let has_colour = session.output.out.has_colour();
    let mut state = WatchState { gathered, trouble: None, read_at: Instant::now(), took: Duration::ZERO };
    let mut view = WatchCursor::default();
    // From here on nothing is printed. The terminal is restored before an error is reported.
    let mut screen = Screen::take().map_err(failed)?;
    loop {
        session.cx.fail_where_told().map_err(failed)?;
        let drawn_at = Instant::now();
        let shown = panels::frame(&state.gathered, &session.cx.clock().now(), state.trouble.as_deref());
        view.clamp(&shown);
        screen.draw(|frame| watch::draw(frame, &shown, &view, has_colour)).map_err(failed)?;
        let action = loop {
            if interrupted.load(Ordering::Relaxed) {
                return Ok(());
            }
            let action = screen.event(TICK).map_err(failed)?.map_or(KeyEffect::None, |event| view.handle(&event, &shown));
            let is_due = state.is_due(watcher, interval);
            match action {
                KeyEffect::None if is_due => break KeyEffect::Refresh,
                KeyEffect::None if drawn_at.elapsed() < Duration::from_secs(1) => {}
                action => break action,
            }
        };
        match action {
            KeyEffect::Quit => return Ok(()),
            KeyEffect::Refresh => state.renew(watcher),
            KeyEffect::Draw | KeyEffect::None => {}
        }
    }
}

impl Report for FrameReport {
    fn human(&self, _: &Styles) -> String {
        self.text.clone()
    }
}
