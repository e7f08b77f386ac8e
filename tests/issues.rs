//! The verbs of `issue` and `query`.

use crate::support::{Place, World};

#[test]
fn an_issue_is_created_found_by_any_prefix_and_edited() {
    let world = World::new();
    let team = world.team();
    let id = team.create("Fix the login");
    for prefix in [id.as_str(), &id[..8], &id[..4], &id.to_uppercase(), &id.replace('-', ""), &format!("  {} ", &id[..6])] {
        team.jit_args(&["issue", "show", prefix]).ok().says("Fix the login").says(&id);
    }
    team.jit_args(&["issue", "update", &id[..8], "--state", "in_progress", "--priority", "high", "--label", "type:bug,area:web"])
        .ok()
        .says("state, priority, labels");
    team.jit_args(&["issue", "update", &id[..8], "--state", "in_progress"]).ok().says("is unchanged");
    team.jit("issue list --state in_progress").ok().says(&id[..8]).says("high");
    team.jit("issue list --state done").ok().says("No issues");
    team.jit("issue list --label type:bug").ok().says(&id[..8]);
}

#[test]
fn bad_input_has_its_status_and_a_next_step() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let twin = format!("{}{}", &id[..8], "-0000-4000-8000-000000000000");
    let text = team.read(&Place::file(&id)).replace(&id, &twin);
    team.write(&Place::file(&twin), text);
    for (words, status, says) in [
        ("issue show ffffffff", 3, "git jit issue list"),
        ("issue show fff", 2, "at least 4 digits"),
        ("issue show xyzw", 2, "hexadecimal"),
        (&format!("issue show {}", &id[..8]), 2, &twin),
        ("issue update ffffffff --state done", 3, "no issue"),
        (&format!("issue update {id} --state finished"), 2, "possible values"),
        (&format!("issue update {id}"), 2, "required"),
        (&format!("issue update {id} --label nonsense"), 2, "namespace:value"),
        ("isue list", 2, "issue"),
    ] {
        team.jit(words).exits(status).says(says);
    }
    for title in ["", "   ", "a\nb", "\u{1b}[31mred"] {
        team.jit_args(&["issue", "create", title]).exits(2).says("invalid title");
    }
    world.place("").jit("issue list").exits(3).says("not a git repository").says("git init");
}

#[test]
fn a_foreign_file_keeps_its_format_and_only_the_field_changes() {
    let world = World::new();
    let team = world.team();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let before = format!(
        "{{\n    \"id\": \"{id}\",\n    \"title\": \"Old\",\n    \"state\": \"ready\",\n    \"priority\": \"normal\",\n    \
         \"labels\": [\"z:1\", \"a:1\"],\n    \"gates_status\": {{\"x\": {{\"status\": \"pending\"}}}},\n    \
         \"custom\": [1.0, {{\"deep\": null}}],\n    \"updated_at\": \"2020-01-01T00:00:00Z\"\n}}"
    );
    let file = Place::file(id);
    team.write(&file, &before);
    team.jit(&format!("issue update {id} --state in_progress")).ok();
    let after = team.read(&file);
    let different: Vec<(&str, &str)> = before.lines().zip(after.lines()).filter(|(a, b)| a != b).collect();
    assert_eq!(different.len(), 2, "{after}");
    assert_eq!(different[0].1, "    \"state\": \"in_progress\",");
    assert!(different[1].1.starts_with("    \"updated_at\": \"20") && !different[1].1.contains("2020"));
    assert_eq!((before.lines().count(), after.ends_with('}')), (after.lines().count(), true));
}

#[test]
fn issues_are_read_from_three_places_and_a_removal_here_counts() {
    let world = World::new();
    let team = world.team();
    let committed = team.create("Committed");
    team.git("add -A").ok();
    team.git("commit -q -m Issue").ok();
    let linked = world.linked("side");
    let loose = team.create("Not committed");
    let source = |id: &str| linked.json(&format!("issue show {id}"))["issues"][0]["source"].clone();
    assert_eq!(source(&committed), "worktree");
    assert_eq!(source(&loose), "primary");
    linked.git("sparse-checkout set --no-cone /nothing").ok();
    assert_eq!(source(&committed), "head");
    assert_eq!(linked.json("query all")["count"], 2);
    assert_eq!(linked.json("query all --local")["count"], 0);
    linked.git("sparse-checkout disable").ok();
    std::fs::remove_file(linked.dir.join(Place::file(&committed))).expect("removed");
    linked.jit(&format!("issue show {committed}")).exits(3);
    assert_eq!(linked.json("query all")["count"], 1, "it comes back from no other place");
    assert_eq!(team.json("query all")["count"], 2);
}

#[test]
fn an_invalid_file_is_reported_and_counted_and_never_skipped() {
    let world = World::new();
    let team = world.team();
    let good = team.create("Good");
    let bad = team.create("Bad");
    team.write(&Place::file(&bad), "<<<<<<< ours\n{}\n=======\n{}\n>>>>>>> theirs\n");
    team.jit("issue list").warns(&bad).says(&good[..8]).says("conflict markers");
    assert_eq!(team.json_and_warning("issue list", "conflict markers")["unreadable"].as_array().map(Vec::len), Some(1));
    team.jit(&format!("issue show {bad}")).exits(6).says(&bad).says("conflict markers");
    team.jit(&format!("issue update {bad} --state done")).exits(6);
}

#[test]
fn available_issues_are_ready_and_not_taken() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    let [free, mine, theirs, done, blocked] = ["Free", "Mine", "Theirs", "Done", "Blocked"].map(|title| team.create(title));
    team.acquire(&mine);
    team.agent("agent:other").acquire(&theirs);
    team.jit(&format!("issue update {done} --state done")).ok();
    let file = Place::file(&blocked);
    let text = team.read(&file).replace("\"dependencies\": []", &format!("\"dependencies\": [\n    \"{free}\"\n  ]"));
    team.write(&file, text);
    let listed = team.json("query available");
    let mut ids: Vec<&str> = listed["issues"].as_array().expect("a list").iter().filter_map(|issue| issue["id"].as_str()).collect();
    ids.sort_unstable();
    let mut expected = [free.as_str(), mine.as_str()];
    expected.sort_unstable();
    assert_eq!(ids, expected);
    team.jit(&format!("issue update {blocked} --state done")).exits(1).says(&free[..8]);
    team.jit(&format!("issue update {free} --state done")).ok();
    team.jit("query available").ok().says(&blocked[..8]).never_says(&free[..8]);
}

#[test]
fn init_is_repeatable_and_writes_no_local_facts_into_the_data() {
    let world = World::new();
    let team = world.team();
    assert_eq!(team.json("init")["changed"], false);
    let linked = world.linked("side");
    assert_eq!(linked.json("init")["changed"], true, "the branch has no .jit yet");
    for place in [&team, &linked] {
        let files = place.git("ls-files --others .jit").ok();
        assert_eq!(files.stdout.trim(), ".jit/config.toml");
        assert!(!place.read(".jit/config.toml").contains("wt:"));
    }
    team.sub("deep/down").jit("init").ok().says("already set up");
    let unborn = world.place("");
    unborn.git("init -q fresh").ok();
    world.place("fresh").jit("init").ok();
    world.place("fresh").create("On an unborn branch");
    world.place("fresh").jit("query available").ok().says("On an unborn branch");
}

#[test]
fn reading_writes_nothing() {
    let world = World::new();
    let team = world.team();
    team.create("One");
    team.git("add -A").ok();
    team.git("commit -q -m Issue").ok();
    let linked = world.linked("side");
    for words in ["issue list", "query available", "claim list", "claim status", "whoami", "worktree info", "worktree list"] {
        linked.jit(words).ok();
        linked.jit(&format!("{words} --json")).ok();
    }
    linked.git("status --porcelain --ignored").ok().says_nothing();
    let git_dir = linked.git("rev-parse --absolute-git-dir").ok().line();
    assert!(!std::path::Path::new(&git_dir).join("jit").exists(), "no identity was drawn");
    let common = world.path("team/.git/jit");
    let names = std::fs::read_dir(common).expect("made by create").flatten().map(|entry| entry.file_name());
    assert_eq!(
        names.filter(|name| name != "locks" && name != "worktree.json" && name != "events.jsonl" && name != "tmp").count(),
        0
    );
}

#[test]
fn it_works_from_a_subdirectory_a_detached_head_sha256_and_a_bare_layout() {
    let world = World::empty();
    world.place("").git("init -q -b main --object-format=sha256 new").ok();
    let new = world.place("new");
    new.git("commit -q --allow-empty -m Root").ok();
    new.jit("init").ok();
    let id = new.create("In sha256");
    new.git("add -A").ok();
    new.git("commit -q -m Issue").ok();
    new.git("checkout -q --detach").ok();
    new.sub("a/b").jit(&format!("claim acquire {}", &id[..4])).ok().says(&id);
    world.place("").git("clone -q --bare new bare.git").ok();
    world.place("bare.git").git("worktree add -q trees/main main").ok();
    let tree = world.place("bare.git/trees/main");
    tree.jit("init").ok();
    tree.jit("worktree info").ok().says("primary worktree");
    tree.jit(&format!("claim acquire {}", &id[..4])).ok();
    world.place("bare.git").jit("query available").ok().says("In sha256");
    world
        .place("bare.git")
        .jit("issue create Nowhere")
        .exits(3)
        .says("bare repository, not a worktree")
        .says("git jit worktree list");
}

#[test]
fn a_staged_removal_counts_and_its_lease_ends_with_the_commit() {
    let (world, issues) = World::strict();
    let team = world.team();
    let file = Place::file(&issues[0]);
    team.acquire(&issues[0]);
    team.git(&format!("rm -q {file}")).ok();
    team.jit("issue list").ok().never_says("First");
    team.jit(&format!("claim release {}", issues[0])).ok().says("Closing");
    team.jit(&format!("claim acquire {}", issues[0])).exits(3);
    assert!(!team.dir.join(&file).exists());
    team.git("commit -q -m Removed").ok();
    team.jit("claim list").ok().says("No leases");
}

#[test]
fn files_in_one_line_and_with_other_line_ends_keep_them() {
    let world = World::new();
    let team = world.team();
    let id = "0f8fad5b-d9cb-469f-a165-70867728950e";
    let file = Place::file(id);
    let compact = format!("{{\"id\":\"{id}\",\"title\":\"x\",\"labels\":[],\"state\":\"ready\"}}");
    let lines =
        format!("{{\r\n  \"id\": \"{id}\",\r\n  \"title\": \"x\",\r\n  \"labels\": [],\r\n  \"state\": \"ready\"\r\n}}\r\n");
    let spaced = compact.replace("[]", "[\"a:1\", \"b:1\"]");
    for (before, after) in [
        (&compact, compact.replace("[]", "[\"c:1\"]")),
        (&spaced, spaced.replace("\"b:1\"", "\"b:1\", \"c:1\"")),
        (&lines, lines.replace("[]", "[\r\n    \"c:1\"\r\n  ]")),
    ] {
        team.write(&file, before);
        team.jit(&format!("issue update {id} --label c:1")).ok();
        assert_eq!(team.read(&file), after);
    }
    let none = compact.replace("\"labels\":[],", "");
    team.write(&file, &none);
    team.jit(&format!("issue update {id} --remove-label c:1")).ok().says("is unchanged");
    assert_eq!(team.read(&file), none);
}

#[test]
fn a_field_of_the_file_cannot_replace_a_computed_one() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let file = Place::file(&id);
    let text = team.read(&file).replacen('{', "{\n  \"source\": \"spoof\",\n  \"short_id\": \"zzz\",", 1);
    team.write(&file, text);
    let shown = team.json(&format!("issue show {id}"));
    assert_eq!((&shown["issues"][0]["source"], &shown["issues"][0]["short_id"]), (&"worktree".into(), &id[..8].into()));
}

#[test]
fn an_answer_that_cannot_be_written_is_a_failure() {
    let world = World::new();
    let team = world.team();
    team.command("sh").args(["-c", "git-jit issue create One --quiet > /dev/full"]).assert().code(7);
    team.command("sh").args(["-c", "git-jit issue list | true"]).assert().success();
    team.jit("issue list").ok().says("One");
}

#[test]
fn a_repository_that_cannot_be_opened_is_not_a_missing_one() {
    let world = World::new();
    std::fs::write(world.path("team/.git/config"), "[core\n").expect("written");
    world.team().jit("issue list").exits(7).says("the repository at").never_says("git init");
}
