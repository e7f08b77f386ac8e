//! `jit-pre-push`: may these refs be published?
//!
//! Every commit that the world does not have yet is judged like a commit was: by the pusher's live lease, by
//! what the commit hook recorded, or by what others published already. Every line of stdin counts.

use std::collections::{BTreeSet, HashSet};

use gix::ObjectId;
use gix::bstr::ByteSlice;

use crate::actor;
use crate::context::Context;
use crate::domain::policy::Finding;
use crate::enforce::change::{self, Compared, FileChange};
use crate::enforce::judge::{Judge, Position};
use crate::enforce::policy;
use crate::enforce::progress::JudgeProgress;
use crate::enforce::{Error, Result, Verdict};
use crate::git::history;
use crate::git::tree;
use crate::hooks::pre_commit;
use crate::store::layout::Layout;

/// One ref that is pushed, as Git says it on stdin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Update {
    /// The new id, `None` for a deletion.
    pub local: Option<ObjectId>,
    /// The ref's name on the remote.
    pub remote_ref: String,
    /// The id that the remote has, `None` where it has no such ref.
    pub remote: Option<ObjectId>,
}

/// Reads what Git sends: `<local ref> <local id> <remote ref> <remote id>` a line.
pub(crate) fn parse(input: &[u8]) -> Result<Vec<Update>> {
    let id = |hex: &[u8]| -> Option<Option<ObjectId>> {
        let id = ObjectId::from_hex(hex).ok()?;
        Some((!id.is_null()).then_some(id))
    };
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
pub(crate) fn run(cx: &Context, layout: &Layout, updates: &[Update]) -> Result<Verdict> {
    if updates.is_empty() {
        return Ok(Verdict::pass());
    }
    let repo = &layout.repo;
    let mut tips = Vec::new();
    for id in updates.iter().filter_map(|update| update.local) {
        tips.extend(history::require_commit(repo, id)?);
    }
    let replaced: Vec<ObjectId> = updates.iter().filter_map(|update| history::commit(repo, update.remote?)).collect();
    let policy = policy::policy_of_push(cx, layout, &[&tips[..], &replaced].concat());
    if policy.is_silent() {
        return Ok(Verdict::pass());
    }
    let exempt = [history::published_tips(&layout.repo, layout.primary_root.as_deref())?, replaced].concat();
    let mut findings = Vec::new();
    let made = changes_of(cx, layout, &history::reachable(repo, &tips, &exempt)?, &mut findings)?;
    let rewound = updates.iter().map(|update| Rewind::of(layout, update)).collect::<Result<Vec<_>>>()?;
    let rewound: Vec<Rewind> = rewound.into_iter().flatten().collect();
    if made.is_empty() && rewound.is_empty() && findings.is_empty() {
        return Ok(Verdict::pass());
    }
    let mut judge = Judge::new(layout, &policy, actor::editor(cx, layout, None)?, cx.clock().now()).with_exempt(exempt);
    judge.consult(made.iter().flat_map(|made| &made.changes).chain(rewound.iter().flat_map(|rewind| &rewind.lost)));
    for rewind in &rewound {
        findings.extend(rewind.finding(&judge)?);
    }
    for made in &made {
        let spot = Position { commit: Some(made.commit), parents: &made.parents };
        for change in &made.changes {
            findings.extend(change.defect(repo).map(|finding| finding.in_commit(made.commit)));
            findings.extend(judge.judge(change, spot)?.err());
            findings.extend(pre_commit::off_base(&judge, &policy, change, spot, &tips)?);
        }
    }
    if made.iter().flat_map(|made| &made.changes).any(|change| change.kind.issue().is_some()) {
        findings.extend(judge.broken_ledger());
    }
    Ok(Verdict::of(&policy, one_an_issue(findings)))
}

/// A commit that changes something that the rules know.
pub(crate) struct CommitChanges {
    pub commit: ObjectId,
    pub parents: Vec<ObjectId>,
    pub changes: Vec<FileChange>,
}

/// What each commit changes that the rules know, oldest commit first.
pub(crate) fn changes_of(
    cx: &Context,
    layout: &Layout,
    commits: &[ObjectId],
    findings: &mut Vec<Finding>,
) -> Result<Vec<CommitChanges>> {
    let repo = &layout.repo;
    let (mut made, mut progress) = (Vec::new(), JudgeProgress::new(cx));
    for (n, commit) in commits.iter().rev().enumerate() {
        progress.at(n, commits.len());
        let parents = history::parents(repo, *commit)?;
        findings.extend(change::misplaced(repo, *commit, &parents)?);
        let changes = change::changes(repo, &cx.scratch, &Compared::Commit(*commit), &parents)?;
        if !changes.is_empty() {
            made.push(CommitChanges { commit: *commit, parents, changes });
        }
    }
    Ok(made)
}

/// The first finding of each kind for an issue or a file: twenty commits of one issue are one thing to mend.
pub(crate) fn one_an_issue(findings: Vec<Finding>) -> Vec<Finding> {
    let mut seen: HashSet<(&'static str, String)> = HashSet::new();
    let key = |finding: &Finding| {
        let about = match finding {
            Finding::Invalid { path, .. } | Finding::OffBase { path, .. } => path.clone(),
            Finding::Rewinds { branch, .. } => branch.clone(),
            other => other.issue().map(|issue| issue.to_string()).unwrap_or_default(),
        };
        (finding.code(), about)
    };
    findings.into_iter().filter(|finding| seen.insert(key(finding))).collect()
}

/// An update of the default branch that is no fast-forward.
struct Rewind {
    branch: String,
    old: ObjectId,
    /// The issue files that commits changed which the branch would lose, as the branch has them and would have them;
    /// nothing where the old tip is not known here.
    lost: Vec<FileChange>,
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

    /// Going back is an edit like any other, from what the branch has to what it would have.
    fn finding(&self, judge: &Judge<'_>) -> Result<Option<Finding>> {
        let rewinds = |why| Some(Finding::Rewinds { branch: self.branch.clone(), why });
        if self.is_unknown {
            return Ok(rewinds(format!("its tip {} is not known here", self.old)));
        }
        for change in &self.lost {
            let spot = Position { commit: Some(self.old), parents: &[self.old] };
            if judge.judge(change, spot)?.is_err() {
                return Ok(rewinds(format!("it would take back a published edit of {}/{}", tree::DATA, change.path)));
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
