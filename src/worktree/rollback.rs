//! Rolls back the creation of a worktree: at once if it failed, later if its process was killed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::domain::id::{IssueId, LeaseId};
use crate::domain::lease::Request;
use crate::git::history;
use crate::process::background::Watched;
use crate::repo::Repo;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::journal::spawns::{self, InterruptedSpawn, Journal, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::removal;
use crate::worktree::user_files;
use crate::worktree::{Blocker, Error, Result, common_git, lock_worktrees, remove_with_git};

/// Why a creation is rolled back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It failed: the process that created it rolls it back.
    Failed,
    /// Its process was killed some time ago: the user's work since then must survive.
    Interrupted,
}

/// Rolls back interrupted creations and finishes interrupted removals. Returns a line for people about each.
pub(crate) fn recover_interrupted(repo: Repo<'_>) -> Result<Vec<String>> {
    let shared = repo.layout.shared_dir();
    let mut lines = removal::recover_interrupted(repo)?;
    spawns::sweep(&shared)?;
    for InterruptedSpawn { journal, spawning: record, stage } in spawns::interrupted(&shared)? {
        // The free lock means that no process is working on it, but not every file system supports locks.
        if is_running(&record) {
            continue;
        }
        let path = Path::new(&record.path);
        let shown = path.display();
        if repo.cx.stands_in(path) {
            lines.push(format!("{shown} is incomplete: change to another directory, and the next command removes it"));
            continue;
        }
        match roll_back(repo, journal, &record, stage, Cause::Interrupted) {
            Ok(()) if stage == SpawnStage::Preparing => {
                lines.push(format!("creating {shown} was interrupted: its files are complete, but post_spawn has not finished"));
            }
            Ok(()) => lines.push(format!("creating {} was interrupted and has been undone", record.branch)),
            Err(Error::Blocker(blocker @ Blocker::HasUserWork { .. })) => lines.push(blocker.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(lines)
}

/// What the next command that writes will roll back or finish: a line for people about each.
pub(crate) fn list_interrupted(layout: &Layout) -> crate::store::Result<Vec<String>> {
    let creations =
        spawns::interrupted(&layout.shared_dir())?.into_iter().map(|left| left.spawning).filter(|record| !is_running(record));
    let creations = creations.map(|record| ("creating", record.path, "undoes"));
    let removals = removal::list_interrupted(layout)?.into_iter().map(|record| ("removing", record.path, "finishes"));
    let line = |(what, path, will): (&str, OsString, &str)| {
        format!("{what} {} was interrupted: the next command that writes {will} it", Path::new(&path).display())
    };
    Ok(creations.chain(removals).map(line).collect())
}

fn is_running(record: &SpawnRecord) -> bool {
    Watched { pid: record.pid, began: record.began }.is_alive()
}

/// The creation of the worktree at `path` that is in progress, or was interrupted.
pub(crate) fn creation_at(layout: &Layout, path: &Path) -> Result<Option<Blocker>> {
    find_creation(layout, |record| Path::new(&record.path) == path)
}

/// Another process's creation of a worktree for this issue; `own_lease` identifies the caller's own.
pub(crate) fn concurrent_creation(layout: &Layout, issue: IssueId, own_lease: Option<&LeaseId>) -> Result<Option<Blocker>> {
    find_creation(layout, |record| record.issue_id == issue && Some(&record.lease_id) != own_lease)
}

fn find_creation(layout: &Layout, is_it: impl Fn(&SpawnRecord) -> bool) -> Result<Option<Blocker>> {
    let found = spawns::all(&layout.shared_dir())?.into_iter().find(is_it);
    Ok(found.map(|SpawnRecord { path, holder, pid, .. }| Blocker::BeingCreated { path: path.into(), holder, pid }))
}

/// Removes what a creation has left up to `stage`: the worktree, the branch unless it has moved, the lease, then the journal.
pub(crate) fn roll_back(repo: Repo<'_>, journal: Journal, record: &SpawnRecord, stage: SpawnStage, cause: Cause) -> Result<()> {
    let is_complete = cause == Cause::Interrupted && stage == SpawnStage::Preparing;
    let removed = if is_complete { Ok(()) } else { remove(repo.layout, record, stage, cause) };
    let lease_id = record.lease_id.clone();
    if repo.leases.ledger()?.lease(&lease_id).is_some() {
        let reason = Some("the worktree was not created".to_owned());
        let release = Request::Release { lease_id, holder: record.holder.clone(), closing: false, reason };
        // A refusal means that the lease has ended already, or has another holder by now.
        let _ = repo.leases.ask(release, &repo.policy.limits)?;
    }
    match removed {
        // The worktree stays, so there is nothing left to undo.
        Err(Error::Blocker(blocker)) => {
            journal.finish()?;
            Err(blocker.into())
        }
        Err(error) => Err(error),
        Ok(()) => Ok(journal.finish()?),
    }
}

fn remove(layout: &Layout, record: &SpawnRecord, stage: SpawnStage, cause: Cause) -> Result<()> {
    if stage == SpawnStage::Begun {
        return Ok(());
    }
    let _guard = lock_worktrees(layout)?;
    let path = Path::new(&record.path);
    if let Some(git_dir) = own_git_dir(layout, record)? {
        if let Some(file) = user_work(layout, record, (path, &git_dir), stage, cause)? {
            return Err(Blocker::HasUserWork { path: path.to_owned(), file }.into());
        }
        if let Err(error) = remove_with_git(layout, &["--force", "--force"], path) {
            // Git was killed while it added the worktree, and does not recognize it.
            remove_incomplete(path, &git_dir).map_err(|_| error)?;
        }
    }
    remove_unregistered(layout, path)?;
    if record.makes_branch {
        let branch = format!("refs/heads/{}", record.branch);
        if history::reference(&layout.repo, &branch).is_some() && !is_checked_out(layout, &record.branch)? {
            // `update-ref` deletes it only if it is still where it was created.
            let _ = common_git(layout).output(&["update-ref", "--no-deref", "-d", &branch, &record.base])?;
        }
    }
    Ok(())
}

/// What in the worktree is the user's work, if anything is: then the worktree must stay.
fn user_work(
    layout: &Layout,
    record: &SpawnRecord,
    (path, git_dir): (&Path, &Path),
    stage: SpawnStage,
    cause: Cause,
) -> Result<Option<String>> {
    if has_commits(layout, git_dir, record) {
        return Ok(Some(format!("commits on {}", record.branch)));
    }
    if cause == Cause::Failed {
        return Ok(None);
    }
    let mut found = user_files::first(layout, record, (path, git_dir), stage)?;
    if found.is_none() && user_files::is_staged(layout, git_dir)? {
        found = Some("something staged".to_owned());
    }
    if found.is_some() {
        user_files::complete_checkout(path, git_dir);
        return Ok(found);
    }
    Ok(is_locked_by_user(git_dir).then(|| "a lock of its own".to_owned()))
}

/// The Git directory at the record's path, if it belongs to this creation: it has its id, or no id yet and its branch or no HEAD.
fn own_git_dir(layout: &Layout, record: &SpawnRecord) -> Result<Option<PathBuf>> {
    let Some(git_dir) = git_dir_for(layout, Path::new(&record.path))? else { return Ok(None) };
    let is_own = if let Some(identity) = Identity::read(&git_dir).ok().flatten() {
        identity.worktree_id == record.holder.worktree_id
    } else {
        let head = file::read_optional(&git_dir.join("HEAD"))?.unwrap_or_default();
        let head = String::from_utf8_lossy(&head).trim().to_owned();
        // Git writes zeros first.
        head.trim_matches('0').is_empty() || head == format!("ref: refs/heads/{}", record.branch)
    };
    Ok(Some(git_dir).filter(|_| is_own))
}

/// Whether the worktree has commits of its own, or something else checked out.
fn has_commits(layout: &Layout, git_dir: &Path, record: &SpawnRecord) -> bool {
    let branch = format!("refs/heads/{}", record.branch);
    let head = file::read_optional(&git_dir.join("HEAD")).ok().flatten().unwrap_or_default();
    let head = String::from_utf8_lossy(&head).trim().to_owned();
    let is_elsewhere = match head.strip_prefix("ref: ") {
        Some(name) => name != branch,
        // A hook may detach HEAD; Git writes zeros first.
        None => !head.trim_matches('0').is_empty() && head != record.base,
    };
    let tip = history::ref_commit(&layout.repo, &branch).map(|tip| tip.to_string());
    is_elsewhere || (record.makes_branch && tip.is_some_and(|tip| tip != record.base))
}

/// Whether the user has locked the worktree. Git locks it as `initializing` while it adds it.
fn is_locked_by_user(git_dir: &Path) -> bool {
    let lock = file::read_optional(&git_dir.join("locked")).ok().flatten();
    lock.is_some_and(|text| text.trim_ascii() != b"initializing")
}

/// The Git directory of the worktree at `path`, even of an incomplete one.
fn git_dir_for(layout: &Layout, path: &Path) -> Result<Option<PathBuf>> {
    let dir = layout.common_dir.join("worktrees");
    let wanted = path.join(".git");
    for name in file::names(&dir)? {
        let git_dir = dir.join(name);
        let text = file::read_optional(&git_dir.join("gitdir"))?.unwrap_or_default();
        let named = gix::path::from_byte_slice(text.trim_ascii_end()).ok();
        if named.is_some_and(|named| git_dir.join(named) == wanted) {
            return Ok(Some(git_dir));
        }
    }
    Ok(None)
}

/// Removes a worktree that has a `.git` file and nothing else. A folder that is not empty stays, and is an error.
fn remove_incomplete(path: &Path, git_dir: &Path) -> std::io::Result<()> {
    remove_folder(path, &[".git"])?;
    remove_git_dir(git_dir)
}

/// Removes what Git leaves if it is killed before it writes the `gitdir` file: a locked folder, and the empty folder at `path`.
fn remove_unregistered(layout: &Layout, path: &Path) -> Result<()> {
    let Some(name) = path.file_name() else { return Ok(()) };
    let git_dir = layout.common_dir.join("worktrees").join(name);
    let lock = file::read_optional(&git_dir.join("locked"))?;
    let has_begun = lock.is_some_and(|text| text.trim_ascii() == b"initializing") && !git_dir.join("gitdir").exists();
    if has_begun {
        let _ = remove_git_dir(&git_dir);
    }
    // This removes only an empty folder.
    let _ = std::fs::remove_dir(path);
    Ok(())
}

fn remove_git_dir(git_dir: &Path) -> std::io::Result<()> {
    for folder in ["refs", "logs", "jit/locks", "jit"] {
        remove_folder(&git_dir.join(folder), &["HEAD", "worktree.json"])?;
    }
    remove_folder(
        git_dir,
        &["locked", "gitdir", "commondir", "HEAD", "HEAD.lock", "index", "index.lock", "ORIG_HEAD", "config.worktree"],
    )
}

/// Removes a folder that contains only these files, or fewer. A missing folder is no error.
fn remove_folder(folder: &Path, files: &[&str]) -> std::io::Result<()> {
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
