//! `git jit events`: the local log of edits of issues, with the agent and the worktree of each.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::commands::shared::args::duration_secs;
use crate::commands::shared::session::{CommandResult, Session, resolve};
use crate::error::Error;
use crate::output::text::{Styles, plain_line};
use crate::output::{Output, Report, Streamed};
use crate::process;
use crate::store;
use crate::store::events::{EventLog, IssueEvent};

/// How often `--follow` reads the log.
const POLL_INTERVAL: Duration = Duration::from_millis(200);

/// Past events that `--follow` prints first.
const FOLLOW_FIRST: usize = 10;

// Arguments of `events`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep printing new events until interrupted; with --json, one document per line
    #[arg(long, short)]
    follow: bool,
    /// Only events of this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Only events since this time: 2026-11-21T08:00:00Z, or 90s, 10m, 2h, 1d ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// Show at most this many, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 0, hide_default_value = true, value_name = "N")]
    limit: usize,
}

/// Events, the oldest first.
#[derive(Serialize, JsonSchema)]
pub(crate) struct EventReport {
    count: usize,
    total: usize,
    truncated: bool,
    events: Vec<IssueEvent>,
}

/// Prints events.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { follow, issue, since, limit } = args;
    let layout = session.layout()?;
    let since = since.map(|typed| parse_time(&typed, session.cx.clock().now().wall)).transpose()?;
    let store = session.issues()?;
    let issue = issue.map(|typed| resolve(&store, &typed)).transpose()?.map(|(id, _)| id);
    let is_selected =
        |event: &IssueEvent| issue.is_none_or(|issue| event.issue_id == issue) && since.is_none_or(|since| event.at >= since);
    let log = EventLog::of(layout);
    let (mut events, mut mark) = log.all()?;
    events.retain(is_selected);
    let total = events.len();
    let limit = if limit == 0 && follow && since.is_none() { FOLLOW_FIRST } else { limit };
    if limit > 0 {
        events.drain(..total.saturating_sub(limit));
    }
    if !follow {
        return Ok(Box::new(EventReport { count: events.len(), total, truncated: events.len() < total, events }));
    }
    let interrupted =
        process::interruptions().map_err(|source| store::Error::io("handle signals in", &layout.common_dir)(source))?;
    loop {
        for event in events.iter().filter(|event| is_selected(event)) {
            let line = if session.output.json { format!("{}\n", json!(event)) } else { line(event, &session.output.out) };
            if !Output::stream(&line) {
                return Ok(Box::new(Streamed));
            }
        }
        if interrupted.load(Ordering::Relaxed) || !Output::is_heard() {
            return Ok(Box::new(Streamed));
        }
        std::thread::sleep(POLL_INTERVAL);
        (events, mark) = log.since(mark)?;
    }
}

/// A point in time: a timestamp, a date, or a duration before `now`.
fn parse_time(typed: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let typed = typed.trim();
    let midnight = || typed.parse::<Date>().ok()?.to_zoned(TimeZone::UTC).ok().map(|at| at.timestamp());
    let ago = || {
        let seconds = i64::try_from(duration_secs(typed).ok()?).ok()?;
        now.checked_sub(SignedDuration::from_secs(seconds)).ok()
    };
    typed.parse::<Timestamp>().ok().or_else(midnight).or_else(ago).ok_or_else(|| Error::Usage {
        what: format!("invalid time '{typed}'"),
        hint: "Use 2026-11-21T08:00:00Z, or a duration before now: 90s, 10m, 2h, 1d".to_owned(),
    })
}

fn line(event: &IssueEvent, styles: &Styles) -> String {
    let fields: Vec<String> = event.fields.iter().map(|change| plain_line(&change.field)).collect();
    let when = styles.faint(&event.at.strftime("%Y-%m-%d %H:%M:%SZ").to_string());
    let fields = if fields.is_empty() { String::new() } else { format!("  {}", fields.join(", ")) };
    format!(
        "{when}  {}  {:<12} {} {}{fields}\n",
        styles.id(&event.issue_id.short()),
        plain_line(&event.event),
        event.agent_id,
        event.worktree_id
    )
}

impl Report for EventReport {
    fn human(&self, styles: &Styles) -> String {
        if self.events.is_empty() {
            "No events\n".to_owned()
        } else {
            self.events.iter().map(|event| line(event, styles)).collect()
        }
    }
}
