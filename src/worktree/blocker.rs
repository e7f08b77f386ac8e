//! Why a worktree cannot be created or removed.

mod diagnose;

use std::path::PathBuf;

use crate::domain::id::Holder;

pub(crate) use diagnose::quoted;

/// Why a worktree cannot be created or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Blocker {
    #[error("no worktree '{named}'")]
    NoSuchWorktree { named: String },
    /// The revision to start from does not exist.
    #[error("'{base}' does not name a commit")]
    NoSuchBase { base: String },
    #[error("issue {number} has no branch to resume")]
    NoSuchBranch { number: String },
    #[error("{} already exists", path.display())]
    PathTaken { path: PathBuf },
    #[error("branch '{branch}' already exists without a worktree")]
    BranchTaken { branch: String },
    /// The issue has several branches, and none has the expected name.
    #[error("issue {number} has {} branches: {}", branches.len(), branches.join(", "))]
    SeveralBranches { number: String, branches: Vec<String> },
    #[error("the path template '{template}' {why}")]
    BadTemplate {
        template: String,
        /// What is wrong, as a predicate.
        why: &'static str,
    },
    /// The primary worktree must stay.
    #[error("{} is the primary worktree", path.display())]
    Primary {
        path: PathBuf,
        /// Whether it can be removed at all: not if it contains the repository itself.
        is_linked: bool,
    },
    #[error("'{named}' matches {} worktrees", paths.len())]
    Ambiguous { named: String, paths: Vec<PathBuf> },
    /// It was moved, and its new path is known.
    #[error("the worktree has moved to {}", to.display())]
    Moved {
        /// The new path.
        to: PathBuf,
    },
    #[error("{} does not exist", path.display())]
    Missing { path: PathBuf },
    /// Its folder has no `.git`: a killed removal leaves that.
    #[error("{} no longer has a .git file", path.display())]
    WithoutGitFile { path: PathBuf },
    /// The checkout failed, perhaps in a hook.
    #[error("cannot check out the files, so the worktree was removed again: {why}")]
    CheckoutFailed {
        /// Git's message.
        why: String,
    },
    #[error("the post_spawn command failed{}, so the worktree was removed again: {command}", status.map(|status| format!(" with status {status}")).unwrap_or_default())]
    PostSpawnFailed {
        command: String,
        /// Its exit status; `None` if it did not exit.
        status: Option<i32>,
    },
    /// The user has worked in it while it was incomplete, so it is not rolled back.
    #[error("{} has work that is not from its base, so it is kept: {file}", path.display())]
    HasUserWork {
        path: PathBuf,
        /// The first file, or other work.
        file: String,
    },
    #[error("branch '{branch}' is also checked out in {}", path.display())]
    BranchInUse { branch: String, path: PathBuf },
    #[error("branch '{branch}' is the default branch")]
    DefaultBranch { branch: String },
    #[error("you are in {}", path.display())]
    Inside { path: PathBuf },
    #[error("{} is locked{}", path.display(), reason.as_ref().map(|reason| format!(": {reason}")).unwrap_or_default())]
    Locked {
        path: PathBuf,
        /// The reason given to `git worktree lock`, on one line.
        reason: Option<String>,
    },
    #[error("{} has uncommitted changes ({}): {}", path.display(), files.len(), first(files))]
    UncommittedChanges { path: PathBuf, files: Vec<String> },
    #[error("{} has untracked files ({}): {}", path.display(), files.len(), first(files))]
    UntrackedFiles { path: PathBuf, files: Vec<String> },
    /// It has ignored files that `.worktreeinclude` lists and that differ from the primary worktree's.
    #[error("{} has ignored files listed in .worktreeinclude that differ from the primary worktree's ({}): {}", path.display(), files.len(), first(files))]
    ListedFiles { path: PathBuf, files: Vec<String> },
    /// It contains repositories, for example submodules.
    #[error("{} contains repositories that would be removed with it ({}): {}", path.display(), files.len(), first(files))]
    Submodules {
        path: PathBuf,
        /// Their paths, relative to the worktree.
        files: Vec<String>,
    },
    #[error("the worktree {} is inside {}", inner.display(), path.display())]
    Nested { path: PathBuf, inner: PathBuf },
    #[error("{what} is in progress in {}", path.display())]
    OperationInProgress { path: PathBuf, what: &'static str },
    #[error("stashes were created on branch '{branch}' ({})", stashes.join(", "))]
    Stashes { branch: String, stashes: Vec<String> },
    /// It has commits that are nowhere else.
    #[error("{branch} has commits ({commits}) that are merged nowhere and on no remote")]
    UnmergedCommits {
        branch: String,
        commits: usize,
        /// Whether a branch would keep them.
        has_branch: bool,
    },
    /// Another agent holds a lease in it.
    #[error("the worktree is in use by {holder}")]
    HeldByOther { holder: Holder },
    #[error("{} is being created by {holder} (process {pid})", path.display())]
    BeingCreated { path: PathBuf, holder: Holder, pid: u32 },
    #[error("{} has just been created by another process", path.display())]
    JustCreated { path: PathBuf },
    /// Its path does not exist, and Git's files about it may be the only copy of something.
    #[error("{} does not exist, but Git's files about it have {what}", path.display())]
    MayComeBack { path: PathBuf, what: &'static str },
    /// Its identity cannot be read, so that it is unknown whose it is and what it holds.
    #[error("the worktree {} cannot be judged: {why}", path.display())]
    Unreadable { path: PathBuf, why: String },
    #[error("{name} is running in {} (process {pid})", path.display())]
    AgentRunning { name: String, pid: u32, path: PathBuf },
    #[error("{}", all.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Several {
        /// At least two.
        all: Vec<Self>,
    },
}

fn first(files: &[String]) -> String {
    // A name with control characters could span lines or look like another name, so it is escaped.
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
