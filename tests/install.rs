//! Hooks in and out of their place.

use crate::support::World;

fn hooks(world: &World) -> Vec<String> {
    let entries = std::fs::read_dir(world.path("team/.git/hooks")).expect("a folder").flatten();
    let mut names: Vec<String> = entries.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    names.retain(|name| !name.ends_with(".sample"));
    names.sort();
    names
}

#[test]
fn twice_in_is_once_and_out_leaves_nothing() {
    let world = World::new();
    let team = world.team();
    let before = hooks(&world);
    team.jit("hooks install").ok().says("pre-push");
    assert_eq!(hooks(&world), ["post-merge", "pre-commit", "pre-merge-commit", "pre-push"]);
    team.jit("hooks install").ok().says("already installed");
    assert_eq!(team.json("hooks install")["changed"], false);
    world.linked("side").jit("hooks uninstall").ok().says("pre-push");
    assert_eq!(hooks(&world), before);
    team.jit("hooks uninstall").ok().says("No hooks of git jit");
}

fn executable(path: &std::path::Path, text: &str) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::write(path, text).expect("written");
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("set");
}

#[test]
fn a_hook_that_is_there_runs_first_with_its_stdin_and_comes_back_to_the_byte() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:a");
    team.jit("hooks uninstall").ok();
    let (commit, push) = (world.path("team/.git/hooks/pre-commit"), world.path("team/.git/hooks/pre-push"));
    let theirs = "#!/bin/sh\n[ -e refuse ] && exit 3\necho \"$0 $*\" >> ran\n";
    let reader = "#!/bin/sh\n[ -e refuse ] && exit 3\ncat >> ran\n";
    executable(&commit, theirs);
    executable(&push, reader);
    let before = std::fs::metadata(&commit).expect("there").permissions();
    team.jit("hooks install").ok().says("existing hook, runs first").says("pre-commit.before-git-jit");
    team.jit("hooks install").ok().says("already installed");
    team.git("checkout -q -b topic").ok();
    team.edit(&issues[0], "Sneaky");
    team.git("commit -q -a -m Sneaky").exits(1).says("commit refused");
    assert_eq!(team.read("ran").lines().count(), 1, "theirs ran, and ours after it");
    team.git("checkout -q .jit").ok();
    team.write("refuse", "");
    team.write("x", "x");
    team.git("add x").ok();
    assert_eq!(team.git("commit -q -m X").status(), 1, "their refusal is passed on");
    std::fs::remove_file(world.path("team/refuse")).expect("removed");
    team.git("commit -q -m X").ok();
    let lines = team.read("ran").lines().count();
    team.git("push -q origin topic").ok();
    assert!(team.read("ran").lines().nth(lines).is_some_and(|line| line.starts_with("refs/heads/topic ")), "{}", team.read("ran"));
    team.edit(&issues[0], "Sneaky");
    team.git("commit -q -a --no-verify -m Sneaky").ok();
    team.git("push -q origin topic").exits(1).says("push refused");
    team.write("refuse", "");
    assert_ne!(team.git("push -q origin topic:other").status(), 0);
    std::fs::remove_file(world.path("team/refuse")).expect("removed");
    team.jit("hooks uninstall").ok();
    assert_eq!(hooks(&world), ["pre-commit", "pre-push"]);
    assert_eq!(std::fs::read_to_string(&commit).expect("read"), theirs);
    assert_eq!(std::fs::read_to_string(&push).expect("read"), reader);
    assert_eq!(std::fs::metadata(&commit).expect("there").permissions(), before);
}

#[test]
fn a_hook_that_git_does_not_run_is_not_brought_to_life_and_a_link_stays_one() {
    let world = World::new();
    let team = world.team();
    let (commit, push) = (world.path("team/.git/hooks/pre-commit"), world.path("team/.git/hooks/pre-push"));
    std::fs::write(&commit, "#!/bin/sh\nexit 9\n").expect("written");
    executable(&world.path("team/.git/hooks/theirs"), "#!/bin/sh\ntouch linked\n");
    std::os::unix::fs::symlink("theirs", &push).expect("linked");
    team.jit("hooks install").ok();
    team.git("commit -q --allow-empty -m Empty").ok();
    world.add_remote();
    team.git("push -q origin main").ok();
    assert!(team.dir.join("linked").exists());
    team.jit("hooks uninstall").ok();
    assert_eq!(std::fs::read_link(&push).expect("a link"), std::path::Path::new("theirs"));
    assert_eq!(std::fs::read_to_string(&commit).expect("read"), "#!/bin/sh\nexit 9\n");
}

#[test]
fn a_hook_that_goes_by_its_name_has_it_still() {
    let world = World::new();
    let team = world.team();
    let hooks_dir = world.path("team/.git/hooks");
    executable(&hooks_dir.join("dispatch"), "#!/bin/sh\necho \"$(basename \"$0\")\" >> named\n");
    std::os::unix::fs::symlink("dispatch", hooks_dir.join("pre-commit")).expect("linked");
    executable(&hooks_dir.join("pre-push"), "#!/bin/sh\necho \"${0##*/}\" >> named\n");
    let before = hooks(&world);
    team.jit("hooks install").ok();
    team.git("commit -q --allow-empty -m Empty").ok();
    world.add_remote();
    team.git("push -q origin main").ok();
    assert_eq!(team.read("named"), "pre-commit\npre-push\n");
    team.jit("hooks status").ok();
    team.jit("hooks uninstall").ok();
    assert_eq!(hooks(&world), before);
}

#[test]
fn a_push_is_not_passed_over_for_want_of_a_program() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:a");
    team.jit("hooks uninstall").ok();
    executable(&world.path("team/.git/hooks/pre-push"), "#!/bin/sh\nexit 0\n");
    team.jit("hooks install").ok();
    team.edit(&issues[0], "Sneaky");
    team.git("commit -q -a --no-verify -m Sneaky").ok();
    let hook = world.path("team/.git/hooks/pre-push").display().to_string();
    let id = |rev: &str| team.git(&format!("rev-parse {rev}")).ok().line();
    let line = format!("refs/heads/main {} refs/heads/main {}\n", id("HEAD"), id("origin/main"));
    let empty = world.path("empty");
    std::fs::create_dir(&empty).expect("made");
    for path in [empty.display().to_string(), "/usr/bin:/bin".to_owned()] {
        let poor = team.with("PATH", &path);
        let status = poor.command("/bin/sh").args([hook.as_str(), "origin", "url"]).write_stdin(line.clone()).output();
        assert_ne!(status.expect("run").status.code(), Some(0), "{path}");
    }
}

#[test]
fn an_install_that_fails_half_way_leaves_what_was_there() {
    let world = World::new();
    let team = world.team();
    let commit = world.path("team/.git/hooks/pre-commit");
    executable(&commit, "#!/bin/sh\nexit 5\n");
    let script = format!("ulimit -f 0; exec '{}' hooks install", env!("CARGO_BIN_EXE_git-jit"));
    crate::support::Outcome::of("a full disk".into(), team.command("bash").args(["-c", &script])).exits(7);
    assert_eq!(hooks(&world), ["pre-commit"]);
    assert_eq!(team.git("commit -q --allow-empty -m x").status(), 1, "theirs runs");
    // A crash between two steps.
    std::fs::rename(&commit, world.path("team/.git/hooks/pre-commit.before-git-jit")).expect("renamed");
    team.jit("hooks status").exits(1).says("was set aside and no longer runs");
    team.jit("hooks uninstall").ok().says("pre-commit");
    assert_eq!(hooks(&world), ["pre-commit"]);
}

#[test]
fn uninstall_finds_what_was_installed_before_the_setting_changed() {
    let world = World::new();
    let team = world.team();
    team.jit("hooks install").ok();
    team.git("config core.hooksPath .githooks").ok();
    team.jit("hooks uninstall").ok().says(".git/hooks/pre-push");
    assert!(hooks(&world).is_empty());
    std::fs::create_dir(world.path("team/.git/hooks/pre-commit")).expect("made");
    team.git("config --unset core.hooksPath").ok();
    team.jit("hooks status").exits(1).says("another hook").says("pre-push");
}

#[test]
fn two_hooks_for_one_place_and_one_of_ours_that_was_edited_are_for_a_person() {
    let world = World::new();
    let team = world.team();
    let push = world.path("team/.git/hooks/pre-push");
    executable(&push, "#!/bin/sh\n");
    executable(&world.path("team/.git/hooks/pre-push.before-git-jit"), "#!/bin/sh\n");
    team.jit("hooks install").exits(1).says("is there already").says("jit-pre-push' pre-push \"$@\" || exit $?");
    assert!(!world.path("team/.git/hooks/pre-commit").exists(), "all or nothing");
    std::fs::remove_file(&push).expect("removed");
    team.jit("hooks install").ok();
    let text = std::fs::read_to_string(&push).expect("read") + "echo mine\n";
    std::fs::write(&push, &text).expect("written");
    team.jit("hooks install").exits(1).says("edited since");
    team.jit("hooks uninstall").exits(1).says("edited since");
    assert_eq!(std::fs::read_to_string(&push).expect("read"), text);
}

#[test]
fn a_hooks_path_of_this_repository_is_honoured_and_one_of_all_is_not() {
    let world = World::new();
    let team = world.team();
    team.git("config core.hooksPath .githooks").ok();
    team.jit("hooks install").ok().says(".githooks/pre-commit");
    assert!(team.dir.join(".githooks/pre-push").exists());
    team.jit("hooks uninstall").ok();
    team.git("config --unset core.hooksPath").ok();
    let global = world.path("global");
    std::fs::write(&global, "[core]\n\thooksPath = /somewhere\n").expect("written");
    let elsewhere = team.with("GIT_CONFIG_GLOBAL", &global.display().to_string());
    elsewhere.jit("hooks install").exits(1).says("global").says("git config --local core.hooksPath \"$(git rev-parse");
}

#[test]
fn the_manual_pages_are_written_and_git_would_find_them() {
    let world = World::new();
    let pages = world.path("man1");
    world.team().jit_args(&["man", &pages.display().to_string()]).ok().says("git-jit.1");
    let page = std::fs::read_to_string(pages.join("git-jit.1")).expect("written");
    assert!(page.contains(".TH git-jit 1") && page.contains("Leases for work in Git"), "{page}");
    assert!(page.contains("EXIT STATUS"));
    for named in page.match_indices("git\\-jit\\-").map(|(at, _)| &page[at..]) {
        let name: String = named.chars().take_while(|c| *c != '(').filter(|c| *c != '\\').collect();
        assert!(pages.join(format!("{name}.1")).exists(), "{name} is named and not there");
    }
    assert!(pages.join("git-jit-claim-acquire.1").exists());
}

#[test]
fn a_hook_of_somebody_elses_that_runs_ours_serves_and_the_others_are_installed() {
    let world = World::new();
    let team = world.team();
    let commit = world.path("team/.git/hooks/pre-commit");
    let text = "#!/bin/sh\necho theirs\njit-pre-commit pre-commit \"$@\" || exit $?\n";
    executable(&commit, text);
    team.jit("hooks install").ok().says("pre-push").never_says("hooks/pre-commit");
    let status = team.json("hooks status");
    assert_eq!((&status["hooks"][0]["place"], &status["hooks"][0]["canary"]), (&"served".into(), &serde_json::Value::Null));
    assert_eq!(team.json("hooks status --canary")["hooks"][0]["canary"], "refused");
    team.jit("hooks uninstall").ok();
    assert_eq!(std::fs::read_to_string(&commit).expect("read"), text);
}

#[test]
fn status_tells_what_stands_there_and_tries_it() {
    let world = World::new();
    let team = world.team();
    team.jit("hooks status").exits(1).says("not installed").says("git jit hooks install");
    team.jit("hooks install").ok();
    let before = team.git("count-objects -v").ok().stdout;
    team.jit("hooks status").ok().says("installed; refuses a bad edit");
    assert_eq!(team.git("count-objects -v").ok().stdout, before, "nothing is written");
    team.git("status --short").ok().never_says("ca4a5000");
    let status = team.json("hooks status");
    assert_eq!((&status["ok"], &status["hooks"][2]["canary"]), (&true.into(), &"refused".into()));
    // A worktree of its own way.
    let side = world.linked("side");
    side.jit("hooks status").ok();
    team.git("config extensions.worktreeConfig true").ok();
    side.git("config --worktree core.hooksPath /nowhere").ok();
    team.jit("hooks status").exits(1).says("/nowhere, without pre-commit");
    side.git("config --worktree --unset core.hooksPath").ok();
    // Binaries that pass everything.
    let push = world.path("team/.git/hooks/pre-push");
    executable(&push, "#!/bin/sh\njit-pre-push() { :; }\njit-pre-push\n");
    team.jit("hooks status --canary").exits(1).says("accepts a bad edit");
}

#[test]
fn a_place_in_the_worktree_itself_is_said_to_be_one() {
    let world = World::new();
    let team = world.team();
    team.git("config core.hooksPath .githooks").ok();
    team.jit("hooks install").ok().says("is in this worktree: commit it");
    team.git("config core.hooksPath").ok();
}

#[test]
fn hooks_by_configuration_want_a_git_that_knows_them() {
    let world = World::new();
    let team = world.team();
    let config = || std::fs::read(world.path("team/.git/config")).expect("read");
    let (before, version) = (config(), team.git("version").ok().stdout);
    let mut numbers = version.trim().trim_start_matches("git version ").split('.').map(|part| part.parse::<u32>().unwrap_or(0));
    let is_new = (numbers.next(), numbers.next()) >= (Some(2), Some(54));
    if !is_new {
        team.jit("hooks install --mode config").exits(1).says("need git 2.54, and this is 2.");
        assert_eq!(config(), before);
        return;
    }
    team.jit("hooks install --mode config").ok();
    team.jit("hooks install --mode config").ok().says("already installed");
    team.jit("hooks install").ok().says("already installed");
    assert!(hooks(&world).is_empty());
    team.jit("hooks status").ok().says("by configuration; refuses what it must");
    team.set_policy("strict");
    team.write(&crate::support::Place::file("1a2b3c4d-0000-4000-8000-000000000001"), "{}");
    team.git("add -A").ok();
    team.git("commit -q -m Broken").exits(1).says("commit refused");
    team.jit("hooks uninstall").ok();
    assert_eq!(config(), before, "to the byte");
    executable(&world.path("team/.git/hooks/pre-push"), "#!/bin/sh\n");
    team.jit("hooks install --mode config").exits(1).says("would run after");
}

#[test]
fn in_a_submodule_the_hooks_are_the_submodules() {
    let world = World::new();
    let team = world.team();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    world.place("").git("init -q -b main outer").ok();
    let outer = world.place("outer");
    outer.git("-c protocol.file.allow=always submodule --quiet add ../team inner").ok();
    let inner = outer.moved(&outer.dir.join("inner").display().to_string());
    inner.jit("hooks install").ok().says("modules/inner/hooks/pre-commit");
    assert!(!outer.dir.join(".git/hooks/pre-commit").exists());
    inner.jit("hooks status").ok();
    inner.jit("hooks uninstall").ok();
}

#[test]
fn a_hook_that_git_would_not_run_is_put_right() {
    let world = World::new();
    let team = world.team();
    team.jit("hooks install").ok();
    let push = world.path("team/.git/hooks/pre-push");
    team.command("chmod").arg("-x").arg(&push).assert().success();
    team.jit("hooks install").ok().says("pre-push").never_says("pre-commit");
    team.command("test").arg("-x").arg(&push).assert().success();
}

#[test]
fn a_relative_place_that_only_the_primary_worktree_has_is_refused() {
    let world = World::new();
    let team = world.team();
    team.git("config core.hooksPath .git/hooks").ok();
    team.jit("hooks install").exits(1).says("only the primary one").says("git config --local core.hooksPath '/");
}

#[test]
fn hooks_and_data_of_a_shared_repository_are_for_its_group() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::empty();
    world.place("").git("init -q -b main --shared=group team").ok();
    let team = world.team();
    team.command("sh")
        .args(["-c", "umask 077; git jit init && git jit hooks install && git jit issue create One"])
        .assert()
        .success();
    let mode = |path: &str| std::fs::metadata(world.path("team/.git").join(path)).expect(path).permissions().mode() & 0o7777;
    assert_eq!(mode("jit"), 0o2770);
    assert_eq!(mode("jit/worktree.json"), 0o660);
    assert_eq!(mode("jit/locks"), 0o2770);
    assert_eq!(mode("jit/locks/issues.lock"), 0o660);
    assert_eq!(mode("hooks/pre-commit") & 0o770, 0o770);
}

#[test]
fn refs_that_cannot_be_read_get_no_hooks_that_would_refuse_everything() {
    let world = World::empty();
    world.place("").git("init -q -b main --ref-format=reftable team").ok();
    world.team().git("commit -q --allow-empty -m Root").ok();
    world.team().jit("hooks install").exits(1).says("reftable").says("git refs migrate");
}
