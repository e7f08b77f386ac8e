//! `git jit claim release`, `transfer` and `force-evict`: end a lease, or pass it to another holder.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::lease_args::{reason, required_reason};
use crate::commands::shared::lease_lookup::LeaseLookup;
use crate::commands::shared::lease_report::{AcquireKind, Acquired, LeaseView};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::{AgentId, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{self, Request};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::identity::Identity;
use crate::store::worktrees::{self, Worktree};

// Arguments of `claim release`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArgs {
    /// The lease: its id, a prefix of it, or the issue [default: the one that you hold here]
    lease: Option<String>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

// Arguments of `claim transfer`.
#[derive(Debug, clap::Args)]
pub(crate) struct TransferArgs {
    /// The lease: its id, a prefix of it, or the issue
    lease: String,
    /// The new holder [default: you]
    #[arg(long, value_name = "TYPE:NAME")]
    to_agent: Option<AgentId>,
    /// The worktree of the new holder: its path, its name, or wt:…; it must exist [default: this one]
    #[arg(long, value_name = "WORKTREE")]
    to_worktree: Option<String>,
    /// The reason
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

// Arguments of `claim force-evict`.
#[derive(Debug, clap::Args)]
pub(crate) struct EvictArgs {
    /// The lease: its id, a prefix of it, or the issue
    lease: String,
    /// The reason, which its holder will see
    #[arg(long, value_name = "TEXT", required = true)]
    reason: String,
}

/// Releases a lease, or closes it if the edit is not committed yet.
pub(crate) fn release(session: &Session, args: ReleaseArgs) -> CommandResult {
    let ReleaseArgs { lease: named, reason: why } = args;
    let reason = reason(why)?;
    let lookup = LeaseLookup::open(session)?;
    let holder = lookup.holder()?;
    let lease = match (lookup.named_or_mine(named.as_deref(), &holder), named) {
        (Err(Error::NoSuchLease { .. }), Some(named)) if lookup.is_concluded(&named)? => {
            return Ok(Box::new(Released::before(named)));
        }
        (found, _) => found?,
    };
    let closing = lookup.store.differs_from_head(lease.issue_id)?;
    let request = Request::Release { lease_id: lease.lease_id.clone(), holder, closing, reason };
    lookup.claims.ask(request, &lookup.policy.limits)?.answer?;
    let changed = !(closing && lease.closing);
    let is_over = !lease.lease_status(&session.cx.clock().now(), lookup.policy.limits.stale_after_secs).excludes();
    if closing && is_over {
        let issue = lease.issue_id.short();
        session.output.warn(&format!("the lease on {issue} has expired, and the commit needs it: git jit claim renew {issue}"));
    }
    Ok(Box::new(Released { changed, closing, lease_id: lease.lease_id.to_string(), issue_id: Some(lease.issue_id) }))
}

/// Transfers a lease.
pub(crate) fn transfer(session: &Session, args: TransferArgs) -> CommandResult {
    let TransferArgs { lease: named, to_agent, to_worktree, reason: why } = args;
    if to_agent.is_none() && to_worktree.is_none() {
        return Err(Error::Usage {
            what: "a new holder is required".to_owned(),
            hint: "Use --to-agent, --to-worktree or both".to_owned(),
        });
    }
    let reason = reason(why)?;
    let lookup = LeaseLookup::open(session)?;
    let holder = lookup.holder()?;
    let lease = lookup.named(&named)?;
    let mut to = holder.clone();
    let mut branch = lookup.layout.branch();
    if let Some(agent_id) = to_agent {
        to.agent_id = agent_id;
    }
    if let Some(named) = to_worktree {
        let worktree = worktree(&lookup, &named)?;
        to.worktree_id = identity(&lookup, &worktree)?;
        branch.clone_from(&worktree.branch);
    }
    if to.worktree_id != holder.worktree_id && lookup.store.differs_from_head(lease.issue_id)? {
        return Err(Error::NotYet {
            issue: lease.issue_id,
            state: "transferred to another worktree",
            why: "it has an uncommitted edit here".to_owned(),
            hint: "Commit it, so that it can be merged there".to_owned(),
        });
    }
    let new_id = LeaseId::new(ulid::Ulid::new());
    let request = Request::Transfer { lease_id: lease.lease_id.clone(), holder, to, new_id, branch, reason };
    let transaction = lookup.claims.ask(request, &lookup.policy.limits)?;
    let (lease_id, kind) = match transaction.answer? {
        lease::LeaseAnswer::Granted(id) => (id, AcquireKind::Transferred),
        _ => (lease.lease_id.clone(), AcquireKind::Kept),
    };
    let lease = transaction.ledger.lease(&lease_id).ok_or_else(|| Error::NoSuchLease { named: lease_id.to_string() })?;
    let now = session.cx.clock().now();
    Ok(Box::new(Acquired::new(LeaseView::of(lease, &now, &lookup.policy, Some(&lookup.store)), kind)))
}

/// The worktree with this id, path, or directory name.
fn worktree(lookup: &LeaseLookup<'_>, named: &str) -> Result<Worktree, Error> {
    let all = worktrees::list(lookup.layout)?;
    let path = lookup.session.cx.cwd.join(Path::new(named)).canonicalize().ok();
    let has_id = |worktree: &Worktree| worktree.identity.as_ref().is_some_and(|it| it.worktree_id.to_string() == named.trim());
    let is_there = |worktree: &&Worktree| !worktree.is_missing;
    let mut found: Vec<&Worktree> =
        all.iter().filter(is_there).filter(|it| has_id(it) || path.as_ref() == Some(&it.root)).collect();
    if found.is_empty() {
        found = all.iter().filter(is_there).filter(|it| it.name() == named.trim()).collect();
    }
    match found.as_slice() {
        [one] => Ok((*one).clone()),
        [] => {
            Err(Error::NotThere { what: "worktree", name: named.to_owned(), hint: "To see them: git jit worktree list".to_owned() })
        }
        many => Err(Error::Usage { what: format!("'{named}' matches {} worktrees", many.len()), hint: "Give its path".to_owned() }),
    }
}

/// The id of a worktree. Creates it if the worktree has none yet.
fn identity(lookup: &LeaseLookup<'_>, worktree: &Worktree) -> Result<WorktreeId, Error> {
    if let Some(identity) = &worktree.identity {
        return Ok(identity.worktree_id.clone());
    }
    Ok(Identity::ensure(&worktree.git_dir, &worktree.root, None, lookup.layout.modes)?.worktree_id)
}

/// Ends a lease of any holder.
pub(crate) fn evict(session: &Session, args: EvictArgs) -> CommandResult {
    let EvictArgs { lease: named, reason: why } = args;
    let reason = required_reason(why)?;
    let lookup = LeaseLookup::open(session)?;
    let by = session.agent(lookup.layout)?;
    let lease = lookup.named(&named)?;
    let request = Request::ForceEvict { lease_id: lease.lease_id.clone(), by: by.clone(), reason: reason.clone() };
    lookup.claims.ask(request, &lookup.policy.limits)?.answer?;
    let now = session.cx.clock().now();
    let lease = LeaseView::of(&lease, &now, &lookup.policy, Some(&lookup.store));
    Ok(Box::new(Evicted { changed: true, by, reason, lease }))
}

/// A lease that was released or closed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Released {
    changed: bool,
    closing: bool,
    lease_id: String,
    /// `None` if the lease had ended before.
    issue_id: Option<IssueId>,
}

impl Released {
    /// The lease had already ended.
    fn before(lease_id: String) -> Self {
        Self { changed: false, closing: false, lease_id, issue_id: None }
    }
}

impl Report for Released {
    fn human(&self, styles: &Styles) -> String {
        let lease = styles.id(&self.lease_id);
        match self.issue_id.map(|issue| issue.short()) {
            None => format!("Lease {lease} was already released\n"),
            Some(issue) if self.closing => format!(
                "{} lease {lease}\n  The edit of issue {issue} is not committed yet. The lease ends when it is\n",
                styles.warn("Closing")
            ),
            Some(issue) => format!("{} lease {lease}\n  Issue {issue} is free\n", styles.good("✓ Released")),
        }
    }
}

/// A lease that was evicted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Evicted {
    changed: bool,
    by: AgentId,
    reason: String,
    lease: LeaseView,
}

impl Report for Evicted {
    fn human(&self, styles: &Styles) -> String {
        format!(
            "{} lease {}\n  Issue {} is free; it was held by {} in {}\n",
            styles.good("✓ Evicted"),
            styles.id(self.lease.lease_id.as_str()),
            self.lease.issue_id.short(),
            self.lease.agent_id,
            self.lease.worktree_id,
        )
    }
}
