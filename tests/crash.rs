//! Processes that die at any moment, and files that are torn, garbled or gone.

use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::support::World;

#[test]
fn two_hundred_killed_acquires_never_leave_two_holders() {
    let world = World::new();
    let team = world.team();
    let ids: Vec<String> = (0..8).map(|n| team.create(&format!("Issue {n}"))).collect();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    let rival = team.agent("agent:rival");
    let usual = {
        let begun = Instant::now();
        team.jit(&format!("claim acquire {} --agent-id agent:usual", ids[0])).ok();
        team.jit(&format!("claim release {} --agent-id agent:usual", ids[0])).ok();
        begun.elapsed() / 2
    };
    let mut holders = vec![None::<String>; ids.len()];
    for n in 0..200u32 {
        let issue = n as usize % ids.len();
        let victim = format!("agent:victim-{n}");
        let mut child = team.start(&["claim", "acquire", &ids[issue], "--agent-id", &victim], Stdio::null());
        std::thread::sleep(usual * (n % 23) / 16 + Duration::from_micros(u64::from(n * 37 % 500)));
        let _ = child.kill();
        let told_success = child.wait().expect("ended").success();
        if told_success {
            assert_eq!(holders[issue], None, "a second grant was reported at {n}");
            holders[issue] = Some(victim);
        }
        let listed = team.json(&format!("claim status --issue {}", ids[issue]));
        let leases = listed["leases"].as_array().expect("a list");
        assert!(leases.len() <= 1, "{listed}");
        let holder = leases.first().map(|lease| lease["agent_id"].as_str().expect("an id").to_owned());
        if holders[issue].is_some() {
            assert_eq!(holder, holders[issue], "a reported grant stands at {n}");
        }
        let status = rival.jit(&format!("claim acquire {}", ids[issue])).status();
        assert_eq!(status, if holder.is_some() { 4 } else { 0 }, "at {n}: {listed}");
        let who = holder.unwrap_or_else(|| "agent:rival".to_owned());
        team.agent(&who).jit(&format!("claim release {}", ids[issue])).ok();
        holders[issue] = None;
    }
    team.jit("claim list").ok().says("No leases");
}

#[test]
fn the_index_can_be_anything_and_no_answer_changes() {
    let world = World::new();
    let team = world.team().agent("agent:a");
    let id = team.create("One");
    team.git("add -A").ok();
    team.git("commit -q -m Issue").ok();
    for _ in 0..130 {
        team.acquire(&id);
        team.jit(&format!("claim release {id}")).status();
    }
    team.acquire(&id);
    let index = world.path("team/.git/jit/claims.index.json");
    assert!(index.exists(), "the log is long enough for one");
    let expected = team.at("boot", 0).json("claim list --all");
    let good = std::fs::read(&index).expect("read");
    for bad in [None, Some(b"".to_vec()), Some(b"null".to_vec()), Some(good[..good.len() / 2].to_vec()), Some(good.clone())] {
        match bad {
            None => std::fs::remove_file(&index).expect("removed"),
            Some(bytes) => std::fs::write(&index, bytes).expect("written"),
        }
        assert_eq!(team.at("boot", 0).json("claim list --all")["leases"][0]["token"], expected["leases"][0]["token"]);
        team.agent("agent:b").jit(&format!("claim acquire {id}")).exits(4);
    }
}

#[test]
fn a_torn_tail_is_sealed_and_a_corrupt_log_fails_closed_with_file_and_line() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:a");
    team.acquire(&issues[0]);
    let log = world.path("team/.git/jit/claims.jsonl");
    let good = std::fs::read_to_string(&log).expect("read");
    std::fs::write(&log, format!("{good}{{\"schema_version\":1,\"sequence\":4,\"op\":\"rel")).expect("written");
    team.agent("agent:b").jit(&format!("claim acquire {}", issues[0])).exits(4);
    team.acquire(&issues[1]);
    let sealed = std::fs::read_to_string(&log).expect("read");
    assert!(sealed.contains("\"op\":\"rel!\n"), "{sealed}");
    let lines: Vec<&str> = sealed.lines().collect();
    std::fs::write(&log, format!("{}\n{}\n", lines[0], lines[2..].join("\n"))).expect("written");
    for words in ["claim list", "claim status", "query available", &format!("claim acquire {}", issues[2])] {
        team.jit(words).exits(7).says("claims.jsonl:2").says("sequence");
    }
    team.edit(&issues[0], "Edited");
    team.git("commit -q -a -m Edited").exits(1).says("the lease log cannot be read");
    std::fs::remove_file(&log).expect("removed");
    team.jit("claim list").exits(7).says("is missing");
    team.git("commit -q -a -m Edited").exits(1).says("the lease log cannot be read");
}
