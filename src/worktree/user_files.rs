//! The user's work in an incomplete worktree, as opposed to files that only came from its base.

use std::collections::HashSet;
use std::path::Path;

use crate::git::run::Git;
use crate::store::file;
use crate::store::journal::spawns::{SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::worktree::{Result, common_git};

/// The first file of the user: not in the base, not the issue, not ignored; or in the base with another content.
pub(crate) fn first(
    layout: &Layout,
    record: &SpawnRecord,
    (path, git_dir): (&Path, &Path),
    stage: SpawnStage,
) -> Result<Option<String>> {
    let found = file::below(path)?;
    if found.is_empty() {
        return Ok(None);
    }
    let known = match stage {
        SpawnStage::Begun | SpawnStage::Adding => HashSet::new(),
        _ => names(&common_git(layout).run(&["ls-tree", "-r", "-z", "--name-only", "--full-tree", &record.base])?),
    };
    let issue = format!(".jit/issues/{}", record.issue_id);
    let temporary = format!(".jit/issues/{}", file::TEMPORARY);
    let is_known = |file: &&String| known.contains(*file) || file.starts_with(&issue) || file.starts_with(&temporary);
    let unknown: Vec<&String> = found.iter().filter(|file| !is_known(file)).collect();
    let input = unknown.iter().flat_map(|file| file.bytes().chain([0])).collect::<Vec<u8>>();
    // If Git fails, no file counts as ignored.
    let ignored = Git::at(path).filter(&["check-ignore", "-z", "--stdin"], &input, &[0, 1]).map(|output| names(&output));
    let ignored = ignored.unwrap_or_default();
    if let Some(file) = unknown.into_iter().find(|file| !ignored.contains(*file)) {
        return Ok(Some(file.clone()));
    }
    if known.is_empty() {
        return Ok(None);
    }
    let mut changed = changed_from(path, &record.base, None)?;
    // Without an index, Git was killed while it wrote files.
    changed.retain(|file| git_dir.join("index").exists() || !is_partly_written(path, &record.base, file));
    Ok(changed.into_iter().next())
}

/// Whether a file is the beginning of what Git would write there.
fn is_partly_written(root: &Path, commit: &str, file: &str) -> bool {
    let Ok(written) = file::read(&root.join(file)) else { return false };
    let complete = Git::at(root).run(&["cat-file", "--filters", &format!("{commit}:{file}")]);
    complete.is_ok_and(|complete| complete.starts_with(&written))
}

/// Whether the index differs from HEAD. A failure of Git counts as a difference, since it could hide the user's work.
pub(crate) fn is_staged(layout: &Layout, git_dir: &Path) -> Result<bool> {
    let git = Git::at(&layout.common_dir).env("GIT_DIR", git_dir);
    let args = ["-c", "core.fsmonitor=false", "diff-index", "--cached", "--quiet", "HEAD", "--"];
    Ok(git_dir.join("index").exists() && !git.output(&args)?.status.success())
}

/// Adds the index and the missing files to an incomplete worktree, so that the user can work in it. Best effort: the user gets a
/// message about the worktree in any case.
pub(crate) fn complete_checkout(root: &Path, git_dir: &Path) {
    if !git_dir.join("index").exists() {
        let git = Git::at(root);
        let _ = git.patiently(&["read-tree", "HEAD"]).and_then(|()| git.patiently(&["checkout-index", "--all", "--quiet"]));
    }
}

/// The existing files of the worktree at `root` that differ from a commit, whatever the index says about them.
pub(crate) fn changed_from(root: &Path, commit: &str, among: Option<&HashSet<String>>) -> Result<Vec<String>> {
    let scratch = tempfile::tempdir().map_err(crate::store::Error::io("create a folder for", root))?;
    let git = Git::at(root).env("GIT_INDEX_FILE", scratch.path().join("index"));
    let config = ["-c", "core.splitIndex=false", "-c", "core.fsmonitor=false", "-c", "core.sparseCheckout=false"];
    git.run(&[&config[..], &["read-tree", commit]].concat())?;
    // The refresh compares the content of files whose times differ. It fails for missing files, which are no change here.
    git.output(&[&config[..], &["update-index", "-q", "--refresh"]].concat())?;
    // Names are filtered here: Git could take them for patterns, and they may not fit on a command line.
    let output = git.run(&[&config[..], &["diff-files", "-z", "--name-only", "--diff-filter=MT"]].concat())?;
    let is_wanted = |name: &String| !name.is_empty() && among.is_none_or(|among| among.contains(name));
    Ok(names(&output).into_iter().filter(is_wanted).collect())
}

fn names(bytes: &[u8]) -> HashSet<String> {
    bytes.split(|byte| *byte == 0).map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}
