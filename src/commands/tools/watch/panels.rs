//! The content of a frame: the data at one moment as panels, lines and columns.

use crate::commands::shared::issue_list::ListedIssue;
use crate::commands::shared::lease_report::LeaseView;
use crate::commands::shared::worktree_list::WorktreeRow;
use crate::commands::tools::watch::gather::Gathered;
use crate::domain::issue::Priority;
use crate::domain::lease::Lease;
use crate::domain::time::{Now, in_words};
use crate::output::text::count;
use crate::output::watch::{Cell, CellStyle, Panel, WatchFrame, WatchRow};
use crate::store::events::IssueEvent;

/// The frame at `now`.
pub(crate) fn frame(gathered: &Gathered, now: &Now, trouble: Option<&str>) -> WatchFrame {
    let place = gathered.branch.as_deref().unwrap_or("a detached HEAD");
    let head = format!("git jit watch  {} on {place}", gathered.editor.agent_id);
    let unreadable = gathered.unreadable.first().map(|first| {
        let more = gathered.unreadable.len() - 1;
        let more = if more > 0 { format!(" (and {}; see git jit doctor)", count(more, "more problem")) } else { String::new() };
        format!("{first}{more}")
    });
    WatchFrame {
        head: Cell::plain(&head),
        panels: [leases(gathered, now), worktrees(gathered), available(gathered), events(gathered, now)],
        trouble: trouble.map(str::to_owned).or(unreadable).map(|trouble| Cell::new(&trouble, CellStyle::Bad)),
    }
}

fn leases(gathered: &Gathered, now: &Now) -> Panel {
    let row = |(view, lease, is_mine): (LeaseView, &Lease, bool)| {
        let worktree = gathered.name_of(&view.worktree_id).unwrap_or_else(|| view.worktree_id.to_string());
        let title = gathered.titles.get(&view.issue_id).map_or("", String::as_str);
        let reason = view.reason.as_ref().map(|reason| format!("  reason: {reason}")).unwrap_or_default();
        let branch = view.branch.as_ref().map(|branch| format!(" on {branch}")).unwrap_or_default();
        WatchRow {
            key: view.lease_id.to_string(),
            cells: vec![
                Cell::new(if is_mine { "*" } else { "" }, CellStyle::Good),
                Cell::new(&view.issue_id.short(), CellStyle::Id),
                Cell::new(&view.left(), urgency(gathered, now, lease, &view)),
                Cell::plain(view.agent_id.as_str()),
                Cell::new(&worktree, CellStyle::Faint),
                Cell::plain(title),
            ],
            detail: Cell::plain(&format!("{} {} in {worktree}{branch}{reason}", view.issue_id, view.agent_id)),
        }
    };
    let rows: Vec<WatchRow> = gathered.leases_at(now).into_iter().map(row).collect();
    Panel { title: "Leases", total: rows.len(), rows, empty: "No leases" }
}

fn urgency(gathered: &Gathered, now: &Now, lease: &Lease, view: &LeaseView) -> CellStyle {
    let policy = &gathered.policy;
    if view.stale {
        CellStyle::Bad
    } else if view.closing || lease.is_near_end(now, policy.limits.stale_after_secs, policy.care.warns_below_pct) {
        CellStyle::Warn
    } else {
        CellStyle::Plain
    }
}

fn worktrees(gathered: &Gathered) -> Panel {
    let row = |row: &WorktreeRow| {
        let states = [(row.missing, "missing"), (row.locked, "locked")];
        let states: Vec<&str> = states.iter().filter(|(is, _)| *is).map(|(_, word)| *word).collect();
        let (agent, is_alive) = row.agent.as_ref().map(|agent| (agent.summary(), agent.alive)).unwrap_or_default();
        WatchRow {
            key: row.root.clone(),
            cells: vec![
                Cell::new(if row.current { "*" } else { "" }, CellStyle::Good),
                Cell::new(row.number.as_deref().unwrap_or_default(), CellStyle::Id),
                Cell::plain(row.branch.as_deref().unwrap_or("(detached)")),
                Cell::new(&agent, if is_alive { CellStyle::Good } else { CellStyle::Faint }),
                Cell::new(&states.join(" "), CellStyle::Warn),
                Cell::plain(row.title.as_deref().unwrap_or_default()),
            ],
            detail: Cell::plain(&row.root),
        }
    };
    let rows: Vec<WatchRow> = gathered.worktrees.iter().map(row).collect();
    Panel { title: "Worktrees", total: rows.len(), rows, empty: "No worktrees" }
}

fn available(gathered: &Gathered) -> Panel {
    let row = |issue: &ListedIssue| {
        let mood = match issue.priority {
            Priority::Critical => CellStyle::Bad,
            Priority::High => CellStyle::Warn,
            Priority::Normal | Priority::Low => CellStyle::Plain,
        };
        WatchRow {
            key: issue.id.to_string(),
            cells: vec![
                Cell::new(&issue.short_id, CellStyle::Id),
                Cell::new(issue.priority.as_str(), mood),
                Cell::plain(issue.assignee.as_deref().unwrap_or_default()),
                Cell::plain(&issue.title),
            ],
            detail: Cell::plain(&format!("{} {}  {}", issue.id, issue.labels.join(" "), issue.title)),
        }
    };
    let rows = gathered.available.iter().map(row).collect();
    Panel { title: "Available", total: gathered.available_total, rows, empty: "No available issues" }
}

fn events(gathered: &Gathered, now: &Now) -> Panel {
    let row = |event: &IssueEvent| {
        let age = u64::try_from(now.wall.duration_since(event.at).as_millis()).unwrap_or(0);
        let fields: Vec<&str> = event.fields.iter().map(|change| change.field.as_str()).collect();
        let title = gathered.titles.get(&event.issue_id).map_or("", String::as_str);
        let when = event.at.strftime("%Y-%m-%d %H:%M:%SZ");
        WatchRow {
            key: format!("{} {} {}", event.at, event.issue_id, event.event),
            cells: vec![
                Cell::new(&in_words(age), CellStyle::Faint),
                Cell::new(&event.issue_id.short(), CellStyle::Id),
                Cell::plain(&event.event),
                Cell::plain(event.agent_id.as_str()),
                Cell::new(&fields.join(", "), CellStyle::Faint),
                Cell::plain(title),
            ],
            detail: Cell::plain(&format!("{when} {} {} {} in {}", event.issue_id, event.event, event.agent_id, event.worktree_id)),
        }
    };
    let rows: Vec<WatchRow> = gathered.events.iter().map(row).collect();
    Panel { title: "Events", total: rows.len(), rows, empty: "No events yet" }
}
