//! Copies ignored files into a new worktree: those that `.worktreeinclude` at the root of the primary worktree lists.
//!
//! Its lines have the syntax of `.gitignore`. A listed file is copied only if Git ignores it, if it does not exist in the new
//! worktree, and if no folder above it leads out of the worktree.

use std::io::ErrorKind;
use std::path::Path;

use crate::git::run::Git;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::Result;

/// The name of the file.
const LIST: &str = ".worktreeinclude";

/// The ignored files of the worktree at `root` that the list in `primary` names, relative to `root`.
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
    // A path that ends in a slash is another repository. Our own data is versioned.
    Ok(paths.filter(|path| !path.is_empty() && !path.ends_with('/') && !path.starts_with(".jit/")).collect())
}

/// Copies the files that the primary worktree lists. Returns the number of files.
pub(crate) fn copy_listed(layout: &Layout, root: &Path) -> Result<usize> {
    let Some(primary) = layout.primary_root.as_deref().filter(|primary| *primary != root) else { return Ok(0) };
    let real = root.canonicalize().map_err(Error::io("find", root))?;
    let mut copied = 0;
    for file in listed(primary, primary)? {
        let (from, to) = (primary.join(&file), root.join(&file));
        let folder = to.parent().unwrap_or(root);
        if to.symlink_metadata().is_ok() || !is_below(&real, folder) {
            continue;
        }
        std::fs::create_dir_all(folder).map_err(Error::io("create directory", folder))?;
        copied += usize::from(copy(&from, &to)?);
    }
    Ok(copied)
}

/// Whether a folder is below the root, or would be: its nearest existing ancestor decides.
pub(crate) fn is_below(root: &Path, folder: &Path) -> bool {
    let nearest = folder.ancestors().find_map(|above| above.canonicalize().ok());
    nearest.is_some_and(|nearest| nearest.starts_with(root))
}

/// Copies a file or a symbolic link; skips anything else.
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

/// Whether a file is byte for byte the same in the worktree at `root` and in the primary one.
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
