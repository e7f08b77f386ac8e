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
    assert_eq!(hooks(&world), ["pre-commit", "pre-merge-commit", "pre-push"]);
    team.jit("hooks install").ok().says("in place already");
    assert_eq!(team.json("hooks install")["changed"], false);
    world.linked("side").jit("hooks uninstall").ok().says("pre-push");
    assert_eq!(hooks(&world), before);
    team.jit("hooks uninstall").ok().says("No hooks of git jit");
}

#[test]
fn another_hook_is_never_touched_and_one_of_ours_not_once_it_was_edited() {
    let world = World::new();
    let team = world.team();
    let push = world.path("team/.git/hooks/pre-push");
    std::fs::write(&push, "#!/bin/sh\necho theirs\n").expect("written");
    team.jit("hooks install").exits(1).says("not of git jit").says("jit-pre-push' pre-push \"$@\" || exit $?");
    assert_eq!(hooks(&world), ["pre-push"], "all or nothing");
    assert_eq!(std::fs::read_to_string(&push).expect("read"), "#!/bin/sh\necho theirs\n");
    team.jit("hooks uninstall").ok().says("No hooks");
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
    std::fs::write(&commit, "#!/bin/sh\necho theirs\n").expect("written");
    let said = team.jit("hooks install").exits(1).stderr;
    let stanza = said.lines().map(str::trim).find(|line| line.contains("exit $?")).expect("a line to add").to_owned();
    let text = format!("#!/bin/sh\necho theirs\n{stanza}\n");
    std::fs::write(&commit, &text).expect("written");
    team.jit("hooks install").ok().says("pre-push").never_says("hooks/pre-commit");
    team.jit("hooks uninstall").ok();
    assert_eq!(std::fs::read_to_string(&commit).expect("read"), text);
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
