//! The layers, read from the source: a module uses only what the arrows of `src/lib.rs` allow.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

/// A module, and what of ours it may use.
const MAY_USE: [(&str, &[&str]); 16] = [
    ("domain", &["domain"]),
    ("exit", &[]),
    ("git", &[]),
    ("github", &["exit", "git"]),
    ("process", &["git"]),
    ("context", &["domain"]),
    ("terminal", &[]),
    ("store", &["domain", "store"]),
    ("actor", &["context", "domain", "store"]),
    ("hook", &["actor", "context", "domain", "exit", "git", "hook", "store"]),
    ("testing", &["context", "domain", "hook", "store"]),
    ("worktree", &["context", "domain", "exit", "git", "process", "store", "worktree"]),
    ("error", &["actor", "domain", "exit", "git", "github", "hook", "store", "worktree"]),
    ("output", &["context", "domain", "error", "exit", "output"]),
    ("cli", &["commands", "output"]),
    (
        "commands",
        &[
            "actor", "cli", "commands", "context", "domain", "error", "exit", "git", "github", "hook", "output", "process",
            "store", "terminal", "worktree",
        ],
    ),
];

/// Crates that do input or output, read clocks or start processes: none of `domain`'s business.
const NOT_PURE: [&str; 9] =
    ["std::fs", "std::io", "std::env", "std::process", "std::time", "gix", "tempfile", "rustix", "Timestamp::now"];

fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a folder of the source").flatten().map(|entry| entry.path());
    let all = entries.flat_map(|path| if path.is_dir() { sources(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

fn source() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

/// The module at the top that a file belongs to.
fn top(path: &Path) -> String {
    let relative = path.strip_prefix(source()).expect("below src");
    let first = relative.components().next().expect("not empty").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// Every module of ours that a text names as `crate::<module>`.
fn named(text: &str) -> BTreeSet<String> {
    let code: String = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect::<Vec<_>>().join("\n");
    let mut found = BTreeSet::new();
    for rest in code.split("crate::").skip(1) {
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match rest.strip_prefix('{') {
            Some(list) => found.extend(list.split('}').next().unwrap_or_default().split(',').map(|item| word(item.trim()))),
            None => drop(found.insert(word(rest))),
        }
    }
    found.retain(|name| !name.is_empty());
    found
}

#[test]
fn no_arrow_points_up() {
    let mut seen = BTreeSet::new();
    for path in sources(&source()) {
        let module = top(&path);
        if module == "lib" || module == "main" {
            continue;
        }
        let (_, may) = MAY_USE.iter().find(|(name, _)| *name == module).unwrap_or_else(|| panic!("{module} has no line here"));
        let text = std::fs::read_to_string(&path).expect("text");
        for used in named(&text) {
            assert!(may.contains(&used.as_str()), "{} uses {used}, and {module} may use {may:?}", path.display());
        }
        seen.insert(module);
    }
    assert_eq!(seen.len(), MAY_USE.len(), "a line for a module that is gone: {seen:?}");
}

#[test]
fn the_domain_is_pure() {
    for path in sources(&source().join("domain")) {
        let text = std::fs::read_to_string(&path).expect("text");
        for impure in NOT_PURE {
            assert!(!text.contains(impure), "{} names {impure}", path.display());
        }
    }
}

/// A file that no `mod` names is not compiled, and nobody notices.
#[test]
fn every_file_is_part_of_the_crate() {
    let texts: Vec<String> = sources(&source()).iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    for path in sources(&source()) {
        let stem = path.file_stem().expect("a name").to_string_lossy().into_owned();
        let (as_module, as_path) = (format!("mod {stem};"), format!("{stem}.rs\"]"));
        let is_named = texts.iter().any(|text| text.contains(&as_module) || text.contains(&as_path));
        assert!(is_named || ["lib", "main", "mod"].contains(&stem.as_str()), "{} is part of nothing", path.display());
    }
}

#[test]
fn files_and_doorways_stay_small() {
    for path in sources(&source()) {
        let is_test = path.file_name().is_some_and(|name| name.to_string_lossy().ends_with("tests.rs"));
        let text = std::fs::read_to_string(&path).expect("text");
        let lines = text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().lines().count();
        assert!(is_test || lines <= 300, "{} has {lines} lines without its tests", path.display());
    }
    for doorway in ["src/main.rs", "hooks/pre_commit.rs", "hooks/pre_push.rs"] {
        let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(doorway)).expect("text");
        assert!(text.lines().count() <= 15, "{doorway} is a doorway");
    }
}

#[test]
fn the_reader_of_use_lines_reads_them() {
    let text = "use crate::{a, b::c};\n// crate::not\nfn f() { crate::d::e(); }\nuse crate::f;";
    let expected: BTreeSet<String> = ["a", "b", "d", "f"].map(str::to_owned).into();
    assert_eq!(named(text), expected);
}
