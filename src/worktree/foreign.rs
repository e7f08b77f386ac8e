//! What in a half made worktree is somebody's work, and what only came from its base.

use std::collections::HashSet;
use std::path::Path;

use super::{Result, git};
use crate::git::Git;
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::spawns::{Spawning, Stage};

/// The first file that is not of the base, nor the issue, nor ignored, or that is not what it is there.
pub(super) fn file(layout: &Layout, spawning: &Spawning, path: &Path, stage: Stage) -> Result<Option<String>> {
    let found = file::below(path)?;
    if found.is_empty() {
        return Ok(None);
    }
    let known = match stage {
        Stage::Begun | Stage::Adding => HashSet::new(),
        _ => names(&git(layout).run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &spawning.base])?),
    };
    let issue = format!(".jit/issues/{}", spawning.issue_id);
    let is_known = |file: &&String| known.contains(*file) || file.starts_with(&issue) || file.contains(file::TEMPORARY);
    let strange: Vec<&String> = found.iter().filter(|file| !is_known(file)).collect();
    let asked = strange.iter().flat_map(|file| file.bytes().chain([0])).collect::<Vec<u8>>();
    // Where Git cannot tell, nothing is ignored.
    let ignored = Git::at(path).filter(&["check-ignore", "-z", "--stdin"], &asked, &[0, 1]).map(|said| names(&said));
    let ignored = ignored.unwrap_or_default();
    match strange.into_iter().find(|file| !ignored.contains(*file)) {
        Some(file) => Ok(Some(file.clone())),
        None if known.is_empty() => Ok(None),
        None => Ok(changed(path, &spawning.base, &[])?.into_iter().next()),
    }
}

/// The files of the worktree at `root` that are there and are not what a commit has, whatever its index says of them.
pub(super) fn changed(root: &Path, commit: &str, among: &[String]) -> Result<Vec<String>> {
    let scratch = tempfile::tempdir().map_err(crate::store::Error::io("make a folder for", root))?;
    let git = Git::at(root).env("GIT_INDEX_FILE", scratch.path().join("index"));
    let alone = ["-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "-c", "core.sparseCheckout=false"];
    git.run(&[&alone[..], &["read-tree", commit]].concat())?;
    // What differs in time alone is told apart here; what is not there makes it fail, and is no change.
    git.output(&[&alone[..], &["update-index", "-q", "--refresh"]].concat())?;
    let paths: Vec<&str> = among.iter().map(String::as_str).collect();
    let said = git.run(&[&alone[..], &["diff-files", "-z", "--name-only", "--diff-filter=MT", "--"], &paths[..]].concat())?;
    Ok(names(&said).into_iter().filter(|name| !name.is_empty()).collect())
}

fn names(bytes: &[u8]) -> HashSet<String> {
    bytes.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
