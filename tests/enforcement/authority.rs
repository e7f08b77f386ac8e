//! Authority: how long what was recorded lasts, and that it is used once.

use super::{REFUSED, Scene, in_both, in_linked};
use crate::support::{Place, World};

#[test]
fn an_edit_with_a_lease_passes_and_so_does_its_push() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.acquire(&issues[0]);
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a -m Edit").ok();
        here.edit(&issues[0], "Edited again");
        here.git("commit -q -a --amend --no-edit").ok();
        here.git("push -q origin HEAD").ok();
        here.edit(&issues[1], "Another");
        here.git("commit -q -a -m x").exits(REFUSED);
    });
}

#[test]
fn authority_survives_a_release_a_rebase_a_squash_and_a_cherry_pick() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.git("checkout -q -b work").ok();
        here.acquire(&issues[0]);
        for title in ["One", "Two", "Three"] {
            here.edit(&issues[0], title);
            here.git("commit -q -a -m Step").ok();
        }
        here.jit(&format!("claim release {}", issues[0])).ok().says("Released");
        scene.colleague().git("commit -q --allow-empty -m Elsewhere").ok();
        scene.world.place("colleague").git("push -q origin main").ok();
        here.git("fetch -q").ok();
        here.git("rebase -q origin/main").ok();
        here.git("push -q origin HEAD:refs/heads/rebased").ok();
        here.git("reset -q --soft origin/main").ok();
        here.git("commit -q -m Squashed").ok();
        here.git("push -q origin HEAD:refs/heads/squashed").ok();
        let tip = here.git("rev-parse HEAD").ok().line();
        here.git("checkout -q --detach origin/main").ok();
        here.git(&format!("cherry-pick {tip}")).ok();
        here.git("push -q origin HEAD:refs/heads/picked").ok();
    });
}

#[test]
fn authority_does_not_survive_an_expiry_and_comes_back_with_the_lease() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        let (early, late) = (here.at("boot", 0), here.at("boot", 1000));
        early.acquire(&issues[0]);
        early.edit(&issues[0], "Edited");
        early.git("commit -q -a -m Edit").ok();
        late.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("lapsed before it was released").says("push again");
        late.edit(&issues[0], "More");
        late.git("commit -q -a -m x").exits(REFUSED).says("has lapsed");
        late.git("checkout -q -- .jit").ok();
        late.acquire(&issues[0]);
        late.git("push -q origin HEAD:refs/heads/topic").ok();
    });
}

#[test]
fn a_lease_that_somebody_else_took_after_it_lapsed_takes_the_authority_along() {
    let scene = Scene::new(true);
    let (early, late) = (scene.here.at("boot", 0), scene.here.at("boot", 1000));
    early.acquire(&scene.issues[0]);
    early.edit(&scene.issues[0], "Edited");
    early.git("commit -q -a -m Edit").ok();
    scene.world.team().agent("agent:rival").at("boot", 900).acquire(&scene.issues[0]);
    late.git("push -q origin HEAD").exits(REFUSED).says("lapsed").says("held by agent:rival");
    late.jit(&format!("issue update {} --title Mine", scene.issues[0])).exits(4).says("agent:rival");
}

#[test]
fn taking_back_anothers_published_edit_is_an_edit() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        scene.others_edit("Theirs");
        here.git("merge -q --ff-only origin/main").ok();
        here.git("revert --no-edit HEAD").ok();
        assert_eq!(here.committed_title(&issues[0]), "First");
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("no lease covered the edit");
        here.git("push -q origin HEAD:main").exits(REFUSED);
        here.acquire(&issues[0]);
        here.git("push -q origin HEAD:refs/heads/topic").ok();
    });
}

#[test]
fn new_issues_need_no_lease_until_others_know_them() {
    in_both(|scene| {
        let Scene { here, .. } = scene;
        here.git("checkout -q -b topic").ok();
        let id = here.create("New");
        here.git("add -A").ok();
        here.git("commit -q -m New").ok();
        here.edit(&id, "Still mine alone");
        here.git("commit -q -a -m Edit").ok();
        here.jit(&format!("issue update {id} --priority low")).ok();
        here.git("commit -q -a -m Edit").ok();
        here.git("push -q origin topic").ok();
        here.edit(&id, "Published by now");
        here.git("commit -q -a -m x").exits(REFUSED);
    });
}

#[test]
fn the_first_push_ever_passes_and_edits_before_the_hooks_are_adopted_once() {
    let world = World::new();
    let team = world.team();
    let id = team.create("First");
    team.set_policy("strict");
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    team.edit(&id, "Edited before there were hooks");
    team.git("commit -q -a -m Edit").ok();
    team.jit("hooks install").ok().says("adopted");
    world.add_remote();
    team.git("push -q origin main").ok();
    team.edit(&id, "Edited since");
    team.git("commit -q -a --no-verify -m x").ok();
    team.jit("hooks uninstall").ok();
    team.jit("hooks install").ok().never_says("adopted");
    team.git("push -q origin main").exits(REFUSED);
}

#[test]
fn an_old_transition_cannot_be_used_again() {
    in_linked(|scene| {
        let Scene { here, issues, world, .. } = scene;
        here.acquire(&issues[0]);
        for state in ["in_progress", "ready"] {
            here.jit(&format!("issue update {} --state {state}", issues[0])).ok();
            here.git("commit -q -a -m Toggle").ok();
        }
        here.jit(&format!("claim release {}", issues[0])).ok();
        here.git("push -q origin HEAD:main").ok();
        here.git("fetch -q").ok();
        let file = Place::file(&issues[0]);
        let replayed = here.git(&format!("show HEAD~1:{file}")).ok().stdout;
        here.write(&file, &replayed);
        here.git("commit -q -a -m x").exits(REFUSED).says("edited without a lease");
        world.linked("bob").acquire(&issues[0]);
        here.git("commit -q -a -m x").exits(REFUSED).says("held by agent:bob");
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
        let fresh = scene.colleague();
        fresh.jit("hooks install").ok();
        fresh.write(&file, &replayed);
        fresh.git("commit -q -a -m x").exits(REFUSED);
    });
}

#[test]
fn a_removal_somewhere_does_not_lead_back_to_every_old_version() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        let file = Place::file(&issues[0]);
        let first = here.read(&file);
        let colleague = scene.colleague();
        for title in ["Second thoughts", "Third thoughts"] {
            colleague.edit(&issues[0], title);
            colleague.git("commit -q -a -m Theirs").ok();
        }
        colleague.git("push -q origin main").ok();
        colleague.git("switch -q -c cleanup").ok();
        colleague.git(&format!("rm -q {file}")).ok();
        colleague.git("commit -q -m Gone").ok();
        colleague.git("push -q origin cleanup").ok();
        here.git("fetch -q").ok();
        here.git("merge -q --ff-only origin/main").ok();
        here.write(&file, first);
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn an_issue_that_was_removed_upstream_is_no_new_one() {
    in_linked(|scene| {
        let Scene { here, issues, world } = scene;
        let file = Place::file(&issues[0]);
        here.git("checkout -q -b topic").ok();
        let colleague = scene.colleague();
        colleague.git(&format!("rm -q {file}")).ok();
        colleague.git("commit -q -m Gone").ok();
        colleague.git("push -q origin main").ok();
        here.git("fetch -q").ok();
        // The local main follows, so that nothing but the past knows the issue.
        let team = world.team();
        let main = if team.git("branch --show-current").ok().line() == "main" {
            "merge -q --ff-only origin/main"
        } else {
            "branch -f main origin/main"
        };
        team.git(main).ok();
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("reset -q --hard origin/main").ok();
        here.write(&file, format!("{{\"id\":\"{}\",\"title\":\"Back\",\"state\":\"ready\"}}", issues[0]));
        here.git("add -A").ok();
        here.git("commit -q --no-verify -m x").ok();
        here.git("push -q origin topic").exits(REFUSED);
    });
}

#[test]
fn a_lease_from_before_a_restart_ends_once_it_was_relied_on() {
    let scene = Scene::new(true);
    scene.here.at("boot1", 1000).acquire(&scene.issues[0]);
    let after = |seconds| scene.here.at("boot2", seconds);
    after(10).edit(&scene.issues[0], "Edited");
    after(10).git("commit -q -a -m Edit").ok();
    after(500).git("push -q origin side").ok();
    after(700).edit(&scene.issues[0], "Later");
    after(700).git("commit -q -a -m x").exits(REFUSED).says("has lapsed");
}

#[test]
fn a_lost_record_is_not_made_up_for_by_installing_again() {
    let scene = Scene::new(false);
    let here = &scene.here;
    here.acquire(&scene.issues[1]);
    here.edit(&scene.issues[1], "Recorded");
    here.git("commit -q -a -m x").ok();
    here.edit(&scene.issues[0], "Edited");
    here.git("commit -q -a --no-verify -m x").ok();
    std::fs::remove_dir_all(scene.world.path("team/.git/jit/authority")).expect("it was there");
    here.jit("hooks install").ok().never_says("adopted");
    here.git("push -q origin main").exits(REFUSED);
}

#[test]
fn main_can_be_pushed_while_somebody_works_on_its_new_issue() {
    let (world, _) = World::strict();
    let team = world.team().agent("agent:alice");
    let id = team.create("New on main");
    team.git("add -A").ok();
    team.git("commit -q -m New").ok();
    team.jit(&format!("worktree spawn {id} --no-agent --agent-id agent:bob")).ok();
    team.git("push -q origin main").ok();
}

#[test]
fn copies_of_a_creation_of_ones_own_can_be_pushed() {
    let (world, _) = World::strict();
    let team = world.team();
    team.git("checkout -q -b topic").ok();
    let id = team.create("On a topic");
    team.git("add -A").ok();
    team.git("commit -q -m New").ok();
    team.edit(&id, "Still on the topic");
    team.git("commit -q -a -m Edit").ok();
    team.git("checkout -q main").ok();
    team.git("merge -q --squash topic").ok();
    team.git("commit -q -m Squashed").ok();
    team.git("push -q origin topic main").ok();
    team.git("push -q origin --delete topic").ok();
    team.git("fetch -q --prune").ok();
    team.git("checkout -q topic").ok();
    team.git("commit -q --allow-empty -m More").ok();
    team.git("push -q origin topic").ok();
}

#[test]
fn a_squash_uses_the_steps_that_it_stands_for() {
    let scene = Scene::new(true);
    let Scene { here, issues, world } = &scene;
    let state = |place: &Place, state: &str| {
        place.jit(&format!("issue update {} --state {state}", issues[0])).status();
        let text = place.read(&Place::file(&issues[0]));
        let line = text.lines().find(|line| line.contains("\"state\"")).expect("a state").to_owned();
        place.write(&Place::file(&issues[0]), text.replace(&line, &format!("  \"state\": \"{state}\",")));
    };
    here.acquire(&issues[0]);
    for (first, second, message) in [("in_progress", "done", "Finish"), ("in_progress", "ready", "Reopen")] {
        state(here, first);
        here.git("commit -q -a -m Half").ok();
        state(here, second);
        here.git("commit -q -a -m Whole").ok();
        here.git("reset -q --soft HEAD~2").ok();
        here.git_args(&["commit", "-q", "-m", message]).ok();
    }
    here.jit(&format!("claim release {}", issues[0])).ok().says("Released");
    here.git("push -q origin HEAD:main").ok();
    world.linked("bob").acquire(&issues[0]);
    for stolen in ["done", "in_progress"] {
        state(here, stolen);
        here.git("commit -q -a -m x").exits(REFUSED).says("held by agent:bob");
        here.git("checkout -q -- .jit").ok();
    }
}

#[test]
fn a_stale_branch_of_somebody_elses_is_no_spare_authority() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        let colleague = scene.colleague();
        let first = colleague.read(&Place::file(&issues[0]));
        colleague.git("checkout -q -b topic").ok();
        colleague.edit(&issues[0], "Done");
        colleague.git("commit -q -a -m Done").ok();
        let done = colleague.read(&Place::file(&issues[0]));
        colleague.git("push -q origin topic").ok();
        colleague.git("checkout -q main").ok();
        colleague.git("merge -q --squash topic").ok();
        colleague.git("commit -q -m Squashed").ok();
        colleague.write(&Place::file(&issues[0]), first);
        colleague.git("commit -q -a -m Reopened").ok();
        colleague.git("push -q origin main").ok();
        here.git("fetch -q").ok();
        here.git("merge -q --ff-only origin/main").ok();
        here.write(&Place::file(&issues[0]), done);
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("push -q origin HEAD:refs/heads/x").exits(REFUSED);
    });
}

#[test]
fn toggles_under_one_lease_survive_a_rebase_and_a_colleague_who_made_the_same() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.git("checkout -q -b topic").ok();
        here.acquire(&issues[0]);
        for title in ["A", "First", "A", "First", "A"] {
            here.edit(&issues[0], title);
            here.git("commit -q -a -m Toggle").ok();
        }
        here.jit(&format!("claim release {}", issues[0])).ok();
        let colleague = scene.colleague();
        colleague.edit(&issues[1], "Elsewhere");
        colleague.git("commit -q -a -m Elsewhere").ok();
        colleague.git("push -q origin main").ok();
        here.git("fetch -q").ok();
        here.git("push -q origin topic:refs/heads/before").ok();
        here.git("rebase -q origin/main").ok();
        here.git("push -q origin topic").ok();
    });
}
