//! Ignored files that come along into a new worktree: `.worktreeinclude` at the root of the primary one lists them.
//!
//! Its lines have the form of `.gitignore`. What it lists is copied only if Git ignores it, if nothing is there yet, and if it
//! lies in the worktree by every folder above it.

use std::io::ErrorKind;
use std::path::Path;

use crate::git::run::Git;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::Result;

/// The file.
const LIST: &str = ".worktreeinclude";

/// The ignored files of the worktree at `root` that the list of the worktree at `primary` has, relative to the root.
pub(crate) fn listed(primary: &Path, root: &Path) -> Result<Vec<String>> {
    let list = primary.join(LIST);
    if !list.is_file() {
        return Ok(Vec::new());
    }
    let from = format!("--exclude-from={}", list.display());
    let git = Git::at(root);
    let named = git.run(&["ls-files", "-z", "--others", "--ignored", &from])?;
    if named.is_empty() {
        return Ok(Vec::new());
    }
    let ignored = git.filter(&["check-ignore", "-z", "--stdin"], &named, &[0, 1])?;
    let paths = ignored.split(|byte| *byte == 0).map(|path| String::from_utf8_lossy(path).into_owned());
    // A folder is another repository, and our own data is versioned.
    Ok(paths.filter(|path| !path.is_empty() && !path.ends_with('/') && !path.starts_with(".jit/")).collect())
}

/// Copies what the primary worktree lists: how many files.
pub(crate) fn copy_to(layout: &Layout, root: &Path) -> Result<usize> {
    let Some(primary) = layout.primary_root.as_deref().filter(|primary| *primary != root) else { return Ok(0) };
    let real = root.canonicalize().map_err(Error::io("find", root))?;
    let mut copied = 0;
    for file in listed(primary, primary)? {
        let (from, to) = (primary.join(&file), root.join(&file));
        let folder = to.parent().unwrap_or(root);
        if to.symlink_metadata().is_ok() || !is_below(&real, folder) {
            continue;
        }
        std::fs::create_dir_all(folder).map_err(Error::io("make directory", folder))?;
        copied += usize::from(copy(&from, &to)?);
    }
    Ok(copied)
}

/// Whether a folder lies below the root, or would: the nearest one that is there decides.
pub(crate) fn is_below(root: &Path, folder: &Path) -> bool {
    let nearest = folder.ancestors().find_map(|above| above.canonicalize().ok());
    nearest.is_some_and(|nearest| nearest.starts_with(root))
}

/// Copies a file or a link as it is; anything else is left.
fn copy(from: &Path, to: &Path) -> Result<bool> {
    let kind = match from.symlink_metadata() {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        metadata => metadata.map_err(Error::io("read", from))?.file_type(),
    };
    if kind.is_symlink() {
        #[cfg(unix)]
        {
            let target = std::fs::read_link(from).map_err(Error::io("read", from))?;
            std::os::unix::fs::symlink(target, to).map_err(Error::io("link", to))?;
        }
        return Ok(cfg!(unix));
    }
    if kind.is_file() {
        std::fs::copy(from, to).map_err(Error::io("copy", from))?;
    }
    Ok(kind.is_file())
}

/// Whether a file of the worktree at `root` is, byte by byte, what the primary one has.
pub(crate) fn is_copy(primary: &Path, root: &Path, file: &str) -> bool {
    let (here, there) = (root.join(file), primary.join(file));
    match (here.symlink_metadata(), there.symlink_metadata()) {
        (Ok(a), Ok(b)) if a.is_symlink() && b.is_symlink() => std::fs::read_link(here).ok() == std::fs::read_link(there).ok(),
        (Ok(a), Ok(b)) if a.is_file() && b.is_file() => {
            a.len() == b.len() && std::fs::read(here).ok().is_some_and(|bytes| std::fs::read(there).ok() == Some(bytes))
        }
        _ => false,
    }
}
