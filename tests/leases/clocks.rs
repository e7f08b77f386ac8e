//! The clock domain, and what is recorded of the clocks.

use crate::support::World;

#[test]
fn a_wall_clock_that_is_set_back_ends_no_lease_early_and_doctor_says_what_it_is() {
    let (world, issues) = World::strict();
    let (alice, bob) = (world.team().agent("agent:alice"), world.linked("bob"));
    let acquire = format!("claim acquire {} --ttl 600s", issues[0]);
    alice.at("wall", 10_000).jit(&acquire).ok();
    // Without the largest value in the log, the whole duration would count from here, and end before it does.
    bob.at("wall", 9_000).jit(&acquire).exits(4);
    bob.at("wall", 9_700).jit(&acquire).exits(4);
    bob.at("wall", 10_599).jit(&acquire).exits(4);
    bob.at("wall", 10_601).jit(&acquire).ok();
    bob.at("wall", 10_601).jit("doctor").exits(0).says("timed by the wall clock");
    bob.at("boot", 10_601).jit("doctor").exits(0).never_says("timed by the wall clock");
}

#[test]
fn each_record_has_the_reading_that_counts_suspension() {
    let (world, issues) = World::strict();
    let team = world.team();
    let at = |hands: &str| team.with("JIT_TEST_CLOCK", hands);
    at("boot:5000+2000").jit(&format!("claim acquire {}", issues[0])).ok();
    at("boot:6000").jit(&format!("claim renew {}", issues[0])).ok();
    at("boot:7000+2500").jit(&format!("claim heartbeat {}", issues[0])).ok();
    let log = team.read(".git/jit/claims.jsonl");
    let events: Vec<&str> = log.lines().skip(2).collect();
    let has = |n: usize, text: &str| assert!(events[n].contains(text), "{}", events[n]);
    has(0, "\"clock_ms\":5000,\"clock_fast\":7000");
    has(2, "\"clock_ms\":7000,\"clock_fast\":9500");
    assert!(!events[1].contains("clock_fast"), "{}", events[1]);
    // Suspension does not count yet: nothing changes for users.
    at("boot:100000+9000000").jit("status").ok().says(&issues[0][..8]);
    // The clock of the machine has it where the system has it.
    team.jit(&format!("claim acquire {}", issues[1])).ok();
    let log = team.read(".git/jit/claims.jsonl");
    assert_eq!(log.lines().next_back().expect("a line").contains("clock_fast"), cfg!(target_os = "linux"), "{log}");
}

#[test]
#[cfg(target_os = "linux")]
fn a_machine_without_proc_has_leases_too() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    let git_jit = env!("CARGO_BIN_EXE_git-jit");
    let script = format!(
        "mkdir -p empty && for dir in /proc /etc; do mount --bind empty $dir; done && \
         '{git_jit}' claim acquire {} && '{git_jit}' claim renew {0} && '{git_jit}' doctor",
        issues[0]
    );
    let may_mount = team.command("unshare").args(["-rm", "mount", "--bind", ".", "."]).output();
    if !may_mount.is_ok_and(|output| output.status.success()) {
        return;
    }
    let outcome = team.command("unshare").args(["-rm", "sh", "-c", &script]).output().expect("run");
    let said = String::from_utf8_lossy(&outcome.stdout).into_owned() + &String::from_utf8_lossy(&outcome.stderr);
    assert!(said.contains("Renewed") && said.contains("timed by the wall clock") && !said.contains("panicked"), "{said}");
    assert!(team.read(".git/jit/claims.jsonl").contains("\"clock_domain\":\"wall\""), "{said}");
}
