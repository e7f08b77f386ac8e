//! A repository that the older tool wrote, with all fields of its files and some unknown ones.

use crate::support::{Place, World};

/// An issue file with all fields of the older tool and some unknown ones.
const OLDER: &str = include_str!("older-issue.json");

/// A repository with 60 invented issues in the format of that tool's own repository.
fn older(world: &World) -> (Place, Vec<String>) {
    let team = world.team();
    let ids: Vec<String> =
        (1..=60_u128).map(|n| uuid::Uuid::from_u128((n * 0x0123_4567_89ab_cdef) << 60 | n).to_string()).collect();
    for (n, id) in ids.iter().enumerate() {
        let (state, assignee, waits) = match n % 6 {
            0 => ("ready", "null", None),
            1 => ("backlog", "null", Some(n - 1)),
            2 => ("done", "\"agent:copilot-cli\"", Some(n - 2)),
            3 => ("in_progress", "\"agent:claude\"", None),
            4 => ("rejected", "null", None),
            _ => ("ready", "\"agent:claude\"", Some(n - 3)),
        };
        let dependencies = waits.map_or("[]".to_owned(), |at| format!("[\n    \"{}\"\n  ]", ids[at]));
        let priority = ["critical", "high", "normal", "low"][n % 4];
        let text =
            OLDER.replace("<id>", id).replace("<n>", &n.to_string()).replace("<state>", state).replace("<priority>", priority);
        let text = text.replace("<assignee>", assignee).replace("<dependencies>", &dependencies);
        team.write(&Place::file(id), text);
    }

    team.write(".jit/gates.json", include_str!("older-gates.json"));
    team.write(".jit/index.json", "{\"schema_version\": 1, \"all_ids\": []}");
    team.write(".jit/events.jsonl", "{\"type\": \"issue_created\"}\n");
    team.write(
        ".jit/config.toml",
        "[version]\nschema = 2\n[type_hierarchy]\ntypes = { epic = 1 }\n[namespaces.type]\nunique = true\n",
    );
    team.git("add -A").ok();
    team.git("commit -q -m Older").ok();
    (team, ids)
}

#[test]
fn older_files_are_read_as_the_older_tool_reads_them_and_not_written() {
    let world = World::new();
    let (team, ids) = older(&world);
    // The counts of that tool: available is ready, unassigned and unblocked; blocked has an open dependency.
    for (query, count) in [("all", 60), ("available", 10), ("blocked", 10), ("closed", 20), ("ready", 20)] {
        assert_eq!(team.json(&format!("query {query}"))["count"], count, "{query}");
    }
    team.jit(&format!("issue show {}", &ids[3][..8])).ok().says("tests (passed), clippy (pending)").says("type:task");
    team.jit("gate list").ok().says("cargo test").says("manual");
    team.jit(&format!("doc list {}", ids[3])).ok().says("dev/plan.md").says("Plan");
    team.jit("doctor").ok();
    team.git("status --porcelain --ignored").ok().says_nothing();
}

#[test]
fn an_edit_changes_one_file_and_in_it_only_the_field_and_its_time() {
    let world = World::new();
    let (team, ids) = older(&world);
    let id = &ids[4];
    let changed = |words: &str, expected: &[&str]| {
        team.jit(words).ok();
        assert_eq!(team.git("diff --name-only").ok().line(), Place::file(id), "{words}");
        let diff = team.git("diff -U0").ok().stdout;
        let lines: Vec<&str> = diff
            .lines()
            .filter(|line| (line.starts_with('+') || line.starts_with('-')) && !line.starts_with("+++") && !line.starts_with("---"))
            .collect();
        let told: Vec<&str> = lines
            .iter()
            .filter(|line| !line.contains("\"updated_at\": \"20") || line.starts_with("-      ") || line.starts_with("+      "))
            .copied()
            .collect();
        assert_eq!(told, expected, "{words}");
        let times = lines.iter().filter(|line| line.contains("  \"updated_at\"") && line.starts_with("+  \"")).count();
        assert_eq!(times, 1, "{words}: {lines:?}");
        team.git("checkout -q .").ok();
    };
    changed(&format!("label add {id} area:web"), &["-    \"component:cli\"", "+    \"component:cli\",", "+    \"area:web\""]);
    changed(&format!("issue update {id} --priority high"), &["-  \"priority\": \"critical\",", "+  \"priority\": \"high\","]);
    changed(
        &format!("dep add {id} {}", ids[0]),
        &["-  \"dependencies\": [],", "+  \"dependencies\": [", &format!("+    \"{}\"", ids[0]), "+  ],"],
    );
    changed(
        &format!("issue update {id} --context github=42"),
        &["-  \"context\": {},", "+  \"context\": {", "+    \"github\": \"42\"", "+  },"],
    );
}

#[test]
fn a_verdict_adds_one_record_and_leaves_the_others() {
    let world = World::new();
    let (team, ids) = older(&world);
    team.jit(&format!("gate pass {} clippy --by human:ada", ids[0])).ok();
    let diff = team.git("diff").ok().stdout;
    let removed: Vec<&str> = diff.lines().filter(|line| line.starts_with("-  ")).collect();
    assert_eq!(removed.len(), 1, "{diff}");
    assert!(diff.contains("+    \"clippy\": {") && diff.contains("+      \"updated_by\": \"human:ada\","), "{diff}");
    assert!(
        team.read(&Place::file(&ids[0])).contains("12345678901234567890123") && !team.read(&Place::file(&ids[0])).ends_with('\n')
    );
}
