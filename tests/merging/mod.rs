//! Merges issues field by field with real Git, resolves conflicts, and validates the results.

mod driver;
mod judged;
mod left;
mod pairs;
mod valid;

use serde_json::Value;

use crate::support::{Outcome, Place, World};

/// A repository with one committed issue, seen from its primary worktree or from a linked one.
pub(crate) struct Scene {
    pub(crate) world: World,
    /// The worktree that the test works in, with `main` or `here` checked out.
    pub(crate) here: Place,
    pub(crate) issue: String,
}

impl Scene {
    /// In the primary worktree.
    pub(crate) fn primary() -> Self {
        let world = World::new();
        let here = world.team().agent("agent:me");
        let issue =
            here.jit_args(&["issue", "create", "-q", "Fix login", "--label", "area:web", "-d", "one\ntwo\nthree\n"]).ok().line();
        here.create("Another one, with a name of its own");
        here.git("add -A").ok();
        here.git("commit -q -m Issues").ok();
        here.git("branch base").ok();
        Self { world, here, issue }
    }

    /// In a linked worktree.
    pub(crate) fn linked() -> Self {
        let scene = Self::primary();
        let here = scene.world.linked("here");
        Self { here, ..scene }
    }

    /// One of each, for tests that must pass in both.
    pub(crate) fn both() -> [Self; 2] {
        [Self::primary(), Self::linked()]
    }

    /// Updates the issue and commits the change, on a new branch from `from` or on the current branch.
    pub(crate) fn commit(&self, branch: &str, from: Option<&str>, changes: &[&str]) {
        if let Some(from) = from {
            self.here.git(&format!("checkout -q -b {branch} {from}")).ok();
        }
        self.here.jit_args(&[&["issue", "update", &self.issue], changes].concat()).ok();
        self.here.git("commit -q -a -m Change").ok();
    }

    /// Creates two branches from the base with different changes, and checks out `ours`.
    pub(crate) fn fork(&self, ours: &[&str], theirs: &[&str]) {
        self.commit("theirs", Some("base"), theirs);
        self.commit("ours", Some("base"), ours);
    }

    /// The issue's file.
    pub(crate) fn text(&self) -> String {
        self.here.read(&Place::file(&self.issue))
    }

    /// The parsed file.
    pub(crate) fn value(&self) -> Value {
        serde_json::from_str(&self.text()).unwrap_or_else(|error| panic!("{error}: {}", self.text()))
    }

    pub(crate) fn git(&self, words: &str) -> Outcome {
        self.here.git(words)
    }
}
