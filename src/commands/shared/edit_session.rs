//! The only way to edit an issue: check the policy, take the write lock, read, change, write, record the event.
//!
//! Each edit through an [`EditSession`] is a transaction on one issue. The reported changes are the difference of the two
//! texts, not what was requested.

use std::cell::OnceCell;

use serde_json::Value;

use crate::actor;
use crate::commands::shared::session::Session;
use crate::commands::shared::session::resolve;
use crate::domain::id::{IdError, IssueId, LeaseId};
use crate::domain::issue::{Document, FieldChange, Issue, State};
use crate::domain::lease::{LeaseAnswer, Request};
use crate::domain::policy::Policy;
use crate::domain::tracker::gate::Registry;
use crate::domain::tracker::graph::open_dependencies;
use crate::domain::tracker::workflow::{self, Advance};
use crate::enforce::gather::FactReader;
use crate::error::Error;
use crate::store::gates;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;

/// The field with the time of the last edit. An update of it alone is not a change.
const UPDATED_AT: &str = "updated_at";

/// What a verb that edits issues needs.
pub(crate) struct EditSession<'a> {
    pub session: &'a Session,
    pub layout: &'a Layout,
    pub policy: Policy,
    pub store: IssueStore<'a>,
    registry: OnceCell<Registry>,
}

/// The result of an edit.
pub(crate) struct Changed {
    /// The issue after the edit.
    pub document: Document,
    /// The fields that changed.
    pub fields: Vec<FieldChange>,
}

impl Changed {
    /// The names of the fields.
    pub(crate) fn names(&self) -> Vec<String> {
        self.fields.iter().map(|change| change.field.clone()).collect()
    }
}

impl<'a> EditSession<'a> {
    /// An edit session in this worktree.
    pub(crate) fn open(session: &'a Session, layout: &'a Layout) -> Result<Self, Error> {
        layout.require_worktree()?;
        session.recover_interrupted(layout);
        let policy = session.policy(layout);
        crate::commands::shared::hooks_reminder::remind(session, layout, &policy);
        let store = crate::commands::shared::session::issues(layout, &policy)?;
        Ok(Self { session, layout, policy, store, registry: OnceCell::new() })
    }

    /// An edit session in this worktree, and the full id of the issue to edit.
    pub(crate) fn for_issue(session: &'a Session, typed: &str) -> Result<(Self, IssueId), Error> {
        let edit = Self::open(session, session.layout()?)?;
        let id = edit.resolve(typed)?;
        Ok((edit, id))
    }

    /// An edit session for a verb about leases; an error if leases are off.
    pub(crate) fn for_leases(session: &'a Session, layout: &'a Layout) -> Result<Self, Error> {
        let edit = Self::open(session, layout)?;
        if edit.policy.worktrees { Ok(edit) } else { Err(Error::LeasesOff) }
    }

    /// The full id of the issue `typed`.
    pub(crate) fn resolve(&self, typed: &str) -> Result<IssueId, Error> {
        let id = resolve(&self.store, typed)?.0;
        self.session.is_at_work_on(id);
        Ok(id)
    }

    /// The gates that are defined.
    pub(crate) fn registry(&self) -> Result<&Registry, Error> {
        if let Some(registry) = self.registry.get() {
            return Ok(registry);
        }
        let registry = gates::registry(self.store.sources())?;
        Ok(self.registry.get_or_init(|| registry))
    }

    /// Refuses gates that are not defined.
    pub(crate) fn require_gates(&self, keys: &[String]) -> Result<(), Error> {
        if keys.is_empty() {
            return Ok(());
        }
        let registry = self.registry()?;
        match keys.iter().find(|key| registry.gate(key).is_none()) {
            None => Ok(()),
            Some(key) => Err(unknown_gate(registry, key)),
        }
    }

    /// The current version of an issue.
    pub(crate) fn load(&self, id: IssueId) -> Result<Document, Error> {
        let source = self.store.locate(id)?.ok_or_else(|| IdError::NoSuchIssue { text: id.to_string() })?;
        Ok(self.store.load(id, source)?)
    }

    /// The current version of an issue; an error if it is deleted.
    pub(crate) fn load_live(&self, id: IssueId) -> Result<Document, Error> {
        let document = self.load(id)?;
        if document.issue().is_deleted() { Err(Error::Deleted { issue: id }) } else { Ok(document) }
    }

    /// The dependencies of an issue that are not closed.
    pub(crate) fn open_dependencies(&self, issue: &Issue) -> Vec<String> {
        let state_of = |id: IssueId| self.load(id).ok().map(|document| document.issue().state);
        open_dependencies(&issue.dependencies, state_of)
    }

    /// Checks the right to edit the issue, with the same rules as the hooks.
    pub(crate) fn require_right(&self, id: IssueId) -> Result<(), Error> {
        if self.policy.is_silent() {
            return Ok(());
        }
        let session = self.session;
        let editor = actor::editor(&session.cx, self.layout, session.agent_flag.as_deref())?;
        let reader = FactReader::new(session.repo(self.layout, &self.policy), editor, std::iter::empty(), None);
        match reader.may_write(id)? {
            Ok(_) => Ok(()),
            Err(finding) => {
                session.warn_unreadable_policy(&self.policy);
                session.weigh(&self.policy, finding)
            }
        }
    }

    /// Edits one issue; `event` is the name of the edit in the event log.
    pub(crate) fn change<R>(
        &self,
        id: IssueId,
        event: &str,
        edit: impl FnOnce(&mut Document) -> Result<R, Error>,
    ) -> Result<(Changed, R), Error> {
        let refusal = self.require_right(id).err();
        let writer = self.store.lock()?;
        // Read under the lock, because the file may have changed since the id was resolved.
        let before = self.load(id)?;
        let mut document = before.clone();
        let answer = edit(&mut document);
        let mut fields = document.changes_since(Some(&before));
        fields.retain(|change| change.field != UPDATED_AT);
        // An edit that changes nothing needs no right.
        if let Some(refusal) = refusal.filter(|_| answer.is_err() || !fields.is_empty()) {
            return Err(refusal);
        }
        let answer = answer?;
        if !fields.is_empty() {
            document.touch(UPDATED_AT, self.session.cx.clock().now().wall);
            writer.write(&document)?;
            let is_gated = before.issue().state != State::Gated && document.issue().state == State::Gated;
            self.session.record_event(if is_gated { "gated" } else { event }, id, fields.clone());
        }
        Ok((Changed { document, fields }, answer))
    }

    /// Edits one issue that is not deleted.
    pub(crate) fn edit<R>(
        &self,
        id: IssueId,
        event: &str,
        edit: impl FnOnce(&mut Document) -> Result<R, Error>,
    ) -> Result<(Changed, R), Error> {
        self.change(
            id,
            event,
            |document| {
                if document.issue().is_deleted() { Err(Error::Deleted { issue: id }) } else { edit(document) }
            },
        )
    }

    /// Moves an issue to the state `wanted`, or to `gated` if gates block `done`. Returns those gates.
    pub(crate) fn advance(&self, document: &mut Document, wanted: State) -> Result<Vec<String>, Error> {
        let issue = document.issue();
        let id = issue.id;
        let not_yet =
            |why: String, hint: &str| Err(Error::NotYet { issue: id, state: wanted.as_str(), why, hint: hint.to_owned() });
        let none = Registry::default();
        let registry = if issue.gates_required.is_empty() { &none } else { self.registry()? };
        let (state, gates) = match workflow::step(issue, wanted, self.open_dependencies(issue), registry) {
            Advance::To(state) => (state, Vec::new()),
            Advance::Gated(gates) => (State::Gated, gates),
            Advance::Waits(open) => {
                let short: Vec<&str> = open.iter().map(|id| id.get(..8).unwrap_or(id)).collect();
                return not_yet(format!("it depends on {}", short.join(", ")), "Finish or reject those first");
            }
            Advance::Unchecked(gates) => {
                let hint = format!("To run the automated ones: git jit gate check-all {}", id.short());
                return not_yet(format!("its prechecks have not passed: {}", gates.join(", ")), &hint);
            }
            Advance::NothingToPass => {
                let hint = format!("To ask for a gate: git jit gate add {} KEY", id.short());
                return not_yet("it has no gate that is still to pass".to_owned(), &hint);
            }
            Advance::Deleted => return Err(Error::Deleted { issue: id }),
        };
        document.set("state", &Value::from(state.as_str()));
        Ok(gates)
    }

    /// Releases this holder's lease on an issue, or sets it to end with the commit of the edit.
    pub(crate) fn close_lease(&self, id: IssueId) -> Result<Option<(LeaseId, bool)>, Error> {
        let claims = self.session.leases(self.layout);
        let holder = self.session.holder(self.layout)?;
        let Some(lease_id) =
            claims.ledger()?.lease_on(id).filter(|lease| lease.holder == holder).map(|lease| lease.lease_id.clone())
        else {
            return Ok(None);
        };
        // A worktree that no longer exists has no uncommitted edit.
        let is_here = self.layout.worktree_root.as_ref().is_some_and(|root| root.exists());
        let closing = is_here && self.store.differs_from_head(id)?;
        let request = Request::Release { lease_id: lease_id.clone(), holder, closing, reason: None };
        let answer = claims.ask(request, &self.policy.limits)?.answer?;
        Ok(Some((lease_id, matches!(answer, LeaseAnswer::Closing(_)))))
    }
}

/// The error for a gate that is not defined.
pub(crate) fn unknown_gate(registry: &Registry, key: &str) -> Error {
    Error::NoSuchGate { key: key.to_owned(), known: registry.gates().map(|gate| gate.key.clone()).collect() }
}
