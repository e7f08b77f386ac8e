//! `git jit setup`: everything at once, twice is once, and back to the byte; and a clone that is told what it lacks.

use std::collections::BTreeMap;
use std::path::Path;

use crate::support::{Place, World};

/// Every file and folder below a folder, with what is in it.
pub(crate) fn everything(root: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder").flatten() {
            let (path, kind) = (entry.path(), entry.file_type().expect("known"));
            let name = path.strip_prefix(root).expect("below").display().to_string();
            let content = if kind.is_file() { std::fs::read(&path).expect("read") } else { Vec::new() };
            all.insert(name, content);
            if kind.is_dir() {
                folders.push(path);
            }
        }
    }
    all
}

/// What is there in one and not in the other, or differs.
pub(crate) fn differing(one: &BTreeMap<String, Vec<u8>>, other: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let names = one.keys().chain(other.keys());
    let mut found: Vec<String> = names.filter(|name| one.get(*name) != other.get(*name)).cloned().collect();
    found.sort();
    found.dedup();
    found
}

/// A repository that knows nothing of git jit.
fn bare_of_it() -> World {
    let world = World::empty();
    world.place("").git("init -q -b main team").ok();
    world.team().git("commit -q --allow-empty -m Root").ok();
    world
}

/// A clone of a repository with issues under a policy, without hooks, as clones are.
fn clone_under(policy: &str) -> (World, Place, Vec<String>) {
    let (world, issues) = World::under(policy);
    world.place("").git("clone -q remote.git clone").ok();
    let clone = world.place("clone").agent("agent:cloner");
    (world, clone, issues)
}

fn there_and_back(place: &Place, world: &World) {
    let all = || everything(&world.path(""));
    let before = all();
    place.jit("setup --dry-run --enforce strict").ok().says("would be done: .jit/config.toml").says("pre-merge-commit");
    place.jit("setup --check").exits(1).says("missing: .jit/config.toml").says("Install what is missing: git jit setup");
    assert_eq!(differing(&before, &all()), Vec::<String>::new(), "looking changes nothing");
    place.jit("setup").ok().says("created .jit/config.toml").says("hooks/pre-push").says("Next: git add .jit");
    place.jit("setup --enforce strict").ok().says("worktree.enforce_leases = strict").says("unchanged: .jit/config.toml");
    place.jit("setup --check --agent-files").exits(1).says("AGENTS.md");
    place.jit("setup --agent-files=claude").ok().says("AGENTS.md").says(".claude/settings.json");
    let set_up = all();
    let again = place.json("setup --enforce strict --agent-files=claude");
    assert_eq!((&again["changed"], &again["ok"]), (&false.into(), &true.into()));
    place.jit("setup --check --enforce strict").ok().never_says("missing");
    place.jit("setup --remove --dry-run").ok().says("would be removed: .jit/config.toml");
    assert_eq!(differing(&set_up, &all()), Vec::<String>::new(), "twice is once");
    assert_eq!(place.json("setup --remove")["changed"], true);
    assert_eq!(differing(&before, &all()), Vec::<String>::new(), "nothing is left");
    place.jit("setup --remove").ok().says("not installed");
    assert_eq!(differing(&before, &all()), Vec::<String>::new());
}

#[test]
fn everything_at_once_and_back_to_the_byte() {
    let world = bare_of_it();
    there_and_back(&world.team(), &world);
    let side = world.linked("side");
    there_and_back(&side.sub("deep"), &world);
    // Without the folders that Git makes from its template.
    world.place("").git("init -q -b main --template= plain").ok();
    there_and_back(&world.place("plain"), &world);
}

#[test]
fn a_policy_counts_in_a_clone_before_it_is_committed_and_comes_back_to_what_was_committed() {
    let (_world, clone, issues) = clone_under("off");
    let committed = clone.read(".jit/config.toml");
    let before = everything(&clone.dir);
    clone.jit("setup --enforce strict").ok();
    clone.jit("setup --remove").ok().says("what setup changed in .jit/config.toml");
    let after = everything(&clone.dir);
    assert_eq!(differing(&before, &after), Vec::<String>::new());
    clone.jit("setup --enforce strict").ok();
    clone.edit(&issues[0], "Unleased");
    clone.git("commit -q -m Unleased .jit/issues").exits(1).says("commit refused");
    assert_ne!(clone.read(".jit/config.toml"), committed);
    // Somebody relies on it by now.
    clone.git("add .jit/config.toml").ok();
    clone.jit("setup --remove").ok().says("kept: .jit/config.toml: staged or committed");
    assert_ne!(clone.read(".jit/config.toml"), committed);
}

#[test]
fn a_policy_is_never_loosened() {
    let (_world, clone, _) = clone_under("strict");
    let before = clone.read(".jit/config.toml");
    clone.jit("setup --enforce warn").ok().says("unchanged: strict is in force");
    assert_eq!(clone.read(".jit/config.toml"), before);
    // A variable of one command is no policy of the repository.
    let world = bare_of_it();
    let team = world.team();
    team.with("JIT_ENFORCE_LEASES", "strict").jit("setup --enforce warn").ok();
    assert!(team.read(".jit/config.toml").contains("enforce_leases = \"warn\""));
}

#[test]
fn what_somebody_would_miss_stays() {
    let world = bare_of_it();
    let team = world.team().agent("agent:a");
    team.jit("setup --enforce warn").ok();
    let id = team.create("Precious");
    team.acquire(&id);
    team.jit("setup --remove").ok().says(".jit has other files").says("leases, events or other work").says("removed: the hooks");
    team.jit(&format!("claim status --issue {id}")).ok().says("agent:a");
    assert!(team.read(".jit/config.toml").contains("warn"));
    let world = bare_of_it();
    let team = world.team();
    team.jit("setup").ok();
    team.write(".jit/config.toml", team.read(".jit/config.toml") + "# mine\n");
    team.jit("setup --remove").ok().says("edited since setup wrote it");
    assert!(team.read(".jit/config.toml").ends_with("# mine\n"));
    // A hook that stood there comes back.
    let world = bare_of_it();
    let hook = world.path("team/.git/hooks/pre-commit");
    std::fs::write(&hook, "#!/bin/sh\nexit 0\n").expect("written");
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).expect("set");
    there_and_back(&world.team(), &world);
}

#[test]
fn what_agents_are_told_comes_out_of_what_git_has_and_stays_where_git_has_it_too() {
    let world = World::new();
    let team = world.team();
    team.write("AGENTS.md", "Ours.\n");
    team.git("add AGENTS.md").ok();
    team.git("commit -q -m Agents").ok();
    team.jit("setup --agent-files=gemini").ok();
    assert!(team.read("AGENTS.md").contains("git-jit:begin") && team.read("GEMINI.md").contains("@./AGENTS.md"));
    team.jit("setup --remove").ok();
    assert_eq!(team.read("AGENTS.md"), "Ours.\n");
    assert!(!team.dir.join("GEMINI.md").exists());
    team.jit("setup --agent-files").ok();
    team.git("add AGENTS.md").ok();
    let staged = team.read("AGENTS.md");
    team.jit("setup --remove").ok().says("kept").says("git jit agents install --remove");
    assert_eq!(team.read("AGENTS.md"), staged);
}

#[test]
fn a_step_that_fails_keeps_no_other_from_being_done() {
    let world = bare_of_it();
    let global = world.path("global");
    std::fs::write(&global, "[core]\n\thooksPath = /somewhere\n").expect("written");
    let team = world.team().with("GIT_CONFIG_GLOBAL", &global.display().to_string());
    team.jit("setup --enforce strict").exits(1).says("global").says("git config --local core.hooksPath");
    assert!(team.read(".jit/config.toml").contains("strict"));
    let told = team.jit("setup --json").exits(1).document();
    let states: Vec<&str> = told["steps"].as_array().expect("a list").iter().filter_map(|step| step["state"].as_str()).collect();
    assert_eq!(states, ["already", "already", "already", "failed"]);
    world.place("").jit("setup").exits(3);
    team.jit("setup --check --remove").exits(2);
    team.jit("setup --enforce off").exits(2).says("warn, strict");
}

const TOLD: &str = "this clone does not have them: pre-commit, pre-merge-commit, pre-push";

#[test]
fn a_clone_without_hooks_is_told_of_it_once_a_day_by_what_relies_on_them() {
    let (world, clone, issues) = clone_under("strict");
    for verb in ["status", "issue list", "gate list", "whoami", "claim list", "query available", "hooks status"] {
        assert!(!clone.jit(verb).stderr.contains(TOLD), "{verb} only reads");
    }
    let mark = world.path("clone/.git/jit/hooks-told");
    assert!(!mark.exists());
    clone.jit(&format!("claim acquire {} --json", issues[0])).ok().never_says(TOLD);
    clone.jit(&format!("claim acquire {} --quiet", issues[0])).ok().never_says(TOLD);
    assert!(!mark.exists(), "nobody was told");
    let told = clone.jit(&format!("claim acquire {}", issues[1])).ok();
    assert!(told.stderr.contains(TOLD) && told.stderr.contains("git jit setup"), "{}", told.stderr);
    clone.jit(&format!("issue update {} --priority high", issues[1])).ok().never_says(TOLD);
    let days_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 24 * 3600);
    let set = || std::fs::File::options().write(true).open(&mark).expect("there").set_modified(days_ago).expect("set");
    set();
    clone.jit(&format!("issue update {} --priority low", issues[1])).ok().says(TOLD);
    set();
    clone.git("worktree add -q ../linked -b linked").ok();
    let linked = world.place("linked").agent("agent:cloner");
    linked.jit("wt spawn --no-agent").exits(2);
    linked.jit(&format!("wt spawn {} --no-agent", issues[2])).ok().says(TOLD);
    set();
    clone.jit("setup").ok();
    linked.jit(&format!("issue update {} --priority low", issues[2])).exits(4).never_says(TOLD);
    clone.jit(&format!("issue update {} --priority high", issues[1])).ok().never_says(TOLD);
    // It can be neither remembered nor said for ever.
    clone.jit("hooks uninstall").ok();
    std::fs::remove_file(&mark).expect("removed");
    std::fs::create_dir(&mark).expect("made");
    clone.jit(&format!("issue update {} --priority low", issues[1])).ok().never_says(TOLD);
}

#[test]
fn nobody_is_told_where_nothing_is_enforced_or_a_manager_runs_ours() {
    let (_world, clone, issues) = clone_under("off");
    clone.jit(&format!("claim acquire {}", issues[0])).ok().never_says("git jit setup");
    let (_world, clone, issues) = clone_under("warn");
    clone.git("config core.hooksPath .husky/_").ok();
    for (hook, binary) in [("pre-commit", "jit-pre-commit"), ("pre-merge-commit", "jit-pre-commit"), ("pre-push", "jit-pre-push")] {
        clone.write(&format!(".husky/_/{hook}"), "#!/bin/sh\n. \"$(dirname \"$0\")/h\"\n");
        clone.write(&format!(".husky/{hook}"), format!("{binary} {hook} \"$@\"\n"));
    }
    clone.jit(&format!("claim acquire {}", issues[0])).ok().never_says("git jit setup");
}
