//! What in a half made worktree is somebody's work, and what only came from its base.

use std::collections::HashSet;
use std::path::Path;

use crate::git::run::Git;
use crate::store::file;
use crate::store::journal::spawns::{SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::worktree::{Result, git};

/// The first file that is not of the base, nor the issue, nor ignored, or that is not what it is there.
pub(crate) fn file(
    layout: &Layout,
    spawning: &SpawnRecord,
    (path, git_dir): (&Path, &Path),
    stage: SpawnStage,
) -> Result<Option<String>> {
    let found = file::below(path)?;
    if found.is_empty() {
        return Ok(None);
    }
    let known = match stage {
        SpawnStage::Begun | SpawnStage::Adding => HashSet::new(),
        _ => names(&git(layout).run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &spawning.base])?),
    };
    let issue = format!(".jit/issues/{}", spawning.issue_id);
    let unfinished = format!(".jit/issues/{}", file::TEMPORARY);
    let is_known = |file: &&String| known.contains(*file) || file.starts_with(&issue) || file.starts_with(&unfinished);
    let strange: Vec<&String> = found.iter().filter(|file| !is_known(file)).collect();
    let asked = strange.iter().flat_map(|file| file.bytes().chain([0])).collect::<Vec<u8>>();
    // Where Git cannot tell, nothing is ignored.
    let ignored = Git::at(path).filter(&["check-ignore", "-z", "--stdin"], &asked, &[0, 1]).map(|said| names(&said));
    let ignored = ignored.unwrap_or_default();
    match strange.into_iter().find(|file| !ignored.contains(*file)) {
        Some(file) => Ok(Some(file.clone())),
        None if known.is_empty() => Ok(None),
        None => {
            let mut changed = changed(path, &spawning.base, None)?;
            // Where there is no index yet, Git was writing files when it was killed.
            changed.retain(|file| git_dir.join("index").exists() || !is_torn(path, &spawning.base, file));
            Ok(changed.into_iter().next())
        }
    }
}

/// Whether a file is the beginning of what Git would write there.
fn is_torn(root: &Path, commit: &str, file: &str) -> bool {
    let Ok(begun) = file::read(&root.join(file)) else { return false };
    let whole = Git::at(root).run(&["cat-file", "--filters", &format!("{commit}:{file}")]);
    whole.is_ok_and(|whole| whole.starts_with(&begun))
}

/// Makes what was left half made a worktree that can be worked in: an index, and the files that are missing.
pub(crate) fn finish(root: &Path, git_dir: &Path) {
    if !git_dir.join("index").exists() {
        let git = Git::at(root);
        // At best effort: whoever is at work there is told in any case.
        let _ = git.patiently(&["read-tree", "HEAD"]).and_then(|()| git.patiently(&["checkout-index", "--all", "--quiet"]));
    }
}

/// The files of the worktree at `root` that are there and are not what a commit has, whatever its index says of them.
pub(crate) fn changed(root: &Path, commit: &str, among: Option<&HashSet<String>>) -> Result<Vec<String>> {
    let scratch = tempfile::tempdir().map_err(crate::store::Error::io("make a folder for", root))?;
    let git = Git::at(root).env("GIT_INDEX_FILE", scratch.path().join("index"));
    let alone = ["-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "-c", "core.sparseCheckout=false"];
    git.run(&[&alone[..], &["read-tree", commit]].concat())?;
    // What differs in time alone is told apart here; what is not there makes it fail, and is no change.
    git.output(&[&alone[..], &["update-index", "-q", "--refresh"]].concat())?;
    // Names are looked up here: to Git they could be patterns, and there may be more than fit on a command line.
    let said = git.run(&[&alone[..], &["diff-files", "-z", "--name-only", "--diff-filter=MT"]].concat())?;
    let is_meant = |name: &String| !name.is_empty() && among.is_none_or(|among| among.contains(name));
    Ok(names(&said).into_iter().filter(is_meant).collect())
}

fn names(bytes: &[u8]) -> HashSet<String> {
    bytes.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
