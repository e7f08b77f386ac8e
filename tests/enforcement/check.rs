//! `git jit check` in CI and at home, and `git jit adopt`.

use super::Scene;
use crate::support::Place;

/// Somebody else, by Git's name too.
fn stranger(place: &Place) -> Place {
    let other = |place: Place, who: &str| place.with(&format!("GIT_{who}_EMAIL"), "ada@fork.example");
    other(other(place.with("GIT_AUTHOR_NAME", "Ada"), "AUTHOR"), "COMMITTER")
}

/// A fork whose `main` has an edit by somebody else, fetched here as the branch `theirs` and merged.
fn merged_fork(scene: &Scene) {
    let fork = stranger(&scene.colleague());
    fork.edit(&scene.issues[0], "From the fork");
    fork.git("commit -q -a -m Theirs").ok();
    scene.here.git("fetch -q ../colleague main:theirs").ok();
    scene.here.git("merge -q --no-ff -m Merge theirs").ok();
}

#[test]
fn what_others_made_is_adopted_by_name_and_can_be_pushed() {
    let scene = Scene::new(false);
    merged_fork(&scene);
    scene
        .here
        .git("push -q origin main")
        .exits(1)
        .says("no lease covered")
        .says("To take responsibility for the edit by Ada: git jit adopt");
    for bad in ["adopt origin/main..HEAD", "adopt nothing..HEAD --reason x", "adopt ^HEAD --reason x"] {
        assert_ne!(scene.here.jit(bad).status(), 0, "{bad}");
    }
    scene.here.jit("adopt nothing --reason x").exits(3).says("names no commits").says("origin/main..HEAD");
    scene.here.jit_args(&["adopt", "HEAD", "--reason", " "]).exits(2);
    let adopted = scene.here.jit_args(&["--json", "adopt", "origin/main..HEAD", "--reason", "pull request 17"]).ok().document();
    assert_eq!((&adopted["count"], &adopted["edits"][0]["author"]), (&1.into(), &"Ada".into()));
    scene.here.jit("adopt origin/main..HEAD --reason again").ok().says("No edits to adopt");
    scene.here.git("push -q origin main").ok();
}

#[test]
fn what_is_ones_own_is_not_adopted_and_nothing_else_is_along_with_it() {
    let scene = Scene::new(false);
    merged_fork(&scene);
    scene.here.edit(&scene.issues[1], "Mine");
    scene.here.git("commit -q -a --no-verify -m Mine").ok();
    scene.here.jit("adopt origin/main..HEAD --reason x").exits(1).says("is yours").says("claim acquire");
    scene.here.git("push -q origin HEAD").exits(1).says(&scene.issues[0][..8]).says(&scene.issues[1][..8]);
    scene.here.acquire(&scene.issues[1]);
    scene.here.jit("adopt origin/main..HEAD --reason x").ok();
    scene.here.git("push -q origin HEAD").ok();
}

#[test]
fn at_home_check_says_what_the_push_would() {
    let scene = Scene::new(true);
    scene.here.edit(&scene.issues[0], "Sneaky");
    scene.here.git("commit -q -a --no-verify -m Sneaky").ok();
    let found = scene
        .here
        .jit("check")
        .exits(1)
        .says("check refused")
        .says("no lease covered")
        .says("1 commit of refs/remotes/origin/main..HEAD");
    assert!(!found.stdout.contains("not judged"), "{}", found.stdout);
    scene.here.acquire(&scene.issues[0]);
    scene.here.jit("check origin/main..HEAD").ok();
    let document = scene.here.json("check");
    assert_eq!((&document["ok"], &document["commits"], &document["not_judged"]), (&true.into(), &1.into(), &serde_json::json!([])));
}

#[test]
fn in_a_clone_it_judges_what_commits_show_and_says_what_they_do_not() {
    let scene = Scene::new(false);
    let ci = scene.colleague();
    ci.edit(&scene.issues[0], "Edited");
    ci.git("commit -q -a -m Edited").ok();
    let document = ci.json("check");
    assert_eq!(document["edits_not_judged"][0]["issue_id"], *scene.issues[0]);
    assert!(document["not_judged"][0].as_str().is_some_and(|said| said.contains("leases are known only")), "{document:#}");
    ci.jit("check").ok().says("not judged:").says(&scene.issues[0][..8]);
    assert!(!ci.dir.join(".git/jit/claims.jsonl").exists(), "and writes nothing");

    ci.write(&Place::file(&scene.issues[1]), "{\"id\": 1}");
    ci.git("commit -q -a -m Broken").ok();
    ci.jit("check").exits(1).says(&scene.issues[1]);
    let refused = ci.jit("check --json").exits(1).document();
    assert_eq!(refused["refused"][0]["code"], "invalid_issue_file");
    ci.git("revert --no-edit HEAD").ok();
    ci.jit("check HEAD^!").ok();
    ci.jit("check origin/main..HEAD").exits(1);
    ci.jit("check nothing").exits(3);
}

#[test]
fn a_shallow_clone_is_checked_as_far_as_it_goes() {
    let scene = Scene::new(false);
    scene.acquire_and_publish(0);
    let url = format!("file://{}", scene.world.path("remote.git").display());
    for depth in ["1", "2"] {
        let name = format!("ci{depth}");
        scene.world.place("").git_args(&["clone", "-q", "--depth", depth, &url, &name]).ok();
        let ci = scene.world.place(&name);
        let checked = ci.jit("check").ok();
        assert_eq!(checked.stdout.contains("git fetch --unshallow"), depth == "1", "{}", checked.stdout);
        ci.jit("check HEAD").ok();
        ci.git("checkout -q --detach").ok();
        ci.jit("check HEAD").ok();
        ci.jit("check HEAD~5..HEAD").exits(3).says("history was cut off");
        ci.git("checkout -q -b topic").ok();
        ci.write("code", "x");
        ci.git("add code").ok();
        ci.git("commit -q -m Code").ok();
        ci.jit("hooks install").ok();
        ci.git("push -q origin topic:refs/heads/topic").ok();
        ci.git("push -q origin :topic").ok();
    }
}

#[test]
fn what_others_made_is_not_judged_by_the_leases_of_a_reviewers_clone() {
    let scene = Scene::new(false);
    let other = stranger(&scene.colleague());
    other.edit(&scene.issues[0], "Theirs");
    other.git("commit -q -a -m Theirs").ok();
    scene.here.git("fetch -q ../colleague main:review").ok();
    scene.here.acquire(&scene.issues[1]);
    let document = scene.here.json("check origin/main..review");
    assert_eq!((&document["ok"], &document["edits_not_judged"][0]["issue_id"]), (&true.into(), &scene.issues[0].as_str().into()));
}

#[test]
fn a_policy_that_cannot_be_read_is_no_policy_to_pass_by() {
    let scene = Scene::new(false);
    let ci = scene.colleague();
    ci.write(".jit/config.toml", "nonsense [");
    ci.git("commit -q -a -m Broken").ok();
    ci.jit("check").exits(1).says("config.toml").says("git show");
}

#[test]
fn adopting_nothing_writes_nothing() {
    let world = crate::support::World::new();
    let team = world.team().agent("agent:here");
    let id = team.create("One");
    team.git("add -A").ok();
    team.git("commit -q -m One").ok();
    world.add_remote();
    team.git("push -q -u origin main").ok();
    team.edit(&id, "Edited");
    team.git("commit -q -a -m Edited").ok();
    team.jit("adopt HEAD..HEAD --reason x").ok().says("No edits to adopt");
    assert!(!team.dir.join(".git/jit/authority").exists());
    team.jit("hooks install").ok().says("adopted 1 change");
    let nobody = ["GIT_AUTHOR_EMAIL", "GIT_COMMITTER_EMAIL"].into_iter().fold(team, |team, key| team.with(key, ""));
    nobody.jit("adopt HEAD --reason x").exits(2).says("git config user.email");
}

#[test]
fn what_does_not_fit_together_any_more_is_refused_and_what_did_not_before_is_told() {
    let scene = Scene::new(false);
    let ci = scene.colleague();
    let [a, b, c] = [0, 1, 2].map(|n| scene.issues[n].clone());
    let depends = |on: &str, of: &str| {
        let file = Place::file(of);
        ci.write(&file, ci.read(&file).replace("\"dependencies\": []", &format!("\"dependencies\": [\"{on}\"]")));
    };
    depends(&a, &b);
    depends(&b, &a);
    ci.git("commit -q -a -m Cycle").ok();
    ci.jit("check").exits(1).says("depend on each other");
    ci.git("push -q origin main").ok();
    ci.write("code", "x");
    ci.git("add code").ok();
    ci.git("commit -q -m Code").ok();
    ci.jit("check").ok().says("known: these issues depend on each other");
    depends("99999999-0000-4000-8000-000000000000", &c);
    ci.git("commit -q -a -m Dangling").ok();
    let found = ci.jit("check").exits(1).says("depends on issues that do not exist");
    assert!(found.stdout.contains("known: these issues depend on each other"), "{}", found.stdout);
}

#[test]
fn the_policys_own_edit_and_other_policies() {
    let scene = Scene::new(false);
    let ci = scene.colleague();
    ci.git("checkout -q -b old").ok();
    let tightened = scene.here.read(".jit/config.toml").replace("[coordination]", "[coordination]\nrenew_on_activity = false");
    scene.here.write(".jit/config.toml", tightened);
    scene.here.git("commit -q -a -m Tightened").ok();
    scene.here.git("push -q origin main").ok();
    ci.git("fetch -q").ok();
    ci.set_policy("off");
    ci.git("commit -q -a -m Loosened").ok();
    ci.jit("check HEAD^!").exits(1).says("lacks the tip of");
    let empty = crate::support::World::empty();
    empty.place("").git("init -q new").ok();
    empty.place("new").jit("check").exits(3).says("Create the first commit");
}

#[test]
fn under_warn_and_off_check_tells_and_passes() {
    for policy in ["warn", "off"] {
        let (world, issues) = crate::support::World::under(policy);
        let team = world.team().agent("agent:here");
        team.write(&Place::file(&issues[0]), "{}");
        team.git("commit -q -a --no-verify -m Broken").ok();
        team.jit("check").ok().says("would be refused under strict");
        team.with("JIT_ENFORCE_LEASES", "strict").jit("check").exits(1);
    }
}
