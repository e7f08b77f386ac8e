//! The path of a new worktree, the files copied into it, and the command that prepares it.

use crate::support::{Place, World};

fn stage() -> (World, Place, Vec<String>) {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    (world, team, issues)
}

fn configured(place: &Place, lines: &str) {
    let text = place.read(".jit/config.toml");
    place.write(".jit/config.toml", text.replacen("[worktree]\n", &format!("[worktree]\n{lines}\n"), 1));
}

#[test]
fn a_template_says_where_they_are_and_the_repositorys_leads_not_far() {
    let (world, team, issues) = stage();
    let spawn = |issue: &str| team.jit(&format!("worktree spawn {issue} --no-agent --json"));
    configured(&team, "path_template = \"../{repo}.{name}\"");
    let path = spawn(&issues[0]).ok().document()["path"].as_str().expect("a path").to_owned();
    assert_eq!(path, world.path(&format!("team.issue-{}-first", &issues[0][..8])).display().to_string());
    assert_eq!(team.jit(&format!("wt path {}", &issues[0][..8])).ok().line(), path);
    for bad in ["../../{name}", "/tmp/{name}", "trees/same", ".git/{name}", ".."] {
        let text = team.read(".jit/config.toml");
        let line = text.lines().find(|line| line.starts_with("path_template")).expect("it is there").to_owned();
        team.write(".jit/config.toml", text.replace(&line, &format!("path_template = \"{bad}\"")));
        let refused = spawn(&issues[1]).exits(2).document();
        assert_eq!(refused["error"]["code"], "bad_path_template", "{bad}");
    }
    assert_eq!(team.json("claim list")["count"], 1);
    // The user's template takes precedence, and may lead anywhere.
    let own = world.place("home/.config/jit").sub("");
    let far = world.path("far/away");
    own.write("agent.toml", format!("[worktree]\npath_template = \"{}/{{number}}\"\n", far.display()));
    spawn(&issues[1]).ok();
    assert!(far.join(&issues[1][..8]).join(".jit").exists());
    team.jit(&format!("wt remove {} -D", &issues[1][..8])).ok();
}

#[test]
fn a_template_of_the_users_begins_at_home_and_one_of_the_repositorys_does_not() {
    let (world, team, issues) = stage();
    let spawn = |issue: &str| team.jit(&format!("worktree spawn {issue} --no-agent --json"));
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", "[worktree]\npath_template = \"~/trees/{repo}/{name}\"\n");
    let path = spawn(&issues[0]).ok().document()["path"].as_str().expect("a path").to_owned();
    assert_eq!(path, world.path(&format!("home/trees/team/issue-{}-first", &issues[0][..8])).display().to_string());
    own.write("agent.toml", "[worktree]\npath_template = \"~somebody/{name}\"\n");
    spawn(&issues[1]).exits(2).says("begins with ~");
    own.write("agent.toml", "");
    configured(&team, "path_template = \"~/{name}\"");
    spawn(&issues[1]).exits(2).says("comes from the repository and begins with ~");
    assert!(!team.dir.join("~").exists() && !team.dir.join("~somebody").exists());
}

#[test]
fn listed_files_come_along_and_nothing_else_does() {
    let (world, team, issues) = stage();
    team.write(".gitignore", "*.env\n/build/\n/link\n/outside/\n.jit/secret.env\n");
    team.write(
        ".worktreeinclude",
        "# what a worktree wants\n*.env\n/build/keep.txt\n/link\n!no.env\n/tracked.txt\n/untracked.txt\n/outside/x.env\n",
    );
    team.write("tracked.txt", "committed");
    team.git("add -A").ok();
    team.git("commit -q -m Files").ok();
    for (path, text) in [
        (".env", "TOP=1"),
        ("a b/deep/x.env", "DEEP=1"),
        ("no.env", "not listed"),
        ("build/keep.txt", "kept"),
        ("build/large.bin", "not listed"),
        ("untracked.txt", "listed, and not ignored"),
        ("tracked.txt", "changed here"),
        ("outside/x.env", "led astray"),
    ] {
        team.write(path, text);
    }
    std::os::unix::fs::symlink("/etc/hostname", team.dir.join("link")).expect("linked");
    // A branch that has a symbolic link where a listed file needs a folder.
    team.git("checkout -q -b astray").ok();
    std::fs::create_dir_all(world.path("elsewhere")).expect("made");
    std::fs::rename(team.dir.join("outside"), world.path("outside")).expect("moved");
    std::os::unix::fs::symlink(world.path("elsewhere"), team.dir.join("outside")).expect("linked");
    team.git("add -f outside").ok();
    team.git("commit -q -m Astray").ok();
    team.git("checkout -q main").ok();
    std::fs::rename(world.path("outside"), team.dir.join("outside")).expect("moved");
    let spawned = team.json(&format!("worktree spawn {} --no-agent --base astray", issues[0]));
    let tree = team.moved(spawned["path"].as_str().expect("a path"));
    assert_eq!(
        (tree.read(".env"), tree.read("a b/deep/x.env"), tree.read("build/keep.txt")),
        ("TOP=1".into(), "DEEP=1".into(), "kept".into())
    );
    assert_eq!(std::fs::read_link(tree.dir.join("link")).expect("a link"), std::path::Path::new("/etc/hostname"));
    assert_eq!(tree.read("tracked.txt"), "committed");
    for absent in ["no.env", "build/large.bin", "untracked.txt"] {
        assert!(!tree.dir.join(absent).exists(), "{absent}");
    }
    assert_eq!(std::fs::read_dir(world.path("elsewhere")).expect("a folder").count(), 0, "nothing is written outside");
    assert_eq!(spawned["copied"], 4);
    tree.git("status --porcelain").ok().says_nothing();
    // An unchanged copy is no obstacle to removal.
    team.jit(&format!("worktree remove {} -D --delete-unmerged", &issues[0][..8])).ok();
}

#[test]
fn a_command_prepares_it_if_it_is_the_users_or_was_allowed() {
    let (world, team, issues) = stage();
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", "[worktree]\npost_spawn = \"pwd > where; echo said; echo $JIT_ISSUE_ID > which\"\n");
    let spawned = team.jit(&format!("worktree spawn {} --no-agent --json", issues[0])).ok();
    assert!(spawned.stderr.contains("said"), "{}", spawned.stderr);
    let tree = team.moved(spawned.document()["path"].as_str().expect("a path"));
    assert_eq!((tree.read("where").trim(), tree.read("which").trim()), (tree.dir.to_str().expect("text"), issues[0].as_str()));
    own.write("agent.toml", "");
    configured(&team, "post_spawn = \"touch from-the-repository\"");
    team.jit(&format!("worktree spawn {} --no-agent", issues[1])).warns("is not approved, so it does not run").says("approve");
    assert!(!team.dir.join(format!("trees/issue-{}-second/from-the-repository", &issues[1][..8])).exists());
    team.jit("wt approve").ok().says("touch from-the-repository");
    assert_eq!(team.json("wt approve")["changed"], false);
    team.jit(&format!("worktree spawn {} --no-agent", issues[2])).ok();
    let third = format!("trees/issue-{}-third", &issues[2][..8]);
    assert!(team.dir.join(&third).join("from-the-repository").exists());
    // A changed command has to be approved again, and so has the same one in another clone.
    team.jit(&format!("worktree remove {} -D --discard-untracked", &issues[2][..8])).ok();
    let text = team.read(".jit/config.toml").replace("touch from", "touch changed; touch from");
    team.write(".jit/config.toml", text);
    team.jit(&format!("worktree spawn {} --no-agent", issues[2])).warns("is not approved, so it does not run");
    assert!(!team.dir.join(&third).join("changed").exists());
}

#[test]
fn a_command_that_fails_takes_everything_back_and_can_be_done_without() {
    let (world, team, issues) = stage();
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", "[worktree]\npost_spawn = \"echo half > half; echo no luck >&2; exit 9\"\n");
    let issue = &issues[0];
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(1).says("no luck").says("status 9").says("--no-setup");
    assert_eq!((team.json("worktree list")["count"].as_u64(), team.json("claim list")["count"].as_u64()), (Some(1), Some(0)));
    assert_eq!(team.git("branch --list issue-*").ok().line(), "");
    assert_eq!(std::fs::read_dir(team.dir.join("trees")).map_or(0, Iterator::count), 0);
    team.jit(&format!("worktree spawn {issue} --no-agent --no-setup")).ok();
}

#[test]
fn a_post_checkout_hook_is_told_what_git_would_tell_it() {
    let (_world, team, issues) = stage();
    let hook = team.dir.join(".git/hooks/post-checkout");
    std::fs::write(&hook, "#!/bin/sh\necho \"$@\" > told; pwd >> told\n").expect("written");
    std::process::Command::new("chmod").args(["+x".as_ref(), hook.as_os_str()]).status().expect("run");
    team.git("worktree add -q ../by-git -b by-git").ok();
    let tree = team.moved(team.json(&format!("worktree spawn {} --no-agent", issues[0]))["path"].as_str().expect("a path"));
    let by_git = team.moved(team.dir.join("../by-git").to_str().expect("text")).read("told");
    assert_eq!(tree.read("told").lines().next(), by_git.lines().next());
    assert_eq!(tree.read("told").lines().nth(1), tree.dir.to_str());
}

#[test]
fn the_base_is_the_default_branch_where_it_is_furthest_or_what_was_asked_for() {
    let (world, team, issues) = stage();
    world.place("").git("clone -q remote.git other").ok();
    let other = world.place("other");
    other.git("commit -q --allow-empty -m Newer").ok();
    other.git("push -q").ok();
    let newer = other.git("rev-parse HEAD").ok().line();
    let base = |words: &str| team.json(&format!("worktree spawn {words} --no-agent"))["base"].clone();
    assert_ne!(base(&issues[0]), newer);
    assert_eq!(base(&format!("{} --fetch", issues[1])), newer);
    assert_eq!(base(&format!("{} --base HEAD~1", issues[2])).as_str(), Some(team.git("rev-parse HEAD~1").ok().line().as_str()));
    let list = team.json("worktree list --status");
    let statuses: Vec<_> = list["worktrees"].as_array().expect("a list").iter().map(|tree| tree["status"].clone()).collect();
    assert_eq!((&statuses[0]["behind"], &statuses[0]["dirty"]), (&1.into(), &false.into()));
    let first = list["worktrees"].as_array().expect("a list").iter().find(|tree| tree["issue_id"] == issues[0]).expect("one");
    assert_eq!((&first["status"]["behind"], &first["status"]["ahead"]), (&0.into(), &0.into()), "of its own base: {first}");
    let tree = team.moved(first["root"].as_str().expect("a path"));
    tree.write("new.txt", "x");
    tree.edit(&issues[0], "Edited");
    let list = team.json("worktree list --status");
    let first = list["worktrees"].as_array().expect("a list").iter().find(|tree| tree["issue_id"] == issues[0]).expect("one");
    assert_eq!((&first["status"]["changed"], &first["status"]["untracked"]), (&1.into(), &1.into()));
    team.jit("worktree list --status").ok().says("1 changed, 1 untracked");
}

#[test]
fn a_branch_that_is_there_is_gone_on_with_when_that_is_asked_for() {
    let (world, team, issues) = stage();
    let issue = &issues[0];
    let number = &issue[..8];
    team.jit(&format!("worktree spawn {issue} --no-agent --resume")).exits(3).says("no branch to resume");
    // A branch with an older title, on a remote.
    world.place("").git("clone -q remote.git other").ok();
    let other = world.place("other");
    other.git(&format!("checkout -q -b issue-{number}-an-older-title")).ok();
    other.git("commit -q --allow-empty -m Theirs").ok();
    other.git("push -q origin HEAD").ok();
    team.git("fetch -q").ok();
    team.jit(&format!("worktree spawn {issue} --no-agent")).warns("origin has a branch").says("--resume");
    team.jit(&format!("worktree remove {number} -D")).ok();
    let spawned = team.json(&format!("worktree spawn {issue} --no-agent --resume"));
    assert_eq!(spawned["branch"], format!("issue-{number}-an-older-title"));
    let tree = team.moved(spawned["path"].as_str().expect("a path"));
    assert_eq!(tree.git("log -1 --format=%s").ok().line(), "Theirs");
    team.jit(&format!("worktree remove {number}")).ok().says("kept");
    team.git(&format!("branch issue-{number}-another")).ok();
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(1).says("--resume");
    team.jit(&format!("worktree spawn {issue} --no-agent --resume")).exits(1).says("has 2 branches");
    team.git(&format!("branch -q -D issue-{number}-another")).ok();
    team.jit(&format!("worktree spawn {issue} --no-agent --resume")).ok();
    // A longer number belongs to another issue.
    team.git(&format!("branch issue-{}0-x", &issues[1][..8])).ok();
    team.jit(&format!("worktree spawn {} --no-agent", issues[1])).ok().never_says("already exists");
}

#[test]
fn a_listing_starts_no_process() {
    let (world, team, issues) = stage();
    team.jit(&format!("worktree spawn {} --no-agent", issues[0])).ok();
    let empty = world.path("nothing");
    std::fs::create_dir_all(&empty).expect("made");
    let nowhere = team.with("PATH", empty.to_str().expect("text"));
    nowhere.jit("worktree list").ok().says("First").says("agent:alice");
    nowhere.jit("worktree list --json").ok();
    let status = nowhere.json("worktree list --status");
    assert!(status["worktrees"][1]["status"]["unknown"].as_str().is_some_and(|why| why.contains("git")), "{status}");
}
