//! Whether the results of gates are about the current content of the worktree.

use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::Session;
use crate::domain::id::IssueId;
use crate::domain::tracker::gate::{GateRecord, GateVerdict};
use crate::error::Error;
use crate::git::{run, tree};
use crate::store::layout::Layout;

/// The tree of the worktree's content without `.jit`; none where Git cannot compute it.
pub(crate) fn content_tree(session: &Session, layout: &Layout) -> Option<String> {
    let root = layout.worktree_root.as_deref()?;
    run::content_tree(root, &layout.git_dir, &layout.common_dir, &session.cx.scratch, tree::DATA).ok()
}

/// Warns of passed gates that ran on another tree than the worktree's content, or with another command.
pub(crate) fn warn_outdated(edit: &EditSession<'_>, id: IssueId) -> Result<(), Error> {
    let document = edit.load(id)?;
    let issue = document.issue();
    let passed = issue.gates_required.iter().map(|key| (key, GateRecord::of(issue, key)));
    let passed: Vec<(&String, GateRecord)> = passed.filter(|(_, record)| record.status == GateVerdict::Passed).collect();
    let now = passed.iter().any(|(_, record)| record.tree.is_some()).then(|| content_tree(edit.session, edit.layout)).flatten();
    for (key, record) in passed {
        if record.is_outdated(edit.registry()?.gate(key), now.as_deref()) == Some(true) {
            let what = "passed on another tree than the current one, or with another command";
            edit.session.output.warn(&format!("gate {key} of issue {}: {what}", id.short()));
        }
    }
    Ok(())
}
