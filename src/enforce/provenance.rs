//! Authority by what was done before: transitions that a commit hook recorded, or that others published.
//!
//! Each may be used once in a line of history. A commit below the change has used the steps that it made: the very
//! step, or the chain of them that it stands for after a squash or an amend. So a branch may be amended, squashed,
//! rebased and picked from, and what was used brings no old version back.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};

use gix::bstr::BString;
use gix::{ObjectId, Repository};

use crate::domain::transition::{Transition, chain};
use crate::enforce::Result;
use crate::enforce::change::{FileChange, Position};
use crate::git::history;
use crate::git::tree;
use crate::store;
use crate::store::authority::RecordedTransition;

/// What commits made of a file; nothing for one whose parents were cut off, since it may have made anything.
pub(crate) type StepCache = RefCell<HashMap<(ObjectId, BString), Option<Vec<Transition>>>>;

/// A question about one change.
pub(crate) struct Cover<'a> {
    pub repo: &'a Repository,
    pub exempt: &'a [ObjectId],
    pub spot: Position<'a>,
    pub change: &'a FileChange,
    pub made: &'a StepCache,
}

/// A step that gives authority, and the commits that it was made on top of.
#[derive(Debug, Clone, PartialEq, Eq)]
struct GrantedStep {
    step: Transition,
    base: Vec<ObjectId>,
}

impl Cover<'_> {
    /// Whether the change is covered by these recorded transitions, or by published ones that are not below it.
    pub(crate) fn holds(&self, upheld: &[&RecordedTransition]) -> Result<bool> {
        let mut grants = Vec::new();
        for entry in upheld {
            let ids = entry.base.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok());
            let base = ids.filter(|id| history::is_here(self.repo, *id)).collect();
            let grant = GrantedStep { step: entry.step(), base };
            // A commit that was given up and made again on the same base was recorded twice and is one.
            if !grants.contains(&grant) {
                grants.push(grant);
            }
        }
        if self.is_led_to(&grants)? {
            return Ok(true);
        }
        for commit in history::reachable(self.repo, self.exempt, self.spot.parents)? {
            let made = self.steps_of(commit)?.unwrap_or_default();
            if made.is_empty() {
                continue;
            }
            grants.extend(made.into_iter().map(|step| GrantedStep { step, base: vec![commit] }));
            if self.is_led_to(&grants)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether steps that are granted, and not used yet, lead to the change: in a resolution from every side, and on each what
    /// that side has used counts.
    fn is_led_to(&self, grants: &[GrantedStep]) -> Result<bool> {
        let leads = |steps: &[Transition], (from, to): &Transition| chain(steps, from.as_ref(), to.as_ref()).is_some();
        let (all, wanted): (Vec<Transition>, Vec<Transition>) = (steps(grants), self.change.steps().collect());
        if !self.change.is_resolution {
            let is_led = |steps: &[Transition]| wanted.iter().any(|step| leads(steps, step));
            return Ok(is_led(&all) && is_led(&self.unused(grants, self.spot.parents)?));
        }
        for step in &wanted {
            if !leads(&all, step) || !leads(&self.unused(grants, &self.side_of(step)?)?, step) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The parents that have the file as a step finds it; all of them where none has.
    fn side_of(&self, step: &Transition) -> Result<Vec<ObjectId>> {
        let mut side = Vec::new();
        for parent in self.spot.parents {
            let here = tree::file(self.repo, tree::data_tree(self.repo, *parent)?, &self.change.path)?;
            if here.as_ref().map(tree::TreeEntry::version) == step.0 {
                side.push(*parent);
            }
        }
        Ok(if side.is_empty() { self.spot.parents.to_vec() } else { side })
    }

    /// The steps that are left: granted more often than used below the change, or not used since one of their grants.
    fn unused(&self, grants: &[GrantedStep], parents: &[ObjectId]) -> Result<Vec<Transition>> {
        let all = steps(grants);
        let mut left = Vec::new();
        let by_step = grants.iter().fold(BTreeMap::<&Transition, Vec<&GrantedStep>>::new(), |mut by_step, grant| {
            by_step.entry(&grant.step).or_default().push(grant);
            by_step
        });
        for (step, granted) in by_step {
            // What was there before the oldest of them cannot have used any.
            let since_first = self.uses(step, &granted[0].base, &all, parents)?;
            let mut is_left = since_first.is_some_and(|uses| granted.len() > uses);
            for grant in granted.iter().skip(1).filter(|_| !is_left).collect::<Vec<_>>() {
                is_left = self.uses(step, &grant.base, &all, parents)? == Some(0);
                if is_left {
                    break;
                }
            }
            if is_left {
                left.push(step.clone());
            }
        }
        Ok(left)
    }

    /// How often commits below `parents` and not below `base` have used a step; nothing where that cannot be known.
    fn uses(&self, step: &Transition, base: &[ObjectId], all: &[Transition], parents: &[ObjectId]) -> Result<Option<usize>> {
        let mut uses = 0;
        for commit in history::reachable(self.repo, parents, base)? {
            let Some(made) = self.steps_of(commit)? else { return Ok(None) };
            let is_use = |made: &Transition| {
                // It may stand for others that were recorded on the way, and were squashed or amended into it.
                let others: Vec<Transition> = all.iter().filter(|other| *other != made).cloned().collect();
                let stands_for = || chain(&others, made.0.as_ref(), made.1.as_ref()).is_some_and(|chain| chain.contains(step));
                made == step || stands_for()
            };
            uses += usize::from(made.iter().any(is_use));
        }
        Ok(Some(uses))
    }

    /// What a commit itself made of the file: a merge, only what none of its parents has.
    fn steps_of(&self, commit: ObjectId) -> Result<Option<Vec<Transition>>> {
        let key = (commit, self.change.path.clone());
        if let Some(made) = self.made.borrow().get(&key) {
            return Ok(made.clone());
        }
        let made = if history::is_shallow(self.repo, commit)? { None } else { Some(self.read_steps_of(commit)?) };
        self.made.borrow_mut().insert(key, made.clone());
        Ok(made)
    }

    fn read_steps_of(&self, commit: ObjectId) -> Result<Vec<Transition>> {
        let after = tree::data_tree(self.repo, commit)?;
        let parents = history::parents(self.repo, commit)?;
        let mut before = parents.into_iter().map(|parent| tree::data_tree(self.repo, parent)).collect::<store::Result<Vec<_>>>()?;
        if before.is_empty() {
            before.push(None);
        }
        if before.contains(&after) {
            return Ok(Vec::new());
        }
        let new = tree::file(self.repo, after, &self.change.path)?;
        let mut steps = HashSet::new();
        for before in before {
            let old = tree::file(self.repo, before, &self.change.path)?;
            if old == new {
                return Ok(Vec::new());
            }
            steps.insert((old.as_ref().map(tree::TreeEntry::version), new.as_ref().map(tree::TreeEntry::version)));
        }
        Ok(steps.into_iter().collect())
    }
}

fn steps(grants: &[GrantedStep]) -> Vec<Transition> {
    grants.iter().map(|grant| grant.step.clone()).collect()
}
