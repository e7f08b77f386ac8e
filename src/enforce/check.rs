//! `git jit check`: the hooks' judgement of commits that are there already, as in CI, where there is no log of leases.
//!
//! Judged is what the commits themselves show: files, ids, the policy's own edits, and whether issues and gates fit
//! together at the end as they did before. Who held what is judged only where that was recorded: in the clone that
//! the commits were made in. What could not be judged is said.

use std::collections::{BTreeMap, BTreeSet};

use gix::{ObjectId, Repository};

use crate::actor;
use crate::context::Context;
use crate::domain::consistency;
use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::policy::{Enforcement, Finding};
use crate::enforce::adopt;
use crate::enforce::change::FileChange;
use crate::enforce::judge::{Judge, Position};
use crate::enforce::policy;
use crate::enforce::{Result, Verdict};
use crate::git::history;
use crate::git::range::{self, Range};
use crate::git::tree;
use crate::hooks::pre_commit;
use crate::hooks::pre_push::{self, CommitChanges};
use crate::store::config;
use crate::store::layout::Layout;
use crate::store::snapshot::Snapshot;

/// What was checked and what came of it.
pub(crate) struct Checked {
    /// What was found.
    pub verdict: Verdict,
    /// How many commits were looked at.
    pub commits: usize,
    /// The edits whose lease was not judged, with the commits that make them, newest last.
    pub not_judged: BTreeMap<IssueId, Vec<ObjectId>>,
    /// What else could not be judged, in words.
    pub remarks: Vec<String>,
    /// What was wrong before already, in words.
    pub known: Vec<String>,
}

/// Checks commits.
pub(crate) fn run(cx: &Context, layout: &Layout, range: &Range) -> Result<Checked> {
    let repo = &layout.repo;
    let mut policy = policy::policy_of_push(cx, layout, &range.tips);
    // Whoever asks wants to know, whatever the hooks would say.
    policy.enforcement = policy.enforcement.max(Enforcement::Warn);
    let commits = history::reachable(repo, &range.tips, &range.hidden)?;
    let mut findings = Vec::new();
    let made = pre_push::changes_of(cx, layout, &commits, &mut findings)?;
    let exempt = [history::published_tips(&layout.repo, layout.primary_root.as_deref())?, range.hidden.clone()].concat();
    let mut judge = Judge::new(layout, &policy, actor::editor(cx, layout, None)?, cx.clock().now()).with_exempt(exempt);
    judge.consult(made.iter().flat_map(|made| &made.changes));
    let knows_leases = adopt::is_recorded_here(layout) || judge.ledger().is_none_or(|ledger| ledger.sequence > 0);
    let own = range::own_addresses(repo);
    let mut not_judged: BTreeMap<IssueId, Vec<ObjectId>> = BTreeMap::new();
    for CommitChanges { commit, parents, changes } in &made {
        let spot = Position { commit: Some(*commit), parents };
        // What others made was judged where they made it.
        let is_judged = knows_leases && !own.is_empty() && range::others(repo, *commit, &own)?.is_none();
        for change in changes {
            findings.extend(change.defect(repo).map(|finding| finding.in_commit(*commit)));
            findings.extend(pre_commit::off_base(&judge, &policy, change, spot, &range.tips)?);
            match is_edit(change) {
                Some(_) if is_judged => findings.extend(judge.judge(change, spot)?.err()),
                Some(issue) => not_judged.entry(issue).or_default().push(*commit),
                None => {}
            }
        }
    }
    if knows_leases {
        findings.extend(judge.broken_ledger());
    }
    findings.extend(unreadable_policies(repo, &range.tips)?);
    let (new, known) = inconsistencies(repo, range)?;
    findings.extend(new.into_iter().map(|what| Finding::Inconsistent { what }));
    let remarks = remarks(repo, &commits, !not_judged.is_empty())?;
    let verdict = Verdict::of(&policy, pre_push::one_an_issue(findings));
    Ok(Checked { verdict, commits: commits.len(), not_judged, remarks, known })
}

/// The issue that a change edits; a new one is nobody else's.
fn is_edit(change: &FileChange) -> Option<IssueId> {
    change.edited_issue().filter(|_| !change.is_creation())
}

/// Policies that cannot be read: they count as strict, and nobody may notice why.
fn unreadable_policies(repo: &Repository, tips: &[ObjectId]) -> Result<Vec<Finding>> {
    let mut found = Vec::new();
    for tip in tips {
        let Some(entry) = tree::file(repo, tree::data_tree(repo, *tip)?, b"config.toml")? else { continue };
        if let Err(why) = config::parse(&tree::blob(repo, entry.oid)?) {
            let path = format!("{}/config.toml", tree::DATA);
            found.push(Finding::Invalid { path, why, commit: Some(tip.to_string()) });
        }
    }
    Ok(found)
}

fn remarks(repo: &Repository, commits: &[ObjectId], has_edits: bool) -> Result<Vec<String>> {
    let mut remarks = Vec::new();
    if has_edits {
        remarks.push("who held the edited issues: leases are known only in the clone that the commits were made in".to_owned());
    }
    for commit in commits {
        if history::is_shallow(repo, *commit)? {
            remarks.push("what the first commits of this shallow clone changed: git fetch --unshallow".to_owned());
            break;
        }
    }
    Ok(remarks)
}

/// What does not fit together at the tips: what is new, and what was so where the commits began.
fn inconsistencies(repo: &Repository, range: &Range) -> Result<(BTreeSet<String>, Vec<String>)> {
    let mut before = BTreeSet::new();
    for base in &range.hidden {
        before.extend(problems_at(repo, *base)?);
        for tip in &range.tips {
            for base in history::merge_bases(repo, *tip, &[*base])? {
                before.extend(problems_at(repo, base)?);
            }
        }
    }
    let mut after = BTreeSet::new();
    for tip in &range.tips {
        after.extend(problems_at(repo, *tip)?);
    }
    let known = after.intersection(&before).cloned().collect();
    Ok((after.difference(&before).cloned().collect(), known))
}

/// What does not fit together in one commit. An issue that cannot be read is told where it was changed.
fn problems_at(repo: &Repository, commit: ObjectId) -> Result<Vec<String>> {
    let Snapshot { issues, registry, .. } = Snapshot::at(repo, commit)?;
    let found = consistency::problems(issues.iter().map(Document::issue), registry.as_ref().ok());
    let wrong = found.iter().filter(|problem| !problem.is_mild()).map(ToString::to_string);
    Ok(registry.as_ref().err().cloned().into_iter().chain(wrong).collect())
}
