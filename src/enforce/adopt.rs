//! Adoption: somebody answers for edits that no commit hook of this clone has seen.
//!
//! Once a repository, when its hooks are first installed, the edits in commits that no remote is known to have
//! are recorded as they are, so that they can be pushed under any policy. What comes later needs a lease, or is what
//! others made and somebody here takes over by name, with a reason: a pull request that was merged by hand.

use gix::ObjectId;

use crate::actor;
use crate::context::Context;
use crate::domain::id::IssueId;
use crate::enforce::Result;
use crate::enforce::change::FileChange;
use crate::enforce::judge::{Judge, Position};
use crate::enforce::policy;
use crate::git::history;
use crate::git::range::{self, Range};
use crate::hooks::pre_push::{self, CommitChanges as Commit};
use crate::store::Error;
use crate::store::authority::{AuthorityLog, RecordedTransition, TransitionContext};
use crate::store::file;
use crate::store::layout::Layout;

/// How many edits are named in the reason that is recorded with them.
const NAMED: usize = 5;
const REASON: &str = "not published when the hooks were installed";

/// Adopts what is unpublished, unless that was done before: the number of transitions that were recorded.
///
/// That it was done is written down beside the log, so that a log which is lost is not made up for.
pub(crate) fn once(cx: &Context, layout: &Layout, agent: Option<&str>) -> Result<usize> {
    let mark = mark(layout);
    if is_recorded_here(layout) {
        return Ok(0);
    }
    let commits = history::reachable(
        &layout.repo,
        &branches(layout)?,
        &history::published_tips(&layout.repo, layout.primary_root.as_deref())?,
    )?;
    let made = pre_push::changes_of(cx, layout, &commits, &mut Vec::new())?;
    let edits = made.iter().flat_map(|made| made.changes.iter().map(move |change| (made, change)));
    let transitions = record(cx, layout, agent, edits.filter(|(_, change)| change.edited_issue().is_some()), REASON)?;
    let at = cx.clock().now().wall;
    let text = format!("{{\"schema_version\":1,\"at\":\"{at}\",\"transitions\":{transitions}}}\n");
    file::make_dir(&layout.shared_dir(), layout.modes)?;
    file::replace(&mark, text.as_bytes(), layout.modes)?;
    Ok(transitions)
}

/// Whether this clone has had hooks: then what was committed here is recorded here.
pub(crate) fn is_recorded_here(layout: &Layout) -> bool {
    mark(layout).exists() || AuthorityLog::of(layout).exists()
}

fn mark(layout: &Layout) -> std::path::PathBuf {
    layout.shared_dir().join("adopted.json")
}

/// Records edits as adopted: the number of transitions.
fn record<'c>(
    cx: &Context,
    layout: &Layout,
    agent: Option<&str>,
    edits: impl Iterator<Item = (&'c Commit, &'c FileChange)>,
    reason: &str,
) -> Result<usize> {
    let holder = actor::holder(cx, layout, agent)?;
    let at = cx.clock().now().wall;
    let mut entries = Vec::new();
    for (commit, change) in edits {
        let base: Vec<String> = commit.parents.iter().map(ToString::to_string).collect();
        let made = TransitionContext { at, path: &change.name(), base: &base, holder: &holder };
        let steps = change.steps().filter(|(from, to)| from != to);
        entries.extend(steps.map(|step| RecordedTransition::adopted(&made, step, reason)));
    }
    AuthorityLog::of(layout).append(&entries)?;
    Ok(entries.len())
}

/// What was taken over, and what was not.
#[derive(Debug, Default)]
pub(crate) struct Adopted {
    /// The issues that were edited without authority, each with the commit and who wrote it.
    pub taken: Vec<(IssueId, ObjectId, String)>,
    /// The same of commits that this repository's user made: nothing is recorded while there are any.
    pub own: Vec<(IssueId, ObjectId)>,
}

/// Takes over what others made in `range` and nothing else gives authority for: all of it, or nothing.
pub(crate) fn range(cx: &Context, layout: &Layout, agent: Option<&str>, range: &Range, reason: &str) -> Result<Adopted> {
    let repo = &layout.repo;
    let exempt = history::published_tips(&layout.repo, layout.primary_root.as_deref())?;
    let commits = history::reachable(repo, &range.tips, &[range.hidden.clone(), exempt.clone()].concat())?;
    let made = pre_push::changes_of(cx, layout, &commits, &mut Vec::new())?;
    let policy = policy::policy_of_push(cx, layout, &range.tips);
    let mut judge = Judge::new(layout, &policy, actor::editor(cx, layout, agent)?, cx.clock().now()).with_exempt(exempt);
    judge.consult(made.iter().flat_map(|made| &made.changes));
    let addresses = range::own_addresses(repo);
    let (mut adopted, mut edits) = (Adopted::default(), Vec::new());
    for commit in &made {
        let spot = Position { commit: Some(commit.commit), parents: &commit.parents };
        for change in &commit.changes {
            let Some(issue) = change.edited_issue() else { continue };
            if judge.judge(change, spot)?.is_ok() {
                continue;
            }
            match range::others(repo, commit.commit, &addresses)? {
                Some(by) => {
                    adopted.taken.push((issue, commit.commit, by));
                    edits.push((commit, change));
                }
                None => adopted.own.push((issue, commit.commit)),
            }
        }
    }
    if adopted.own.is_empty() && !edits.is_empty() {
        let whose = |(issue, commit, by): &(IssueId, ObjectId, String)| format!("{} in {commit} by {by}", issue.short());
        let all: Vec<String> = adopted.taken.iter().take(NAMED).map(whose).collect();
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
