//! The one way to write versioned data: in this worktree, file by file, while the write lock is held.

use std::path::PathBuf;

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::store::file::{self, Modes};
use crate::store::{Error, Result, lock};

/// Versioned files have the permissions that Git would give them: what the umask leaves.
pub(crate) const VERSIONED: Modes = Modes { file: 0o666, dir: 0o777, is_exact: false };

/// May write versioned data, as long as it lives.
pub(crate) struct Writer {
    data: PathBuf,
    _guard: lock::Guard,
}

impl Writer {
    pub(super) fn new(data: PathBuf, guard: lock::Guard) -> Self {
        Self { data, _guard: guard }
    }

    fn path(&self, id: IssueId) -> PathBuf {
        self.data.join("issues").join(id.file_name())
    }

    /// Writes an issue's file.
    pub(crate) fn write(&self, document: &Document) -> Result<()> {
        self.write_data(&format!("issues/{}", document.issue().id.file_name()), document.as_bytes())
    }

    /// Writes a file by its path below `.jit/`.
    pub(crate) fn write_data(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.data.join(path);
        file::make_dir(path.parent().unwrap_or(&self.data), VERSIONED)?;
        file::rewrite(&path, bytes, VERSIONED)
    }

    /// Writes the files of new issues: all of them, or after a failure none.
    pub(crate) fn create_all(&self, documents: &[Document]) -> Result<()> {
        file::make_dir(&self.data.join("issues"), VERSIONED)?;
        let finish =
            |document: &Document| file::finish_beside(&self.path(document.issue().id), document.as_bytes(), VERSIONED, false);
        // Whatever could fail for want of space has failed before the first of them gets its name.
        let finished = documents.iter().map(finish).collect::<Result<Vec<_>>>()?;
        let mut made = Vec::new();
        for (document, finished) in documents.iter().zip(finished) {
            let path = self.path(document.issue().id);
            let claimed = finished
                .claim_name()
                .and_then(|is_first| if is_first { Ok(()) } else { Err(Error::Contended { path: path.clone() }) });
            if let Err(error) = claimed {
                for path in &made {
                    let _ = std::fs::remove_file(path);
                }
                return Err(error);
            }
            made.push(path);
        }
        Ok(())
    }

    /// Removes an issue's file.
    pub(crate) fn remove(&self, id: IssueId) -> Result<()> {
        let path = self.path(id);
        std::fs::remove_file(&path).map_err(Error::io("remove", &path))
    }
}
