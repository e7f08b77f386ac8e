//! The command lines of the three documents that this product started from, unchanged.

use crate::support::World;

#[test]
fn the_first_tutorial_from_end_to_end() {
    let world = World::new();
    let main = world.team();
    let wanted = main.create("Feature work");
    let below = main.create("What it needs");
    let deep = main.create("What that needs");
    main.jit(&format!("dep add {wanted} {below}")).ok();
    main.jit(&format!("dep add {below} {deep}")).ok();
    main.git("add -A").ok();
    main.git("commit -q -m Issues").ok();
    main.git("worktree add ../my-feature -b feature/my-work").ok();
    let feature = world.place("my-feature").agent("agent:alice-feature");
    feature.jit("init").ok();
    let info = feature.jit("worktree info").ok();
    for line in [
        "Worktree Information:",
        "ID:         wt:",
        "Branch:     feature/my-work",
        "Root:       ",
        "Type:       secondary worktree",
        "Common dir: ",
    ] {
        assert!(info.stdout.contains(line), "{line} in {}", info.stdout);
    }
    feature.jit("query available").ok().says(&deep[..8]).never_says(&wanted[..8]);
    let acquired = feature.jit(&format!("claim acquire {deep}")).ok();
    assert!(acquired.stdout.starts_with("✓ Acquired lease: "), "{}", acquired.stdout);
    assert!(acquired.stdout.contains(&format!("  Issue: {deep}")) && acquired.stdout.contains("  TTL: 600 seconds"));
    let lease = acquired.stdout.lines().next().and_then(|line| line.rsplit(' ').next()).expect("its id").to_owned();
    feature.jit("claim list").ok().says("agent:alice-feature");
    feature.jit(&format!("issue update {deep} --state in_progress")).ok();
    feature.jit(&format!("gate check-all {deep}")).ok().says("has no gates");
    feature.jit(&format!("issue update {deep} --state done")).ok();
    feature.git("add -A").ok();
    feature.git_args(&["commit", "-q", "-m", "Complete feature work"]).ok();
    feature.jit(&format!("claim release {lease}")).ok();
    feature.jit(&format!("graph deps {wanted}")).ok().says(&below[..8]).never_says(&deep[..8]);
    feature.jit(&format!("graph deps {wanted} --depth 0")).ok().says(&below[..8]).says(&deep[..8]).says("[done]");
    main.jit(&format!("issue show {deep}")).ok().says("ready");
    main.git("merge -q feature/my-work").ok();
    main.jit(&format!("issue show {deep}")).ok().says("done");
    world.place("").git("-C team worktree remove ../my-feature").ok();
}

#[test]
fn the_design_review_reads_without_a_lease_and_writes_with_one() {
    let (world, issues) = World::strict();
    let [a, b, c] = [&issues[0], &issues[1], &issues[2]];
    let one = world.linked("worktree-1").agent("agent:agent-1");
    let two = world.linked("worktree-2").agent("agent:agent-2");
    one.acquire(a);
    one.jit(&format!("dep add {a} {b}")).ok().says(&format!(
        "{} now depends on {} ({} must be closed first)",
        &a[..8],
        &b[..8],
        &b[..8]
    ));
    two.acquire(b);
    for (words, says) in [
        (format!("issue show {c}"), "Third"),
        ("query available".to_owned(), "Third"),
        (format!("graph show {a}"), "Second"),
        (format!("dep show {a}"), "Second"),
        ("gate list".to_owned(), "No gates"),
        ("claim status".to_owned(), "agent:agent-1"),
        (format!("claim status --issue {b}"), "agent:agent-2"),
        ("query blocked".to_owned(), "First"),
        ("query all".to_owned(), "Third"),
    ] {
        one.jit(&words).ok().says(says);
    }
    for words in [format!("issue update {c} --state done"), format!("dep add {c} {b}"), format!("issue delete {c}")] {
        one.jit(&words).exits(5).says("git jit claim acquire");
    }
    one.jit(&format!("issue update {b} --state done")).exits(4).says("agent:agent-2");
    let created = one.jit_args(&["issue", "create", "--title", "New feature", "--priority", "high"]).ok();
    let id = created.stdout.split_whitespace().find(|word| word.len() == 36).expect("its id").to_owned();
    let shown = one.json(&format!("issue show {id}"));
    assert_eq!((&shown["issues"][0]["state"], &shown["issues"][0]["priority"]), (&"ready".into(), &"high".into()));
    one.jit(&format!("claim acquire {id} --ttl 600")).ok().says("TTL: 600 seconds");
}
