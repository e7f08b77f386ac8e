//! Chaos: many processes at once that are killed and stopped at random, then the history is checked offline.
//!
//! The checker below reads the log's files itself and knows the rules by itself; it shares no code with the program.
//! `JIT_CHAOS_SECS=120` makes it last; `JIT_CHAOS_SEED` repeats the choices of an earlier run, which it prints.

use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::process::Stdio;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::support::{Dice, Place, World};

const WORKERS: u64 = 32;
const ISSUES: usize = 6;
/// How many processes a run is about at least: on a busy machine it lasts longer.
const ENOUGH: usize = 900;
/// How much longer at most.
const PATIENCE: Duration = Duration::from_secs(60);

/// What somebody was told that it has.
#[derive(Debug)]
struct Told {
    lease_id: String,
    token: u64,
    agent: String,
}

#[derive(Default)]
struct Journal {
    told: Mutex<Vec<Told>>,
    strange: Mutex<Vec<String>>,
    killed: AtomicUsize,
    stopped: AtomicUsize,
    done: AtomicUsize,
}

fn words(dice: &mut Dice, issues: &[String], who: u64) -> Vec<String> {
    let issue = &issues[usize::try_from(dice.roll(ISSUES as u64)).expect("few")];
    // By every spelling that stands for it.
    let digits = [36, 8, 13][usize::try_from(dice.roll(3)).expect("few")];
    let issue = &issue[..digits];
    let words = match dice.roll(16) {
        0..=5 => format!("claim acquire {issue} --ttl {}", 1 + dice.roll(2)),
        6 => format!("claim acquire {issue} --ttl 0 --reason chaos"),
        7 => "next --ttl 1".to_owned(),
        8 => format!("claim renew {issue}"),
        9 => "claim heartbeat".to_owned(),
        10 | 11 => format!("claim release {issue}"),
        12 => format!("claim transfer {issue} --to-agent agent:w{}", (who + 1) % WORKERS),
        13 => format!("claim force-evict {issue} --reason chaos"),
        14 => "claim list".to_owned(),
        _ => "claim log".to_owned(),
    };
    words.split(' ').map(str::to_owned).collect()
}

/// One process after another until the time is up, some of them killed, some of them stopped for longer than a lease lasts.
fn work(place: &Place, issues: &[String], who: u64, seed: u64, until: Instant, journal: &Journal) {
    let mut dice = Dice::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(who + 1) | 1);
    let agent = format!("agent:w{who}");
    let is_too_little = || journal.done.load(Ordering::Relaxed) < ENOUGH && Instant::now() < until + PATIENCE;
    while Instant::now() < until || is_too_little() {
        let words = words(&mut dice, issues, who);
        let args: Vec<&str> = words.iter().map(String::as_str).chain(["--json", "--agent-id", &agent]).collect();
        let mut child = place.start(&args, Stdio::piped());
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid")).expect("not 0");
        match dice.roll(20) {
            0..=2 => {
                std::thread::sleep(Duration::from_micros(dice.roll(60_000)));
                let _ = child.kill();
                journal.killed.fetch_add(1, Ordering::Relaxed);
            }
            3 => {
                std::thread::sleep(Duration::from_micros(dice.roll(60_000)));
                let _ = kill_process(pid, Signal::STOP);
                std::thread::sleep(Duration::from_millis(1_300));
                let _ = kill_process(pid, Signal::CONT);
                journal.stopped.fetch_add(1, Ordering::Relaxed);
            }
            _ => {}
        }
        let output = child.wait_with_output().expect("ended");
        journal.done.fetch_add(1, Ordering::Relaxed);
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        match output.status.code() {
            Some(0) => {
                let document: Value = serde_json::from_str(&said).expect("one document");
                let lease = &document["lease"];
                let is_mine = lease["agent_id"] == agent.as_str() && document["by"].is_null();
                if let (Some(id), Some(token), true) = (lease["lease_id"].as_str(), lease["token"].as_u64(), is_mine) {
                    let told = Told { lease_id: id.to_owned(), token, agent: agent.clone() };
                    journal.told.lock().expect("whole").push(told);
                }
            }
            // Not there, held by another, over, too many, busy: answers. Killed: none.
            None | Some(1..=5 | 8) => {}
            Some(status) => journal.strange.lock().expect("whole").push(format!("{words:?}: {status}: {said}")),
        }
    }
}

/// The counted records, read by rules of the checker's own: whole lines, each a number higher than the last, the first
/// of a number wins, nothing after a seal.
fn counted(dir: &Path) -> Vec<Value> {
    let (mut records, mut last) = (Vec::new(), 0);
    for number in 1.. {
        let Ok(bytes) = std::fs::read(dir.join(format!("claims-{number}.jsonl"))) else { break };
        let mut lines = bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n"));
        for line in &mut lines {
            let line = &line[..line.len() - 1];
            let Some(at) = line.len().checked_sub(18).filter(|at| line[*at..].starts_with(b",\"crc\":\"")) else { continue };
            let crc = std::str::from_utf8(&line[at + 8..at + 16]).ok().and_then(|digits| u32::from_str_radix(digits, 16).ok());
            if crc != Some(crc32fast::hash(&line[..at])) {
                continue;
            }
            let record: Value = serde_json::from_slice(line).expect("an intact line is JSON");
            let sequence = record["sequence"].as_u64().expect("a number");
            if sequence <= last {
                continue;
            }
            assert_eq!(sequence, last + 1, "claims-{number}.jsonl skips a record");
            last = sequence;
            let is_seal = record["op"] == "seal";
            records.push(record);
            if is_seal {
                break;
            }
        }
    }
    records
}

/// A lease as the checker knows it.
struct Known {
    lease_id: String,
    agent: String,
    ttl_ms: u64,
    since: u64,
}

/// Follows the history by the rules: an issue is granted when it is free, and is taken only from whose time is up.
fn check(records: &[Value], told: &[Told]) {
    let text = |record: &Value, key: &str| record[key].as_str().unwrap_or_default().to_owned();
    let mut held: HashMap<String, Known> = HashMap::new();
    let mut granted: HashMap<String, (u64, String)> = HashMap::new();
    for record in records {
        let (op, id) = (text(record, "op"), text(record, "lease_id"));
        let now = record["clock_ms"].as_u64().unwrap_or(0);
        let on = held.iter().find(|(_, known)| known.lease_id == id).map(|(issue, _)| issue.clone());
        let mut grant = |held: &mut HashMap<String, Known>, lease_id: String| {
            let (issue, agent) = (text(record, "issue_id"), text(record, "agent_id"));
            let ttl_ms = record["ttl_secs"].as_u64().expect("a number") * 1000;
            let known = Known { lease_id: lease_id.clone(), agent: agent.clone(), ttl_ms, since: now };
            if let Some(other) = held.insert(issue, known) {
                panic!("two holders: {} has it, and {record} grants it", other.agent);
            }
            let token = record["sequence"].as_u64().expect("a number");
            assert!(granted.insert(lease_id, (token, agent)).is_none(), "an id is granted twice: {record}");
        };
        match op.as_str() {
            "acquire" => grant(&mut held, id),
            "transfer" => {
                held.remove(&on.unwrap_or_else(|| panic!("nobody has what is passed on: {record}")));
                grant(&mut held, text(record, "new_lease_id"));
            }
            "renew" | "heartbeat" => {
                let known = on.and_then(|issue| held.get_mut(&issue)).unwrap_or_else(|| panic!("nobody has it: {record}"));
                known.since = now;
                known.ttl_ms = record["ttl_secs"].as_u64().map_or(known.ttl_ms, |secs| secs * 1000);
            }
            "release" | "force-evict" => drop(held.remove(&on.unwrap_or_else(|| panic!("nobody has it: {record}")))),
            "auto-evict" => {
                let known = held.remove(&on.unwrap_or_else(|| panic!("nobody has it: {record}"))).expect("found");
                let is_over = known.ttl_ms > 0 && now >= known.since + known.ttl_ms;
                assert!(is_over, "taken from {} before its time was up: {record}", known.agent);
            }
            _ => {}
        }
    }
    for Told { lease_id, token, agent } in told {
        assert_eq!(granted.get(lease_id), Some(&(*token, agent.clone())), "{agent} was told so");
    }
}

/// An index may vanish at any moment; and a log that is whole is not what `recover` touches.
fn disturb(team: &Place, dir: &Path, seed: u64, with_locks: bool, over: &AtomicBool) {
    let mut dice = Dice::new(seed | 1);
    while !over.load(Ordering::Relaxed) {
        std::thread::sleep(Duration::from_millis(20 + dice.roll(100)));
        let _ = std::fs::remove_file(dir.join("claims.index.json"));
        if with_locks {
            let recovered = team.jit("recover --json");
            let document = if recovered.status() == 0 { recovered.document() } else { Value::Null };
            let is_fine = recovered.status() == 8 || document["set_aside"].as_array().is_some_and(Vec::is_empty);
            assert!(is_fine, "seed {seed}: {}{}", recovered.stdout, recovered.stderr);
        }
    }
}

fn run(secs: u64, with_locks: bool) {
    let seed = std::env::var("JIT_CHAOS_SEED").ok().and_then(|seed| seed.parse().ok());
    let now = || std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_micros();
    let seed: u64 = seed.unwrap_or_else(|| u64::try_from(now() % u128::from(u32::MAX)).expect("small"));
    let secs = std::env::var("JIT_CHAOS_SECS").ok().and_then(|secs| secs.parse().ok()).unwrap_or(secs);
    let world = World::new();
    let team = world.team();
    let issues: Vec<String> = (0..ISSUES).map(|n| team.create(&format!("Wanted {n}"))).collect();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    let places = [team.clone(), world.linked("a"), world.linked("b"), world.linked("c")];
    let places = places.map(|place| if with_locks { place } else { place.with("JIT_TEST_LOCKS", "off") });
    let (journal, over) = (Journal::default(), AtomicBool::new(false));
    let until = Instant::now() + Duration::from_secs(secs);
    let dir = world.path("team/.git/jit");
    std::thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|who| {
                let (place, issues, journal) = (&places[usize::try_from(who % 4).expect("few")], &issues, &journal);
                scope.spawn(move || work(place, issues, who, seed, until, journal))
            })
            .collect();
        scope.spawn(|| disturb(&team, &dir, seed, with_locks, &over));
        for worker in workers {
            worker.join().expect("no panic");
        }
        over.store(true, Ordering::Relaxed);
    });
    let (records, told) = (counted(&dir), journal.told.into_inner().expect("whole"));
    let count = |number: &AtomicUsize| number.load(Ordering::Relaxed);
    let tally = format!(
        "seed {seed}, {secs} s, {WORKERS} workers, locks {}: {} processes, {} killed, {} stopped, {} records, {} grants told",
        if with_locks { "on" } else { "off" },
        count(&journal.done),
        count(&journal.killed),
        count(&journal.stopped),
        records.len(),
        told.len(),
    );
    std::io::Write::write_all(&mut std::io::stderr(), format!("chaos: {tally}\n").as_bytes()).expect("said");
    let strange = journal.strange.into_inner().expect("whole");
    assert!(strange.is_empty(), "{tally}: {strange:#?}");
    check(&records, &told);
    let holders: HashSet<String> = told.iter().map(|told| told.agent.clone()).collect();
    assert!(holders.len() > 4 && records.len() > 100, "{tally}: too little happened");
}

#[test]
fn one_holder_in_a_crowd_that_is_killed_and_stopped() {
    run(5, true);
}

#[test]
fn one_holder_in_the_same_crowd_without_any_lock() {
    run(5, false);
}

#[test]
fn the_checker_finds_two_holders_and_an_early_taking() {
    let record = |sequence: u64, op: &str, more: &str| -> Value {
        let text = format!("{{\"sequence\":{sequence},\"op\":\"{op}\",\"issue_id\":\"i\",\"clock_ms\":{sequence}000{more}}}");
        serde_json::from_str(&text).expect("JSON")
    };
    let acquire = |n: u64| record(n, "acquire", &format!(",\"lease_id\":\"l{n}\",\"agent_id\":\"a{n}\",\"ttl_secs\":2"));
    let evict = |n: u64| record(n, "auto-evict", ",\"lease_id\":\"l1\"");
    let is_caught = |records: &[Value]| std::panic::catch_unwind(|| check(records, &[])).is_err();
    assert!(!is_caught(&[acquire(1), evict(3), acquire(4)]));
    assert!(is_caught(&[acquire(1), acquire(2)]), "two holders");
    assert!(is_caught(&[acquire(1), evict(2), acquire(3)]), "too early");
    let told = Told { lease_id: "l1".into(), token: 2, agent: "a1".into() };
    assert!(std::panic::catch_unwind(|| check(&[acquire(1)], &[told])).is_err(), "told what never was");
}
