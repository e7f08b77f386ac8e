//! Takes back what a spawn has made: at once where it failed, later where it was killed.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::lease::{Limits, Request};
use crate::git::history;
use crate::git::run::Git;
use crate::process::background::Watched;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::journal::spawns::{self, InterruptedSpawn, Journal, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::removal;
use crate::worktree::user_files;
use crate::worktree::{Blocker, Result, alone, git};

/// How much of it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Undo {
    /// What its maker has made up to this stage, who takes it back.
    All(SpawnStage),
    /// The same, as far as nobody has been at work in it: its maker was killed some time ago.
    From(SpawnStage),
}

/// Undoes what processes have left half made that are not there any more, and finishes what they had begun to remove: a line for
/// each.
pub(crate) fn recover_interrupted(cx: &Context, layout: &Layout) -> Result<Vec<String>> {
    let mut told = removal::recover_interrupted(cx, layout)?;
    spawns::sweep(&layout.shared_dir())?;
    for InterruptedSpawn { journal, spawning, stage } in spawns::left(&layout.shared_dir())? {
        // A lock that is free tells that nobody is at it, but not on every file system.
        if (Watched { pid: spawning.pid, began: spawning.began }).is_alive() {
            continue;
        }
        let (branch, path) = (spawning.branch.clone(), PathBuf::from(&spawning.path));
        if cx.stands_in(&path) {
            told.push(format!("{} was left half made: go elsewhere, and the next command undoes it", path.display()));
            continue;
        }
        match take_back(cx, layout, journal, &spawning, Undo::From(stage)) {
            Ok(()) if stage == SpawnStage::Preparing => told.push(format!(
                "the making of {} was interrupted when its files were there: only post_spawn has not finished",
                path.display()
            )),
            Ok(()) => told.push(format!("the making of {branch} was interrupted, and has been undone")),
            Err(crate::worktree::Error::Blocker(blocker @ Blocker::NotOurs { .. })) => told.push(blocker.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// What the next command that writes will undo or finish, for whoever only looks: a line for each.
pub(crate) fn unsettled(layout: &Layout) -> crate::store::Result<Vec<String>> {
    let left = spawns::left(&layout.shared_dir())?.into_iter().map(|left| left.spawning);
    let made = left.filter(|spawning| !(Watched { pid: spawning.pid, began: spawning.began }).is_alive());
    let made = made.map(|it| ("making", it.path, "undoes"));
    let removed = removal::unsettled(layout)?.into_iter().map(|it| ("removal", it.path, "finishes"));
    let one = |(what, path, does): (&str, std::ffi::OsString, &str)| {
        format!("the {what} of {} was interrupted: the next command that writes {does} it", Path::new(&path).display())
    };
    Ok(made.chain(removed).map(one).collect())
}

/// Whether somebody makes the worktree at this path just now, or has left it half made.
pub(crate) fn being_made(layout: &Layout, path: &Path) -> Result<Option<Blocker>> {
    let all = spawns::all(&layout.shared_dir())?;
    let found = all.into_iter().find(|spawning| Path::new(&spawning.path) == path);
    Ok(found.map(|SpawnRecord { holder, pid, .. }| Blocker::BeingMade { path: path.to_owned(), holder, pid }))
}

/// Whether somebody else makes a worktree for this issue just now.
pub(crate) fn rival(layout: &Layout, issue: IssueId, ours: Option<&LeaseId>) -> Result<Option<Blocker>> {
    let all = spawns::all(&layout.shared_dir())?;
    let found = all.into_iter().find(|spawning| spawning.issue_id == issue && Some(&spawning.lease_id) != ours);
    Ok(found.map(|SpawnRecord { path, holder, pid, .. }| Blocker::BeingMade { path: path.into(), holder, pid }))
}

/// Takes back the worktree that is ours, the branch if nobody moved it, the lease; then its record.
pub(crate) fn take_back(cx: &Context, layout: &Layout, journal: Journal, spawning: &SpawnRecord, undo: Undo) -> Result<()> {
    let removed = if undo == Undo::From(SpawnStage::Preparing) { Ok(()) } else { remove(layout, spawning, undo) };
    let lease = spawning.lease_id.clone();
    if layout.claims().ledger()?.lease(&lease).is_some() {
        let reason = Some("the worktree was not made".to_owned());
        let request = Request::Release { lease_id: lease, holder: spawning.holder.clone(), closing: false, reason };
        // One that is over already, or somebody else's by now, needs no end.
        let _ = layout.claims().ask(cx.clock(), &request, &Limits::default())?;
    }
    match removed {
        // It stays, and so there is nothing left to undo.
        Err(crate::worktree::Error::Blocker(blocker)) => {
            journal.finish()?;
            Err(blocker.into())
        }
        Err(error) => Err(error),
        Ok(()) => Ok(journal.finish()?),
    }
}

fn remove(layout: &Layout, spawning: &SpawnRecord, undo: Undo) -> Result<()> {
    let (Undo::All(stage) | Undo::From(stage)) = undo;
    if stage == SpawnStage::Begun {
        return Ok(());
    }
    let _guard = alone(layout)?;
    let path = Path::new(&spawning.path);
    let git = git(layout);
    if let Some(git_dir) = ours(layout, spawning)? {
        let stays = |file| Blocker::NotOurs { path: path.to_owned(), file };
        if has_commits(layout, &git_dir, spawning) {
            return Err(stays(format!("commits on {}", spawning.branch)).into());
        }
        if let Undo::From(stage) = undo {
            let staged = || is_staged(path, &git_dir).then(|| "something staged".to_owned());
            let found = user_files::file(layout, spawning, (path, &git_dir), stage)?.or_else(staged);
            if let Some(file) = found {
                user_files::finish(path, &git_dir);
                return Err(stays(file).into());
            }
            if is_locked(&git_dir) {
                return Err(stays("a lock of its own".to_owned()).into());
            }
        }
        let words = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
        let args: Vec<&OsStr> = words.into_iter().chain([path.as_os_str()]).collect();
        if let Err(error) = git.run(&args) {
            // Git was killed while it made it, and does not take it for one.
            remove_stump(path, &git_dir).map_err(|_| error)?;
        }
    }
    remove_bare_stumps(layout, path)?;
    if spawning.makes_branch {
        // Deleted only where it still is what was made: `update-ref` compares.
        let branch = format!("refs/heads/{}", spawning.branch);
        if history::reference(&layout.repo, &branch).is_some() && !is_checked_out(layout, &spawning.branch)? {
            let _ = git.output(&["update-ref", "--no-deref", "-d", &branch, &spawning.base])?;
        }
    }
    Ok(())
}

/// The Git directory of the worktree that was being made: it has its id, or none yet and its branch, or nothing at all.
fn ours(layout: &Layout, spawning: &SpawnRecord) -> Result<Option<PathBuf>> {
    let Some(git_dir) = git_dir_for(layout, Path::new(&spawning.path))? else { return Ok(None) };
    let is_ours = if let Some(identity) = Identity::read(&git_dir).ok().flatten() {
        identity.worktree_id == spawning.holder.worktree_id
    } else {
        let head = file::read_optional(&git_dir.join("HEAD"))?.unwrap_or_default();
        let head = String::from_utf8_lossy(&head).trim().to_owned();
        // Git writes zeros first.
        head.trim_matches('0').is_empty() || head == format!("ref: refs/heads/{}", spawning.branch)
    };
    Ok(Some(git_dir).filter(|_| is_ours))
}

/// Whether somebody has committed in it, or checked out something else.
fn has_commits(layout: &Layout, git_dir: &Path, spawning: &SpawnRecord) -> bool {
    let branch = format!("refs/heads/{}", spawning.branch);
    let head = file::read_optional(&git_dir.join("HEAD")).ok().flatten().unwrap_or_default();
    let head = String::from_utf8_lossy(&head).trim().to_owned();
    let is_elsewhere = match head.strip_prefix("ref: ") {
        Some(name) => name != branch,
        // A hook may detach it; Git writes zeros first.
        None => !head.trim_matches('0').is_empty() && head != spawning.base,
    };
    let tip = history::ref_commit(&layout.repo, &branch).map(|tip| tip.to_string());
    is_elsewhere || (spawning.makes_branch && tip.is_some_and(|tip| tip != spawning.base))
}

/// Whether its index has something else than its HEAD.
fn is_staged(path: &Path, git_dir: &Path) -> bool {
    let args = ["-c", "core.fsmonitor=false", "diff-index", "--cached", "--quiet", "HEAD", "--"];
    git_dir.join("index").exists() && Git::at(path).output(&args).is_ok_and(|output| output.status.code() == Some(1))
}

/// Whether somebody has locked it: Git's own lock says that it is being made.
fn is_locked(git_dir: &Path) -> bool {
    let lock = file::read_optional(&git_dir.join("locked")).ok().flatten();
    lock.is_some_and(|text| text.trim_ascii() != b"initializing")
}

/// The Git directory of a worktree that is to be at a path, be it whole or not.
fn git_dir_for(layout: &Layout, path: &Path) -> Result<Option<PathBuf>> {
    let dir = layout.common_dir.join("worktrees");
    let wanted = path.join(".git");
    for name in file::names(&dir)? {
        let git_dir = dir.join(name);
        let named = file::read_optional(&git_dir.join("gitdir"))?.unwrap_or_default();
        let named = gix::path::from_byte_slice(named.trim_ascii_end()).ok().map(Path::to_owned);
        if named.is_some_and(|named| git_dir.join(named) == wanted) {
            return Ok(Some(git_dir));
        }
    }
    Ok(None)
}

/// Removes a worktree that has a name and nothing else: folders that are not empty stay, and are an error.
fn remove_stump(path: &Path, git_dir: &Path) -> std::io::Result<()> {
    remove_known(path, &[".git"])?;
    remove_admin(git_dir)
}

/// Removes what Git leaves that was killed before it wrote where the worktree is: a folder with a lock that says so, and the
/// empty folder at the path.
fn remove_bare_stumps(layout: &Layout, path: &Path) -> Result<()> {
    let Some(name) = path.file_name() else { return Ok(()) };
    let git_dir = layout.common_dir.join("worktrees").join(name);
    let lock = file::read_optional(&git_dir.join("locked"))?;
    let is_begun = lock.is_some_and(|text| text.trim_ascii() == b"initializing") && !git_dir.join("gitdir").exists();
    if is_begun {
        let _ = remove_admin(&git_dir);
    }
    // Only an empty one goes.
    let _ = std::fs::remove_dir(path);
    Ok(())
}

fn remove_admin(git_dir: &Path) -> std::io::Result<()> {
    for folder in ["refs", "logs", "jit/locks", "jit"] {
        remove_known(&git_dir.join(folder), &["HEAD", "worktree.json"])?;
    }
    remove_known(
        git_dir,
        &["locked", "gitdir", "commondir", "HEAD", "HEAD.lock", "index", "index.lock", "ORIG_HEAD", "config.worktree"],
    )
}

/// Removes a folder that has nothing but these files in it; none at all is as good.
fn remove_known(folder: &Path, files: &[&str]) -> std::io::Result<()> {
    let missing_is_fine = |result: std::io::Result<()>| match result {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        result => result,
    };
    for name in files {
        missing_is_fine(std::fs::remove_file(folder.join(name)))?;
    }
    missing_is_fine(std::fs::remove_dir(folder))
}

fn is_checked_out(layout: &Layout, branch: &str) -> Result<bool> {
    Ok(worktrees::list(layout)?.iter().any(|worktree| worktree.branch.as_deref() == Some(branch)))
}
