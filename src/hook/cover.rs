//! Authority by what was done before: transitions that a commit hook recorded, or that others published.
//!
//! Each may be used once in a line of history: a step that a commit below the change has made already does not
//! bring the old version back. So a branch may be amended, squashed, rebased and picked from, and a toggle that
//! was allowed twice is not allowed a third time.

use std::collections::{HashMap, HashSet};

use gix::{ObjectId, Repository};

use super::Result;
use super::change::Change;
use super::judge::Spot;
use crate::domain::transition::{Step, leads};
use crate::store::authority::Entry;
use crate::store::{self, history, tree};

/// A question about one change.
pub(crate) struct Cover<'a> {
    pub repo: &'a Repository,
    pub exempt: &'a [ObjectId],
    pub spot: Spot<'a>,
    pub change: &'a Change,
}

impl Cover<'_> {
    /// Whether the change is covered by these recorded transitions, or by published ones that are not below it.
    pub(crate) fn holds(&self, upheld: &[&Entry]) -> Result<bool> {
        let mut steps = self.unused(upheld)?;
        if self.is_led_to(&steps) {
            return Ok(true);
        }
        for commit in history::reachable(self.repo, self.exempt, self.spot.parents)? {
            let made = self.steps_of(commit)?;
            if !made.is_empty() {
                steps.extend(made);
                if self.is_led_to(&steps) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn is_led_to(&self, steps: &[Step]) -> bool {
        let mut leads = self.change.steps().map(|(from, to)| leads(steps, from.as_ref(), to.as_ref()));
        if self.change.is_resolution { leads.all(|it| it) } else { leads.any(|it| it) }
    }

    /// The steps that were recorded more often than commits below the change have made them.
    fn unused(&self, upheld: &[&Entry]) -> Result<Vec<Step>> {
        let all: Vec<Step> = upheld.iter().map(|entry| entry.step()).collect();
        if !self.is_led_to(&all) {
            return Ok(Vec::new());
        }
        // A commit that was given up and made again on the same base was recorded twice and is one.
        let mut grants: HashMap<Step, Vec<&Entry>> = HashMap::new();
        for entry in upheld {
            let same = grants.entry(entry.step()).or_default();
            if !same.iter().any(|other| other.base == entry.base && other.lease_id == entry.lease_id) {
                same.push(entry);
            }
        }
        let mut unused = Vec::new();
        for (step, entries) in grants {
            // What was there before the oldest of them was recorded cannot have been made under any.
            let base: Vec<ObjectId> = entries.first().map(|entry| self.base(entry)).unwrap_or_default();
            let mut made = 0;
            for commit in history::reachable(self.repo, self.spot.parents, &base)? {
                made += usize::from(self.steps_of(commit)?.contains(&step));
            }
            if entries.len() > made {
                unused.push(step);
            }
        }
        Ok(unused)
    }

    fn base(&self, entry: &Entry) -> Vec<ObjectId> {
        let ids = entry.base.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok());
        ids.filter(|id| history::is_here(self.repo, *id)).collect()
    }

    /// What a commit itself made of the file: a merge, only what none of its parents has. The parents of a shallow
    /// commit are not known, and neither is what it made.
    fn steps_of(&self, commit: ObjectId) -> Result<HashSet<Step>> {
        if history::is_shallow(self.repo, commit)? {
            return Ok(HashSet::new());
        }
        let after = tree::data_tree(self.repo, commit)?;
        let parents = history::parents(self.repo, commit)?;
        let mut before = parents.into_iter().map(|parent| tree::data_tree(self.repo, parent)).collect::<store::Result<Vec<_>>>()?;
        if before.is_empty() {
            before.push(None);
        }
        if before.contains(&after) {
            return Ok(HashSet::new());
        }
        let new = tree::file(self.repo, after, &self.change.path)?;
        let mut steps = HashSet::new();
        for before in before {
            let old = tree::file(self.repo, before, &self.change.path)?;
            if old == new {
                return Ok(HashSet::new());
            }
            steps.insert((old.as_ref().map(tree::Entry::version), new.as_ref().map(tree::Entry::version)));
        }
        Ok(steps)
    }
}
