//! Nothing is lost without its flag, and no other flag accepts a risk.

use crate::support::{Place, World};

/// Every flag that accepts a risk.
const WORDS: [&str; 12] = [
    "--discard-changes",
    "--discard-untracked",
    "--discard-ignored",
    "--discard-submodules",
    "--delete-unmerged",
    "--leave-stashes",
    "--end-lease",
    "--stop-agent",
    "--unlock",
    "--leave",
    "--delete-default-branch",
    "--remove-primary",
];

/// A worktree with one thing that would be lost.
struct Risk {
    code: &'static str,
    word: &'static str,
    /// A flag that accepts this risk among others.
    also: Option<&'static str>,
    status: i32,
    /// Whether its branch is deleted too.
    with_branch: bool,
    prepare: fn(&World, &Place),
}

fn simple(code: &'static str, word: &'static str, prepare: fn(&World, &Place)) -> Risk {
    Risk { code, word, also: None, status: 1, with_branch: false, prepare }
}

fn commit(tree: &Place) {
    tree.write("work.txt", "work");
    tree.git("add work.txt").ok();
    tree.git("commit -q -m Work").ok();
}

fn risks() -> Vec<Risk> {
    of_files().into_iter().chain(of_others()).collect()
}

fn of_files() -> Vec<Risk> {
    vec![
        simple("uncommitted_changes", "--discard-changes", |_, tree| tree.write("code.txt", "changed")),
        simple("uncommitted_changes", "--discard-changes", |_, tree| {
            tree.write("staged.txt", "x");
            tree.git("add staged.txt").ok();
        }),
        Risk {
            also: Some("--discard-changes"),
            ..simple("untracked_files", "--discard-untracked", |_, tree| tree.write("new/untracked.txt", "x"))
        },
        simple("listed_files", "--discard-ignored", |_, tree| tree.write(".env", "SECRET=changed here")),
        simple("unmerged_commits", "--delete-unmerged", |_, tree| commit(tree)),
        simple("unmerged_commits", "--delete-unmerged", |_, tree| {
            tree.git("checkout -q --detach").ok();
            commit(tree);
        }),
        Risk { with_branch: true, ..simple("unmerged_commits", "--delete-unmerged", |_, tree| commit(tree)) },
        simple("stashes", "--leave-stashes", |_, tree| {
            tree.write("code.txt", "for later");
            tree.git("stash -q").ok();
        }),
        simple("stashes", "--leave-stashes", |_, tree| {
            tree.git("checkout -q --detach").ok();
            tree.write("code.txt", "for later");
            tree.git("stash push -q -m later").ok();
        }),
    ]
}

fn of_others() -> Vec<Risk> {
    vec![
        Risk {
            status: 4,
            ..simple("held_by_other", "--end-lease", |_, tree| {
                let lease = tree.json("claim list")["leases"][0]["lease_id"].as_str().expect("one").to_owned();
                tree.agent("agent:alice").jit(&format!("claim release {lease}")).ok();
                let issue = tree.create("Another");
                tree.agent("agent:mallory").acquire(&issue);
                std::fs::remove_file(tree.dir.join(Place::file(&issue))).expect("removed");
            })
        },
        simple("worktree_locked", "--unlock", |_, tree| drop(tree.git("worktree lock .").ok())),
        Risk {
            with_branch: true,
            ..simple("default_branch", "--delete-default-branch", |world, tree| {
                world.team().git("checkout -q -b elsewhere").ok();
                tree.git("checkout -q main").ok();
            })
        },
        simple("submodules", "--discard-submodules", |world, tree| {
            let lib = world.path("lib").display().to_string();
            world.place("").git("init -q -b main lib").ok();
            world.place("lib").git("commit -q --allow-empty -m Root").ok();
            tree.git_args(&["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", &lib, "sub"]).ok();
            tree.git("commit -q -m Submodule").ok();
            tree.git("push -q origin HEAD").ok();
        }),
    ]
}

fn spawned() -> (World, Place, Place, String) {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.write("code.txt", "code");
    team.write(".gitignore", ".env\n");
    team.write(".worktreeinclude", ".env\n");
    team.git("add -A").ok();
    team.git("commit -q -m Code").ok();
    team.git("push -q").ok();
    team.write(".env", "SECRET=1");
    let path = team.json(&format!("worktree spawn {} --no-agent", issues[0]))["path"].as_str().expect("a path").to_owned();
    let tree = team.moved(&path);
    (world, team, tree, path)
}

#[test]
fn each_risk_wants_its_own_word_and_no_other_one_takes_it() {
    for risk in risks() {
        let (world, team, tree, path) = spawned();
        (risk.prepare)(&world, &tree);
        let remove = |words: &[&str]| {
            let branch: &[&str] = if risk.with_branch { &["-D"] } else { &[] };
            let words: Vec<&str> =
                words.iter().copied().filter(|word| risk.with_branch || *word != "--delete-default-branch").collect();
            team.jit_args(&[&["worktree", "remove", path.as_str(), "--json"], branch, &words[..]].concat())
        };
        let refused = remove(&[]).exits(risk.status).document();
        assert_eq!(refused["error"]["code"], risk.code, "{refused}");
        let hints = refused["error"]["suggestions"].to_string();
        assert!(hints.contains(risk.word), "{hints}");
        let others: Vec<&str> = WORDS.into_iter().filter(|word| *word != risk.word && Some(*word) != risk.also).collect();
        let still = remove(&others).exits(risk.status).document();
        assert_eq!(still["error"]["code"], risk.code, "{} is taken by another word", risk.word);
        assert!(tree.dir.exists() && tree.dir.join("code.txt").exists());
        if let Some(also) = risk.also {
            assert!(WORDS.contains(&also));
        }
        remove(&[risk.word]).ok();
        assert!(!tree.dir.exists(), "{}", risk.word);
    }
}

#[test]
fn several_risks_are_told_at_once() {
    let (_world, team, tree, path) = spawned();
    tree.write("code.txt", "changed");
    commit(&tree);
    let refused = team.jit(&format!("worktree remove {} --json", path.rsplit('/').next().expect("a name"))).exits(1).document();
    assert_eq!(refused["error"]["code"], "several_risks");
    let hints = refused["error"]["suggestions"].to_string();
    assert!(hints.contains("--discard-changes") && hints.contains("--keep-branch"), "{hints}");
    assert!(refused["error"]["message"].as_str().expect("text").contains("code.txt"));
}

#[test]
fn one_can_leave_what_one_stands_in_and_is_told_where_to_go() {
    let (world, team, tree, path) = spawned();
    let below = tree.sub("deep/er");
    below.jit_args(&["worktree", "remove", &path]).exits(1).says("you are in").says("--leave");
    below.jit("worktree remove . --leave").exits(3);
    let led = world.path("led");
    std::fs::write(&led, "").expect("made");
    let below = below.with("GIT_JIT_CD_FILE", led.to_str().expect("text"));
    below.jit_args(&["worktree", "remove", &path, "--leave"]).ok().says("now go to");
    assert_eq!(std::fs::read_to_string(&led).expect("written"), team.dir.display().to_string());
    assert!(!tree.dir.exists());
}

#[test]
fn the_primary_worktree_stays_unless_it_can_go_and_is_named() {
    let (world, team, _, _) = spawned();
    for words in ["main", "team", "main --remove-primary --discard-changes --leave"] {
        team.jit(&format!("worktree remove {words}")).exits(1).says("primary");
    }
    world.place("").jit("wt clone team bare.git").ok();
    let bare = world.place("bare.git");
    bare.jit("wt remove main").exits(1).says("--remove-primary");
    bare.jit("wt remove main --remove-primary").ok();
    assert!(!bare.dir.join("trees/main").exists());
    bare.git("rev-parse -q --verify main").ok();
    bare.jit("wt init").ok();
    assert!(bare.dir.join("trees/main/code.txt").exists());
}

/// A repository whose default branch has another name, with one commit.
fn trunk(world: &World, name: &str) -> Place {
    world.place("").git(&format!("init -q -b trunk {name}")).ok();
    let place = world.place(name).agent("agent:alice");
    place.git("commit -q --allow-empty -m Root").ok();
    place
}

#[test]
fn a_default_branch_of_another_name_is_not_deleted_without_its_word() {
    let world = World::empty();
    trunk(&world, "project");
    let root = world.place("").agent("agent:alice");
    root.git("clone -q project usual").ok();
    root.jit("wt clone project bare.git").ok();
    root.git("clone -q --bare project plain.git").ok();
    let usual = world.place("usual").agent("agent:alice");
    usual.git("checkout -q -b elsewhere").ok();
    usual.git("worktree add -q ../second trunk").ok();
    root.sub("plain.git").jit("wt init").ok();
    for (place, worktree) in [(usual, "../second"), (root.sub("bare.git"), "main"), (root.sub("plain.git"), "main")] {
        let words = format!("wt remove {worktree} -D --remove-primary --leave");
        place.jit(&words).exits(1).says("'trunk' is the default branch");
        place.git("rev-parse -q --verify refs/heads/trunk").ok();
        place.jit(&format!("{words} --delete-default-branch")).ok().says("deleted");
    }
}

#[test]
fn a_repository_without_a_remote_is_at_home_on_the_branch_of_its_head() {
    let world = World::empty();
    let team = trunk(&world, "team");
    team.jit("init").ok();
    team.git("add -A").ok();
    team.git("commit -q -m Begin").ok();
    let issue = team.create("First");
    let tree = team.moved(team.json(&format!("wt spawn {issue} --no-agent"))["path"].as_str().expect("a path"));
    tree.git("add -A").ok();
    commit(&tree);
    team.json("wt list --status")["worktrees"][1]["status"]["ahead"].as_u64().filter(|ahead| *ahead == 1).expect("one ahead");
    team.jit(&format!("wt remove {} -D", &issue[..8])).exits(1).says("merged nowhere");
    std::fs::remove_file(team.dir.join(Place::file(&issue))).expect("removed");
    team.git(&format!("merge -q --no-ff -m Merge {}", tree.git("branch --show-current").ok().line())).ok();
    team.jit(&format!("wt remove {} -D", &issue[..8])).ok().says("deleted");
    team.git("checkout -q --detach").ok();
    let nowhere = team.jit(&format!("wt spawn {issue} --no-agent")).exits(3);
    nowhere.says("--base").says("jit.defaultBranch");
}

#[test]
fn a_stash_of_another_branch_is_no_risk_and_one_of_a_longer_name_neither() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.write("code.txt", "code");
    team.git("add -A").ok();
    team.git("commit -q -m Code").ok();
    let tree = team.moved(team.json(&format!("worktree spawn {} --no-agent", issues[0]))["path"].as_str().expect("a path"));
    let name = tree.git("branch --show-current").ok().line();
    team.git(&format!("checkout -q -b {name}-too")).ok();
    team.write("code.txt", "later");
    team.git("stash -q").ok();
    team.git("checkout -q main").ok();
    team.jit(&format!("worktree remove {name} -D")).ok();
    assert_eq!(team.git("stash list").ok().stdout.lines().count(), 1);
}

#[test]
fn a_branch_that_was_squashed_counts_as_merged_when_its_tree_says_so() {
    let squash = |after: fn(&Place)| {
        let (world, team, tree, path) = spawned();
        commit(&tree);
        tree.write("more.txt", "more");
        tree.git("add more.txt").ok();
        tree.git("commit -q -m More").ok();
        let branch = tree.git("branch --show-current").ok().line();
        team.git(&format!("merge -q --squash {branch}")).ok();
        team.git("commit -q -m Squashed").ok();
        after(&team);
        (world, team, tree, path)
    };
    let (_world, team, tree, path) = squash(|_| {});
    team.jit_args(&["worktree", "remove", &path, "-D"]).ok().says("deleted (was");
    assert!(!tree.dir.exists());
    // The default branch has new commits in other files, and in the same file.
    for after in [
        |team: &Place| {
            team.write("other.txt", "x");
            team.git("add other.txt").ok();
            team.git("commit -q -m Other").ok();
        },
        |team: &Place| {
            team.write("work.txt", "work, and more of it");
            team.git("commit -q -a -m Other").ok();
        },
    ] {
        let (_world, team, tree, path) = squash(after);
        team.jit_args(&["worktree", "remove", &path, "-D"]).ok();
        assert!(!tree.dir.exists());
    }
    // One more commit than was squashed.
    let (_world, team, tree, path) = squash(|_| {});
    tree.write("work.txt", "not merged");
    tree.git("commit -q -a -m Late").ok();
    team.jit_args(&["worktree", "remove", &path, "-D"]).exits(1).says("merged nowhere");
    let objects = || walk(&team.dir.join(".git/objects"));
    let before = objects();
    team.jit_args(&["worktree", "remove", &path, "-D"]).exits(1);
    assert_eq!(objects(), before, "looking makes no objects");
}

fn walk(dir: &std::path::Path) -> usize {
    let entries = std::fs::read_dir(dir).expect("a folder").flatten();
    entries.map(|entry| if entry.path().is_dir() { walk(&entry.path()) } else { 1 }).sum()
}

#[test]
fn pruning_keeps_what_may_come_back() {
    let (world, team, tree, _path) = spawned();
    let lost = |name: &str| {
        team.git(&format!("worktree add -q -b {name} ../{name}")).ok();
        world.place(name)
    };
    let (gone, locked, moved, detached) = (lost("gone"), lost("locked"), lost("moved"), lost("detached"));
    team.git("worktree lock ../locked").ok();
    moved.jit("init").ok();
    let there = world.path("there");
    std::fs::rename(&moved.dir, &there).expect("moved");
    world.place("there").jit("init").ok();
    detached.git("checkout -q --detach").ok();
    commit(&detached);
    for place in [&gone, &locked, &detached] {
        std::fs::remove_dir_all(&place.dir).expect("removed");
    }
    std::fs::rename(&tree.dir, world.path("away")).expect("moved");
    let plan = team.json("worktree prune --dry-run");
    assert_eq!((&plan["changed"], team.json("worktree list")["count"].as_u64()), (&false.into(), Some(6)));
    let bob = team.agent("agent:bob");
    let pruned = bob.json("worktree prune");
    let fate = |name: &str| {
        let all = pruned["worktrees"].as_array().expect("a list");
        all.iter().find(|one| one["path"].as_str().is_some_and(|path| path.ends_with(name))).expect("told of").clone()
    };
    assert_eq!(fate("/gone")["removed"], true);
    for (name, why) in [("/locked", "locked"), ("/moved", "has moved to"), ("/detached", "merged nowhere"), ("-first", "in use by")]
    {
        assert!(fate(name)["reasons"][0].as_str().is_some_and(|reason| reason.contains(why)), "{name}: {pruned}");
    }
    team.git("rev-parse -q --verify gone").ok();
    // While the lease is live, its holder cannot purge it either.
    team.jit("worktree prune").ok().says("a live lease").says("git worktree repair");
    let lease = team.json("claim list")["leases"][0]["lease_id"].as_str().expect("one").to_owned();
    team.jit(&format!("claim force-evict {lease} --reason over")).ok();
    assert_eq!(team.json("worktree prune")["changed"], true);
    assert_eq!(team.json("claim list")["count"], 0);
}

#[test]
fn what_was_staged_in_a_worktree_that_was_moved_by_hand_is_not_pruned() {
    let (world, team, tree, _path) = spawned();
    let lease = team.json("claim list")["leases"][0]["lease_id"].as_str().expect("one").to_owned();
    tree.write("code.txt", "staged");
    tree.git("add code.txt").ok();
    tree.write("code.txt", "and changed");
    let away = world.path("away");
    std::fs::rename(&tree.dir, &away).expect("moved");
    team.jit(&format!("claim force-evict {lease} --reason over")).ok();
    team.jit("worktree prune").ok().says("Kept:").says("staged changes").says("git worktree repair NEW-PATH");
    team.git_args(&["worktree", "repair", away.to_str().expect("text")]).ok();
    assert_eq!(world.place("away").git("show :code.txt").ok().line(), "staged");
    world.place("away").git("reset -q --hard").ok();
    std::fs::remove_dir_all(&away).expect("removed");
    team.jit("worktree prune").ok().says("Pruned");
}

#[test]
fn a_refusal_names_a_locks_reason_and_a_submodule_once() {
    let (world, team, tree, path) = spawned();
    let lib = world.path("lib").display().to_string();
    world.place("").git("init -q -b main lib").ok();
    world.place("lib").git("commit -q --allow-empty -m Root").ok();
    let add = ["-c", "protocol.file.allow=always", "submodule", "--quiet", "add", "--name", "library", &lib, "vendor/sub"];
    tree.git_args(&add).ok();
    tree.git("commit -q -m Submodule").ok();
    tree.git("push -q origin HEAD").ok();
    team.git_args(&["worktree", "lock", "--reason", "on a disk\nthat travels", &path]).ok();
    let refused = team.jit_args(&["worktree", "remove", &path]).exits(1);
    refused.says("is locked: on a disk that travels").says("would be removed with it (1): vendor/sub");
    tree.git("submodule --quiet deinit -f vendor/sub").ok();
    team.jit_args(&["worktree", "remove", &path]).exits(1).says("would be removed with it (1): library");
}

#[test]
fn a_missing_worktree_is_not_called_clean() {
    let (_world, team, tree, _path) = spawned();
    std::fs::remove_dir_all(&tree.dir).expect("removed");
    let status = team.json("worktree list --status")["worktrees"][1]["status"].clone();
    assert!(status["unknown"].as_str().is_some_and(|why| why.contains("does not exist")), "{status}");
    team.jit("worktree list --status").ok().says("  unknown  ");
}

#[test]
fn a_purge_keeps_and_names_what_is_not_done() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    let trees: Vec<Place> = issues
        .iter()
        .map(|issue| {
            let place = team.moved(team.json(&format!("worktree spawn {issue} --no-agent"))["path"].as_str().expect("a path"));
            place.jit(&format!("issue update {issue} --state in_progress")).ok();
            place.git("commit -q -a -m Begin").ok();
            place
        })
        .collect();
    let finish = |tree: &Place, issue: &str| {
        tree.jit(&format!("done {issue}")).ok();
        tree.git("commit -q -a -m Done").ok();
    };
    let merge =
        |tree: &Place| drop(team.git(&format!("merge -q --no-ff -m Merge {}", tree.git("branch --show-current").ok().line())).ok());
    finish(&trees[0], &issues[0]);
    merge(&trees[0]);
    finish(&trees[1], &issues[1]);
    merge(&trees[1]);
    commit(&trees[1]);
    merge(&trees[2]);
    let purged = team.json("worktree purge");
    assert_eq!((&purged["count"], &purged["changed"]), (&2.into(), &true.into()));
    assert!(!trees[0].dir.exists() && trees[1].dir.exists() && trees[2].dir.exists());
    team.jit("worktree purge").ok().says("Kept:").says("merged nowhere").never_says(&issues[2][..8]);
    team.git(&format!("rev-parse -q --verify issue-{}-first", &issues[0][..8])).ok();
}
