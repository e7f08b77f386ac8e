//! What is refused and let through at a commit.

use super::{REFUSED, Scene, in_both, in_linked};
use crate::support::{Place, World};

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
fn removing_an_issue_changing_its_mode_or_making_it_a_link_is_an_edit() {
    in_linked(|scene| {
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
    in_linked(|scene| {
        let Scene { here, issues, .. } = scene;
        here.acquire(&issues[0]);
        let good = here.read(&Place::file(&issues[0]));
        for (text, why) in [
            ("{".to_owned(), "EOF"),
            (good.replace("\"First\"", "\"First\",\n  \"title\": \"Twice\""), "occurs twice"),
            (good.replace(&issues[0], &issues[1]), "its file name says"),
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
    scene.here.git("commit -q -m x").exits(REFUSED).says("case-insensitive");
    scene.here.git("commit -q --no-verify -m x").ok();
    scene.here.git("push -q origin HEAD").exits(REFUSED).says("case-insensitive");
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
        here.git("commit -q -m x").exits(REFUSED).says("case-insensitive");
        here.git("reset -q --hard").ok();
    }
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
fn on_their_way_the_hooks_start_no_process() {
    let (world, issues) = World::strict();
    let here = world.team().agent("agent:here");
    let alone = world.path("alone");
    std::fs::create_dir(&alone).expect("made");
    for binary in ["jit-pre-commit", "jit-pre-push"] {
        std::os::unix::fs::symlink(crate::support::binaries().join(binary), alone.join(binary)).expect("linked");
    }
    let poor = here.with("PATH", &alone.display().to_string());
    let commit = || crate::support::Outcome::of("the hook".into(), poor.command("jit-pre-commit").arg("pre-commit"));
    let push = |input: &str| {
        let mut command = poor.command("jit-pre-push");
        crate::support::Outcome::of("the hook".into(), command.args(["pre-push", "origin", "url"]).write_stdin(input))
    };
    here.write("code", "x");
    here.git("add code").ok();
    commit().ok().says_nothing();
    here.edit(&issues[0], "Edited");
    here.git("add -A").ok();
    commit().exits(REFUSED).says("edited without a lease");
    here.acquire(&issues[0]);
    commit().ok().says_nothing();
    here.git("commit -q -m Edited").ok();
    let id = |rev: &str| here.git(&format!("rev-parse {rev}")).ok().line();
    push(&format!("refs/heads/main {} refs/heads/main {}\n", id("HEAD"), id("origin/main"))).ok().says_nothing();
    here.edit(&issues[1], "Sneaky");
    here.git("commit -q -a --no-verify -m Sneaky").ok();
    push(&format!("refs/heads/main {} refs/heads/main {}\n", id("HEAD"), id("origin/main"))).exits(REFUSED).says("push refused");
}

#[test]
fn what_the_hooks_say_can_be_read_by_programs() {
    let (world, issues) = World::strict();
    let here = world.team().agent("agent:here").with("GIT_JIT_FORMAT", "json");
    here.edit(&issues[0], "Sneaky");
    let said = here.git("commit -q -a -m Sneaky").exits(REFUSED).stderr;
    let document: serde_json::Value = serde_json::from_str(said.trim()).expect("one document");
    assert_eq!((&document["schema_version"], &document["hook"]["action"]), (&1.into(), &"commit".into()));
    let refused = &document["hook"]["refused"][0];
    assert_eq!((&refused["code"], &refused["issue_id"]), (&"no_lease".into(), &issues[0].as_str().into()));
    assert!(refused["next"][0].as_str().is_some_and(|next| next.contains("git jit claim acquire")));
    here.git("commit -q -a --no-verify -m Sneaky").ok();
    let said = here.git("push -q origin main").exits(1).stderr;
    let line = said.lines().find(|line| line.starts_with('{')).expect("a line of it");
    let document: serde_json::Value = serde_json::from_str(line).expect("one document");
    assert_eq!(document["hook"]["refused"][0]["commit"], here.git("rev-parse HEAD").ok().line());
    here.git("reset -q --hard HEAD~1").ok();
    here.git("commit -q --allow-empty -m Empty").ok().says_nothing();
}
