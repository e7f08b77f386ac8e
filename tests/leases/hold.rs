//! Leases that are kept alive while a command or a process runs.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::support::waiting::until;
use crate::support::{Place, World};

fn shared() -> (World, Place, Place, Vec<String>) {
    let (world, issues) = World::strict();
    let alice = world.team().agent("agent:alice");
    let bob = world.linked("bob");
    (world, alice, bob, issues)
}

fn holders(place: &Place) -> Vec<String> {
    // Short leases are near their end, of which every command warns.
    let listed = place.jit("claim list --json").exits(0).document();
    listed["leases"].as_array().expect("a list").iter().map(|lease| lease["agent_id"].to_string()).collect()
}

#[test]
fn the_command_has_the_lease_its_status_is_ours_and_the_lease_ends_with_it() {
    let (_world, alice, bob, issues) = shared();
    let id = &issues[0];
    let script = "echo $JIT_AGENT_ID $JIT_ISSUE_ID; git jit claim list; exit 3";
    let held = alice.jit_args(&["claim", "hold", id, "--", "sh", "-c", script]).exits(3);
    assert!(held.stdout.contains(&format!("agent:alice {id}")) && held.stdout.contains("agent:alice"), "{}", held.stdout);
    assert!(!held.stdout.contains("released") && held.stderr.contains("released"), "stdout is the command's");
    assert_eq!(holders(&alice).len(), 0);
    alice.jit_args(&["claim", "hold", id, "--", "sh", "-c", "kill -9 $$"]).exits(137);
    alice.jit_args(&["claim", "hold", id, "--", "no-such-program"]).exits(3).says("no program");
    assert_eq!(holders(&alice).len(), 0, "nothing is left behind");
    let json = alice.jit_args(&["--json", "claim", "hold", id, "--", "echo", "said"]).ok();
    assert_eq!((&json.document()["command_status"], &json.document()["end"]), (&0.into(), &"released".into()));
    assert!(json.stderr.contains("said"));
    bob.acquire(id);
    alice.jit_args(&["claim", "hold", id, "--", "echo", "never"]).exits(4).never_says("never");
    alice.jit(&format!("claim hold {id}")).exits(2);
}

#[test]
fn a_lease_that_was_there_before_stays_and_one_with_an_edit_waits_for_its_commit() {
    let (_world, alice, bob, issues) = shared();
    alice.acquire(&issues[0]);
    alice.jit_args(&["claim", "hold", &issues[0], "--", "true"]).ok().says("keep it");
    assert_eq!(holders(&alice).len(), 1);
    let edit = format!("git jit issue update {} --priority high", issues[1]);
    alice.jit_args(&["claim", "hold", &issues[1], "--", "sh", "-c", &edit]).ok().says("ends when it is");
    bob.jit(&format!("claim acquire {}", issues[1])).exits(4);
    alice.git("commit -q -a -m Edited").ok();
    bob.jit(&format!("claim acquire {}", issues[1])).ok();
}

#[test]
fn it_is_renewed_while_the_command_runs_and_signals_are_passed_on() {
    let (_world, alice, bob, issues) = shared();
    let id = &issues[0];
    let trap = "trap 'echo told; exit 9' TERM; echo ready; while :; do sleep 0.05; done";
    let child = alice.start(&["claim", "hold", id, "--ttl", "1", "--", "sh", "-c", trap], Stdio::piped());
    until("held", || holders(&alice).len() == 1);
    let held_at = Instant::now();
    until("its first time is over", || held_at.elapsed() > Duration::from_millis(1_300));
    assert_eq!(holders(&alice), ["\"agent:alice\""], "longer than its time");
    bob.jit(&format!("claim acquire {id}")).exits(4);
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("not 0");
    kill_process(pid, Signal::TERM).expect("sent");
    let output = child.wait_with_output().expect("ended");
    assert_eq!(output.status.code(), Some(9));
    assert!(String::from_utf8_lossy(&output.stdout).contains("told"));
    assert_eq!(holders(&alice).len(), 0);
}

#[test]
fn who_was_stopped_for_too_long_has_it_again_if_nobody_took_it() {
    let (_world, alice, bob, issues) = shared();
    let id = &issues[0];
    let child = alice.start(&["claim", "hold", id, "--ttl", "1", "--", "sleep", "6"], Stdio::null());
    let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("not 0");
    until("held", || holders(&alice).len() == 1);
    kill_process(pid, Signal::STOP).expect("sent");
    until("over", || holders(&alice).is_empty());
    kill_process(pid, Signal::CONT).expect("sent");
    until("held again", || holders(&alice).len() == 1);
    bob.jit(&format!("claim acquire {id}")).exits(4);
    kill_process(pid, Signal::TERM).expect("sent");
    child.wait_with_output().expect("ended");
}

#[test]
fn a_lease_that_is_lost_is_told_at_once_and_ends_the_command_if_that_is_wanted() {
    let (world, alice, bob, issues) = shared();
    let id = &issues[0];
    let told = world.path("told");
    // It may notice the eviction before or after bob acquires the lease.
    for (what, expected) in [("--on-lost=warn", [0, 0]), ("--on-lost=kill", [4, 5])] {
        let script = format!("'{}' claim hold {id} {what} -- sleep 3 2>'{}'", env!("CARGO_BIN_EXE_git-jit"), told.display());
        let holding = std::thread::scope(|scope| {
            let run =
                scope.spawn(|| crate::support::Outcome::of(script.clone(), alice.command("sh").args(["-c", &script])).status());
            until("held", || holders(&alice).len() == 1);
            bob.jit(&format!("claim force-evict {id} --reason mine")).ok();
            bob.jit(&format!("claim acquire {id}")).ok();
            let begun = Instant::now();
            until("told", || std::fs::read_to_string(&told).is_ok_and(|text| text.contains("agent:bob evicted it (mine)")));
            assert!(begun.elapsed() < Duration::from_secs(2), "at once");
            run.join().expect("no panic")
        });
        assert!(expected.contains(&holding), "{what}: {holding}");
        assert_eq!(holders(&alice), ["\"agent:bob\""], "and what is another's now is not given back");
        bob.jit(&format!("claim release {id}")).ok();
    }
}

#[test]
fn keepalive_lasts_as_long_as_the_process_it_is_for() {
    let (_world, alice, _bob, issues) = shared();
    let mut agent = std::process::Command::new("sleep").arg("60").spawn().expect("started");
    alice.jit(&format!("claim acquire {} --ttl 1", issues[0])).ok();
    alice.jit("claim keepalive --detach").exits(2);
    alice.jit("claim keepalive --pid 999999999").exits(3).says("--pid $$");
    let kept = alice.json(&format!("claim keepalive --detach --pid {}", agent.id()));
    assert_eq!(kept["leases"], 1);
    alice.jit(&format!("claim keepalive --pid {}", agent.id())).exits(8).says("kept alive already");
    let is_over = |since: Instant| since.elapsed() > Duration::from_millis(1_300);
    let first = Instant::now();
    until("the first lease's time is over", || is_over(first));
    assert_eq!(holders(&alice).len(), 1);
    alice.jit(&format!("claim acquire {} --ttl 1", issues[1])).ok();
    let second = Instant::now();
    until("the second lease's time is over", || is_over(second));
    assert_eq!(holders(&alice).len(), 2, "also what was taken since");
    agent.kill().expect("ended");
    agent.wait().expect("waited for");
    until("it ended too", || alice.json("claim keepalive --stop")["changed"] == false);
    until("its leases ended", || holders(&alice).is_empty());
}

#[test]
fn keepalive_is_ended_by_its_word_and_with_its_worktree() {
    let (world, alice, bob, issues) = shared();
    let me = std::process::id();
    alice.jit("claim keepalive --stop").ok().says("No process renews");
    alice.acquire(&issues[0]);
    alice.jit(&format!("claim keepalive --detach --pid {me}")).ok().says("✓ Keeping alive");
    assert_eq!(alice.json("claim keepalive --stop")["changed"], true);
    assert_eq!(alice.json("claim keepalive --stop")["changed"], false);
    bob.acquire(&issues[1]);
    let pid = bob.json(&format!("claim keepalive --detach --pid {me}"))["pid"].as_u64().expect("a pid");
    std::fs::remove_dir_all(world.path("bob")).expect("removed");
    let pid = Pid::from_raw(i32::try_from(pid).expect("a pid")).expect("not 0");
    until("it ended", || rustix::process::test_kill_process(pid).is_err());
    alice.jit("doctor").exits(6).says("in a worktree that no longer exists").says("force-evict");
}
