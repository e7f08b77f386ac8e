//! The workflow with bare repositories that contain `trees/`, with its documented command lines.

use super::stand_ins::StandIns;
use crate::support::waiting::until;
use crate::support::{Place, World};

/// A project to clone, with one file, and GitHub beside it.
fn project() -> (World, StandIns, Place) {
    let world = World::empty();
    world.place("").git("init -q -b main my-project").ok();
    let origin = world.place("my-project");
    origin.write("src/code.txt", "x\n");
    origin.git("add -A").ok();
    origin.git("commit -q -m Begin").ok();
    let stand_ins = StandIns::new(&world);
    for (number, title) in [(42, "Improve things"), (45, "Rust SDK"), (46, "Docs update"), (47, "Performance fix")] {
        stand_ins.issue(number, title, "OPEN");
    }
    let projects = stand_ins.at(&world.place("").sub("projects"));
    (world, stand_ins, projects)
}

/// Finishes the work in a worktree as a merged pull request would.
fn merge(world: &World, tree: &Place) {
    tree.git("add -A").ok();
    tree.git("commit -q -m Work").ok();
    let branch = tree.git("branch --show-current").ok().line();
    tree.git(&format!("push -q origin {branch}")).ok();
    let origin = world.place("my-project");
    origin.git(&format!("merge -q --no-ff -m Merge {branch}")).ok();
    origin.git(&format!("branch -q -D {branch}")).ok();
    tree.git("fetch -q --prune origin").ok();
}

#[test]
fn three_clones_three_workers() {
    let (world, stand_ins, projects) = project();
    for n in 1..=3 {
        projects.jit(&format!("wt clone ../my-project my-project-worker-{n}.git")).ok().says("trees/main");
    }
    for (n, issue, slug) in [(1, 45, "rust-sdk"), (2, 46, "docs-update"), (3, 47, "performance-fix")] {
        let worker = projects.sub(&format!("my-project-worker-{n}.git"));
        assert_eq!(worker.git("config core.bare").ok().line(), "true");
        assert_eq!(worker.git("branch --format=%(refname:short)").ok().line(), "main", "no branch but the default one is local");
        worker.jit(&format!("wt spawn {issue} --yolo")).warns("without asking for permission").says("Created worktree");
        let tree = worker.sub(&format!("trees/issue-{issue}-{slug}"));
        assert_eq!(tree.read("src/code.txt"), "x\n");
        assert_eq!(tree.git("branch --show-current").ok().line(), format!("issue-{issue}-{slug}"));
        let arguments = stand_ins.arguments("claude");
        assert_eq!((arguments.len(), arguments[0].as_str()), (2, "--dangerously-skip-permissions"));
        assert!(stand_ins.log("claude").contains(&format!("cwd {}\n", tree.dir.display())));
    }
    assert_eq!(stand_ins.log("gh").lines().count(), 3, "one question an issue");
    let worker = projects.sub("my-project-worker-1.git");
    let tree = worker.sub("trees/issue-45-rust-sdk");
    merge(&world, &tree);
    worker.jit("wt remove 45 --delete-branch").ok().says("deleted");
    assert!(!tree.dir.exists());
    assert_eq!(worker.git("branch --list issue-*").ok().line(), "");
    assert_eq!(worker.json("doctor")["healthy"], true);
}

#[test]
fn one_repository_with_worktrees_from_init_to_purge() {
    let (world, stand_ins, projects) = project();
    projects.git("clone -q --bare ../my-project my-project.git").ok();
    let bare = projects.sub("my-project.git");
    bare.git("config remote.origin.fetch +refs/heads/*:refs/remotes/origin/*").ok();
    bare.jit("wt spawn 42").exits(3).says("git jit worktree init");
    bare.jit("wt init").ok().says("trees/main");
    assert_eq!(bare.json("wt init")["changed"], false);
    bare.git("fetch -q origin").ok();
    let before = bare.git("config --list --local").ok().line();
    bare.jit("wt spawn 42").ok();
    assert_eq!(bare.git("config --list --local").ok().line(), before, "no configuration but what was asked for");
    let tree = bare.sub("trees/issue-42-improve-things");
    let arguments = stand_ins.arguments("claude");
    assert!(arguments.len() == 1 && arguments[0].contains("git jit issue show"), "{arguments:?}");
    // From the bare root, from a worktree, and from below it.
    for place in [&bare, &bare.sub("trees/main"), &tree.sub("src/deep")] {
        assert_eq!(place.jit("wt path 42").ok().line(), tree.dir.display().to_string());
        assert_eq!(place.jit("wt path main").ok().line(), bare.dir.join("trees/main").display().to_string());
        place.jit("wt goto 42").ok().says("shell-init");
        assert_eq!(place.json("wt list")["count"], 2);
    }
    bare.sub("trees/main").jit("wt spawn 45 --headless").ok().says("PID:").says("Log:");
    let list = bare.jit("wt list").ok().says("Improve things").says("Rust SDK").says("claude");
    assert_eq!(list.stdout.lines().count(), 4);
    let other = bare.sub("trees/issue-45-rust-sdk");
    assert!(!other.dir.starts_with(bare.dir.join("trees/main")), "never one in another");
    until("the agent has ended", || bare.json("wt list")["worktrees"][2]["agent"]["alive"] == false);
    merge(&world, &tree);
    bare.jit("wt remove 42").ok().says("kept");
    bare.jit("wt spawn 42 --no-agent").exits(1).says("already exists").says("--resume");
    bare.jit("wt spawn 42 --no-agent --resume").ok().says("Created worktree");
    bare.jit("wt remove 42 --delete-branch").ok().says("deleted");
    bare.jit("wt prune").ok().says("Nothing to do");
    bare.jit("wt purge").ok().says("Nothing to do");
    stand_ins.issue(45, "Rust SDK", "CLOSED");
    bare.jit("wt purge").ok().says("Kept:").says("untracked");
    merge(&world, &other);
    bare.jit("wt purge --dry-run").ok().says("Would remove").says("issue-45");
    assert!(other.dir.exists());
    bare.jit("wt purge").ok().says("Removed");
    assert!(!other.dir.exists());
    assert_eq!(bare.json("doctor")["healthy"], true);
}

#[test]
fn a_repository_of_any_shape_has_its_worktrees_beside_its_files() {
    let (_world, stand_ins, projects) = project();
    // A folder with a .git file and a bare repository called .bare.
    projects.git("clone -q --bare ../my-project around/.bare").ok();
    let around = projects.sub("around");
    around.write(".git", "gitdir: .bare\n");
    around.jit("wt init").ok();
    around.jit("wt spawn 45 --no-agent").ok();
    assert!(around.dir.join("trees/main/src").exists() && around.dir.join("trees/issue-45-rust-sdk/src").exists());
    // A normal clone: Git ignores trees/ without any file of the user's.
    projects.git("clone -q ../my-project usual").ok();
    let usual = projects.sub("usual");
    usual.jit("wt init").ok();
    let made = usual.sub("src").json("wt spawn 46 --no-agent");
    assert_eq!(made["path"].as_str(), usual.dir.join("trees/issue-46-docs-update").to_str());
    usual.git("status --porcelain").ok().says_nothing();
    assert!(!usual.dir.join(".gitignore").exists() && usual.read(".git/info/exclude").contains("/trees/"));
    // From inside a worktree, a new one is created beside it, not in it.
    let tree = usual.sub("trees/issue-46-docs-update");
    tree.jit("wt spawn 47 --no-agent").ok();
    assert!(usual.dir.join("trees/issue-47-performance-fix").exists());
    // A repository without commits.
    projects.git("init -q -b main fresh").ok();
    projects.sub("fresh").jit("wt spawn 45 --no-agent").exits(3).says("--base");
    let _ = stand_ins;
}

#[test]
fn a_clone_that_cannot_be_made_leaves_nothing_and_takes_nothing() {
    let (world, _, projects) = project();
    projects.jit("wt clone ../nowhere").exits(7);
    assert!(!world.path("projects/nowhere.git").exists());
    projects.write("taken.git/file", "mine");
    projects.jit("wt clone ../my-project taken.git").exits(1).says("already exists");
    assert_eq!(projects.read("taken.git/file"), "mine");
    projects.jit("wt clone --upload-pack=touch${IFS}x ../my-project").exits(2);
    let left: Vec<_> = std::fs::read_dir(&projects.dir).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["taken.git"]);
    // An empty repository gets its worktree before its first commit.
    world.place("").git("init -q -b trunk empty").ok();
    projects.jit("wt clone ../empty").warns("cloned an empty repository");
    assert_eq!(projects.sub("empty.git/trees/main").git("branch --show-current").ok().line(), "trunk");
}

#[test]
fn an_empty_folder_is_cloned_into_as_git_does_and_a_bare_root_says_where_its_worktrees_are() {
    let (_world, _, projects) = project();
    let empty = projects.sub("empty.git");
    projects.jit("wt clone ../my-project empty.git").ok();
    assert!(empty.dir.join("trees/main/src").exists());
    let here = projects.sub("here");
    here.jit("wt clone ../../my-project .").ok();
    assert_eq!(here.git("rev-parse --is-bare-repository").ok().line(), "true");
    assert_eq!(here.json("doctor")["healthy"], true);
    let failed = projects.sub("failed");
    failed.jit("wt clone ../../nowhere .").exits(7);
    assert_eq!(std::fs::read_dir(&failed.dir).expect("a folder").count(), 0, "nothing is left in it");
    let left: std::collections::BTreeSet<_> =
        std::fs::read_dir(&empty.dir).expect("a folder").flatten().map(|entry| entry.file_name()).collect();
    assert!(!left.iter().any(|name| name.to_string_lossy().starts_with(".git-jit")), "{left:?}");
    empty.jit("wt info").exits(3).says("git jit worktree list").says("goto main").never_says("the first one");
    projects.git("clone -q --bare ../my-project alone.git").ok();
    projects.sub("alone.git").jit("wt info").exits(3).says("git jit worktree init");
}
