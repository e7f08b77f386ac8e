//! `git jit worktree`: where one is, who is in which, one more for an issue, one less.

use std::path::Path;

use serde_json::{Value, json};

use super::claim::{self, LeaseView};
use super::{Answer, Session, issues, resolve};
use crate::error::Error;
use crate::output::Report;
use crate::output::human::{Styles, plain_line, table};
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::{self, Removal, Removed, Spawned, Wish};

/// Verbs of `worktree`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Tell which worktree this is
    Info(InfoArgs),
    /// Show the worktrees and who works in them
    List(ListArgs),
    /// Take the lease on an issue and make a worktree for it, or find the one it has
    Spawn(SpawnArgs),
    /// Remove a worktree, its leases with it; refuses to where work would be lost
    Remove(RemoveArgs),
}

/// Arguments of `worktree info`.
#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {}

/// Arguments of `worktree list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {}

/// Arguments of `worktree spawn`.
#[derive(Debug, clap::Args)]
pub(crate) struct SpawnArgs {
    /// The issue: its id, or at least four digits of it
    issue: String,
    /// Where to start from [default: the default branch]
    #[arg(long, value_name = "REVISION")]
    base: Option<String>,
    /// How long the lease lasts: seconds, or 30m, 2h, 1d
    #[arg(long, value_name = "TIME")]
    ttl: Option<String>,
    /// Start no agent in it; this version starts none, and wants it said
    #[arg(long, required = true)]
    no_agent: bool,
}

/// Arguments of `worktree remove`.
#[derive(Debug, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "one for each word of the command line, and each is a risk of its own")]
pub(crate) struct RemoveArgs {
    /// The worktree: its issue's number, its directory's name, or its path
    worktree: String,
    /// Lose its uncommitted and untracked files
    #[arg(long)]
    discard_changes: bool,
    /// Delete its branch too
    #[arg(long, short = 'D')]
    delete_branch: bool,
    /// Lose commits that are merged nowhere and on no remote
    #[arg(long)]
    delete_unmerged: bool,
    /// Keep its branch, with commits that are merged nowhere and on no remote
    #[arg(long, conflicts_with_all = ["delete_branch", "delete_unmerged"])]
    keep_branch: bool,
    /// End the leases that somebody else holds there
    #[arg(long)]
    end_lease: bool,
}

/// Runs a verb of `worktree`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::Info(args) => info(session, &args),
        Verb::List(args) => list(session, &args),
        Verb::Spawn(args) => spawn(session, args),
        Verb::Remove(args) => remove(session, args),
    }
}

fn info(session: &Session, args: &InfoArgs) -> Answer {
    let InfoArgs {} = args;
    let layout = session.layout()?;
    let root = layout.require_worktree()?.display().to_string();
    Ok(Box::new(Info {
        id: layout.identity()?.map(|identity| identity.worktree_id.to_string()),
        branch: layout.branch(),
        root,
        is_primary: layout.is_primary(),
        common_dir: layout.common_dir.display().to_string(),
    }))
}

fn list(session: &Session, args: &ListArgs) -> Answer {
    let ListArgs {} = args;
    let layout = session.layout()?;
    let policy = session.policy(layout);
    let now = session.cx.clock().now();
    let ledger = layout.claims().ledger()?;
    let store = issues(layout, &policy).ok();
    let leases = |worktree: &Worktree| {
        let Some(identity) = &worktree.identity else { return Vec::new() };
        let here = ledger.leases().filter(|lease| {
            lease.holder.worktree_id == identity.worktree_id && lease.standing(&now, policy.limits.stale_after_secs).excludes()
        });
        here.map(|lease| LeaseView::of(lease, &now, &policy, store.as_ref())).collect()
    };
    let listed = worktrees::list(layout)?.into_iter().map(|worktree| (leases(&worktree), worktree)).collect();
    Ok(Box::new(Worktrees { here: layout.worktree_root.clone(), listed }))
}

fn spawn(session: &Session, args: SpawnArgs) -> Answer {
    let SpawnArgs { issue, base, ttl, no_agent: _ } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(layout)?;
    let ttl_secs = claim::ttl_secs(ttl.as_deref(), &policy)?;
    let store = issues(layout, &policy)?;
    let (id, source) = resolve(&store, &issue)?;
    let document = store.load(id, source)?;
    let wish = Wish {
        issue: document.issue(),
        issue_file: document.as_bytes(),
        agent_id: session.agent(layout)?,
        base,
        ttl_secs,
        policy: &policy,
    };
    Ok(Box::new(Spawn(worktree::spawn(&session.cx, layout, &wish)?)))
}

fn remove(session: &Session, args: RemoveArgs) -> Answer {
    let RemoveArgs { worktree: named, discard_changes, delete_branch, delete_unmerged, keep_branch, end_lease } = args;
    let removal = Removal { discard_changes, delete_branch, delete_unmerged, keep_branch, end_lease };
    let layout = session.layout()?;
    let policy = session.policy(layout);
    let found = match worktree::find(layout, &session.cx.cwd, &named) {
        Err(worktree::Error::Hindrance(worktree::Hindrance::NoSuchWorktree { .. })) => {
            worktree::find(layout, &session.cx.cwd, &number_of(session, layout, &named))?
        }
        found => found?,
    };
    let agent = session.agent(layout)?;
    Ok(Box::new(worktree::remove(&session.cx, layout, &policy, &found, &agent, removal).map(Gone)?))
}

/// The number that a worktree of this issue has in its name, if an issue was named.
fn number_of(session: &Session, layout: &Layout, named: &str) -> String {
    let typed = || -> Result<String, Error> {
        let store = issues(layout, &session.policy(layout))?;
        Ok(resolve(&store, named)?.0.short())
    };
    typed().unwrap_or_else(|_| named.to_owned())
}

struct Info {
    id: Option<String>,
    branch: Option<String>,
    root: String,
    is_primary: bool,
    common_dir: String,
}

impl Report for Info {
    fn json(&self) -> Value {
        json!({ "worktree": {
            "worktree_id": self.id, "branch": self.branch, "root": self.root,
            "type": if self.is_primary { "primary" } else { "secondary" }, "common_dir": self.common_dir,
        }})
    }

    fn human(&self, styles: &Styles) -> String {
        let kind = if self.is_primary { "primary worktree" } else { "secondary worktree" };
        format!(
            "{}\n  ID:         {}\n  Branch:     {}\n  Root:       {}\n  Type:       {kind}\n  Common dir: {}\n",
            styles.head("Worktree Information:"),
            styles.id(self.id.as_deref().unwrap_or("none yet: the first command that writes draws one")),
            plain_line(self.branch.as_deref().unwrap_or("none (detached HEAD)")),
            self.root,
            self.common_dir,
        )
    }

    fn quiet(&self) -> Option<String> {
        self.id.clone()
    }
}

struct Worktrees {
    here: Option<std::path::PathBuf>,
    listed: Vec<(Vec<LeaseView>, Worktree)>,
}

impl Report for Worktrees {
    fn json(&self) -> Value {
        let one = |(leases, worktree): &(Vec<LeaseView>, Worktree)| {
            json!({
                "name": worktree.name(), "root": worktree.root.display().to_string(), "branch": worktree.branch,
                "worktree_id": worktree.identity.as_ref().map(|identity| &identity.worktree_id),
                "agent_id": worktree.identity.as_ref().and_then(|identity| identity.agent_id.as_ref()),
                "primary": worktree.is_primary, "locked": worktree.is_locked, "missing": worktree.is_missing,
                "current": self.here.as_deref() == Some(&worktree.root), "leases": leases,
            })
        };
        json!({ "count": self.listed.len(), "worktrees": self.listed.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        let row = |(leases, worktree): &(Vec<LeaseView>, Worktree)| {
            let mark = if self.here.as_deref() == Some(&worktree.root) { "*" } else { "" };
            let holders: Vec<String> = leases.iter().map(|lease| lease.agent_id.to_string()).collect();
            let held: Vec<String> = leases.iter().map(|lease| lease.line(&Styles::plain())).collect();
            let state = if worktree.is_missing { "missing" } else { "" };
            vec![
                mark.to_owned(),
                plain_line(worktree.branch.as_deref().unwrap_or("(detached)")),
                holders.first().cloned().unwrap_or_default(),
                held.join("; "),
                plain_line(format!("{} {state}", worktree.root.display()).trim_end()),
            ]
        };
        let rows: Vec<Vec<String>> = self.listed.iter().map(row).collect();
        table(&["", "BRANCH", "HOLDER", "LEASE", "PATH"], &rows, styles, |_, cell| cell.to_owned())
    }
}

struct Spawn(Spawned);

impl Report for Spawn {
    fn json(&self) -> Value {
        let Spawned { path, branch, base, holder, lease_id, issue_id } = &self.0;
        json!({
            "changed": base.is_some(), "path": path.display().to_string(), "branch": branch, "base": base,
            "agent_id": holder.agent_id, "worktree_id": holder.worktree_id, "lease_id": lease_id, "issue_id": issue_id,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Spawned { path, branch, base, holder, lease_id, issue_id } = &self.0;
        let head = if base.is_some() { "✓ Created worktree:" } else { "✓ Found worktree:" };
        format!(
            "{} {}\n  Branch: {branch}\n  Issue:  {issue_id}\n  Holder: {holder}\n  Lease:  {}\n",
            styles.good(head),
            show(path),
            styles.id(lease_id.as_str()),
        )
    }

    fn quiet(&self) -> Option<String> {
        Some(self.0.path.display().to_string())
    }
}

struct Gone(Removed);

impl Report for Gone {
    fn json(&self) -> Value {
        let Removed { path, branch, branch_deleted, leases } = &self.0;
        let leases: Vec<_> = leases.iter().map(|lease| &lease.lease_id).collect();
        json!({ "changed": true, "path": path.display().to_string(), "branch": branch, "branch_deleted": branch_deleted, "released": leases })
    }

    fn human(&self, styles: &Styles) -> String {
        let Removed { path, branch, branch_deleted, leases } = &self.0;
        let mut text = format!("{} {}\n", styles.good("✓ Removed worktree:"), show(path));
        if let Some(branch) = branch {
            text += &format!("  Branch {branch} {}\n", if *branch_deleted { "deleted" } else { "kept" });
        }
        for lease in leases {
            text += &format!("  Released lease {}\n", lease.lease_id);
        }
        text
    }
}

/// A path for people.
fn show(path: &Path) -> String {
    plain_line(&path.display().to_string())
}
