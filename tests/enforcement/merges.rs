//! Merges: what a three-way rule gives needs no lease, everything else does.

use super::{REFUSED, Scene, in_linked};
use crate::support::Place;

#[test]
fn a_merge_that_keeps_our_side_against_anothers_edit_is_an_edit() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.git("commit -q --allow-empty -m Ours").ok();
        scene.others_edit("Theirs");
        here.git("merge -q -s ours -m x origin/main").exits(REFUSED).says("edited without a lease");
        here.git("merge --abort").status();
        here.git("reset -q --hard").ok();
        here.git("merge -q --no-verify -s ours -m x origin/main").ok();
        assert_eq!(here.committed_title(&issues[0]), "First");
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("no lease covered the edit");
    });
}

#[test]
fn a_clean_text_merge_needs_no_lease_and_a_resolution_does() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.acquire(&issues[0]);
        here.jit(&format!("issue update {} --label mine:1", issues[0])).ok();
        here.git("commit -q -a -m Label").ok();
        here.jit(&format!("claim release {}", issues[0])).ok();
        scene.others_edit("Theirs");
        here.git("merge -q -m Clean origin/main").ok();
        here.git("push -q origin HEAD:refs/heads/topic").ok();
        here.git("reset -q --hard HEAD~1").ok();
        here.acquire(&issues[0]);
        here.edit(&issues[0], "Ours");
        here.git("commit -q -a -m Ours").ok();
        here.jit(&format!("claim release {}", issues[0])).ok();
        here.git("merge -q -m Conflict origin/main").exits(1);
        here.git("checkout -q --ours .jit").ok();
        here.git("add -A").ok();
        here.git("commit -q -m Resolved").exits(REFUSED).says("edited without a lease");
        here.acquire(&issues[0]);
        here.git("commit -q -m Resolved").ok();
        here.git("push -q origin HEAD:refs/heads/resolved").ok();
    });
}

#[test]
fn octopus_and_criss_cross_merges_of_published_work_pass() {
    let scene = Scene::new(false);
    let colleague = scene.colleague();
    for (n, branch) in ["one", "two", "three"].iter().enumerate() {
        colleague.git(&format!("checkout -q -b {branch} main")).ok();
        colleague.edit(&scene.issues[n], branch);
        colleague.git(&format!("commit -q -a -m {branch}")).ok();
    }
    for (name, ours, theirs) in [("left", "one", "two"), ("right", "two", "one")] {
        colleague.git(&format!("checkout -q -b {name} {ours}")).ok();
        colleague.git(&format!("merge -q -m {name} {theirs}")).ok();
    }
    colleague.git("push -q origin one two three left right").ok();
    let here = &scene.here;
    here.git("fetch -q").ok();
    here.git("checkout -q -b octopus").ok();
    here.git("merge -q -m Octopus origin/one origin/two origin/three").ok();
    here.git("push -q origin octopus").ok();
    here.git("checkout -q -b cross origin/left").ok();
    here.git("merge -q --no-ff -m Cross origin/right").ok();
    here.git("push -q origin cross").ok();
    assert_eq!(here.committed_title(&scene.issues[1]), "two");
}

#[test]
fn a_criss_cross_that_git_merges_cleanly_passes() {
    let scene = Scene::new(false);
    let colleague = scene.colleague();
    let text = colleague.read(&Place::file(&scene.issues[0]));
    let edit = |title: &str, created: &str| {
        let text = text
            .replace("\"First\"", &format!("\"{title}\""))
            .replace("\"created_at\": \"", &format!("\"created_at\": \"{created}"));
        colleague.write(&Place::file(&scene.issues[0]), text);
        colleague.git("commit -q -a -m Edit").ok();
    };
    colleague.git("checkout -q -b a main").ok();
    edit("A", "");
    colleague.git("checkout -q -b b main").ok();
    edit("First", "b");
    colleague.git("branch b1").ok();
    colleague.git("merge -q -m ba a").ok();
    colleague.git("checkout -q a").ok();
    colleague.git("merge -q -m ab b1").ok();
    edit("AA", "b");
    colleague.git("checkout -q b").ok();
    edit("A", "bb");
    colleague.git("push -q origin a b").ok();
    let here = &scene.here;
    here.git("fetch -q").ok();
    here.git("checkout -q -b cross origin/a").ok();
    here.git("merge -q -m Cross origin/b").ok();
    here.git("push -q origin cross").ok();
    assert_eq!(here.committed_title(&scene.issues[0]), "AA");
}
