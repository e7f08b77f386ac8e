//! Who knows an issue: an issue that only its own branch knows may be edited there freely until it is published.
//!
//! Known is what a remote has or had, what a default branch has, and what the primary worktree has. A new issue
//! is one that none of them knows but through the very commit that makes it.

use std::collections::HashSet;

use gix::ObjectId;

use super::Result;
use super::judge::Spot;
use crate::domain::id::IssueId;
use crate::store::layout::Layout;
use crate::store::{self, history, tree, worktrees};

/// A question about one change.
pub(crate) struct Known<'a> {
    pub layout: &'a Layout,
    pub exempt: &'a [ObjectId],
    pub spot: Spot<'a>,
    /// Whether the change makes the issue, or edits one that its parents have.
    pub is_creation: bool,
    /// Tells whether remotes are known to have ever had the issue.
    pub ever_published: &'a dyn Fn() -> Result<bool>,
}

impl Known<'_> {
    /// Whether anybody but this branch knows the issue.
    pub(crate) fn to_others(&self, issue: IssueId) -> Result<bool> {
        let path = format!("issues/{}", issue.file_name());
        for tip in self.exempt {
            if self.has(*tip, &path)? {
                return Ok(true);
            }
        }
        for name in history::default_branches(&self.layout.repo) {
            if let Some(tip) = history::ref_commit(&self.layout.repo, &name)
                && self.has(tip, &path)?
                && !(self.is_creation && self.is_reached_by(tip)?)
            {
                return Ok(true);
            }
        }
        if self.is_in_primary(&path)? {
            return Ok(true);
        }
        if !self.is_creation {
            return Ok(!self.was_made_here(&path)?);
        }
        // An id that is drawn anew is in nobody's past; one that is not is found at the push.
        Ok(self.spot.commit.is_some() && (self.ever_published)()?)
    }

    fn has(&self, tip: ObjectId, path: &str) -> store::Result<bool> {
        let repo = &self.layout.repo;
        Ok(tree::file(repo, tree::data_tree(repo, tip)?, path.as_bytes())?.is_some())
    }

    /// Whether `tip` knows what it knows from the commit that is judged.
    fn is_reached_by(&self, tip: ObjectId) -> store::Result<bool> {
        self.spot.commit.map_or(Ok(false), |commit| history::is_ancestor(&self.layout.repo, commit, tip))
    }

    /// What is in the primary worktree's files counts there, committed or not; what its HEAD has, everywhere.
    fn is_in_primary(&self, path: &str) -> Result<bool> {
        let head = worktrees::head_of_primary(self.layout)?;
        if let Some(head) = head.filter(|_| self.spot.commit.is_some())
            && self.has(head, path)?
        {
            return Ok(!self.is_reached_by(head)?);
        }
        let Some(primary) = self.layout.primary_root.as_ref().filter(|_| !self.layout.is_primary()) else { return Ok(false) };
        Ok(Layout::data_dir(primary).join(path).exists())
    }

    /// Whether a commit below the change that no remote has made the issue; otherwise it came from what was published.
    fn was_made_here(&self, path: &str) -> Result<bool> {
        let repo = &self.layout.repo;
        for commit in history::reachable(repo, self.spot.parents, self.exempt)? {
            if !self.has(commit, path)? {
                continue;
            }
            let parents = history::parents(repo, commit)?;
            let before = parents.iter().map(|parent| self.has(*parent, path)).collect::<store::Result<Vec<_>>>()?;
            if !before.contains(&true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Which of `wanted` any commit reachable from `tips` ever had: one walk for all of them.
pub(crate) fn ever_had(layout: &Layout, tips: &[ObjectId], wanted: &HashSet<IssueId>) -> Result<HashSet<IssueId>> {
    let repo = &layout.repo;
    let (mut seen, mut found) = (HashSet::new(), HashSet::new());
    for commit in history::reachable(repo, tips, &[])? {
        let data = tree::data_tree(repo, commit)?;
        if !seen.insert(data) {
            continue;
        }
        let names = tree::folder(repo, data, b"issues")?.into_iter().filter_map(|(name, _)| IssueId::from_file_name(&name));
        found.extend(names.filter(|id| wanted.contains(id)));
        if found.len() == wanted.len() {
            break;
        }
    }
    Ok(found)
}
