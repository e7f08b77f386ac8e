//! Edits: minimal, under the lock, and only with the right to edit.

use std::collections::BTreeSet;

use crate::support::{Place, World};

#[test]
fn sixteen_concurrent_labels_are_sixteen_labels_and_32_issues_are_32_files() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let run = |words: Vec<String>| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
        command.args(words).current_dir(&team.dir).env("HOME", world.path("home")).env("JIT_AGENT_ID", "agent:a");
        command.stdout(std::process::Stdio::null()).spawn().expect("it can be started")
    };
    let words = |words: &str| words.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let labels = (0..16).map(|number| run(words(&format!("label add {id} n:{number}"))));
    let issues = (0..32).map(|number| run(words(&format!("issue create Title-{number}"))));
    let all: Vec<_> = labels.chain(issues).collect();
    for mut child in all {
        assert!(child.wait().expect("it was started").success());
    }
    assert_eq!(team.json(&format!("issue show {id}"))["issues"][0]["labels"].as_array().map(Vec::len), Some(16));
    assert_eq!(std::fs::read_dir(team.dir.join(".jit/issues")).expect("listed").count(), 33);
    assert_eq!(team.json("query all")["count"], 33);
    let events = team.json("events");
    assert_eq!(events["count"], 1 + 16 + 32);
}

#[test]
fn two_concurrent_dependencies_cannot_close_a_cycle() {
    let world = World::new();
    let team = world.team();
    for _ in 0..5 {
        let [a, b] = ["A", "B"].map(|title| team.create(title));
        let start = |from: &str, to: &str| {
            let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
            command.args(["dep", "add", from, to]).current_dir(&team.dir).env("HOME", world.path("home"));
            command.stdout(std::process::Stdio::null()).stderr(std::process::Stdio::null()).spawn().expect("started")
        };
        let (mut one, mut other) = (start(&a, &b), start(&b, &a));
        let won =
            [one.wait(), other.wait()].into_iter().filter(|status| status.as_ref().is_ok_and(std::process::ExitStatus::success));
        assert_eq!(won.count(), 1);
    }
    team.jit("doctor").ok();
}

#[test]
fn notes_from_eight_worktrees_merge_without_conflicts() {
    let (world, issues) = World::strict();
    let team = world.team();
    let issue = &issues[0];
    team.acquire(issue);
    for number in 0..8 {
        let linked = world.linked(&format!("w{number}"));
        // Another worktree holds the issue; a note needs no lease, at the commit or at the push.
        linked.jit_args(&["note", "add", issue, &format!("Found {number}")]).ok();
        linked.git("add -A").ok();
        linked.git("commit -q -m Note").ok();
        linked.git("push -q origin HEAD").ok();
    }
    for number in 0..8 {
        if number == 4 {
            // A merge driver that refuses everything in .jit must never be run.
            team.write(".git/info/attributes", ".jit/** merge=refuses\n");
            team.git("config merge.refuses.driver false").ok();
        }
        team.git(&format!("merge -q --no-ff -m Merge w{number}")).ok();
    }
    let notes = team.json(&format!("note list {issue}"));
    assert_eq!(notes["count"], 8);
    let texts: BTreeSet<&str> =
        notes["notes"].as_array().expect("a list").iter().filter_map(|note| note["text"].as_str()).collect();
    assert_eq!(texts.len(), 8);
    team.jit(&format!("issue show {issue}")).ok().says("Found 0").says("Found 7").says("agent:w3");
}

#[test]
fn an_odd_entry_among_the_notes_hides_none_of_the_others() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    team.jit_args(&["note", "add", &id, "Said"]).ok();
    std::fs::create_dir(team.dir.join(".jit/notes").join(&id).join("odd.json")).expect("made");
    team.jit(&format!("issue show {id}")).warns("odd.json").says("Said");
    team.jit("doctor").exits(6).says("odd.json");
}

#[test]
fn gc_refuses_while_an_issue_cannot_be_read() {
    let world = World::new();
    let team = world.team();
    let [gone, bad] = ["Gone", "Bad"].map(|title| team.create(title));
    team.jit("gate define review").ok();
    team.jit(&format!("issue delete {gone}")).ok();
    team.write(&Place::file(&bad), "<<<<<<< ours\n");
    team.git("add -A").ok();
    team.git("commit -q -m Deleted").ok();
    team.jit("issue gc").exits(6).says("cannot be read");
    team.jit("gate remove review").exits(6).says("cannot be read");
    team.jit("issue update --filter state=ready --priority low").exits(6).says("cannot be read");
    team.jit("issue export").exits(6).says("git jit doctor");
    assert!(team.dir.join(Place::file(&gone)).exists());
    team.jit_args(&["issue", "create", "New", "--depends-on", &gone]).exits(1).says("was deleted");
}

#[test]
fn notes_are_read_from_three_places_and_a_removal_here_counts() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    team.jit_args(&["note", "add", &id, "Committed"]).ok();
    team.git("add -A").ok();
    team.git("commit -q -m Note").ok();
    let linked = world.linked("side");
    team.jit_args(&["note", "add", &id, "Not committed"]).ok();
    assert_eq!(linked.json(&format!("note list {id}"))["count"], 2);
    linked.git("sparse-checkout set --no-cone /nothing").ok();
    assert_eq!(linked.json(&format!("note list {id}"))["count"], 2);
    linked.git("sparse-checkout disable").ok();
    let folder = linked.dir.join(".jit/notes").join(&id);
    for entry in std::fs::read_dir(folder).expect("there").flatten() {
        std::fs::remove_file(entry.path()).expect("removed");
    }
    assert_eq!(linked.json(&format!("note list {id}"))["count"], 1);
    team.write(&format!(".jit/notes/{id}/01M7YNSZEQYSXRK0RC0D6HMY4D.json"), "{torn");
    team.jit(&format!("note list {id}")).warns("01M7YNSZEQYSXRK0RC0D6HMY4D");
    team.jit("doctor").exits(6).says("01M7YNSZEQYSXRK0RC0D6HMY4D");
}

#[test]
fn every_edit_requires_the_lease() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:me");
    let (id, other) = (&issues[0], &issues[1]);
    team.jit("gate define review --title Review").ok();
    team.write("docs/plan.md", "x");
    let before = team.git("diff --stat -- .jit/issues").ok().stdout;
    for words in [
        format!("issue update {id} --priority low"),
        format!("issue assign {id}"),
        format!("issue reject {id}"),
        format!("issue delete {id}"),
        format!("dep add {id} {other}"),
        format!("label add {id} a:b"),
        format!("doc add {id} docs/plan.md"),
        format!("gate add {id} review"),
        format!("done {id}"),
    ] {
        team.jit(&words).exits(5).says("not held by anyone").says("git jit claim acquire");
        team.agent("agent:other").acquire(id);
        team.jit(&words).exits(5).says("export JIT_AGENT_ID=agent:other");
        team.agent("agent:other").jit(&format!("claim release {id}")).ok();
    }
    let bulk = team.jit(&format!("issue update {id} {other} --priority low --json")).exits(5).document();
    assert_eq!((&bulk["failed"], &bulk["changed"]), (&2.into(), &false.into()));
    team.acquire(id);
    let bulk = team.jit("issue update --filter priority=normal --priority low --json").exits(5).document();
    assert_eq!((&bulk["count"], &bulk["failed"], &bulk["changed"]), (&3.into(), &2.into(), &true.into()));
    let errors = bulk["results"].as_array().expect("a list").iter().filter(|result| result["error"]["code"] == "no_lease");
    assert_eq!(errors.count(), 2);
    assert!(before.is_empty());
    assert_eq!(team.git("diff --name-only -- .jit/issues").ok().line(), Place::file(id));
}

#[test]
fn a_deleted_issue_leaves_a_tombstone_that_gc_removes_once_it_is_published() {
    let world = World::new();
    let team = world.team();
    let [gone, waits] = ["Gone", "Waits"].map(|title| team.create(title));
    team.jit(&format!("dep add {waits} {gone}")).ok();
    team.jit("query available").ok().never_says(&waits[..8]);
    team.jit_args(&["issue", "delete", &gone, "--reason", "a mistake"]).ok().says("git jit issue restore");
    team.jit(&format!("issue delete {gone}")).ok().says("Unchanged:");
    team.jit("query all").ok().never_says(&gone[..8]);
    team.jit("query all --state rejected").ok().says("No issues");
    team.jit("query all --deleted").ok().says("deleted");
    team.jit("query available").ok().says(&waits[..8]);
    team.jit(&format!("issue show {gone}")).ok().says("deleted").says("a mistake");
    team.jit(&format!("issue update {gone} --state ready")).exits(1).says("git jit issue restore");
    team.jit(&format!("dep add {waits} {gone}")).exits(1);
    team.jit(&format!("label add {gone} a:b")).exits(1).says("git jit issue restore");
    team.jit("issue gc").ok().says("No issues match");
    team.git("add -A").ok();
    team.git("commit -q -m Deleted").ok();
    team.jit("issue gc").exits(1).says("names it as a dependency");
    team.jit(&format!("dep rm {waits} {gone}")).ok();
    team.jit("issue gc --dry-run").ok().says(&gone[..8]);
    assert!(team.dir.join(Place::file(&gone)).exists());
    team.jit("issue gc").ok().says(&gone[..8]);
    assert!(!team.dir.join(Place::file(&gone)).exists());
    team.jit(&format!("issue show {gone}")).exits(3);
    let back = team.create("Back");
    team.jit(&format!("issue update {back} --state in_progress")).ok();
    let before = team.read(&Place::file(&back));
    team.jit(&format!("issue delete {back}")).ok();
    team.jit(&format!("issue restore {back}")).ok().says("in_progress");
    assert_eq!(team.read(&Place::file(&back)), before);
}

#[test]
fn the_log_shows_each_field_with_its_time_and_author() {
    let world = World::new();
    let team = world.team().agent("agent:a");
    let id = team.create("First title");
    team.git("add -A").ok();
    team.git("commit -q -m Made").ok();
    team.edit(&id, "Second title");
    team.git("commit -q -a -m Retitled").ok();
    team.git("commit -q --allow-empty -m Nothing").ok();
    team.jit(&format!("issue update {id} --priority high")).ok();
    let log = team.json(&format!("issue log {id}"));
    let changes = log["changes"].as_array().expect("a list").clone();
    let of = |kind: &str| changes.iter().filter(|change| change["kind"] == kind).collect::<Vec<_>>();
    assert_eq!((of("commit").len(), of("event").len(), of("uncommitted").len()), (2, 1, 1));
    let retitled = of("commit").into_iter().find(|change| change["subject"] == "Retitled").expect("there");
    assert_eq!(retitled["fields"][0], serde_json::json!({ "field": "title", "from": "First title", "to": "Second title" }));
    assert_eq!(of("uncommitted")[0]["fields"][0]["field"], "priority");
    team.jit(&format!("issue log {id} --limit 1")).ok().says("3 more");
    let updates = team.json(&format!("events --issue {id} --since 1h"));
    assert_eq!(updates["events"][1]["fields"][0]["to"], "high");
    assert_eq!(team.json("events --since 2999-01-01T00:00:00Z")["count"], 0);
}

#[test]
fn events_follow_prints_each_event_once() {
    let world = World::new();
    let team = world.team();
    let mut follow = std::process::Command::new(env!("CARGO_BIN_EXE_git-jit"));
    follow.args(["events", "--follow", "--json"]).current_dir(&team.dir).stdout(std::process::Stdio::piped());
    let mut follow = follow.env("HOME", world.path("home")).spawn().expect("started");
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(follow.stdout.take().expect("piped")));
    let ids = [team.create("One"), team.create("Two")];
    for id in &ids {
        let event: serde_json::Value = serde_json::from_str(&lines.next().expect("a line").expect("text")).expect("one document");
        assert_eq!((&event["issue_id"], &event["event"]), (&id.as_str().into(), &"created".into()));
    }
    team.command("kill").args(["-INT", &follow.id().to_string()]).assert().success();
    assert!(follow.wait().expect("ended").success());
}

#[test]
fn events_follow_exits_when_its_reader_is_gone() {
    let world = World::new();
    let team = world.team();
    team.create("One");
    let start = std::time::Instant::now();
    team.command("sh").args(["-c", "timeout 20 git-jit events --follow | head -1"]).assert().success();
    assert!(start.elapsed() < std::time::Duration::from_secs(15));
}
