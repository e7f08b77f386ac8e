//! Settings: shown with their sources, and changed without other changes to the file.

use crate::support::World;

#[test]
fn a_setting_is_changed_in_its_place_and_the_rest_of_the_file_stays() {
    let world = World::new();
    let team = world.team();
    let before = team.read(".jit/config.toml");
    team.jit("config set worktree.enforce_leases strict").ok();
    assert_eq!(team.read(".jit/config.toml"), before.replace("\"off\"", "\"strict\""));
    assert_eq!(team.jit("config get worktree.enforce_leases").ok().line(), "strict");
    team.jit("config set worktree.enforce_leases strict").ok().says("Unchanged");
    team.jit("config unset worktree.enforce_leases").ok();
    assert_eq!(team.jit("config get worktree.enforce_leases").ok().line(), "off");
    team.jit("config show").ok().says("coordination.default_ttl_secs").says(".jit/config.toml").says("default");
    for (words, status, says) in [
        ("config set worktree.enforce_leases never", 2, "off, warn, strict"),
        ("config set worktree.enforce_lease strict", 3, "Did you mean worktree.enforce_leases?"),
        ("config set coordination.default_ttl_secs soon", 2, "seconds"),
        ("config set agent.id agent:a", 2, "--global"),
        ("config set worktree.mode off --global", 2, "Omit --global"),
        ("config get nothing.here", 3, "config show"),
    ] {
        team.jit(words).exits(status).says(says);
    }
    team.jit("config set --global agent.id agent:alice").ok();
    team.jit("whoami").ok().says("agent:alice").says("agent.toml");
    team.jit("config show").ok().says("agent.toml");
    team.jit("config unset --global agent.id").ok();
    team.jit("whoami").ok().never_says("agent:alice");
    team.jit("config validate").ok();
    team.write(".jit/config.toml", "[worktree\n");
    team.jit("config validate").exits(6).says("config.toml");
    team.jit("config set worktree.mode on").exits(6).says("config.toml");
    assert_eq!(team.read(".jit/config.toml"), "[worktree\n");
}

#[test]
fn the_policy_is_not_edited_on_a_branch_that_lacks_the_default_one() {
    let (world, _) = World::strict();
    let old = world.linked("old");
    world.team().git("commit -q --allow-empty -m More").ok();
    world.team().git("push -q").ok();
    old.jit("config set coordination.default_ttl_secs 60").exits(1).says("git merge");
    old.jit("gate define review").exits(1).says("git merge");
    old.git("merge -q main").ok();
    old.jit("config set coordination.default_ttl_secs 60").ok();
    old.jit("gate define review").ok();
}

#[test]
fn a_setting_of_the_older_tool_is_told_kept_and_not_invented() {
    let world = World::new();
    let team = world.team();
    let text = "# ours\n[type_hierarchy]\ntypes = { epic = 1, task = 2 } # levels\n\n[namespaces.type]\nunique = true\n";
    team.write(".jit/config.toml", text);
    assert_eq!(team.jit("config get namespaces.type.unique").ok().line(), "true");
    team.jit("config set worktree.enforce_leases warn").ok();
    let after = team.read(".jit/config.toml");
    assert!(after.starts_with(text) && after.contains("enforce_leases = \"warn\""), "{after}");
    team.jit("config set namespaces.type.unique false").exits(3);
}
