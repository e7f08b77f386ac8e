//! Files of a worktree that are nowhere else.

use std::collections::HashSet;
use std::path::Path;

use gix::bstr::ByteSlice;

use crate::git::run::Git;
use crate::store::Error;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::worktrees::{self, Worktree};
use crate::worktree::include_file;
use crate::worktree::risk::RemovalOptions;
use crate::worktree::user_files;
use crate::worktree::{Blocker, Result};

/// Changed, untracked and listed files, repositories inside the worktree, and other worktrees inside it.
pub(crate) fn risks(layout: &Layout, worktree: &Worktree, options: RemovalOptions) -> Result<Vec<Blocker>> {
    let path = worktree.root.clone();
    let mut found = Vec::new();
    // What the user has accepted to lose need not be searched for.
    if !options.discard_changes {
        let (mut changed, untracked) = changed_and_untracked(worktree)?;
        changed.extend(hidden_changes(layout, worktree)?);
        if !changed.is_empty() {
            found.push(Blocker::UncommittedChanges { path: path.clone(), files: changed });
        }
        if !untracked.is_empty() && !options.discard_untracked {
            found.push(Blocker::UntrackedFiles { path: path.clone(), files: untracked });
        }
    }
    if !options.discard_ignored {
        found.extend(listed_files(layout, &path)?);
    }
    let others = worktrees::list(layout)?;
    let inner = others.into_iter().find(|other| other.root != path && other.root.starts_with(&path) && !other.is_missing);
    found.extend(inner.map(|inner| Blocker::Nested { path: path.clone(), inner: inner.root }));
    if !options.discard_submodules {
        let mut repositories = nested_repositories(&path)?;
        repositories.extend(submodules(worktree, &repositories)?);
        if !repositories.is_empty() {
            found.push(Blocker::Submodules { path, files: repositories });
        }
    }
    Ok(found)
}

/// Changed files, and untracked files.
fn changed_and_untracked(worktree: &Worktree) -> Result<(Vec<String>, Vec<String>)> {
    let args = ["status", "--porcelain", "-z", "--untracked-files=all", "--no-renames", "--ignore-submodules=none"];
    // The file system monitor and the untracked cache may be stale, and a missed file would be lost.
    let status =
        Git::at(&worktree.root).run(&[&["-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false"], &args[..]].concat())?;
    let (mut changed, mut untracked) = (Vec::new(), Vec::new());
    for line in status.split(|byte| *byte == 0) {
        let Some(file) = line.get(3..).map(|file| file.to_str_lossy().into_owned()) else { continue };
        if line.starts_with(b"??") { untracked.push(file) } else { changed.push(file) }
    }
    Ok((changed, untracked))
}

/// Changes in files that are marked as unchanged or skipped.
fn hidden_changes(layout: &Layout, worktree: &Worktree) -> Result<Vec<String>> {
    let output = Git::at(&worktree.root).run(&["ls-files", "-v", "-z"])?;
    // The tag `S` means skip-worktree; a lowercase letter means assume-unchanged.
    let is_hidden = |line: &&[u8]| line.first().is_some_and(|tag| *tag == b'S' || tag.is_ascii_lowercase());
    let names = output.split(|byte| *byte == 0).filter(is_hidden).filter_map(|line| line.get(2..));
    let existing: HashSet<String> = names
        .map(|name| name.to_str_lossy().into_owned())
        .filter(|name| worktree.root.join(name).symlink_metadata().is_ok_and(|metadata| !metadata.is_dir()))
        .collect();
    match worktrees::tip(layout, worktree) {
        _ if existing.is_empty() => Ok(Vec::new()),
        // Before the first commit no commit has their content.
        None => Ok(existing.into_iter().collect()),
        Some(tip) => user_files::changed_from(&worktree.root, &tip.to_string(), Some(&existing)),
    }
}

/// Ignored files that `.worktreeinclude` lists and that differ from the primary worktree's.
fn listed_files(layout: &Layout, root: &Path) -> Result<Option<Blocker>> {
    let primary = layout.primary_root.as_deref().unwrap_or(root);
    let mut files = include_file::listed(primary, root)?;
    files.retain(|file| primary == root || !include_file::is_copy(primary, root, file));
    Ok((!files.is_empty()).then(|| Blocker::ListedFiles { path: root.to_owned(), files }))
}

/// Submodules whose repository is in the worktree's Git directory, and that are not checked out at any of these paths.
fn submodules(worktree: &Worktree, checked_out: &[String]) -> Result<Vec<String>> {
    let dir = worktree.git_dir.join("modules");
    let known: Vec<_> = checked_out.iter().filter_map(|path| worktrees::git_dir_of(&worktree.root.join(path)).ok()).collect();
    // A submodule's name may contain slashes, so a name here may be a folder of submodules.
    let is_known = |name: &std::ffi::OsString| known.iter().any(|git_dir| git_dir.starts_with(dir.join(name)));
    let names = file::names(&dir)?.into_iter().filter(|name| !is_known(name));
    Ok(names.map(|name| name.to_string_lossy().into_owned()).collect())
}

/// Every folder below the root that has its own `.git`.
fn nested_repositories(root: &Path) -> Result<Vec<String>> {
    let (mut found, mut folders) = (Vec::new(), vec![root.to_owned()]);
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(&folder) {
            // Git cannot remove what it cannot read either, and reports that.
            Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => continue,
            entries => entries.map_err(Error::io("list", &folder))?,
        };
        for entry in entries.flatten() {
            if entry.file_name() == ".git" {
                if folder != root {
                    found.push(folder.strip_prefix(root).unwrap_or(&folder).to_string_lossy().into_owned());
                }
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(entry.path());
            }
        }
    }
    Ok(found)
}
