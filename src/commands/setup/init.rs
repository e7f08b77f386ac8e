//! `git jit init`: the versioned data, this worktree's identity and this clone's merge driver, where they are missing.

use std::path::Path;

use serde_json::{Value, json};

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
    /// Name the merge driver in .gitattributes too, for clones whose users have it in their own configuration
    #[arg(long)]
    gitattributes: bool,
}

struct Initialized {
    root: String,
    worktree_id: WorktreeId,
    created: Vec<String>,
    driver: bool,
}

/// Writes `.jit/config.toml` unless it is there, and gives this worktree its id.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { gitattributes } = args;
    let layout = session.layout()?;
    let root = layout.require_worktree()?;
    let mut created = Vec::new();
    if make_data(root)? {
        created.push(".jit/config.toml".to_owned());
    }
    if gitattributes && merge_driver::track(root)? {
        created.push(".gitattributes, or a line in it".to_owned());
    }
    // A convenience: what was asked for does not fail for want of it.
    let driver = merge_driver::install(&session.cx, layout).unwrap_or_else(|error| {
        session.output.warn(&format!("issues are not merged field by field yet, which git jit init sets up: {error}"));
        false
    });
    let worktree_id = Identity::require(layout)?.worktree_id;
    Ok(Box::new(Initialized { root: root.display().to_string(), worktree_id, created, driver }))
}

/// Makes `.jit` and what has to be in it, unless it is there: whether the settings were written.
pub(crate) fn make_data(root: &Path) -> Result<bool, Error> {
    let dir = Layout::data_dir(root);
    file::make_dir(&dir.join("issues"), VERSIONED)?;
    let path = dir.join("config.toml");
    Ok(!path.exists() && file::finish_beside(&path, config::TEMPLATE.as_bytes(), VERSIONED, false)?.claim_name()?)
}

impl Report for Initialized {
    fn json(&self) -> Value {
        let changed = self.driver || !self.created.is_empty();
        json!({
            "root": self.root, "worktree_id": self.worktree_id, "created": self.created, "merge_driver": self.driver, "changed": changed,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let worktree = styles.faint(&format!("  worktree {} at {}", self.worktree_id, self.root));
        if self.created.is_empty() && !self.driver {
            return format!("git jit is set up here already\n{worktree}\n");
        }
        let created: String = self.created.iter().map(|path| format!("  created {path}\n")).collect();
        let driver = if self.driver { crate::commands::setup::hooks::DRIVER } else { "" };
        format!(
            "{}\n{created}{driver}{worktree}\nNext: git jit issue create \"…\", and git jit hooks install\n",
            styles.good("Set up git jit")
        )
    }
}
