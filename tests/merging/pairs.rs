//! Hundreds of pairs of edits of different fields merge without a conflict if the driver is set up.

use serde_json::{Value, json};

use crate::support::{Dice, Place, World};

const PAIRS: usize = 300;
/// The number of fields that `change` knows.
const FIELDS: usize = 11;

/// Changes one field of a file, as an edit by `side` would.
fn change(value: &mut Value, field: usize, side: &str) {
    let add = |set: &mut Value| {
        let all = set.as_array_mut().expect("a set");
        all.push(json!(format!("{side}:1")));
        all.sort_by_key(|word| word.as_str().unwrap_or_default().to_owned());
    };
    match field {
        0 => value["title"] = json!(format!("Title of {side}")),
        1 => value["description"] = json!(format!("What {side} says")),
        2 => value["state"] = json!("in_progress"),
        3 => value["priority"] = json!("high"),
        4 => value["assignee"] = json!(format!("agent:{side}")),
        5 => add(&mut value["dependencies"]),
        6 => add(&mut value["gates_required"]),
        7 => value["gates_status"]["tests"] = json!({ "status": "passed", "updated_by": format!("agent:{side}") }),
        8 => value["context"]["github"] = json!("42"),
        9 => value["documents"] = json!([{ "path": format!("docs/{side}.md"), "commit": null }]),
        _ => add(&mut value["labels"]),
    }
}

/// A repository in which the branches `ours` and `theirs` change one field of every issue, never the same one; and the expected
/// result for each issue.
fn pairs() -> (World, Place, Vec<(String, Value)>) {
    let world = World::new();
    let team = world.team();
    let mut dice = Dice::new(20_261_124);
    let mut sides = [Vec::new(), Vec::new(), Vec::new()];
    let mut wanted = Vec::new();
    for n in 0..PAIRS {
        let id = format!("{n:08x}-0000-4000-8000-000000000001");
        let base = json!({
            "id": id, "title": format!("Issue {n}"), "description": "", "state": "ready", "priority": "normal", "assignee": null,
            "dependencies": [], "gates_required": [], "gates_status": {}, "context": {}, "documents": [], "labels": ["area:web"],
            "created_at": "2026-01-01T00:00:00Z",
        });
        let ours = usize::try_from(dice.roll(FIELDS as u64)).expect("small");
        let theirs = (ours + 1 + usize::try_from(dice.roll(FIELDS as u64 - 1)).expect("small")) % FIELDS;
        let mut both = base.clone();
        change(&mut both, ours, "ours");
        change(&mut both, theirs, "theirs");
        wanted.push((Place::file(&id), both));
        for (side, field, name) in [(0, None, ""), (1, Some(ours), "ours"), (2, Some(theirs), "theirs")] {
            let mut value = base.clone();
            if let Some(field) = field {
                change(&mut value, field, name);
            }
            sides[side].push((Place::file(&id), format!("{value:#}\n")));
        }
    }
    let write = |files: &[(String, String)]| {
        for (path, text) in files {
            team.write(path, text);
        }
        team.git("add -A").ok();
        team.git("commit -q -m Issues").ok();
    };
    write(&sides[0]);
    team.git("branch theirs").ok();
    team.git("checkout -q -b ours").ok();
    write(&sides[1]);
    team.git("checkout -q theirs").ok();
    write(&sides[2]);
    team.git("checkout -q ours").ok();
    (world, team, wanted)
}

#[test]
#[expect(clippy::print_stdout, reason = "the figure without the driver is told beside the one with it")]
fn three_hundred_pairs_of_edits_of_different_fields_have_no_conflicts() {
    let (_world, team, wanted) = pairs();
    let driver = team.git("config merge.git-jit.driver").ok().line();
    team.git("config --remove-section merge.git-jit").ok();
    team.git("merge -q -m M theirs").exits(1);
    let without = team.git("diff --name-only --diff-filter=U").ok().stdout.lines().count();
    team.git("merge --abort").ok();
    team.git_args(&["config", "merge.git-jit.driver", &driver]).ok();
    team.git("merge -q -m M theirs").ok();
    println!("{PAIRS} pairs of edits of different fields: 0 conflicts with the driver, {without} without");
    assert!(without > PAIRS / 20, "without a driver {without} of {PAIRS}: what the driver is for");
    for (path, wanted) in wanted {
        let merged: Value = serde_json::from_str(&team.read(&path)).expect("JSON");
        assert_eq!(merged, wanted, "{path}");
    }
}
