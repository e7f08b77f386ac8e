//! Which policy is in force, and what happens where it cannot be read.

use super::{REFUSED, Scene, in_both, in_linked};
use crate::support::{Place, World};

#[test]
fn the_policy_cannot_be_loosened_from_a_worktree_a_branch_or_a_setting() {
    in_both(|scene| {
        let Scene { here, issues, world, .. } = scene;
        here.edit(&issues[0], "Edited");
        here.set_policy("off");
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("checkout -q -- .jit/config.toml").ok();
        here.with("JIT_ENFORCE_LEASES", "off").git("commit -q -a -m x").exits(REFUSED);
        let before = here.git("rev-list --max-parents=0 HEAD").ok().line();
        world.team().git(&format!("branch before {before}")).ok();
        here.git("config jit.defaultBranch before").ok();
        here.git("commit -q -a -m x").exits(REFUSED);
        here.git("commit -q -a --no-verify -m x").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED).says("push refused");
        here.git("config jit.defaultBranch refs/heads/none").ok();
        here.git("push -q origin HEAD:refs/heads/topic").exits(REFUSED);
    });
}

#[test]
fn an_old_branch_from_before_the_policy_is_under_it_too() {
    let world = World::new();
    let team = world.team();
    let id = team.create("First");
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    team.git("branch old").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    world.add_remote();
    team.git("push -q origin main old").ok();
    team.jit("hooks install").ok();
    team.git("checkout -q old").ok();
    team.edit(&id, "Edited");
    team.git("commit -q -a -m x").exits(REFUSED);
    team.git("commit -q -a -m x --no-verify").ok();
    team.git("push -q origin old").exits(REFUSED);
}

#[test]
fn the_policy_itself_changes_on_top_of_the_default_branch_only() {
    in_linked(|scene| {
        let Scene { here, .. } = scene;
        scene.others_edit("Theirs");
        here.set_policy("warn");
        here.git("commit -q -a -m x").exits(REFUSED).says("lacks the tip of").says("git merge");
        here.git("checkout -q -- .jit").ok();
        here.git("merge -q --ff-only origin/main").ok();
        here.set_policy("warn");
        here.git("commit -q -a -m Loosen").ok();
        here.git("push -q origin HEAD:refs/heads/topic").ok();
    });
}

#[test]
fn a_policy_that_does_not_parse_is_strict_for_issues_and_can_be_repaired() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.write(".jit/config.toml", "[worktree\n");
    team.edit(&issues[0], "Edited");
    team.git("commit -q -a -m x")
        .exits(REFUSED)
        .says("the policy counts as strict because")
        .says(".jit/config.toml cannot be read");
    team.git("checkout -q -- .jit/issues").ok();
    team.git("commit -q -a -m Broken").ok();
    team.edit(&issues[0], "Edited");
    team.git(&format!("commit -q -m x {}", Place::file(&issues[0]))).exits(REFUSED);
    team.git("checkout -q -- .jit/issues").ok();
    team.write(".jit/config.toml", "[worktree]\nenforce_leases = 'off'\n");
    team.git("commit -q -a -m Repaired").ok();
}

#[test]
fn warn_says_and_never_refuses_and_off_says_nothing() {
    let (world, issues) = World::under("warn");
    let team = world.team();
    team.edit(&issues[0], "Edited");
    team.git("commit -q -a -m Warned").ok().says("would be refused").says("edited without a lease");
    team.git("push -q origin main").ok().says_nothing();
    team.edit(&issues[0], "Around the hook");
    team.git("commit -q -a --no-verify -m x").ok();
    team.git("push -q origin main").ok().says("would be refused");
    std::fs::write(world.path("team/.git/jit/claims.jsonl"), "garbage\n").expect("written");
    team.edit(&issues[0], "Again");
    team.git("commit -q -a -m Warned").ok().says("lease log cannot be read");
    let (world, issues) = World::under("off");
    let team = world.team();
    team.edit(&issues[0], "Edited");
    std::fs::write(world.path("team/.git/jit/claims.jsonl"), "garbage\n").expect("written");
    team.git("commit -q -a -m Silent").ok().says_nothing();
    team.git("push -q origin main").ok().says_nothing();
}

#[test]
fn a_repository_without_issues_notices_nothing() {
    let world = World::empty();
    world.place("").git("init -q -b main team").ok();
    let team = world.team();
    team.jit("hooks install").ok();
    team.write("a", "a");
    team.git("add -A").ok();
    team.git("commit -q -m One").ok().says_nothing();
    team.git("checkout -q -b side").ok();
    team.git("commit -q --allow-empty -m Two").ok().says_nothing();
    team.git("checkout -q main").ok();
    team.git("merge -q --no-ff -m Merge side").ok().says_nothing();
    world.add_remote();
    team.git("push -q origin main").ok().says_nothing();
    team.git("push -q origin main").ok().says_nothing();
    team.git("push -q origin --delete main").exits(1).never_says("git jit");
}

#[test]
fn pointing_the_default_branch_elsewhere_protects_nothing_less() {
    in_linked(|scene| {
        let Scene { here, .. } = scene;
        scene.others_edit("Theirs");
        here.git("branch junk origin/main~1").ok();
        here.git("config jit.defaultBranch junk").ok();
        here.git("push -q --force origin junk:main").exits(REFUSED).says("undo a published edit");
        here.write(".jit/config.toml", format!("{}# x\n", here.read(".jit/config.toml")));
        here.git("commit -q -a -m x").exits(REFUSED).says("lacks the tip of");
        here.git("checkout -q -- .jit").ok();
        here.git("push -q origin junk").ok();
        here.git("remote set-head origin junk").ok();
        here.git("push -q --force origin junk:main").exits(REFUSED);
    });
}

#[test]
fn a_policy_edit_that_was_in_order_is_not_refused_because_main_moved_on() {
    in_linked(|scene| {
        let Scene { here, .. } = scene;
        here.git("checkout -q -b topic").ok();
        here.write(".jit/config.toml", format!("{}# x\n", here.read(".jit/config.toml")));
        here.git("commit -q -a -m Policy").ok();
        scene.others_edit("Theirs");
        here.git("push -q origin topic").ok();
    });
}

#[test]
fn a_policy_that_only_this_branch_has_counts_here() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.git("checkout -q -b topic").ok();
    team.edit(&issues[0], "Passes");
    team.git("commit -q -a -m Edit").ok().says_nothing();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    team.set_policy("off");
    team.edit(&issues[0], "Does not");
    let file = Place::file(&issues[0]);
    team.git(&format!("commit -q -m x {file}")).exits(REFUSED);
}

#[test]
fn a_policy_that_came_in_two_steps_can_be_pushed_first() {
    let world = World::new();
    let team = world.team();
    team.git("add -A").ok();
    team.git("commit -q -m Init").ok();
    team.jit("hooks install").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    world.add_remote();
    team.git("push -q origin main~1:refs/heads/half").ok();
    team.git("push -q origin main").ok();
}

#[test]
fn what_passed_under_a_laxer_policy_is_not_stranded_by_a_stricter_one() {
    let (world, issues) = World::under("off");
    let team = world.team();
    team.git("checkout -q -b topic").ok();
    team.edit(&issues[0], "Under off");
    team.git("commit -q -a -m Edit").ok().says_nothing();
    team.git("checkout -q main").ok();
    team.set_policy("strict");
    team.git("commit -q -a -m Strict").ok();
    team.git("push -q origin main").ok();
    team.git("push -q origin topic").ok();
    team.edit(&issues[0], "Under strict");
    team.git("commit -q -a -m x").exits(REFUSED);
}

#[test]
fn what_is_broken_is_refused_with_the_way_out() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:here");
    let (index, log) = (team.dir.join(".git/index"), team.dir.join(".git/jit/claims.jsonl"));
    let hook = || crate::support::Outcome::of("the hook".into(), team.command("jit-pre-commit").arg("pre-commit"));
    let whole = std::fs::read(&index).expect("read");
    std::fs::write(&index, "DIRC and nothing else").expect("written");
    hook().exits(REFUSED).says("could not be judged").says("git fsck").never_says("panicked");
    std::fs::write(&index, whole).expect("written");
    team.acquire(&issues[0]);
    let text = std::fs::read_to_string(&log).expect("read");
    std::fs::write(&log, text.lines().skip(1).fold(String::new(), |text, line| text + line + "\n")).expect("written");
    team.edit(&issues[0], "Edited");
    team.git("add -A").ok();
    hook().exits(REFUSED).says("the lease log cannot be read").says("git jit recover --dry-run");
    team.write("code", "x");
    team.git("reset -q").ok();
    team.git("add code").ok();
    hook().ok().says_nothing();
}
