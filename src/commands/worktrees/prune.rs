//! `git jit worktree prune|purge`: what is left of worktrees that are gone, and those whose work is done.

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session, issues, viewpoint};
use crate::commands::worktrees::show;
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::issue::Document;
use crate::error::Error;
use crate::forge::github;
use crate::git::tree;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::file;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::default_branch;
use crate::worktree::name;
use crate::worktree::{self, Blocker, Pruned, RemovalOptions};

// Arguments of `worktree prune`.
#[derive(Debug, clap::Args)]
pub(crate) struct PruneArgs {
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
}

// Arguments of `worktree purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct PurgeArgs {
    /// Say what would be done
    #[arg(long)]
    dry_run: bool,
    /// Delete their branches too
    #[arg(long, short = 'D')]
    delete_branch: bool,
    /// Do not ask GitHub: what the issues here say is enough
    #[arg(long)]
    offline: bool,
}

/// What became of one.
struct PrunedWorktree {
    path: String,
    branch: Option<String>,
    issue: Option<IssueId>,
    /// Why it is kept; nothing where it is gone.
    kept: Vec<String>,
    /// What to do about that.
    hints: Vec<String>,
    branch_deleted: bool,
    /// The leases that ended with it.
    leases: Vec<LeaseId>,
}

struct Fates {
    word: &'static str,
    dry_run: bool,
    all: Vec<PrunedWorktree>,
}

/// Removes what missing worktrees have left.
pub(crate) fn prune(session: &Session, args: PruneArgs) -> CommandResult {
    let PruneArgs { dry_run } = args;
    let layout = session.layout()?;
    if !dry_run {
        session.recover_interrupted(layout);
    }
    let policy = session.policy(layout);
    let pruned = worktree::prune(session.repo(layout, &policy), &session.agent(layout)?, dry_run)?;
    let one = |Pruned { path, branch, kept, leases }: Pruned| PrunedWorktree {
        path: show(&path),
        branch,
        issue: None,
        kept: kept.iter().map(ToString::to_string).collect(),
        hints: kept.iter().flat_map(Blocker::hints).collect(),
        branch_deleted: false,
        leases,
    };
    Ok(Box::new(Fates { word: "Pruned", dry_run, all: pruned.into_iter().map(one).collect() }))
}

/// Removes worktrees whose issue is closed and whose work is merged.
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
    // First everybody is asked, then something is done.
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
        let (mut leases, mut failed) = (Vec::new(), None);
        if risks.is_empty() && !dry_run {
            match worktree::remove(repo, &worktree, &agent, options) {
                Ok(removed) => leases.extend(removed.leases.into_iter().map(|lease| lease.lease_id)),
                // The others are told of all the same.
                Err(error) => failed = Some(Error::from(error).to_string()),
            }
        }
        let kept: Vec<String> = risks.iter().map(ToString::to_string).chain(failed).collect();
        let branch_deleted = delete_branch && kept.is_empty() && !dry_run;
        all.push(PrunedWorktree {
            path: show(&worktree.root),
            branch: worktree.branch,
            issue: Some(issue),
            kept,
            hints: Vec::new(),
            branch_deleted,
            leases,
        });
    }
    Ok(Box::new(Fates { word: "Removed", dry_run, all }))
}

/// A lease that is live in a worktree tells that somebody is at work there, be it whoever tidies up.
fn own_lease(session: &Session, layout: &Layout, worktree: &Worktree) -> Result<Option<Blocker>, Error> {
    let Some(identity) = &worktree.identity else { return Ok(None) };
    let now = session.cx.clock().now();
    let agent = session.agent(layout)?;
    let ledger = session.leases(layout).ledger()?;
    let mine = ledger.leases().find(|lease| {
        // One that only waits for a commit has none to wait for: nothing is uncommitted there, or that is another reason.
        let is_mine = lease.holder.worktree_id == identity.worktree_id && lease.holder.agent_id == agent;
        is_mine && !lease.closing && lease.lease_status(&now, u64::MAX).excludes()
    });
    Ok(mine.map(|lease| Blocker::InUse { holder: lease.holder.clone() }))
}

/// The issue of a worktree, if that is closed: where the default branch or the primary worktree says so, or GitHub.
fn closed_issue(view: &Layout, store: &IssueStore<'_>, worktree: &Worktree, offline: bool) -> Result<Option<IssueId>, Error> {
    let Some(id) = issue_of(store, worktree)? else { return Ok(None) };
    let is_closed = |document: &Document| document.issue().state.is_closed();
    let path = |root: &std::path::Path| Layout::data_dir(root).join("issues").join(id.file_name());
    let read = |root: &std::path::Path| -> Result<Option<Document>, Error> {
        Ok(file::read_optional(&path(root))?.and_then(|bytes| Document::parse(&bytes, id).ok()))
    };
    if let Some(primary) = &view.primary_root
        && read(primary)?.as_ref().is_some_and(is_closed)
    {
        return Ok(Some(id));
    }
    for (_, tip) in default_branch::tips(view) {
        let entry = tree::file(&view.repo, tree::data_tree(&view.repo, tip)?, format!("issues/{}", id.file_name()).as_bytes())?;
        let Some(entry) = entry else { continue };
        let document = Document::parse(&tree::blob(&view.repo, entry.oid)?, id).ok();
        if document.as_ref().is_some_and(is_closed) {
            return Ok(Some(id));
        }
    }
    let there = read(&worktree.root)?;
    let Some(number) = there.as_ref().and_then(|document| name::github_number(document.issue())).filter(|_| !offline) else {
        return Ok(None);
    };
    let dir = view.worktree_root.as_deref().unwrap_or(&view.common_dir);
    match github::issue(dir, &number) {
        Ok(issue) => Ok(Some(id).filter(|_| issue.is_closed())),
        // One that was moved or deleted there is not known to be done.
        Err(github::Error::NoSuchIssue { .. } | github::Error::PullRequest { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The issue that a worktree was made for, or is called after.
fn issue_of(store: &IssueStore<'_>, worktree: &Worktree) -> Result<Option<IssueId>, Error> {
    if let Some(id) = worktree.identity.as_ref().and_then(|identity| identity.issue_id) {
        return Ok(Some(id));
    }
    let listing = store.scan_summaries()?;
    let is_its = |id: &IssueId| name::has_number(worktree, &id.short());
    Ok(listing.issues.iter().map(|(summary, _)| summary.id).find(is_its))
}

impl Report for Fates {
    fn json(&self) -> Value {
        let one = |outcome: &PrunedWorktree| {
            let PrunedWorktree { path, branch, issue, kept, branch_deleted, leases, .. } = outcome;
            json!({
                "path": path, "branch": branch, "issue_id": issue, "removed": kept.is_empty() && !self.dry_run, "reasons": kept,
                "branch_deleted": branch_deleted, "released": leases,
            })
        };
        let changed = !self.dry_run && self.all.iter().any(|outcome| outcome.kept.is_empty());
        json!({ "changed": changed, "dry_run": self.dry_run, "count": self.all.len(), "worktrees": self.all.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.all.is_empty() {
            return "Nothing to do\n".to_owned();
        }
        let done = if self.dry_run { "Would be gone:".to_owned() } else { format!("✓ {}:", self.word) };
        let one = |outcome: &PrunedWorktree| {
            let branch = outcome
                .branch
                .as_deref()
                .map(|branch| format!("  ({branch}{})", if outcome.branch_deleted { ", deleted" } else { "" }));
            let branch = branch.unwrap_or_default();
            if outcome.kept.is_empty() {
                return format!("{} {}{branch}\n", styles.good(&done), outcome.path);
            }
            let reasons: String = outcome.kept.iter().chain(&outcome.hints).map(|reason| format!("    {reason}\n")).collect();
            format!("{} {}{branch}\n{reasons}", styles.warn("Kept:"), outcome.path)
        };
        self.all.iter().map(one).collect()
    }
}
