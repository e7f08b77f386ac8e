//! `git jit events`: what was done to issues in this repository, by whom, in which worktree.

use std::sync::atomic::Ordering;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::domain::id::IssueId;
use crate::error::Error;
use crate::output::text::{Styles, plain_line};
use crate::output::{Output, Report};
use crate::process;
use crate::store::events::{EventLog, IssueEvent};

/// How often `--follow` looks.
const EVERY: Duration = Duration::from_millis(200);

/// Events that `--follow` begins with.
const BEFORE: usize = 10;

// Arguments of `events`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Go on telling until interrupted; with --json, one document a line
    #[arg(long, short)]
    follow: bool,
    /// Only of this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Only from then on: 2026-11-21T08:00:00Z, or 90s, 10m, 2h, 1d ago
    #[arg(long, value_name = "TIME")]
    since: Option<String>,
    /// At most so many, the newest; 0 for all
    #[arg(long, short = 'n', default_value_t = 0, hide_default_value = true, value_name = "N")]
    limit: usize,
}

struct Events {
    events: Vec<IssueEvent>,
    total: usize,
}

/// Tells what was done.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { follow, issue, since, limit } = args;
    let layout = session.layout()?;
    let since = since.map(|typed| moment(&typed, session.cx.clock().now().wall)).transpose()?;
    let store = issues(layout, &session.policy(layout))?;
    let issue = issue.map(|typed| resolve(&store, &typed)).transpose()?.map(|(id, _)| id);
    let is_wanted = |event: &IssueEvent| wanted(event, issue, since);
    let log = EventLog::of(layout);
    let (mut events, mut mark) = log.all()?;
    events.retain(is_wanted);
    let total = events.len();
    // Who follows wants what is new, and what led to it.
    let limit = if limit == 0 && follow && since.is_none() { BEFORE } else { limit };
    if limit > 0 {
        events.drain(..total.saturating_sub(limit));
    }
    if !follow {
        return Ok(Box::new(Events { events, total }));
    }
    let interrupted =
        process::interruptions().map_err(|source| crate::store::Error::io("handle signals in", &layout.common_dir)(source))?;
    loop {
        for event in events.iter().filter(|event| is_wanted(event)) {
            let line = if session.output.json { format!("{}\n", json!(event)) } else { line(event, &session.output.out) };
            if !Output::stream(&line) {
                return Ok(Box::new(Silence));
            }
        }
        if interrupted.load(Ordering::Relaxed) || !Output::is_heard() {
            return Ok(Box::new(Silence));
        }
        std::thread::sleep(EVERY);
        (events, mark) = log.since(mark)?;
    }
}

fn wanted(event: &IssueEvent, issue: Option<IssueId>, since: Option<Timestamp>) -> bool {
    issue.is_none_or(|issue| event.issue_id == issue) && since.is_none_or(|since| event.at >= since)
}

/// A moment: as a time, or so long ago.
fn moment(typed: &str, now: Timestamp) -> Result<Timestamp, Error> {
    let typed = typed.trim();
    let midnight = || typed.parse::<jiff::civil::Date>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok().map(|at| at.timestamp());
    if let Some(at) = typed.parse::<Timestamp>().ok().or_else(midnight) {
        return Ok(at);
    }
    let ago = crate::commands::leases::claim::seconds(typed).ok().and_then(|seconds| i64::try_from(seconds).ok());
    ago.and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok()).ok_or_else(|| Error::Usage {
        what: format!("'{typed}' is no time"),
        hint: "Give one like 2026-11-21T08:00:00Z, or how long ago: 90s, 10m, 2h, 1d".to_owned(),
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

impl Report for Events {
    fn json(&self) -> Value {
        json!({ "count": self.events.len(), "total": self.total, "truncated": self.events.len() < self.total, "events": self.events })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.events.is_empty() {
            "No events\n".to_owned()
        } else {
            self.events.iter().map(|event| line(event, styles)).collect()
        }
    }
}

/// Everything has been said already.
struct Silence;

impl Report for Silence {
    fn json(&self) -> Value {
        Value::Null
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }
}
