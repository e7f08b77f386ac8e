//! What commit hooks recorded about the judged files, and how the leases of those records ended.
//!
//! Read only when a change has no live lease, and then for all files at once: the end of an old lease is searched from the end of
//! the log backwards, which takes longer the older it is.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};

use crate::domain::id::LeaseId;
use crate::domain::lease::LeaseOutcome;
use crate::domain::time::Now;
use crate::enforce::Result;
use crate::enforce::change::FileChange;
use crate::enforce::path_kind::PathKind;
use crate::git::tree;
use crate::lease::{Deadline, Proof};
use crate::repo::Repo;
use crate::store::authority::{AuthorityLog, RecordedTransition};

/// The recorded transitions by path, and the outcomes of their leases.
type Records = (HashMap<String, Vec<RecordedTransition>>, HashMap<LeaseId, LeaseOutcome>);

/// The records of some files.
#[derive(Default)]
pub(crate) struct RecordedEdits {
    paths: HashSet<String>,
    read: OnceCell<Records>,
}

impl RecordedEdits {
    /// For the issue files that these changes edit; nothing is read yet.
    pub(crate) fn new<'c>(changes: impl Iterator<Item = &'c FileChange>) -> Self {
        let edits = changes.filter(|change| change.edited_issue().is_some());
        Self { paths: edits.map(FileChange::name).collect(), read: OnceCell::new() }
    }

    /// The records of one of the files that count at `now`, oldest first, each with how its lease ended.
    pub(crate) fn about(
        &self,
        repo: Repo<'_>,
        path: &str,
        now: &Now,
    ) -> Result<impl Iterator<Item = (&RecordedTransition, Option<&LeaseOutcome>)>> {
        if self.read.get().is_none() {
            let mut entries: HashMap<String, Vec<RecordedTransition>> = HashMap::new();
            for entry in AuthorityLog::of(repo.layout).entries(&self.paths, now.wall)? {
                entries.entry(entry.path.clone()).or_default().push(entry);
            }
            let proof = |entry: &RecordedTransition| {
                let file = entry.path.strip_prefix(tree::DATA).and_then(|file| file.strip_prefix('/')).unwrap_or(&entry.path);
                Some((entry.lease_id.clone()?, PathKind::of(file.as_bytes()).issue()))
            };
            let proofs: HashMap<LeaseId, _> = entries.values().flatten().filter_map(proof).collect();
            let proofs: Vec<Proof> = proofs.into_iter().map(|(lease_id, issue_id)| Proof { lease_id, issue_id }).collect();
            let outcomes = repo.leases.verify(&proofs, &Deadline::soon())?;
            let _ = self.read.set((entries, outcomes));
        }
        let read = self.read.get();
        let entries = read.and_then(|(entries, _)| entries.get(path)).into_iter().flatten();
        let outcome = move |id: &LeaseId| read.and_then(|(_, outcomes)| outcomes.get(id));
        Ok(entries.map(move |entry| (entry, entry.lease_id.as_ref().and_then(outcome))))
    }
}
