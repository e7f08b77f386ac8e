//! The commits of a push or a range, each with the changes below `.jit/` that are judged.

use gix::ObjectId;

use crate::context::Context;
use crate::domain::policy::Finding;
use crate::enforce::Result;
use crate::enforce::change::{self, Compared, FileChange, Position};
use crate::enforce::progress::JudgeProgress;
use crate::git::history;
use crate::store::layout::Layout;

/// A commit that changes files below `.jit/`.
pub(crate) struct CommitChanges {
    pub commit: ObjectId,
    pub parents: Vec<ObjectId>,
    pub changes: Vec<FileChange>,
}

impl CommitChanges {
    /// Where its changes are made.
    pub(crate) fn position(&self) -> Position<'_> {
        Position { commit: Some(self.commit), parents: &self.parents }
    }
}

/// The commits that change files below `.jit/`, oldest first. `commits` is newest first. What is in the place of `.jit` without
/// being it goes to `findings`.
pub(crate) fn changes_of(
    cx: &Context,
    layout: &Layout,
    commits: &[ObjectId],
    findings: &mut Vec<Finding>,
) -> Result<Vec<CommitChanges>> {
    let repo = &layout.repo;
    let (mut found, mut progress) = (Vec::new(), JudgeProgress::new(cx));
    for (n, commit) in commits.iter().rev().enumerate() {
        progress.at(n, commits.len());
        let parents = history::parents(repo, *commit)?;
        findings.extend(change::misplaced(repo, *commit, &parents)?);
        let changes = change::changes(repo, &cx.scratch, &Compared::Commit(*commit), &parents)?;
        if !changes.is_empty() {
            found.push(CommitChanges { commit: *commit, parents, changes });
        }
    }
    Ok(found)
}
