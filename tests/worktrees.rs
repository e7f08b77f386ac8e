//! Worktrees for issues: they are created and removed as transactions.

use crate::support::{Place, World};

mod agents;
mod crowd;
mod github;
mod places;
mod regressions;
mod risks;
mod shells;
mod stand_ins;
mod unreadable;
mod workflow;

fn spawn(place: &Place, issue: &str) -> Place {
    let path = place.jit(&format!("worktree spawn {issue} --no-agent --quiet")).ok().line();
    place.moved(&path)
}

#[test]
fn a_spawned_worktree_has_lease_branch_identity_and_files() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.write("code.txt", "x");
    let made = team.json(&format!("worktree spawn {} --no-agent", &issues[0][..8]));
    let path = made["path"].as_str().expect("a path");
    assert!(path.ends_with(&format!("team/trees/issue-{}-first", &issues[0][..8])), "{path}");
    let tree = world.team().moved(path);
    tree.jit("whoami").ok().says("agent:alice").says("(from this worktree)").says(&issues[0][..8]);
    tree.jit("worktree info")
        .ok()
        .says("Worktree Information:")
        .says("ID:         wt:")
        .says("secondary worktree")
        .says("team/.git");
    tree.git("status --porcelain").ok().says_nothing();
    team.git("status --porcelain").ok().never_says("trees");
    tree.edit(&issues[0], "Edited in the worktree");
    tree.git("commit -q -a -m Edit").ok();
    team.jit("worktree list").ok().says("agent:alice").says("issue-");
    assert_eq!(team.json(&format!("worktree spawn {} --no-agent", issues[0]))["changed"], false, "found again");
    world.linked("bob").jit(&format!("worktree spawn {} --no-agent", issues[0])).exits(4).says("agent:alice");
}

#[test]
fn an_issue_that_is_not_committed_comes_along() {
    let (world, _) = World::strict();
    let team = world.team();
    let id = team.create("Loose");
    let tree = spawn(&team, &id);
    assert!(tree.dir.join(Place::file(&id)).exists());
    tree.jit(&format!("issue update {id} --state in_progress")).ok();
}

#[test]
fn a_spawn_that_fails_leaves_nothing_behind() {
    let (world, issues) = World::strict();
    let team = world.team();
    let name = format!("issue-{}-first", &issues[0][..8]);
    let untouched = |what: &str| {
        assert_eq!(team.json("worktree list")["count"], 1, "{what}");
        assert_eq!(team.json("claim list")["count"], 0, "{what}");
        assert!(!team.dir.join("trees").join(&name).join(".git").exists(), "{what}");
    };
    team.git(&format!("branch {name}")).ok();
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).exits(1).says("already exists").says("git branch -d");
    untouched("a branch is in the way");
    team.git(&format!("branch -q -D {name}")).ok();
    team.write(&format!("trees/{name}/mine"), "keep me");
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).exits(1).says("already exists");
    assert_eq!(team.read(&format!("trees/{name}/mine")), "keep me");
    std::fs::remove_dir_all(team.dir.join("trees")).expect("removed");
    untouched("a folder is in the way");
    team.jit(&format!("worktree spawn {} --no-agent --base nowhere", issues[0])).exits(3).says("--base");
    untouched("no such base");
    let hook = world.path("team/.git/hooks/post-checkout");
    std::fs::write(&hook, "#!/bin/sh\nexit 1\n").expect("written");
    std::process::Command::new("chmod").args(["+x".as_ref(), hook.as_os_str()]).status().expect("run");
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).exits(7);
    untouched("a failing post-checkout hook");
    team.git(&format!("rev-parse --verify -q refs/heads/{name}")).exits(1);
    std::fs::remove_file(hook).expect("removed");
    spawn(&team, &issues[0]);
}

#[test]
fn each_risk_of_a_removal_has_its_own_word() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    let tree = spawn(&team, &issues[0]);
    let remove = |words: &str| team.jit(format!("worktree remove {} {words}", &issues[0][..8]).trim_end());
    tree.write("untracked", "x");
    remove("").exits(1).says("untracked").says("--discard-changes");
    tree.git("add -A").ok();
    remove("").exits(1).says("--discard-changes");
    tree.git("commit -q -m Work").ok();
    remove("").exits(1).says("has commits (1)").says("--keep-branch").says("--delete-unmerged");
    remove("--delete-branch").exits(1).says("--delete-unmerged");
    tree.jit("worktree remove .").exits(1).says("you are in");
    tree.jit(&format!("worktree remove {}", &issues[0][..8])).exits(1).says("you are in");
    team.agent("agent:bob").jit(&format!("worktree remove {} --keep-branch", &issues[0][..8])).exits(4).says("--end-lease");
    let path = tree.dir.display().to_string();
    team.git_args(&["worktree", "lock", &path]).ok();
    remove("--keep-branch").exits(1).says("is locked");
    team.git_args(&["worktree", "unlock", &path]).ok();
    remove("--keep-branch").ok().says("kept").says("Released lease");
    assert!(!tree.dir.exists());
    team.git(&format!("rev-parse --verify -q issue-{}-first", &issues[0][..8])).ok();
    team.jit("claim list").ok().says("No leases");
    team.jit("worktree remove team").exits(1).says("primary");
    team.jit("worktree remove 42").exits(3).says("git jit worktree list");
}

#[test]
fn merged_and_pushed_work_is_no_risk_and_the_branch_goes_with_it() {
    let (world, issues) = World::strict();
    let team = world.team();
    let tree = spawn(&team, &issues[0]);
    tree.edit(&issues[0], "Done");
    tree.git("commit -q -a -m Done").ok();
    tree.git("push -q origin HEAD").ok();
    team.jit(&format!("worktree remove {} --delete-branch", &issues[0][..8])).ok().says("deleted");
    let other = spawn(&team, &issues[1]);
    team.git("checkout -q -b elsewhere").ok();
    assert!(other.dir.exists());
    team.jit(&format!("worktree remove {}", &issues[1])).ok().says("kept");
}

#[test]
fn a_number_never_matches_a_longer_one() {
    let (world, _) = World::strict();
    let team = world.team();
    let numbered = |number: &str| {
        let id = team.create("Numbered");
        let file = Place::file(&id);
        let text = team.read(&file).replace("\"context\": {}", &format!("\"context\": {{\n    \"github\": \"{number}\"\n  }}"));
        team.write(&file, text);
        spawn(&team, &id)
    };
    let long = numbered("421");
    assert!(long.dir.ends_with("issue-421-numbered"));
    team.jit("worktree remove 42").exits(3);
    let short = numbered("42");
    team.jit("worktree remove 42 --discard-changes").ok();
    assert!(long.dir.exists() && !short.dir.exists());
}

#[test]
fn a_submodule_has_a_primary_worktree_of_its_own() {
    let world = World::empty();
    world.place("").git("init -q -b main lib").ok();
    world.place("lib").git("commit -q --allow-empty -m Root").ok();
    world.place("").git("init -q -b main super").ok();
    let lib = world.path("lib").display().to_string();
    world.place("super").git_args(&["-c", "protocol.file.allow=always", "submodule", "add", "-q", &lib, "sub"]).ok();
    let sub = world.place("super/sub");
    sub.jit("init").ok();
    let id = sub.create("In the submodule");
    let tree = spawn(&sub, &id);
    assert!(tree.dir.starts_with(world.path("super/sub/trees")));
    tree.jit("worktree info").ok().says("secondary worktree").says("modules/sub");
    let loose = sub.create("Seen from both");
    assert_eq!(tree.json(&format!("issue show {loose}"))["issues"][0]["source"], "primary");
    assert_eq!(tree.json("worktree list")["count"], 2);
    tree.jit("hooks install").ok().says("modules/sub/hooks/pre-commit");
}

#[test]
fn a_name_that_fits_two_worktrees_is_no_guess_and_a_path_is_one() {
    let (world, _) = World::strict();
    let team = world.team();
    for (n, dir) in ["one", "two"].iter().enumerate() {
        team.git(&format!("worktree add -q ../{dir}/same -b b{n}")).ok();
    }
    team.jit("worktree remove same").exits(2).says("matches 2 worktrees").says("two/same");
    team.jit("worktree remove ../two/same").ok();
    assert!(world.path("one/same").exists() && !world.path("two/same").exists());
    team.jit("worktree remove same").ok();
}

#[test]
fn a_worktree_that_moved_or_is_missing_is_not_removed_without_its_word() {
    let (world, issues) = World::strict();
    let team = world.team();
    let tree = spawn(&team, &issues[0]);
    let number = &issues[0][..8];
    let moved = world.path("moved");
    std::fs::rename(&tree.dir, &moved).expect("moved");
    let there = tree.moved(&moved.display().to_string());
    team.jit(&format!("worktree remove {number}")).exits(1).says("does not exist").says("git worktree repair");
    there.write("precious", "x");
    there.jit(&format!("claim acquire {}", issues[0])).ok();
    team.jit(&format!("worktree remove {number} --discard-changes")).exits(1).says("has moved to");
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).exits(1).says("does not exist");
    std::fs::remove_dir_all(&moved).expect("removed");
    team.jit(&format!("worktree remove {number}")).exits(1).says("--discard-changes");
    team.jit(&format!("worktree remove {number} --discard-changes --delete-branch")).ok().says("Released lease");
}

#[test]
fn an_issue_keeps_its_worktree_when_its_title_changes() {
    let (world, issues) = World::strict();
    let team = world.team();
    let tree = spawn(&team, &issues[0]);
    tree.jit(&format!("issue update {} --title Renamed", issues[0])).ok();
    tree.git("commit -q -a -m Title").ok();
    team.git(&format!("merge -q {}", tree.git("branch --show-current").ok().line())).ok();
    let again = team.json(&format!("worktree spawn {} --no-agent", issues[0]));
    assert_eq!((&again["changed"], again["path"].as_str()), (&false.into(), tree.dir.to_str()));
}

#[test]
fn a_branch_that_another_worktree_has_too_is_not_deleted_half_way() {
    let (world, issues) = World::strict();
    let team = world.team();
    let tree = spawn(&team, &issues[0]);
    team.git(&format!("worktree add -q -f ../second issue-{}-first", &issues[0][..8])).ok();
    team.jit(&format!("worktree remove {} -D", &issues[0][..8])).exits(1).says("is also checked out in");
    assert!(tree.dir.exists());
    team.jit(&format!("worktree remove {}", &issues[0][..8])).ok().says("Released lease");
}
