//! What the hooks refuse and what they must let through, with real Git.
//!
//! Most scenarios run in the primary worktree and in a linked one: a [`Scene`] is a strict team whose three
//! issues are published, seen from the worktree where an agent without a lease is at work.

use crate::support::{Place, World};

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

/// Plays a scenario in the primary worktree and in a linked one.
fn in_both(scenario: impl Fn(&Scene)) {
    for is_linked in [false, true] {
        scenario(&Scene::new(is_linked));
    }
}

const REFUSED: i32 = 1;

#[test]
fn an_edit_without_a_lease_is_refused_however_it_is_committed() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        let file = Place::file(&issues[0]);
        here.edit(&issues[0], "Edited");
        let refused = |words: &str| {
            here.git(words).exits(REFUSED).says("commit refused").says("edited without a lease").says("git jit claim acquire");
        };
        refused("commit -q -a -m x");
        refused(&format!("commit -q -m x {file}"));
        refused(&format!("commit -q -m x --only {file}"));
        here.git("add -A").ok();
        refused("commit -q -m x");
        refused("commit -q --amend --no-edit");
        let below = here.sub("deep/down");
        below.git("commit -q -m x").exits(REFUSED);
        below.git(&format!("commit -q -m x ../../{file}")).exits(REFUSED);
        assert_eq!(here.committed_title(&issues[0]), "First");
    });
}

#[test]
fn the_policy_cannot_be_loosened_from_a_worktree_a_branch_or_a_setting() {
    in_both(|scene| {
        let Scene { here, issues, world, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.set_policy("off");
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("checkout -q -- .jit/config.toml").ok();
        here.with("JIT_ENFORCE_LEASES", "off").git("commit -q -a -m x").exits(REFUSED);
        let before = here.git("rev-list --max-parents=0 HEAD").ok().line();
        world.team().git(&format!("branch before {before}")).ok();
        here.git("config jit.defaultBranch before").ok();
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("push refused");
        here.git("config jit.defaultBranch refs/heads/none").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn an_old_branch_from_before_the_policy_is_under_it_too() {
    let world = World::new();
    let team = world.team();
    let id = team.create("First");
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    team.git("branch old").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    world.add_remote();
    team.git("push -q origin main old").ok();
    team.jit("hooks install").ok();
    team.git("checkout -q old").ok();
    team.edit(&id, "Edited");
    team.git("commit -q -a -m x").exits(REFUSED);
    team.git("commit -q -a -m x --no-verify").ok();
    team.git("push -q origin old").exits(REFUSED);
}

#[test]
fn what_goes_around_the_commit_hook_is_stopped_at_the_push() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        let refused = |words: &str| {
            here.git(words).exits(REFUSED).says("push refused").says("no lease covered the edit when it was committed");
        };
        refused("push -q origin HEAD");
        refused("push -q origin HEAD:refs/heads/topic");
        refused("push -q --force origin HEAD:main");
        refused("push -q --all origin");
        refused("push -q --mirror origin");
        let id = here.git("rev-parse HEAD").ok().line();
        refused(&format!("push -q origin {id}:refs/heads/topic"));
        here.git("tag -a -m x marked").ok();
        refused("push -q origin marked");
        here.git("commit -q --allow-empty -m harmless").ok();
        refused("push -q origin HEAD");
        let url = scene.world.path("remote.git").display().to_string();
        here.git_args(&["push", "-q", &url, "HEAD:refs/heads/topic"]).exits(REFUSED).says("push refused");
    });
}

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
    in_both(|scene| {
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
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        let (early, late) = (here.at("boot", 0), here.at("boot", 1000));
        early.acquire(&issues[0]);
        early.edit(&issues[0], "Edited");
        early.git("commit -q -a -m Edit").ok();
        late.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("lapsed before it was released").says("push again");
        late.edit(&issues[0], "More");
        late.git("commit -q -a -m x").exits(REFUSED).says("is over");
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
    in_both(|scene| {
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
fn a_merge_that_keeps_our_side_against_anothers_edit_is_an_edit() {
    in_both(|scene| {
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
fn merging_what_others_published_needs_no_lease() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.create("Mine");
        here.git("add -A").ok();
        here.git("commit -q -m New").ok();
        scene.others_edit("Theirs");
        here.git("merge -q -m Merge origin/main").ok();
        assert_eq!(here.committed_title(&issues[0]), "Theirs");
        here.git("push -q origin HEAD:refs/heads/topic").ok();
        here.git("checkout -q -b picks origin/main~1").ok();
        here.git("cherry-pick origin/main").ok();
        here.git("push -q origin picks").ok();
    });
}

#[test]
fn a_clean_text_merge_needs_no_lease_and_a_resolution_does() {
    in_both(|scene| {
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
fn removing_an_issue_changing_its_mode_or_making_it_a_link_is_an_edit() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        let file = Place::file(&issues[0]);
        here.git(&format!("rm -q {file}")).ok();
        here.git("commit -q -m x").exits(REFUSED);
        here.git("reset -q --hard").ok();
        here.git(&format!("update-index --chmod=+x {file}")).ok();
        here.git("commit -q -m x").exits(REFUSED);
        here.git("reset -q --hard").ok();
        here.git(&format!("mv {file} elsewhere.json")).ok();
        here.git("commit -q -m x").exits(REFUSED);
        here.git("reset -q --hard").ok();
        let blob = here.git("hash-object -w .jit/config.toml").ok().line();
        here.git(&format!("update-index --cacheinfo 120000,{blob},{file}")).ok();
        here.git("commit -q -m x").exits(REFUSED).says("not a plain file");
        here.acquire(&issues[0]);
        here.git("commit -q -m x").exits(REFUSED).says("not a plain file");
        here.git("reset -q --hard").ok();
        here.git("rm -q -r .jit").ok();
        here.git(&format!("update-index --add --cacheinfo 120000,{blob},.jit")).ok();
        here.git("commit -q -m x").exits(REFUSED).says("is not a directory");
    });
}

#[test]
fn a_file_that_is_no_valid_issue_is_refused_with_a_lease_too() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.acquire(&issues[0]);
        let good = here.read(&Place::file(&issues[0]));
        for (text, why) in [
            ("{".to_owned(), "EOF"),
            (good.replace("\"First\"", "\"First\",\n  \"title\": \"Twice\""), "occurs twice"),
            (good.replace(&issues[0], &issues[1]), "its name says"),
            (format!("<<<<<<< ours\n{good}"), "conflict markers"),
        ] {
            here.write(&Place::file(&issues[0]), text);
            here.git("commit -q -a -m x").exits(REFUSED).says(why);
        }
        here.write(&Place::file(&issues[0]), good.replace("First", "Edited"));
        here.write(".jit/issues/.gitkeep", "");
        here.write(".jit/issues/notes.txt", "anything");
        here.git("add -A").ok();
        here.git("commit -q -m Fine").ok();
    });
}

#[test]
fn another_spelling_of_the_directory_is_refused() {
    let scene = Scene::new(false);
    let blob = scene.here.git("hash-object -w .jit/config.toml").ok().line();
    scene.here.git(&format!("update-index --add --cacheinfo 100644,{blob},.JIT/issues/{}.json", scene.issues[0])).ok();
    scene.here.git("commit -q -m x").exits(REFUSED).says("fold case");
    scene.here.git("commit -q --no-verify -m x").ok();
    scene.here.git("push -q origin HEAD").exits(REFUSED).says("fold case");
}

#[test]
fn the_policy_itself_changes_on_top_of_the_default_branch_only() {
    in_both(|scene| {
        let Scene { here, .. } = scene;
        scene.others_edit("Theirs");
        here.set_policy("warn");
        here.git("commit -q -a -m x").exits(REFUSED).says("lacks the tip of").says("git merge");
        here.git("checkout -q -- .jit").ok();
        here.git("merge -q --ff-only origin/main").ok();
        here.set_policy("warn");
        here.git("commit -q -a -m Loosen").ok();
        here.git("push -q origin HEAD:refs/heads/topic").ok();
    });
}

#[test]
fn a_policy_that_does_not_parse_is_strict_for_issues_and_can_be_repaired() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.write(".jit/config.toml", "[worktree\n");
    team.edit(&issues[0], "Edited");
    team.git("commit -q -a -m x").exits(REFUSED);
    team.git("checkout -q -- .jit/issues").ok();
    team.git("commit -q -a -m Broken").ok();
    team.edit(&issues[0], "Edited");
    team.git(&format!("commit -q -m x {}", Place::file(&issues[0]))).exits(REFUSED);
    team.git("checkout -q -- .jit/issues").ok();
    team.write(".jit/config.toml", "[worktree]\nenforce_leases = 'off'\n");
    team.git("commit -q -a -m Repaired").ok();
}

#[test]
fn warn_says_and_never_refuses_and_off_says_nothing() {
    let (world, issues) = World::under("warn");
    let team = world.team();
    team.edit(&issues[0], "Edited");
    team.git("commit -q -a -m Warned").ok().says("would be refused").says("edited without a lease");
    team.git("push -q origin main").ok().says_nothing();
    team.edit(&issues[0], "Around the hook");
    team.git("commit -q -a --no-verify -m x").ok();
    team.git("push -q origin main").ok().says("would be refused");
    std::fs::write(world.path("team/.git/jit/claims.jsonl"), "garbage\n").expect("written");
    team.edit(&issues[0], "Again");
    team.git("commit -q -a -m Warned").ok().says("lease log cannot be read");
    let (world, issues) = World::under("off");
    let team = world.team();
    team.edit(&issues[0], "Edited");
    std::fs::write(world.path("team/.git/jit/claims.jsonl"), "garbage\n").expect("written");
    team.git("commit -q -a -m Silent").ok().says_nothing();
    team.git("push -q origin main").ok().says_nothing();
}

#[test]
fn a_repository_without_issues_notices_nothing() {
    let world = World::empty();
    world.place("").git("init -q -b main team").ok();
    let team = world.team();
    team.jit("hooks install").ok();
    team.write("a", "a");
    team.git("add -A").ok();
    team.git("commit -q -m One").ok().says_nothing();
    team.git("checkout -q -b side").ok();
    team.git("commit -q --allow-empty -m Two").ok().says_nothing();
    team.git("checkout -q main").ok();
    team.git("merge -q --no-ff -m Merge side").ok().says_nothing();
    world.add_remote();
    team.git("push -q origin main").ok().says_nothing();
    team.git("push -q origin main").ok().says_nothing();
    team.git("push -q origin --delete main").exits(1).never_says("git jit");
}

#[test]
fn the_writing_verbs_are_under_the_same_judgement() {
    in_both(|scene| {
        let Scene { here, issues, world, .. } = scene;
        here.jit(&format!("issue update {} --state done", issues[0]))
            .exits(5)
            .says("edited without a lease")
            .says("git jit claim acquire");
        world.linked("holder").acquire(&issues[1]);
        here.jit(&format!("issue update {} --state done", issues[1])).exits(4).says("held by agent:holder");
        here.acquire(&issues[0]);
        here.jit(&format!("issue update {} --state done", issues[0])).ok();
        here.agent("agent:other").jit(&format!("issue update {} --priority low", issues[0])).exits(5).says("export JIT_AGENT_ID=");
        let id = here.create("Nobody knows it");
        here.jit(&format!("issue update {id} --state done")).ok();
    });
}

#[test]
fn a_remote_that_is_this_repository_exempts_nothing() {
    in_both(|scene| {
        let Scene { here, issues, world, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        for url in
            [world.path("team").display().to_string(), ".".to_owned(), format!("file://{}", world.path("team/.git").display())]
        {
            here.git_args(&["remote", "add", "self", &url]).ok();
            here.git("fetch -q self").ok();
            here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
            here.git("remote remove self").ok();
        }
        here.git("config --add remote.origin.fetch +refs/heads/*:refs/heads/*").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn rewinding_the_default_branch_over_an_edit_is_refused() {
    in_both(|scene| {
        let Scene { here, world, issues, .. } = scene;
        scene.others_edit("Theirs");
        here.git("push -q --force origin HEAD:main").exits(REFUSED).says("take back a published edit");
        let colleague = world.place("colleague");
        colleague.edit(&issues[1], "Not fetched");
        colleague.git("commit -q -a -m Unknown").ok();
        colleague.git("push -q origin main").ok();
        here.git("push -q --force origin HEAD:main").exits(REFUSED).says("is not known here");
    });
}

#[test]
fn replace_refs_and_git_variables_do_not_hide_an_edit() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        let (tip, before) = (here.git("rev-parse HEAD").ok().line(), here.git("rev-parse HEAD~1").ok().line());
        here.git(&format!("replace {tip} {before}")).ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
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
fn without_its_binary_the_hook_refuses_only_what_it_must() {
    let scene = Scene::new(false);
    let here = &scene.here;
    let hook = scene.world.path("team/.git/hooks/pre-commit");
    let text = std::fs::read_to_string(&hook).expect("installed");
    let binaries = crate::support::binaries().display().to_string();
    std::fs::write(&hook, text.replace(&binaries, "/nowhere")).expect("written");
    let path = "/usr/local/bin:/usr/bin:/bin";
    here.write("code", "x");
    here.git("add code").ok();
    here.with("PATH", path).git("commit -q -m Code").ok().says_nothing();
    here.edit(&scene.issues[0], "Edited");
    here.git("add -A").ok();
    here.with("PATH", path).git("commit -q -m x").exits(REFUSED).says("not installed");
}

#[test]
fn an_old_transition_cannot_be_used_again() {
    in_both(|scene| {
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
    in_both(|scene| {
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
    in_both(|scene| {
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
fn a_push_from_inside_the_git_directory_is_judged_too() {
    let scene = Scene::new(false);
    let here = &scene.here;
    here.edit(&scene.issues[0], "Edited");
    here.git("commit -q -a --no-verify -m x").ok();
    here.git("-C .git push -q origin main").exits(REFUSED).says("push refused");
    here.sub(".git").git("push -q origin main").exits(REFUSED);
    here.sub(".git/refs").git("push -q origin main").exits(REFUSED);
}

#[test]
fn what_cannot_be_read_is_not_passed_over() {
    let scene = Scene::new(false);
    let here = &scene.here;
    let alternate = scene.world.path("alternate").display().to_string();
    std::fs::create_dir(&alternate).expect("made");
    let objects = scene.world.path("team/.git/objects").display().to_string();
    here.edit(&scene.issues[0], "Edited");
    let elsewhere = here.with("GIT_OBJECT_DIRECTORY", &alternate).with("GIT_ALTERNATE_OBJECT_DIRECTORIES", &objects);
    elsewhere.git("commit -q -a --no-verify -m x").ok();
    here.with("GIT_ALTERNATE_OBJECT_DIRECTORIES", &alternate).git("push -q origin main").exits(REFUSED);
    let line = format!("refs/heads/main {} refs/heads/main {}\n", "1".repeat(40), "0".repeat(40));
    here.command("jit-pre-push").arg("pre-push").write_stdin(line).assert().code(REFUSED);
    here.command("jit-pre-push").arg("pre-push").write_stdin("nonsense\n").assert().code(REFUSED);
    here.command("jit-pre-push").arg("pre-push").write_stdin("").assert().success();
}

#[test]
fn pointing_the_default_branch_elsewhere_protects_nothing_less() {
    in_both(|scene| {
        let Scene { here, .. } = scene;
        scene.others_edit("Theirs");
        here.git("branch junk origin/main~1").ok();
        here.git("config jit.defaultBranch junk").ok();
        here.git("push -q --force origin junk:main").exits(REFUSED).says("take back a published edit");
        here.write(".jit/config.toml", format!("{}# x\n", here.read(".jit/config.toml")));
        here.git("commit -q -a -m x").exits(REFUSED).says("lacks the tip of");
        here.git("checkout -q -- .jit").ok();
        here.git("push -q origin junk").ok();
        here.git("remote set-head origin junk").ok();
        here.git("push -q --force origin junk:main").exits(REFUSED);
    });
}

#[test]
fn a_stash_under_a_refspec_that_maps_everything_exempts_nothing() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.git("config --add remote.origin.fetch +refs/pull/*:refs/*").ok();
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        here.write("code", "x");
        here.git("add code").ok();
        here.git("stash -q").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn a_push_for_another_worktree_knows_the_primary_ones_issues() {
    let (world, _) = World::strict();
    let team = world.team().agent("agent:here");
    let id = team.create("On main, not published");
    team.git("add -A").ok();
    team.git("commit -q -m New").ok();
    let linked = world.linked("side");
    linked.edit(&id, "Edited");
    linked.git("commit -q -a -m x").exits(REFUSED);
    linked.git("commit -q -a --no-verify -m x").ok();
    linked.git("push -q origin side").exits(REFUSED);
    team.git("push -q origin side").exits(REFUSED);
    team.git("push -q origin main").ok();
}

#[test]
fn other_spellings_below_the_directory_are_refused() {
    let scene = Scene::new(false);
    let here = &scene.here;
    let blob = here.git("hash-object -w .jit/config.toml").ok().line();
    for path in [
        format!(".jit/Issues/{}.json", scene.issues[0]),
        format!(".jit/issues/{}.json", scene.issues[0].to_uppercase()),
        ".jit/Config.toml".to_owned(),
    ] {
        here.git(&format!("update-index --add --cacheinfo 100644,{blob},{path}")).ok();
        here.git("commit -q -m x").exits(REFUSED).says("fold case");
        here.git("reset -q --hard").ok();
    }
}

#[test]
fn namespaces_do_not_hide_the_refs_that_are_judged_by() {
    in_both(|scene| {
        let Scene { here, issues, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("config gitoxide.core.refsNamespace zz").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
        here.git("config --unset gitoxide.core.refsNamespace").ok();
        here.with("GIT_NAMESPACE", "zz").git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn this_very_repository_is_recognised_however_it_is_spelled() {
    let scene = Scene::new(false);
    let here = &scene.here;
    here.edit(&scene.issues[0], "Edited");
    here.git("commit -q -a --no-verify -m x").ok();
    here.git("bundle create -q ../self.bundle main").ok();
    let team = scene.world.path("team").display().to_string();
    let without = format!("{team}/");
    for url in [
        format!("file://{}", team.replace('e', "%65").replace(' ', "%20")),
        without,
        "../self.bundle".to_owned(),
        "../team/.git".to_owned(),
    ] {
        here.git_args(&["remote", "add", "self", &url]).ok();
        here.git("fetch -q self").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
        here.git("remote remove self").ok();
    }
}

#[test]
fn a_tree_with_two_entries_of_one_name_is_refused() {
    let scene = Scene::new(false);
    let here = &scene.here;
    let good = here.git("rev-parse HEAD:.jit").ok().line();
    here.edit(&scene.issues[0], "Edited");
    here.git("add -A").ok();
    let evil = here.git("write-tree --prefix=.jit/").ok().line();
    let listing = format!("040000 tree {good}\t.jit\n040000 tree {evil}\t.jit\n");
    let made = here.command("git").args(["mktree"]).write_stdin(listing).output().expect("run");
    let tree = String::from_utf8_lossy(&made.stdout).trim().to_owned();
    let commit = here.git(&format!("commit-tree -p HEAD -m x {tree}")).ok().line();
    here.git(&format!("push -q origin {commit}:refs/heads/topic")).exits(REFUSED);
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
    after(700).git("commit -q -a -m x").exits(REFUSED).says("is over");
}

#[test]
fn a_lost_record_is_not_made_up_for_by_installing_again() {
    let scene = Scene::new(false);
    let here = &scene.here;
    here.edit(&scene.issues[0], "Edited");
    here.git("commit -q -a --no-verify -m x").ok();
    std::fs::remove_file(scene.world.path("team/.git/jit/authority.jsonl")).expect("it was there");
    here.jit("hooks install").ok().never_says("adopted");
    here.git("push -q origin main").exits(REFUSED);
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

#[test]
fn a_shallow_clone_is_judged_by_what_it_has() {
    let scene = Scene::new(false);
    scene.others_edit("Theirs");
    scene.world.place("colleague").git("checkout -q -b topic").ok();
    scene.world.place("colleague").edit(&scene.issues[1], "On a topic");
    scene.world.place("colleague").git("commit -q -a -m Topic").ok();
    scene.world.place("colleague").git("push -q origin topic").ok();
    let url = format!("file://{}", scene.world.path("remote.git").display());
    scene.world.place("").git_args(&["clone", "-q", "--depth", "1", "--no-single-branch", &url, "shallow"]).ok();
    let shallow = scene.world.place("shallow").agent("agent:here");
    shallow.jit("hooks install").ok();
    shallow.edit(&scene.issues[0], "Edited");
    shallow.git("commit -q -a -m x").exits(REFUSED).says("edited without a lease");
    shallow.git("commit -q -a --no-verify -m x").ok();
    shallow.git("push -q origin HEAD:refs/heads/evil").exits(REFUSED).says("no lease covered the edit");
    shallow.git("reset -q --hard origin/main").ok();
    shallow.acquire(&scene.issues[0]);
    shallow.edit(&scene.issues[0], "Leased");
    shallow.git("commit -q -a -m Edit").ok();
    shallow.git("push -q origin HEAD:refs/heads/good").ok();
}

#[test]
fn a_policy_edit_that_was_in_order_is_not_refused_because_main_moved_on() {
    in_both(|scene| {
        let Scene { here, .. } = scene;
        here.git("checkout -q -b topic").ok();
        here.write(".jit/config.toml", format!("{}# x\n", here.read(".jit/config.toml")));
        here.git("commit -q -a -m Policy").ok();
        scene.others_edit("Theirs");
        here.git("push -q origin topic").ok();
    });
}

#[test]
fn who_acts_is_asked_only_where_something_is_judged() {
    let scene = Scene::new(false);
    let nameless = scene.here.with("JIT_AGENT_ID", "nonsense");
    nameless.git("commit -q --allow-empty -m Empty").ok();
    nameless.git("push -q origin main").ok();
    nameless.edit(&scene.issues[0], "Edited");
    nameless.git("commit -q -a -m x").exits(REFUSED).says("type:name");
}

#[test]
fn a_broken_file_can_be_leased_and_mended() {
    let scene = Scene::new(false);
    let here = &scene.here;
    here.write(&Place::file(&scene.issues[0]), "<<<<<<< ours\n");
    here.acquire(&scene.issues[0]);
    here.write(
        &Place::file(&scene.issues[0]),
        format!("{{\"id\":\"{}\",\"title\":\"Mended\",\"state\":\"ready\"}}\n", scene.issues[0]),
    );
    here.git("commit -q -a -m Mended").ok();
}

#[test]
fn every_form_of_the_index_is_read() {
    for form in [
        "update-index --index-version 4",
        "update-index --split-index",
        "config index.skipHash true",
        "config index.threads 2",
        "config core.fsmonitor false",
        "sparse-checkout set --cone --sparse-index code",
        "sparse-checkout set --no-cone /code/ /.jit/config.toml",
    ] {
        let scene = Scene::new(true);
        let here = &scene.here;
        here.write("code/a", "a");
        here.git("add -A").ok();
        here.git("commit -q -m Code").ok().says_nothing();
        here.git(form).ok();
        here.write("code/a", "b");
        here.git("commit -q -a -m Code").ok().says_nothing();
        let blob = here.git("hash-object -w code/a").ok().line();
        let file = Place::file(&scene.issues[0]);
        here.git(&format!("update-index --add --cacheinfo 100644,{blob},{file}")).ok();
        here.git("commit -q -m x").exits(REFUSED).says("edited without a lease");
        here.git("reset -q").ok();
        here.write("code/a", "c");
        here.git("commit -q -m Code code/a").ok().never_says("git jit");
    }
}

#[test]
fn what_is_only_meant_to_be_added_is_not_staged() {
    let scene = Scene::new(false);
    let here = &scene.here;
    let id = here.create("Meant to be added");
    here.git(&format!("add -N {}", Place::file(&id))).ok();
    here.write("code", "x");
    here.git("add code").ok();
    here.git("commit -q -m Code").ok().says_nothing();
    here.git("show --stat HEAD").ok().says("code").never_says("issues");
}

#[test]
fn a_policy_that_only_this_branch_has_counts_here() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.git("checkout -q -b topic").ok();
    team.edit(&issues[0], "Passes");
    team.git("commit -q -a -m Edit").ok().says_nothing();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    team.set_policy("off");
    team.edit(&issues[0], "Does not");
    let file = Place::file(&issues[0]);
    team.git(&format!("commit -q -m x {file}")).exits(REFUSED);
}

#[test]
fn a_policy_that_came_in_two_steps_can_be_pushed_first() {
    let world = World::new();
    let team = world.team();
    team.git("add -A").ok();
    team.git("commit -q -m Init").ok();
    team.jit("hooks install").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    world.add_remote();
    team.git("push -q origin main~1:refs/heads/half").ok();
    team.git("push -q origin main").ok();
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
    in_both(|scene| {
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
    in_both(|scene| {
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

#[test]
fn what_passed_under_a_laxer_policy_is_not_stranded_by_a_stricter_one() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.git("checkout -q -b topic").ok();
    team.edit(&issues[0], "Under off");
    team.git("commit -q -a -m Edit").ok().says_nothing();
    team.git("checkout -q main").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    team.git("push -q origin main").ok();
    team.git("push -q origin topic").ok();
    team.edit(&issues[0], "Under strict");
    team.git("commit -q -a -m x").exits(REFUSED);
}
