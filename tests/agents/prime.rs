//! `prime`: everything an agent needs, within its limit whatever the repository holds.

use crate::support::{Outcome, World};

/// Fewer than two thousand tokens, counted as three bytes each.
fn is_within_limit(outcome: &Outcome) {
    let bytes = outcome.stdout.len();
    assert!(bytes / 3 < 2000, "{bytes} bytes:\n{}", outcome.stdout);
}

/// It tells nobody to publish anything, and speaks of skipping hooks only to say that it is not done.
fn is_innocent(outcome: &Outcome) {
    assert!(!outcome.stdout.to_lowercase().contains("push"), "{}", outcome.stdout);
    let around: Vec<&str> = outcome.stdout.split("`--no-verify`").skip(1).collect();
    assert!(around.len() <= 1 && around.iter().all(|after| after.starts_with(" is not used here")), "{}", outcome.stdout);
    assert_eq!(outcome.stdout.matches("no-verify").count(), around.len());
}

#[test]
fn it_stays_within_two_thousand_tokens_in_a_repository_full_of_long_names() {
    let world = World::new();
    let team = world.team().agent(&format!("agent:{}", "a".repeat(74)));
    let long = "Ein sehr langer Titel 日本語のとても長い題名 ".repeat(9);
    let keys: Vec<String> = (0..12).map(|n| format!("gate-{n:02}-{}", "k".repeat(50))).collect();
    let entries: Vec<serde_json::Value> = (0..300)
        .map(|n| {
            let depends: Vec<String> = if n == 299 { (0..20).map(|n| format!("k{n}")).collect() } else { Vec::new() };
            let gates = if n == 299 { keys.clone() } else { Vec::new() };
            serde_json::json!({ "key": format!("k{n}"), "title": format!("{n} {}", long.trim()), "depends_on": depends, "gates": gates })
        })
        .collect();
    for key in &keys {
        team.jit(&format!("gate define {key} --command true")).ok();
    }
    team.write("plan.json", serde_json::to_string(&entries).expect("JSON"));
    let ids = team.json("issue import --from-json plan.json")["ids"].clone();
    let id = |key: &str| ids[key].as_str().expect("an id").to_owned();
    for n in 200..212 {
        team.jit(&format!("claim acquire {}", id(&format!("k{n}")))).ok();
    }
    team.jit(&format!("claim acquire {}", id("k299"))).ok();
    team.git(&format!("checkout -q -b {}", "branch-".repeat(28))).ok();
    team.write(".jit/PRIME.md", "ÄÖÜ line of the repository\n".repeat(1000));
    let outcome = team.jit("prime").ok();
    is_within_limit(&outcome);
    is_innocent(&outcome);
    // Every list was full.
    drop(
        outcome
            .says("; and 7 more\nBlocked by: ")
            .says("; and 15 more\n")
            .says("- and 8 more: `git jit whoami`")
            .says("(cut here;"),
    );
}

#[test]
fn it_tells_the_rules_that_are_in_force() {
    for (policy, says) in [("strict", "the hooks refuse"), ("warn", "the hooks report"), ("off", "others rely on them")] {
        let (world, _) = World::under(policy);
        let outcome = world.team().jit("prime").ok().says(&format!("Policy {policy}: ")).says(says).says("a lease lasts 10m 0s");
        is_innocent(&outcome);
        is_within_limit(&outcome);
    }
    let (world, _) = World::under("off");
    let team = world.team();
    team.write(".jit/config.toml", "= nonsense");
    team.jit("prime").ok().says("Policy strict").says("cannot be read, and counts as strict");
    let world = World::new();
    let team = world.team();
    team.write(".jit/config.toml", "[worktree]\nmode = \"off\"\n");
    let outcome = team.jit("prime").ok().says("Leases are switched off here").never_says("claim acquire").never_says("Your leases");
    is_innocent(&outcome);
}

#[test]
fn it_tells_who_you_are_what_you_hold_and_what_to_do_next() {
    let (world, issues) = World::strict();
    let team = world.team().at("boot", 0);
    let me = team.agent("agent:me");
    me.jit("gate define tests --command true").ok();
    team.git("add -A").ok();
    team.git("commit -q -m Gate").ok();
    let path = me.jit(&format!("worktree spawn {} --no-agent --quiet", issues[0])).ok().line();
    let there = team.moved(&path).sub("src");
    there.jit(&format!("gate add {} tests", issues[0])).ok();
    there.jit(&format!("dep add {} {}", issues[0], issues[1])).ok();
    let (first, second, third) = (&issues[0][..8], &issues[1][..8], &issues[2][..8]);
    let outcome = there
        .jit("prime")
        .ok()
        .says("agent:me (from this worktree), worktree wt:")
        .says(&format!("on issue-{first}-first"))
        .says(&format!("- `{first}` \"First\", 10m 0s"))
        .says(&format!("`{first}` \"First\": backlog, normal, the lease is yours"))
        .says("Gates: tests pending (auto)")
        .says(&format!("Blocked by: `{second}` \"Second\" (ready)"))
        .says("## Available: 2 of 2")
        .says(&format!("- `{third}` normal \"Third\""))
        .says(&format!("- `git jit gate check-all {first}`"))
        .says(&format!("- `git jit done {first}`"));
    is_innocent(&outcome);
    is_within_limit(&outcome);
    let document = there.json("prime");
    assert_eq!(document["text"], outcome.stdout);
    assert_eq!(document["issue"]["mine"], true);
    assert_eq!(document["issue"]["gates"][0]["status"], "pending");
    assert_eq!(document["leases"][0]["issue_id"], issues[0]);
    // Another agent in the same worktree holds nothing, and is told who does.
    there.agent("agent:you").jit("prime").ok().says("None.").says("held by agent:me").says("claim status --issue");
    // The primary worktree is for no issue.
    team.agent("agent:you").jit("prime").ok().never_says("The issue of this worktree").says("## Next\n- `git jit claim acquire ");
}

#[test]
fn what_the_repository_says_is_added_and_replaces_nothing() {
    let (world, _) = World::strict();
    let team = world.team();
    team.write(".jit/PRIME.md", "# Rules\nRun `make` first.\u{1b}[2J\n");
    let outcome = team
        .jit("prime")
        .ok()
        .says("Policy strict")
        .says("From the repository, in .jit/PRIME.md\n> # Rules\n> Run `make` first.\u{fffd}[2J\n");
    is_within_limit(&outcome);
    // A link could lead to anything.
    team.write("secret", "the key");
    std::fs::remove_file(team.dir.join(".jit/PRIME.md")).expect("removed");
    std::os::unix::fs::symlink(team.dir.join("secret"), team.dir.join(".jit/PRIME.md")).expect("linked");
    team.jit("prime").ok().never_says("the key");
}

#[test]
fn without_issues_or_a_repository_it_says_how_to_begin() {
    let world = World::empty();
    world.place("").git("init -q -b main plain").ok();
    let plain = world.place("plain");
    let outcome = plain.jit("prime").ok().says("is not set up in this repository").says("git jit init");
    assert!(outcome.stdout.lines().count() <= 3);
    is_innocent(&outcome);
    assert_eq!(plain.json("prime")["set_up"], false);
    assert!(!plain.dir.join(".git/jit").exists() && !plain.dir.join(".jit").exists(), "a read writes nothing");
    world.place("").jit("prime").exits(3).says("git repository");
    let world = World::new();
    world.team().jit("prime").ok().says("## Available: 0 of 0").says("git jit issue create");
}
