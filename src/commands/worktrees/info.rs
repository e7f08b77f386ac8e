//! `git jit worktree info`: the current worktree.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::WorktreeId;
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::identity::Identity;

// Arguments of `worktree info`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Info {
    worktree: CurrentWorktree,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct CurrentWorktree {
    worktree_id: Option<WorktreeId>,
    branch: Option<String>,
    root: String,
    r#type: WorktreeType,
    common_dir: String,
}

#[derive(Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
enum WorktreeType {
    Primary,
    Secondary,
}

/// Shows the worktree that contains the current directory.
pub(crate) fn run(session: &Session, Args {}: Args) -> CommandResult {
    let layout = session.layout()?;
    let root = layout.require_worktree()?.display().to_string();
    let worktree = CurrentWorktree {
        worktree_id: Identity::of(layout)?.map(|identity| identity.worktree_id),
        branch: layout.branch(),
        root,
        r#type: if layout.is_primary() { WorktreeType::Primary } else { WorktreeType::Secondary },
        common_dir: layout.common_dir.display().to_string(),
    };
    Ok(Box::new(Info { worktree }))
}

impl Report for Info {
    fn human(&self, styles: &Styles) -> String {
        let CurrentWorktree { worktree_id, branch, root, r#type, common_dir } = &self.worktree;
        let id = worktree_id.as_ref().map_or("none until the first command that writes".to_owned(), ToString::to_string);
        let kind = match r#type {
            WorktreeType::Primary => "primary worktree",
            WorktreeType::Secondary => "secondary worktree",
        };
        format!(
            "{}\n  ID:         {}\n  Branch:     {}\n  Root:       {root}\n  Type:       {kind}\n  Common dir: {common_dir}\n",
            styles.head("Worktree Information:"),
            styles.id(&id),
            plain_line(branch.as_deref().unwrap_or("none (detached HEAD)")),
        )
    }

    fn quiet(&self) -> Option<String> {
        self.worktree.worktree_id.as_ref().map(ToString::to_string)
    }
}
