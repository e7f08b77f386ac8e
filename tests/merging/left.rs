//! `git jit resolve`: what is left is shown, decided by field or by side, and touched only as a whole.

use serde_json::json;

use super::Scene;
use crate::support::Place;

fn in_conflict() -> Scene {
    let scene = Scene::linked();
    scene.fork(
        &["--title", "Ours", "--context", "k=1", "--label", "y:1"],
        &["--title", "Theirs", "--context", "k=2", "--label", "x:1"],
    );
    scene.git("merge -q -m M theirs").exits(1);
    scene
}

#[test]
fn what_is_left_is_shown_and_nothing_is_touched_until_all_of_it_is_decided() {
    let scene = in_conflict();
    let before = scene.text();
    scene.here.jit("resolve").exits(1).says("2 fields in conflict").says("\"Ours\"").says("--theirs");
    scene.here.jit("resolve --theirs=title").exits(1).says("context.k");
    assert_eq!(scene.text(), before);
    let said = scene.here.jit("resolve --json").exits(1).document();
    assert_eq!((&said["left"], &said["changed"]), (&json!(1), &json!(false)));
    assert_eq!(said["issues"][0]["conflicts"][0], json!({ "field": "context.k", "ours": "\"1\"", "theirs": "\"2\"" }));
    let sub = scene.here.sub("deep/down");
    sub.jit(&format!("resolve {} --theirs=title --ours", &scene.issue[..8])).ok().says("Resolved");
    let value = scene.value();
    assert_eq!((&value["title"], &value["context"]["k"]), (&json!("Theirs"), &json!("1")));
    assert_eq!(value["labels"], json!(["area:web", "x:1", "y:1"]), "what merges by itself is merged");
    assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), "");
    scene.git("commit -q -m Merged").ok();
    scene.here.jit("resolve").ok().says("No issue is in conflict");
    scene.here.jit("events").ok().says("resolved");
}

#[test]
fn fields_can_have_a_value_of_their_own_if_it_is_one() {
    let scene = in_conflict();
    scene.here.jit_args(&["resolve", "--ours", "--field", "title="]).exits(2).says("title");
    scene.here.jit_args(&["resolve", "--ours", "--field", "titel=x"]).exits(3).says("In conflict: context.k, title");
    scene.here.jit_args(&["resolve", "--ours", "--field", "nothing"]).exits(2).says("NAME=VALUE");
    scene.here.jit_args(&["resolve", "--ours", "--theirs"]).exits(2).says("cannot both");
    assert!(scene.text().contains("<<<<<<<"), "nothing was written");
    scene.here.jit_args(&["resolve", "--field", "title=Mine", "--field", "context.k=3"]).ok();
    assert_eq!((&scene.value()["title"], &scene.value()["context"]["k"]), (&json!("Mine"), &json!("3")));
}

#[test]
fn states_and_assignees_are_checked_before_they_are_written() {
    let scene = Scene::primary();
    scene.fork(&["--state", "done", "--assignee", "human:a"], &["--state", "rejected", "--assignee", "human:b"]);
    scene.git("merge -q -m M theirs").exits(1);
    scene.here.jit_args(&["resolve", "--ours", "--field", "state=finished"]).exits(2).says("One of: backlog, ready");
    scene.here.jit_args(&["resolve", "--ours", "--field", "assignee=nobody in particular"]).exits(2);
    scene.here.jit_args(&["resolve", "--field", "state=done", "--field", "assignee="]).ok();
    assert_eq!((&scene.value()["state"], &scene.value()["assignee"]), (&json!("done"), &json!(null)));
}

#[test]
fn an_issue_that_is_not_in_conflict_is_no_answer() {
    let scene = in_conflict();
    scene.here.jit("resolve ffffffff --ours").exits(3).says("no conflict in issue 'ffffffff'");
    scene.here.jit("resolve xyz").exits(2);
    scene.world.place("").jit("resolve").exits(3).says("not a git repository");
}

#[test]
fn markers_that_were_taken_away_by_hand_do_not_matter() {
    let scene = in_conflict();
    scene.here.write(&Place::file(&scene.issue), "half mended");
    scene.here.jit("resolve --ours").ok();
    assert_eq!(scene.value()["title"], "Ours");
}

#[test]
fn in_a_rebase_our_side_is_what_is_rebased_onto() {
    let scene = Scene::linked();
    scene.fork(&["--title", "Mine"], &["--title", "Upstream"]);
    scene.git("rebase -q theirs").exits(1);
    scene.here.jit("resolve --ours").ok();
    assert_eq!(scene.value()["title"], "Upstream");
    scene.here.with("GIT_EDITOR", "true").git("rebase --skip").ok();
}
