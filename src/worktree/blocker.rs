//! Why a worktree cannot be made or removed, and what that means to a program.

mod hints;
mod status;

use std::path::PathBuf;

use crate::domain::id::Holder;

pub(crate) use hints::quoted;

/// Why a worktree cannot be made or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blocker {
    /// There is none of that name.
    #[error("no worktree '{named}'")]
    NoSuchWorktree {
        /// What was given.
        named: String,
    },
    /// The revision to start from is not there.
    #[error("'{base}' is no commit here")]
    NoSuchBase {
        /// What was given, or looked for.
        base: String,
    },
    /// There is no branch to go on with.
    #[error("there is no branch of issue {number} to go on with")]
    NoSuchBranch {
        /// Its number.
        number: String,
    },
    /// Something is in the way.
    #[error("{} is there already", path.display())]
    PathTaken {
        /// Where.
        path: PathBuf,
    },
    /// A branch is in the way.
    #[error("branch '{branch}' is there already, and no worktree has it")]
    BranchTaken {
        /// Which.
        branch: String,
    },
    /// Several branches could be meant.
    #[error("issue {number} has {} branches: {}", branches.len(), branches.join(", "))]
    SeveralBranches {
        /// Its number.
        number: String,
        /// Them.
        branches: Vec<String>,
    },
    /// Where worktrees are to be makes no sense.
    #[error("the path template '{template}' {why}")]
    BadTemplate {
        /// It.
        template: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// It is the primary worktree.
    #[error("{} is the primary worktree", path.display())]
    Primary {
        /// Where.
        path: PathBuf,
        /// Whether it can be removed at all: not where the repository itself lies in it.
        is_linked: bool,
    },
    /// Several are called so.
    #[error("'{named}' stands for {} worktrees", paths.len())]
    Ambiguous {
        /// What was given.
        named: String,
        /// Where they are.
        paths: Vec<PathBuf>,
    },
    /// It is not where it was, and where it is now is known.
    #[error("the worktree has moved to {}", to.display())]
    Moved {
        /// Where to.
        to: PathBuf,
    },
    /// It is not where it was.
    #[error("{} is not there", path.display())]
    Missing {
        /// Where it was.
        path: PathBuf,
    },
    /// It is there and leads nowhere: a removal that was killed leaves that.
    #[error("{} has no .git any more", path.display())]
    NoGit {
        /// Where.
        path: PathBuf,
    },
    /// Its files could not be written, by a hook perhaps.
    #[error("the files could not be checked out, and all was taken back: {why}")]
    NoCheckout {
        /// What Git said.
        why: String,
    },
    /// The command that prepares it failed.
    #[error("the command that prepares a new worktree failed{}, and all was taken back: {command}", status.map(|status| format!(" with status {status}")).unwrap_or_default())]
    NotPrepared {
        /// It.
        command: String,
        /// Its status, if it had one.
        status: Option<i32>,
    },
    /// Somebody was at work on it while it was half made, and so it stays.
    #[error("{} has files that are not of its base, so that it stays: {file}", path.display())]
    NotOurs {
        /// Where.
        path: PathBuf,
        /// The first of them.
        file: String,
    },
    /// Its branch is checked out in another worktree too.
    #[error("branch '{branch}' is checked out in {} too", path.display())]
    BranchInUse {
        /// Which.
        branch: String,
        /// Where.
        path: PathBuf,
    },
    /// Its branch is the default branch, which others start from.
    #[error("branch '{branch}' is the default branch")]
    DefaultBranch {
        /// Which.
        branch: String,
    },
    /// The caller stands in it.
    #[error("you are in {}", path.display())]
    Inside {
        /// Where.
        path: PathBuf,
    },
    /// It is locked.
    #[error("{} is locked{}", path.display(), reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Locked {
        /// Where.
        path: PathBuf,
        /// What it was locked for, in one line, if whoever did it said so.
        reason: Option<String>,
    },
    /// It has changes that no commit has.
    #[error("{} has uncommitted changes ({}): {}", path.display(), files.len(), first(files))]
    Changed {
        /// Where.
        path: PathBuf,
        /// Relative to it.
        files: Vec<String>,
    },
    /// It has files that Git does not know.
    #[error("{} has untracked files ({}): {}", path.display(), files.len(), first(files))]
    Untracked {
        /// Where.
        path: PathBuf,
        /// Relative to it.
        files: Vec<String>,
    },
    /// It has ignored files that are meant to be kept, and that are not what they are in the primary worktree.
    #[error("{} has ignored files that .worktreeinclude lists and the primary worktree does not have so ({}): {}", path.display(), files.len(), first(files))]
    Listed {
        /// Where.
        path: PathBuf,
        /// Relative to it.
        files: Vec<String>,
    },
    /// It has repositories in it, of submodules for instance, which go with it.
    #[error("{} has repositories in it that would go with it ({}): {}", path.display(), files.len(), first(files))]
    Submodules {
        /// Where.
        path: PathBuf,
        /// Where they are, relative to it.
        files: Vec<String>,
    },
    /// Another worktree lies in it.
    #[error("the worktree {} lies in {}", inner.display(), path.display())]
    Nested {
        /// Where.
        path: PathBuf,
        /// The other one.
        inner: PathBuf,
    },
    /// Something has been begun there and not finished.
    #[error("{what} is under way in {}", path.display())]
    UnderWay {
        /// Where.
        path: PathBuf,
        /// What.
        what: &'static str,
    },
    /// Stashes were made there.
    #[error("stashes were made on branch '{branch}' ({})", stashes.join(", "))]
    Stashed {
        /// The branch, or "a detached HEAD".
        branch: String,
        /// Their names.
        stashes: Vec<String>,
    },
    /// It has commits that are nowhere else.
    #[error("{branch} has commits ({commits}) that are merged nowhere and on no remote")]
    Unmerged {
        /// The branch, or "a detached HEAD".
        branch: String,
        /// How many.
        commits: usize,
        /// Whether there is a branch that would keep them.
        has_branch: bool,
    },
    /// Somebody else works in it.
    #[error("the worktree is in use by {holder}")]
    InUse {
        /// Who.
        holder: Holder,
    },
    /// It is not whole yet.
    #[error("{} is being made by {holder} (process {pid})", path.display())]
    BeingMade {
        /// Where.
        path: PathBuf,
        /// For whom.
        holder: Holder,
        /// The process.
        pid: u32,
    },
    /// Somebody else was faster.
    #[error("{} has been made meanwhile", path.display())]
    JustMade {
        /// Where.
        path: PathBuf,
    },
    /// What Git keeps of one that is not where it was is all that there may be of something.
    #[error("{} is not there, and what Git keeps of it has {what}", path.display())]
    MayComeBack {
        /// Where it was.
        path: PathBuf,
        /// What.
        what: &'static str,
    },
    /// An agent is at work in it.
    #[error("{name} is at work in {} (process {pid})", path.display())]
    AtWork {
        /// What it is called.
        name: String,
        /// Its process.
        pid: u32,
        /// Where.
        path: PathBuf,
    },
    /// Several things at once.
    #[error("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// Two at least.
        all: Vec<Self>,
    },
}

fn first(files: &[String]) -> String {
    // A name that would be more than one line, or look like another one, is shown as it is written down.
    let plain = |name: &String| if name.chars().any(char::is_control) { name.escape_debug().to_string() } else { name.clone() };
    let shown: Vec<String> = files.iter().take(3).map(plain).collect();
    shown.join(", ") + if files.len() > shown.len() { ", …" } else { "" }
}

impl Blocker {
    /// Combines blockers into one: `None`, the only one, or `Several`.
    pub(crate) fn combine(mut all: Vec<Self>) -> Option<Self> {
        if all.len() > 1 { Some(Self::Several { all }) } else { all.pop() }
    }
}
