//! `git jit init`: creates the versioned data, the id of this worktree and the merge driver of this clone, where missing.

use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::WorktreeId;
use crate::error::Error;
use crate::hooks::install::merge_driver;
use crate::output::Report;
use crate::output::text::Styles;
use crate::store::config;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::issues::VERSIONED;
use crate::store::layout::Layout;

// Arguments of `init`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Also name the merge driver in .gitattributes, for clones whose users have it in their own configuration
    #[arg(long)]
    gitattributes: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct InitReport {
    root: String,
    worktree_id: WorktreeId,
    created: Vec<String>,
    merge_driver: bool,
    changed: bool,
}

/// Creates what is missing.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { gitattributes } = args;
    let layout = session.layout()?;
    let root = layout.require_worktree()?;
    let mut created = Vec::new();
    if create_data_dir(root)? {
        created.push(".jit/config.toml".to_owned());
    }
    if gitattributes && merge_driver::track(root)? {
        created.push(".gitattributes, or a line in it".to_owned());
    }
    // The driver is a convenience: without it the command still succeeds.
    let merge_driver = merge_driver::install(&session.cx, layout).unwrap_or_else(|error| {
        session.output.warn(&format!("the merge driver is not set up, so issues are merged line by line: {error}"));
        false
    });
    let worktree_id = Identity::require(layout)?.worktree_id;
    let changed = merge_driver || !created.is_empty();
    Ok(Box::new(InitReport { root: root.display().to_string(), worktree_id, created, merge_driver, changed }))
}

/// Creates `.jit` with its settings file and issue directory, where missing: whether the settings were written.
pub(crate) fn create_data_dir(root: &Path) -> Result<bool, Error> {
    let dir = Layout::data_dir(root);
    file::make_dir(&dir.join("issues"), VERSIONED)?;
    let path = dir.join("config.toml");
    Ok(!path.exists() && file::finish_beside(&path, config::TEMPLATE.as_bytes(), VERSIONED, false)?.claim_name()?)
}

impl Report for InitReport {
    fn human(&self, styles: &Styles) -> String {
        let worktree = styles.faint(&format!("  worktree {} at {}", self.worktree_id, self.root));
        if !self.changed {
            return format!("git jit is already set up\n{worktree}\n");
        }
        let created: String = self.created.iter().map(|path| format!("  created {path}\n")).collect();
        let driver = if self.merge_driver { crate::commands::setup::hooks::DRIVER } else { "" };
        format!(
            "{}\n{created}{driver}{worktree}\nNext: git jit issue create \"…\", and git jit hooks install\n",
            styles.good("Set up git jit")
        )
    }
}
