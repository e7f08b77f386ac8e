//! Finds a lease by its id, by a unique prefix of the id, or by its issue.

use crate::commands::shared::session::{Session, issues};
use crate::domain::id::{Holder, IdError, IssueId, IssueRef, LeaseId};
use crate::domain::lease::{Lease, LeaseOutcome, Ledger};
use crate::domain::policy::Policy;
use crate::error::Error;
use crate::lease::{Leases, Proof};
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;

/// What a verb needs that works on existing leases.
pub(crate) struct LeaseLookup<'a> {
    pub session: &'a Session,
    pub layout: &'a Layout,
    pub policy: Policy,
    pub store: IssueStore<'a>,
    pub claims: &'a dyn Leases,
    pub ledger: Ledger,
}

impl<'a> LeaseLookup<'a> {
    /// Reads the current leases.
    pub(crate) fn open(session: &'a Session) -> Result<Self, Error> {
        let layout = session.layout()?;
        let policy = session.policy_of_leases(layout)?;
        let store = issues(layout, &policy)?;
        let claims = session.leases(layout);
        let ledger = claims.ledger()?;
        Ok(Self { session, layout, policy, store, claims, ledger })
    }

    /// The current agent and worktree.
    pub(crate) fn holder(&self) -> Result<Holder, Error> {
        self.session.holder(self.layout)
    }

    /// The lease with this id, with this unique prefix of at least four characters, or on this issue.
    pub(crate) fn named(&self, named: &str) -> Result<Lease, Error> {
        let typed = named.trim().to_ascii_uppercase();
        let by_id: Vec<&Lease> =
            self.ledger.leases().filter(|lease| typed.len() >= 4 && lease.lease_id.as_str().starts_with(&typed)).collect();
        let by_issue = |issue: IssueId| self.ledger.lease_on(issue).cloned();
        match by_id.as_slice() {
            [one] => return Ok((*one).clone()),
            [] => {}
            _ if typed.len() < 26 => {
                return Err(Error::Usage {
                    what: format!("'{}' matches {} leases", named.trim(), by_id.len()),
                    hint: "Use more of the id; see git jit claim list".to_owned(),
                });
            }
            _ => {}
        }
        let no_such = || Error::NoSuchLease { named: named.trim().to_owned() };
        let Ok(issue) = IssueRef::parse(named) else { return Err(no_such()) };
        if let Some(issue) = issue.full() {
            return by_issue(issue).ok_or_else(no_such);
        }
        // An issue whose file was removed may still have a lease.
        let leased = self.ledger.leases().map(|lease| lease.issue_id);
        let known = self.store.ids()?.into_iter().map(|(id, _)| id);
        match issue.resolve(known.chain(leased)) {
            Ok(issue) => by_issue(issue).ok_or_else(no_such),
            Err(IdError::NoSuchIssue { .. }) => Err(no_such()),
            Err(error) => Err(error.into()),
        }
    }

    /// The named lease, or without a name the only lease of this holder.
    pub(crate) fn named_or_mine(&self, named: Option<&str>, holder: &Holder) -> Result<Lease, Error> {
        if let Some(named) = named {
            return self.named(named);
        }
        match self.of(holder).as_slice() {
            [one] => Ok(one.clone()),
            mine => Err(which(mine)),
        }
    }

    /// The leases of this holder, including expired ones.
    pub(crate) fn of(&self, holder: &Holder) -> Vec<Lease> {
        self.ledger.leases().filter(|lease| lease.holder == *holder).cloned().collect()
    }

    /// Whether this is the full id of a lease that its holder has already ended.
    pub(crate) fn is_concluded(&self, named: &str) -> Result<bool, Error> {
        let id = LeaseId::new(named.trim().to_ascii_uppercase());
        Ok(self.claims.outcome(&Proof { lease_id: id, issue_id: None })? == LeaseOutcome::Concluded)
    }
}

/// The error that a lease must be named, because the holder has none or several.
fn which(mine: &[Lease]) -> Error {
    let hint = match mine {
        [] => "To see all leases: git jit claim list".to_owned(),
        mine => {
            let issues: Vec<String> = mine.iter().map(|lease| lease.issue_id.short()).collect();
            format!("Name one of them: {}", issues.join(", "))
        }
    };
    Error::Usage { what: format!("you hold {} here", crate::output::text::count(mine.len(), "issue")), hint }
}
