//! Leases in reports.

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;

use crate::domain::id::{AgentId, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Lease, LeaseStatus};
use crate::domain::policy::Policy;
use crate::domain::time::{Now, in_words};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::issues::IssueStore;

/// A lease as reports show it.
#[derive(Debug, Clone, Serialize, JsonSchema)]
#[schemars(rename = "Lease")]
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
    /// The time to live in seconds; 0 is indefinite.
    pub ttl_secs: u64,
    /// When it was granted.
    pub acquired_at: Timestamp,
    /// When it expires, by the wall clock; none if it is indefinite.
    pub expires_at: Option<Timestamp>,
    /// Seconds left, 0 if it has expired; none if it is indefinite.
    pub remaining_secs: Option<u64>,
    /// The time of the holder's last activity.
    pub last_beat: Timestamp,
    /// Whether it is indefinite and its holder has been inactive for too long.
    pub stale: bool,
    /// Whether it ends with the commit of the issue's last edit.
    pub closing: bool,
    /// Its fencing number.
    pub token: u64,
    /// The reason that the holder gave.
    pub reason: Option<String>,
    #[serde(skip)]
    title: Option<String>,
    #[serde(skip)]
    lease_status: LeaseStatus,
    /// Milliseconds since the holder's last activity, by the wall clock.
    #[serde(skip)]
    silent_ms: u64,
}

impl LeaseView {
    /// The view of `lease` at `now`, with its issue's title if `store` has the issue.
    pub(crate) fn of(lease: &Lease, now: &Now, policy: &Policy, store: Option<&IssueStore<'_>>) -> Self {
        let lease_status = lease.lease_status(now, policy.limits.stale_after_secs);
        let title = store.and_then(|store| {
            let source = store.locate(lease.issue_id).ok()??;
            Some(store.load(lease.issue_id, source).ok()?.issue().title.clone())
        });
        let left = lease_status.left_ms().and_then(|ms| i64::try_from(ms).ok());
        Self {
            lease_id: lease.lease_id.clone(),
            issue_id: lease.issue_id,
            agent_id: lease.holder.agent_id.clone(),
            worktree_id: lease.holder.worktree_id.clone(),
            branch: lease.branch.clone(),
            ttl_secs: lease.ttl_secs,
            acquired_at: lease.acquired_at,
            expires_at: left.and_then(|ms| now.wall.checked_add(SignedDuration::from_millis(ms)).ok()),
            remaining_secs: lease_status.left_ms().map(|ms| ms.div_ceil(1000)),
            last_beat: lease.last_beat,
            stale: lease_status == LeaseStatus::Stale,
            closing: lease.closing,
            token: lease.token,
            reason: lease.reason.clone(),
            title,
            lease_status,
            silent_ms: u64::try_from(now.wall.duration_since(lease.last_beat).as_millis()).unwrap_or(0),
        }
    }

    /// The time left, or the time since the holder's last activity.
    pub(crate) fn left(&self) -> String {
        let closing = if self.closing { ", until its commit" } else { "" };
        let left = match self.lease_status {
            LeaseStatus::Live { left_ms } | LeaseStatus::Ending { left_ms } => in_words(left_ms),
            LeaseStatus::Unobserved { at_most_ms } => format!("at most {}", in_words(at_most_ms)),
            LeaseStatus::Lapsed => "over".to_owned(),
            LeaseStatus::Indefinite => format!("no end, beat {} ago", in_words(self.silent_ms)),
            LeaseStatus::Stale => format!("stale, silent for {}", in_words(self.silent_ms)),
        };
        left + closing
    }

    /// The title of its issue, on one line.
    pub(crate) fn title(&self) -> String {
        self.title.as_deref().map(plain_line).unwrap_or_default()
    }

    /// One line: issue, time left, title.
    pub(crate) fn line(&self, styles: &Styles) -> String {
        format!("{}  {}  {}", styles.id(&self.issue_id.short()), self.left(), self.title())
    }
}

/// What an acquisition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AcquireKind {
    /// A new lease.
    New,
    /// The holder's own lease, renewed.
    Renewed,
    /// The holder's own lease, unchanged because enough time is left.
    Kept,
    /// Transferred to another holder, with a new token.
    Transferred,
}

/// The lease that a verb acquired, renewed or transferred.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Acquired {
    changed: bool,
    pub lease: LeaseView,
    #[serde(skip)]
    pub kind: AcquireKind,
}

impl Acquired {
    /// The report of `lease`.
    pub(crate) fn new(lease: LeaseView, kind: AcquireKind) -> Self {
        Self { changed: kind != AcquireKind::Kept, lease, kind }
    }
}

impl Report for Acquired {
    fn human(&self, styles: &Styles) -> String {
        let head = match self.kind {
            AcquireKind::New => "✓ Acquired lease:",
            AcquireKind::Renewed => "✓ Renewed lease:",
            AcquireKind::Kept => "✓ You have the lease:",
            AcquireKind::Transferred => "✓ Transferred lease:",
        };
        let ttl = match (self.lease.ttl_secs, self.lease.remaining_secs.unwrap_or(0)) {
            (0, _) => "no end: show that you are at work with git jit claim heartbeat".to_owned(),
            (ttl, left) if left == ttl => format!("{ttl} seconds"),
            (ttl, left) => format!("{ttl} seconds ({left} left)"),
        };
        let to = if self.kind == AcquireKind::Transferred {
            format!("\n  Holder: {} in {}", self.lease.agent_id, self.lease.worktree_id)
        } else {
            String::new()
        };
        format!(
            "{} {}\n  Issue: {}  {}{to}\n  TTL: {ttl}\n",
            styles.good(head),
            styles.id(self.lease.lease_id.as_str()),
            self.lease.issue_id,
            self.lease.title(),
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.lease.lease_id.to_string())
    }
}
