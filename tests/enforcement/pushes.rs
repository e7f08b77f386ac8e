//! What is refused and let through at a push, and what is exempt from it.

use super::{REFUSED, Scene, in_both, in_linked};
use crate::support::World;

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
fn a_remote_that_is_this_repository_exempts_nothing() {
    in_linked(|scene| {
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
    in_linked(|scene| {
        let Scene { here, world, issues, .. } = scene;
        scene.others_edit("Theirs");
        here.git("push -q --force origin HEAD:main").exits(REFUSED).says("undo a published edit");
        let colleague = world.place("colleague");
        colleague.edit(&issues[1], "Not fetched");
        colleague.git("commit -q -a -m Unknown").ok();
        colleague.git("push -q origin main").ok();
        here.git("push -q --force origin HEAD:main").exits(REFUSED).says("is not in this clone");
    });
}

#[test]
fn replace_refs_and_git_variables_do_not_hide_an_edit() {
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.git("commit -q -a --no-verify -m x").ok();
        let (tip, before) = (here.git("rev-parse HEAD").ok().line(), here.git("rev-parse HEAD~1").ok().line());
        here.git(&format!("replace {tip} {before}")).ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
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
fn a_stash_under_a_refspec_that_maps_everything_exempts_nothing() {
    in_linked(|scene| {
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
fn namespaces_do_not_hide_the_refs_that_are_judged_by() {
    in_linked(|scene| {
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
