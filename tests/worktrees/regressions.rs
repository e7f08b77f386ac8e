//! Bugs that were found and fixed: each lost work, or ran something that should not run.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use super::stand_ins::StandIns;
use crate::support::waiting::{until, until_open};
use crate::support::{Outcome, Place, World};

fn stage() -> (World, Place, String, String) {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.write("a", "a");
    team.write("b", "b");
    team.git("add -A").ok();
    team.git("commit -q -m Files").ok();
    team.git("push -q").ok();
    let number = issues[0][..8].to_owned();
    (world, team, issues[0].clone(), number)
}

fn spawned() -> (World, Place, Place, String) {
    let (world, team, issue, number) = stage();
    let tree = team.moved(team.json(&format!("worktree spawn {issue} --no-agent"))["path"].as_str().expect("a path"));
    (world, team, tree, number)
}

fn hook(team: &Place, script: &str) {
    let path = team.dir.join(".git/hooks/post-checkout");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("written");
    std::process::Command::new("chmod").args(["+x".as_ref(), path.as_os_str()]).status().expect("run");
}

#[test]
fn a_spawn_that_is_refused_takes_nothing_of_anybody_elses_back() {
    let (world, team, issue, number) = stage();
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", format!("[worktree]\npath_template = \"{}/x{{number}}\"\n", world.path("far").display()));
    let there = world.path("far").join(format!("x{number}"));
    team.git_args(&["worktree", "add", "-q", "-b", "mine", there.to_str().expect("text")]).ok();
    std::fs::write(there.join("a"), "precious").expect("written");
    team.git_args(&["worktree", "lock", there.to_str().expect("text")]).ok();
    for refusal in ["path", "lease"] {
        if refusal == "lease" {
            world.linked("bob").acquire(&issue);
        }
        let status = team.jit(&format!("worktree spawn {issue} --no-agent")).status();
        assert_eq!(status, if refusal == "lease" { 4 } else { 1 });
        assert_eq!(std::fs::read_to_string(there.join("a")).expect("it is there"), "precious", "{refusal}");
    }
    assert_eq!(team.json("claim list")["count"], 1);
}

#[test]
fn commits_made_while_a_worktree_is_prepared_are_kept_when_that_fails() {
    let (world, team, issue, number) = stage();
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", "[worktree]\npost_spawn = \"echo w > work; git add work; git commit -q --no-verify -m w; exit 1\"\n");
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(1).says("so it is kept");
    assert!(team.dir.join(format!("trees/issue-{number}-first/work")).exists());
    // Other commands are refused meanwhile.
    own.write("agent.toml", "[worktree]\npost_spawn = \"while [ ! -e ../../go ]; do sleep 0.05; done; exit 1\"\n");
    let other = team.create("Other");
    let child = team.start(&["worktree", "spawn", &other, "--no-agent"], Stdio::null());
    until("it is being made", || team.dir.join(format!("trees/issue-{}-other/a", &other[..8])).exists());
    team.jit(&format!("worktree spawn {other} --no-agent")).exits(8).says("is being created");
    team.jit(&format!("worktree remove {} --discard-changes", &other[..8])).exits(8).says("is being created");
    team.write("go", "");
    assert!(!child.wait_with_output().expect("it ends").status.success());
}

#[test]
fn edits_of_files_of_the_base_are_somebodys_work_too() {
    let (_world, team, issue, number) = stage();
    hook(&team, "echo $$ > ../../hooking; mv ../../hooking ../../hooked; exec sleep 60");
    let mut child = team.start(&["worktree", "spawn", &issue, "--no-agent"], Stdio::null());
    until("the hook runs", || team.dir.join("hooked").exists());
    child.kill().expect("killed");
    child.wait().expect("it ends");
    let tree = team.sub(&format!("trees/issue-{number}-first"));
    tree.write("a", "precious");
    std::process::Command::new("kill").arg(team.read("hooked").trim()).status().expect("run");
    std::fs::remove_file(team.dir.join(".git/hooks/post-checkout")).expect("removed");
    until("the hook is over", || team.json("doctor").to_string().contains("was interrupted"));
    // It is not removed while a current directory is in it.
    tree.jit("issue create Other").ok().says("is incomplete");
    assert_eq!(tree.read("a"), "precious");
    team.jit("issue create Another").ok().says("so it is kept");
    assert_eq!(tree.read("a"), "precious");
}

#[test]
fn a_second_name_of_a_branch_goes_alone() {
    let (_world, team, _, _) = stage();
    team.git("symbolic-ref refs/heads/alias refs/heads/main").ok();
    team.git("worktree add -f -q ../alias alias").ok();
    team.jit("worktree remove alias -D").ok();
    team.git("rev-parse -q --verify refs/heads/main").ok();
    team.git("rev-parse -q --verify refs/heads/alias").exits(1);
}

#[test]
fn what_an_agent_commits_when_it_is_stopped_is_not_lost() {
    let (world, team, issue, number) = stage();
    let stand_ins = StandIns::new(&world);
    let saves = "trap 'echo s > saved; git add saved; git commit -q --no-verify -m saved; exit 0' TERM; : > ready; while :; do sleep 0.05; done";
    let place = stand_ins.at(&team).with("AGENT_DOES", saves);
    place.jit(&format!("worktree spawn {issue} --headless")).ok();
    let tree = team.sub(&format!("trees/issue-{number}-first"));
    until("it is ready", || tree.dir.join("ready").exists());
    std::fs::remove_file(tree.dir.join("ready")).expect("removed");
    team.jit(&format!("worktree remove {number} -D --stop-agent")).exits(1).says("merged nowhere");
    assert_eq!(tree.read("saved"), "s\n");
}

#[test]
fn what_changes_while_one_waits_is_looked_at_again() {
    let (_world, team, tree, number) = spawned();
    let lock = team.dir.join(".git/jit/locks/worktrees.lock");
    let held = || {
        let mut child = std::process::Command::new("flock");
        child.current_dir(&team.dir).arg("-x").arg(&lock).args([
            "sh",
            "-c",
            ": > held; while [ ! -e go ]; do sleep 0.02; done; rm held go",
        ]);
        let child = child.spawn().expect("run");
        until("the lock is held", || team.dir.join("held").exists());
        child
    };
    let mut holder = held();
    let child = team.start(&["worktree", "remove", &number], Stdio::null());
    until_open(child.id(), &lock);
    tree.write("a", "precious");
    team.write("go", "");
    assert!(!child.wait_with_output().expect("it ends").status.success());
    holder.wait().expect("it ends");
    assert_eq!(tree.read("a"), "precious");
    // A disk that is mounted again during the prune.
    let away = team.dir.join("../away");
    std::fs::rename(&tree.dir, &away).expect("moved");
    let mut holder = held();
    let child = team.start(&["worktree", "prune"], Stdio::null());
    until_open(child.id(), &lock);
    std::fs::rename(&away, &tree.dir).expect("moved back");
    team.write("go", "");
    assert!(child.wait_with_output().expect("it ends").status.success());
    holder.wait().expect("it ends");
    assert_eq!(tree.read("a"), "precious");
}

#[test]
fn worktrees_and_repositories_inside_are_told_of() {
    let (_world, team, tree, number) = spawned();
    tree.git("worktree add -q trees/inner -b inner").ok();
    team.jit(&format!("worktree remove {number} --keep-branch --discard-submodules")).exits(1).says("is inside");
    team.git("worktree remove trees/inner").ok();
    // A repository that Git ignores, and one that Git records like a submodule.
    for path in ["ignored", "known"] {
        tree.git(&format!("init -q {path}")).ok();
        tree.sub(path).git("commit -q --allow-empty -m Only").ok();
    }
    std::fs::write(team.dir.join(".git/info/exclude"), "ignored\n/trees/\n").expect("written");
    tree.git("add known").status();
    tree.git("commit -q -m Known").ok();
    tree.write("junk", "x");
    let remove = |words: &str| team.jit(format!("worktree remove {number} --keep-branch {words}").trim_end());
    remove("").exits(1).says("contains repositories").says("ignored").says("known").says("junk");
    remove("--discard-untracked").exits(1).says("--discard-submodules");
    assert!(tree.dir.join("known/.git").exists());
    remove("--discard-untracked --discard-submodules").ok();
}

#[test]
fn an_operation_under_way_and_refs_of_the_worktree_alone_are_told_of() {
    let (_world, team, tree, number) = spawned();
    tree.git("commit -q --allow-empty -m Work").ok();
    tree.git("push -q origin HEAD").ok();
    tree.write("a", "precious");
    let rebase = tree.with("GIT_SEQUENCE_EDITOR", "sed -i 1ibreak");
    rebase.git("rebase -q -i --autostash HEAD~1").ok();
    assert_eq!(tree.git("status --porcelain -uno").ok().line(), "");
    team.jit(&format!("worktree remove {number}")).exits(1).says("a rebase is in progress").says("--discard-operation");
    tree.git("rebase --quit").ok();
    tree.git("stash drop -q").status();
    tree.git("checkout -q -f").ok();
    tree.git(&format!("checkout -q issue-{number}-first")).ok();
    tree.git("commit -q --allow-empty -m Kept").ok();
    tree.git("update-ref refs/worktree/keep HEAD").ok();
    tree.git("reset -q --hard HEAD~1").ok();
    team.jit(&format!("worktree remove {number}")).exits(1).says("merged nowhere");
    tree.git("update-ref -d refs/worktree/keep").ok();
    team.jit(&format!("worktree remove {number}")).ok();
}

#[test]
fn edits_that_git_was_told_not_to_see_are_seen() {
    for words in ["--skip-worktree", "--assume-unchanged"] {
        let (_world, team, tree, number) = spawned();
        tree.git(&format!("update-index {words} a")).ok();
        team.jit("worktree list --status").ok();
        tree.write("a", "precious");
        assert_eq!(tree.git("status --porcelain").ok().line(), "");
        team.jit(&format!("worktree remove {number}")).exits(1).says("uncommitted changes").says(": a");
        tree.write("a", "a");
        team.jit(&format!("worktree remove {number}")).ok();
    }
    // A file system monitor that reports no changes.
    let (world, team, tree, number) = spawned();
    let watcher = world.path("watcher");
    std::fs::write(&watcher, "#!/bin/sh\nprintf 'token\\0'\n").expect("written");
    std::process::Command::new("chmod").args(["+x".as_ref(), watcher.as_os_str()]).status().expect("run");
    tree.git_args(&["config", "core.fsmonitor", watcher.to_str().expect("text")]).ok();
    tree.git("status").ok();
    tree.write("a", "precious");
    team.jit(&format!("worktree remove {number}")).exits(1).says("uncommitted changes");
    // A sparse checkout has such files, and none of them exists.
    let (_world, team, tree, number) = spawned();
    tree.git("sparse-checkout set --no-cone /a").ok();
    team.jit(&format!("worktree remove {number}")).ok();
}

#[test]
fn nothing_counts_as_merged_that_is_not_there() {
    let (_world, team, tree, number) = spawned();
    team.git("config merge.mine.driver true").ok();
    std::fs::write(team.dir.join(".git/info/attributes"), "a merge=mine\n").expect("written");
    tree.write("a", "precious");
    tree.git("commit -q -a -m Theirs").ok();
    team.write("a", "other");
    team.git("commit -q -a -m Ours").ok();
    team.jit(&format!("worktree remove {number} -D")).exits(1).says("merged nowhere");
    let (_world, team, tree, number) = spawned();
    tree.write("a", "precious");
    tree.git("commit -q -a -m Made").ok();
    tree.git("revert --no-edit HEAD").ok();
    team.jit(&format!("worktree remove {number} -D")).exits(1).says("merged nowhere");
}

#[test]
fn the_repositorys_template_and_links_lead_nowhere_else() {
    let (world, team, issue, number) = stage();
    let outside = world.path("outside");
    std::fs::create_dir(&outside).expect("made");
    let config = team.read(".jit/config.toml");
    for template in
        ["{number}/../../.config/git", "../other/.git/hooks/{name}", "{number}/x", "../{name}/..", "out/{name}", ".jit/{name}"]
    {
        std::os::unix::fs::symlink(&outside, team.dir.join("out")).expect("linked");
        team.write(
            ".jit/config.toml",
            config.replacen("[worktree]\n", &format!("[worktree]\npath_template = \"{template}\"\n"), 1),
        );
        let refused = team.jit(&format!("worktree spawn {issue} --no-agent --json")).exits(2).document();
        assert_eq!(refused["error"]["code"], "bad_path_template", "{template}");
        std::fs::remove_file(team.dir.join("out")).expect("removed");
    }
    team.write(".jit/config.toml", &config);
    std::os::unix::fs::symlink(&outside, team.dir.join("trees")).expect("linked");
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(2).says("through a symbolic link");
    std::fs::remove_file(team.dir.join("trees")).expect("removed");
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 0);
    // The folder of issues may be a symbolic link on the branch.
    team.git("checkout -q -b astray").ok();
    std::fs::remove_dir_all(team.dir.join(".jit/issues")).expect("removed");
    std::os::unix::fs::symlink(&outside, team.dir.join(".jit/issues")).expect("linked");
    team.git("add -A").ok();
    team.git("commit -q --no-verify -m Astray").ok();
    team.git("checkout -q -f main").ok();
    team.jit(&format!("worktree spawn {issue} --no-agent --base astray")).exits(6).says("leads out of the worktree");
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 0);
    assert!(!team.dir.join(format!("trees/issue-{number}-first")).exists());
    // The user's template may, and a failure there is rolled back too.
    std::os::unix::fs::symlink(&outside, world.path("link")).expect("linked");
    let own = world.place("home/.config/jit").sub("");
    own.write("agent.toml", format!("[worktree]\npath_template = \"{}/{{name}}\"\n", world.path("link").display()));
    hook(&team, "exit 1");
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(7);
    assert_eq!(std::fs::read_dir(&outside).expect("a folder").count(), 0);
    assert_eq!(team.git("branch --list issue-*").ok().line(), "");
}

#[test]
fn an_approval_is_of_that_and_of_nothing_that_reads_like_it() {
    let (world, team, issue, _) = stage();
    let config = team.read(".jit/config.toml");
    team.write(
        ".jit/config.toml",
        format!("{config}\n[agents.a]\ncommand = [\"echo\"]\nheadless_args = [\"sh\", \"-c\", \"touch pwned\"]\n"),
    );
    team.jit("worktree approve").ok();
    let agent = "a: [\\\"echo\\\"]; headless_args";
    team.write(
        ".jit/config.toml",
        format!(
            "{}\n[agents.\"{agent}\"]\ncommand = [\"sh\", \"-c\", \"touch pwned\"]\n",
            config.replacen("[worktree]\n", &format!("[worktree]\nagent = \"{agent}\"\n"), 1)
        ),
    );
    team.jit("worktree approve --dry-run").ok().says("not approved");
    team.jit(&format!("worktree spawn {issue}")).exits(1).says("before you allow it");
    let _ = world;
}

#[test]
fn what_git_leaves_that_was_killed_is_cleared() {
    let (_world, team, issue, number) = stage();
    let name = format!("issue-{number}-first");
    let admin = team.dir.join(".git/worktrees").join(&name);
    let tree = team.dir.join("trees").join(&name);
    let head = team.git("rev-parse HEAD").ok().line();
    // What `git worktree add` has created after each of its steps, in order.
    for step in 1..=6 {
        std::fs::create_dir_all(&admin).expect("made");
        std::fs::write(admin.join("locked"), "initializing\n").expect("written");
        if step >= 2 {
            std::fs::create_dir_all(&tree).expect("made");
        }
        if step >= 3 {
            std::fs::write(admin.join("gitdir"), format!("{}/.git\n", tree.display())).expect("written");
        }
        if step >= 4 {
            std::fs::write(tree.join(".git"), format!("gitdir: {}\n", admin.display())).expect("written");
        }
        if step >= 5 {
            std::fs::create_dir_all(admin.join("refs")).expect("made");
            std::fs::write(admin.join("commondir"), "../..\n").expect("written");
        }
        if step >= 6 {
            std::fs::write(admin.join("HEAD"), format!("{}\n", "0".repeat(40))).expect("written");
        }
        team.git(&format!("update-ref refs/heads/{name} {head}")).ok();
        let record = serde_json::json!({
            "schema_version": 1, "lease_id": "01M7ZTXJ51W5W9KSAQV0M98S99", "holder": { "agent_id": "agent:alice", "worktree_id": "wt:00000001" },
            "issue_id": issue, "path": { "Unix": tree.to_str().expect("text").as_bytes() }, "branch": name, "makes_branch": true,
            "base": head, "pid": 4_000_000, "began": 1,
        });
        team.write(".git/jit/spawns/01M7ZTXJ51W5W9KSAQV0M98S99.json", format!("{record}\nadding\n"));
        team.jit("worktree prune").ok().says("has been undone");
        assert!(!admin.exists() && !tree.exists(), "{step}");
        team.git(&format!("rev-parse -q --verify {name}")).exits(1);
    }
    team.jit(&format!("worktree spawn {issue} --no-agent")).ok();
}

#[test]
fn variables_that_name_a_repository_lead_no_agent_astray() {
    let (world, team, issue, number) = stage();
    let stand_ins = StandIns::new(&world);
    let git_dir = team.dir.join(".git");
    let place = stand_ins
        .at(&team)
        .with("GIT_DIR", git_dir.to_str().expect("text"))
        .with("GIT_WORK_TREE", team.dir.to_str().expect("text"));
    place.jit(&format!("worktree spawn {issue} --headless")).ok();
    let tree = team.dir.join(format!("trees/issue-{number}-first"));
    until("it is started", || stand_ins.log("claude").contains("end"));
    assert!(stand_ins.log("claude").contains(&format!("cwd {}\n", tree.display())), "{}", stand_ins.log("claude"));
    assert!(!git_dir.join("jit/agent.json").exists());
}

#[test]
fn whoever_has_no_name_in_git_can_make_a_worktree() {
    let (_world, team, issue, number) = stage();
    let named = team.with("GIT_COMMITTER_DATE", "2001-02-03T04:05:06 +0100").jit("worktree spawn 45 --title Named --no-agent").ok();
    named.says("Created worktree");
    assert!(team.git("reflog show --format=%gn%ge issue-45-named").ok().line().contains("Testtest@example.com"));
    let log = team.read(".git/logs/refs/heads/issue-45-named");
    assert!(log.contains(" Test <test@example.com> 981169506 +0100\t"), "{log}");
    let mut command = team.command("git-jit");
    for part in ["NAME", "EMAIL"] {
        command.env_remove(format!("GIT_AUTHOR_{part}")).env_remove(format!("GIT_COMMITTER_{part}"));
    }
    Outcome::of("spawn".to_owned(), command.args(["worktree", "spawn", &issue, "--no-agent"])).ok().says("Created worktree");
    let branch = format!("issue-{number}-first");
    assert_eq!(team.git(&format!("reflog show --format=%gn {branch}")).ok().line(), "agent:alice");
    assert_eq!(team.sub(&format!("trees/{branch}")).read("a"), "a");
}

#[test]
fn two_at_once_in_one_worktree_are_one_agent() {
    let (world, team, issue, _) = stage();
    let stand_ins = StandIns::new(&world);
    team.jit(&format!("worktree spawn {issue} --no-agent")).ok();
    let place = stand_ins.at(&team).with("AGENT_DOES", "while [ ! -e \"$STAND_INS/go\" ]; do sleep 0.05; done");
    let both: Vec<_> = (0..4).map(|_| place.start(&["worktree", "spawn", &issue, "--headless"], Stdio::null())).collect();
    let won = both.into_iter().map(|mut child| child.wait().expect("it ends").success()).filter(|success| *success).count();
    assert_eq!(won, 1);
    world.place("stand-ins").write("go", "");
    assert_eq!(stand_ins.log("claude").matches("end\n").count(), 1);
}

#[test]
fn nobody_waits_for_what_others_leave_running() {
    let (world, team, issue, _) = stage();
    let stand_ins = StandIns::new(&world);
    stand_ins.program("gh", "#!/bin/sh\nsleep 25 &\necho '{\"title\":\"Quick\",\"state\":\"OPEN\"}'\n");
    hook(&team, "sleep 25 &");
    let start = std::time::Instant::now();
    stand_ins.at(&team).jit("worktree spawn 42 --no-agent").ok();
    team.jit(&format!("worktree spawn {issue} --no-agent")).ok();
    assert!(start.elapsed() < Duration::from_secs(20), "{:?}", start.elapsed());
}

#[test]
fn one_stands_where_ones_shell_does() {
    let (_world, team, tree, number) = spawned();
    let here = tree.jit_args(&["-C", team.dir.to_str().expect("text"), "worktree", "remove", &number]);
    here.exits(1).says("you are in");
    tree.write("two\nlines", "x");
    let told = team.jit(&format!("worktree remove {number}")).exits(1);
    assert!(told.stderr.contains("two\\nlines"), "{}", told.stderr);
}

#[test]
fn a_bare_repository_is_named_to_git() {
    let (world, _, _, _) = stage();
    world.place("").jit("wt clone team bare.git").ok();
    std::fs::create_dir_all(world.path("home")).expect("made");
    let config = world.path("home/gitconfig");
    std::fs::write(&config, "[safe]\n\tbareRepository = explicit\n").expect("written");
    let bare = world.place("bare.git").agent("agent:a").with("GIT_CONFIG_GLOBAL", config.to_str().expect("text"));
    bare.jit_args(&["wt", "spawn", "7", "--title", "Seven", "--no-agent"]).ok();
    bare.jit("wt remove 7 -D --discard-untracked").ok();
    // trees/main stays the primary worktree, with any branch checked out.
    bare.sub("trees/main").git("switch -q -c hotfix").ok();
    bare.jit("wt path main").ok().says("trees/main");
    assert!(Path::new(bare.json("wt list")["worktrees"][0]["root"].as_str().expect("a path")).ends_with("trees/main"));
}

#[test]
fn a_name_that_git_would_take_for_a_pattern_is_a_name() {
    let (_world, team, tree, number) = spawned();
    for name in [":(icase)zz", ":!b", ":(exclude)a"] {
        tree.write(name, "x");
        tree.git_args(&["--literal-pathspecs", "add", name]).ok();
    }
    tree.git("commit -q -m Names").ok();
    for name in [":(icase)zz", ":!b", ":(exclude)a"] {
        tree.git_args(&["update-index", "--assume-unchanged", &format!("./{name}")]).ok();
        tree.write(name, "precious");
        team.jit(&format!("worktree remove {number} --keep-branch")).exits(1).says("uncommitted changes");
        tree.write(name, "x");
    }
    // More names than fit on a command line, and an unborn HEAD.
    for n in 0..300 {
        tree.write(&format!("{}/{}/{n}", "d".repeat(200), "e".repeat(200)), "x");
    }
    tree.git("add -A").ok();
    tree.git("commit -q -m Many").ok();
    let all = tree.git("ls-files").ok().stdout;
    tree.pipe("git update-index --assume-unchanged --stdin", all.as_bytes()).ok();
    team.jit(&format!("worktree remove {number} --keep-branch")).ok();
    let (_world, team, tree, number) = spawned();
    tree.git("update-index --skip-worktree a").ok();
    tree.git("checkout -q --orphan fresh").ok();
    team.jit(&format!("worktree remove {number} --discard-changes")).ok();
}

/// A spawn that is killed while its post-checkout hook runs; the hook is killed too.
fn killed_in_its_hook(team: &Place, issue: &str, number: &str) -> Place {
    hook(team, "echo $$ > ../../hooking; mv ../../hooking ../../hooked; exec sleep 60");
    let mut child = team.start(&["worktree", "spawn", issue, "--no-agent"], Stdio::null());
    until("the hook runs", || team.dir.join("hooked").exists());
    child.kill().expect("killed");
    child.wait().expect("it ends");
    std::process::Command::new("kill").arg(team.read("hooked").trim()).status().expect("run");
    std::fs::remove_file(team.dir.join(".git/hooks/post-checkout")).expect("removed");
    until("the hook is over", || team.json("doctor").to_string().contains("was interrupted"));
    team.sub(&format!("trees/issue-{number}-first"))
}

#[test]
fn all_kinds_of_work_in_what_was_left_half_made_are_kept() {
    let kinds: [fn(&Place); 4] = [
        |tree| {
            tree.git("checkout -q --detach").ok();
            tree.git("rm -q a").ok();
            tree.git("commit -q --no-verify -m Detached").ok();
        },
        |tree| {
            tree.write("a", "staged");
            tree.git("add a").ok();
            tree.write("a", "a");
        },
        |tree| tree.write("my.jit-tmp-dir/work.txt", "work"),
        |tree| drop(tree.git("worktree lock .").ok()),
    ];
    for work in kinds {
        let (_world, team, issue, number) = stage();
        let tree = killed_in_its_hook(&team, &issue, &number);
        work(&tree);
        team.jit("worktree prune").ok().says("so it is kept");
        assert!(tree.dir.join("b").exists());
    }
    // An untouched worktree is removed.
    let (_world, team, issue, number) = stage();
    let tree = killed_in_its_hook(&team, &issue, &number);
    team.jit("worktree prune").ok().says("has been undone");
    assert!(!tree.dir.exists());
}

#[test]
fn a_file_that_git_had_begun_to_write_is_nobodys_work() {
    for is_work in [false, true] {
        let (_world, team, issue, number) = stage();
        let tree = killed_in_its_hook(&team, &issue, &number);
        // As if Git had been killed while it wrote files: no index, one file truncated, one missing.
        let git_dir = tree.git("rev-parse --absolute-git-dir").ok().line();
        std::fs::remove_file(Path::new(&git_dir).join("index")).expect("removed");
        tree.write("a", "");
        std::fs::remove_file(tree.dir.join("b")).expect("removed");
        if is_work {
            tree.write("mine", "work");
        }
        team.jit("worktree prune").ok().says(if is_work { "so it is kept" } else { "has been undone" });
        assert_eq!(tree.dir.exists(), is_work);
        if is_work {
            // The user can work in it.
            assert_eq!(tree.read("b"), "b");
            team.jit(&format!("worktree spawn {issue} --no-agent")).ok();
            assert_eq!(tree.git("status --porcelain").ok().stdout, " M a\n?? mine\n");
        }
    }
}

#[test]
fn a_number_sign_means_the_issue_and_a_number_alone_is_no_guess() {
    let (_world, team, _, _) = stage();
    team.git("worktree add -q ../nn-42 -b 42").ok();
    team.git("worktree add -q trees/issue-42-x -b issue-42-x").ok();
    team.jit("worktree path #42").ok().says("trees/issue-42-x");
    team.jit("worktree remove 42").exits(2).says("matches 2 worktrees");
    team.jit("worktree remove #42").ok();
    team.jit("worktree path 42").ok().says("nn-42");
    team.jit("worktree path #42").exits(3);
}

#[test]
fn what_a_killed_removal_leaves_can_be_put_back_or_given_up() {
    let (_world, team, tree, number) = spawned();
    let issue = team.json("worktree list")["worktrees"][1]["issue_id"].as_str().expect("one").to_owned();
    std::fs::remove_file(tree.dir.join(".git")).expect("removed");
    team.jit(&format!("worktree remove {number}")).exits(1).says("no longer has a .git file").says("git worktree repair");
    team.jit(&format!("worktree spawn {issue} --no-agent")).exits(1).says("no longer has a .git file");
    team.jit("worktree prune").ok().says("Kept:").says("no longer has a .git file");
    assert_eq!(team.json("worktree list")["worktrees"][1]["missing"], true);
    team.git("worktree repair").ok();
    tree.git("status --porcelain").ok().says_nothing();
    std::fs::remove_file(tree.dir.join(".git")).expect("removed");
    team.jit(&format!("worktree remove {number} -D --discard-changes")).ok().says("Released lease");
    assert!(!tree.dir.exists());
}

#[test]
fn two_removals_at_once_leave_nothing() {
    let (_world, team, _tree, number) = spawned();
    let both: Vec<_> = (0..4).map(|_| team.start(&["worktree", "remove", &number, "-D"], Stdio::null())).collect();
    let won = both.into_iter().map(|mut child| child.wait().expect("it ends").success()).filter(|success| *success).count();
    assert_eq!(won, 1);
    assert_eq!(std::fs::read_dir(team.dir.join(".git/worktrees")).map_or(0, Iterator::count), 0);
}

#[test]
fn a_branch_that_is_gone_on_with_is_not_deleted_meanwhile() {
    let (_world, team, tree, number) = spawned();
    let issue = team.json("worktree list")["worktrees"][1]["issue_id"].as_str().expect("one").to_owned();
    tree.jit("claim release").ok();
    let path = team.dir.join(".git/hooks/reference-transaction");
    let waits = "#!/bin/sh\nif [ \"$1\" = prepared ] && grep -q ' 0000000000000000000000000000000000000000 refs/heads/issue-'; then : > deleting; sleep 1; fi\n";
    std::fs::write(&path, waits).expect("written");
    std::process::Command::new("chmod").args(["+x".as_ref(), path.as_os_str()]).status().expect("run");
    let removal = team.start(&["worktree", "remove", &number, "-D"], Stdio::null());
    until("the branch is being deleted", || team.dir.join(".git/deleting").exists() || team.dir.join("deleting").exists());
    team.jit(&format!("worktree spawn {issue} --no-agent --resume")).status();
    assert!(removal.wait_with_output().expect("it ends").status.success());
    for worktree in team.json("worktree list")["worktrees"].as_array().expect("a list") {
        team.moved(worktree["root"].as_str().expect("a path")).git("rev-parse -q --verify HEAD").ok();
    }
}

/// A Git that waits after it has removed a worktree.
fn tired_git(stand_ins: &StandIns) {
    let script = format!(
        "#!/bin/sh\n{} \"$@\" || exit\ncase \"$*\" in *'worktree remove'*) : > \"$STAND_INS/removed\"; n=0; while [ ! -e \"$STAND_INS/go\" ] && [ $n -lt 600 ]; do sleep 0.05; n=$((n+1)); done;; esac\n",
        super::crowd::real_git()
    );
    stand_ins.program("git", &script);
}

#[test]
fn a_removal_that_is_killed_when_git_has_done_its_part_is_finished_by_the_next_command() {
    for next in ["worktree prune", "worktree remove NUMBER", "worktree spawn ISSUE --no-agent"] {
        let (world, team, tree, number) = spawned();
        let stand_ins = StandIns::new(&world);
        tired_git(&stand_ins);
        let mut child = stand_ins.at(&team).start(&["worktree", "remove", &number, "-D"], Stdio::null());
        until("Git has removed it", || world.path("stand-ins/removed").exists());
        child.kill().expect("killed");
        child.wait().expect("it ends");
        assert!(!tree.dir.exists());
        team.jit("worktree prune").ok().never_says("has been finished");
        assert_eq!(team.json("claim list")["count"], 1, "Git is still at it");
        world.place("stand-ins").write("go", "");
        until("Git is done", || team.json("doctor").to_string().contains("finishes it"));
        assert_eq!(team.json("doctor")["healthy"], true);
        let issue = team.json("claim list")["leases"][0]["issue_id"].as_str().expect("an id").to_owned();
        let told = team.jit(&next.replace("NUMBER", &number).replace("ISSUE", &issue)).says("has been finished");
        assert_eq!(told.status(), if next.contains("remove") { 3 } else { 0 }, "{next}");
        let is_there_again = u64::from(next.contains("spawn"));
        assert_eq!(team.json("claim list")["count"].as_u64(), Some(is_there_again), "{next}");
        let branches = team.git("branch --list issue-*").ok().stdout.lines().count();
        assert_eq!(branches as u64, is_there_again, "{next}");
        assert_eq!(std::fs::read_dir(team.dir.join(".git/jit/removals")).expect("a folder").count(), 0);
    }
}

#[test]
fn a_sequence_of_picks_is_under_way_between_two_of_them() {
    let (_world, team, tree, number) = spawned();
    tree.git("checkout -q -b picked").ok();
    for n in 1..=3 {
        tree.write("a", format!("{n}"));
        tree.git("commit -q -a -m Pick").ok();
    }
    tree.git(&format!("checkout -q issue-{number}-first")).ok();
    tree.git("cherry-pick HEAD..picked~2").ok();
    tree.git("cherry-pick -n picked~1").ok();
    tree.git("commit -q -m Other").ok();
    tree.git("cherry-pick picked~1^..picked").status();
    assert!(Path::new(&tree.git("rev-parse --absolute-git-dir").ok().line()).join("sequencer").exists());
    tree.git("reset -q --hard").ok();
    let path = tree.dir.to_str().expect("text");
    team.jit_args(&["worktree", "remove", path, "--keep-branch"]).exits(1).says("--discard-operation");
}

#[test]
fn what_prepares_a_worktree_is_waited_for_when_its_spawn_is_killed() {
    let (world, team, issue, number) = stage();
    let own = world.place("home/.config/jit").sub("");
    own.write(
        "agent.toml",
        "[worktree]\npost_spawn = \"touch ../../begun; while [ ! -e ../../go ]; do sleep 0.05; done; echo late > late.txt\"\n",
    );
    let mut child = team.start(&["worktree", "spawn", &issue, "--no-agent"], Stdio::null());
    until("it has begun", || team.dir.join("begun").exists());
    child.kill().expect("killed");
    child.wait().expect("it ends");
    team.jit("worktree prune").ok().never_says("was interrupted");
    team.jit(&format!("worktree remove {number}")).exits(8).says("is being created");
    team.write("go", "");
    let tree = team.dir.join(format!("trees/issue-{number}-first"));
    until("it is over", || tree.join("late.txt").exists());
    until("it is settled", || team.jit("worktree prune").ok().stderr.contains("post_spawn has not finished"));
    assert!(tree.join("a").exists());
    assert_eq!(team.json("claim list")["count"], 0);
}
