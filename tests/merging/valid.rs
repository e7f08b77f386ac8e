//! `git jit validate`: problems in the worktree and in commits, after a merge and in CI, and the repairs that need no decision.

use serde_json::{Value, json};

use super::Scene;
use crate::support::{Place, World};

fn codes(found: &Value) -> Vec<String> {
    let all = found["problems"].as_array().expect("a list");
    all.iter().map(|problem| problem["code"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_merge_that_creates_a_cycle_reports_it() {
    for place in ["team", "here"] {
        let (world, issues) = World::under("off");
        let here = if place == "team" { world.team() } else { world.linked("here") };
        let base = here.git("rev-parse HEAD").ok().line();
        here.git(&format!("checkout -q -b theirs {base}")).ok();
        here.jit(&format!("dep add {} {}", issues[0], issues[1])).ok();
        here.git("commit -q -a -m Theirs").ok();
        here.git(&format!("checkout -q -b ours {base}")).ok();
        here.jit(&format!("dep add {} {}", issues[1], issues[0])).ok();
        here.git("commit -q -a -m Ours").ok();
        here.jit("validate").ok().says("3 issues checked, no problems found");
        here.git("merge -q -m M theirs").ok().says("these issues depend on each other");
        let found = here.jit("validate --json").exits(6).document();
        assert_eq!((codes(&found), &found["valid"]), (vec!["cycle".to_owned()], &json!(false)));
        here.jit("validate --at HEAD").exits(6);
        here.jit("validate --at HEAD^").ok();
        here.jit("validate --at HEAD^2").ok();
        here.jit("validate --fix").exits(6).says("these issues depend on each other");
        here.with("JIT_ENFORCE_LEASES", "strict").jit("check HEAD^!").exits(1).says("these issues depend on each other");
        // A later merge that does not change these issues reports nothing.
        here.git(&format!("checkout -q -b more {base}")).ok();
        here.jit(&format!("issue update {} --priority high", issues[2])).ok();
        here.git("commit -q -a -m More").ok();
        here.git("checkout -q ours").ok();
        here.git("merge -q -m More more").ok().never_says("wait for each other");
    }
}

#[test]
fn repairs_without_a_decision_are_made_and_the_rest_is_reported() {
    let scene = Scene::linked();
    let text = scene.text();
    let id = scene.issue.clone();
    let broken = text
        .replace("    \"area:web\"", "    \"area:web\",\n    \"area:web\"")
        .replace("\"dependencies\": []", &format!("\"dependencies\": [\n    \"{id}\",\n    \"gone\"\n  ]"));
    scene.here.write(&Place::file(&id), &broken);
    let found = scene.here.jit("validate --json").exits(6).document();
    assert_eq!(codes(&found), ["repeated", "depends_on_itself", "dangling"]);
    scene.here.jit("validate").exits(6).says("to keep one 'area:web' in labels: git jit validate --fix");
    assert_eq!(scene.text(), broken, "validate without --fix changes nothing");
    let fixed = scene.here.jit("validate --fix --json").exits(6).document();
    assert_eq!((fixed["fixed"].as_array().map(Vec::len), codes(&fixed)), (Some(2), vec!["dangling".to_owned()]));
    assert_eq!(scene.text(), text.replace("\"dependencies\": []", "\"dependencies\": [\n    \"gone\"\n  ]"));
    scene.here.write(&Place::file(&id), &text);
    scene.here.jit("validate --fix").ok().says("no problems found");
}

#[test]
fn a_repair_requires_what_any_edit_requires() {
    let (world, issues) = World::strict();
    let here = world.linked("here");
    let text = here.read(&Place::file(&issues[0])).replace("\"labels\": []", "\"labels\": [\n    \"a:1\",\n    \"a:1\"\n  ]");
    here.write(&Place::file(&issues[0]), text);
    here.jit("validate --fix").exits(5).says("not repaired");
    here.acquire(&issues[0]);
    here.jit("validate --fix").ok().says("repaired");
}

#[test]
fn a_merge_of_passed_gates_leaves_a_gated_issue_that_can_be_done() {
    let scene = Scene::primary();
    let here = &scene.here;
    for gate in ["one", "two"] {
        here.jit(&format!("gate define {gate}")).ok();
    }
    here.jit(&format!("gate add {} one,two", scene.issue)).ok();
    here.jit(&format!("issue update {} --state done", scene.issue)).exits(1);
    here.git("add -A").ok();
    here.git("commit -q -m Gated").ok();
    here.git("branch -f base").ok();
    for (branch, gate) in [("theirs", "one"), ("ours", "two")] {
        here.git(&format!("checkout -q -b {branch} base")).ok();
        here.jit(&format!("gate pass {} {gate} --by human:r", scene.issue)).ok();
        here.git("commit -q -a -m Passed").ok();
    }
    here.git("merge -q -m M theirs").ok();
    assert_eq!(scene.value()["state"], "gated");
    here.jit("validate").ok().says("is gated, but all of its gates have passed");
    here.jit("validate --fix").ok().says("move it to done");
    assert_eq!(scene.value()["state"], "done");
    here.git("commit -q -a -m Done").ok();
    // An issue that is done although one of its gates failed.
    here.write(&Place::file(&scene.issue), scene.text().replacen("\"passed\"", "\"failed\"", 1));
    let found = here.jit("validate --json").exits(6).document();
    assert_eq!(codes(&found), ["gate_not_passed"]);
    here.git("commit -q -a -m Slipped").ok();
    here.with("JIT_ENFORCE_LEASES", "strict").jit("check HEAD^!").exits(1).says("has failed");
}

#[test]
fn invalid_files_and_invalid_tombstones_are_reported() {
    let scene = Scene::primary();
    let text = scene.text();
    scene.here.write(".jit/issues/NOTES.json", "{}");
    scene
        .here
        .write(&Place::file(&scene.issue), text.replace("\"title\"", "\"deleted_at\": \"2026-01-01T00:00:00Z\",\n  \"title\""));
    scene.here.jit("validate").exits(6).says("NOTES.json").says("is deleted, and ready");
    scene.here.git("add -A").ok();
    scene.here.git("commit -q -m Odd").ok();
    scene.here.jit("validate --at HEAD").exits(6).says("NOTES.json").says("is deleted, and ready");
    scene.here.write(&Place::file(&scene.issue), "<<<<<<< ours\n");
    scene.here.jit("validate").exits(6).says("conflict markers");
    scene.here.jit("validate --since HEAD^").exits(6);
    scene.here.jit("validate --at nowhere").exits(3).says("no commit 'nowhere'");
    scene.here.jit("validate --at HEAD --fix").exits(2);
}

#[test]
fn repairs_that_make_others_possible_are_made_together() {
    let scene = Scene::primary();
    let text = scene.text();
    let own = scene.issue.to_uppercase();
    scene.here.write(
        &Place::file(&scene.issue),
        text.replace("\"dependencies\": []", &format!("\"dependencies\": [\n    \"{own}\"\n  ]")),
    );
    scene.here.jit("validate --fix").ok().says("is an issue id in a nonstandard spelling").says("depends on itself");
    assert_eq!(scene.text(), text);
    scene.here.jit("validate --fix").ok().never_says("repaired");
}
