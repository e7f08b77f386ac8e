//! How leases are told, to people and to programs.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::id::{AgentId, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Lease, Standing};
use crate::domain::policy::Policy;
use crate::domain::time::{Now, in_words};
use crate::output::Report;
use crate::output::human::{Styles, plain_line, table};
use crate::store::issues::IssueStore;

/// A lease as it is told.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct LeaseView {
    /// Its id.
    pub lease_id: LeaseId,
    /// The issue.
    pub issue_id: IssueId,
    /// The agent that holds it.
    pub agent_id: AgentId,
    /// The worktree it is held in.
    pub worktree_id: WorktreeId,
    /// The branch at the time of the grant.
    pub branch: Option<String>,
    /// Seconds it was taken for; 0 has no end.
    pub ttl_secs: u64,
    /// When it was granted.
    pub acquired_at: Timestamp,
    /// When it ends, as the wall clock has it now; none without an end.
    pub expires_at: Option<Timestamp>,
    /// Seconds left, 0 where it is over; none without an end.
    pub remaining_secs: Option<u64>,
    /// When the holder last showed life.
    pub last_beat: Timestamp,
    /// Whether it has no end and its holder has been silent.
    pub stale: bool,
    /// Whether it ends with the commit of the issue's last edit.
    pub closing: bool,
    /// Its fencing number.
    pub token: u64,
    /// What for.
    pub reason: Option<String>,
    #[serde(skip)]
    title: Option<String>,
    #[serde(skip)]
    standing: Standing,
}

impl LeaseView {
    /// How a lease is told at `now`; with its issue's title, where `store` has it.
    pub(crate) fn of(lease: &Lease, now: &Now, policy: &Policy, store: Option<&IssueStore<'_>>) -> Self {
        let standing = lease.standing(now, policy.stale_threshold_secs);
        let title = store.and_then(|store| {
            let source = store.locate(lease.issue_id).ok()??;
            Some(store.load(lease.issue_id, source).ok()?.issue().title.clone())
        });
        let left = standing.left_ms().and_then(|ms| i64::try_from(ms).ok());
        Self {
            lease_id: lease.lease_id.clone(),
            issue_id: lease.issue_id,
            agent_id: lease.holder.agent_id.clone(),
            worktree_id: lease.holder.worktree_id.clone(),
            branch: lease.branch.clone(),
            ttl_secs: lease.ttl_secs,
            acquired_at: lease.acquired_at,
            expires_at: left.and_then(|ms| now.wall.checked_add(SignedDuration::from_millis(ms)).ok()),
            remaining_secs: standing.left_ms().map(|ms| ms.div_ceil(1000)),
            last_beat: lease.last_beat,
            stale: standing == Standing::Stale,
            closing: lease.closing,
            token: lease.token,
            reason: lease.reason.clone(),
            title,
            standing,
        }
    }

    fn left(&self) -> String {
        let closing = if self.closing { ", until its commit" } else { "" };
        let left = match self.standing {
            Standing::Live { left_ms } | Standing::Ending { left_ms } => in_words(left_ms),
            Standing::Unobserved { at_most_ms } => format!("at most {}", in_words(at_most_ms)),
            Standing::Lapsed => "over".to_owned(),
            Standing::Indefinite => "no end".to_owned(),
            Standing::Stale => "stale".to_owned(),
        };
        left + closing
    }

    fn title(&self) -> String {
        self.title.as_deref().map(plain_line).unwrap_or_default()
    }

    /// One line: issue, time left, title.
    pub(crate) fn line(&self, styles: &Styles) -> String {
        format!("{}  {}  {}", styles.id(&self.issue_id.short()), self.left(), self.title())
    }
}

/// What an acquisition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// A lease that is new.
    New,
    /// The holder's own, with its time set anew.
    Renewed,
    /// The holder's own, with time enough as it is.
    Kept,
}

/// What an acquisition came to.
pub(crate) struct Acquired {
    pub view: LeaseView,
    pub taken: Taken,
}

impl Report for Acquired {
    fn json(&self) -> Value {
        json!({ "changed": self.taken != Taken::Kept, "lease": self.view })
    }

    fn human(&self, styles: &Styles) -> String {
        let head = match self.taken {
            Taken::New => "✓ Acquired lease:",
            Taken::Renewed => "✓ Renewed lease:",
            Taken::Kept => "✓ You have the lease:",
        };
        let left = self.view.remaining_secs.unwrap_or(0);
        let more = if left == self.view.ttl_secs { String::new() } else { format!(" ({left} left)") };
        format!(
            "{} {}\n  Issue: {}  {}\n  TTL: {} seconds{more}\n",
            styles.good(head),
            styles.id(self.view.lease_id.as_str()),
            self.view.issue_id,
            self.view.title(),
            self.view.ttl_secs,
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.view.lease_id.to_string())
    }
}

/// What a release came to.
pub(crate) struct Released {
    pub lease_id: String,
    /// `None` for a lease that had ended before.
    pub issue: Option<IssueId>,
    pub closing: bool,
    pub changed: bool,
}

impl Released {
    /// Nothing had to be done: the lease has ended already.
    pub(crate) fn before(lease_id: String) -> Self {
        Self { lease_id, issue: None, closing: false, changed: false }
    }
}

impl Report for Released {
    fn json(&self) -> Value {
        json!({ "changed": self.changed, "closing": self.closing, "lease_id": self.lease_id, "issue_id": self.issue })
    }

    fn human(&self, styles: &Styles) -> String {
        let lease = styles.id(&self.lease_id);
        match self.issue.map(|issue| issue.short()) {
            None => format!("Lease {lease} was released before\n"),
            Some(issue) if self.closing => format!(
                "{} lease {lease}\n  Issue {issue} has an edit that is not committed: the lease ends with that commit\n",
                styles.warn("Closing")
            ),
            Some(issue) => format!("{} lease {lease}\n  Issue {issue} is free\n", styles.good("✓ Released")),
        }
    }
}

/// A listing of leases.
pub(crate) struct Leases {
    pub leases: Vec<LeaseView>,
    pub hidden: usize,
    pub is_detailed: bool,
}

impl Report for Leases {
    fn json(&self) -> Value {
        json!({ "count": self.leases.len(), "leases": self.leases })
    }

    fn human(&self, styles: &Styles) -> String {
        let hidden = match self.hidden {
            0 => String::new(),
            n => styles.faint(&format!("{n} more are over: git jit claim list --all")) + "\n",
        };
        if self.leases.is_empty() {
            return format!("No leases\n{hidden}");
        }
        let row = |lease: &LeaseView| {
            let mut row = vec![
                lease.issue_id.short(),
                lease.agent_id.to_string(),
                lease.worktree_id.to_string(),
                plain_line(lease.branch.as_deref().unwrap_or("-")),
                lease.left(),
            ];
            if self.is_detailed {
                row.push(lease.lease_id.to_string());
            }
            row.push(lease.title());
            row
        };
        let rows: Vec<Vec<String>> = self.leases.iter().map(row).collect();
        let heads: &[&str] = if self.is_detailed {
            &["ISSUE", "HOLDER", "WORKTREE", "BRANCH", "LEFT", "LEASE", "TITLE"]
        } else {
            &["ISSUE", "HOLDER", "WORKTREE", "BRANCH", "LEFT", "TITLE"]
        };
        let paint = |column: usize, cell: &str| match (column, cell) {
            (0, id) => styles.id(id),
            (4, "stale" | "over") => styles.bad(cell),
            _ => cell.to_owned(),
        };
        table(heads, &rows, styles, paint) + &hidden
    }
}
