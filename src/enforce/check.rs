//! `git jit check`: judges commits that exist already, for example in CI, where no lease log exists.
//!
//! It judges what the commits themselves show: files, ids, edits of the policy, and whether issues and gates are as consistent at
//! the end as before. Leases are judged only where they were recorded: in the clone that made the commits. What could not be judged
//! is reported.

use std::collections::{BTreeMap, BTreeSet};

use gix::{ObjectId, Repository};

use crate::actor;
use crate::domain::consistency;
use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::domain::policy::Finding;
use crate::enforce::adopt;
use crate::enforce::change::FileChange;
use crate::enforce::commits::changes_of;
use crate::enforce::gather::FactReader;
use crate::enforce::policy_edit;
use crate::enforce::{Result, Verdict};
use crate::git::history;
use crate::git::range::{self, Range};
use crate::git::tree;
use crate::repo::Repo;
use crate::store::config;
use crate::store::snapshot::Snapshot;

/// The result of a check.
pub(crate) struct Checked {
    pub verdict: Verdict,
    /// The number of commits in the range.
    pub commits: usize,
    /// The edited issues whose leases were not judged, with the commits that edit them, oldest first.
    pub not_judged: BTreeMap<IssueId, Vec<ObjectId>>,
    /// What else could not be judged, for people.
    pub remarks: Vec<String>,
    /// The inconsistencies that existed before the range, for people.
    pub known: Vec<String>,
}

/// Checks the commits of a range.
pub(crate) fn run(repo: Repo<'_>, range: &Range) -> Result<Checked> {
    let Repo { cx, layout, policy, .. } = repo;
    let git = &layout.repo;
    let commits = history::reachable(git, &range.tips, &range.hidden)?;
    let mut findings = Vec::new();
    let made = changes_of(cx, layout, &commits, &mut findings)?;
    let exempt = [history::published_tips(&layout.repo, layout.primary_root.as_deref())?, range.hidden.clone()].concat();
    let changes = made.iter().flat_map(|commit| &commit.changes);
    let reader = FactReader::new(repo, actor::editor(cx, layout, None)?, changes, Some(exempt));
    let knows_leases = adopt::is_recorded_here(layout) || reader.ledger().is_none_or(|ledger| ledger.sequence > 0);
    let own = range::own_addresses(git);
    let mut not_judged: BTreeMap<IssueId, Vec<ObjectId>> = BTreeMap::new();
    for commit in &made {
        let (id, position) = (commit.commit, commit.position());
        // Commits by others were judged in the clone that made them.
        let is_judged = knows_leases && !own.is_empty() && range::others(git, id, &own)?.is_none();
        for change in &commit.changes {
            findings.extend(change.defect(git).map(|finding| finding.in_commit(id)));
            findings.extend(policy_edit::off_base(git, policy, change, position, &range.tips)?);
            match existing_issue(change) {
                Some(_) if is_judged => findings.extend(reader.judge(change, position)?.and_then(std::result::Result::err)),
                Some(issue) => not_judged.entry(issue).or_default().push(id),
                None => {}
            }
        }
    }
    if knows_leases {
        findings.extend(reader.broken_ledger());
    }
    findings.extend(unreadable_policies(git, &range.tips)?);
    let (new, known) = inconsistencies(git, range)?;
    findings.extend(new.into_iter().map(|what| Finding::Inconsistent { what }));
    let remarks = remarks(git, &commits, !not_judged.is_empty())?;
    let verdict = Verdict::of_commits(policy, findings);
    Ok(Checked { verdict, commits: commits.len(), not_judged, remarks, known })
}

/// The issue that a change edits, unless the change creates it: a new issue belongs to its author.
fn existing_issue(change: &FileChange) -> Option<IssueId> {
    change.edited_issue().filter(|_| !change.is_creation())
}

/// Policies that cannot be read. They count as strict, and the reason would otherwise not be reported.
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

/// The inconsistencies at the tips: those that are new, and those that existed where the range began.
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

/// The inconsistencies in one commit. An issue that cannot be read is reported for the commit that changed it.
fn problems_at(repo: &Repository, commit: ObjectId) -> Result<Vec<String>> {
    let Snapshot { issues, registry, .. } = Snapshot::at(repo, commit)?;
    let found = consistency::problems(issues.iter().map(Document::issue), registry.as_ref().ok());
    let wrong = found.iter().filter(|problem| !problem.is_mild()).map(ToString::to_string);
    Ok(registry.as_ref().err().cloned().into_iter().chain(wrong).collect())
}
