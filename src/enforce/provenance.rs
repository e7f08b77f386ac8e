//! Authority by what was done before: steps that the commit hook recorded, or that others have published.
//!
//! A step may be used once in a line of history. A commit below the edit has used the steps that it made: the step itself, or the
//! chain of steps that it replaces after a squash or an amend. So a branch may be amended, squashed, rebased and picked from, and
//! a used step never brings an old version back.

use std::collections::{BTreeMap, HashMap};

use gix::ObjectId;

use crate::domain::transition::{Transition, chain};
use crate::enforce::change::Edit;

/// A step that gives authority, and the commits that it was made on top of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct GrantedStep {
    pub step: Transition,
    pub base: Vec<ObjectId>,
}

/// The commits below an edit and not below `base`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    /// In a resolution, the step whose side counts: only the parents that have the file as the step finds it.
    pub side: Option<Transition>,
    pub base: Vec<ObjectId>,
}

/// What commits made of the edited file, so far as it has been read.
#[derive(Debug, Clone, Default)]
pub(crate) struct History {
    /// What each commit of a line made of the file; `None` if that cannot be known, because the history was cut off.
    pub lines: HashMap<Line, Option<Vec<Vec<Transition>>>>,
    /// The steps of published commits that are not below the edit, newest first.
    pub published: Vec<GrantedStep>,
    /// Whether all of those have been read.
    pub is_complete: bool,
}

/// A part of the history that is needed and has not been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MissingHistory {
    Line(Line),
    /// The next published commit that changed the file.
    Published,
}

/// Whether recorded or published steps that are not used yet lead to the edit.
pub(crate) fn covers(edit: &Edit, recorded: &[GrantedStep], history: &History) -> Result<bool, MissingHistory> {
    let granted = [recorded, &history.published].concat();
    if is_led_to(edit, &granted, history)? {
        return Ok(true);
    }
    if history.is_complete { Ok(false) } else { Err(MissingHistory::Published) }
}

/// Whether granted steps lead to the edit. In a resolution they must lead there from every side, and what that side has used counts.
fn is_led_to(edit: &Edit, granted: &[GrantedStep], history: &History) -> Result<bool, MissingHistory> {
    let leads = |steps: &[Transition], (from, to): &Transition| chain(steps, from.as_ref(), to.as_ref()).is_some();
    let all = steps(granted);
    if !edit.is_resolution {
        let leads_to_any = |steps: &[Transition]| edit.steps.iter().any(|step| leads(steps, step));
        return Ok(leads_to_any(&all) && leads_to_any(&unused(granted, None, history)?));
    }
    for step in &edit.steps {
        if !leads(&all, step) || !leads(&unused(granted, Some(step), history)?, step) {
            return Ok(false);
        }
    }
    Ok(true)
}

/// The steps that are left: granted more often than used below the edit, or not used since one of their grants.
fn unused(granted: &[GrantedStep], side: Option<&Transition>, history: &History) -> Result<Vec<Transition>, MissingHistory> {
    let all = steps(granted);
    let mut by_step = BTreeMap::<&Transition, Vec<&GrantedStep>>::new();
    for grant in granted {
        by_step.entry(&grant.step).or_default().push(grant);
    }
    let mut left = Vec::new();
    for (step, grants) in by_step {
        let uses_since = |grant: &GrantedStep| uses(step, Line { side: side.cloned(), base: grant.base.clone() }, &all, history);
        // Commits before the oldest grant cannot have used any.
        let mut is_left = uses_since(grants[0])?.is_some_and(|uses| grants.len() > uses);
        for grant in &grants[1..] {
            if is_left {
                break;
            }
            is_left = uses_since(grant)? == Some(0);
        }
        if is_left {
            left.push(step.clone());
        }
    }
    Ok(left)
}

/// How often the commits of a line have used a step; `None` if that cannot be known.
fn uses(step: &Transition, line: Line, all: &[Transition], history: &History) -> Result<Option<usize>, MissingHistory> {
    let Some(commits) = history.lines.get(&line) else { return Err(MissingHistory::Line(line)) };
    let is_use = |made: &Transition| {
        // It may replace recorded steps that were squashed or amended into it.
        let others: Vec<Transition> = all.iter().filter(|other| *other != made).cloned().collect();
        let replaces = || chain(&others, made.0.as_ref(), made.1.as_ref()).is_some_and(|chain| chain.contains(step));
        made == step || replaces()
    };
    Ok(commits.as_ref().map(|commits| commits.iter().filter(|steps| steps.iter().any(is_use)).count()))
}

fn steps(granted: &[GrantedStep]) -> Vec<Transition> {
    granted.iter().map(|grant| grant.step.clone()).collect()
}
