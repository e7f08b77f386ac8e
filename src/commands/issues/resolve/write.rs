//! Writes the result of a resolved file, and marks it as resolved in Git's index.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::commands::issues::resolve::{ConflictedFile, ResolvedFile};
use crate::commands::shared::edit_session::EditSession;
use crate::error::Error;
use crate::git::run::Git;
use crate::store::issues;

/// Writes a file, and that of the other issue if rename detection took two for one; then updates the index.
pub(crate) fn write(edit: &EditSession<'_>, root: &Path, file: &ConflictedFile, result: &ResolvedFile) -> Result<(), Error> {
    let writer = edit.store.lock()?;
    let mut paths = vec![file.unmerged.path.clone()];
    let remove = |issue| if edit.store.local_path(issue).exists() { writer.remove(issue) } else { Ok(()) };
    match result {
        ResolvedFile::Removed => remove(file.issue)?,
        ResolvedFile::Issue { document, other } => {
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
    let (existing, removed): (Vec<PathBuf>, Vec<PathBuf>) = paths.into_iter().partition(|path| root.join(path).exists());
    // `git add` would skip files that are ignored or outside a sparse checkout.
    stage(root, &["update-index", "--add", "--"], &existing)?;
    stage(root, &["update-index", "--force-remove", "--"], &removed)
}

fn stage(root: &Path, words: &[&str], paths: &[PathBuf]) -> Result<(), Error> {
    if !paths.is_empty() {
        let words = words.iter().map(OsStr::new).chain(paths.iter().map(|path| path.as_os_str()));
        Git::at(root).run(&words.collect::<Vec<_>>())?;
    }
    Ok(())
}
