//! The verbs of `claim`, with two agents and a clock that tests move.

use crate::support::{Place, World};

#[test]
fn two_agents_one_lease_then_it_ends_and_the_other_has_it() {
    let world = World::new();
    let (alice, bob) = (world.team().agent("agent:alice"), world.linked("bob"));
    let id = alice.create("Shared");
    let granted =
        alice.at("boot", 0).jit(&format!("claim acquire {id} --ttl 10m")).ok().says("✓ Acquired lease:").says("TTL: 600 seconds");
    assert!(granted.stdout.contains(&id));
    let refused = bob.at("boot", 599).jit(&format!("claim acquire {}", &id[..8])).exits(4);
    refused.says("held by agent:alice").says("for 1s more").says("git jit query available");
    assert!(!bob.dir.join(Place::file(&id)).exists(), "who gets no lease gets no file");
    bob.at("boot", 600).jit(&format!("claim acquire {}", &id[..8])).ok();
    assert!(bob.dir.join(Place::file(&id)).exists(), "the file comes with the lease");
    alice.at("boot", 601).jit(&format!("claim acquire {id}")).exits(4).says("agent:bob");
}

#[test]
fn a_restart_gives_a_lease_its_whole_time_again_from_when_somebody_asks() {
    let world = World::new();
    let (alice, bob) = (world.team().agent("agent:alice"), world.linked("bob"));
    let id = alice.create("Shared");
    alice.at("boot1", 1000).jit(&format!("claim acquire {id} --ttl 60")).ok();
    let ask = |domain: &str, at: u64| bob.at(domain, at).jit(&format!("claim acquire {id}")).status();
    bob.at("boot2", 5).jit("claim list").ok().says("at most 1m 0s");
    assert_eq!([ask("boot2", 10), ask("boot2", 69), ask("boot2", 70)], [4, 4, 0]);
}

#[test]
fn the_wall_clock_decides_nothing() {
    let world = World::new();
    let alice = world.team().agent("agent:alice");
    let id = alice.create("Shared");
    alice.at("boot", 100).acquire(&id);
    let log = alice.read(".git/jit/claims.jsonl");
    assert!(log.contains("\"clock_ms\":100000") && log.contains("\"clock_domain\":\"boot\""), "{log}");
    alice.agent("agent:bob").at("boot", 99).jit(&format!("claim acquire {id}")).exits(4);
}

#[test]
fn the_holder_keeps_releases_and_is_told_apart_by_worktree() {
    let world = World::new();
    let (here, there) = (world.team().agent("agent:alice"), world.linked("side").agent("agent:alice"));
    let id = here.create("Mine");
    here.git("add -A").ok();
    here.git("commit -q -m Issue").ok();
    let lease = here.jit(&format!("claim acquire {id} --quiet")).ok().line();
    here.jit(&format!("claim acquire {id}")).ok().says(&lease);
    there.jit(&format!("claim acquire {id}")).exits(4);
    there.jit(&format!("claim release {id}")).exits(4).says("your other worktree");
    here.agent("agent:bob").jit(&format!("claim release {id}")).exits(4).says("export JIT_AGENT_ID=agent:alice");
    here.jit("whoami").ok().says("agent:alice").says("(from JIT_AGENT_ID)").says(&id[..8]);
    here.jit(&format!("claim release {}", &lease[..10].to_lowercase())).ok().says("Released");
    here.jit(&format!("claim release {id}")).exits(3).says("no lease");
    here.jit("claim list").ok().says("No leases");
}

#[test]
fn releasing_waits_for_the_commit_of_an_edit() {
    let (world, issues) = World::strict();
    let (alice, bob) = (world.team().agent("agent:alice"), world.linked("bob"));
    alice.acquire(&issues[0]);
    alice.jit(&format!("issue update {} --state done", issues[0])).ok();
    alice.jit(&format!("claim release {}", issues[0])).ok().says("ends when it is");
    bob.jit(&format!("claim acquire {}", issues[0])).exits(4);
    alice.jit("claim list").ok().says("until its commit");
    alice.git("commit -q -a -m Done").ok();
    bob.jit(&format!("claim acquire {}", issues[0])).ok();
}

#[test]
fn absurd_times_and_reasons_are_clean_errors() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    for ttl in ["-5", "31d", "99999999999999999999h", "soon", ""] {
        team.jit_args(&["claim", "acquire", &id, &format!("--ttl={ttl}")]).exits(2).says("invalid lease duration");
    }
    team.jit_args(&["claim", "acquire", &id, "--reason", "  "]).exits(2);
    team.jit_args(&["claim", "acquire", &id, "--reason", &"x".repeat(501)]).exits(2);
    team.jit("claim list").ok().says("No leases");
    team.jit_args(&["claim", "acquire", &id, "--reason", &"é".repeat(500)]).ok();
    team.jit("claim list --json").ok().says("éé");
}

#[test]
fn identity_comes_from_the_first_that_has_one() {
    let world = World::new();
    let team = world.team();
    team.git_args(&["config", "user.name", "Ada Lovelace"]).ok();
    team.jit("whoami").ok().says("human:ada-lovelace").says("(from git user.name)");
    world.place("home").write(".config/jit/agent.toml", "[agent]\nid = 'agent:file'\ndescription = \"x\"\n");
    team.jit("whoami").ok().says("agent:file").says("(from agent.toml)");
    team.agent("agent:variable").jit("whoami").ok().says("agent:variable").says("(from JIT_AGENT_ID)");
    team.agent("agent:variable").jit("whoami --agent-id agent:flag").ok().says("agent:flag").says("(from --agent-id)");
    team.agent("nonsense").jit("whoami").exits(2).says("JIT_AGENT_ID").says("type:name");
    world.place("home").write(".config/jit/agent.toml", "[agent\n");
    team.jit("whoami").exits(7).says("agent.toml");
}

#[test]
fn leases_are_switched_off_where_every_place_says_so() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let text = team.read(".jit/config.toml").replace("[worktree]\n", "[worktree]\nmode = 'off'\n");
    team.write(".jit/config.toml", text);
    team.jit(&format!("claim acquire {id}")).exits(1).says("switched off");
    team.jit("claim list").exits(1);
    team.jit(&format!("issue update {id} --state done")).ok();
}
