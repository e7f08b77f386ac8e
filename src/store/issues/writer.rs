//! The one way to write versioned data: in this worktree, file by file, while the write lock is held.
//!
//! What is not finished lies in the worktree's own Git directory, where no `git add` finds it. A plan is staged
//! there whole before any of it is seen: whoever holds the lock next finishes it, or clears it away.

use std::path::{Path, PathBuf};

use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;
use crate::store::lock;
use crate::store::{Error, Result};

/// Versioned files have the permissions that Git would give them: what the umask leaves.
pub(crate) const VERSIONED: Modes = Modes { file: 0o666, dir: 0o777, is_exact: false };

/// May write versioned data, as long as it lives.
pub(crate) struct IssueWriter {
    data: PathBuf,
    scratch: PathBuf,
    plan: WritePlan,
    _guard: lock::Guard,
}

/// Where the files of a plan wait.
struct WritePlan {
    dir: PathBuf,
    modes: Modes,
}

impl WritePlan {
    /// There from the moment on at which all of it will be written, until it is.
    fn mark(&self) -> PathBuf {
        self.dir.join("whole")
    }
}

/// Whether a plan of this worktree was interrupted after it was whole: the next writer finishes it.
pub(crate) fn is_unfinished(layout: &Layout) -> bool {
    plan_of(layout).mark().exists()
}

fn plan_of(layout: &Layout) -> WritePlan {
    WritePlan { dir: layout.git_dir.join("jit").join("plan"), modes: layout.modes }
}

impl IssueWriter {
    /// A writer of a worktree's data; puts right what an interrupted one left.
    pub(crate) fn open(layout: &Layout, guard: lock::Guard) -> Result<Self> {
        let scratch = layout.git_dir.join("jit").join("tmp");
        file::make_dir(&scratch, layout.modes)?;
        for name in file::names(&scratch)? {
            // Only whoever holds the lock writes here.
            let _ = std::fs::remove_file(scratch.join(name));
        }
        let writer = Self { data: Layout::data_dir(layout.require_worktree()?), scratch, plan: plan_of(layout), _guard: guard };
        if writer.plan.mark().exists() {
            // What hinders that is to be put right, and nothing of the plan to be lost over it.
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

    /// Refuses what a link leads to, out of the worktree perhaps: who made the file one meant another file, and would find the link
    /// gone and that file unchanged.
    fn refuse_links(&self, path: &Path) -> Result<()> {
        match path.ancestors().take_while(|above| *above != self.data).find(|above| above.is_symlink()) {
            None => Ok(()),
            Some(link) => {
                let why = "is a symbolic link, which is never written through".to_owned();
                Err(Error::Corrupt { path: link.to_owned(), line: None, why })
            }
        }
    }

    /// Writes the files of new issues: all of them, or none, whatever happens meanwhile.
    pub(crate) fn create_all(&self, documents: &[Document]) -> Result<()> {
        let dir = &self.plan.dir;
        self.refuse_links(&self.issues())?;
        file::make_dir(dir, self.plan.modes)?;
        file::make_dir(&self.issues(), VERSIONED)?;
        self.clear_plan()?;
        for document in documents {
            let path = dir.join(document.issue().id.file_name());
            // Whatever could fail for want of space fails before the plan is whole.
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

    /// Moves the staged files into their place; `made` gets what was moved.
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

    /// Removes what is staged, the mark first: without it nothing of the rest counts.
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

/// Moves a file, to another file system too.
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
