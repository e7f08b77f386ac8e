//! One file of the worktree that something of ours stands in: found, looked at, written whole, or taken away.
//!
//! A link is followed to what it leads to, inside the worktree; one that leads out of it is left alone.

use std::path::{Path, PathBuf};

use crate::commands::setup::agents::claude;
use crate::commands::setup::agents::{AgentFileReport, FileState, KnownAgent};
use crate::error::Error;
use crate::store;
use crate::store::file;
use crate::store::issues::VERSIONED;
use crate::text::managed_block::{self, BlockState, Rest, Trouble};

/// What stands there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgentFileContent {
    /// A block of this text, between comments of Markdown.
    Block(&'static str),
    /// Hooks of Claude Code, in its settings.
    Hooks,
}

/// One file.
pub(crate) struct AgentFile {
    /// As it is called, from the root of the worktree.
    pub path: &'static str,
    /// For whom alone; nobody in particular for `AGENTS.md`.
    pub agent: Option<KnownAgent>,
    /// What is in it now.
    pub text: Option<String>,
    kind: AgentFileContent,
    /// What it leads to.
    real: PathBuf,
}

/// What is to become of a file.
pub(crate) struct Target {
    path: &'static str,
    real: PathBuf,
    deed: FileAction,
}

enum FileAction {
    Nothing(FileState),
    Write(FileState, String),
    Delete,
}

impl AgentFile {
    /// The file of this name in the worktree at `root`.
    pub(crate) fn find(root: &Path, path: &'static str, agent: Option<KnownAgent>, kind: AgentFileContent) -> Result<Self, Error> {
        let named = root.join(path);
        let leads_out = || refusal(path, "it leads out of this worktree", "Put a file in its place, or write it by hand");
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
        let no_text = |_| store::Error::Corrupt { path: real.clone(), line: None, why: "it is no UTF-8 text".to_owned() };
        let text = bytes.map(|bytes| String::from_utf8(bytes).map_err(no_text)).transpose()?;
        Ok(Self { path, agent, text, kind, real })
    }

    /// Whether two names lead to one file.
    pub(crate) fn is_same_as(&self, other: &Self) -> bool {
        self.real == other.real
    }

    /// What would stand there.
    pub(crate) fn shown(&self) -> String {
        match self.kind {
            AgentFileContent::Block(body) => managed_block::put(None, body, false).ok().flatten().unwrap_or_default(),
            AgentFileContent::Hooks => claude::fresh(),
        }
    }

    /// Whether something of ours stands there, whatever it says.
    pub(crate) fn has_ours(&self) -> bool {
        let text = self.text.as_deref().unwrap_or_default();
        match self.kind {
            AgentFileContent::Block(body) => managed_block::state(text, body) != Ok(BlockState::Missing),
            AgentFileContent::Hooks => claude::has_any(text),
        }
    }

    /// How it stands.
    pub(crate) fn state(&self) -> Result<FileState, Error> {
        let text = self.text.as_deref().unwrap_or_default();
        match self.kind {
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

    /// What is to become of it.
    pub(crate) fn plan(&self, remove: bool, force: bool) -> Result<Target, Error> {
        let deed = if remove { self.taken_out(force)? } else { self.put_in(force)? };
        Ok(Target { path: self.path, real: self.real.clone(), deed })
    }

    fn put_in(&self, force: bool) -> Result<FileAction, Error> {
        let new = match self.kind {
            AgentFileContent::Block(body) => {
                managed_block::put(self.text.as_deref(), body, force).map_err(|trouble| self.trouble(&trouble))?
            }
            AgentFileContent::Hooks => self.with_hooks()?,
        };
        Ok(new.map_or(FileAction::Nothing(FileState::Current), |text| FileAction::Write(FileState::Written, text)))
    }

    fn taken_out(&self, force: bool) -> Result<FileAction, Error> {
        let Some(text) = &self.text else { return Ok(FileAction::Nothing(FileState::Absent)) };
        let rest = match self.kind {
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
            let hint = "Mend it, or add by hand what git jit agents install claude --print shows";
            refusal(self.path, &format!("it is left alone: {why}"), hint)
        })
    }

    fn trouble(&self, trouble: &Trouble) -> Error {
        let hint = match trouble {
            Trouble::Edited => "Move what you want to keep out of the block; --force gives up what was edited",
            Trouble::Broken { .. } => "Take the marks and what is between them out by hand, then install again",
            Trouble::Newer => "Use the version that made it, or take the block out by hand",
        };
        refusal(self.path, &trouble.to_string(), hint)
    }
}

fn refusal(path: &str, why: &str, hint: &str) -> Error {
    Error::AgentFile { path: path.to_owned(), why: why.to_owned(), hint: hint.to_owned() }
}

impl Target {
    /// What the file will say; nothing if it will be gone, or stays as it is.
    pub(crate) fn text(&self) -> Option<&str> {
        if let FileAction::Write(_, text) = &self.deed { Some(text) } else { None }
    }

    /// Makes it so.
    pub(crate) fn carry_out(self) -> Result<AgentFileReport, Error> {
        let Self { path, real, deed } = self;
        let above = real.parent().unwrap_or(Path::new("."));
        let state = match deed {
            FileAction::Nothing(state) => state,
            FileAction::Write(state, text) => {
                file::make_dir(above, VERSIONED)?;
                file::rewrite(file::finish_beside(&real, text.as_bytes(), VERSIONED, false)?)?;
                state
            }
            FileAction::Delete => {
                std::fs::remove_file(&real).map_err(store::Error::io("remove", &real))?;
                if path.contains('/') {
                    // Only an empty one goes; anything else in it is somebody's.
                    let _ = std::fs::remove_dir(above);
                }
                FileState::Removed
            }
        };
        Ok(AgentFileReport { path, state, text: None })
    }
}
