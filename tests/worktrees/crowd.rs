//! Many spawns at once, and spawns that are killed at any moment: all or nothing.

use std::collections::BTreeSet;
use std::process::Stdio;
use std::time::Duration;

use super::stand_ins::StandIns;
use crate::support::waiting::{until, until_idle};
use crate::support::{Dice, Place, World};

/// A repository with this number of issues, and with files that take a moment to write.
fn repository(issues: usize) -> (World, Place, Vec<String>) {
    let world = World::new();
    let team = world.team().agent("agent:crowd");
    for n in 0..150 {
        team.write(&format!("src/{}/file-{n}.txt", n % 7), "x".repeat(2000));
    }
    let issues: Vec<String> = (0..issues).map(|n| team.create(&format!("Issue {n}"))).collect();
    team.git("add -A").ok();
    team.git("commit -q -m Begin").ok();
    (world, team, issues)
}

/// Worktrees, branches and leases are for the same issues, and there are no others.
fn is_consistent(team: &Place, expected: &BTreeSet<String>) {
    let list = team.json("worktree list");
    let trees = list["worktrees"].as_array().expect("a list").iter().filter(|tree| tree["primary"] == false);
    let mut issues = BTreeSet::new();
    for tree in trees {
        let issue = tree["issue_id"].as_str().expect("made for an issue");
        assert_eq!(tree["leases"][0]["issue_id"], issue, "{tree}");
        let place = team.moved(tree["root"].as_str().expect("a path"));
        place.git("status --porcelain").ok().says_nothing();
        assert_eq!(place.git("branch --show-current").ok().line(), tree["name"].as_str().expect("a name"));
        issues.insert(issue.to_owned());
    }
    assert_eq!(&issues, expected);
    let leases = team.json("claim list");
    assert_eq!(leases["count"].as_u64(), Some(expected.len() as u64), "{leases}");
    let branches = team.git("branch --list issue-* --format=%(refname:short)").ok();
    assert_eq!(branches.stdout.lines().count(), expected.len(), "{}", branches.stdout);
    let admin = std::fs::read_dir(team.dir.join(".git/worktrees")).map_or(0, Iterator::count);
    assert_eq!(admin, expected.len(), "folders in .git/worktrees");
    let folders = std::fs::read_dir(team.dir.join("trees")).map_or(0, Iterator::count);
    assert_eq!(folders, expected.len(), "folders in trees");
    assert_eq!(std::fs::read_dir(team.dir.join(".git/jit/spawns")).map_or(0, Iterator::count), 0);
    let health = team.json("doctor");
    assert_eq!(health["healthy"], true, "{health}");
}

#[test]
fn sixteen_at_once_are_sixteen() {
    let (_world, team, issues) = repository(16);
    let all: Vec<_> = issues.iter().map(|issue| team.start(&["worktree", "spawn", issue, "--no-agent"], Stdio::null())).collect();
    for mut child in all {
        assert!(child.wait().expect("it ends").success());
    }
    is_consistent(&team, &issues.into_iter().collect());
}

#[test]
fn sixteen_at_once_for_one_issue_are_one() {
    let (_world, team, issues) = repository(1);
    let agents: Vec<Place> = (0..16).map(|n| team.agent(&format!("agent:a{n}"))).collect();
    let all: Vec<_> =
        agents.iter().map(|agent| agent.start(&["worktree", "spawn", &issues[0], "--no-agent"], Stdio::null())).collect();
    let won = all.into_iter().map(|mut child| child.wait().expect("it ends").success()).filter(|success| *success).count();
    assert_eq!(won, 1);
    is_consistent(&team, &issues.into_iter().collect());
}

#[test]
fn who_spawns_what_is_being_made_is_told_to_try_again() {
    for _ in 0..3 {
        let (_world, team, issues) = repository(1);
        let words = format!("worktree spawn {} --no-agent --json", issues[0]);
        let outcomes: Vec<_> = std::thread::scope(|scope| {
            let all: Vec<_> = (0..8).map(|_| scope.spawn(|| team.jit(&words))).collect();
            all.into_iter().map(|one| one.join().expect("it ends")).collect()
        });
        for outcome in &outcomes {
            if outcome.status() != 0 {
                let error = outcome.document()["error"].clone();
                assert_eq!((outcome.status(), &error["retryable"]), (8, &true.into()), "{error}");
                let message = error["message"].as_str().expect("text").to_owned();
                assert!(message.contains("is being created by") || message.contains("has just been created"), "{message}");
            }
        }
        assert!(outcomes.iter().any(|outcome| outcome.status() == 0));
        is_consistent(&team, &issues.into_iter().collect());
        team.jit(&words).ok();
    }
}

#[test]
fn one_in_four_is_killed_and_the_next_command_puts_that_right() {
    let (_world, team, issues) = repository(17);
    let mut dice = Dice::new(0x5eed);
    for _round in 0..4 {
        let all: Vec<_> =
            issues[..16].iter().map(|issue| team.start(&["worktree", "spawn", issue, "--no-agent"], Stdio::null())).collect();
        let mut children: Vec<_> = all.into_iter().enumerate().collect();
        for (_, child) in children.iter_mut().step_by(4) {
            std::thread::sleep(Duration::from_millis(dice.roll(25)));
            child.kill().expect("it can be killed");
        }
        let mut whole: BTreeSet<String> = BTreeSet::new();
        for (n, child) in &mut children {
            let status = child.wait().expect("it ends");
            // A killed spawn may have been complete.
            let is_there = || team.json("worktree list").to_string().contains(&issues[*n]);
            assert!(status.success() || *n % 4 == 0, "{n}: {status}");
            if status.success() || is_there() {
                whole.insert(issues[*n].clone());
            }
        }
        // A Git process does not die with its killed parent.
        until_idle(&team.dir);
        team.jit(&format!("worktree spawn {} --no-agent", issues[16])).ok();
        let left: BTreeSet<String> = team.json("worktree list")["worktrees"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(|tree| tree["issue_id"].as_str().map(str::to_owned))
            .collect();
        assert!(
            issues[..16].iter().enumerate().all(|(n, issue)| n % 4 == 0 || left.contains(issue)),
            "one that was not killed is gone"
        );
        is_consistent(&team, &left);
        for issue in left {
            team.jit(&format!("worktree remove {issue} -D")).ok();
        }
    }
}

/// The path of Git itself.
pub(super) fn real_git() -> String {
    let said = std::process::Command::new("sh").args(["-c", "command -v git"]).output().expect("run").stdout;
    String::from_utf8(said).expect("text").trim().to_owned()
}

/// A Git that stops at one of its commands until the test continues it.
fn slow_git(stand_ins: &StandIns, at: &str) {
    let real = real_git();
    let script = format!(
        "#!/bin/sh\ncase \"$*\" in *\"{at}\"*) : > \"$STAND_INS/stopped\"; n=0; while [ ! -e \"$STAND_INS/go\" ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done;; esac\nexec {real} \"$@\"\n"
    );
    stand_ins.program("git", &script);
}

#[test]
fn what_is_killed_while_git_is_at_work_is_undone_when_git_has_ended() {
    for at in ["worktree add", "read-tree"] {
        let (world, team, issues) = repository(2);
        let stand_ins = StandIns::new(&world);
        slow_git(&stand_ins, at);
        let slow = stand_ins.at(&team);
        let mut child = slow.start(&["worktree", "spawn", &issues[0], "--no-agent"], Stdio::null());
        until("Git has stopped", || world.path("stand-ins/stopped").exists());
        child.kill().expect("it can be killed");
        child.wait().expect("it ends");
        // Git is still running: nothing is undone meanwhile, and no command reports success.
        assert_eq!(team.json("claim list")["count"], 1);
        team.jit(&format!("claim acquire {}", issues[1])).ok();
        assert_eq!(team.json("claim list")["count"], 2, "{at}: not undone while Git is at work");
        world.place("stand-ins").write("go", "");
        until_idle(&team.dir);
        let notes = team.json("doctor").to_string();
        assert!(notes.contains("was interrupted"), "{at}: {notes}");
        team.jit(&format!("claim release {}", issues[1])).ok();
        team.jit("worktree prune").ok().says("has been undone");
        is_consistent(&team, &BTreeSet::new());
        team.jit(&format!("worktree spawn {} --no-agent", issues[0])).ok();
        is_consistent(&team, &[issues[0].clone()].into());
    }
}

#[test]
fn somebodys_work_in_what_was_left_half_made_is_not_undone() {
    let (world, team, issues) = repository(1);
    let stand_ins = StandIns::new(&world);
    slow_git(&stand_ins, "read-tree");
    let mut child = stand_ins.at(&team).start(&["worktree", "spawn", &issues[0], "--no-agent"], Stdio::null());
    until("Git has stopped", || world.path("stand-ins/stopped").exists());
    child.kill().expect("it can be killed");
    child.wait().expect("it ends");
    world.place("stand-ins").write("go", "");
    until_idle(&team.dir);
    let tree = team.sub(&format!("trees/issue-{}-issue-0", &issues[0][..8]));
    tree.write("mine.txt", "work");
    team.jit("worktree prune").ok().says("so it is kept").says("mine.txt");
    assert_eq!(tree.read("mine.txt"), "work");
    assert_eq!(team.json("claim list")["count"], 0, "nobody has it");
    assert_eq!(team.json("doctor")["healthy"], true);
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).ok().says("Found worktree");
}

#[test]
fn an_interrupted_spawn_takes_back_what_it_made_at_once() {
    let (world, team, issues) = repository(1);
    let stand_ins = StandIns::new(&world);
    slow_git(&stand_ins, "read-tree");
    let mut child = stand_ins.at(&team).start(&["worktree", "spawn", &issues[0], "--no-agent"], Stdio::null());
    until("Git has stopped", || world.path("stand-ins/stopped").exists());
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().expect("run");
    world.place("stand-ins").write("go", "");
    assert_eq!(child.wait().expect("it ends").code(), Some(8));
    is_consistent(&team, &BTreeSet::new());
}
