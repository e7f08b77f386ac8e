//! Adds and removes lines in `info/exclude`, `info/attributes` and `.gitattributes`, beside those of the user.

use std::path::{Path, PathBuf};

use crate::store::file;
use crate::store::issues;
use crate::store::layout::Layout;
use crate::store::{Error, Result};

/// The path of the list with this name that applies to this clone only.
pub(crate) fn path(layout: &Layout, list: &str) -> PathBuf {
    layout.common_dir.join("info").join(list)
}

fn is(line: &str) -> impl Fn(&[u8]) -> bool {
    move |other| other.trim_ascii_end() == line.as_bytes()
}

/// The target of a symbolic link, so that a list that several repositories share stays shared.
fn resolved(path: &Path) -> PathBuf {
    path.canonicalize().unwrap_or_else(|_| path.to_owned())
}

/// Whether a line is in a list.
pub(crate) fn has_line(path: &Path, line: &str) -> Result<bool> {
    Ok(file::read_optional(path)?.unwrap_or_default().split(|byte| *byte == b'\n').any(is(line)))
}

/// Appends a line; returns `false` if it exists already.
pub(crate) fn add_line(path: &Path, line: &str) -> Result<bool> {
    let path = &resolved(path);
    let mut text = file::read_optional(path)?.unwrap_or_default();
    if text.split(|byte| *byte == b'\n').any(is(line)) {
        return Ok(false);
    }
    if !text.is_empty() && !text.ends_with(b"\n") {
        text.push(b'\n');
    }
    text.extend_from_slice(line.as_bytes());
    text.push(b'\n');
    file::make_dir(path.parent().unwrap_or(Path::new(".")), issues::VERSIONED)?;
    file::rewrite(file::finish_beside(path, &text, issues::VERSIONED, false)?)?;
    Ok(true)
}

/// Removes a line, and the file and its directory if they are empty then; returns whether the line existed.
pub(crate) fn remove_line(path: &Path, line: &str) -> Result<bool> {
    let is_shared = path.is_symlink();
    let path = &resolved(path);
    let text = file::read_optional(path)?.unwrap_or_default();
    let rest: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').filter(|other| !is(line)(other)).collect();
    let rest = rest.concat();
    if rest.len() == text.len() {
        return Ok(false);
    }
    if rest.is_empty() && !is_shared {
        std::fs::remove_file(path).map_err(Error::io("remove", path))?;
        let _ = path.parent().map(std::fs::remove_dir);
    } else {
        file::rewrite(file::finish_beside(path, &rest, issues::VERSIONED, false)?)?;
    }
    Ok(true)
}
