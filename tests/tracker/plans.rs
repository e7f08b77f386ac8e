//! Plans: all of them, or none.

use crate::support::{Place, World};

const PLAN: &str = r#"[
  {"key": "impl", "title": "Implement it", "type": "task", "depends_on": ["spec"], "gates": ["tests"], "description": "All of it"},
  {"key": "spec", "title": "Write the spec", "priority": "high", "labels": ["area:web"], "assignee": "agent:a"},
  {"key": "ship", "title": "Ship it", "depends_on": ["impl", "EXISTING"], "context": {"github": "42"}}
]"#;

fn issues(team: &Place) -> usize {
    std::fs::read_dir(team.dir.join(".jit/issues")).map_or(0, Iterator::count)
}

#[test]
fn a_plan_is_created_completely_and_exported_unchanged() {
    let world = World::new();
    let team = world.team();
    let there = team.create("There before");
    team.jit("gate define tests").ok();
    team.write("plan.json", PLAN.replace("EXISTING", &there[..8]));
    team.jit("issue import --from-json plan.json --dry-run").ok().says("The plan is valid");
    assert_eq!(issues(&team), 1);
    let made = team.json("issue import --from-json plan.json");
    let ids = &made["ids"];
    let ship = team.json(&format!("issue show {}", ids["ship"].as_str().expect("an id")));
    let mut waits: Vec<&str> =
        ship["issues"][0]["dependencies"].as_array().expect("a list").iter().filter_map(|id| id.as_str()).collect();
    waits.sort_unstable();
    let mut expected = [ids["impl"].as_str().expect("an id"), there.as_str()];
    expected.sort_unstable();
    assert_eq!((waits.as_slice(), &ship["issues"][0]["context"]["github"]), (expected.as_slice(), &"42".into()));
    let exported = team.jit("issue export").ok().stdout;
    let other = World::new();
    other.team().jit("gate define tests").ok();
    other.team().write("plan.json", &exported);
    other.team().jit("issue import --from-json plan.json").ok();
    let titles = |place: &Place| {
        let document = place.json("issue export");
        let entries = document["issues"].as_array().expect("a list").clone();
        let of = |key: &serde_json::Value| {
            entries
                .iter()
                .find(|entry| entry["key"] == *key)
                .map(|entry| entry["title"].as_str().unwrap_or_default().to_owned())
                .expect("there")
        };
        let mut all: Vec<String> = entries
            .iter()
            .map(|entry| {
                let mut waits: Vec<String> = entry["depends_on"].as_array().expect("a list").iter().map(&of).collect();
                waits.sort();
                format!("{} {} {} {} {waits:?}", entry["title"], entry["priority"], entry["labels"], entry["gates"])
            })
            .collect();
        all.sort();
        all
    };
    assert_eq!(titles(&team), titles(&other.team()));
}

#[test]
fn all_problems_are_reported_and_nothing_is_written() {
    let world = World::new();
    let team = world.team();
    for (plan, says) in [
        (PLAN, "'EXISTING'"),
        (PLAN, "no gate 'tests'"),
        (
            r#"[{"key": "a", "title": "A", "depends_on": ["b"]}, {"key": "b", "title": "B", "depends_on": ["a"]}]"#,
            "depends on itself",
        ),
        (r#"[{"key": "a", "title": "A"}, {"key": "a", "title": "B"}]"#, "unique in the plan"),
        (r#"[{"key": "a", "title": "A", "colour": "red"}]"#, "colour"),
        ("{", "the plan"),
    ] {
        team.write("plan.json", plan);
        team.jit("issue import --from-json plan.json").exits(6).says(says).says("nothing was written");
        assert_eq!(issues(&team), 0);
    }
    team.jit("issue import --from-json missing.json").exits(3);
    let problems = team.jit("issue import --from-json plan.json --json").exits(6).document();
    assert_eq!(problems["error"]["details"]["problems"].as_array().map(Vec::len), Some(1));
}

#[test]
fn a_plan_from_stdin_and_one_that_cannot_be_written() {
    let world = World::new();
    let team = world.team();
    let import =
        |args: &str| format!("echo '[{{\"key\": \"a\", \"title\": \"A\"}}, {{\"key\": \"b\", \"title\": \"B\"}}]' | {args}");
    team.command("sh").args(["-c", &import("git-jit issue import --from-json -")]).assert().success();
    assert_eq!(issues(&team), 2);
    // With `ulimit -f 0` no file may grow, as on a full file system.
    let full = import("(ulimit -f 0; trap '' XFSZ; git-jit issue import --from-json -)");
    team.command("sh").args(["-c", &full]).assert().code(7);
    assert_eq!(issues(&team), 2);
    assert_eq!(std::fs::read_dir(team.dir.join(".jit/issues")).expect("listed").count(), 2);
    team.jit("doctor").ok();
}

#[test]
fn a_killed_import_is_completed_by_the_next_writer_or_never_happened() {
    let world = World::new();
    let team = world.team();
    let entries: Vec<String> = (0..400).map(|n| format!("{{\"key\": \"k{n}\", \"title\": \"T{n}\"}}")).collect();
    team.write("plan.json", format!("[{}]", entries.join(",")));
    let mut completed = 0;
    for round in 0..12 {
        let mut import = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
        import.args(["issue", "import", "--from-json", "plan.json"]).current_dir(&team.dir).env("HOME", world.path("home"));
        let mut import = import.stdout(std::process::Stdio::null()).spawn().expect("started");
        std::thread::sleep(std::time::Duration::from_millis(5 + round * 6));
        // It may have exited already.
        let _ = import.kill();
        import.wait().expect("ended");
        team.create("Next");
        let made = issues(&team) - usize::try_from(round).expect("small") - 1;
        assert_eq!(made % 400, 0, "a part of a plan is left");
        completed = made / 400;
        team.jit("doctor").ok();
        let left: Vec<_> = std::fs::read_dir(team.dir.join(".jit/issues"))
            .expect("listed")
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with('.'))
            .collect();
        assert!(left.is_empty(), "{left:?}");
    }
    assert_eq!(team.json("query all")["count"], completed * 400 + 12);
}

#[test]
fn a_plan_that_was_complete_when_its_writer_died_is_reported_and_finished() {
    let world = World::new();
    let team = world.team();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let staged = ".git/jit/plan";
    team.write(&format!("{staged}/{id}.json"), format!("{{\"id\": \"{id}\", \"title\": \"Staged\", \"state\": \"ready\"}}"));
    team.create("Other");
    team.jit(&format!("issue show {id}")).exits(3);
    team.write(&format!("{staged}/whole"), "");
    team.jit("doctor").exits(6).says("an import was interrupted");
    team.create("Another");
    team.jit(&format!("issue show {id}")).ok().says("Staged");
    team.jit("doctor").ok();
}

#[test]
fn a_plan_that_cannot_be_finished_is_kept_until_it_can() {
    let world = World::new();
    let team = world.team();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    team.write(&format!(".git/jit/plan/{id}.json"), format!("{{\"id\": \"{id}\", \"title\": \"Staged\", \"state\": \"ready\"}}"));
    team.write(".git/jit/plan/whole", "");
    std::fs::remove_dir_all(team.dir.join(".jit/issues")).expect("removed");
    team.write(".jit/issues", "in the way");
    team.jit("issue create Next").exits(7);
    std::fs::remove_file(team.dir.join(".jit/issues")).expect("removed");
    team.jit("issue create Next").ok();
    assert_eq!(issues(&team), 2);
}
