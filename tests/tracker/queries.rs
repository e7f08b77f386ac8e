//! Lists of issues: contents, reasons, order and limits.

use crate::support::waiting::until_settled;
use crate::support::{Place, World};

fn ids(document: &serde_json::Value) -> Vec<String> {
    document["issues"].as_array().expect("a list").iter().filter_map(|issue| issue["id"].as_str()).map(str::to_owned).collect()
}

#[test]
fn each_query_lists_its_issues_and_explains_why() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    let [free, mine, theirs, held, blocked, done, begun] =
        ["Free", "Mine", "Theirs", "Held", "Blocked", "Done", "Begun"].map(|title| team.create(title));
    team.jit(&format!("issue assign {mine}")).ok();
    team.jit(&format!("issue assign {theirs} agent:other")).ok();
    team.agent("agent:other").acquire(&held);
    team.jit(&format!("dep add {blocked} {free} {done}")).ok();
    team.jit(&format!("issue update {done} --state done")).ok();
    team.jit(&format!("issue update {begun} --state in_progress")).ok();
    let has = |query: &str, expected: &[&String]| {
        let mut found = ids(&team.json(query));
        let mut expected: Vec<String> = expected.iter().map(|id| (*id).clone()).collect();
        found.sort();
        expected.sort();
        assert_eq!(found, expected, "{query}");
    };
    has("query available", &[&free, &mine]);
    has("query ready", &[&free, &mine, &theirs, &held]);
    has("query blocked", &[&blocked]);
    has("query mine", &[&mine]);
    has("query closed", &[&done]);
    has("query all --state ready,done", &[&free, &mine, &theirs, &held, &done]);
    has("query all --assignee none --state ready", &[&free, &held]);
    has("query all --assignee me", &[&mine]);
    for (query, id, included, code) in [
        ("available", &free, true, None),
        ("available", &theirs, false, Some("assigned")),
        ("available", &held, false, Some("held")),
        ("available", &blocked, false, Some("blocked")),
        ("available", &done, false, Some("state")),
        ("blocked", &free, false, Some("unblocked")),
        ("mine", &free, false, Some("not_mine")),
    ] {
        let told = team.json(&format!("query {query} --explain {}", &id[..8]));
        assert_eq!((told["included"].as_bool(), told["reasons"][0]["code"].as_str()), (Some(included), code), "{query} {id}");
    }
    team.jit(&format!("query available --explain {}", &held[..8])).ok().says("it is held by agent:other");
    team.jit("query available --explain ffffffff").exits(3);
}

#[test]
fn filters_search_order_and_a_reported_limit() {
    let world = World::new();
    let team = world.team();
    let make = |args: &[&str]| team.jit_args(&[&["issue", "create", "--quiet"], args].concat()).ok().line();
    let low = make(&["B low", "--priority", "low", "--type", "task", "--label", "area:web,team:a"]);
    let high = make(&["A high", "-p", "high", "--type", "bug", "--description", "the Needle is here"]);
    let normal = make(&["C normal", "--label", "area:db"]);
    assert_eq!(ids(&team.json("query all")), [high.clone(), normal.clone(), low.clone()]);
    assert_eq!(ids(&team.json("query all --sort title")), [high.clone(), low.clone(), normal.clone()]);
    assert_eq!(ids(&team.json("query all --sort title --reverse"))[0], normal);
    assert_eq!(ids(&team.json("query all --type bug,task")), [high.clone(), low.clone()]);
    assert_eq!(ids(&team.json("query all --label area:*")), [normal.clone(), low.clone()]);
    assert_eq!(ids(&team.json("query all --label area:web,team:a")), std::slice::from_ref(&low));
    assert_eq!(ids(&team.json("search needle")), std::slice::from_ref(&high));
    assert_eq!(ids(&team.json(&format!("search {}", &low[..13]))), std::slice::from_ref(&low));
    assert_eq!(ids(&team.json("query available --search AREA:DB")), std::slice::from_ref(&normal));
    let cut = team.json("query all --limit 2");
    assert_eq!((&cut["count"], &cut["total"], &cut["truncated"]), (&2.into(), &3.into(), &true.into()));
    team.jit("query all -n 1").ok().says("2 more");
    team.jit("query all --label no:thing").ok().says("No issues").says("None of 3 issues match");
    team.jit("query all --state finished").exits(2).says("possible values");
    team.jit("search  ").exits(2);
    assert_eq!(team.jit("query all --quiet --limit 1").ok().line(), high);
    let none = World::new();
    none.team().jit("query available").ok().says("git jit issue create");
}

#[test]
fn an_edit_that_the_cache_cannot_date_is_seen() {
    let world = World::new();
    let team = world.team();
    let made: Vec<String> = (0..300_u128).map(|number| uuid::Uuid::from_u128((number << 64) + number).to_string()).collect();
    let text = |id: &str, title: &str| format!("{{\"id\": \"{id}\", \"title\": \"{title}\", \"state\": \"ready\"}}\n");
    for id in &made {
        team.write(&Place::file(id), text(id, "Before"));
    }
    // Files that changed a moment ago are not cached; older ones are.
    let cache = world.path("team/.git/jit/cache");
    let is_kept = || {
        std::fs::read_dir(&cache)
            .is_ok_and(|names| names.flatten().any(|name| name.file_name().to_string_lossy().starts_with("dir-")))
    };
    assert_eq!(team.json("query all")["count"], 300);
    assert!(!is_kept(), "nothing has settled yet");
    until_settled(&team.dir.join(".jit/issues"));
    assert_eq!(team.json("query all")["count"], 300);
    assert!(is_kept());
    for round in 0..20 {
        let id = &made[round];
        let title = format!("Edit{round:02}");
        team.write(&Place::file(id), text(id, &title));
        let path = team.dir.join(Place::file(id));
        // File systems with a coarse clock: the times are unchanged.
        let old = team.dir.join(Place::file(&made[299])).metadata().and_then(|metadata| metadata.modified()).expect("a time");
        std::fs::File::options().write(true).open(path).and_then(|file| file.set_modified(old)).expect("set");
        assert_eq!(team.json(&format!("query all --search {title}"))["count"], 1);
        let listed = team.json("query all");
        let shown = listed["issues"].as_array().expect("a list").iter().find(|issue| issue["id"] == id.as_str());
        assert_eq!(shown.and_then(|issue| issue["title"].as_str()), Some(title.as_str()));
    }
    for name in std::fs::read_dir(&cache).expect("there").flatten() {
        std::fs::write(name.path(), b"garbage").expect("written");
    }
    assert_eq!(team.json("query all")["count"], 300);
    team.write(&Place::file(&made[5]), "<<<<<<< torn");
    let listed = team.json_and_warning("query all", "conflict markers");
    assert_eq!((&listed["count"], listed["unreadable"].as_array().map(Vec::len)), (&299.into(), Some(1)));
}

#[test]
fn status_fits_on_one_screen() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:me");
    team.acquire(&issues[0]);
    world.linked("side").acquire(&issues[1]);
    for words in ["status", ""] {
        let said = if words.is_empty() { team.jit_args(&[]).ok() } else { team.jit(words).ok() };
        let said =
            said.says("agent:me on main").says("You hold").says("First").says("Available: 2 of 2").says("Third").says("agent:side");
        assert!(said.stdout.lines().count() < 40);
    }
    let status = team.json("status");
    assert_eq!((&status["leases"][0]["issue_id"], &status["available_total"]), (&issues[0].as_str().into(), &2.into()));
    world.place("").jit_args(&[]).exits(3).says("git init");
}

#[test]
fn next_acquires_an_issue_and_done_unblocks_others() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    let first = team.jit("issue create --quiet First -p high").ok().line();
    let second = team.create("Second");
    let waits = team.jit("issue create --quiet Waits -p low").ok().line();
    team.jit(&format!("dep add {waits} {first}")).ok();
    team.git("add -A").ok();
    team.git("commit -q -m Issues").ok();
    team.jit("done").exits(2).says("you hold no issue here");
    team.jit("next").ok().says(&first);
    team.agent("agent:other").jit("next --priority high").exits(3).says("query blocked");
    let done = team.jit("done --next --json").ok().document();
    assert_eq!((&done["issue_id"], &done["lease"]["closing"]), (&first.as_str().into(), &true.into()));
    assert_eq!((&done["unblocked"][0]["id"], &done["next"]["issue_id"]), (&waits.as_str().into(), &second.as_str().into()));
    team.jit(&format!("done {first}")).ok().says("is already done");
    team.git("commit -q -a -m Done").ok();
    team.jit(&format!("done {}", &second[..8])).ok().says("ends when the edit is committed");
    team.jit("done").exits(2);
    let third = world.linked("side");
    third.jit("next --label no:thing").exits(3);
    third.jit("next").ok().says("Waits");
}
