//! Writes versioned data: to this worktree, file by file, while the write lock is held.
//!
//! Temporary files are in the worktree's Git directory, where `git add` does not find them. A plan is staged there completely
//! before any of its files is visible. After a crash, the next writer finishes or discards it.

use std::path::{Path, PathBuf};

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;
use crate::store::lock;
use crate::store::{Error, Result};

/// Versioned files have the permissions that Git would give them: what the umask leaves.
pub(crate) const VERSIONED: Modes = Modes { file: 0o666, dir: 0o777, is_exact: false };

/// Writes versioned data; holds the write lock.
pub(crate) struct IssueWriter {
    data: PathBuf,
    scratch: PathBuf,
    plan: WritePlan,
    _guard: lock::Guard,
}

/// The directory in which the files of a plan are staged.
struct WritePlan {
    dir: PathBuf,
    modes: Modes,
}

impl WritePlan {
    /// A file that exists while the staged plan is complete and not all of it is in place.
    fn mark(&self) -> PathBuf {
        self.dir.join("whole")
    }
}

/// Whether a complete plan of this worktree was interrupted; the next writer finishes it.
pub(crate) fn is_unfinished(layout: &Layout) -> bool {
    plan_of(layout).mark().exists()
}

fn plan_of(layout: &Layout) -> WritePlan {
    WritePlan { dir: layout.git_dir.join("jit").join("plan"), modes: layout.modes }
}

impl IssueWriter {
    /// A writer of a worktree's data; finishes or discards the work of an interrupted one.
    pub(crate) fn open(layout: &Layout, guard: lock::Guard) -> Result<Self> {
        let scratch = layout.git_dir.join("jit").join("tmp");
        file::make_dir(&scratch, layout.modes)?;
        for name in file::names(&scratch)? {
            // Only the holder of the lock writes here.
            let _ = std::fs::remove_file(scratch.join(name));
        }
        let writer = Self { data: Layout::data_dir(layout.require_worktree()?), scratch, plan: plan_of(layout), _guard: guard };
        if writer.plan.mark().exists() {
            // On an error the plan is kept, for the next writer.
            writer.move_plan(&mut Vec::new())?;
            writer.clear_plan()?;
        }
        Ok(writer)
    }

    fn issues(&self) -> PathBuf {
        self.data.join("issues")
    }

    /// Writes an issue's file.
    pub(crate) fn write(&self, document: &Document) -> Result<()> {
        self.write_data(&format!("issues/{}", document.issue().id.file_name()), document.as_bytes())
    }

    /// Writes a file by its path below `.jit/`.
    pub(crate) fn write_data(&self, path: &str, bytes: &[u8]) -> Result<()> {
        let path = self.data.join(path);
        self.refuse_links(&path)?;
        file::make_dir(path.parent().unwrap_or(&self.data), VERSIONED)?;
        match file::rewrite(file::finish_in(&self.scratch, &path, bytes, VERSIONED)?) {
            // Another file system, or another mount of the same one.
            Err(Error::Io { source, .. }) if source.kind() == std::io::ErrorKind::CrossesDevices => {
                file::rewrite(file::finish_beside(&path, bytes, VERSIONED, false)?)
            }
            written => written,
        }
    }

    /// Refuses a path with a symbolic link: replacing it would leave the link's target unchanged, which its author did not expect, and
    /// the target may be outside the worktree.
    fn refuse_links(&self, path: &Path) -> Result<()> {
        match path.ancestors().take_while(|above| *above != self.data).find(|above| above.is_symlink()) {
            None => Ok(()),
            Some(link) => {
                let why = "is a symbolic link, which is never written through".to_owned();
                Err(Error::Corrupt { path: link.to_owned(), line: None, why })
            }
        }
    }

    /// Writes the files of new issues atomically: all of them or none.
    pub(crate) fn create_all(&self, documents: &[Document]) -> Result<()> {
        let dir = &self.plan.dir;
        self.refuse_links(&self.issues())?;
        file::make_dir(dir, self.plan.modes)?;
        file::make_dir(&self.issues(), VERSIONED)?;
        self.clear_plan()?;
        for document in documents {
            let path = dir.join(document.issue().id.file_name());
            // A full disk fails here, before the plan is complete.
            file::finish_beside(&path, document.as_bytes(), VERSIONED, false).and_then(file::Finished::replace).inspect_err(
                |_| {
                    let _ = self.clear_plan();
                },
            )?;
        }
        file::replace(&self.plan.mark(), b"", self.plan.modes)?;
        let mut made = Vec::new();
        if let Err(error) = self.move_plan(&mut made) {
            for path in &made {
                let _ = std::fs::remove_file(path);
            }
            self.clear_plan()?;
            return Err(error);
        }
        self.clear_plan()
    }

    /// Moves the staged files into place, and adds their paths to `made`.
    fn move_plan(&self, made: &mut Vec<PathBuf>) -> Result<()> {
        file::make_dir(&self.issues(), VERSIONED)?;
        for name in file::names(&self.plan.dir)? {
            if IssueId::from_file_name(name.as_encoded_bytes()).is_some() {
                let to = self.issues().join(&name);
                relocate(&self.plan.dir.join(name), &to)?;
                made.push(to);
            }
        }
        Ok(())
    }

    /// Removes the staged files. The mark is removed first: without it the rest does not count.
    fn clear_plan(&self) -> Result<()> {
        let gone = |path: &Path| match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(Error::io("remove", path)(error)),
            _ => Ok(()),
        };
        gone(&self.plan.mark())?;
        file::names(&self.plan.dir)?.into_iter().try_for_each(|name| gone(&self.plan.dir.join(name)))
    }

    /// Removes an issue's file.
    pub(crate) fn remove(&self, id: IssueId) -> Result<()> {
        let path = self.issues().join(id.file_name());
        std::fs::remove_file(&path).map_err(Error::io("remove", &path))
    }
}

/// Moves a file, also to another file system.
fn relocate(from: &Path, to: &Path) -> Result<()> {
    match std::fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {
            let bytes = file::read(from).map_err(Error::io("read", from))?;
            file::finish_beside(to, &bytes, VERSIONED, false)?.replace()?;
            std::fs::remove_file(from).map_err(Error::io("remove", from))
        }
        moved => moved.map_err(Error::io("move into place", to)),
    }
}
