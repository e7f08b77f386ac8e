//! The judgement of changes: by a live lease, by what is recorded, by what the world already has.
//!
//! A [`Judge`] reads each fact once and only when a change asks for it. Its answers are an [`Authority`] or a
//! [`Finding`]; what follows from a finding is the policy's business.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use super::Result;
use super::change::Change;
use crate::domain::id::{IssueId, LeaseId};
use crate::domain::lease::{Fate, Ledger};
use crate::domain::policy::{self, Because, Editor, Finding, Policy};
use crate::domain::time::Now;
use crate::domain::transition::{Step, leads};
use crate::store::authority::Entry;
use crate::store::layout::Layout;
use crate::store::{self, history, tree};

/// By what right a change stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The editor's own live lease.
    Lease(LeaseId),
    /// Nobody else knows the issue yet.
    Private,
    /// It was recorded when it was made, or published by others.
    Known,
}

/// Judges changes in one repository at one moment, for one editor.
pub(crate) struct Judge<'a> {
    layout: &'a Layout,
    policy: &'a Policy,
    editor: Editor,
    now: Now,
    ledger: std::result::Result<Ledger, String>,
    published: OnceCell<Vec<ObjectId>>,
    default_branch: Option<(String, ObjectId)>,
    recorded: HashMap<String, Vec<Entry>>,
    fates: HashMap<LeaseId, Fate>,
}

impl<'a> Judge<'a> {
    /// A judge for `editor`, who holds what the ledger says at `now`.
    pub(crate) fn new(layout: &'a Layout, policy: &'a Policy, editor: Editor, now: Now) -> Self {
        let default = history::default_branches(&layout.repo).into_iter().next();
        let default_branch = default.and_then(|name| Some((name.clone(), history::ref_commit(&layout.repo, &name)?)));
        Self {
            layout,
            policy,
            editor,
            now,
            ledger: layout.claims().ledger().map_err(|error| error.to_string()),
            published: OnceCell::new(),
            default_branch,
            recorded: HashMap::new(),
            fates: HashMap::new(),
        }
    }

    /// The repository.
    pub(crate) fn repo(&self) -> &gix::Repository {
        &self.layout.repo
    }

    /// The default branch and its tip, if there is one.
    pub(crate) fn default_branch(&self) -> Option<&(String, ObjectId)> {
        self.default_branch.as_ref()
    }

    /// The ledger, if it can be read.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref().ok()
    }

    /// Who edits.
    pub(crate) fn editor(&self) -> &Editor {
        &self.editor
    }

    /// The finding that the lease log cannot be read, if it cannot.
    pub(crate) fn broken_ledger(&self) -> Option<Finding> {
        self.ledger.as_ref().err().map(|why| Finding::NoLedger { why: why.clone() })
    }

    /// Commits that need no judgement, beside those that remotes are known to have.
    pub(crate) fn exempt(&mut self, more: &[ObjectId]) -> Result<&[ObjectId]> {
        let mut tips = history::published_tips(self.layout)?;
        tips.extend(more);
        self.published = OnceCell::from(tips);
        self.published()
    }

    fn published(&self) -> Result<&[ObjectId]> {
        if let Some(tips) = self.published.get() {
            return Ok(tips);
        }
        let tips = history::published_tips(self.layout)?;
        Ok(self.published.get_or_init(|| tips))
    }

    /// Reads what was recorded about these changes, all at once.
    pub(crate) fn consult<'c>(&mut self, changes: impl Iterator<Item = &'c Change>) -> Result<()> {
        let paths: HashSet<String> = changes.filter(|change| change.edited_issue().is_some()).map(Change::name).collect();
        if paths.is_empty() {
            return Ok(());
        }
        let entries = self.layout.authority().entries(&paths, self.now.wall)?;
        let leases: HashSet<LeaseId> = entries.iter().filter_map(|entry| entry.lease_id.clone()).collect();
        if self.ledger.is_ok() {
            self.fates = self.layout.claims().fates(leases)?;
        }
        for entry in entries {
            self.recorded.entry(entry.path.clone()).or_default().push(entry);
        }
        Ok(())
    }

    /// Whether this editor may edit `issue` as it stands in this worktree.
    pub(crate) fn may_edit(&self, issue: IssueId) -> Result<std::result::Result<Authority, Finding>> {
        let finding = match self.lease_for(issue) {
            Ok(lease_id) => return Ok(Ok(Authority::Lease(lease_id))),
            Err(finding) => finding,
        };
        if matches!(finding, Finding::Unleased { .. } | Finding::Lapsed { .. }) && !self.is_known(issue, None)? {
            return Ok(Ok(Authority::Private));
        }
        Ok(Err(finding))
    }

    fn lease_for(&self, issue: IssueId) -> std::result::Result<LeaseId, Finding> {
        let ledger = self.ledger.as_ref().map_err(|why| Finding::NoLedger { why: why.clone() })?;
        policy::lease_for_edit(ledger, issue, &self.editor, &self.now, self.policy.stale_threshold_secs)
    }

    /// Judges a change that is staged (`commit` is `None`) or that a commit made; `None` where it is no edit.
    pub(crate) fn judge(
        &self,
        change: &Change,
        commit: Option<ObjectId>,
    ) -> Result<std::result::Result<Option<Authority>, Finding>> {
        let Some(issue) = change.edited_issue() else { return Ok(Ok(None)) };
        let finding = match self.lease_for(issue) {
            Ok(lease_id) => return Ok(Ok(Some(Authority::Lease(lease_id)))),
            Err(finding) => finding,
        };
        let creating = if change.is_creation() { commit } else { None };
        let is_free = matches!(finding, Finding::Unleased { .. } | Finding::Lapsed { .. } | Finding::NoLedger { .. });
        if is_free && !self.is_known(issue, creating)? {
            return Ok(Ok(Some(Authority::Private)));
        }
        if matches!(finding, Finding::NoLedger { .. }) {
            return Ok(Err(finding));
        }
        if self.is_covered(change)? {
            return Ok(Ok(Some(Authority::Known)));
        }
        Ok(Err(match commit {
            None => finding,
            Some(commit) => {
                let because = self.because(change);
                Finding::Unauthorised { issue, commit: commit.to_string(), because, now: Box::new(finding) }
            }
        }))
    }

    /// Whether anybody but this branch knows the issue: a remote, the default branch, the primary worktree.
    ///
    /// `creating` is a commit that makes the issue: what descends from it knows the issue from there.
    fn is_known(&self, issue: IssueId, creating: Option<ObjectId>) -> Result<bool> {
        let repo = &self.layout.repo;
        let path = format!("issues/{}", issue.file_name());
        let has = |tip: ObjectId| -> store::Result<bool> {
            Ok(tree::file(repo, tree::data_tree(repo, tip)?, path.as_bytes())?.is_some())
        };
        let descends = |tip: ObjectId| match creating {
            Some(commit) => history::is_ancestor(repo, commit, tip),
            None => Ok(false),
        };
        for tip in self.published()? {
            if has(*tip)? {
                return Ok(true);
            }
        }
        if let Some((_, tip)) = &self.default_branch
            && has(*tip)?
            && !descends(*tip)?
        {
            return Ok(true);
        }
        if self.layout.is_primary() {
            return Ok(false);
        }
        let Some(primary) = &self.layout.primary_root else { return Ok(false) };
        if !Layout::data_dir(primary).join(&path).exists() {
            return Ok(false);
        }
        let head = store::worktrees::head_of_primary(self.layout)?;
        Ok(!head.map(descends).transpose()?.unwrap_or(false))
    }

    /// Whether recorded transitions, under leases whose authority lasts, lead to the change, or such that commits
    /// made which need no judgement: a cherry-pick, or a rebase of others' work.
    fn is_covered(&self, change: &Change) -> Result<bool> {
        let recorded = self.recorded.get(&change.name()).into_iter().flatten();
        let mut steps: Vec<Step> = recorded.filter(|entry| self.upholds(entry)).map(Entry::step).collect();
        if covers(change, &steps) {
            return Ok(true);
        }
        let repo = &self.layout.repo;
        for commit in history::reachable(repo, self.published()?, &[])? {
            let made = published_steps(repo, commit, &change.path)?;
            if !made.is_empty() {
                steps.extend(made);
                if covers(change, &steps) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }

    fn upholds(&self, entry: &Entry) -> bool {
        match &entry.lease_id {
            None => entry.adopted.is_some(),
            Some(id) => self.fates.get(id).is_some_and(|fate| fate.upholds(&self.now, self.policy.stale_threshold_secs)),
        }
    }

    /// Why a change that was committed has no authority.
    fn because(&self, change: &Change) -> Because {
        let to = change.to.as_ref().map(tree::Entry::version);
        let entries = self.recorded.get(&change.name()).into_iter().flatten();
        for entry in entries.filter(|entry| entry.to == to && !self.upholds(entry)) {
            let Some(lease_id) = entry.lease_id.clone() else { continue };
            return match self.fates.get(&lease_id) {
                Some(Fate::Evicted { by, reason }) => Because::LeaseEvicted { lease_id, by: by.clone(), reason: reason.clone() },
                _ => Because::LeaseLapsed { lease_id },
            };
        }
        Because::NeverRecorded
    }
}

fn covers(change: &Change, steps: &[Step]) -> bool {
    let mut leads = change.steps().map(|(from, to)| leads(steps, from.as_ref(), to.as_ref()));
    if change.is_resolution { leads.all(|it| it) } else { leads.any(|it| it) }
}

/// What a commit made of a file, seen from each of its parents.
fn published_steps(repo: &gix::Repository, commit: ObjectId, path: &[u8]) -> Result<Vec<Step>> {
    let after = tree::data_tree(repo, commit)?;
    let parents = history::parents(repo, commit)?;
    let mut before = parents.into_iter().map(|parent| tree::data_tree(repo, parent)).collect::<store::Result<Vec<_>>>()?;
    if before.is_empty() {
        before.push(None);
    }
    let mut steps = Vec::new();
    for before in before.into_iter().filter(|before| *before != after) {
        let (old, new) = (tree::file(repo, before, path)?, tree::file(repo, after, path)?);
        if old != new {
            steps.push((old.as_ref().map(tree::Entry::version), new.as_ref().map(tree::Entry::version)));
        }
    }
    Ok(steps)
}
