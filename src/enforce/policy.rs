//! Which policy is in force: the strictest of every place where one could stand.
//!
//! None of the places replaces another, so a worktree, an old branch or a configuration that points
//! elsewhere can tighten the policy and not loosen it.

use gix::{ObjectId, Repository};

use crate::context::Context;
use crate::domain::policy::{Candidate, Enforcement, Finding, Policy, PolicySettings};
use crate::git::history;
use crate::git::tree;
use crate::store;
use crate::store::config;
use crate::store::file;
use crate::store::layout::Layout;

/// The place of a policy that is set for a process and what it starts.
pub(crate) const VARIABLE: &str = "JIT_ENFORCE_LEASES";

/// The policy for work in a worktree: the default branches, HEAD, the file, the variable, and `staged`, the blob of a
/// `config.toml` that is staged and not what it was.
pub(crate) fn policy(cx: &Context, layout: &Layout, staged: Option<ObjectId>) -> Policy {
    let mut candidates = candidates(cx, layout);
    if let Some(oid) = staged {
        candidates.push(from_blob(&layout.repo, oid, "the staged .jit/config.toml"));
    }
    Policy::strictest(&candidates)
}

/// What has a say in a worktree, staged things apart.
pub(crate) fn candidates(cx: &Context, layout: &Layout) -> Vec<Candidate> {
    let head = tree::head_commit(&layout.repo).map(Option::into_iter);
    let mut candidates = candidates_here(cx, layout);
    match head {
        Ok(head) => candidates.extend(head.filter_map(|id| at_commit(&layout.repo, id, "HEAD"))),
        Err(error) => candidates.push(Candidate { place: "HEAD".into(), settings: Err(error.to_string()) }),
    }
    candidates
}

/// The policy for a push: the default branches, every tip that is pushed or replaced, the file, the variable.
pub(crate) fn policy_of_push(cx: &Context, layout: &Layout, tips: &[ObjectId]) -> Policy {
    let mut candidates = candidates_here(cx, layout);
    candidates.extend(tips.iter().filter_map(|id| at_commit(&layout.repo, *id, &id.to_string())));
    Policy::strictest(&candidates)
}

/// The candidates that stand whatever is being done.
fn candidates_here(cx: &Context, layout: &Layout) -> Vec<Candidate> {
    let mut seen = Vec::new();
    let mut candidates = Vec::new();
    for (name, tip) in history::default_branches(&layout.repo) {
        if !seen.contains(&tip) {
            seen.push(tip);
            candidates.extend(at_commit(&layout.repo, tip, &name));
        }
    }
    if let Some(root) = &layout.worktree_root {
        let path = Layout::data_dir(root).join("config.toml");
        let place = path.display().to_string();
        match file::read_optional(&path) {
            Ok(None) => {}
            Ok(Some(bytes)) => candidates.push(Candidate { place, settings: config::parse(&bytes) }),
            Err(error) => candidates.push(Candidate { place, settings: Err(error.to_string()) }),
        }
    }
    if let Some(text) = &cx.enforcement_variable {
        let unknown = || format!("'{text}' is none of off, warn, strict");
        let settings = Enforcement::parse(text)
            .map(|enforcement| PolicySettings { enforcement: Some(enforcement), ..PolicySettings::default() });
        candidates.push(Candidate { place: VARIABLE.into(), settings: settings.ok_or_else(unknown) });
    }
    candidates
}

/// Whether a default branch was strict where `commit` left it.
pub(crate) fn was_strict_below(repo: &Repository, commit: ObjectId) -> store::Result<bool> {
    let enforcement = |commit| at_commit(repo, commit, "")?.settings.ok()?.enforcement;
    for (_, tip) in history::default_branches(repo) {
        if history::merge_bases(repo, commit, &[tip])?.into_iter().any(|shared| enforcement(shared) == Some(Enforcement::Strict)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// What a commit's `config.toml` says; nothing if it has none.
fn at_commit(repo: &Repository, commit: ObjectId, place: &str) -> Option<Candidate> {
    let read =
        || -> crate::git::Result<Option<tree::TreeEntry>> { tree::file(repo, tree::data_tree(repo, commit)?, b"config.toml") };
    match read() {
        Ok(entry) => entry.map(|entry| from_blob(repo, entry.oid, place)),
        Err(error) => Some(Candidate { place: place.to_owned(), settings: Err(error.to_string()) }),
    }
}

fn from_blob(repo: &Repository, oid: ObjectId, place: &str) -> Candidate {
    let settings = tree::blob(repo, oid).map_err(|error| error.to_string()).and_then(|bytes| config::parse(&bytes));
    Candidate { place: place.to_owned(), settings }
}

/// The default branches whose tips an edit of the policy must be built on. Each says for itself whether it wants that, so that a
/// branch cannot excuse itself; any place can insist on it.
pub(crate) fn branches_to_build_on(repo: &Repository, policy: &Policy) -> Vec<(String, ObjectId)> {
    let excuses = |tip: ObjectId| {
        let settings = at_commit(repo, tip, "").and_then(|candidate| candidate.settings.ok());
        settings.is_some_and(|settings| settings.require_main_history == Some(false))
    };
    let all = history::binding_branches(repo).into_iter();
    all.filter(|(_, tip)| policy.require_main_history == Some(true) || !excuses(*tip)).collect()
}

/// The finding that the policy itself would be edited here, in the file `name`, on something that lacks the tip of a default
/// branch; nothing where the policy allows that, and in a repository without commits.
pub(crate) fn off_base(layout: &Layout, policy: &Policy, name: &str) -> store::Result<Option<Finding>> {
    let repo = &layout.repo;
    let Some(head) = tree::head_commit(repo)? else { return Ok(None) };
    for (branch, tip) in branches_to_build_on(repo, policy) {
        if !history::is_ancestor(repo, tip, head)? {
            return Ok(Some(Finding::OffBase { path: name.to_owned(), branch }));
        }
    }
    Ok(None)
}
