//! The commands of repositories that the user has approved: `approvals.json` beside the user's `agent.toml`.
//!
//! A command is approved by its text; after a change it must be approved again.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::store::file;
use crate::store::issues::VERSIONED;
use crate::store::lock;
use crate::store::{Error, Result};

#[derive(Debug, Default, Serialize, Deserialize)]
struct TrustedCommandsFile {
    schema_version: u32,
    approved: Vec<Approval>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Approval {
    /// The Git common directory.
    repository: String,
    /// The text of the command.
    command: String,
}

/// The user's approvals.
pub(crate) struct TrustedCommands {
    path: PathBuf,
}

impl TrustedCommands {
    /// The approvals in the directory of the user's `agent.toml`.
    pub(crate) fn beside(agent_file: &Path) -> Self {
        Self { path: agent_file.with_file_name("approvals.json") }
    }

    fn read(&self) -> Result<TrustedCommandsFile> {
        let Some(bytes) = file::read_optional(&self.path)? else { return Ok(TrustedCommandsFile::default()) };
        let corrupt = |error: serde_json::Error| Error::Corrupt { path: self.path.clone(), line: None, why: error.to_string() };
        serde_json::from_slice(&bytes).map_err(corrupt)
    }

    /// Whether a command of a repository is approved.
    pub(crate) fn has(&self, repository: &Path, command: &str) -> Result<bool> {
        let repository = repository.display().to_string();
        Ok(self.read()?.approved.iter().any(|one| one.repository == repository && one.command == command))
    }

    /// Approves a command; returns `false` if it was approved already.
    pub(crate) fn add(&self, repository: &Path, command: &str) -> Result<bool> {
        let dir = self.path.parent().unwrap_or(Path::new("."));
        file::make_dir(dir, VERSIONED)?;
        let _guard = lock::acquire(&self.path.with_extension("lock"), VERSIONED, lock::PATIENCE)?;
        let mut file = self.read()?;
        let approval = Approval { repository: repository.display().to_string(), command: command.to_owned() };
        if file.approved.contains(&approval) {
            return Ok(false);
        }
        file.schema_version = 1;
        file.approved.push(approval);
        let mut bytes = serde_json::to_vec_pretty(&file).expect("a record serializes into memory");
        bytes.push(b'\n');
        file::replace(&self.path, &bytes, VERSIONED)?;
        Ok(true)
    }
}
