//! Adoption at install: what was committed before there were hooks cannot have been recorded by them.
//!
//! Once a repository, when its hooks are first installed, the edits in commits that no remote is known to have
//! are recorded as they are, so that they can be pushed under any policy. What comes later needs a lease.

use gix::ObjectId;

use super::{Result, pre_push};
use crate::actor;
use crate::context::Context;
use crate::store::authority::{Entry, Made};
use crate::store::layout::Layout;
use crate::store::{Error, file, history};

const REASON: &str = "not published when the hooks were installed";

/// Adopts what is unpublished, unless that was done before: the number of transitions that were recorded.
///
/// That it was done is written down beside the log, so that a log which is lost is not made up for.
pub(crate) fn once(cx: &Context, layout: &Layout, agent: Option<&str>) -> Result<usize> {
    let mark = layout.shared_dir().join("adopted.json");
    if mark.exists() || layout.authority().exists() {
        return Ok(0);
    }
    let commits = history::reachable(&layout.repo, &branches(layout)?, &history::published_tips(layout)?)?;
    let made = pre_push::changes_of(cx, layout, &commits, &mut Vec::new())?;
    let holder = actor::holder(cx, layout, agent)?;
    let at = cx.clock().now().wall;
    let mut entries = Vec::new();
    for made in &made {
        let base: Vec<String> = made.parents.iter().map(ToString::to_string).collect();
        for change in made.changes.iter().filter(|change| change.edited_issue().is_some()) {
            let made = Made { at, path: &change.name(), base: &base, holder: &holder };
            let steps = change.steps().filter(|(from, to)| from != to);
            entries.extend(steps.map(|step| Entry::adopted(&made, step, REASON)));
        }
    }
    layout.authority().append(&entries)?;
    let text = format!("{{\"schema_version\":1,\"at\":\"{at}\",\"transitions\":{}}}\n", entries.len());
    file::replace(&mark, text.as_bytes(), layout.modes)?;
    Ok(entries.len())
}

fn branches(layout: &Layout) -> Result<Vec<ObjectId>> {
    let failed = || Error::git("the branches");
    let platform = layout.repo.references().map_err(failed())?;
    let branches = platform.local_branches().map_err(failed())?.flatten();
    Ok(branches.filter_map(|mut branch| branch.peel_to_commit().ok().map(|commit| commit.id)).collect())
}
