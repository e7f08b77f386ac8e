//! The judgement of changes: by a live lease, by who knows the issue, by what is recorded and published.
//!
//! A [`Judge`] reads each fact once and only when a change asks for it. Its answers are an [`Authority`] or a
//! [`Finding`]; what follows from a finding is the policy's business.

use std::cell::{OnceCell, RefCell};
use std::collections::{HashMap, HashSet};

use gix::ObjectId;

use crate::domain::id::{IssueId, LeaseId};
use crate::domain::lease::Ledger;
use crate::domain::policy::{self, Editor, Finding};
use crate::domain::time::Now;
use crate::enforce::change::{FileChange, Position};
use crate::enforce::provenance::{Cover, StepCache};
use crate::enforce::publication::{self, PublicationQuery, Seen};
use crate::enforce::recorded::Records;
use crate::enforce::{self, Result};
use crate::git::history;
use crate::git::range;
use crate::git::tree;
use crate::lease::coordinator::About;
use crate::repo::Repo;
use crate::store::authority::{PRIVATE, RecordedTransition, TOLERATED};

/// By what right a change stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The editor's own live lease.
    Lease(LeaseId),
    /// Nobody else knows the issue yet.
    Private,
    /// It was recorded when it was made, or published by others.
    Known,
    /// None: the policy is what lets it pass.
    Tolerated,
}

/// Judges changes in one repository at one moment, for one editor.
pub(crate) struct Judge<'a> {
    repo: Repo<'a>,
    editor: Editor,
    now: Now,
    ledger: OnceCell<std::result::Result<Ledger, String>>,
    /// Commits that need no judgement, by their tips.
    exempt: OnceCell<Vec<ObjectId>>,
    records: Records,
    /// The issues that the changes make, and which of them remotes are known to have had.
    creations: HashSet<IssueId>,
    ever_published: OnceCell<HashSet<IssueId>>,
    /// The issues that the changes edit, and which of them what remotes have has removed.
    edited: HashSet<IssueId>,
    ever_removed: OnceCell<HashSet<IssueId>>,
    /// Whether `strict` was in force on these commits, for what was recorded on top of them.
    strict: RefCell<HashMap<ObjectId, bool>>,
    made: StepCache,
    seen: Seen,
}

impl<'a> Judge<'a> {
    /// A judge for `editor`, who holds what the ledger says at `now`.
    pub(crate) fn new(repo: Repo<'a>, editor: Editor) -> Self {
        Self {
            repo,
            editor,
            now: repo.cx.clock().now(),
            ledger: OnceCell::new(),
            exempt: OnceCell::new(),
            records: Records::default(),
            creations: HashSet::new(),
            ever_published: OnceCell::new(),
            edited: HashSet::new(),
            ever_removed: OnceCell::new(),
            strict: RefCell::default(),
            made: StepCache::default(),
            seen: Seen::default(),
        }
    }

    /// The same, with the tips of what needs no judgement known already.
    pub(crate) fn with_exempt(self, tips: Vec<ObjectId>) -> Self {
        Self { exempt: OnceCell::from(tips), ..self }
    }

    /// The repository.
    pub(crate) fn repo(&self) -> &gix::Repository {
        &self.repo.layout.repo
    }

    fn read_ledger(&self) -> std::result::Result<&Ledger, &String> {
        let read = || {
            let claims = self.repo.leases;
            // Whoever has said which issues it is about wants no others.
            if self.edited.is_empty() { claims.ledger() } else { claims.ledger_about(&About::Issues(&self.edited)) }
        };
        self.ledger.get_or_init(|| read().map_err(|error| error.to_string())).as_ref()
    }

    /// The ledger, if it can be read.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.read_ledger().ok()
    }

    /// Who edits.
    pub(crate) fn editor(&self) -> &Editor {
        &self.editor
    }

    /// The moment that it judges at.
    pub(crate) fn now(&self) -> &Now {
        &self.now
    }

    /// The finding that the lease log cannot be read, if it cannot.
    pub(crate) fn broken_ledger(&self) -> Option<Finding> {
        self.read_ledger().err().map(|why| Finding::NoLedger { why: why.clone() })
    }

    /// Commits that need no judgement: what remotes are known to have.
    fn exempt(&self) -> Result<&[ObjectId]> {
        if let Some(tips) = self.exempt.get() {
            return Ok(tips);
        }
        let tips = history::published_tips(self.repo.layout)?;
        Ok(self.exempt.get_or_init(|| tips))
    }

    /// Is told of all changes that it will judge, so that what is known of them is read at once.
    pub(crate) fn consult<'c>(&mut self, changes: impl Iterator<Item = &'c FileChange>) {
        let changes: Vec<&FileChange> = changes.collect();
        let creations = changes.iter().filter(|change| change.is_creation());
        self.creations = creations.filter_map(|change| change.edited_issue()).collect();
        self.edited = changes.iter().filter_map(|change| change.edited_issue()).collect();
        let edits = changes.iter().filter(|change| change.edited_issue().is_some());
        self.records = Records::of(edits.map(|change| change.name()).collect());
    }

    /// Whether this editor may edit `issue` as it stands in this worktree.
    pub(crate) fn may_edit(&self, issue: IssueId) -> Result<std::result::Result<Authority, Finding>> {
        let finding = match self.lease_for(issue) {
            Ok(lease_id) => return Ok(Ok(Authority::Lease(lease_id))),
            Err(finding) => finding,
        };
        let head = tree::head_commit(self.repo())?;
        let parents: Vec<ObjectId> = head.into_iter().collect();
        let path = format!("issues/{}", issue.file_name());
        let data = head.map(|head| tree::data_tree(self.repo(), head)).transpose()?.flatten();
        let is_creation = tree::file(self.repo(), data, path.as_bytes())?.is_none();
        let spot = Position { commit: None, parents: &parents };
        let is_private = is_free(&finding) && !self.is_known(issue, spot, is_creation)?;
        Ok(if is_private { Ok(Authority::Private) } else { Err(finding) })
    }

    fn lease_for(&self, issue: IssueId) -> std::result::Result<LeaseId, Finding> {
        let ledger = self.read_ledger().map_err(|why| Finding::NoLedger { why: why.clone() })?;
        policy::lease_for_edit(ledger, issue, &self.editor, &self.now, self.repo.policy.limits.stale_after_secs)
    }

    /// Judges a change at its spot; `None` where it is no edit.
    pub(crate) fn judge(&self, change: &FileChange, spot: Position<'_>) -> Result<std::result::Result<Option<Authority>, Finding>> {
        let Some(issue) = change.edited_issue() else { return Ok(Ok(None)) };
        let finding = match self.lease_for(issue) {
            Ok(lease_id) => return Ok(Ok(Some(Authority::Lease(lease_id)))),
            Err(finding) => finding,
        };
        // At the push a new issue stands on its own, whoever took it since.
        let is_new_commit = spot.commit.is_some() && change.is_creation();
        let is_private = (is_free(&finding) || is_new_commit) && !self.is_known(issue, spot, change.is_creation())?;
        if is_private && !self.was_removed(issue, spot)? {
            return Ok(Ok(Some(Authority::Private)));
        }
        if matches!(finding, Finding::NoLedger { .. }) {
            return Ok(Err(finding));
        }
        let recorded = self.records.about(self.repo.layout, &change.name(), &self.now)?;
        if self.read_ledger().is_ok() {
            self.records.verify(self.repo.leases)?;
        }
        // What a branch once had and removed was not made anew, whatever the hook could see then.
        let was_below = change.is_creation() && self.was_below(issue, spot)?;
        let mut upheld = Vec::new();
        for entry in recorded.iter().copied().filter(|entry| self.upholds(entry)) {
            let is_made_anew = was_below && entry.from.is_none() && entry.lease_id.is_none();
            let is_excused = match entry.adopted.as_deref() {
                Some(PRIVATE) => was_made_there(entry, &recorded) && !self.was_removed(issue, spot)?,
                Some(TOLERATED) => !self.was_strict_on(entry)?,
                _ => true,
            };
            if is_excused && !is_made_anew {
                upheld.push(entry);
            }
        }
        if (Cover { repo: self.repo(), exempt: self.exempt()?, spot, change, made: &self.made }).holds(&upheld)? {
            return Ok(Ok(Some(Authority::Known)));
        }
        Ok(Err(match spot.commit {
            None => finding,
            Some(commit) => {
                let to = change.to.as_ref().map(tree::TreeEntry::version);
                let because = self.records.because(to.as_ref(), &recorded, |entry| self.upholds(entry));
                let because = Box::new(because);
                let by = range::others(self.repo(), commit, &range::own_addresses(self.repo()))?;
                Finding::Unauthorised { issue, commit: commit.to_string(), because, now: Box::new(finding), by }
            }
        }))
    }

    fn is_known(&self, issue: IssueId, spot: Position<'_>, is_creation: bool) -> Result<bool> {
        let exempt = self.exempt()?;
        let ever_published = || {
            if self.ever_published.get().is_none() {
                let found = publication::ever_had(self.repo.layout, exempt, &self.creations)?;
                let _ = self.ever_published.set(found);
            }
            Ok(self.ever_published.get().is_some_and(|found| found.contains(&issue)))
        };
        let seen = &self.seen;
        PublicationQuery { layout: self.repo.layout, exempt, spot, is_creation, ever_published: &ever_published, seen }
            .to_others(issue)
    }

    /// Whether what remotes have has removed the issue, so that nobody can say at the push that only he knew it.
    fn was_removed(&self, issue: IssueId, spot: Position<'_>) -> Result<bool> {
        if spot.commit.is_none() {
            return Ok(false);
        }
        if self.ever_removed.get().is_none() {
            let _ = self.ever_removed.set(publication::ever_removed(self.repo.layout, self.exempt()?, &self.edited)?);
        }
        Ok(self.ever_removed.get().is_some_and(|found| found.contains(&issue)))
    }

    /// Whether a default branch was strict where the commits that this was recorded on left it: then whoever recorded it did not
    /// see that branch.
    fn was_strict_on(&self, entry: &RecordedTransition) -> Result<bool> {
        for base in entry.base.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok()) {
            if !history::is_here(self.repo(), base) {
                continue;
            }
            let known = self.strict.borrow().get(&base).copied();
            let is_strict = match known {
                Some(is_strict) => is_strict,
                None => enforce::policy::was_strict_below(self.repo(), base)?,
            };
            self.strict.borrow_mut().insert(base, is_strict);
            if is_strict {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn was_below(&self, issue: IssueId, spot: Position<'_>) -> Result<bool> {
        Ok(!publication::ever_had(self.repo.layout, spot.parents, &HashSet::from([issue]))?.is_empty())
    }

    fn upholds(&self, entry: &RecordedTransition) -> bool {
        self.records.upholds(entry, &self.now, self.repo.policy.limits.stale_after_secs)
    }
}

/// Whether an edit that was recorded as of an issue which nobody else knew is of one that was made in the same worktree: somebody
/// may have looked away when he edited another's.
fn was_made_there(edit: &RecordedTransition, recorded: &[&RecordedTransition]) -> bool {
    let is_making = |entry: &&&RecordedTransition| entry.from.is_none() && entry.adopted.is_some();
    let mut made = recorded.iter().filter(is_making);
    edit.from.is_none() || !edit.path.starts_with("issues/") || made.any(|it| it.holder.worktree_id == edit.holder.worktree_id)
}

/// Whether a finding leaves room for "nobody else knows the issue": nobody else holds it, as far as can be told.
fn is_free(finding: &Finding) -> bool {
    matches!(finding, Finding::Unleased { .. } | Finding::Lapsed { .. } | Finding::NoLedger { .. })
}
