//! One file of the worktree that git jit adds to: found, checked, rewritten or deleted.
//!
//! A symbolic link is followed inside the worktree. A link out of it is refused.

use std::path::{Path, PathBuf};

use crate::commands::setup::agents::claude;
use crate::commands::setup::agents::{FileReport, FileState, KnownAgent};
use crate::error::Error;
use crate::store;
use crate::store::file;
use crate::store::issues::VERSIONED;
use crate::text::managed_block::{self, BlockState, Rest, Trouble};

/// What git jit adds to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentFileContent {
    /// A block with this text, between Markdown comments.
    Block(&'static str),
    /// Hooks in the settings of Claude Code.
    Hooks,
}

/// A file that agents read.
pub(crate) struct AgentFile {
    /// The path from the root of the worktree.
    pub path: &'static str,
    /// The only agent that reads it; `None` for `AGENTS.md`, which many read.
    pub agent: Option<KnownAgent>,
    /// Its content.
    pub text: Option<String>,
    content: AgentFileContent,
    /// The path without links.
    real: PathBuf,
}

/// A change to a file, ready to be applied.
pub(crate) struct PlannedEdit {
    path: &'static str,
    real: PathBuf,
    action: FileAction,
}

enum FileAction {
    Nothing(FileState),
    Write(FileState, String),
    Delete,
}

impl AgentFile {
    /// Reads the file at `path` in the worktree at `root`.
    pub(crate) fn find(
        root: &Path,
        path: &'static str,
        agent: Option<KnownAgent>,
        content: AgentFileContent,
    ) -> Result<Self, Error> {
        let named = root.join(path);
        let leads_out = || refusal(path, "it is a link out of this worktree", "Replace it with a file, or add the text by hand");
        let real = match named.symlink_metadata() {
            Ok(_) => named.canonicalize().map_err(|_| leads_out())?,
            Err(_) => match named.parent().filter(|above| above.symlink_metadata().is_ok()) {
                Some(above) => above.canonicalize().map_err(|_| leads_out())?.join(named.file_name().unwrap_or_default()),
                None => named,
            },
        };
        if !real.starts_with(root) || real.starts_with(root.join(".git")) {
            return Err(leads_out());
        }
        let bytes = file::read_optional(&real)?;
        let not_text = |_| store::Error::Corrupt { path: real.clone(), line: None, why: "not UTF-8 text".to_owned() };
        let text = bytes.map(|bytes| String::from_utf8(bytes).map_err(not_text)).transpose()?;
        Ok(Self { path, agent, text, content, real })
    }

    /// Whether two paths lead to one file.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.real == other.real
    }

    /// The text that would be written into an empty file.
    pub(crate) fn fresh_text(&self) -> String {
        match self.content {
            AgentFileContent::Block(body) => managed_block::put(None, body, false).ok().flatten().unwrap_or_default(),
            AgentFileContent::Hooks => claude::fresh(),
        }
    }

    /// Whether git jit has added to it, in any version.
    pub(crate) fn is_managed(&self) -> bool {
        let text = self.text.as_deref().unwrap_or_default();
        match self.content {
            AgentFileContent::Block(body) => managed_block::state(text, body) != Ok(BlockState::Missing),
            AgentFileContent::Hooks => claude::has_any(text),
        }
    }

    /// Whether what git jit added is there and up to date.
    pub(crate) fn state(&self) -> Result<FileState, Error> {
        let text = self.text.as_deref().unwrap_or_default();
        match self.content {
            AgentFileContent::Block(body) => {
                Ok(match managed_block::state(text, body).map_err(|trouble| self.trouble(&trouble))? {
                    BlockState::Missing => FileState::Missing,
                    BlockState::Current => FileState::Current,
                    BlockState::Outdated => FileState::Outdated,
                    BlockState::Edited => FileState::Edited,
                })
            }
            AgentFileContent::Hooks => Ok(match self.with_hooks()? {
                None => FileState::Current,
                Some(_) if claude::has_any(text) => FileState::Outdated,
                Some(_) => FileState::Missing,
            }),
        }
    }

    /// Plans the installation or removal. With `force`, edits in the block are discarded.
    pub(crate) fn plan(&self, remove: bool, force: bool) -> Result<PlannedEdit, Error> {
        let action = if remove { self.plan_removal(force)? } else { self.plan_installation(force)? };
        Ok(PlannedEdit { path: self.path, real: self.real.clone(), action })
    }

    fn plan_installation(&self, force: bool) -> Result<FileAction, Error> {
        let new = match self.content {
            AgentFileContent::Block(body) => {
                managed_block::put(self.text.as_deref(), body, force).map_err(|trouble| self.trouble(&trouble))?
            }
            AgentFileContent::Hooks => self.with_hooks()?,
        };
        Ok(new.map_or(FileAction::Nothing(FileState::Current), |text| FileAction::Write(FileState::Written, text)))
    }

    fn plan_removal(&self, force: bool) -> Result<FileAction, Error> {
        let Some(text) = &self.text else { return Ok(FileAction::Nothing(FileState::Absent)) };
        let rest = match self.content {
            AgentFileContent::Block(_) => managed_block::take_out(text, force).map_err(|trouble| self.trouble(&trouble))?,
            AgentFileContent::Hooks if *text == claude::fresh() => Rest::Nothing,
            AgentFileContent::Hooks => claude::without(text).map_or(Rest::Same, Rest::Text),
        };
        Ok(match rest {
            Rest::Same => FileAction::Nothing(FileState::Absent),
            Rest::Text(text) => FileAction::Write(FileState::Removed, text),
            Rest::Nothing => FileAction::Delete,
        })
    }

    fn with_hooks(&self) -> Result<Option<String>, Error> {
        let Some(text) = &self.text else { return Ok(Some(claude::fresh())) };
        claude::with(text).map_err(|why| {
            let hint = "Fix it, or add by hand what git jit agents install claude --print shows";
            refusal(self.path, &format!("not changed: {why}"), hint)
        })
    }

    fn trouble(&self, trouble: &Trouble) -> Error {
        let hint = match trouble {
            Trouble::Edited => "Move your text out of the block, or discard it with --force",
            Trouble::Broken { .. } => "Remove the markers and the text between them by hand, then install again",
            Trouble::Newer => "Use the version that wrote it, or remove the block by hand",
        };
        refusal(self.path, &trouble.to_string(), hint)
    }
}

fn refusal(path: &str, why: &str, hint: &str) -> Error {
    Error::AgentFile { path: path.to_owned(), why: why.to_owned(), hint: hint.to_owned() }
}

impl PlannedEdit {
    /// The new content; `None` if the file is deleted or unchanged.
    pub(crate) fn text(&self) -> Option<&str> {
        if let FileAction::Write(_, text) = &self.action { Some(text) } else { None }
    }

    /// Writes or deletes the file.
    pub(crate) fn apply(self) -> Result<FileReport, Error> {
        let Self { path, real, action } = self;
        let above = real.parent().unwrap_or(Path::new("."));
        let state = match action {
            FileAction::Nothing(state) => state,
            FileAction::Write(state, text) => {
                file::make_dir(above, VERSIONED)?;
                file::rewrite(file::finish_beside(&real, text.as_bytes(), VERSIONED, false)?)?;
                state
            }
            FileAction::Delete => {
                std::fs::remove_file(&real).map_err(store::Error::io("remove", &real))?;
                if path.contains('/') {
                    // Only an empty directory is removed.
                    let _ = std::fs::remove_dir(above);
                }
                FileState::Removed
            }
        };
        Ok(FileReport { path, state, text: None })
    }
}
