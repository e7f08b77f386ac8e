//! Gates: definitions, requirements, runs, verdicts, and the states that they block.

use std::time::{Duration, Instant};

use crate::support::waiting::until;
use crate::support::{Outcome, Place, World};

fn state(team: &Place, id: &str) -> String {
    team.json(&format!("issue show {id}"))["issues"][0]["state"].as_str().expect("a state").to_owned()
}

#[test]
fn done_waits_for_the_gates_and_the_last_one_completes_it() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    team.jit("gate define plan --stage precheck --title Planned").ok();
    team.jit_args(&["gate", "define", "tests", "--command", "test -f built", "--title", "Tests"]).ok();
    team.jit_args(&["gate", "define", "review", "-d", "Another person has read it"]).ok();
    let id = team.jit("issue create --quiet One --gate plan,tests --gate review").ok().line();
    team.jit(&format!("issue update {id} --state in_progress")).exits(1).says("plan").says("gate check-all");
    team.jit(&format!("gate pass {id} plan --by human:ada")).ok();
    team.jit(&format!("issue update {id} --state in_progress")).ok();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    team.acquire(&id);
    team.jit(&format!("issue update {id} --state done")).exits(1).says("review, tests").says("git jit gate status");
    assert_eq!(state(&team, &id), "gated");
    // The lease is closing, so that a reviewer can acquire it after the commit.
    team.jit("claim list").ok().says("until its commit");
    team.git("commit -q -a -m Gated").ok();
    team.jit("claim list").ok().says("agent:me");
    team.jit(&format!("gate check {id} tests")).exits(1).says("✗ tests failed with 1");
    team.jit(&format!("gate check {id} review")).exits(1).says("gate pass");
    team.jit(&format!("gate pass {id} tests")).exits(1).says("automated").says("gate check");
    team.write("built", "x");
    team.jit(&format!("gate check-all {id}")).ok().says("✓ tests passed").says("manual: git jit gate pass");
    assert_eq!(state(&team, &id), "gated");
    let outdated = |key: &str| {
        let status = team.json(&format!("gate status {id}"));
        status["gates"].as_array().expect("a list").iter().find(|gate| gate["key"] == key).expect("there")["outdated"].clone()
    };
    assert_eq!((outdated("tests"), outdated("plan"), outdated("review")), (false.into(), true.into(), serde_json::Value::Null));
    team.write("other", "y");
    assert_eq!(outdated("tests"), true);
    team.jit(&format!("gate status {id}")).ok().says("on another tree than the current one");
    team.jit(&format!("gate fail {id} review --reason no-tests")).ok();
    team.jit(&format!("gate status {id}")).ok().says("✗ review failed by agent:me: no-tests");
    team.jit(&format!("gate pass {id} review")).ok().says("All gates passed: it is done");
    assert_eq!(state(&team, &id), "done");
    team.jit("doctor").ok();
}

#[test]
fn a_gate_that_hangs_is_stopped_with_its_children_and_its_output_kept() {
    let world = World::new();
    let team = world.team();
    let script = "echo begun $JIT_ISSUE_ID $JIT_GATE $WORD; pwd; trap '' TERM; sleep 300 & echo $! > pid; sleep 300";
    team.jit_args(&["gate", "define", "slow", "--command", script, "--timeout", "1", "--env", "WORD=said"]).ok();
    let id = team.jit("issue create --quiet One --gate slow").ok().line();
    let start = Instant::now();
    let ran = team.jit(&format!("gate check {id} slow --json")).exits(1).document();
    assert!(start.elapsed() < Duration::from_secs(60));
    let gate = &ran["gates"][0];
    assert_eq!((&gate["status"], &gate["exit_code"]), (&"failed".into(), &serde_json::Value::Null));
    let output = std::fs::read_to_string(gate["output"].as_str().expect("a path")).expect("kept");
    assert!(output.contains(&format!("begun {id} slow said")) && output.contains("/team"), "{output}");
    let pid = team.read("pid").trim().to_owned();
    until("the gate's child has ended", || !std::path::Path::new(&format!("/proc/{pid}")).exists() || is_zombie(&pid));
}

fn is_zombie(pid: &str) -> bool {
    std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") Z "))
}

#[test]
fn an_interruption_stops_the_gates_and_records_no_verdict() {
    let world = World::new();
    let team = world.team();
    team.jit_args(&["gate", "define", "slow", "--command", "echo x > begun; sleep 300", "--timeout", "200"]).ok();
    let id = team.jit("issue create --quiet One --gate slow").ok().line();
    let before = team.read(&Place::file(&id));
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
    check.args(["gate", "check", &id, "slow"]).current_dir(&team.dir).env("HOME", world.path("home"));
    let mut check = check.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("started");
    until("the gate runs", || team.dir.join("begun").exists());
    team.command("kill").args(["-INT", &check.id().to_string()]).assert().success();
    assert_eq!(check.wait().expect("ended").code(), Some(8));
    assert_eq!(team.read(&Place::file(&id)), before);
}

#[test]
fn gates_run_in_parallel_and_in_order() {
    let world = World::new();
    let team = world.team();
    for (key, priority) in [("c", 1), ("b", 2), ("a", 3)] {
        let command = format!("echo {key} >> order; sleep 0.3");
        team.jit_args(&["gate", "define", key, "--command", &command, "--priority", &priority.to_string()]).ok();
    }
    let id = team.jit("issue create --quiet One --gate a,b,c").ok().line();
    team.jit(&format!("gate check-all {id}")).ok();
    assert_eq!(team.read("order"), "c\nb\na\n");
    // Each waits for the other, so both pass only if they run at the same time.
    for (key, other) in [("x", "y"), ("y", "x")] {
        let command =
            format!("touch at-{key}; for n in 1 2 3 4 5 6 7 8 9; do test -f at-{other} && exit 0; sleep 0.3; done; exit 1");
        team.jit_args(&["gate", "define", key, "--command", &command]).ok();
    }
    let both = team.jit("issue create --quiet Two --gate x,y").ok().line();
    team.jit(&format!("gate check-all {both} --jobs 2")).ok();
    std::fs::remove_file(team.dir.join("at-x")).expect("there");
    std::fs::remove_file(team.dir.join("at-y")).expect("there");
    team.jit(&format!("gate check-all {both}")).exits(1);
}

#[test]
fn definitions_are_checked_keep_the_older_format_and_are_not_removed_while_required() {
    let world = World::new();
    let team = world.team();
    let define = |args: &[&str]| -> Outcome { team.jit_args(&[&["gate", "define"], args].concat()) };
    define(&["fmt", "--command", "true", "--description", "d"]).ok();
    define(&["fmt", "--command", "true", "--description", "d"]).ok().says("is unchanged");
    define(&["fmt", "--timeout", "9"]).ok();
    let gates: serde_json::Value = serde_json::from_str(&team.read(".jit/gates.json")).expect("JSON");
    assert_eq!(
        (&gates["gates"]["fmt"]["checker"]["command"], &gates["gates"]["fmt"]["checker"]["timeout_seconds"]),
        (&"true".into(), &9.into())
    );
    for bad in [
        &["a b"][..],
        &["../x"],
        &["x", "--mode", "auto"],
        &["x", "--timeout", "0"],
        &["x", "--command", "true", "--working-dir", "../y"],
        &["x", "--env", "y"],
    ] {
        define(bad).exits(2);
    }
    let id = team.jit("issue create --quiet One --gate fmt").ok().line();
    team.jit("gate remove fmt").exits(1).says("git jit gate rm");
    team.jit("issue create Two --gate fnt").exits(3).says("Did you mean 'fmt'?");
    team.jit(&format!("gate add {id} none")).exits(3);
    team.jit("gate show none").exits(3).says("gate list");
    team.jit(&format!("gate rm {id} fmt")).ok().says("no gates");
    team.jit("gate remove fmt").ok();
    team.jit("gate list").ok().says("No gates");
    team.write(".jit/gates.json", "{");
    team.jit("gate list").exits(6).says("gates.json");
    // Commands without gates still work.
    team.create("Three");
}

#[test]
fn the_last_gate_does_not_complete_an_issue_with_an_open_dependency() {
    let world = World::new();
    let team = world.team();
    team.jit("gate define review").ok();
    let [a, b] = ["A", "B"].map(|title| team.create(title));
    team.jit(&format!("gate add {a} review")).ok();
    team.jit(&format!("issue update {b} --state gated")).exits(1).says("it has no gate");
    team.jit(&format!("issue update {a} --state gated")).ok();
    team.jit(&format!("dep add {a} {b}")).ok();
    team.jit(&format!("gate pass {a} review")).ok().never_says("it is done");
    assert_eq!(state(&team, &a), "gated");
    team.jit(&format!("issue update {a} --state done")).exits(1).says(&b[..8]);
    team.jit(&format!("done {b}")).ok();
    team.jit(&format!("done {a}")).ok();
}

#[test]
fn under_strict_a_gate_does_not_run_without_the_lease() {
    let (world, issues) = World::strict();
    let team = world.team();
    team.jit_args(&["gate", "define", "touch", "--command", "touch ran"]).ok();
    team.acquire(&issues[0]);
    team.jit(&format!("gate add {} touch", issues[0])).ok();
    team.jit(&format!("claim release {}", issues[0])).ok();
    team.agent("agent:other").jit(&format!("gate check-all {}", issues[0])).exits(5);
    assert!(!team.dir.join("ran").exists());
    team.jit(&format!("gate check-all {}", issues[0])).ok();
    assert!(team.dir.join("ran").exists());
}

#[test]
fn a_closed_issue_gets_no_verdict_and_an_outdated_one_is_reported() {
    let world = World::new();
    let team = world.team();
    team.jit("gate define review").ok();
    team.jit("gate define tests --command true").ok();
    let id = team.jit("issue create --quiet One --gate review,tests").ok().line();
    team.jit(&format!("gate pass {id} review")).ok();
    team.jit(&format!("gate check {id} tests")).ok();
    team.jit(&format!("done {id}")).ok().never_says("another tree");
    for words in ["gate fail {} review", "gate pass {} review", "gate check {} tests", "gate check-all {}"] {
        team.jit(&words.replace("{}", &id)).exits(1).says("it is done").says("--state ready");
    }
    team.jit(&format!("issue update {id} --state ready")).ok();
    team.jit("gate define tests --command false").ok();
    team.jit(&format!("gate status {id}")).ok().says("or with another command");
    team.jit(&format!("done {id}")).warns("gate tests").never_says("gate review");
    let one = team.create("Two");
    team.jit(&format!("gate add {one} review")).ok();
    team.jit(&format!("issue update {one} --state done")).exits(1);
    team.jit(&format!("gate rm {one} review")).ok().says("it is done");
}

#[test]
fn background_processes_of_a_gate_are_stopped_and_a_removed_gate_is_not_recorded() {
    let world = World::new();
    let team = world.team();
    team.jit_args(&["gate", "define", "fork", "--command", "sleep 300 & echo $! > pid; sleep 0.5"]).ok();
    let id = team.jit("issue create --quiet One --gate fork").ok().line();
    let mut check = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
    check.args(["gate", "check", &id, "fork"]).current_dir(&team.dir).env("HOME", world.path("home"));
    let mut check = check.stdout(std::process::Stdio::null()).spawn().expect("started");
    until("the gate runs", || team.dir.join("pid").exists());
    team.jit(&format!("gate rm {id} fork")).ok();
    // It passed, but the issue does not require it any more.
    assert_eq!(check.wait().expect("ended").code(), Some(1));
    assert_eq!(team.json(&format!("issue show {id}"))["issues"][0]["gates_status"], serde_json::json!({}));
    let pid = team.read("pid").trim().to_owned();
    until("the gate's child has ended", || !std::path::Path::new(&format!("/proc/{pid}")).exists() || is_zombie(&pid));
}

#[test]
fn the_verdicts_of_a_run_are_written_together_and_a_gate_that_cannot_run_fails() {
    let world = World::new();
    let team = world.team();
    team.jit_args(&["gate", "define", "a", "--command", "test -f ok_a"]).ok();
    team.jit_args(&["gate", "define", "b", "--command", "test ! -f fail_b"]).ok();
    let id = team.jit("issue create --quiet One --gate a,b").ok().line();
    team.jit(&format!("gate check-all {id}")).exits(1);
    team.jit(&format!("issue update {id} --state done")).exits(1);
    team.write("ok_a", "");
    team.write("fail_b", "");
    // The last missing gate passes, and another one fails in the same run.
    team.jit(&format!("gate check-all {id}")).exits(1).says("✗ b failed");
    assert_eq!(state(&team, &id), "gated");
    std::fs::remove_file(team.dir.join("fail_b")).expect("there");
    team.jit(&format!("gate check-all {id}")).ok().says("is done");
    team.jit_args(&["gate", "define", "c", "--command", "true", "--working-dir", "gone"]).ok();
    let two = team.jit("issue create --quiet Two --gate a,c").ok().line();
    team.jit(&format!("gate check-all {two}")).exits(1).says("✓ a passed").says("cannot be run in");
    let mutated = team.read(".jit/gates.json").replace("\"gone\"", "\"../..\"");
    team.write(".jit/gates.json", mutated);
    team.jit(&format!("gate check {two} c")).exits(1).says("leads out");
}

#[test]
fn a_verdict_has_its_tree_with_staged_and_sparse_files_and_without_writing_to_the_repository() {
    let world = World::new();
    let team = world.team();
    team.jit("gate define tests --command true").ok();
    let id = team.jit("issue create --quiet One --gate tests").ok().line();
    team.write("src/code", "one");
    team.git("add -A").ok();
    team.jit(&format!("label add {id} a:b")).ok();
    let tree = |place: &Place| place.json(&format!("gate check {id} tests"))["gates"][0]["tree"].as_str().map(str::to_owned);
    let first = tree(&team).expect("it can be told");
    team.git("commit -q -a -m One").ok();
    assert_eq!(tree(&team), Some(first.clone()), "the content is the same, committed or not");
    let linked = world.linked("side");
    linked.git("sparse-checkout set --no-cone /src").ok();
    linked.jit(&format!("label add {id} c:d")).ok();
    assert_eq!(tree(&linked), Some(first.clone()), "what a sparse checkout leaves out is left as it is");
    team.git("config core.splitIndex true").ok();
    team.git("update-index --split-index").ok();
    let shared = || {
        std::fs::read_dir(world.path("team/.git"))
            .expect("listed")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with("sharedindex"))
            .count()
    };
    let before = shared();
    assert_eq!(tree(&team), Some(first.clone()));
    assert_eq!(shared(), before, "the repository's index stays as it is");
    team.git("init -q embedded").ok();
    assert_eq!(tree(&team), Some(first.clone()));
    team.write("src/code", "two");
    assert_ne!(tree(&team), Some(first));
}

#[test]
fn gates_are_read_from_three_places_and_a_removal_here_counts() {
    let world = World::new();
    let team = world.team();
    team.jit("gate define review").ok();
    team.git("add -A").ok();
    team.git("commit -q -m Gates").ok();
    let linked = world.linked("side");
    linked.git("sparse-checkout set --no-cone /nothing").ok();
    linked.jit("gate list").ok().says("review");
    linked.git("sparse-checkout disable").ok();
    std::fs::remove_file(linked.dir.join(".jit/gates.json")).expect("removed");
    linked.jit("gate list").ok().says("No gates");
}
