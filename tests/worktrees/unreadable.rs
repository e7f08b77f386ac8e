//! A worktree whose identity cannot be read is shown as such, and stops no command in the others.

use crate::support::{Outcome, Place, World};

/// A repository with two worktrees for issues; the identity of the first one will be damaged.
fn two_worktrees() -> (World, Place, Place, Place, String) {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    let spawn = |issue: &str| team.moved(&team.jit(&format!("worktree spawn {issue} --no-agent --quiet")).ok().line());
    let (torn, whole) = (spawn(&issues[0]), spawn(&issues[1]));
    let file = torn.git("rev-parse --git-path jit/worktree.json").ok().line();
    (world, team, torn, whole, file)
}

/// What a crash, an editor or a bad disk may leave.
fn damage(file: &str, what: &str) {
    let text = std::fs::read(file).expect("readable");
    std::fs::remove_file(file).expect("removed");
    match what {
        "half of it" => std::fs::write(file, &text[..text.len() / 2]).expect("written"),
        "other bytes" => std::fs::write(file, b"\xff\xfe{").expect("written"),
        "JSON of another kind" => std::fs::write(file, b"[1, 2]").expect("written"),
        "a newer version's" => std::fs::write(file, b"{\"schema_version\":9}").expect("written"),
        "a directory" => std::fs::create_dir(file).expect("created"),
        _ => std::os::unix::fs::symlink("worktree.json", file).expect("linked"),
    }
}

#[test]
fn one_torn_identity_stops_no_other_worktree_and_is_never_taken_for_none() {
    for what in ["half of it", "other bytes", "JSON of another kind", "a newer version's", "a directory", "a link to itself"] {
        let (_world, team, torn, whole, file) = two_worktrees();
        damage(&file, what);
        let name = torn.dir.file_name().expect("a name").to_string_lossy().into_owned();
        for place in [&team, &whole] {
            place.jit("status").warns("worktree.json").says("mv '");
            place.jit("worktree list").warns("worktree.json").says("unreadable");
            let listed = place.json_and_warning("worktree list", "worktree.json");
            let unreadable = listed["worktrees"].as_array().expect("a list").iter().filter(|row| row["unreadable"].is_string());
            assert_eq!(unreadable.count(), 1, "{what}: {listed}");
            let status = place.json_and_warning("status", "worktree.json");
            let unreadable = status["worktrees"].as_array().expect("a list").iter().filter(|row| row["unreadable"].is_string());
            assert_eq!(unreadable.count(), 1, "{what}: {status}");
            place.jit("claim list").ok().says(&name[6..14]);
            place.jit("worktree prune").ok();
            place.jit("doctor").exits(6).says("worktree.json").never_says("no longer exists");
            place.jit(&format!("worktree remove {name}")).exits(7).says("mv '").never_says("Removed");
            assert!(torn.dir.exists(), "{what}");
        }
        let third = team.create("Third");
        team.git("add -A").ok();
        team.git("commit -q -m Third").ok();
        team.jit(&format!("worktree spawn {third} --no-agent")).ok();
        let own = whole.dir.file_name().expect("a name").to_string_lossy().into_owned();
        team.jit(&format!("worktree remove {own} -D")).ok().says("Removed");
        torn.jit("claim renew").exits(7).says("worktree.json");
        // Its folder is gone too: then it is not pruned either, since it may hold leases.
        std::fs::rename(&torn.dir, torn.dir.with_extension("away")).expect("moved");
        team.jit("worktree prune").says("worktree.json");
        assert!(std::fs::symlink_metadata(&file).is_ok(), "{what}: pruned");
        std::fs::rename(torn.dir.with_extension("away"), &torn.dir).expect("moved back");
        mended(&torn, &file);
    }
}

/// The next step that every message names gives the worktree a new identity, which holds nothing.
fn mended(torn: &Place, file: &str) {
    std::fs::rename(file, format!("{file}.bad")).expect("moved");
    let renewed: Outcome = torn.jit("claim renew");
    assert_ne!(renewed.exits(2).status(), 0);
    torn.jit("status").ok().says("You hold no lease here");
}

#[test]
fn an_identity_that_a_power_failure_left_empty_counts_as_none() {
    for left in [&b""[..], b"\0\0\0\0"] {
        let (_world, team, torn, _whole, file) = two_worktrees();
        std::fs::write(&file, left).expect("written");
        team.jit("worktree list").ok().never_says("unreadable");
        torn.jit("status").ok();
    }
}
