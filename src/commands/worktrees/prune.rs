//! `git jit worktree prune|purge`: cleans up after missing worktrees, and removes finished ones.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session, issues, viewpoint};
use crate::commands::shared::worktree_list::issue_in;
use crate::commands::worktrees::show;
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::Document as IssueDocument;
use crate::error::Error;
use crate::exit::Diagnose;
use crate::forge::github;
use crate::git::tree;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;
use crate::worktree::name;
use crate::worktree::{self, Blocker, Pruned, RemovalOptions};

// Arguments of `worktree prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
}

// Arguments of `worktree purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct PurgeArgs {
    /// Show what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete their branches too
    #[arg(long, short = 'D')]
    delete_branch: bool,
    /// Do not ask GitHub; use only the issues here
    #[arg(long)]
    offline: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tidied")]
pub(crate) struct CleanedUp {
    changed: bool,
    dry_run: bool,
    count: usize,
    worktrees: Vec<CleanedUpWorktree>,
    /// What was done, for people.
    #[serde(skip)]
    action: &'static str,
}

#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Tidy")]
struct CleanedUpWorktree {
    path: String,
    branch: Option<String>,
    issue_id: Option<IssueId>,
    removed: bool,
    /// Why it was kept; empty if it was removed, or would be without `--dry-run`.
    reasons: Vec<String>,
    branch_deleted: bool,
    /// The leases that ended.
    released: Vec<LeaseId>,
    /// What to do about the reasons.
    #[serde(skip)]
    hints: Vec<String>,
}

impl CleanedUp {
    fn new(action: &'static str, dry_run: bool, mut worktrees: Vec<CleanedUpWorktree>) -> Self {
        for worktree in &mut worktrees {
            worktree.removed = worktree.reasons.is_empty() && !dry_run;
        }
        let changed = worktrees.iter().any(|worktree| worktree.removed);
        Self { changed, dry_run, count: worktrees.len(), worktrees, action }
    }
}

/// Removes Git's files of missing worktrees.
pub(crate) fn prune(session: &Session, args: PruneArgs) -> CommandResult {
    let PruneArgs { dry_run } = args;
    let layout = session.layout()?;
    if !dry_run {
        session.recover_interrupted(layout);
    }
    let policy = session.policy(layout);
    let pruned = worktree::prune(session.repo(layout, &policy), &session.agent(layout)?, dry_run)?;
    let row = |Pruned { path, branch, kept, leases }: Pruned| CleanedUpWorktree {
        path: show(&path),
        branch,
        issue_id: None,
        removed: false,
        reasons: kept.iter().map(ToString::to_string).collect(),
        branch_deleted: false,
        released: leases,
        hints: kept.iter().flat_map(Blocker::hints).collect(),
    };
    Ok(Box::new(CleanedUp::new("Pruned", dry_run, pruned.into_iter().map(row).collect())))
}

/// Removes the worktrees whose issue is closed and whose work is merged.
pub(crate) fn purge(session: &Session, args: PurgeArgs) -> CommandResult {
    let PurgeArgs { dry_run, delete_branch, offline } = args;
    let layout = session.layout()?;
    if !dry_run {
        session.recover_interrupted(layout);
    }
    let view = viewpoint(layout)?;
    let view = view.as_ref().unwrap_or(layout);
    let policy = session.policy(view);
    let store = issues(view, &policy)?;
    let agent = session.agent(layout)?;
    // All questions to GitHub come before the first removal.
    let mut closed = Vec::new();
    for worktree in worktrees::list(layout)?.into_iter().filter(|worktree| !worktree.is_primary) {
        if let Some(issue) = closed_issue(view, &store, &worktree, offline)? {
            closed.push((worktree, issue));
        }
    }
    let repo = session.repo(layout, &policy);
    let options = RemovalOptions { delete_branch, ..RemovalOptions::default() };
    let mut all = Vec::new();
    for (worktree, issue) in closed {
        let mut risks = worktree::risks(repo, &worktree, &agent, options)?;
        risks.extend(own_lease(session, layout, &worktree)?);
        let (mut released, mut failed) = (Vec::new(), None);
        if risks.is_empty() && !dry_run {
            match worktree::remove(repo, &worktree, &agent, options) {
                Ok(removed) => released.extend(removed.leases.into_iter().map(|lease| lease.lease_id)),
                // The report includes the other worktrees all the same.
                Err(error) => failed = Some(Error::from(error).to_string()),
            }
        }
        let reasons: Vec<String> = risks.iter().map(ToString::to_string).chain(failed).collect();
        all.push(CleanedUpWorktree {
            path: show(&worktree.root),
            branch: worktree.branch,
            issue_id: Some(issue),
            removed: false,
            branch_deleted: delete_branch && reasons.is_empty() && !dry_run,
            reasons,
            released,
            hints: Vec::new(),
        });
    }
    Ok(Box::new(CleanedUp::new("Removed", dry_run, all)))
}

/// A live lease in the worktree of the agent that runs the command: that agent still works there.
fn own_lease(session: &Session, layout: &Layout, worktree: &Worktree) -> Result<Option<Blocker>, Error> {
    let Some(identity) = &worktree.identity else { return Ok(None) };
    let now = session.cx.clock().now();
    let agent = session.agent(layout)?;
    let ledger = session.leases(layout).ledger()?;
    let own = ledger.leases().find(|lease| {
        // A closing lease ends with a commit. If the edit is still uncommitted, the uncommitted change is a reason of its own.
        let is_own = lease.holder.worktree_id == identity.worktree_id && lease.holder.agent_id == agent;
        is_own && !lease.closing && lease.lease_status(&now, u64::MAX).excludes()
    });
    Ok(own.map(|lease| Blocker::HeldByOther { holder: lease.holder.clone() }))
}

/// The worktree's issue if it is closed: in the primary worktree, on the default branch, or on GitHub.
fn closed_issue(view: &Layout, store: &IssueStore<'_>, worktree: &Worktree, offline: bool) -> Result<Option<IssueId>, Error> {
    let Some(id) = issue_of(store, worktree)? else { return Ok(None) };
    let is_closed = |document: &IssueDocument| document.issue().state.is_closed();
    if let Some(primary) = &view.primary_root
        && issue_in(primary, id)?.as_ref().is_some_and(is_closed)
    {
        return Ok(Some(id));
    }
    for (_, tip) in default_branch::tips(view) {
        let entry = tree::file(&view.repo, tree::data_tree(&view.repo, tip)?, format!("issues/{}", id.file_name()).as_bytes())?;
        let Some(entry) = entry else { continue };
        let document = IssueDocument::parse(&tree::blob(&view.repo, entry.oid)?, id).ok();
        if document.as_ref().is_some_and(is_closed) {
            return Ok(Some(id));
        }
    }
    let own = issue_in(&worktree.root, id)?;
    let Some(number) = own.as_ref().and_then(|document| name::github_number(document.issue())).filter(|_| !offline) else {
        return Ok(None);
    };
    let dir = view.worktree_root.as_deref().unwrap_or(&view.common_dir);
    match github::issue(dir, &number) {
        Ok(issue) => Ok(Some(id).filter(|_| issue.is_closed())),
        // An issue that was moved or deleted there may not be done.
        Err(github::Error::NoSuchIssue { .. } | github::Error::PullRequest { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The issue that a worktree was created for, or is named after.
fn issue_of(store: &IssueStore<'_>, worktree: &Worktree) -> Result<Option<IssueId>, Error> {
    if let Some(id) = worktree.identity.as_ref().and_then(|identity| identity.issue_id) {
        return Ok(Some(id));
    }
    let listing = store.scan_summaries()?;
    let has_its_number = |id: &IssueId| name::has_number(worktree, &id.short());
    Ok(listing.issues.iter().map(|(summary, _)| summary.id).find(has_its_number))
}

impl Report for CleanedUp {
    fn human(&self, styles: &Styles) -> String {
        if self.worktrees.is_empty() {
            return "Nothing to do\n".to_owned();
        }
        let done = if self.dry_run { "Would remove:".to_owned() } else { format!("✓ {}:", self.action) };
        let line = |worktree: &CleanedUpWorktree| {
            let CleanedUpWorktree { path, branch, branch_deleted, reasons, hints, .. } = worktree;
            let deleted = if *branch_deleted { ", deleted" } else { "" };
            let branch = branch.as_deref().map(|branch| format!("  ({branch}{deleted})")).unwrap_or_default();
            if reasons.is_empty() {
                return format!("{} {path}{branch}\n", styles.good(&done));
            }
            let reasons: String = reasons.iter().chain(hints).map(|reason| format!("    {reason}\n")).collect();
            format!("{} {path}{branch}\n{reasons}", styles.warn("Kept:"))
        };
        self.worktrees.iter().map(line).collect()
    }
}
