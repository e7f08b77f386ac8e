//! Adoption: someone takes responsibility for edits that no commit hook of this clone has checked.
//!
//! When hooks are first installed in a repository, the edits in its unpublished commits are recorded once, so that they can be
//! pushed under any policy. Later edits need a lease. Edits by others, for example in a pull request that was merged by hand, can
//! be adopted by name and with a reason.

use gix::ObjectId;

use crate::actor;
use crate::context::Context;
use crate::domain::id::IssueId;
use crate::enforce::Result;
use crate::enforce::change::FileChange;
use crate::enforce::commits::{CommitChanges, changes_of};
use crate::enforce::gather::FactReader;
use crate::git::history;
use crate::git::range::{self, Range};
use crate::repo::Repo;
use crate::store::Error;
use crate::store::authority::{AuthorityLog, RecordedTransition, TransitionContext};
use crate::store::file;
use crate::store::layout::Layout;

/// How many edits are named in the reason that is recorded with them.
const NAMED: usize = 5;
const REASON: &str = "not published when the hooks were installed";

/// Adopts the unpublished edits, unless that was done before. Returns the number of recorded transitions.
///
/// A mark beside the log records that this was done, so that a lost log is not filled again.
pub(crate) fn once(cx: &Context, layout: &Layout, agent: Option<&str>) -> Result<usize> {
    if is_recorded_here(layout) {
        return Ok(0);
    }
    let published = history::published_tips(&layout.repo, layout.primary_root.as_deref())?;
    let commits = history::reachable(&layout.repo, &branches(layout)?, &published)?;
    let commits = changes_of(cx, layout, &commits, &mut Vec::new())?;
    let edits = commits.iter().flat_map(|commit| commit.changes.iter().map(move |change| (commit, change)));
    let transitions = record(cx, layout, agent, edits.filter(|(_, change)| change.edited_issue().is_some()), REASON)?;
    let at = cx.clock().now().wall;
    let text = format!("{{\"schema_version\":1,\"at\":\"{at}\",\"transitions\":{transitions}}}\n");
    file::make_dir(&layout.shared_dir(), layout.modes)?;
    file::replace(&mark(layout), text.as_bytes(), layout.modes)?;
    Ok(transitions)
}

/// Whether hooks have recorded commits in this clone.
pub(crate) fn is_recorded_here(layout: &Layout) -> bool {
    mark(layout).exists() || AuthorityLog::of(layout).exists()
}

fn mark(layout: &Layout) -> std::path::PathBuf {
    layout.shared_dir().join("adopted.json")
}

/// Records edits as adopted. Returns the number of transitions.
fn record<'c>(
    cx: &Context,
    layout: &Layout,
    agent: Option<&str>,
    edits: impl Iterator<Item = (&'c CommitChanges, &'c FileChange)>,
    reason: &str,
) -> Result<usize> {
    let holder = actor::holder(cx, layout, agent)?;
    let at = cx.clock().now().wall;
    let mut entries = Vec::new();
    for (commit, change) in edits {
        let base: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        let context = TransitionContext { at, path: &change.name(), base: &base, holder: &holder };
        let steps = change.steps().filter(|(from, to)| from != to);
        entries.extend(steps.map(|step| RecordedTransition::adopted(&context, step, reason)));
    }
    AuthorityLog::of(layout).append(&entries)?;
    Ok(entries.len())
}

/// The edits in a range that no lease, record or publication authorises.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    /// Edits by others, which are adopted: the issue, the commit and its author.
    pub taken: Vec<(IssueId, ObjectId, String)>,
    /// Edits by this repository's own user. If there are any, nothing is adopted.
    pub own: Vec<(IssueId, ObjectId)>,
}

/// Adopts the edits by others in `range` that nothing else authorises: all of them, or none.
pub(crate) fn range(repo: Repo<'_>, agent: Option<&str>, range: &Range, reason: &str) -> Result<Adopted> {
    let Repo { cx, layout, .. } = repo;
    let exempt = history::published_tips(&layout.repo, layout.primary_root.as_deref())?;
    let commits = history::reachable(&layout.repo, &range.tips, &[range.hidden.clone(), exempt.clone()].concat())?;
    let commits = changes_of(cx, layout, &commits, &mut Vec::new())?;
    let changes = commits.iter().flat_map(|commit| &commit.changes);
    let reader = FactReader::new(repo, actor::editor(cx, layout, agent)?, changes, Some(exempt));
    let addresses = range::own_addresses(&layout.repo);
    let (mut adopted, mut edits) = (Adopted::default(), Vec::new());
    for commit in &commits {
        for change in &commit.changes {
            let Some(issue) = change.edited_issue() else { continue };
            if reader.judge(change, commit.position())?.is_none_or(|judgement| judgement.is_ok()) {
                continue;
            }
            match range::others(&layout.repo, commit.commit, &addresses)? {
                Some(by) => {
                    adopted.taken.push((issue, commit.commit, by));
                    edits.push((commit, change));
                }
                None => adopted.own.push((issue, commit.commit)),
            }
        }
    }
    if adopted.own.is_empty() && !edits.is_empty() {
        let describe = |(issue, commit, by): &(IssueId, ObjectId, String)| format!("{} in {commit} by {by}", issue.short());
        let all: Vec<String> = adopted.taken.iter().take(NAMED).map(describe).collect();
        let me = addresses.first().map(ToString::to_string).unwrap_or_default();
        record(cx, layout, agent, edits.into_iter(), &format!("{reason} (adopted by {me}: {})", all.join(", ")))?;
    }
    Ok(adopted)
}

fn branches(layout: &Layout) -> Result<Vec<ObjectId>> {
    let failed = || Error::git("the branches");
    let platform = layout.repo.references().map_err(failed())?;
    let branches = platform.local_branches().map_err(failed())?.flatten();
    Ok(branches.filter_map(|mut branch| branch.peel_to_commit().ok().map(|commit| commit.id)).collect())
}
