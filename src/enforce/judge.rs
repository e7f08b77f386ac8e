//! The judgement of one edit: a pure function of facts.
//!
//! Four things authorise an edit, in this order: the editor's live lease; that no one else knows the issue yet; the commit hook's
//! record; that others have published the same. [`judge`] asks for a fact that it needs and does not have by returning it as an
//! error, so that nothing is read in vain.

#[cfg(test)]
mod tests;

use gix::ObjectId;

use crate::domain::id::LeaseId;
use crate::domain::lease::{LeaseOutcome, Ledger};
use crate::domain::policy::{self, Because, Editor, Finding};
use crate::domain::time::Now;
use crate::enforce::change::Edit;
use crate::enforce::provenance::{self, GrantedStep, History, MissingHistory};
use crate::store::authority::{PRIVATE, RecordedTransition, TOLERATED};

/// What authorises an edit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Authority {
    /// The editor's own live lease.
    Lease(LeaseId),
    /// No one else knows the issue yet.
    Private,
    /// The commit hook has recorded the edit, or others have published it.
    Known,
    /// Nothing: only the policy lets it pass.
    Tolerated,
}

/// What the judge says about an edit.
pub(crate) type Judgement = Result<Authority, Finding>;

/// What the commit hook recorded about the edited file once.
#[derive(Debug, Clone)]
pub(crate) struct Record<'a> {
    pub entry: &'a RecordedTransition,
    /// How its lease ended, for an entry that has a lease.
    pub outcome: Option<&'a LeaseOutcome>,
    /// The commits that it was made on top of and that this clone has.
    pub base: Vec<ObjectId>,
    /// Whether a default branch was strict where `base` left it: then the hook did not see that branch. `None` until read.
    pub was_strict: Option<bool>,
}

/// Who made a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Author {
    /// This repository's user.
    Own,
    /// Someone else, by name.
    Other(String),
}

/// The facts about one edit. `None` is a fact that has not been read.
#[derive(Debug, Clone)]
pub(crate) struct Facts<'a> {
    pub edit: Edit,
    pub editor: &'a Editor,
    pub now: &'a Now,
    /// Seconds of silence after which a lease without an end is stale.
    pub stale_after_secs: u64,
    /// The leases, or why they cannot be read.
    pub leases: Result<&'a Ledger, &'a str>,
    /// Whether anyone but this branch knows the issue.
    pub is_known: Option<bool>,
    /// Whether published history removed the issue.
    pub was_removed: Option<bool>,
    /// Whether a commit below the edit ever had the issue.
    pub existed_below: Option<bool>,
    /// What the commit hook recorded about the file, oldest first.
    pub records: Option<Vec<Record<'a>>>,
    /// What commits made of the file.
    pub history: History,
    /// Who made the commit.
    pub author: Option<Author>,
}

/// A fact that the judgement needs and that has not been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fact {
    /// [`Facts::is_known`].
    IsKnown,
    /// [`Facts::was_removed`].
    WasRemoved,
    /// [`Facts::existed_below`].
    ExistedBelow,
    /// [`Facts::records`].
    Records,
    /// [`Record::was_strict`] of the record with this index.
    WasStrict(usize),
    /// More of [`Facts::history`].
    History(MissingHistory),
    /// [`Facts::author`].
    Author,
}

/// Judges an edit that is staged or committed.
pub(crate) fn judge(facts: &Facts<'_>) -> Result<Judgement, Fact> {
    let finding = match judge_new(facts)? {
        Err(finding) if !matches!(finding, Finding::NoLedger { .. }) => finding,
        decided => return Ok(decided),
    };
    let records = facts.records.as_deref().ok_or(Fact::Records)?;
    if provenance::covers(&facts.edit, &granted(facts, records)?, &facts.history).map_err(Fact::History)? {
        return Ok(Ok(Authority::Known));
    }
    let Some(commit) = facts.edit.commit else { return Ok(Err(finding)) };
    let by = match facts.author.as_ref().ok_or(Fact::Author)? {
        Author::Own => None,
        Author::Other(name) => Some(name.clone()),
    };
    let (issue, because, now) = (facts.edit.issue, Box::new(because(facts, records)), Box::new(finding));
    Ok(Err(Finding::Unauthorised { issue, commit: commit.to_string(), because, now, by }))
}

/// Judges an edit by leases and by who knows the issue: all that counts for one that is about to be written.
pub(crate) fn judge_new(facts: &Facts<'_>) -> Result<Judgement, Fact> {
    let finding = match facts.leases {
        Err(why) => Finding::NoLedger { why: why.to_owned() },
        Ok(leases) => match policy::lease_for_edit(leases, facts.edit.issue, facts.editor, facts.now, facts.stale_after_secs) {
            Ok(lease_id) => return Ok(Ok(Authority::Lease(lease_id))),
            Err(finding) => finding,
        },
    };
    let is_free = matches!(finding, Finding::Unleased { .. } | Finding::Lapsed { .. } | Finding::NoLedger { .. });
    // At the push a new issue is judged by itself, even if another has leased it since.
    let is_new_commit = facts.edit.commit.is_some() && facts.edit.is_creation;
    if (is_free || is_new_commit) && !facts.is_known.ok_or(Fact::IsKnown)? && !was_removed(facts)? {
        return Ok(Ok(Authority::Private));
    }
    Ok(Err(finding))
}

/// Whether published history removed the issue, so that at the push it does not count as private.
fn was_removed(facts: &Facts<'_>) -> Result<bool, Fact> {
    Ok(facts.edit.commit.is_some() && facts.was_removed.ok_or(Fact::WasRemoved)?)
}

/// The recorded steps that still give authority.
fn granted(facts: &Facts<'_>, records: &[Record<'_>]) -> Result<Vec<GrantedStep>, Fact> {
    let existed_below = facts.edit.is_creation && facts.existed_below.ok_or(Fact::ExistedBelow)?;
    let mut granted = Vec::new();
    for (n, record) in records.iter().enumerate().filter(|(_, record)| is_upheld(facts, record)) {
        let entry = record.entry;
        let counts = match entry.adopted.as_deref() {
            Some(PRIVATE) => was_created_there(entry, records) && !was_removed(facts)?,
            Some(TOLERATED) => !record.was_strict.ok_or(Fact::WasStrict(n))?,
            _ => true,
        };
        // An issue that a branch had and removed was not created anew, whatever the hook could see.
        let is_recreation = existed_below && entry.from.is_none() && entry.lease_id.is_none();
        let grant = GrantedStep { step: entry.step(), base: record.base.clone() };
        // A commit that was undone and made again on the same base was recorded twice and counts once.
        if counts && !is_recreation && !granted.contains(&grant) {
            granted.push(grant);
        }
    }
    Ok(granted)
}

/// Whether a record gives authority: it was adopted, or its lease did not end against its holder's will.
fn is_upheld(facts: &Facts<'_>, record: &Record<'_>) -> bool {
    match record.entry.lease_id {
        None => record.entry.adopted.is_some(),
        Some(_) => record.outcome.is_some_and(|outcome| outcome.upholds(facts.now, facts.stale_after_secs)),
    }
}

/// Whether the issue of an edit that was recorded as private was created in the same worktree. Otherwise the hook may have missed
/// that others knew it.
fn was_created_there(edit: &RecordedTransition, records: &[Record<'_>]) -> bool {
    let creations = || records.iter().map(|record| record.entry).filter(|entry| entry.from.is_none() && entry.adopted.is_some());
    let is_issue = edit.path.starts_with("issues/");
    edit.from.is_none() || !is_issue || creations().any(|entry| entry.holder.worktree_id == edit.holder.worktree_id)
}

/// Why a commit has no authority, by the first record of its version that gives none.
fn because(facts: &Facts<'_>, records: &[Record<'_>]) -> Because {
    let to = facts.edit.steps.first().and_then(|(_, to)| to.as_ref());
    let mut void = records.iter().filter(|record| record.entry.to.as_ref() == to && !is_upheld(facts, record));
    let of_lease = void.find_map(|record| Some((record.entry.lease_id.clone()?, record.outcome)));
    match of_lease {
        None => Because::NeverRecorded,
        Some((lease_id, Some(LeaseOutcome::Evicted { by, reason }))) => {
            Because::LeaseEvicted { lease_id, by: by.clone(), reason: reason.clone() }
        }
        Some((lease_id, _)) => Because::LeaseLapsed { lease_id },
    }
}
