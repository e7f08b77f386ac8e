//! `jit-pre-push`: may these refs be pushed?
//!
//! Every commit that no remote has yet is judged: by the pusher's live lease, by the commit hook's record, or by what others have
//! published. Every line of stdin counts.

use std::collections::BTreeSet;

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::actor;
use crate::context::Context;
use crate::domain::policy::Finding;
use crate::enforce::change::{FileChange, Position};
use crate::enforce::commits::changes_of;
use crate::enforce::gather::FactReader;
use crate::enforce::policy::EffectivePolicy;
use crate::enforce::policy_edit;
use crate::enforce::{Result, Verdict};
use crate::git::history;
use crate::git::tree;
use crate::hooks::Error;
use crate::lease::Leases;
use crate::repo::Repo;
use crate::store::layout::Layout;

/// One ref that is pushed, from a line of Git's on stdin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    /// The new id; `None` for a deletion.
    pub local: Option<ObjectId>,
    /// The ref's name on the remote.
    pub remote_ref: String,
    /// The remote's current id; `None` if it has no such ref.
    pub remote: Option<ObjectId>,
}

/// Parses stdin: `<local ref> <local id> <remote ref> <remote id>` on each line.
pub(crate) fn parse(input: &[u8]) -> std::result::Result<Vec<Update>, Error> {
    let id = |hex: &[u8]| -> Option<Option<ObjectId>> {
        let id = ObjectId::from_hex(hex).ok()?;
        Some((!id.is_null()).then_some(id))
    };
    // From the right: a local ref such as `HEAD@{1 day ago}` may contain spaces.
    let update = |line: &[u8]| {
        let mut words = line.rsplitn(4, |byte| *byte == b' ');
        let remote = id(words.next()?)?;
        let remote_ref = words.next()?.to_str_lossy().into_owned();
        Some(Update { local: id(words.next()?)?, remote_ref, remote })
    };
    let lines = input.lines().filter(|line| !line.is_empty());
    lines.map(|line| update(line).ok_or_else(|| Error::Input(line.to_str_lossy().into_owned()))).collect()
}

/// Judges a push.
pub(crate) fn run(cx: &Context, layout: &Layout, leases: &dyn Leases, updates: &[Update]) -> Result<Verdict> {
    if updates.is_empty() {
        return Ok(Verdict::default());
    }
    let mut tips = Vec::new();
    for id in updates.iter().filter_map(|update| update.local) {
        tips.extend(history::require_commit(&layout.repo, id)?);
    }
    let replaced: Vec<ObjectId> = updates.iter().filter_map(|update| history::commit(&layout.repo, update.remote?)).collect();
    let policy = EffectivePolicy::of_push(cx, layout, &[&tips[..], &replaced].concat()).policy;
    if policy.is_silent() {
        return Ok(Verdict::default());
    }
    judge_push(Repo { cx, layout, policy: &policy, leases }, updates, &tips, replaced)
}

/// Judges the commits that `tips` publish, and the refs that would lose some of those they `replaced`.
fn judge_push(repo: Repo<'_>, updates: &[Update], tips: &[ObjectId], replaced: Vec<ObjectId>) -> Result<Verdict> {
    let Repo { cx, layout, policy, .. } = repo;
    let git = &layout.repo;
    let exempt = [history::published_tips(&layout.repo, layout.primary_root.as_deref())?, replaced].concat();
    let mut findings = Vec::new();
    let commits = changes_of(cx, layout, &history::reachable(git, tips, &exempt)?, &mut findings)?;
    let rewinds = updates.iter().map(|update| Rewind::of(layout, update)).collect::<Result<Vec<_>>>()?;
    let rewinds: Vec<Rewind> = rewinds.into_iter().flatten().collect();
    if commits.is_empty() && rewinds.is_empty() && findings.is_empty() {
        return Ok(Verdict::default());
    }
    let lost = rewinds.iter().flat_map(|rewind| &rewind.lost);
    let changes = commits.iter().flat_map(|commit| &commit.changes).chain(lost);
    let reader = FactReader::new(repo, actor::editor(cx, layout, None)?, changes, Some(exempt));
    for rewind in &rewinds {
        findings.extend(rewind.finding(&reader)?);
    }
    for commit in &commits {
        for change in &commit.changes {
            findings.extend(change.defect(git).map(|finding| finding.in_commit(commit.commit)));
            findings.extend(reader.judge(change, commit.position())?.and_then(std::result::Result::err));
            findings.extend(policy_edit::off_base(git, policy, change, commit.position(), tips)?);
        }
    }
    if commits.iter().flat_map(|commit| &commit.changes).any(|change| change.kind.issue().is_some()) {
        findings.extend(reader.broken_ledger());
    }
    Ok(Verdict::of_commits(policy, findings))
}

/// An update of a default branch that is not a fast-forward.
struct Rewind {
    branch: String,
    old: ObjectId,
    /// The files that the lost commits changed, from the branch's version to the pushed one.
    lost: Vec<FileChange>,
    /// Whether the old tip is not in this clone.
    is_unknown: bool,
}

impl Rewind {
    fn of(layout: &Layout, update: &Update) -> Result<Option<Self>> {
        let repo = &layout.repo;
        let defaults = history::default_branches(repo);
        let names: Vec<String> = defaults.iter().filter_map(|(name, _)| history::branch_name(repo, name)).collect();
        let Some(old) = update.remote.filter(|_| names.contains(&update.remote_ref)) else { return Ok(None) };
        let branch = update.remote_ref.clone();
        let Some(old) = history::commit(repo, old) else {
            return Ok(Some(Self { branch, old, lost: Vec::new(), is_unknown: true }));
        };
        let new = update.local.and_then(|id| history::commit(repo, id));
        if let Some(new) = new
            && history::is_ancestor(repo, old, new)?
        {
            return Ok(None);
        }
        let mut touched = BTreeSet::new();
        for commit in history::reachable(repo, &[old], &new.into_iter().collect::<Vec<_>>())? {
            for parent in history::parents(repo, commit)? {
                let changed = tree::differences(repo, tree::data_tree(repo, parent)?, tree::data_tree(repo, commit)?)?;
                touched.extend(changed.into_iter().map(|difference| difference.path));
            }
        }
        let after = new.map(|new| tree::data_tree(repo, new)).transpose()?.flatten();
        let lost = tree::differences(repo, tree::data_tree(repo, old)?, after)?.into_iter();
        let lost = lost.filter(|difference| touched.contains(&difference.path)).map(FileChange::from).collect();
        Ok(Some(Self { branch, old, lost, is_unknown: false }))
    }

    /// A rewind is judged as an edit, from the version on the branch to the pushed one.
    fn finding(&self, reader: &FactReader<'_>) -> Result<Option<Finding>> {
        let rewinds = |why| Some(Finding::Rewinds { branch: self.branch.clone(), why });
        if self.is_unknown {
            return Ok(rewinds(format!("its tip {} is not in this clone", self.old)));
        }
        for change in &self.lost {
            let position = Position { commit: Some(self.old), parents: &[self.old] };
            if reader.judge(change, position)?.is_some_and(|judgement| judgement.is_err()) {
                return Ok(rewinds(format!("it would undo a published edit of {}/{}", tree::DATA, change.path)));
            }
        }
        Ok(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_is_read_from_the_right() {
        let (a, b, zero) = ("a".repeat(40), "b".repeat(64), "0".repeat(40));
        let input = format!(
            "refs/heads/x {a} refs/heads/x {zero}\n(delete) {zero} refs/heads/y {a}\nHEAD~1 with space {b} refs/z {}\n",
            "0".repeat(64)
        );
        let updates = parse(input.as_bytes()).expect("understood");
        assert_eq!(updates.len(), 3);
        assert_eq!((updates[0].local.is_some(), updates[0].remote), (true, None));
        assert_eq!((updates[1].local, updates[1].remote.is_some()), (None, true));
        assert_eq!((updates[2].local.map(|id| id.to_string()), updates[2].remote_ref.as_str()), (Some(b), "refs/z"));
        assert_eq!(parse(b"").expect("nothing"), []);
        assert!(parse(b"nonsense\n").is_err());
    }
}
