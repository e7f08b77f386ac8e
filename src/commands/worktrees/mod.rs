//! `git jit worktree`: one for an issue with an agent in it, who is in which, one less when the work is done.

mod agent;
mod attach;
mod goto;
mod init;
mod list;
mod prune;
mod remove;
mod settings;
mod spawn;
mod subject;

use std::path::Path;

use serde_json::{Value, json};

use crate::commands::shared::session::resolve;
use crate::commands::shared::session::{CommandResult, Session, issues};
use crate::error::Error;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::layout::Layout;
use crate::store::worktrees::Worktree;
use crate::worktree::{self, Blocker};

pub(in crate::commands) use crate::commands::worktrees::list::{WorktreeRow, rows};

/// Verbs of `worktree`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Clone into a bare repository with its worktrees in trees/
    Clone(init::CloneArgs),
    /// Make ready for worktrees in trees/; in a bare repository, make trees/main
    Init(init::InitArgs),
    /// Take the lease on an issue, make a worktree for it, and start an agent there; or go on in the one it has
    Spawn(spawn::Args),
    /// Go to the worktree of an issue, by the shell function wt
    Goto(goto::Args),
    /// Tell where the worktree of an issue is
    #[command(alias = "pathto")]
    Path(goto::Args),
    /// Show the worktrees and who works in them
    List(list::Args),
    /// Tell which worktree this is
    Info(InfoArgs),
    /// Follow what an agent says that was started with --headless
    Attach(attach::Args),
    /// Remove a worktree, its leases with it; refuses to where work would be lost
    Remove(remove::Args),
    /// Remove what worktrees have left that are gone
    Prune(prune::PruneArgs),
    /// Remove the worktrees of closed issues whose work is merged
    Purge(prune::PurgeArgs),
    /// Allow the commands that this repository's configuration wants to run
    Approve(init::ApproveArgs),
    /// Keep a lease alive for an agent that nobody watches
    #[command(hide = true)]
    Tend(agent::TendArgs),
}

impl Verb {
    /// Whether it makes sense where the current directory is gone.
    pub(crate) fn may_lose_its_place(&self) -> bool {
        matches!(self, Self::Goto(_) | Self::Path(_) | Self::List(_))
    }
}

// Arguments of `worktree info`.
#[derive(Debug, clap::Args)]
pub(crate) struct InfoArgs {}

/// Runs a verb of `worktree`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Clone(args) => init::clone(session, args),
        Verb::Init(args) => init::init(session, args),
        Verb::Spawn(args) => spawn::run(session, args),
        Verb::Goto(args) => goto::goto(session, args),
        Verb::Path(args) => goto::path(session, args),
        Verb::List(args) => list::run(session, args),
        Verb::Info(InfoArgs {}) => info(session),
        Verb::Attach(args) => attach::run(session, args),
        Verb::Remove(args) => remove::run(session, args),
        Verb::Prune(args) => prune::prune(session, args),
        Verb::Purge(args) => prune::purge(session, args),
        Verb::Approve(args) => init::approve(session, args),
        Verb::Tend(args) => agent::tend(session, args),
    }
}

/// Leads the user's shell to a directory, at best effort: where there is no function to take it there, it stays.
pub(crate) fn lead(session: &Session, dir: &Path) {
    let Some(path) = &session.cx.cd_file else { return };
    let write = || -> std::io::Result<()> {
        let mut file = file::open_append(path, store::issues::VERSIONED).map_err(std::io::Error::other)?;
        std::io::Write::write_all(&mut file, dir.as_os_str().as_encoded_bytes())
    };
    if let Err(error) = write() {
        session.output.warn(&format!("the shell cannot be led to {}: {error}", dir.display()));
    }
}

/// The repository as seen from where there are issues: from this worktree, or, from a bare root, from the primary one.
fn viewpoint(layout: &Layout) -> Result<Option<Layout>, Error> {
    match &layout.primary_root {
        Some(primary) if layout.worktree_root.is_none() => elsewhere(primary).map(Some),
        _ => Ok(None),
    }
}

/// The repository as seen from another of its worktrees.
fn elsewhere(root: &Path) -> Result<Layout, Error> {
    Ok(Layout::at(root)?)
}

/// The worktree that was meant: by its name, its number, its path, or the issue that it is for.
fn meant(session: &Session, layout: &Layout, named: &str) -> Result<Worktree, Error> {
    let by_issue = || -> Result<String, Error> {
        let view = viewpoint(layout)?;
        let view = view.as_ref().unwrap_or(layout);
        Ok(resolve(&issues(view, &session.policy(view))?, named)?.0.to_string())
    };
    match worktree::find(layout, &session.cx.cwd, named) {
        Err(worktree::Error::Blocker(Blocker::NoSuchWorktree { named })) => {
            let Ok(id) = by_issue() else { return Err(Blocker::NoSuchWorktree { named }.into()) };
            let found = worktree::find(layout, &session.cx.cwd, &id);
            let found = found.or_else(|_| worktree::find(layout, &session.cx.cwd, &id[..8]));
            Ok(found.map_err(|_| Blocker::NoSuchWorktree { named })?)
        }
        found => Ok(found?),
    }
}

/// A path for people.
fn show(path: &Path) -> String {
    plain_line(&path.display().to_string())
}

fn info(session: &Session) -> CommandResult {
    let layout = session.layout()?;
    let root = layout.require_worktree()?.display().to_string();
    Ok(Box::new(Info {
        id: Identity::of(layout)?.map(|identity| identity.worktree_id.to_string()),
        branch: layout.branch(),
        root,
        is_primary: layout.is_primary(),
        common_dir: layout.common_dir.display().to_string(),
    }))
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
