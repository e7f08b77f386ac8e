//! The source as modules and the paths between them, read from the files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A module's path below the crate, for example `["store", "log"]`.
pub(super) type ModulePath = Vec<String>;

/// One module of the library.
pub(super) struct Module {
    /// Its file.
    pub(super) file: PathBuf,
    /// The file's text.
    pub(super) text: String,
    /// The text without comments, strings and inline test modules.
    pub(super) code: String,
}

/// All modules of the library, without the two roots `lib` and `main`.
pub(super) struct Source {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

/// Every `.rs` file below `dir`.
pub(super) fn files(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a folder of the source").flatten().map(|entry| entry.path());
    let all = entries.flat_map(|path| if path.is_dir() { files(&path) } else { vec![path] });
    all.filter(|path| path.extension().is_some_and(|extension| extension == "rs")).collect()
}

/// The folder of the library.
pub(super) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

impl Source {
    /// Reads the library.
    pub(super) fn read() -> Self {
        let modules = files(&root()).into_iter().filter_map(|file| {
            let path = module_path(&file);
            let text = std::fs::read_to_string(&file).expect("text");
            let code = without_tests(&masked(&text));
            (path != ["lib"] && path != ["main"]).then_some((path, Module { file, text, code }))
        });
        Self { modules: modules.collect() }
    }

    /// The module that a path leads into: the longest prefix that is one.
    fn owner(&self, path: &[String]) -> Option<ModulePath> {
        (1..=path.len()).rev().map(|length| path[..length].to_vec()).find(|prefix| self.modules.contains_key(prefix))
    }

    /// Which modules each module names, itself left out.
    pub(super) fn edges(&self) -> BTreeMap<ModulePath, BTreeSet<ModulePath>> {
        let uses = |(path, module): (&ModulePath, &Module)| {
            let found = paths_in(&module.code, path, &self.modules);
            let owners = found.iter().filter_map(|found| self.owner(found)).filter(|owner| owner != path);
            (path.clone(), owners.collect())
        };
        self.modules.iter().filter(|(path, _)| !is_test(path)).map(uses).collect()
    }
}

/// Whether a module is compiled for tests alone.
pub(super) fn is_test(path: &[String]) -> bool {
    const TEST_MODULES: [&str; 11] = [
        "tests",
        "fuzz",
        "faults",
        "simulated_disk",
        "model",
        "world",
        "conformance",
        "memory",
        "random_operations",
        "testing",
        "page",
    ];
    path.iter().any(|name| TEST_MODULES.contains(&name.as_str()))
}

fn module_path(file: &Path) -> ModulePath {
    let relative = file.strip_prefix(root()).expect("below src").with_extension("");
    let mut path: ModulePath = relative.components().map(|name| name.as_os_str().to_string_lossy().into_owned()).collect();
    if path.last().is_some_and(|name| name == "mod") {
        path.pop();
    }
    path
}

/// The text with comments, strings and character literals replaced by spaces.
pub(super) fn masked(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if let Some(end) = end {
            out[at..end].iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
        }
        at = end.unwrap_or(at + 1);
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Where the comment, string or character that begins at `at` ends; `None` if none begins there.
fn literal_end(bytes: &[u8], at: usize) -> Option<usize> {
    let rest = &bytes[at..];
    let until = |from: usize, end: &[u8]| {
        let found = bytes[from..].windows(end.len()).position(|window| window == end);
        found.map_or(bytes.len(), |found| from + found + end.len())
    };
    let is_word = at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_');
    if rest.starts_with(b"//") {
        return Some(until(at, b"\n") - 1);
    }
    if rest.starts_with(b"r\"") && !is_word {
        return Some(until(at + 2, b"\""));
    }
    if rest.starts_with(b"r#\"") && !is_word {
        return Some(until(at + 3, b"\"#"));
    }
    if rest.starts_with(b"\"") {
        let mut end = at + 1;
        while end < bytes.len() && bytes[end] != b'"' {
            end += if bytes[end] == b'\\' { 2 } else { 1 };
        }
        return Some(end + 1);
    }
    let is_char = rest.len() > 3 && rest[0] == b'\'' && ((rest[1] == b'\\' && rest[3] == b'\'') || rest[2] == b'\'');
    is_char.then(|| until(at + 2, b"'"))
}

/// The code without `mod tests { … }` at its end.
fn without_tests(code: &str) -> String {
    code.split("\nmod tests {").next().unwrap_or_default().to_owned()
}

/// The leaves of the tree behind a `use`, for example `a::{b, c::d}` as `a::b` and `a::c::d`, with the name that each has here.
fn leaves(tree: &str, prefix: &[String]) -> Vec<(ModulePath, String)> {
    let tree = tree.trim();
    let words =
        |text: &str| text.split("::").map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    if let Some((before, list)) = tree.strip_suffix('}').and_then(|tree| tree.split_once('{')) {
        let prefix = [prefix, &words(before)].concat();
        let mut depth = 0;
        let items = list.split(|letter| {
            depth += i32::from(letter == '{') - i32::from(letter == '}');
            letter == ',' && depth == 0
        });
        return items.filter(|item| !item.trim().is_empty()).flat_map(|item| leaves(item, &prefix)).collect();
    }
    let (path, alias) = tree.split_once(" as ").map_or((tree, None), |(path, alias)| (path, Some(alias.trim().to_owned())));
    let mut path = [prefix, &words(path)].concat();
    if path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = alias.or_else(|| path.last().cloned()).unwrap_or_default();
    vec![(path, name)]
}

/// A path as it is written, from the root of the crate; `None` if it leads out of the crate.
fn absolute(path: &[String], module: &[String]) -> Option<ModulePath> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some(rest.to_vec()),
        "self" => Some([module, rest].concat()),
        "super" => {
            let ups = path.iter().take_while(|word| *word == "super").count();
            Some([&module[..module.len().checked_sub(ups)?], &path[ups..]].concat())
        }
        _ => None,
    }
}

/// Every path of the crate that a module's code names, from the root of the crate.
fn paths_in(code: &str, module: &[String], all: &BTreeMap<ModulePath, Module>) -> BTreeSet<ModulePath> {
    let mut found = BTreeSet::new();
    let mut names: BTreeMap<String, ModulePath> = BTreeMap::new();
    let mut body = String::new();
    let mut rest = code;
    while let Some((before, behind)) = rest.split_once("use ") {
        let is_statement = before.rsplit('\n').next().is_some_and(|line| line.trim().is_empty() || line.trim().starts_with("pub"));
        body += before;
        let (tree, after) = if is_statement { behind.split_once(';').unwrap_or((behind, "")) } else { ("", behind) };
        for (path, name) in leaves(tree, &[]) {
            let in_child = [module, &path[..1.min(path.len())]].concat();
            let path = absolute(&path, module).or_else(|| all.contains_key(&in_child).then(|| [module, &path].concat()));
            if let Some(path) = path {
                names.insert(name, path.clone());
                found.insert(path);
            }
        }
        rest = after;
    }
    body += rest;
    for path in body.split(|letter: char| !(letter.is_alphanumeric() || letter == '_' || letter == ':')) {
        let path: ModulePath = path.split("::").map(str::to_owned).collect();
        if path.len() < 2 || path[0].is_empty() {
            continue;
        }
        let in_child = [module, &path[..1]].concat();
        found.extend(absolute(&path, module));
        found.extend(names.get(&path[0]).map(|named| [&named[..], &path[1..]].concat()));
        found.extend(all.contains_key(&in_child).then(|| [module, &path].concat()));
    }
    found
}

/// Groups of modules that use each other in a circle; edges between a module and its own descendants do not count.
pub(super) fn circles(edges: &BTreeMap<ModulePath, BTreeSet<ModulePath>>) -> Vec<Vec<String>> {
    let is_family = |a: &ModulePath, b: &ModulePath| a.starts_with(b) || b.starts_with(a);
    let mut graph = petgraph::graphmap::DiGraphMap::<usize, ()>::new();
    let all: Vec<&ModulePath> = edges.keys().collect();
    let number = |path: &ModulePath| all.iter().position(|other| *other == path);
    for (from, used) in edges {
        for to in used.iter().filter(|to| !is_family(from, to)) {
            if let (Some(from), Some(to)) = (number(from), number(to)) {
                graph.add_edge(from, to, ());
            }
        }
    }
    let components = petgraph::algo::tarjan_scc(&graph).into_iter().filter(|component| component.len() > 1);
    components.map(|component| component.into_iter().map(|number| all[number].join("::")).collect()).collect()
}

#[test]
fn paths_are_read_from_use_lines_and_bodies() {
    let modules = ["a", "b", "c", "a::child"].map(|path| path.split("::").map(str::to_owned).collect::<ModulePath>());
    let empty = || Module { file: PathBuf::new(), text: String::new(), code: String::new() };
    let all: BTreeMap<ModulePath, Module> = modules.into_iter().map(|path| (path, empty())).collect();
    let code = "use crate::{b::{self, X}, c};\nuse std::fmt;\nfn f() { child::g(); crate::c::h(); b::i(); }";
    let found = paths_in(code, &["a".to_owned()], &all);
    let found: Vec<String> = found.iter().map(|path| path.join("::")).collect();
    assert_eq!(found, ["a::child::g", "b", "b::X", "b::i", "c", "c::h"]);
}

#[test]
fn comments_and_strings_are_masked() {
    let masked = masked("a // crate::b\n\"crate::c \\\" \" 'x' r#\"crate::d\"# e");
    assert!(masked.contains('a') && masked.contains('e') && !masked.contains("crate"), "{masked}");
}

#[test]
fn a_circle_is_found_and_a_family_is_none() {
    let path = |name: &str| name.split("::").map(str::to_owned).collect::<ModulePath>();
    let edges: BTreeMap<ModulePath, BTreeSet<ModulePath>> = [("a", "b"), ("b", "a"), ("c", "c::d"), ("c::d", "c")]
        .into_iter()
        .map(|(from, to)| (path(from), [path(to)].into()))
        .collect();
    let found = circles(&edges);
    assert!(found.len() == 1 && found[0].len() == 2, "{found:?}");
}
