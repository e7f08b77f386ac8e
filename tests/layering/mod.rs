//! The structure, read from the source: layers, groups of commands, circles, sizes; and the names and sentences in it.

mod language;
mod source;

use std::path::Path;

use source::{ModulePath, Source, circles, files, is_test, root};

/// Modules at the top, lowest first, and what of ours each may use beside itself.
const MAY_USE: [(&str, &[&str]); 18] = [
    ("text", &[]),
    ("exit", &[]),
    ("domain", &["exit", "text"]),
    ("context", &["domain"]),
    ("process", &["context", "domain", "exit"]),
    ("git", &["context", "domain", "exit", "process"]),
    ("forge", &["context", "domain", "exit", "git", "process"]),
    ("store", &["context", "domain", "exit", "git", "process", "text"]),
    ("lease", &["context", "domain", "exit", "git", "process", "store", "text"]),
    ("repo", &["context", "domain", "lease", "store"]),
    ("actor", &["context", "domain", "exit", "git", "store"]),
    ("enforce", &["actor", "context", "domain", "exit", "git", "lease", "process", "repo", "store", "text"]),
    ("hooks", &["actor", "context", "domain", "enforce", "exit", "git", "lease", "process", "repo", "store", "text"]),
    ("worktree", &["actor", "context", "domain", "enforce", "exit", "git", "lease", "process", "repo", "store", "text"]),
    ("error", &["actor", "domain", "enforce", "exit", "forge", "git", "hooks", "lease", "process", "store", "text", "worktree"]),
    ("output", &["context", "domain", "error", "exit", "text"]),
    (
        "commands",
        &[
            "actor", "context", "domain", "enforce", "error", "exit", "forge", "git", "hooks", "lease", "output", "process",
            "repo", "store", "text", "worktree",
        ],
    ),
    ("testing", &["context", "domain", "enforce", "git", "lease", "store"]),
];

/// Crates that do input or output, read clocks or start processes: `domain` and `text` are pure.
const NOT_PURE: [&str; 9] =
    ["std::fs", "std::io", "std::env", "std::process", "std::time", "gix", "tempfile", "rustix", "Timestamp::now"];

#[test]
fn a_layer_uses_only_what_is_below_it() {
    let mut found = Vec::new();
    for (path, used) in Source::read().edges() {
        let (_, may) = MAY_USE.iter().find(|(name, _)| *name == path[0]).unwrap_or_else(|| panic!("{} has no line here", path[0]));
        let is_wrong = |used: &&ModulePath| used[0] != path[0] && !may.contains(&used[0].as_str());
        found.extend(used.iter().filter(is_wrong).map(|used| format!("{} uses {}", path.join("::"), used.join("::"))));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

/// A group of commands uses `shared` and its own files; only the entry, and the tree of verbs, know all groups.
#[test]
fn a_group_of_commands_uses_no_other_group() {
    let mut found = Vec::new();
    for (path, used) in Source::read().edges().iter().filter(|(path, _)| path[0] == "commands" && path.len() > 1) {
        if path[1] == "cli" {
            continue;
        }
        let is_wrong =
            |used: &&ModulePath| used[0] == "commands" && used.get(1).is_none_or(|group| *group != path[1] && group != "shared");
        found.extend(used.iter().filter(is_wrong).map(|used| format!("{} uses {}", path.join("::"), used.join("::"))));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn no_circle_is_larger_than_a_module_and_its_children() {
    let found = circles(&Source::read().edges());
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_rules_are_pure() {
    for (path, module) in Source::read().modules.iter().filter(|(path, _)| ["domain", "text"].contains(&path[0].as_str())) {
        for impure in NOT_PURE {
            assert!(!module.text.contains(impure), "{} names {impure}", path.join("::"));
        }
    }
}

/// A file that no `mod` names is not compiled, and no compiler says so.
#[test]
fn every_file_is_part_of_the_crate() {
    let declares = |text: &str, name: &str| text.contains(&format!("mod {name};"));
    let source = Source::read();
    let texts: Vec<String> = files(&root()).iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    for path in source.modules.keys() {
        let name = path.last().expect("not empty");
        assert!(texts.iter().any(|text| declares(text, name)), "{} is part of nothing", path.join("::"));
    }
}

#[test]
fn files_and_doorways_stay_small() {
    for (path, module) in Source::read().modules {
        let lines = module.text.split("\nmod tests {").next().unwrap_or_default().lines().count();
        assert!(is_test(&path) || lines <= 300, "{} has {lines} lines without its tests", module.file.display());
    }
    for doorway in ["src/main.rs", "hooks/pre_commit.rs", "hooks/pre_push.rs"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(doorway)).expect("text");
        assert!(text.lines().count() <= 15, "{doorway} has more than 15 lines");
    }
}
