//! Reads the facts that a judgement asks for: each once, and only when it is asked for.

use std::cell::{OnceCell, RefCell};
use std::collections::HashMap;

use gix::ObjectId;
use gix::bstr::BStr;

use crate::domain::id::IssueId;
use crate::domain::lease::{LeaseFilter, Ledger};
use crate::domain::policy::{Editor, Finding};
use crate::domain::time::Now;
use crate::domain::transition::Transition;
use crate::enforce::change::{Edit, FileChange, Position};
use crate::enforce::file_history::{FileHistory, parents_before};
use crate::enforce::judge::{self, Author, Fact, Facts, Judgement, Record};
use crate::enforce::provenance::{GrantedStep, History, Line, MissingHistory};
use crate::enforce::publication::{self, Publication};
use crate::enforce::recorded::RecordedEdits;
use crate::enforce::{self, Result};
use crate::git;
use crate::git::history;
use crate::git::range;
use crate::git::tree;
use crate::repo::Repo;

/// Reads facts in one repository, at one moment, for one editor.
pub(crate) struct FactReader<'a> {
    repo: Repo<'a>,
    editor: Editor,
    now: Now,
    ledger: OnceCell<std::result::Result<Ledger, String>>,
    publication: Publication<'a>,
    recorded: RecordedEdits,
    files: FileHistory,
    /// Whether a default branch was strict where these commits left it.
    strict: RefCell<HashMap<ObjectId, bool>>,
}

/// Where a judged file is, and how far its published history has been read.
struct Subject<'c> {
    path: &'c BStr,
    position: Position<'c>,
    published: Option<std::vec::IntoIter<ObjectId>>,
}

impl<'a> FactReader<'a> {
    /// For all `changes` that will be judged. `exempt` are the tips of what needs no judgement; by default what remotes are known
    /// to have.
    pub(crate) fn new<'c>(
        repo: Repo<'a>,
        editor: Editor,
        changes: impl Iterator<Item = &'c FileChange> + Clone,
        exempt: Option<Vec<ObjectId>>,
    ) -> Self {
        Self {
            repo,
            editor,
            now: repo.cx.clock().now(),
            ledger: OnceCell::new(),
            publication: Publication::new(repo.layout, changes.clone(), exempt),
            recorded: RecordedEdits::new(changes),
            files: FileHistory::default(),
            strict: RefCell::default(),
        }
    }

    /// The editor.
    pub(crate) fn editor(&self) -> &Editor {
        &self.editor
    }

    /// The moment of the judgement.
    pub(crate) fn now(&self) -> &Now {
        &self.now
    }

    fn read_ledger(&self) -> std::result::Result<&Ledger, &str> {
        let (leases, edited) = (self.repo.leases, self.publication.edited());
        // If it is known which issues count, only their leases are read.
        let about = if edited.is_empty() { LeaseFilter::All } else { LeaseFilter::Issues(edited) };
        let read = || leases.view(&about).map(|view| view.ledger);
        self.ledger.get_or_init(|| read().map_err(|error| error.to_string())).as_ref().map_err(String::as_str)
    }

    /// The leases, if they can be read.
    pub(crate) fn ledger(&self) -> Option<&Ledger> {
        self.read_ledger().ok()
    }

    /// The finding that the lease log cannot be read, if it cannot.
    pub(crate) fn broken_ledger(&self) -> Option<Finding> {
        self.read_ledger().err().map(|why| Finding::NoLedger { why: why.to_owned() })
    }

    /// Judges a change; `None` if it does not edit an issue.
    pub(crate) fn judge(&self, change: &FileChange, position: Position<'_>) -> Result<Option<Judgement>> {
        let Some(edit) = change.edit(position) else { return Ok(None) };
        self.decide(judge::judge, edit, change.path.as_ref(), position).map(Some)
    }

    /// Judges whether the editor may write an issue in this worktree.
    pub(crate) fn may_write(&self, issue: IssueId) -> Result<Judgement> {
        let repo = &self.repo.layout.repo;
        let edit = |is_creation| Edit { issue, commit: None, is_creation, steps: Vec::new(), is_resolution: false };
        // Whether HEAD has the issue does not matter to an editor with a lease.
        if let Ok(judgement) = judge::judge_new(&self.facts(edit(false))) {
            return Ok(judgement);
        }
        let path = format!("issues/{}", issue.file_name());
        let head = tree::head_commit(repo)?;
        let data = head.map(|head| tree::data_tree(repo, head)).transpose()?.flatten();
        let is_creation = tree::file(repo, data, path.as_bytes())?.is_none();
        let parents: Vec<ObjectId> = head.into_iter().collect();
        let position = Position { commit: None, parents: &parents };
        self.decide(judge::judge_new, edit(is_creation), path.as_str().into(), position)
    }

    /// Reads what `judge` asks for until it decides.
    fn decide(
        &self,
        judge: fn(&Facts<'_>) -> std::result::Result<Judgement, Fact>,
        edit: Edit,
        path: &BStr,
        position: Position<'_>,
    ) -> Result<Judgement> {
        let mut facts = self.facts(edit);
        let mut subject = Subject { path, position, published: None };
        loop {
            match judge(&facts) {
                Ok(judgement) => return Ok(judgement),
                Err(fact) => self.read(fact, &mut subject, &mut facts)?,
            }
        }
    }

    /// The facts that every judgement needs.
    fn facts(&self, edit: Edit) -> Facts<'_> {
        Facts {
            edit,
            editor: &self.editor,
            now: &self.now,
            stale_after_secs: self.repo.policy.limits.stale_after_secs,
            leases: self.read_ledger(),
            is_known: None,
            was_removed: None,
            existed_below: None,
            records: None,
            history: History::default(),
            author: None,
        }
    }

    fn read<'f>(&'f self, fact: Fact, subject: &mut Subject<'_>, facts: &mut Facts<'f>) -> Result<()> {
        let repo = &self.repo.layout.repo;
        let (issue, position) = (facts.edit.issue, subject.position);
        match fact {
            Fact::IsKnown => facts.is_known = Some(self.publication.is_known(issue, facts.edit.is_creation, position)?),
            Fact::WasRemoved => facts.was_removed = Some(self.publication.was_removed(issue)?),
            Fact::ExistedBelow => {
                let found = publication::ever_had(repo, position.parents, &[issue].into())?;
                facts.existed_below = Some(!found.is_empty());
            }
            Fact::Records => facts.records = Some(self.records(subject.path)?),
            Fact::WasStrict(n) => {
                if let Some(record) = facts.records.as_mut().and_then(|records| records.get_mut(n)) {
                    record.was_strict = Some(self.was_strict_below(&record.base)?);
                }
            }
            Fact::History(MissingHistory::Line(line)) => {
                let steps = self.steps_of(&line, subject)?;
                facts.history.lines.insert(line, steps);
            }
            Fact::History(MissingHistory::Published) => self.read_published(subject, &mut facts.history)?,
            Fact::Author => {
                let own = range::own_addresses(repo);
                let other = position.commit.map(|commit| range::others(repo, commit, &own)).transpose()?.flatten();
                facts.author = Some(other.map_or(Author::Own, Author::Other));
            }
        }
        Ok(())
    }

    fn records(&self, path: &BStr) -> Result<Vec<Record<'_>>> {
        let name = path.to_string();
        let recorded = self.recorded.about(self.repo, &name, &self.now)?;
        let base = |ids: &[String]| {
            let ids = ids.iter().filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok());
            ids.filter(|id| history::is_here(&self.repo.layout.repo, *id)).collect()
        };
        Ok(recorded.map(|(entry, outcome)| Record { entry, outcome, base: base(&entry.base), was_strict: None }).collect())
    }

    fn was_strict_below(&self, base: &[ObjectId]) -> Result<bool> {
        for commit in base {
            let known = self.strict.borrow().get(commit).copied();
            let is_strict = match known {
                Some(is_strict) => is_strict,
                None => enforce::policy::was_strict_below(&self.repo.layout.repo, *commit)?,
            };
            self.strict.borrow_mut().insert(*commit, is_strict);
            if is_strict {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn steps_of(&self, line: &Line, subject: &Subject<'_>) -> git::Result<Option<Vec<Vec<Transition>>>> {
        let repo = &self.repo.layout.repo;
        let parents = match &line.side {
            None => subject.position.parents.to_vec(),
            Some(step) => parents_before(repo, subject.path, step, subject.position.parents)?,
        };
        self.files.steps_since(repo, subject.path, &parents, &line.base)
    }

    /// Reads on to the next published commit that changed the file.
    fn read_published(&self, subject: &mut Subject<'_>, history: &mut History) -> Result<()> {
        let repo = &self.repo.layout.repo;
        if subject.published.is_none() {
            let commits = history::reachable(repo, self.publication.exempt()?, subject.position.parents)?;
            subject.published = Some(commits.into_iter());
        }
        for commit in subject.published.iter_mut().flatten() {
            let steps = self.files.steps_of(repo, commit, subject.path)?.unwrap_or_default();
            if !steps.is_empty() {
                history.published.extend(steps.into_iter().map(|step| GrantedStep { step, base: vec![commit] }));
                return Ok(());
            }
        }
        history.is_complete = true;
        Ok(())
    }
}
