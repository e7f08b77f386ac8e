//! Numbers on GitHub: answers and failures of `gh`, and no partial results.

use super::stand_ins::StandIns;
use crate::support::{Place, World};

fn stage() -> (World, StandIns, Place) {
    let world = World::new();
    let team = world.team().agent("agent:alice");
    team.git("add -A").ok();
    team.git("commit -q -m Begin").ok();
    let stand_ins = StandIns::new(&world);
    let team = stand_ins.at(&team);
    (world, stand_ins, team)
}

fn is_untouched(team: &Place) {
    assert_eq!(team.json("worktree list")["count"], 1);
    assert_eq!(team.json("claim list")["count"], 0);
    assert_eq!(team.json("issue list")["count"], 0);
    team.git("status --porcelain").ok().says_nothing();
    assert!(!team.dir.join("trees").exists());
    assert_eq!(team.git("branch --format=%(refname:short)").ok().line(), "main");
}

#[test]
fn an_issue_is_made_for_a_number_once() {
    let (_world, stand_ins, team) = stage();
    stand_ins.issue(42, "Fix login", "OPEN");
    let made = team.json("wt spawn 42 --no-agent");
    let id = made["issue_id"].as_str().expect("an id").to_owned();
    let tree = team.moved(made["path"].as_str().expect("a path"));
    let issue = &tree.json(&format!("issue show {id}"))["issues"][0];
    assert_eq!((&issue["title"], &issue["context"]["github"]), (&"Fix login".into(), &"42".into()));
    assert_eq!(issue["description"], "As told\nthere");
    team.git("status --porcelain").ok().says_nothing();
    for words in ["wt spawn 42 --no-agent", "wt spawn #42 --no-agent", &format!("wt spawn {} --no-agent", &id[..8])] {
        assert_eq!(team.json(words)["lease_id"], made["lease_id"], "{words}");
    }
    assert_eq!(stand_ins.log("gh").lines().count(), 1, "asked once");
    // Once it is merged, everyone finds it by its number.
    tree.git("add -A").ok();
    tree.git("commit -q -m Work").ok();
    team.git("merge -q issue-42-fix-login").ok();
    team.jit("wt remove 42 -D").ok();
    assert_eq!(team.json("wt spawn 42 --no-agent")["issue_id"], id);
    assert_eq!(stand_ins.log("gh").lines().count(), 1);
}

#[test]
fn everybody_makes_the_same_issue_of_a_number() {
    let (world, stand_ins, team) = stage();
    stand_ins.issue(42, "Fix login", "OPEN");
    team.git("remote add origin https://github.com/Your-Org/my-project.git").ok();
    let here = team.json("wt spawn 42 --no-agent")["issue_id"].clone();
    world.place("").git("clone -q team other").ok();
    let other = stand_ins.at(&world.place("other").agent("agent:bob"));
    let resumed = other.json_and_warning("wt spawn 42 --no-agent", "origin has a branch");
    assert_eq!(resumed["issue_id"], here, "by the page that GitHub names");
    other.jit("wt remove 42 -D --discard-changes").ok();
    other.git("remote set-url origin git@github.com:your-org/my-project.git").ok();
    let offline = other.json_and_warning("wt spawn 42 --no-agent --title Whatever", "origin has a branch");
    assert_eq!(offline["issue_id"], here, "by the remote, offline");
    assert_ne!(team.json("wt spawn 421 --no-agent --title Other")["issue_id"], here);
}

#[test]
fn what_goes_wrong_is_told_apart_and_leaves_nothing() {
    let (_world, stand_ins, team) = stage();
    for (number, complaint, gh_status, status, code, retryable) in [
        (
            1,
            "GraphQL: Could not resolve to an issue or pull request with the number of 1. (repository.issue)",
            1,
            3,
            "github_issue_not_found",
            false,
        ),
        (2, "error connecting to api.github.com\ncheck your internet connection", 1, 7, "github_offline", true),
        (3, "GraphQL: API rate limit exceeded for user ID 1.", 1, 8, "github_rate_limit", true),
        (4, "To get started with GitHub CLI, please run:  gh auth login", 4, 1, "gh_not_logged_in", false),
        (
            5,
            "none of the git remotes configured for this repository point to a known GitHub host.",
            1,
            3,
            "github_no_remote",
            false,
        ),
        (6, "", 9, 7, "gh_failed", false),
    ] {
        stand_ins.failure(number, complaint, gh_status);
        let failed = team.jit(&format!("wt spawn {number} --no-agent --json")).exits(status).document();
        assert_eq!((&failed["error"]["code"], &failed["error"]["retryable"]), (&code.into(), &retryable.into()));
        assert!(!failed["error"]["suggestions"].as_array().expect("a list").is_empty());
        is_untouched(&team);
    }
    stand_ins.answer(7, "<html>not JSON</html>");
    team.jit("wt spawn 7 --no-agent").exits(6).says("cannot parse gh's output");
    stand_ins.answer(8, r#"{"number":8,"title":"A change","state":"OPEN","body":"","url":"https://github.com/o/r/pull/8"}"#);
    team.jit("wt spawn 8 --no-agent").exits(2).says("pull request");
    is_untouched(&team);
    stand_ins.without("gh");
    team.jit("wt spawn 9 --no-agent").exits(3).says("--title").says("cli.github.com");
    is_untouched(&team);
    team.jit_args(&["wt", "spawn", "9", "--no-agent", "--title", "By hand"]).ok().says("issue-9-by-hand");
}

#[test]
fn a_closed_one_is_told_of_and_digits_of_an_id_are_explained() {
    let (_world, stand_ins, team) = stage();
    stand_ins.issue(42, "Old", "CLOSED");
    team.jit("wt spawn 42 --no-agent").warns("closed on GitHub");
    let begins_with_digits = |id: &String| id[..4].bytes().all(|b| b.is_ascii_digit()) && !id.starts_with('0');
    let id = (0..1000).map(|n| team.create(&format!("Issue {n}"))).find(begins_with_digits).expect("one in seven begins so");
    team.jit(&format!("wt spawn {} --no-agent", &id[..4])).exits(3).says(&id[..8]);
    team.jit(&format!("wt spawn {} --no-agent", &id[..9])).ok();
}

#[test]
fn a_hostile_title_names_a_harmless_folder_and_runs_nothing() {
    let (world, stand_ins, team) = stage();
    let long = "x".repeat(300);
    for (number, title, name) in [
        (1, "$(touch pwned) `touch pwned`; touch pwned & | > pwned", "issue-1-touch-pwned-touch-pwned-touch-pwned"),
        (2, "../../../../etc/passwd", "issue-2-etc-passwd"),
        (3, "🎉🎉🎉", "issue-3"),
        (4, &long, &format!("issue-4-{}", "x".repeat(40))),
        (5, "--upload-pack=x -b main", "issue-5-upload-pack-x-b-main"),
        (6, "line\nbreak\u{7}\u{202e}\r\n", "issue-6-line-break"),
        (7, "'; DROP TABLE issues; --", "issue-7-drop-table-issues"),
        (8, "", "issue-8-github-issue-8"),
        (9, ".lock", "issue-9-lock"),
        (10, "HEAD", "issue-10-head"),
    ] {
        stand_ins.issue(number, title, "OPEN");
        let made = team.jit(&format!("wt spawn {number} --json")).ok().document();
        let path = world.path("team/trees").join(name);
        assert_eq!(made["path"].as_str(), path.to_str(), "{title}");
        assert_eq!(made["branch"], name);
    }
    assert!(!team.dir.join("pwned").exists() && !world.path("pwned").exists());
    let list = team.jit("wt list").ok();
    assert!(!list.stdout.contains(['\u{7}', '\u{202e}']), "{}", list.stdout);
    assert_eq!(list.stdout.lines().count(), 12);
    assert_eq!(team.json("doctor")["healthy"], true);
}

#[test]
fn a_purge_asks_first_and_does_nothing_where_nobody_answers() {
    let (_world, stand_ins, team) = stage();
    stand_ins.issue(42, "One", "OPEN");
    stand_ins.issue(43, "Two", "OPEN");
    for number in [42, 43] {
        let tree = team.moved(team.json(&format!("wt spawn {number} --no-agent"))["path"].as_str().expect("a path"));
        tree.git("add -A").ok();
        tree.git("commit -q -m Work").ok();
        team.git(&format!("merge -q --no-ff -m Merge {}", tree.git("branch --show-current").ok().line())).ok();
        tree.jit("claim release").status();
        team.jit(&format!(
            "claim force-evict {} --reason over",
            tree.json("claim list")["leases"][0]["lease_id"].as_str().unwrap_or("x")
        ))
        .status();
    }
    assert_eq!(team.json("claim list")["count"], 0);
    stand_ins.issue(42, "One", "CLOSED");
    stand_ins.answer(43, "");
    std::fs::remove_file(team.dir.join("../stand-ins/gh/43.json")).expect("removed");
    stand_ins.failure(43, "error connecting to api.github.com", 1);
    team.jit("wt purge").exits(7).says("--offline");
    assert_eq!(team.json("wt list")["count"], 3, "nothing half done");
    team.jit("wt purge --offline").ok().says("Nothing to do");
    stand_ins.issue(43, "Two", "OPEN");
    let purged = team.json("wt purge -D");
    assert_eq!((&purged["count"], &purged["worktrees"][0]["removed"]), (&1.into(), &true.into()));
    assert_eq!(team.git("branch --list issue-*").ok().line().trim(), "+ issue-43-two");
}

#[test]
fn a_worktree_that_somebody_else_made_gets_the_issue_too() {
    let (_world, stand_ins, team) = stage();
    stand_ins.issue(42, "Fix login", "OPEN");
    team.git("worktree add -q -b issue-42-a trees/issue-42-a").ok();
    let found = team.json("wt spawn 42 --no-agent");
    let id = found["issue_id"].as_str().expect("an id").to_owned();
    let tree = team.sub("trees/issue-42-a");
    assert_eq!((&found["changed"], found["path"].as_str()), (&false.into(), tree.dir.to_str()));
    assert_eq!(stand_ins.log("gh").lines().count(), 1, "asked");
    assert_eq!(tree.json(&format!("issue show {id}"))["issues"][0]["title"], "Fix login");
    assert_eq!(team.json("wt list")["worktrees"][1]["title"], "Fix login");
    team.jit(&format!("wt spawn {} --no-agent", &id[..8])).ok().says("Found worktree");
    assert_eq!(team.json("wt spawn 42 --no-agent")["issue_id"], id);
    assert_eq!(stand_ins.log("gh").lines().count(), 1, "asked once");
    team.git("worktree add -q -b issue-44-a trees/issue-44-a").ok();
    team.git("worktree add -q -b issue-44-b trees/issue-44-b").ok();
    stand_ins.issue(44, "Twice", "OPEN");
    team.jit("wt spawn 44 --no-agent").exits(2).says("2 worktrees").says("issue-44-a").says("issue-44-b");
    assert_eq!(team.json("claim list")["count"], 1);
}
