//! Who knows an issue: an issue that only its own branch knows may be edited there freely until it is published.
//!
//! Known is what a remote has or had, what a default branch has, and what the primary worktree has. A new issue
//! is one that none of them knows but through the very commit that makes it.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::domain::id::IssueId;
use crate::enforce::Result;
use crate::enforce::change::Position;
use crate::git::history;
use crate::git::tree;
use crate::store;
use crate::store::layout::Layout;
use crate::store::worktrees;

/// What was read for one change and serves the next: a push may make ten thousand issues.
#[derive(Default)]
pub(crate) struct Seen {
    defaults: OnceCell<Vec<ObjectId>>,
    primary: OnceCell<Option<ObjectId>>,
    /// The issues that a tip has.
    issues: RefCell<HashMap<ObjectId, HashSet<IssueId>>>,
    /// Whether the first is below the second.
    below: RefCell<HashMap<(ObjectId, ObjectId), bool>>,
}

/// A question about one change.
pub(crate) struct PublicationQuery<'a> {
    pub layout: &'a Layout,
    pub exempt: &'a [ObjectId],
    pub spot: Position<'a>,
    /// Whether the change makes the issue, or edits one that its parents have.
    pub is_creation: bool,
    /// Tells whether remotes are known to have ever had the issue.
    pub ever_published: &'a dyn Fn() -> Result<bool>,
    pub seen: &'a Seen,
}

impl PublicationQuery<'_> {
    /// Whether anybody but this branch knows the issue.
    pub(crate) fn to_others(&self, issue: IssueId) -> Result<bool> {
        for tip in self.exempt {
            if self.has(*tip, issue)? {
                return Ok(true);
            }
        }
        for tip in self.defaults() {
            if self.has(*tip, issue)? && !(self.is_creation && self.is_reached_by(*tip)?) {
                return Ok(true);
            }
        }
        if self.is_in_primary(issue)? {
            return Ok(true);
        }
        if !self.is_creation {
            return Ok(!self.was_made_here(&format!("issues/{}", issue.file_name()))?);
        }
        // An id that is drawn anew is in nobody's past; one that is not is found at the push.
        Ok(self.spot.commit.is_some() && (self.ever_published)()?)
    }

    fn defaults(&self) -> &[ObjectId] {
        self.seen.defaults.get_or_init(|| {
            let mut tips: Vec<ObjectId> = history::default_branches(&self.layout.repo).into_iter().map(|(_, tip)| tip).collect();
            tips.sort_unstable();
            tips.dedup();
            tips
        })
    }

    /// Whether a tip has the issue.
    fn has(&self, tip: ObjectId, issue: IssueId) -> store::Result<bool> {
        if let Some(issues) = self.seen.issues.borrow().get(&tip) {
            return Ok(issues.contains(&issue));
        }
        let data = tree::data_tree(&self.layout.repo, tip)?;
        let names = tree::subfolder(&self.layout.repo, data, "issues")?.into_iter();
        let issues: HashSet<IssueId> = names.filter_map(|(name, _)| IssueId::from_file_name(&name)).collect();
        let has = issues.contains(&issue);
        self.seen.issues.borrow_mut().insert(tip, issues);
        Ok(has)
    }

    /// Whether `tip` knows what it knows from the commit that is judged.
    fn is_reached_by(&self, tip: ObjectId) -> store::Result<bool> {
        let Some(commit) = self.spot.commit else { return Ok(false) };
        if let Some(is_below) = self.seen.below.borrow().get(&(commit, tip)) {
            return Ok(*is_below);
        }
        let is_below = history::is_ancestor(&self.layout.repo, commit, tip)?;
        self.seen.below.borrow_mut().insert((commit, tip), is_below);
        Ok(is_below)
    }

    /// What is in the primary worktree's files counts there, committed or not; what its HEAD has, everywhere.
    fn is_in_primary(&self, issue: IssueId) -> Result<bool> {
        if self.seen.primary.get().is_none() {
            let _ = self.seen.primary.set(worktrees::head_of_primary(self.layout)?);
        }
        let head = self.seen.primary.get().copied().flatten();
        if let Some(head) = head.filter(|_| self.spot.commit.is_some())
            && self.has(head, issue)?
        {
            return Ok(!self.is_reached_by(head)?);
        }
        let Some(primary) = self.layout.primary_root.as_ref().filter(|_| !self.layout.is_primary()) else { return Ok(false) };
        Ok(Layout::data_dir(primary).join("issues").join(issue.file_name()).exists())
    }

    /// Whether a commit below the change that no remote has made the issue; otherwise it came from what was published.
    fn was_made_here(&self, path: &str) -> Result<bool> {
        let repo = &self.layout.repo;
        let has = |commit: ObjectId| -> store::Result<bool> {
            Ok(tree::file(repo, tree::data_tree(repo, commit)?, path.as_bytes())?.is_some())
        };
        for commit in history::reachable(repo, self.spot.parents, self.exempt)? {
            if !has(commit)? {
                continue;
            }
            let parents = history::parents(repo, commit)?;
            let before = parents.iter().map(|parent| has(*parent)).collect::<store::Result<Vec<_>>>()?;
            if !before.contains(&true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Which of `wanted` a commit reachable from `tips` removed: a merge only where it has none of its parents' files.
pub(crate) fn ever_removed(layout: &Layout, tips: &[ObjectId], wanted: &HashSet<IssueId>) -> Result<HashSet<IssueId>> {
    let repo = &layout.repo;
    let (mut by_tree, mut found) = (HashMap::new(), HashSet::new());
    let mut has = |commit: ObjectId| -> store::Result<HashSet<IssueId>> {
        let data = tree::data_tree(repo, commit)?;
        if let Some(issues) = by_tree.get(&data) {
            return Ok(HashSet::clone(issues));
        }
        let names = tree::subfolder(repo, data, "issues")?.into_iter().filter_map(|(name, _)| IssueId::from_file_name(&name));
        let issues: HashSet<IssueId> = names.filter(|id| wanted.contains(id)).collect();
        by_tree.insert(data, issues.clone());
        Ok(issues)
    };
    for commit in history::reachable(repo, tips, &[])? {
        let after = has(commit)?;
        if history::is_shallow(repo, commit)? || after.len() == wanted.len() {
            continue;
        }
        for parent in history::parents(repo, commit)? {
            found.extend(has(parent)?.difference(&after).copied());
        }
    }
    Ok(found)
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
        let names = tree::subfolder(repo, data, "issues")?.into_iter().filter_map(|(name, _)| IssueId::from_file_name(&name));
        found.extend(names.filter(|id| wanted.contains(id)));
        if found.len() == wanted.len() {
            break;
        }
    }
    Ok(found)
}
