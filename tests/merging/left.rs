//! `git jit resolve`: conflicts are shown, decided by field or by side, and a file is written only when all of its conflicts are
//! decided.

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
fn conflicts_are_shown_and_nothing_is_written_until_all_are_decided() {
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
fn fields_can_get_another_value_if_it_is_valid() {
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
fn an_issue_that_is_not_in_conflict_is_an_error() {
    let scene = in_conflict();
    scene.here.jit("resolve ffffffff --ours").exits(3).says("no conflict in issue 'ffffffff'");
    scene.here.jit("resolve xyz").exits(2);
    scene.world.place("").jit("resolve").exits(3).says("not a git repository");
}

#[test]
fn edits_by_hand_are_not_overwritten_without_a_flag() {
    let scene = in_conflict();
    for text in ["half mended".to_owned(), scene.text().replace("\"normal\"", "\"critical\"")] {
        scene.here.write(&Place::file(&scene.issue), &text);
        scene.here.jit("resolve").exits(1);
        scene.here.jit("resolve --ours").exits(1).says("edited after the merge stopped").says("--discard-edits");
        assert_eq!(scene.text(), text);
    }
    scene.here.jit("resolve --ours --discard-edits").ok();
    assert_eq!(scene.value()["title"], "Ours");
}

#[test]
fn git_conflict_markers_of_any_style_are_not_edits_by_hand() {
    for style in ["merge", "diff3", "zdiff3"] {
        let scene = Scene::linked();
        scene.git(&format!("config merge.conflictStyle {style}")).ok();
        scene.git("config --remove-section merge.git-jit").ok();
        scene.fork(&["--state", "in_progress", "--title", "Ours"], &["--priority", "high", "--label", "x:1"]);
        scene.git("merge -q -m M theirs").exits(1);
        assert!(scene.text().contains("<<<<<<<"));
        scene.here.jit("resolve").ok().says("Resolved");
        let value = scene.value();
        assert_eq!((&value["state"], &value["priority"]), (&json!("in_progress"), &json!("high")), "{style}");
    }
}

#[test]
fn taking_the_other_side_undoes_a_deletion_completely() {
    for (side, is_deleted) in [("--ours", true), ("--theirs", false)] {
        let scene = Scene::linked();
        scene.commit("theirs", Some("base"), &["--state", "done"]);
        scene.git("checkout -q -b ours base").ok();
        scene.here.jit(&format!("issue delete {} --reason twice", scene.issue)).ok();
        scene.git("commit -q -a -m Deleted").ok();
        scene.git("merge -q -m M theirs").exits(1);
        scene.here.jit("resolve --field state=done").exits(1).says("deleted_at");
        scene.here.jit(&format!("resolve {side}")).ok();
        assert_eq!(scene.value().get("deleted_at").is_some(), is_deleted);
        scene.here.jit("validate").ok();
    }
}

#[test]
fn a_file_in_another_folder_is_not_that_issue() {
    let scene = Scene::primary();
    let elsewhere = format!(".jit/issues/archive/{}.json", scene.issue);
    scene.here.write(&elsewhere, scene.text());
    scene.git("add -A").ok();
    scene.git("commit -q -m Archive").ok();
    for (branch, title) in [("theirs", "Theirs"), ("ours", "Ours")] {
        scene.git(&format!("checkout -q -b {branch} main")).ok();
        scene.here.write(&elsewhere, scene.text().replace("Fix login", title));
        scene.git("commit -q -a -m Change").ok();
    }
    scene.git("merge -q theirs").exits(1);
    scene.here.jit("resolve --ours").ok().says("nothing to decide");
    assert_eq!(scene.value()["title"], "Fix login");
    assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), elsewhere);
}

#[test]
fn ignored_and_sparse_files_are_resolved_too() {
    let scene = in_conflict();
    scene.here.write("../team/.git/info/exclude", ".jit\n");
    scene.here.jit("resolve --ours").ok();
    assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), "");
    scene.git("commit -q -m Merged").ok();
    scene.git("reset -q --hard HEAD^").ok();
    scene.git("sparse-checkout set --cone nothing").ok();
    scene.git("merge -q -m M theirs").exits(1);
    scene.here.jit("resolve --theirs").ok();
    scene.git("commit -q -m Merged").ok();
    assert_eq!(scene.here.committed_title(&scene.issue), "Theirs");
}

#[test]
fn one_missing_lease_keeps_all_files_unchanged() {
    let (world, issues) = crate::support::World::strict();
    for (name, title) in [("one", "A"), ("two", "B")] {
        let place = world.linked(name);
        for issue in &issues[..2] {
            place.acquire(issue);
            place.jit_args(&["issue", "update", issue, "--title", title]).ok();
        }
        place.git("commit -q -a -m Change").ok();
        place.jit(&format!("claim release {}", issues[0])).ok();
        place.jit(&format!("claim release {}", issues[1])).ok();
    }
    let place = world.linked("third");
    place.git("merge -q --no-ff -m One one").ok();
    place.git("merge -q --no-ff -m Two two").exits(1);
    place.acquire(&issues[0]);
    place.jit("resolve --theirs").exits(5);
    assert_eq!(place.git("diff --name-only --diff-filter=U").ok().stdout.lines().count(), 2, "neither is resolved");
    place.acquire(&issues[1]);
    place.jit("resolve --theirs").ok();
}

#[test]
fn empty_and_contradictory_options_are_refused() {
    let scene = in_conflict();
    for words in [&["--ours="][..], &["--ours=title", "--theirs=title"], &["--ours=title", "--field", "title=x"]] {
        scene.here.jit_args(&[&["resolve"], words].concat()).exits(2);
    }
    assert!(scene.text().contains("<<<<<<<"));
}

#[test]
fn in_a_rebase_our_side_is_the_new_base() {
    let scene = Scene::linked();
    scene.fork(&["--title", "Mine"], &["--title", "Upstream"]);
    scene.git("rebase -q theirs").exits(1);
    scene.here.jit("resolve --ours").ok();
    assert_eq!(scene.value()["title"], "Upstream");
    scene.here.with("GIT_EDITOR", "true").git("rebase --skip").ok();
}
