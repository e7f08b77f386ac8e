//! What `git jit setup` records in order to be undone, and the files that undoing it may remove.
//!
//! The text of a worktree's `config.toml` is recorded before and after setup, so that later edits are not reverted. Files beside
//! the leases are removed only if none of them is needed, and only together.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::file;
use crate::store::identity::Identity;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// How setup changed a worktree's `config.toml`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ConfigChange {
    schema_version: u32,
    /// The text before; `None` if there was no file.
    pub before: Option<String>,
    /// The text afterwards.
    pub after: String,
}

const RECORD: &str = "setup.json";
/// Marks that missing hooks were reported; its modification time is when.
const TOLD: &str = "hooks-told";
/// Files beside the leases that contain no user's work.
const PLAIN: [&str; 2] = ["adopted.json", TOLD];
/// Directories beside the leases whose content is recreated when it is needed.
const FOLDERS: [&str; 4] = ["cache", "locks", "plan", "tmp"];

fn path(layout: &Layout) -> PathBuf {
    layout.git_dir.join("jit").join(RECORD)
}

/// The file that marks that missing hooks were reported.
pub(crate) fn told(layout: &Layout) -> PathBuf {
    layout.shared_dir().join(TOLD)
}

impl ConfigChange {
    /// The record of this worktree.
    pub(crate) fn read(layout: &Layout) -> Result<Option<Self>> {
        let path = path(layout);
        let Some(bytes) = file::read_optional(&path)? else { return Ok(None) };
        let corrupt = |error: serde_json::Error| Error::Corrupt { path, line: None, why: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(corrupt)
    }

    /// Records a change; combines it with the last one unless the file was edited in between.
    pub(crate) fn note(layout: &Layout, before: Option<String>, after: String) -> Result<()> {
        let before = match Self::read(layout)? {
            Some(last) if Some(&last.after) == before.as_ref() => last.before,
            _ => before,
        };
        let mut bytes = serde_json::to_vec_pretty(&Self { schema_version: 1, before, after }).expect("texts serialize");
        bytes.push(b'\n');
        file::make_dir(&layout.git_dir.join("jit"), layout.modes)?;
        file::replace(&path(layout), &bytes, layout.modes)
    }

    /// Removes the record.
    pub(crate) fn forget(layout: &Layout) -> Result<()> {
        match std::fs::remove_file(path(layout)) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", &path(layout))(error)),
            _ => Ok(()),
        }
    }
}

/// The files of this worktree and this clone that may be removed: none in a directory that contains anything else.
pub(crate) fn leftovers(layout: &Layout) -> Result<Vec<PathBuf>> {
    let (own, shared) = (layout.git_dir.join("jit"), layout.shared_dir());
    let nobody_has_it = Identity::read(&layout.git_dir)?.is_none_or(|own| own.agent_id.is_none() && own.issue_id.is_none());
    let is_idle = only(&shared, |path| {
        let is_primarys = shared != own && (path == Path::new("worktree.json") || path == Path::new(RECORD));
        is_plain(path) || is_primarys || (shared == own && is_of_worktree(path))
    })?;
    // Recorded work refers to the ids of worktrees.
    if !nobody_has_it || !is_idle {
        return Ok(Vec::new());
    }
    if shared == own {
        return all(&shared);
    }
    let mut leftovers = if only(&own, |path| is_plain(path) || is_of_worktree(path))? { all(&own)? } else { Vec::new() };
    if only(&shared, is_plain)? {
        leftovers.extend(all(&shared)?);
    }
    Ok(leftovers)
}

fn is_of_worktree(path: &Path) -> bool {
    path == Path::new("worktree.json") || path == Path::new(RECORD)
}

fn is_plain(path: &Path) -> bool {
    let folder = path.components().next().map(|first| first.as_os_str().to_owned());
    PLAIN.iter().any(|name| path == Path::new(name)) || folder.is_some_and(|folder| FOLDERS.iter().any(|name| folder == *name))
}

fn only(dir: &Path, may_go: impl Fn(&Path) -> bool) -> Result<bool> {
    Ok(file::below(dir)?.iter().all(|path| may_go(Path::new(path))))
}

fn all(dir: &Path) -> Result<Vec<PathBuf>> {
    Ok(file::below(dir)?.into_iter().map(|path| dir.join(path)).collect())
}

/// Removes these files, and the directories that are empty then.
pub(crate) fn clear(layout: &Layout, files: &[PathBuf]) -> Result<()> {
    for path in files {
        std::fs::remove_file(path).map_err(Error::io("remove", path))?;
    }
    for dir in [layout.git_dir.join("jit"), layout.shared_dir()] {
        for name in FOLDERS {
            let _ = std::fs::remove_dir(dir.join(name));
        }
        let _ = std::fs::remove_dir(dir);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_log_keeps_every_file_beside_it() {
        let dir = tempfile::tempdir().expect("a directory");
        gix::init(dir.path()).expect("a repository");
        let layout = Layout::at(dir.path()).expect("a repository");
        let identity = Identity::require(&layout).expect("drawn");
        ConfigChange::note(&layout, None, "a".into()).expect("noted");
        ConfigChange::note(&layout, Some("a".into()), "b".into()).expect("noted");
        let made = ConfigChange::read(&layout).expect("read").expect("there");
        assert_eq!((made.before, made.after.as_str()), (None, "b"), "two changes in a row are one");
        ConfigChange::note(&layout, Some("edited".into()), "c".into()).expect("noted");
        assert_eq!(ConfigChange::read(&layout).expect("read").expect("there").before.as_deref(), Some("edited"));
        let log = layout.shared_dir().join("claims.jsonl");
        file::replace(&log, b"", layout.modes).expect("written");
        assert!(leftovers(&layout).expect("looked").is_empty());
        std::fs::remove_file(&log).expect("removed");
        let found = leftovers(&layout).expect("looked");
        assert_eq!(found.len(), 2, "{found:?}");
        clear(&layout, &found).expect("cleared");
        assert!(!layout.shared_dir().exists() && Identity::of(&layout).expect("read").is_none());
        assert!(identity.agent_id.is_none());
    }
}
