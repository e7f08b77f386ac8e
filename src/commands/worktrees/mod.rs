//! `git jit worktree`: creates, lists and removes worktrees for issues, and runs agents in them.

mod agent;
mod attach;
mod goto;
mod info;
mod init;
mod list;
mod prune;
mod remove;
mod settings;
mod spawn;
mod target_issue;

use std::path::Path;

use crate::commands::shared::session::{CommandResult, Session, issues, resolve, viewpoint};
use crate::error::Error;
use crate::output::schema::Answer;
use crate::output::text::plain_line;
use crate::store;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::Worktree;
use crate::worktree::{self, Blocker};

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<info::Info>("worktree info"),
    Answer::of::<list::Worktrees>("worktree list"),
    Answer::of::<init::Ready>("worktree clone"),
    Answer::of::<init::Ready>("worktree init"),
    Answer::of::<spawn::Spawn>("worktree spawn"),
    Answer::of::<goto::WorktreePath>("worktree goto"),
    Answer::of::<goto::WorktreePath>("worktree path"),
    Answer::of::<attach::Attached>("worktree attach"),
    Answer::of::<remove::RemovedWorktree>("worktree remove"),
    Answer::of::<prune::CleanedUp>("worktree prune"),
    Answer::of::<prune::CleanedUp>("worktree purge"),
    Answer::of::<init::Approved>("worktree approve"),
];

/// Verbs of `worktree`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Clone into a bare repository with its worktrees in trees/
    Clone(init::CloneArgs),
    /// Prepare for worktrees in trees/; in a bare repository, create trees/main
    Init(init::InitArgs),
    /// Create a worktree for an issue, take its lease and start an agent; or continue in its existing worktree
    Spawn(spawn::Args),
    /// Change to the worktree of an issue, with the shell function wt
    Goto(goto::Args),
    /// Print the path of an issue's worktree
    #[command(alias = "pathto")]
    Path(goto::Args),
    /// List the worktrees and who works in them
    List(list::Args),
    /// Show the current worktree
    Info(info::Args),
    /// Follow the log of an agent that was started with --headless
    Attach(attach::Args),
    /// Remove a worktree and end its leases; refuses if work would be lost
    Remove(remove::Args),
    /// Clean up after worktrees that no longer exist
    Prune(prune::PruneArgs),
    /// Remove the worktrees of closed issues whose work is merged
    Purge(prune::PurgeArgs),
    /// Approve the commands that this repository's configuration runs
    Approve(init::ApproveArgs),
    /// Run an agent in the background and keep its lease alive
    #[command(hide = true)]
    Tend(agent::TendArgs),
}

impl Verb {
    /// Whether the verb works although the current directory was removed.
    pub(crate) fn works_without_cwd(&self) -> bool {
        matches!(self, Self::Goto(_) | Self::Path(_) | Self::List(_))
    }
}

/// Runs a verb of `worktree`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Clone(args) => init::clone(session, args),
        Verb::Init(args) => init::init(session, args),
        Verb::Spawn(args) => spawn::run(session, args),
        Verb::Goto(args) => goto::goto(session, args),
        Verb::Path(args) => goto::path(session, args),
        Verb::List(args) => list::run(session, args),
        Verb::Info(args) => info::run(session, args),
        Verb::Attach(args) => attach::run(session, args),
        Verb::Remove(args) => remove::run(session, args),
        Verb::Prune(args) => prune::prune(session, args),
        Verb::Purge(args) => prune::purge(session, args),
        Verb::Approve(args) => init::approve(session, args),
        Verb::Tend(args) => agent::tend(session, args),
    }
}

/// Tells the shell function `wt` to change to `dir`. Best effort; does nothing without that function.
pub(crate) fn change_directory(session: &Session, dir: &Path) {
    let Some(path) = &session.cx.cd_file else { return };
    let write = || -> std::io::Result<()> {
        let mut file = file::open_append(path, store::issues::VERSIONED).map_err(std::io::Error::other)?;
        std::io::Write::write_all(&mut file, dir.as_os_str().as_encoded_bytes())
    };
    if let Err(error) = write() {
        session.output.warn(&format!("the shell cannot change to {}: {error}", dir.display()));
    }
}

/// The worktree that the user named: by its name, its number, its path, or its issue.
fn find(session: &Session, layout: &Layout, named: &str) -> Result<Worktree, Error> {
    let issue_id = || -> Result<String, Error> {
        let view = viewpoint(layout)?;
        let view = view.as_ref().unwrap_or(layout);
        Ok(resolve(&issues(view, &session.policy(view))?, named)?.0.to_string())
    };
    match worktree::find(layout, &session.cx.cwd, named) {
        Err(worktree::Error::Blocker(blocker @ Blocker::NoSuchWorktree { .. })) => {
            let Ok(id) = issue_id() else { return Err(blocker.into()) };
            let found = worktree::find(layout, &session.cx.cwd, &id);
            Ok(found.or_else(|_| worktree::find(layout, &session.cx.cwd, &id[..8])).map_err(|_| blocker)?)
        }
        found => Ok(found?),
    }
}

/// A path for people, without control characters.
fn show(path: &Path) -> String {
    plain_line(&path.display().to_string())
}
