//! Takes back what a spawn has made: at once where it failed, later where it was killed.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Hindrance, Result, alone};
use crate::context::Context;
use crate::domain::lease::{Limits, Request};
use crate::git::Git;
use crate::process::other::Watched;
use crate::store::layout::Layout;
use crate::store::spawns::{self, Journal, Left, Spawning, Stage};
use crate::store::{file, worktrees};

/// How much of it is taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Undo {
    /// Everything: whoever made it does it, and nobody else has been there.
    All,
    /// As far as nobody has been at work in it: its maker was killed at this stage, some time ago.
    From(Stage),
}

/// Undoes what processes have left half made that are not there any more: a line for each.
pub(crate) fn settle(cx: &Context, layout: &Layout) -> Result<Vec<String>> {
    let mut told = Vec::new();
    spawns::sweep(&layout.shared_dir())?;
    for Left { journal, spawning, stage } in spawns::left(&layout.shared_dir())? {
        // A lock that is free tells that nobody is at it, but not on every file system.
        if (Watched { pid: spawning.pid, began: spawning.began }).is_alive() {
            continue;
        }
        let (branch, path) = (spawning.branch.clone(), spawning.path.clone());
        match take_back(cx, layout, journal, &spawning, Undo::From(stage)) {
            Ok(()) if stage == Stage::Preparing => {
                told.push(format!(
                    "the making of {path} was interrupted when its files were there: only post_spawn has not finished"
                ));
            }
            Ok(()) => told.push(format!("the making of {branch} was interrupted, and has been undone")),
            Err(super::Error::Hindrance(hindrance @ Hindrance::NotOurs { .. })) => told.push(hindrance.to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(told)
}

/// Those that the next command that writes will undo, for whoever only looks.
pub(crate) fn unsettled(layout: &Layout) -> crate::store::Result<Vec<Spawning>> {
    let left = spawns::left(&layout.shared_dir())?.into_iter().map(|left| left.spawning);
    Ok(left.filter(|spawning| !(Watched { pid: spawning.pid, began: spawning.began }).is_alive()).collect())
}

/// Whether somebody makes the worktree at this path just now, or has left it half made.
pub(super) fn being_made(layout: &Layout, path: &Path) -> Result<Option<Hindrance>> {
    let all = spawns::all(&layout.shared_dir())?;
    let found = all.into_iter().find(|spawning| Path::new(&spawning.path) == path);
    Ok(found.map(|Spawning { holder, pid, .. }| Hindrance::BeingMade { path: path.to_owned(), holder, pid }))
}

/// Takes back the worktree that is ours, the branch if nobody moved it, the lease; then its record.
pub(super) fn take_back(cx: &Context, layout: &Layout, journal: Journal, spawning: &Spawning, undo: Undo) -> Result<()> {
    let removed = if undo == Undo::From(Stage::Preparing) { Ok(()) } else { remove(layout, spawning, undo) };
    let lease = spawning.lease_id.clone();
    if layout.claims().ledger()?.lease(&lease).is_some() {
        let reason = Some("the worktree was not made".to_owned());
        let request = Request::Release { lease_id: lease, holder: spawning.holder.clone(), closing: false, reason };
        // One that is over already, or somebody else's by now, needs no end.
        let _ = layout.claims().ask(cx.clock(), &request, &Limits::default())?;
    }
    match removed {
        // It stays, and so there is nothing left to undo.
        Err(super::Error::Hindrance(hindrance)) => {
            journal.finish()?;
            Err(hindrance.into())
        }
        Err(error) => Err(error),
        Ok(()) => Ok(journal.finish()?),
    }
}

fn remove(layout: &Layout, spawning: &Spawning, undo: Undo) -> Result<()> {
    let _guard = alone(layout)?;
    let path = Path::new(&spawning.path);
    let git = Git::at(&layout.common_dir);
    if is_ours(layout, spawning)? {
        if let Undo::From(stage) = undo
            && let Some(file) = foreign(layout, spawning, path, stage)?
        {
            return Err(Hindrance::NotOurs { path: path.to_owned(), file }.into());
        }
        if !path.join(".git").exists() {
            // Git made the folder and was killed: it removes what is missing, and not what is empty.
            let _ = std::fs::remove_dir(path);
        }
        let words = ["worktree", "remove", "--force", "--force"].map(OsStr::new);
        let args: Vec<&OsStr> = words.into_iter().chain([path.as_os_str()]).collect();
        git.run(&args)?;
    }
    if spawning.makes_branch {
        // Deleted only where it still is what was made: `update-ref` compares.
        let branch = format!("refs/heads/{}", spawning.branch);
        if layout.repo.try_find_reference(branch.as_str()).ok().flatten().is_some() && !is_checked_out(layout, &spawning.branch)? {
            let _ = git.output(&["update-ref", "-d", &branch, &spawning.base])?;
        }
    }
    Ok(())
}

/// Whether the worktree at the path is the one that was being made: it has its id, or none yet.
fn is_ours(layout: &Layout, spawning: &Spawning) -> Result<bool> {
    let Some(git_dir) = git_dir_for(layout, Path::new(&spawning.path))? else { return Ok(false) };
    let identity = crate::store::layout::Identity::read(&git_dir).ok().flatten();
    Ok(identity.is_none_or(|identity| identity.worktree_id == spawning.holder.worktree_id))
}

/// The Git directory of a worktree that is to be at a path, be it whole or not.
fn git_dir_for(layout: &Layout, path: &Path) -> Result<Option<PathBuf>> {
    let dir = layout.common_dir.join("worktrees");
    let wanted = path.join(".git");
    for name in file::names(&dir)? {
        let git_dir = dir.join(name);
        let named = file::read_optional(&git_dir.join("gitdir"))?.unwrap_or_default();
        let named = String::from_utf8_lossy(&named).trim_end().to_owned();
        if !named.is_empty() && git_dir.join(named) == wanted {
            return Ok(Some(git_dir));
        }
    }
    Ok(None)
}

fn is_checked_out(layout: &Layout, branch: &str) -> Result<bool> {
    Ok(worktrees::list(layout)?.iter().any(|worktree| worktree.branch.as_deref() == Some(branch)))
}

/// A file in a half made worktree that is not of its base, nor the issue, nor ignored: somebody's work.
fn foreign(layout: &Layout, spawning: &Spawning, path: &Path, stage: Stage) -> Result<Option<String>> {
    let found = file::below(path)?;
    if found.is_empty() {
        return Ok(None);
    }
    let names = |bytes: &[u8]| -> HashSet<String> {
        bytes.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
    };
    let git = Git::at(&layout.common_dir);
    let known = match stage {
        Stage::Adding => HashSet::new(),
        _ => names(&git.run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &spawning.base])?),
    };
    let issue = format!(".jit/issues/{}", spawning.issue_id);
    let is_known = |file: &&String| known.contains(*file) || file.starts_with(&issue) || file.contains(file::TEMPORARY);
    let strange: Vec<&String> = found.iter().filter(|file| !is_known(file)).collect();
    if strange.is_empty() {
        return Ok(None);
    }
    let asked = strange.iter().flat_map(|file| file.bytes().chain([0])).collect::<Vec<u8>>();
    // Where Git cannot tell, nothing is ignored.
    let ignored =
        Git::at(path).filter(&["check-ignore", "-z", "--stdin"], &asked, &[0, 1]).map(|said| names(&said)).unwrap_or_default();
    Ok(strange.into_iter().find(|file| !ignored.contains(*file)).cloned())
}
