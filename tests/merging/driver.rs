//! The merge driver in all ways in which Git merges, and what Git does without it.

use serde_json::json;

use super::Scene;
use crate::support::{Place, World, binaries};

/// Changes of adjacent lines, which a merge by lines cannot combine.
const OURS: [&str; 4] = ["--state", "in_progress", "--label", "y:1"];
const THEIRS: [&str; 4] = ["--priority", "high", "--label", "x:1"];

fn has_both(scene: &Scene, how: &str) {
    let value = scene.value();
    let both = (&value["state"], &value["priority"], &value["labels"]);
    assert_eq!(both, (&json!("in_progress"), &json!("high"), &json!(["area:web", "x:1", "y:1"])), "{how}");
    assert_eq!(value["title"], "Fix login", "{how}");
}

#[test]
fn every_way_of_merging_takes_both_sides() {
    for how in ["merge -q --no-edit theirs", "rebase -q theirs", "cherry-pick theirs", "merge -q --squash theirs"] {
        for scene in Scene::both() {
            scene.fork(&OURS, &THEIRS);
            scene.git(how).ok();
            has_both(&scene, how);
        }
    }
}

#[test]
fn stash_pop_takes_both_sides() {
    for scene in Scene::both() {
        scene.fork(&OURS, &THEIRS);
        scene.git("checkout -q theirs").ok();
        scene.git("reset -q --soft base").ok();
        scene.git("stash -q").ok();
        scene.git("checkout -q ours").ok();
        scene.git("stash pop -q").ok();
        has_both(&scene, "stash pop");
    }
}

/// Git's octopus merge runs no driver and stops on adjacent lines; `resolve` then merges by field.
#[test]
fn an_octopus_merges_by_lines_and_resolve_merges_the_rest() {
    for scene in Scene::both() {
        scene.fork(&["--state", "in_progress"], &["--label", "x:1"]);
        scene.commit("third", Some("base"), &["--context", "k=v"]);
        scene.commit("beside", Some("base"), &["--priority", "high"]);
        scene.git("checkout -q ours").ok();
        scene.git("merge -q -m All theirs third").ok();
        assert_eq!((&scene.value()["labels"], &scene.value()["context"]), (&json!(["area:web", "x:1"]), &json!({ "k": "v" })));
        scene.git("reset -q --hard HEAD^").ok();
        scene.git("merge -q -m All theirs beside").exits(1);
        scene.here.jit("resolve").ok().says("Resolved");
        scene.git("commit -q -m All").ok();
        assert_eq!((&scene.value()["labels"], &scene.value()["priority"]), (&json!(["area:web", "x:1"]), &json!("high")));
        assert_eq!(scene.git("rev-list --parents -1 HEAD").ok().line().split(' ').count(), 4);
    }
}

#[test]
fn a_criss_cross_merge_takes_both_sides_although_its_base_may_have_markers() {
    for scene in Scene::both() {
        scene.fork(&["--state", "in_progress", "--title", "Ours"], &["--priority", "high", "--title", "Theirs"]);
        // Each side resolves the title differently, so the virtual base has a conflict.
        for (branch, other, title) in [("ours", "theirs~0", "Ours"), ("theirs", "ours~1", "Theirs")] {
            scene.git(&format!("checkout -q {branch}")).ok();
            scene.git(&format!("merge -q -m M {other}")).exits(1);
            scene.here.jit_args(&["resolve", &scene.issue, "--field", &format!("title={title}")]).ok();
            scene.git("commit -q -m Merged").ok();
        }
        scene.commit("theirs", None, &["--label", "x:1", "--title", "Both"]);
        scene.git("checkout -q ours").ok();
        scene.commit("ours", None, &["--label", "y:1", "--title", "Both"]);
        scene.git("merge -q -m Again theirs").ok();
        assert_eq!(scene.value()["title"], "Both");
        has_both_labels(&scene);
    }
}

fn has_both_labels(scene: &Scene) {
    assert_eq!(scene.value()["labels"], json!(["area:web", "x:1", "y:1"]));
    assert_eq!((&scene.value()["state"], &scene.value()["priority"]), (&json!("in_progress"), &json!("high")));
}

#[test]
fn one_issue_that_both_sides_added_is_merged_without_a_base() {
    for scene in Scene::both() {
        scene.git("checkout -q -b theirs base").ok();
        let added = scene.here.create("Added");
        scene.git("add -A").ok();
        scene.git("commit -q -m Added").ok();
        scene.git("checkout -q -b ours base").ok();
        scene.git(&format!("checkout -q theirs -- {}", Place::file(&added))).ok();
        scene.here.jit(&format!("issue update {added} --priority high --label x:1")).ok();
        scene.git("commit -q -a -m Ours").ok();
        scene.git("checkout -q theirs").ok();
        scene.here.jit(&format!("issue update {added} --label y:1")).ok();
        scene.git("commit -q -a -m Theirs").ok();
        scene.git("checkout -q ours").ok();
        scene.git("merge -q -m M theirs").ok();
        let issue = scene.here.json(&format!("issue show {added}"))["issues"][0].clone();
        assert_eq!((&issue["labels"], &issue["priority"]), (&json!(["x:1", "y:1"]), &json!("high")));
    }
}

#[test]
fn a_conflict_is_marked_only_at_its_field_and_reported() {
    for scene in Scene::both() {
        scene.fork(&["--title", "Ours", "--state", "in_progress"], &["--title", "Theirs", "--priority", "high"]);
        scene.git("merge theirs").exits(1).says("title: \"Ours\" on our side, \"Theirs\" on theirs").says("git jit resolve");
        let text = scene.text();
        let marked = "<<<<<<< HEAD\n  \"title\": \"Ours\",\n=======\n  \"title\": \"Theirs\",\n>>>>>>> theirs\n";
        assert!(text.contains(marked) && text.matches("<<<<<<<").count() == 1, "{text}");
        assert!(text.contains("\"state\": \"in_progress\"") && text.contains("\"priority\": \"high\""), "{text}");
        assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), Place::file(&scene.issue));
    }
}

#[test]
fn descriptions_are_merged_by_lines() {
    let scene = Scene::primary();
    scene.fork(&["-d", "ONE\ntwo\nthree\n"], &["-d", "one\ntwo\nTHREE\n"]);
    scene.git("merge -q -m M theirs").ok();
    assert_eq!(scene.value()["description"], "ONE\ntwo\nTHREE\n");
}

#[test]
fn the_decision_of_a_rule_is_reported() {
    let scene = Scene::primary();
    scene.fork(&["--priority", "low"], &["--priority", "critical"]);
    scene.git("merge -m M theirs").ok().says("priority: \"critical\" over \"low\"");
    assert_eq!(scene.value()["priority"], "critical");
}

/// One side removes an issue and adds a similar one. Git takes that for a rename; without the driver it applies the other side's
/// edit of the old issue to the new one and reports success.
fn rename_hazard(scene: &Scene) -> (String, String) {
    let old = scene.issue.clone();
    let new = "0b1c2d3e-0000-4000-8000-00000000000f".to_owned();
    scene.git("checkout -q -b theirs base").ok();
    scene.here.jit(&format!("issue update {old} --state in_progress --assignee agent:other")).ok();
    scene.git("commit -q -a -m Edited").ok();
    scene.git("checkout -q -b ours base").ok();
    scene.here.write(&Place::file(&new), scene.text().replace(&old, &new));
    std::fs::remove_file(scene.here.dir.join(Place::file(&old))).expect("removed");
    scene.git("add -A").ok();
    scene.git("commit -q -m Swapped").ok();
    (old, new)
}

#[test]
fn an_edit_of_a_removed_issue_is_never_applied_to_a_similar_new_one() {
    for how in ["merge -q -m M theirs", "cherry-pick theirs", "rebase -q theirs"] {
        for scene in Scene::both() {
            let (old, new) = rename_hazard(&scene);
            scene.git(how).exits(1).says("rename detection paired two different issues");
            let added = scene.here.read(&Place::file(&new));
            assert!(added.contains(&new) && !added.contains("in_progress"), "{how}: {added}");
            // Nothing is lost: the old issue can be kept with the edit, or stay removed.
            let side = if how.starts_with("rebase") { "--ours" } else { "--theirs" };
            scene.here.jit(&format!("resolve {new} {side}")).ok();
            assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), "", "{how}");
            assert!(scene.here.read(&Place::file(&old)).contains("agent:other"), "{how}");
            assert!(!scene.here.read(&Place::file(&new)).contains("agent:other"), "{how}");
        }
    }
}

#[test]
fn without_a_driver_git_applies_the_edit_to_the_other_issue() {
    let scene = Scene::primary();
    let (_, new) = rename_hazard(&scene);
    scene.git("config --remove-section merge.git-jit").ok();
    scene.git("merge -q -m M theirs").ok();
    assert!(scene.here.read(&Place::file(&new)).contains("in_progress"), "if Git has learnt better, docs/merging.md can say so");
}

#[test]
fn an_issue_that_one_side_removed_and_the_other_changed_is_a_conflict() {
    for scene in Scene::both() {
        scene.commit("theirs", Some("base"), &["--priority", "high"]);
        scene.git("checkout -q -b ours base").ok();
        scene.git(&format!("rm -q {}", Place::file(&scene.issue))).ok();
        scene.git("commit -q -m Removed").ok();
        scene.git("merge -q -m M theirs").exits(1);
        scene.here.jit("resolve").exits(1).says("our side removed its file, and the other side changed it");
        scene.here.jit("resolve --theirs").ok();
        assert_eq!(scene.value()["priority"], "high");
        scene.git("merge --abort").ok();
        scene.git("merge -q -m M theirs").exits(1);
        scene.here.jit(&format!("resolve {} --ours", scene.issue)).ok();
        assert!(!scene.here.dir.join(Place::file(&scene.issue)).exists());
        scene.git("commit -q -m Merged").ok();
    }
}

#[test]
fn without_its_program_the_driver_merges_by_lines_and_marks_what_it_cannot() {
    let scene = Scene::primary();
    let command = scene.git("config merge.git-jit.driver").ok().line();
    let program = binaries().join("git-jit").display().to_string();
    assert!(command.contains(&program), "{command}");
    let gone = command.replace(&program, "/nowhere/git-jit").replace("command -v git-jit", "command -v git-jit-that-is-gone");
    scene.here.git_args(&["config", "merge.git-jit.driver", &gone]).ok();
    scene.fork(&["-d", "ours"], &["--label", "x:1"]);
    scene.git("merge -q -m M theirs").ok();
    assert_eq!((&scene.value()["description"], &scene.value()["labels"]), (&json!("ours"), &json!(["area:web", "x:1"])));
    scene.git("reset -q --hard HEAD^").ok();
    scene.commit("ours", None, &["--state", "in_progress"]);
    scene.git("checkout -q theirs").ok();
    scene.commit("theirs", None, &["--priority", "high"]);
    scene.git("merge -q -m M ours").exits(1);
    assert!(scene.text().contains("<<<<<<< "), "{}", scene.text());
}

#[test]
fn a_side_that_is_not_an_issue_gets_the_markers_of_git() {
    let scene = Scene::primary();
    scene.fork(&["--priority", "high"], &["--priority", "low"]);
    scene.git("checkout -q theirs").ok();
    scene.here.write(&Place::file(&scene.issue), scene.text().replace("\"state\"", "\"priority\": \"low\",\n  \"state\""));
    scene.git("commit -q -a -m Twice").ok();
    scene.git("checkout -q ours").ok();
    scene.git("merge -q theirs").exits(1).says("their side cannot be read").says("occurs twice");
    scene.here.jit("resolve --theirs").exits(6).says("occurs twice").says(&scene.issue);
    scene.here.jit("resolve --ours").ok();
    assert_eq!(scene.value()["priority"], "high");
}

#[test]
fn the_driver_is_set_up_once_for_all_worktrees_and_leaves_no_trace() {
    let world = World::empty();
    world.place("").git("init -q -b main team").ok();
    let team = world.team();
    let (config, attributes) = (team.read(".git/config"), ".git/info/attributes");
    team.git("commit -q --allow-empty -m Root").ok();
    team.jit("init").ok().says("field by field");
    assert_eq!(team.read(attributes), "/.jit/issues/*.json merge=git-jit\n");
    team.jit("init").ok().says("already set up");
    let linked = world.linked("side");
    let issue = linked.create("X");
    let of = linked.git_args(&["check-attr", "merge", "--", &Place::file(&issue)]).ok().line();
    assert!(of.ends_with("merge: git-jit"), "{of}");
    assert_eq!(linked.json("init")["merge_driver"], false);
    team.jit("hooks install").ok();
    team.jit("hooks uninstall").ok().says("the merge driver");
    assert_eq!(team.read(".git/config"), config);
    assert!(!team.dir.join(attributes).exists());
    // Other lines stay unchanged.
    team.write(attributes, "*.png binary");
    assert_eq!(team.json("hooks install")["merge_driver"], true);
    team.jit("hooks uninstall").ok();
    assert_eq!(team.read(attributes), "*.png binary\n");
    team.jit("init --gitattributes").ok();
    assert_eq!(team.read(".gitattributes"), "/.jit/issues/*.json merge=git-jit\n");
}

#[test]
fn foreign_lines_in_git_config_and_attributes_stay() {
    let world = World::new();
    let team = world.team();
    team.git("config merge.git-jit.mine kept").ok();
    team.git("config --add merge.git-jit.driver another").ok();
    let shared = world.path("shared-attributes");
    std::fs::write(&shared, "*.png binary\n").expect("written");
    let attributes = team.dir.join(".git/info/attributes");
    std::fs::remove_file(&attributes).expect("removed");
    std::os::unix::fs::symlink(&shared, &attributes).expect("linked");
    team.jit("hooks install").ok();
    assert!(attributes.is_symlink());
    assert_eq!(std::fs::read_to_string(&shared).expect("there"), "*.png binary\n/.jit/issues/*.json merge=git-jit\n");
    team.jit("doctor").ok();
    team.write(".git/config.lock", "");
    team.jit("hooks uninstall").exits(7).says("config");
    std::fs::remove_file(team.dir.join(".git/config.lock")).expect("removed");
    team.jit("hooks uninstall").ok().says("the merge driver");
    assert_eq!(std::fs::read_to_string(&shared).expect("there"), "*.png binary\n");
    assert_eq!(team.git("config --get-regexp ^merge.git-jit").ok().line(), "merge.git-jit.mine kept");
}

#[test]
fn doctor_tests_the_driver_with_trial_merges() {
    let scene = Scene::linked();
    scene.here.jit("doctor").ok().says("merged field by field");
    scene.here.write(".gitattributes", ".jit/issues/*.json merge=union\n");
    scene.here.jit("doctor").ok();
    let command = scene.git("config merge.git-jit.driver").ok().line();
    scene.here.git_args(&["config", "merge.git-jit.driver", &format!("({command}) || true")]).ok();
    scene.here.jit("doctor").exits(7).says("a test merge hid a conflict");
    scene.git("config merge.git-jit.driver false").ok();
    scene.here.jit("doctor").exits(7).says("a test merge failed");
    scene.git("config --remove-section merge.git-jit").ok();
    scene.here.jit("doctor").ok().says("merge them field by field: git jit init");
    scene.here.jit("init").ok();
    let attributes = "../team/.git/info/attributes";
    let ours = scene.here.read(attributes);
    scene.here.write(attributes, format!("{ours}/{} -merge\n", Place::file(&scene.issue)));
    scene.here.jit("doctor").exits(7).says(&scene.issue).says("merge=unset");
    scene.here.write(attributes, "/.jit/issues/*.json merge=union\n");
    scene.here.jit("doctor").exits(7).says("merge=union");
}

/// Both sides remove one issue, and each adds a similar one. Git takes both for the same issue, renamed twice.
#[test]
fn an_added_issue_is_never_taken_for_a_removed_one() {
    for (side, both_add) in [("--theirs", true), ("--ours", true), ("--theirs", false), ("", true)] {
        let scene = Scene::linked();
        let old = scene.issue.clone();
        let new = ["0b1c2d3e-0000-4000-8000-00000000000a", "0b1c2d3e-0000-4000-8000-00000000000b"];
        let text = scene.text();
        for (branch, id, adds) in [("theirs", new[1], both_add), ("ours", new[0], true)] {
            scene.git(&format!("checkout -q -b {branch} base")).ok();
            scene.git(&format!("rm -q {}", Place::file(&old))).ok();
            if adds {
                scene.here.write(&Place::file(id), text.replace(&old, id));
            }
            scene.git("add -A").ok();
            scene.git("commit -q -m Swapped").ok();
        }
        let stopped = scene.git("merge -q -m M theirs").status() != 0;
        assert!(stopped || !both_add, "if Git has learnt better, so can this test");
        scene.here.jit(format!("resolve {side}").trim_end()).ok();
        assert_eq!(scene.git("diff --name-only --diff-filter=U").ok().line(), "");
        let there = |id: &str| scene.here.dir.join(Place::file(id)).exists();
        assert_eq!((there(&old), there(new[0]), there(new[1])), (false, true, both_add), "{side}");
    }
}

#[test]
fn a_value_that_both_sides_changed_to_an_object_is_marked_inside() {
    let scene = Scene::primary();
    let with = |value: &str| scene.text().replace("\"labels\"", &format!("\"x\": {value},\n  \"labels\""));
    scene.here.write(&Place::file(&scene.issue), with("null"));
    scene.git("commit -q -a -m Base").ok();
    let text = scene.text();
    for (branch, n) in [("theirs", 2), ("ours", 1)] {
        scene.git(&format!("checkout -q -B {branch} main")).ok();
        scene
            .here
            .write(&Place::file(&scene.issue), text.replace("null,\n  \"labels\"", &format!("{{\"a\": {n}}},\n  \"labels\"")));
        scene.git("commit -q -a -m Object").ok();
    }
    scene.git("merge -q theirs").exits(1).says("x.a: 1 on our side, 2 on theirs").never_says("panicked");
    assert!(scene.text().contains("<<<<<<< HEAD"), "{}", scene.text());
    scene.here.jit("resolve --field x.a=3").ok();
    assert_eq!(scene.value()["x"], json!({ "a": 3 }));
}

#[test]
fn the_driver_requires_four_files_and_answers_in_json() {
    let scene = Scene::primary();
    scene.here.jit("merge-driver a b").exits(2);
    scene.here.jit("merge-driver no such files here").exits(3).says("%O %A %B %P");
    let file = scene.text();
    for (name, title) in [("o", "Fix login"), ("a", "A"), ("b", "B")] {
        scene.here.write(name, file.replace("Fix login", title));
    }
    let said = scene.here.jit_args(&["merge-driver", "o", "a", "b", &Place::file(&scene.issue), "--json"]).exits(1).document();
    assert_eq!(said["conflicts"], json!([{ "field": "title", "ours": "\"A\"", "theirs": "\"B\"" }]));
    assert_eq!((&said["clean"], &said["issue_id"]), (&json!(false), &json!(scene.issue)));
}
