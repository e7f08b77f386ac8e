//! What the hooks refuse and what they must let through, with real Git.
//!
//! A [`Scene`] is a strict team whose three issues are published, seen from the worktree where an agent without a lease is at
//! work. Scenarios run in a linked worktree; those whose verdict may depend on the place run in the primary one too.

use crate::support::{Place, World};

mod authority;
mod check;
mod commits;
mod index;
mod merges;
mod policy;
mod pushes;
mod table;

struct Scene {
    world: World,
    issues: Vec<String>,
    /// Where the scenario happens.
    here: Place,
}

impl Scene {
    fn new(is_linked: bool) -> Self {
        let (world, issues) = World::strict();
        let here = if is_linked { world.linked("side") } else { world.team().agent("agent:here") };
        Self { world, issues, here }
    }

    /// An edit of an issue under its lease, committed and published.
    fn acquire_and_publish(&self, issue: usize) {
        self.here.acquire(&self.issues[issue]);
        self.here.edit(&self.issues[issue], "Published");
        self.here.git("commit -q -a -m Published").ok();
        self.here.git("push -q origin HEAD:main").ok();
    }

    /// A colleague's clone, which has no hooks.
    fn colleague(&self) -> Place {
        self.world.place("").git("clone -q remote.git colleague").ok();
        self.world.place("colleague").agent("agent:colleague")
    }

    /// A colleague's edit of the first issue, published on `main` and fetched.
    fn others_edit(&self, title: &str) {
        let colleague = self.colleague();
        colleague.edit(&self.issues[0], title);
        colleague.git("commit -q -a -m Theirs").ok();
        colleague.git("push -q origin main").ok();
        self.here.git("fetch -q").ok();
    }
}

/// Plays a scenario in a linked worktree, where agents work: the place makes no difference to its verdict.
fn in_linked(scenario: impl FnOnce(&Scene)) {
    scenario(&Scene::new(true));
}

/// Plays a scenario in the primary worktree and in a linked one, because the place matters to it.
fn in_both(scenario: impl Fn(&Scene)) {
    for is_linked in [false, true] {
        scenario(&Scene::new(is_linked));
    }
}

const REFUSED: i32 = 1;
