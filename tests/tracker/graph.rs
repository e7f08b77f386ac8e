//! Dependencies: messages, cycles, trees, and graphs for other programs.

use crate::support::{Place, World};

#[test]
fn dependencies_are_reported_and_cycles_refused_with_their_path() {
    let world = World::new();
    let team = world.team();
    let [a, b, c] = ["A", "B", "C"].map(|title| team.create(title));
    team.jit(&format!("dep add {a} {b} {c}")).ok().says(&format!("{} now depends on {}", &a[..8], &b[..8]));
    team.jit(&format!("dep add {a} {b}")).ok().says("Unchanged:");
    team.jit(&format!("dep add {b} {c}")).ok();
    let way = format!("{} waits for {} waits for {}", &c[..8], &a[..8], &c[..8]);
    team.jit(&format!("dep add {c} {a}")).exits(1).says(&way);
    team.jit(&format!("dep add {a} {a}")).exits(1).says("cycle");
    team.jit(&format!("dep add {a} ffffffff")).exits(3);
    let cycle = team.jit(&format!("dep add {c} {a} --json")).exits(1).document();
    assert_eq!((&cycle["error"]["code"], cycle["error"]["details"]["path"].as_array().map(Vec::len)), (&"cycle".into(), Some(3)));
    team.jit(&format!("dep show {b}")).ok().says("B").says("What depends on").says("A");
    team.jit(&format!("dep rm {a} {b}")).ok().says("no longer depends on");
    team.jit(&format!("graph deps {a} --depth 0")).ok().says(&c[..8]).never_says(&b[..8]);
    team.jit(&format!("graph downstream {c}")).ok().says(&a[..8]).says(&b[..8]);
    team.jit(&format!("graph rdeps {a}")).ok().says("nothing depends on it");
    team.jit("graph roots").ok().says(&c[..8]).never_says(&b[..8]);
}

#[test]
fn a_dependency_that_does_not_exist_blocks_is_shown_and_can_be_removed() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let text = team
        .read(&Place::file(&id))
        .replace("\"dependencies\": []", "\"dependencies\": [\n    \"ffffffff-0000-4000-8000-000000000001\"\n  ]");
    team.write(&Place::file(&id), text);
    team.jit("query blocked").ok().says("ffffffff");
    team.jit(&format!("graph deps {id}")).ok().says("not found");
    team.jit("doctor").exits(6).says("depends on issues that do not exist");
    team.jit(&format!("dep rm {id} ffffffff")).ok();
    team.jit("doctor").ok();
    // A merge can close a cycle that neither side has.
    let other = team.create("Other");
    team.jit(&format!("dep add {id} {other}")).ok();
    let text = team.read(&Place::file(&other)).replace("\"dependencies\": []", &format!("\"dependencies\": [\n    \"{id}\"\n  ]"));
    team.write(&Place::file(&other), text);
    team.jit("graph show").warns("these issues depend on each other");
    team.jit("doctor").exits(6).says("these issues depend on each other");
}

#[test]
fn graphs_for_other_programs_are_well_formed_and_titles_harmless() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    let a = team.create("A \"quoted\" \\ <title>; [x]");
    let b = team.create("B");
    team.jit(&format!("dep add {a} {b}")).ok();
    team.acquire(&b);
    let dot = team.jit("graph export --claims").ok().stdout;
    assert!(dot.starts_with("digraph") && dot.contains(&format!("\"{a}\" -> \"{b}\"")), "{dot}");
    assert!(dot.contains("A \\\"quoted\\\" \\\\ <title>") && dot.contains("(agent:me)"), "{dot}");
    let mermaid = team.jit("graph export --format mermaid").ok().stdout;
    assert!(mermaid.contains("A #34;quoted#34;") && mermaid.contains(" --> ") && !mermaid.contains("agent:me"), "{mermaid}");
    let json = team.jit("graph export --format json").ok().document();
    assert_eq!(json, team.json("graph export"));
    assert_eq!(json["edges"][0], serde_json::json!({ "from": a, "to": b }));
    team.jit("graph show").ok().says("└── ").says(&b[..8]);
    team.jit(&format!("graph show {a} --claims")).ok().says("held by agent:me");
}
