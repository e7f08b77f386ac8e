//! What a file looks like from outside, for whoever wants to notice cheaply that it was appended to or replaced.
//!
//! A sign that is another one says that there is something to read; the same one promises nothing.

use std::path::Path;
use std::time::SystemTime;

use crate::store::file;

/// What a file looks like: which it is, how long, and when it was last written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FileStamp {
    number: u64,
    length: u64,
    written: Option<SystemTime>,
}

impl FileStamp {
    /// What the file at this path looks like; nothing where it cannot be looked at.
    pub(crate) fn of(path: &Path) -> Option<Self> {
        let metadata = path.metadata().ok()?;
        Some(Self { number: file::number_of(&metadata), length: metadata.len(), written: metadata.modified().ok() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::file::{Modes, replace};

    #[test]
    fn what_was_replaced_looks_different_and_what_is_not_there_like_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("file");
        assert_eq!(FileStamp::of(&path), None);
        replace(&path, b"one", Modes::PRIVATE).expect("written");
        let one = FileStamp::of(&path);
        assert!(one.is_some() && one == FileStamp::of(&path));
        replace(&path, b"two and more", Modes::PRIVATE).expect("written");
        assert_ne!(one, FileStamp::of(&path));
    }
}
