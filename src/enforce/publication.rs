//! Who knows an issue. An issue that only its own branch knows may be edited there freely until it is published.
//!
//! An issue is known if a remote has it or had it, if a default branch has it, or if the primary worktree has it. A new issue is
//! not known by what others have only through the very commit that creates it.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use gix::{ObjectId, Repository};

use crate::domain::id::IssueId;
use crate::enforce::Result;
use crate::enforce::change::{FileChange, Position};
use crate::git::history;
use crate::git::tree;
use crate::store::layout::Layout;
use crate::store::worktrees;

/// What others have, read once for all changes that are judged: a push may create ten thousand issues.
pub(crate) struct Publication<'a> {
    layout: &'a Layout,
    /// The tips of what needs no judgement: what remotes are known to have.
    exempt: OnceCell<Vec<ObjectId>>,
    default_tips: OnceCell<Vec<ObjectId>>,
    head_of_primary: OnceCell<Option<ObjectId>>,
    /// The issues that the changes create, and those of them that published history ever had.
    created: HashSet<IssueId>,
    ever_had: OnceCell<HashSet<IssueId>>,
    /// The issues that the changes edit, and those of them that published history removed.
    edited: HashSet<IssueId>,
    ever_removed: OnceCell<HashSet<IssueId>>,
    /// The issues that a tip has.
    issues: RefCell<HashMap<ObjectId, HashSet<IssueId>>>,
    /// Whether the first commit is below the second.
    below: RefCell<HashMap<(ObjectId, ObjectId), bool>>,
}

impl<'a> Publication<'a> {
    /// For these changes. `exempt` are the tips that need no judgement; by default what remotes are known to have.
    pub(crate) fn new<'c>(
        layout: &'a Layout,
        changes: impl Iterator<Item = &'c FileChange>,
        exempt: Option<Vec<ObjectId>>,
    ) -> Self {
        let (mut created, mut edited) = (HashSet::new(), HashSet::new());
        for change in changes {
            let Some(issue) = change.edited_issue() else { continue };
            edited.insert(issue);
            if change.is_creation() {
                created.insert(issue);
            }
        }
        Self {
            layout,
            exempt: exempt.map_or_else(OnceCell::new, OnceCell::from),
            default_tips: OnceCell::new(),
            head_of_primary: OnceCell::new(),
            created,
            ever_had: OnceCell::new(),
            edited,
            ever_removed: OnceCell::new(),
            issues: RefCell::default(),
            below: RefCell::default(),
        }
    }

    /// The issues that the changes edit.
    pub(crate) fn edited(&self) -> &HashSet<IssueId> {
        &self.edited
    }

    /// The tips of what needs no judgement.
    pub(crate) fn exempt(&self) -> Result<&[ObjectId]> {
        get_or_read(&self.exempt, || Ok(history::published_tips(&self.layout.repo, self.layout.primary_root.as_deref())?))
            .map(Vec::as_slice)
    }

    /// Whether published history removed the issue.
    pub(crate) fn was_removed(&self, issue: IssueId) -> Result<bool> {
        let read = || ever_removed(&self.layout.repo, self.exempt()?, &self.edited);
        Ok(get_or_read(&self.ever_removed, read)?.contains(&issue))
    }

    /// Whether anyone but this branch knows the issue, which is created or edited at `position`.
    pub(crate) fn is_known(&self, issue: IssueId, is_creation: bool, position: Position<'_>) -> Result<bool> {
        for tip in self.exempt()? {
            if self.has(*tip, issue)? {
                return Ok(true);
            }
        }
        for tip in self.default_tips() {
            if self.has(*tip, issue)? && !(is_creation && self.is_reached_by(*tip, position)?) {
                return Ok(true);
            }
        }
        if self.is_in_primary(issue, position)? {
            return Ok(true);
        }
        if !is_creation {
            return Ok(!self.was_created_here(issue, position)?);
        }
        // A new random id is not in anyone's past. Other ids are found at the push.
        let read = || ever_had(&self.layout.repo, self.exempt()?, &self.created);
        Ok(position.commit.is_some() && get_or_read(&self.ever_had, read)?.contains(&issue))
    }

    fn default_tips(&self) -> &[ObjectId] {
        self.default_tips.get_or_init(|| {
            let mut tips: Vec<ObjectId> = history::default_branches(&self.layout.repo).into_iter().map(|(_, tip)| tip).collect();
            tips.sort_unstable();
            tips.dedup();
            tips
        })
    }

    fn has(&self, tip: ObjectId, issue: IssueId) -> Result<bool> {
        if let Some(issues) = self.issues.borrow().get(&tip) {
            return Ok(issues.contains(&issue));
        }
        let issues = issues_in(&self.layout.repo, tree::data_tree(&self.layout.repo, tip)?, |_| true)?;
        let has = issues.contains(&issue);
        self.issues.borrow_mut().insert(tip, issues);
        Ok(has)
    }

    /// Whether `tip` has the issue from the commit that is judged.
    fn is_reached_by(&self, tip: ObjectId, position: Position<'_>) -> Result<bool> {
        let Some(commit) = position.commit else { return Ok(false) };
        if let Some(is_below) = self.below.borrow().get(&(commit, tip)) {
            return Ok(*is_below);
        }
        let is_below = history::is_ancestor(&self.layout.repo, commit, tip)?;
        self.below.borrow_mut().insert((commit, tip), is_below);
        Ok(is_below)
    }

    /// The primary worktree's files count for changes in other worktrees, committed or not. Its HEAD counts everywhere.
    fn is_in_primary(&self, issue: IssueId, position: Position<'_>) -> Result<bool> {
        let head = *get_or_read(&self.head_of_primary, || Ok(worktrees::head_of_primary(self.layout)?))?;
        if let Some(head) = head.filter(|_| position.commit.is_some())
            && self.has(head, issue)?
        {
            return Ok(!self.is_reached_by(head, position)?);
        }
        let Some(primary) = self.layout.primary_root.as_ref().filter(|_| !self.layout.is_primary()) else { return Ok(false) };
        Ok(Layout::data_dir(primary).join("issues").join(issue.file_name()).exists())
    }

    /// Whether an unpublished commit below the change created the issue. Otherwise it came from what was published.
    fn was_created_here(&self, issue: IssueId, position: Position<'_>) -> Result<bool> {
        let repo = &self.layout.repo;
        let path = format!("issues/{}", issue.file_name());
        let has =
            |commit: ObjectId| -> Result<bool> { Ok(tree::file(repo, tree::data_tree(repo, commit)?, path.as_bytes())?.is_some()) };
        for commit in history::reachable(repo, position.parents, self.exempt()?)? {
            if !has(commit)? {
                continue;
            }
            let parents = history::parents(repo, commit)?;
            let before = parents.iter().map(|parent| has(*parent)).collect::<Result<Vec<_>>>()?;
            if !before.contains(&true) {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

fn get_or_read<T>(cell: &OnceCell<T>, read: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(found) = cell.get() {
        return Ok(found);
    }
    let found = read()?;
    Ok(cell.get_or_init(|| found))
}

/// The issues of a `.jit` tree that are wanted.
fn issues_in(repo: &Repository, data: Option<ObjectId>, is_wanted: impl Fn(&IssueId) -> bool) -> Result<HashSet<IssueId>> {
    let names = tree::subfolder(repo, data, "issues")?.into_iter();
    Ok(names.filter_map(|(name, _)| IssueId::from_file_name(&name)).filter(is_wanted).collect())
}

/// Those of `wanted` that a commit reachable from `tips` removed: it lacks what a parent has.
fn ever_removed(repo: &Repository, tips: &[ObjectId], wanted: &HashSet<IssueId>) -> Result<HashSet<IssueId>> {
    let (mut by_tree, mut found) = (HashMap::new(), HashSet::new());
    let mut has = |commit: ObjectId| -> Result<HashSet<IssueId>> {
        let data = tree::data_tree(repo, commit)?;
        if let Some(issues) = by_tree.get(&data) {
            return Ok(HashSet::clone(issues));
        }
        let issues = issues_in(repo, data, |id| wanted.contains(id))?;
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

/// Those of `wanted` that any commit reachable from `tips` ever had, in one walk.
pub(crate) fn ever_had(repo: &Repository, tips: &[ObjectId], wanted: &HashSet<IssueId>) -> Result<HashSet<IssueId>> {
    let (mut seen, mut found) = (HashSet::new(), HashSet::new());
    for commit in history::reachable(repo, tips, &[])? {
        let data = tree::data_tree(repo, commit)?;
        if !seen.insert(data) {
            continue;
        }
        found.extend(issues_in(repo, data, |id| wanted.contains(id))?);
        if found.len() == wanted.len() {
            break;
        }
    }
    Ok(found)
}
