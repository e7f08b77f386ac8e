//! Merges and the hooks: only an automatic merge passes without a lease, at the commit and at the push.

use crate::support::{Place, World};

/// Two published branches that change adjacent lines of one issue, each under a lease that is then released.
fn published() -> (World, Vec<String>) {
    let (world, issues) = World::strict();
    for (name, change) in [("one", "--state in_progress"), ("two", "--priority high")] {
        let place = world.linked(name);
        place.acquire(&issues[0]);
        place.jit(&format!("issue update {} {change}", issues[0])).ok();
        place.git("commit -q -a -m Change").ok();
        place.git(&format!("push -q origin {name}")).ok();
        place.jit(&format!("claim release {}", issues[0])).ok();
    }
    (world, issues)
}

#[test]
fn the_result_of_the_driver_passes_without_a_lease() {
    let (world, issues) = published();
    for place in [world.team().agent("agent:other"), world.linked("third")] {
        place.git("merge -q --no-ff -m One one").ok();
        place.git("merge -q --no-ff -m Two two").ok();
        let text = place.read(&Place::file(&issues[0]));
        assert!(text.contains("in_progress") && text.contains("\"high\""), "{text}");
        place.git("push -q origin HEAD").ok();
        place.jit("check HEAD~2..HEAD").ok();
    }
}

#[test]
fn a_stopped_merge_passes_if_it_is_resolved_as_the_driver_would() {
    let (world, issues) = published();
    let place = world.linked("third");
    place.git("merge -q --no-ff -m One one").ok();
    // Without the driver the merge stops; `resolve` finishes it later.
    place.git("config --remove-section merge.git-jit").ok();
    place.git("merge -q --no-ff -m Two two").exits(1);
    place.jit("resolve").ok().says("Resolved");
    place.git("commit -q -m Two").ok();
    place.git("push -q origin HEAD").ok();
    let text = place.read(&Place::file(&issues[0]));
    assert!(text.contains("in_progress") && text.contains("\"high\""), "{text}");
}

#[test]
fn a_merge_with_an_extra_edit_requires_a_lease_at_the_commit_and_at_the_push() {
    let (world, issues) = published();
    let place = world.linked("third");
    place.git("merge -q --no-ff -m One one").ok();
    place.git("merge -q --no-ff --no-commit two").ok();
    place.edit(&issues[0], "Slipped in");
    place.git("add -A").ok();
    place.git("commit -q -m Two").exits(1).says(&issues[0][..8]);
    place.git("commit -q --no-verify -m Two").ok();
    place.git("push -q origin HEAD").exits(1).says(&issues[0][..8]);
}

#[test]
fn taking_one_side_of_an_automatic_merge_is_an_edit() {
    let (world, issues) = published();
    let place = world.linked("third");
    place.git("merge -q --no-ff -m One one").ok();
    place.git("merge -q --no-ff --no-commit two").ok();
    place.git(&format!("checkout -q HEAD -- {}", Place::file(&issues[0]))).ok();
    place.git("commit -q -m Two").exits(1).says(&issues[0][..8]);
}

#[test]
fn deciding_a_conflict_requires_a_lease_and_passes_with_one() {
    let (world, issues) = World::strict();
    for (name, title) in [("one", "A"), ("two", "B")] {
        let place = world.linked(name);
        place.acquire(&issues[0]);
        place.jit_args(&["issue", "update", &issues[0], "--title", title]).ok();
        place.git("commit -q -a -m Change").ok();
        place.git(&format!("push -q origin {name}")).ok();
        place.jit(&format!("claim release {}", issues[0])).ok();
    }
    let place = world.linked("third");
    place.git("merge -q --no-ff -m One one").ok();
    place.git("merge -q --no-ff -m Two two").exits(1);
    place.jit("resolve --theirs").exits(5).says("edited without a lease");
    assert!(place.read(&Place::file(&issues[0])).contains("<<<<<<<"), "nothing is written that is not allowed");
    place.acquire(&issues[0]);
    place.jit("resolve --theirs").ok();
    place.git("commit -q -m Two").ok();
    assert_eq!(place.committed_title(&issues[0]), "B");
    place.git("push -q origin HEAD").ok();
}
