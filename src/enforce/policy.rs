//! Which policy is in force: the strictest of every place where one can be set.
//!
//! No place replaces another. So a worktree, an old branch or a configuration that points elsewhere can tighten the policy and
//! never loosen it.

use gix::{ObjectId, Repository};

use crate::context::Context;
use crate::domain::policy::{Candidate, Enforcement, Policy, PolicySettings};
use crate::git;
use crate::git::history;
use crate::git::tree;
use crate::store::config;
use crate::store::file;
use crate::store::layout::Layout;

/// The environment variable that sets a policy for a process and its children.
pub(crate) const VARIABLE: &str = "JIT_ENFORCE_LEASES";

/// The policy in force, and the places that it comes from.
pub(crate) struct EffectivePolicy {
    /// The strictest of all places, setting by setting.
    pub policy: Policy,
    /// Every place that has a policy, with its settings or why they cannot be read.
    pub places: Vec<Candidate>,
}

impl EffectivePolicy {
    fn of(places: Vec<Candidate>) -> Self {
        Self { policy: Policy::strictest(&places), places }
    }

    /// The policy for work in a worktree: the default branches, the file, the variable, HEAD.
    pub(crate) fn of_worktree(cx: &Context, layout: &Layout) -> Self {
        Self::of_parent(cx, layout, tree::head_commit(&layout.repo), None)
    }

    /// The policy for a commit on `head`: as in the worktree, and `config`, the blob of the `config.toml` that the commit changes.
    pub(crate) fn of_commit(cx: &Context, layout: &Layout, head: Option<ObjectId>, config: Option<ObjectId>) -> Self {
        Self::of_parent(cx, layout, Ok(head), config)
    }

    fn of_parent(cx: &Context, layout: &Layout, head: git::Result<Option<ObjectId>>, config: Option<ObjectId>) -> Self {
        let mut places = places_everywhere(cx, layout);
        match head {
            Ok(head) => places.extend(head.and_then(|id| at_commit(&layout.repo, id, "HEAD"))),
            Err(error) => places.push(Candidate { place: "HEAD".into(), settings: Err(error.to_string()) }),
        }
        places.extend(config.map(|oid| from_blob(&layout.repo, oid, "the staged .jit/config.toml")));
        Self::of(places)
    }

    /// The policy for a push: the default branches, the file, the variable, and every tip that is pushed or replaced.
    pub(crate) fn of_push(cx: &Context, layout: &Layout, tips: &[ObjectId]) -> Self {
        let mut places = places_everywhere(cx, layout);
        places.extend(tips.iter().filter_map(|id| at_commit(&layout.repo, *id, &id.to_string())));
        Self::of(places)
    }
}

/// The places that count for every operation.
fn places_everywhere(cx: &Context, layout: &Layout) -> Vec<Candidate> {
    let mut seen = Vec::new();
    let mut places = Vec::new();
    for (name, tip) in history::default_branches(&layout.repo) {
        if !seen.contains(&tip) {
            seen.push(tip);
            places.extend(at_commit(&layout.repo, tip, &name));
        }
    }
    if let Some(root) = &layout.worktree_root {
        let path = Layout::data_dir(root).join("config.toml");
        let place = path.display().to_string();
        match file::read_optional(&path) {
            Ok(None) => {}
            Ok(Some(bytes)) => places.push(Candidate { place, settings: config::parse(&bytes) }),
            Err(error) => places.push(Candidate { place, settings: Err(error.to_string()) }),
        }
    }
    if let Some(text) = &cx.enforcement_variable {
        let unknown = || format!("unknown value '{text}': use off, warn or strict");
        let settings = Enforcement::parse(text)
            .map(|enforcement| PolicySettings { enforcement: Some(enforcement), ..PolicySettings::default() });
        places.push(Candidate { place: VARIABLE.into(), settings: settings.ok_or_else(unknown) });
    }
    places
}

/// Whether a default branch was strict where `commit` left it.
pub(crate) fn was_strict_below(repo: &Repository, commit: ObjectId) -> git::Result<bool> {
    let enforcement = |commit| at_commit(repo, commit, "")?.settings.ok()?.enforcement;
    for (_, tip) in history::default_branches(repo) {
        if history::merge_bases(repo, commit, &[tip])?.into_iter().any(|shared| enforcement(shared) == Some(Enforcement::Strict)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The policy in a commit's `config.toml`; `None` if it has no such file.
pub(crate) fn at_commit(repo: &Repository, commit: ObjectId, place: &str) -> Option<Candidate> {
    let read = || -> git::Result<Option<tree::TreeEntry>> { tree::file(repo, tree::data_tree(repo, commit)?, b"config.toml") };
    match read() {
        Ok(entry) => entry.map(|entry| from_blob(repo, entry.oid, place)),
        Err(error) => Some(Candidate { place: place.to_owned(), settings: Err(error.to_string()) }),
    }
}

fn from_blob(repo: &Repository, oid: ObjectId, place: &str) -> Candidate {
    let settings = tree::blob(repo, oid).map_err(|error| error.to_string()).and_then(|bytes| config::parse(&bytes));
    Candidate { place: place.to_owned(), settings }
}
