//! Agents: how they are started, their variables, and their lease when they end.

use super::stand_ins::StandIns;
use crate::support::waiting::until;
use crate::support::{Place, World};

fn stage() -> (World, StandIns, Place, String) {
    let (world, issues) = World::strict();
    let stand_ins = StandIns::new(&world);
    let team = stand_ins.at(&world.team().agent("agent:alice"));
    (world, stand_ins, team, issues[0].clone())
}

#[test]
fn each_agent_is_started_with_its_own_arguments_where_it_is_to_work() {
    let (_world, stand_ins, team, issue) = stage();
    for (words, agent, expected) in [
        ("", "claude", &[][..]),
        ("--yolo -- --model opus", "claude", &["--dangerously-skip-permissions", "--model", "opus"]),
        ("--agent codex --yolo", "codex", &["--dangerously-bypass-approvals-and-sandbox"]),
        ("--agent gemini", "gemini", &["--prompt-interactive"]),
    ] {
        let spawned = team.jit(format!("worktree spawn {issue} {words}").trim_end());
        if words.contains("--yolo") {
            spawned.warns("without asking for permission")
        } else {
            spawned.ok()
        };
        let mut arguments = stand_ins.arguments(agent);
        let told = arguments.pop().expect("the prompt");
        assert!(told.contains(&format!("git jit issue show {}", &issue[..8])), "{told}");
        assert_eq!(arguments, expected, "{words}");
    }
    let log = stand_ins.log("claude");
    assert!(log.contains("JIT_AGENT_ID=agent:alice\n") && log.contains(&format!("JIT_ISSUE_ID={issue}\n")), "{log}");
    assert!(log.contains("JIT_LEASE_ID=01") && !log.contains("GIT_DIR") && !log.contains("CD_FILE"), "{log}");
    let shell = team.with("SHELL", "/bin/sh");
    shell.jit(&format!("worktree spawn {issue} --agent shell -- -c true")).ok();
    shell.jit(&format!("worktree spawn {issue} --agent shell --headless")).exits(2).says("headless_args");
    shell.jit(&format!("worktree spawn {issue} --agent shell --yolo")).exits(2).says("yolo_args");
    team.jit(&format!("worktree spawn {issue} --agent emacs")).exits(3).says("claude, codex, gemini, shell");
    team.jit(&format!("worktree spawn {issue} --no-agent --yolo")).exits(2);
}

#[test]
fn what_cannot_be_started_makes_nothing() {
    let (world, stand_ins, team, issue) = stage();
    let nobody = team.with("PATH", &format!("{}:/usr/local/bin:/usr/bin:/bin", crate::support::binaries().display()));
    nobody.jit(&format!("worktree spawn {issue} --agent gemini")).exits(3).says("--no-agent");
    assert_eq!((team.json("worktree list")["count"].as_u64(), team.json("claim list")["count"].as_u64()), (Some(1), Some(0)));
    assert!(!world.path("team/trees").exists());
    let _ = stand_ins;
}

#[test]
fn a_good_end_gives_the_lease_back_and_a_bad_one_leaves_it() {
    let (_world, stand_ins, team, issue) = stage();
    let does = |what: &str| stand_ins.at(&team).with("AGENT_DOES", what);
    does("exit 0").jit(&format!("worktree spawn {issue}")).ok().says("is released");
    assert_eq!(team.json("claim list")["count"], 0);
    let ended = does("exit 3").jit(&format!("worktree spawn {issue}")).exits(3);
    ended.says("exited with status 3").says("To continue: git jit worktree spawn").says("claim release");
    let list = team.json("worktree list");
    let tree = &list["worktrees"][1];
    assert_eq!((&tree["agent"]["status"], &tree["agent"]["alive"]), (&3.into(), &false.into()));
    assert_eq!(tree["leases"][0]["agent_id"], "agent:alice");
    // Continuing uses the existing lease, as the agent that the worktree belongs to.
    let lease = tree["leases"][0]["lease_id"].clone();
    let edit = "git jit issue update $JIT_ISSUE_ID --state in_progress -q";
    let again = does(edit).json(&format!("worktree spawn {issue}"));
    assert_eq!((&again["lease_id"], &again["changed"]), (&lease, &false.into()));
    assert_eq!((&again["agent"]["lease"], &again["agent"]["status"]), (&"closing".into(), &0.into()));
    let tree = team.moved(again["path"].as_str().expect("a path"));
    tree.git("commit -q -a -m Begin").ok();
    assert_eq!(team.json("claim list")["count"], 0, "it ended with the commit");
    let signalled = does("kill -TERM $$").jit(&format!("worktree spawn {issue}"));
    signalled.exits(143).says("lasts");
}

#[test]
fn a_lease_outlives_its_time_while_the_agent_works() {
    let (world, stand_ins, team, issue) = stage();
    let working = stand_ins.at(&team).with("AGENT_DOES", "while [ ! -e \"$STAND_INS/go\" ]; do sleep 0.05; done");
    let mut child = working.start(&["worktree", "spawn", &issue, "--ttl", "2"], std::process::Stdio::null());
    until("the agent works", || !stand_ins.log("claude").is_empty());
    let begun = std::time::Instant::now();
    until("the lease's first time is over", || begun.elapsed() > std::time::Duration::from_millis(2_300));
    world.linked("bob").jit(&format!("claim acquire {issue}")).exits(4);
    world.place("stand-ins").write("go", "");
    assert!(child.wait().expect("it ends").success());
}

#[test]
fn one_that_nobody_watches_has_a_log_and_can_be_followed_and_stopped() {
    let (_world, stand_ins, team, issue) = stage();
    let number = &issue[..8];
    let does = |what: &str| stand_ins.at(&team).with("AGENT_DOES", what);
    let go = team.dir.join("go").display().to_string().replace(' ', "\\ ");
    let waits = format!("while [ ! -e {go} ]; do sleep 0.05; done; echo the end; exit 5");
    let begun = does(&waits).json(&format!("worktree spawn {issue} --headless"));
    let (pid, log) = (begun["agent"]["pid"].as_u64().expect("a pid"), begun["agent"]["log"].as_str().expect("a log"));
    assert!(std::path::Path::new(&format!("/proc/{pid}/stat")).exists() && std::path::Path::new(log).exists());
    assert_eq!(stand_ins.arguments("claude")[0], "--print");
    let list = team.jit("worktree list").ok();
    assert!(list.stdout.contains(&format!("claude {pid}")), "{}", list.stdout);
    team.jit(&format!("worktree spawn {issue}")).exits(4).says("is running in").says(&pid.to_string());
    team.jit(&format!("worktree spawn {issue} --no-agent")).ok().says("Found worktree");
    team.jit(&format!("worktree remove {number}")).exits(4).says("--stop-agent");
    team.jit(&format!("worktree attach {number} --no-follow")).ok().says("claude said something").says("still running");
    let follower = team.start(&["worktree", "attach", number], std::process::Stdio::piped());
    team.write("go", "");
    let ended = follower.wait_with_output().expect("it ends with the agent");
    let said = String::from_utf8_lossy(&ended.stdout).into_owned();
    assert!(said.contains("claude said something\nthe end\n"), "{said}");
    assert_eq!(ended.status.code(), Some(5));
    until("the end is written down", || team.json("worktree list")["worktrees"][1]["agent"]["status"] == 5);
    assert_eq!(team.json("claim list")["count"], 1, "it failed, and the lease stays");
    // A second agent, which is stopped when its worktree is removed.
    let begun = does("sleep 60").json(&format!("worktree spawn {issue} --headless"));
    let pid = begun["agent"]["pid"].as_u64().expect("a pid");
    team.jit(&format!("worktree remove {number} --stop-agent --delete-branch")).ok();
    until("the agent is gone", || !std::path::Path::new(&format!("/proc/{pid}")).exists());
    until("no lease is left", || team.json("claim list")["count"] == 0);
    assert!(std::path::Path::new(log).exists(), "what it said outlives the worktree");
}

#[test]
fn an_agent_without_a_log_cannot_be_followed() {
    let (_world, _, team, issue) = stage();
    team.jit(&format!("worktree attach {}", &issue[..8])).exits(3);
    team.jit(&format!("worktree spawn {issue}")).ok();
    team.jit(&format!("worktree attach {}", &issue[..8])).exits(3).says("ran in a terminal");
}

#[test]
fn an_agent_of_the_users_is_an_argv_and_one_of_the_repositorys_wants_to_be_allowed() {
    let (world, stand_ins, team, issue) = stage();
    stand_ins.program("mine", "#!/bin/sh\nfor word in \"$@\"; do printf '<%s>' \"$word\"; done > \"$STAND_INS/mine\"\n");
    let said = || std::fs::read_to_string(world.path("stand-ins/mine")).expect("written");
    let own = world.place("home/.config/jit").sub("");
    own.write(
        "agent.toml",
        "[worktree]\nagent = \"mine\"\n[agents.mine]\ncommand = [\"mine\", \"a b\"]\nprompt = \"{number}: {title} $(touch x)\"\n",
    );
    team.jit(&format!("worktree spawn {issue}")).ok();
    assert_eq!(said(), format!("<a b><{}: First $(touch x)>", &issue[..8]));
    own.write("agent.toml", "");
    let config = team.read(".jit/config.toml");
    team.write(".jit/config.toml", format!("{config}\n[agents.claude]\ncommand = [\"mine\", \"evil\"]\n"));
    team.jit(&format!("worktree spawn {issue}")).exits(1).says("before you allow it").says("git jit worktree approve");
    team.jit("worktree approve --dry-run").ok().says("not approved").says("evil");
    team.jit(&format!("worktree spawn {issue}")).exits(1);
    team.jit("worktree approve").ok().says("evil");
    team.jit(&format!("worktree spawn {issue}")).ok();
    assert_eq!(said(), "<evil>");
    team.write(".jit/config.toml", format!("{config}\n[agents.claude]\ncommand = [\"mine\", \"worse\"]\n"));
    team.jit(&format!("worktree spawn {issue}")).exits(1).says("before you allow it");
}

#[test]
fn an_agent_is_stopped_with_all_that_it_has_started() {
    let (world, stand_ins, team, issue) = stage();
    let does = "sleep 61 & echo $! > \"$STAND_INS/child\"; wait";
    stand_ins.at(&team).with("AGENT_DOES", does).json(&format!("worktree spawn {issue} --headless"));
    let child = || std::fs::read_to_string(world.path("stand-ins/child")).unwrap_or_default().trim().to_owned();
    until("it has started something", || !child().is_empty());
    let is_alive = || std::fs::read_to_string(format!("/proc/{}/stat", child())).is_ok_and(|stat| !stat.contains(") Z "));
    assert!(is_alive());
    team.jit(&format!("worktree remove {} --stop-agent", &issue[..8])).ok();
    until("that is gone too", || !is_alive());
}

#[test]
fn a_lease_that_the_agent_ended_well_is_not_told_as_lost() {
    let (_world, stand_ins, team, issue) = stage();
    let does = |what: &str| stand_ins.at(&team).with("AGENT_DOES", what);
    let words = format!("worktree spawn {issue}");
    let finishes = "git jit done $JIT_ISSUE_ID -q && git commit -q -a -m Done && sleep 1";
    does(finishes).jit(&words).ok().says("is released").never_says("was lost before the end").never_says("claim log");
    does("git jit claim release $JIT_LEASE_ID -q").jit(&words).ok().says("is released");
    let finishes = "git jit claim release $JIT_LEASE_ID -q; sleep 1; exit 3";
    does(finishes).jit(&words).exits(3).says("is released").never_says("was lost before the end");
    let evicted = "git jit claim force-evict $JIT_LEASE_ID --reason x -q; sleep 1";
    does(evicted).jit(&words).warns("is lost").says("was lost before the end");
    let held = ["claim", "hold", &issue, "--", "sh", "-c", "git jit claim release $JIT_LEASE_ID -q"];
    team.jit_args(&held).ok().says("released").never_says("was lost before the end");
}

#[test]
fn a_table_of_agents_is_a_setting() {
    let (_world, _, team, _) = stage();
    let config = team.read(".jit/config.toml");
    team.write(".jit/config.toml", format!("{config}\n[agents.mine]\ncommand = [\"mine\"]\n"));
    team.jit("config validate").ok();
    team.jit("doctor").ok().never_says("means nothing");
}

#[test]
fn one_that_was_killed_with_what_tends_it_is_not_called_well() {
    let (_world, stand_ins, team, issue) = stage();
    let begun = stand_ins.at(&team).with("AGENT_DOES", "sleep 60").json(&format!("worktree spawn {issue} --headless"));
    let pid = begun["agent"]["pid"].as_u64().expect("a pid");
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let tends = status.lines().find_map(|line| line.strip_prefix("PPid:")).expect("it has a parent").trim().to_owned();
    for killed in [tends, pid.to_string()] {
        team.pipe(&format!("kill -9 {killed}"), b"").ok();
    }
    team.jit(&format!("worktree attach {}", &issue[..8])).exits(1).says("its exit status is unknown");
}
