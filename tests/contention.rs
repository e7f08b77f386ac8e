//! Many processes at once: one winner, nothing lost.

use std::process::{Child, Stdio};

use crate::support::{Place, World};

/// Starts `git-jit` in a place without waiting for it.
fn start(place: &Place, args: &[&str]) -> Child {
    place.start(args, Stdio::null())
}

/// The statuses of all, in the order they were started.
fn statuses(children: Vec<Child>) -> Vec<i32> {
    children.into_iter().map(|mut child| child.wait().expect("ended").code().unwrap_or(-1)).collect()
}

#[test]
fn sixty_four_agents_by_nine_spellings_from_four_worktrees_and_one_has_it() {
    let world = World::new();
    let team = world.team();
    let id = team.create("Wanted");
    team.git("add -A").ok();
    team.git("commit -q -m Issue").ok();
    let places = [team.clone(), world.linked("a"), world.linked("b"), world.linked("c")];
    let spellings = [36, 4, 5, 6, 7, 8, 13, 18, 30].map(|digits| &id[..digits]);
    let children = (0..64).map(|n| {
        let agent = format!("agent:{n}");
        start(&places[n % 4], &["claim", "acquire", spellings[n % spellings.len()], "--agent-id", &agent])
    });
    let statuses = statuses(children.collect());
    let count = |status| statuses.iter().filter(|it| **it == status).count();
    assert_eq!((count(0), count(4)), (1, 63), "{statuses:?}");
    assert_eq!(team.json("claim list")["count"], 1);
}

#[test]
fn sixty_four_agents_and_sixty_four_issues_all_succeed() {
    let world = World::new();
    let team = world.team();
    let ids: Vec<String> = (0..64).map(|n| team.create(&format!("Issue {n}"))).collect();
    let children =
        ids.iter().enumerate().map(|(n, id)| start(&team, &["claim", "acquire", id, "--agent-id", &format!("agent:{n}")]));
    let statuses = statuses(children.collect());
    assert!(statuses.iter().all(|status| *status == 0), "{statuses:?}");
    assert_eq!(team.json("claim list")["count"], 64);
}

#[test]
fn sixteen_labels_at_once_are_sixteen_labels() {
    let world = World::new();
    let team = world.team();
    let id = team.create("Labelled");
    let children = (0..16).map(|n| start(&team, &["issue", "update", &id, "--label", &format!("n:{n}")]));
    assert!(statuses(children.collect()).iter().all(|status| *status == 0));
    let labels = team.json(&format!("issue show {id}"))["issues"][0]["labels"].clone();
    assert_eq!(labels.as_array().map(Vec::len), Some(16), "{labels}");
}

#[test]
fn thirty_two_creates_make_thirty_two_files_and_one_identity() {
    let world = World::empty();
    world.place("").git("init -q -b main team").ok();
    let team = world.team();
    let children = (0..32).map(|n| start(&team, &["issue", "create", &format!("Issue {n}")]));
    assert!(statuses(children.collect()).iter().all(|status| *status == 0));
    assert_eq!(team.json("issue list")["count"], 32);
    let children = (0..8).map(|_| start(&team, &["init"]));
    assert!(statuses(children.collect()).iter().all(|status| *status == 0));
    let id = |_| team.json("init")["worktree_id"].clone();
    assert_eq!(id(0), id(1));
}

#[test]
fn eight_spawns_at_once_give_eight_worktrees() {
    let (world, _) = World::strict();
    let team = world.team();
    let ids: Vec<String> = (0..8).map(|n| team.create(&format!("Spawned {n}"))).collect();
    let children = ids
        .iter()
        .enumerate()
        .map(|(n, id)| start(&team, &["worktree", "spawn", id, "--no-agent", "--agent-id", &format!("agent:{n}")]));
    let statuses = statuses(children.collect());
    assert!(statuses.iter().all(|status| *status == 0), "{statuses:?}");
    assert_eq!(team.json("worktree list")["count"], 9);
    assert_eq!(team.json("claim list")["count"], 8);
}
