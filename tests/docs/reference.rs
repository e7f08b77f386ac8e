//! The reference is what the code says: commands from the command line's description, settings from their table.

use super::root;
use crate::support::World;

fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs/reference").join(name)).expect("a page")
}

#[test]
fn the_reference_of_commands_is_what_the_command_line_says() {
    let world = World::empty();
    let place = world.place("");
    place.jit("man --markdown commands.md").ok().says("commands.md");
    let fresh = place.read("commands.md");
    let committed = page("commands.md");
    let differs = fresh.lines().zip(committed.lines()).find(|(fresh, committed)| fresh != committed);
    assert!(
        fresh == committed,
        "make it anew: git jit man --markdown docs/reference/commands.md; the first line that differs: {differs:?}"
    );
    place.jit("man").exits(2);
    place.jit("man dir --markdown commands.md").exits(2);
}

/// The rows of settings, cell by cell: the name, what it may be, its default.
fn rows(text: &str) -> Vec<Vec<&str>> {
    text.lines()
        .filter(|line| line.starts_with("| `"))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect::<Vec<_>>())
        .filter(|row| row[0].contains('.'))
        .collect()
}

#[test]
fn every_setting_has_a_row_with_its_default() {
    let world = World::new();
    let page = page("configuration.md");
    let rows = rows(&page);
    let shown = world.team().json("config show");
    let settings = shown["settings"].as_array().expect("settings");
    assert!(settings.len() > 10, "{shown}");
    for setting in settings {
        let (key, default) = (setting["key"].as_str().expect("text"), setting["default"].as_str().expect("text"));
        let row = rows.iter().find(|row| row[0] == format!("`{key}`")).unwrap_or_else(|| panic!("{key} has no row"));
        let wanted = if default.is_empty() { "none".to_owned() } else { format!("`{default}`") };
        assert_eq!(row[2], wanted, "the default of {key}");
    }
    // Whatever the help names is in the page too: the tables of agents, which no single key stands for.
    let help = world.team().jit("help config").ok().stdout;
    let names = help
        .lines()
        .filter(|line| line.contains(" = "))
        .flat_map(|line| line.split(" = ").next().into_iter().flat_map(|names| names.split(", ")));
    let mut count = 0;
    for name in names.map(str::trim).filter(|name| !name.is_empty() && !name.contains(' ')) {
        count += 1;
        assert!(rows.iter().any(|row| row[0].trim_matches('`').rsplit('.').next() == Some(name)), "{name} has no row");
    }
    assert!(count > 15, "{help}");
}

#[test]
fn what_a_setting_may_be_is_what_config_set_takes() {
    let world = World::new();
    let page = page("configuration.md");
    let mut count = 0;
    for row in rows(&page).iter().filter(|row| !row[0].contains("agents.")) {
        let key = row[0].trim_matches('`');
        let global = if key == "agent.id" { " --global" } else { "" };
        let values: Vec<&str> = row[1].split('`').skip(1).step_by(2).collect();
        for value in values {
            count += 1;
            world.team().jit(&format!("config set {key} {value}{global}")).ok();
        }
        if row[1].starts_with('`') || row[1].contains(" to ") {
            world.team().jit(&format!("config set {key} no-such-value{global}")).exits(2);
        }
    }
    assert!(count > 12, "only {count} values were tried");
}
