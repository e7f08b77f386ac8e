//! The commands between `acquire` and `release`, with two agents and a clock that tests set.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::waiting::{pauses, until};
use crate::support::{Place, World};

fn shared() -> (World, Place, Place, Vec<String>) {
    let world = World::new();
    let alice = world.team().agent("agent:alice");
    let ids: Vec<String> = (0..5).map(|n| alice.create(&format!("Issue {n}"))).collect();
    alice.git("add -A").ok();
    alice.git("commit -q -m Issues").ok();
    let bob = world.linked("bob");
    (world, alice, bob, ids)
}

#[test]
fn a_lease_without_an_end_wants_a_reason_has_limits_and_goes_stale() {
    let (_world, alice, bob, ids) = shared();
    let take = |who: &Place, n: usize| who.at("boot", 0).jit(&format!("claim acquire {} --ttl 0 --reason long", ids[n]));
    alice.jit(&format!("claim acquire {} --ttl 0", ids[0])).exits(2).says("requires --reason");
    alice.jit_args(&["claim", "acquire", &ids[0], "--ttl", "0", "--reason", " "]).exits(2);
    take(&alice, 0).ok().says("no end");
    take(&alice, 1).ok();
    take(&alice, 2).exits(1).says("agent:alice may have at most 2 indefinite leases").says("max_indefinite_leases_per_agent");
    alice.at("boot", 0).jit(&format!("claim acquire {} --ttl 60", ids[2])).ok();
    alice.at("boot", 0).jit(&format!("claim acquire {} --ttl 0 --reason long", ids[2])).exits(1);
    bob.at("boot", 3599).jit(&format!("claim acquire {}", ids[0])).exits(4).says("indefinitely");
    bob.at("boot", 3599).jit("claim list").ok().says("no end, beat");
    let late = bob.at("boot", 3600);
    late.jit("claim list").ok().says("stale, silent for");
    late.jit(&format!("claim acquire {}", ids[0])).exits(4).says("claim force-evict");
    assert_eq!(late.json(&format!("claim status --issue {}", ids[0]))["leases"][0]["stale"], true);
    alice.at("boot", 3600).jit("claim heartbeat").ok().says("✓ Extended:");
    assert_eq!(late.json(&format!("claim status --issue {}", ids[0]))["leases"][0]["stale"], false);
    bob.at("boot2", 0).jit("claim list").ok().says("stale");
    alice.at("boot", 3600).jit(&format!("claim acquire {} --ttl 5", ids[0])).ok().says("no end");
}

#[test]
fn the_limit_of_the_repository_counts_everybody() {
    let (_world, alice, bob, ids) = shared();
    alice.jit("config set coordination.max_indefinite_leases_per_repo 2").ok();
    alice.git("commit -q -a -m Limits").ok();
    let take = |who: &Place, n: usize| who.jit(&format!("claim acquire {} --ttl 0 --reason long", ids[n]));
    take(&alice, 0).ok();
    take(&bob, 1).ok();
    take(&bob.agent("agent:carol"), 2).exits(1).says("this repository may have at most 2 indefinite leases").says("per_repo");
    let error = take(&alice.with("JIT_AGENT_ID", "agent:dave"), 2);
    assert_eq!(error.status(), 1);
    bob.jit(&format!("claim release {}", ids[1])).ok();
    take(&bob.agent("agent:carol"), 2).ok();
}

#[test]
fn renewing_never_shortens_and_brings_back_what_nobody_took() {
    let (_world, alice, bob, ids) = shared();
    let id = &ids[0];
    let left = |place: &Place| place.json(&format!("claim status --issue {id}"))["leases"][0]["remaining_secs"].clone();
    alice.at("boot", 0).jit(&format!("claim acquire {id} --ttl 100")).ok();
    alice.at("boot", 10).jit(&format!("claim renew {id} --extension 5")).ok().says("✓ Renewed lease:");
    assert_eq!(left(&alice.at("boot", 10)), 90);
    alice.at("boot", 20).jit("claim renew --extension 30m").ok();
    assert_eq!(left(&alice.at("boot", 20)), 1800);
    let token = alice.at("boot", 20).json("claim status")["leases"][0]["token"].clone();
    alice.at("boot", 9000).jit(&format!("claim renew {id}")).ok();
    assert_eq!(alice.at("boot", 9000).json("claim status")["leases"][0]["token"], token, "the same lease");
    bob.at("boot", 9000).jit(&format!("claim renew {id}")).exits(4).says("and you are agent:bob");
    bob.at("boot", 9000).jit(&format!("claim heartbeat {id}")).exits(4);
    bob.at("boot", 99_000).jit(&format!("claim acquire {id}")).ok();
    alice.at("boot", 99_001).jit(&format!("claim renew {id}")).exits(4).says("agent:bob");
    alice.jit("claim renew 01ARZ3NDEKTSV4RRFFQ69G5FAV").exits(3).says("no lease");
    alice.jit(&format!("claim renew {id} --extension 31d")).exits(2);
}

#[test]
fn work_on_an_issue_counts_as_a_beat_and_looking_at_it_does_not() {
    let (world, alice, _bob, ids) = shared();
    let id = &ids[0];
    let log = || world.team().read(".git/jit/claims.jsonl").matches("heartbeat").count();
    alice.at("boot", 0).jit(&format!("claim acquire {id} --ttl 100")).ok();
    alice.at("boot", 40).jit(&format!("issue update {id} --priority high")).ok();
    assert_eq!(log(), 0, "not yet past half");
    alice.at("boot", 60).jit(&format!("issue show {id}")).ok();
    assert_eq!(log(), 0);
    alice.at("boot", 60).jit(&format!("label add {id} a:b")).ok();
    assert_eq!(log(), 1);
    alice.at("boot", 159).jit_args(&["note", "add", id, "still at it"]).warns("your lease on");
    assert_eq!(log(), 1, "no more than ending: it is not trusted any more");
    alice.at("boot", 130).jit_args(&["note", "add", id, "still at it"]).ok();
    assert_eq!(log(), 2);
    alice.jit("config set coordination.renew_on_activity false").ok();
    alice.at("boot", 200).jit(&format!("label add {id} c:d")).ok();
    assert_eq!(log(), 2);
}

#[test]
fn a_commit_counts_as_a_beat() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:a");
    team.at("boot", 0).jit(&format!("claim acquire {} --ttl 100", issues[0])).ok();
    team.at("boot", 10).jit(&format!("issue update {} --priority high", issues[0])).ok();
    team.at("boot", 60).git("commit -q -a -m Edited").ok();
    let left = team.at("boot", 60).json("claim status")["leases"][0]["remaining_secs"].clone();
    assert_eq!(left, 100);
}

#[test]
fn who_has_little_time_left_is_warned_once_by_whatever_it_does() {
    let (_world, alice, _bob, ids) = shared();
    alice.at("boot", 0).jit(&format!("claim acquire {} --ttl 100", ids[0])).ok();
    alice.at("boot", 89).jit("issue list").ok().never_says("your lease");
    let warned = alice.at("boot", 91).jit("issue list").warns("your lease on").says("ends in 9s").says("claim renew");
    assert_eq!(warned.stderr.matches("your lease").count(), 1);
    alice.agent("agent:other").at("boot", 91).jit("issue list").ok().never_says("your lease");
    alice.at("boot", 91).jit("version").ok().never_says("your lease");
    assert_eq!(alice.at("boot", 91).json_and_warning("issue list", "your lease on")["count"], 5, "one document on stdout");
    alice.at("boot", 91).jit("claim renew").ok().never_says("your lease");
    alice.jit("config set coordination.lease_renewal_threshold_pct 50").ok();
    alice.at("boot", 150).jit("issue list").warns("ends in 41s");
}

#[test]
fn a_transfer_is_a_new_token_in_a_worktree_that_is_there() {
    let (_world, alice, bob, ids) = shared();
    let id = &ids[0];
    alice.acquire(id);
    let before = alice.json("claim status")["leases"][0].clone();
    alice.jit(&format!("claim transfer {id}")).exits(2).says("--to-agent");
    alice.jit(&format!("claim transfer {id} --to-worktree nowhere")).exits(3);
    bob.jit(&format!("claim transfer {id} --to-agent agent:bob")).exits(4);
    alice.edit(id, "Half done");
    alice.jit(&format!("claim transfer {id} --to-agent agent:bob --to-worktree bob")).exits(1).says("uncommitted edit");
    alice.git("checkout -q .").ok();
    let args = ["claim", "transfer", id, "--to-agent", "agent:bob", "--to-worktree", "../bob", "--reason", "yours", "--json"];
    let after = alice.jit_args(&args).ok().document()["lease"].clone();
    assert!(after["token"].as_u64() > before["token"].as_u64() && after["lease_id"] != before["lease_id"]);
    assert_eq!((&after["agent_id"], &after["branch"], &after["reason"]), (&"agent:bob".into(), &"bob".into(), &"yours".into()));
    bob.jit("claim status").ok().says(&id[..8]);
    alice.jit(&format!("claim release {id}")).exits(4);
    bob.jit(&format!("claim release {id}")).ok();
    for id in &ids[1..3] {
        bob.jit(&format!("claim acquire {id} --ttl 0 --reason long")).ok();
    }
    alice.jit(&format!("claim acquire {} --ttl 0 --reason long", ids[3])).ok();
    let args = ["claim", "transfer", &ids[3], "--to-agent", "agent:bob", "--to-worktree", "bob"];
    alice.jit_args(&args).exits(1).says("agent:bob may have at most 2");
}

#[test]
fn anybody_may_evict_and_says_why() {
    let (_world, alice, bob, ids) = shared();
    let id = &ids[0];
    alice.acquire(id);
    bob.jit(&format!("claim force-evict {id}")).exits(2);
    bob.jit_args(&["claim", "force-evict", id, "--reason", "  "]).exits(2).says("for others to read");
    bob.jit_args(&["claim", "force-evict", id, "--reason", "agent crashed"]).ok().says("✓ Evicted").says("agent:alice");
    bob.jit(&format!("claim force-evict {id} --reason again")).exits(3);
    alice.jit(&format!("claim renew {id}")).exits(3);
    bob.jit(&format!("claim acquire {id}")).ok();
    let log = alice.jit(&format!("claim log --issue {id}")).ok().says("force-evict").says("agent:bob").says("agent crashed");
    assert_eq!(log.stdout.matches("acquire").count(), 2);
    assert_eq!(alice.json("claim log --agent agent:bob")["count"], 2);
    let cut = alice.json("claim log --limit 1");
    assert_eq!((&cut["count"], &cut["truncated"]), (&1.into(), &true.into()));
}

#[test]
fn waiting_ends_when_it_is_free_or_the_patience_is_over() {
    let (_world, alice, bob, ids) = shared();
    let id = &ids[0];
    alice.acquire(id);
    let begun = Instant::now();
    bob.jit(&format!("claim acquire {id} --wait=1")).exits(4).says("held by agent:alice");
    assert!(begun.elapsed() >= Duration::from_secs(1));
    let waiting = bob.start(&["claim", "acquire", id, "--wait"], Stdio::piped());
    let before = pauses(waiting.id());
    until("it has looked and waits", || pauses(waiting.id()) > before + 2);
    alice.jit(&format!("claim release {id}")).ok();
    let output = waiting.wait_with_output().expect("ended");
    assert!(output.status.success() && String::from_utf8_lossy(&output.stdout).contains("Acquired"));
    bob.jit(&format!("claim acquire {id} --wait=soon")).exits(2);
}

#[test]
fn a_lease_is_named_by_its_id_a_prefix_or_its_issue_in_every_verb() {
    let (_world, alice, _bob, ids) = shared();
    let lease = alice.jit(&format!("claim acquire {} --quiet", ids[0])).ok().line();
    for name in [lease.clone(), lease[..12].to_lowercase(), ids[0].clone(), ids[0][..8].to_owned()] {
        alice.jit(&format!("claim renew {name}")).ok();
        alice.jit(&format!("claim heartbeat {name}")).ok();
    }
    alice.acquire(&ids[1]);
    alice.jit("claim renew").exits(2).says("you hold 2 issues here");
    alice.jit(&format!("claim renew {}", &lease[..4])).exits(2).says("matches 2 leases");
    alice.jit(&format!("claim release {}", lease[..20].to_lowercase())).ok();
    alice.jit("claim release").ok();
    alice.jit("claim release").exits(2).says("you hold 0 issues here");
}

#[test]
fn what_the_system_refuses_is_an_error_with_its_status_and_no_panic() {
    let (world, alice, _bob, ids) = shared();
    alice.acquire(&ids[0]);
    let jit = env!("CARGO_BIN_EXE_git-jit");
    // A file size limit simulates a full disk.
    let words = format!("ulimit -f 0; exec '{jit}' claim acquire {} --json", ids[1]);
    let full = crate::support::Outcome::of("a full disk".into(), alice.command("bash").args(["-c", &words])).exits(7);
    assert_eq!(full.document()["error"]["code"], "io");
    alice.jit(&format!("claim acquire {}", ids[1])).ok();
    assert_eq!(alice.json("claim list")["count"], 2);
    // A directory in the place of the log, and of a lock.
    let dir = world.path("team/.git/jit");
    std::fs::remove_file(dir.join("locks/claims.lock")).expect("removed");
    std::fs::create_dir(dir.join("locks/claims.lock")).expect("made");
    alice.jit(&format!("claim acquire {}", ids[2])).exits(7).says("claims.lock");
    alice.jit("claim list").ok();
}
