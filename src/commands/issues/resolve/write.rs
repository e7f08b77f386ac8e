//! Writes what a file in conflict becomes, and tells Git that it is resolved.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::commands::issues::resolve::{ConflictedFile, ResolvedFile};
use crate::commands::shared::edit_session::EditSession;
use crate::error::Error;
use crate::git::run::Git;
use crate::store::issues;

/// Writes a file, and that of another issue which was taken for it; then the index.
pub(crate) fn write(edit: &EditSession<'_>, root: &Path, left: &ConflictedFile, end: &ResolvedFile) -> Result<(), Error> {
    let writer = edit.store.lock()?;
    let mut paths = vec![left.unmerged.path.clone()];
    let remove = |issue| if edit.store.local_path(issue).exists() { writer.remove(issue) } else { Ok(()) };
    match end {
        ResolvedFile::Gone => remove(left.issue)?,
        ResolvedFile::Is { document, other } => {
            writer.write(document)?;
            if let Some((issue, document)) = other {
                match document {
                    Some(document) => writer.write(document)?,
                    None => remove(*issue)?,
                }
                paths.push(issues::path_of(*issue));
            }
        }
    }
    drop(writer);
    let (there, gone): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| root.join(path).exists());
    // Not by `git add`, which passes over what is ignored or outside a sparse checkout.
    stage(root, &["update-index", "--add", "--"], &there)?;
    stage(root, &["update-index", "--force-remove", "--"], &gone)
}

fn stage(root: &Path, words: &[&str], paths: &[PathBuf]) -> Result<(), Error> {
    if !paths.is_empty() {
        let words = words.iter().map(OsStr::new).chain(paths.iter().map(|path| path.as_os_str()));
        Git::at(root).run(&words.collect::<Vec<_>>())?;
    }
    Ok(())
}
