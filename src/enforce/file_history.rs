//! What commits made of a file below `.jit/`.

use std::cell::RefCell;
use std::collections::{HashMap, HashSet};

use gix::bstr::{BStr, BString};
use gix::{ObjectId, Repository};

use crate::domain::transition::Transition;
use crate::git::Result;
use crate::git::history;
use crate::git::tree::{self, TreeEntry};

/// The steps of one file in one commit; `None` if the commit's parents were cut off.
type StepsByFile = HashMap<(ObjectId, BString), Option<Vec<Transition>>>;

/// The steps that commits made, read once for each commit and file.
#[derive(Default)]
pub(crate) struct FileHistory {
    steps: RefCell<StepsByFile>,
}

impl FileHistory {
    /// What a commit itself made of the file: for a merge, only what none of its parents has. `None` if its parents were cut off,
    /// since it may have made anything.
    pub(crate) fn steps_of(&self, repo: &Repository, commit: ObjectId, path: &BStr) -> Result<Option<Vec<Transition>>> {
        let key = (commit, path.to_owned());
        if let Some(steps) = self.steps.borrow().get(&key) {
            return Ok(steps.clone());
        }
        let steps = if history::is_shallow(repo, commit)? { None } else { Some(read_steps(repo, commit, path)?) };
        self.steps.borrow_mut().insert(key, steps.clone());
        Ok(steps)
    }

    /// What each of the commits below `parents` and not below `base` made of the file, without those that left it alone. `None` if
    /// that cannot be known of one of them.
    pub(crate) fn steps_since(
        &self,
        repo: &Repository,
        path: &BStr,
        parents: &[ObjectId],
        base: &[ObjectId],
    ) -> Result<Option<Vec<Vec<Transition>>>> {
        let mut all = Vec::new();
        for commit in history::reachable(repo, parents, base)? {
            match self.steps_of(repo, commit, path)? {
                None => return Ok(None),
                Some(steps) if steps.is_empty() => {}
                Some(steps) => all.push(steps),
            }
        }
        Ok(Some(all))
    }
}

fn read_steps(repo: &Repository, commit: ObjectId, path: &BStr) -> Result<Vec<Transition>> {
    let after = tree::data_tree(repo, commit)?;
    let parents = history::parents(repo, commit)?;
    let mut before = parents.into_iter().map(|parent| tree::data_tree(repo, parent)).collect::<Result<Vec<_>>>()?;
    if before.is_empty() {
        before.push(None);
    }
    if before.contains(&after) {
        return Ok(Vec::new());
    }
    let new = tree::file(repo, after, path)?;
    let mut steps = HashSet::new();
    for before in before {
        let old = tree::file(repo, before, path)?;
        if old == new {
            return Ok(Vec::new());
        }
        steps.insert((old.as_ref().map(TreeEntry::version), new.as_ref().map(TreeEntry::version)));
    }
    Ok(steps.into_iter().collect())
}

/// Those of `parents` that have the file as a step finds it; all of them if none has.
pub(crate) fn parents_before(repo: &Repository, path: &BStr, step: &Transition, parents: &[ObjectId]) -> Result<Vec<ObjectId>> {
    let mut side = Vec::new();
    for parent in parents {
        let here = tree::file(repo, tree::data_tree(repo, *parent)?, path)?;
        if here.as_ref().map(TreeEntry::version) == step.0 {
            side.push(*parent);
        }
    }
    Ok(if side.is_empty() { parents.to_vec() } else { side })
}
