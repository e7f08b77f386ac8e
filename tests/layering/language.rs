//! Plain English, as far as a search can tell: names and sentences that a stranger would have to look up are not used.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::source;

/// Names of modules that were replaced, because they say too little to a reader who knows Git and Rust.
const MODULES: [&str; 22] = [
    "hook",
    "force",
    "known",
    "cover",
    "whole",
    "making",
    "depart",
    "approvals",
    "trunk",
    "kept",
    "survey",
    "slips",
    "undo",
    "hindrance",
    "splice",
    "foreign",
    "glance",
    "look",
    "beat",
    "give",
    "tidy",
    "named",
];

/// Names of types and functions that were replaced.
const NAMES: [&str; 36] = [
    "approvals",
    "trunk",
    "survey",
    "sing",
    "attend",
    "take_in",
    "bring",
    "settle",
    "hand_on",
    "Standing",
    "Sign",
    "Stamp",
    "Look",
    "Song",
    "Charge",
    "Errand",
    "Making",
    "Departure",
    "Hindrance",
    "Desk",
    "Counter",
    "Board",
    "Place",
    "Places",
    "Fate",
    "Wish",
    "Deed",
    "Wanted",
    "Made",
    "Seen",
    "Kept",
    "Known",
    "Left",
    "Song",
    "Act",
    "Hands",
];

/// Words and phrases that are not used, each as it would begin and end at the edge of a word.
const PHRASES: [&str; 38] = [
    "somebody",
    "somebody's",
    "nobody",
    "whoever",
    "wherefrom",
    "is so already",
    "goes on",
    "go on with",
    "stands for",
    "it is looked",
    "that there is of it",
    "without quarrel",
    "is no time that",
    "wants a reason",
    "wants to run nothing",
    "are ready and",
    "say what must be closed before what",
    "answer for edits that others made",
    "what worktrees have left that are gone",
    "refuses to where",
    "is of human:",
    "adopted is what",
    "an edit that is not committed: its lease ends with that commit",
    "fits what was asked for",
    "as the wall clock has it",
    "is told of",
    "by the way",
    "at best effort",
    "put right",
    "comes to nothing",
    "what became of",
    "whatever became of",
    "as far as it goes",
    "lets go of",
    "had no say",
    "has a say",
    "there is none of",
    "whosoever",
];

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// Whether `text` has `phrase` with no letter directly before or after it.
fn has_phrase(text: &str, phrase: &str) -> bool {
    text.match_indices(phrase).any(|(at, found)| {
        let before = text[..at].chars().next_back();
        let after = text[at + found.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// Whether `text` says "is no X that" or "are no X that": a riddle for "X does not".
fn has_inversion(text: &str) -> bool {
    let mut words = text.split_whitespace().collect::<Vec<_>>();
    words.push("");
    words.windows(4).any(|words| matches!(words, ["is" | "are", "no", _, "that" | "which"]))
}

/// Files that people read: the library and the doorways, the scripts, and the pages.
fn pages() -> Vec<PathBuf> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = source::files(&home.join("src"));
    all.extend(source::files(&home.join("hooks")));
    let mut folders = vec![home.join("docs")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder of pages").flatten() {
            match entry.path() {
                path if path.is_dir() => folders.push(path),
                path if path.extension().is_some_and(|extension| extension == "md") => all.push(path),
                _ => {}
            }
        }
    }
    all.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md", "install.sh"].map(|name| home.join(name)));
    all
}

#[test]
fn sentences_are_plain() {
    let mut found = Vec::new();
    for path in pages() {
        let text = std::fs::read_to_string(&path).expect("text");
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let phrases = PHRASES.iter().filter(|phrase| has_phrase(&lower, phrase)).map(|phrase| (*phrase).to_owned());
            let inversion = has_inversion(&lower).then(|| "is no … that".to_owned());
            found.extend(
                phrases.chain(inversion).map(|phrase| format!("{}:{}: {phrase}: {}", path.display(), number + 1, line.trim())),
            );
        }
    }
    assert!(found.is_empty(), "{} sentences to say plainly:\n{}", found.len(), found.join("\n"));
}

/// The names that a masked text defines: modules, types and functions, each with what it is.
fn defined(code: &str) -> Vec<(&'static str, String)> {
    const KINDS: [&str; 6] = ["mod", "struct", "enum", "trait", "type", "fn"];
    let words: Vec<&str> = code.split(|letter: char| !is_word(letter)).filter(|word| !word.is_empty()).collect();
    let pairs = words.windows(2).filter_map(|pair| Some((*KINDS.iter().find(|kind| **kind == pair[0])?, pair[1].to_owned())));
    pairs.collect()
}

#[test]
fn names_are_gits_and_the_fields() {
    let mut found = Vec::new();
    for path in source::files(&source::root()) {
        let code = source::masked(&std::fs::read_to_string(&path).expect("text"));
        let bad = defined(&code).into_iter().filter(|(kind, name)| {
            let names: &[&str] = if *kind == "mod" { &MODULES } else { &NAMES };
            names.contains(&name.as_str())
        });
        found.extend(bad.map(|(kind, name)| format!("{}: {kind} {name}", path.display())));
    }
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn one_name_is_one_type() {
    /// Types that every module of its kind may have, because they are always read with the module's name.
    const PER_MODULE: [&str; 7] = ["Error", "Result", "Args", "Verb", "Err", "Value", "Target"];
    let mut types: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for path in source::files(&source::root()) {
        let code = source::masked(&std::fs::read_to_string(&path).expect("text"));
        let code = code.split("\nmod tests {").next().unwrap_or_default().to_owned();
        let ours = defined(&code).into_iter().filter(|(kind, _)| !["mod", "fn"].contains(kind));
        let is_type =
            |name: &String| name.starts_with(char::is_uppercase) && !PER_MODULE.contains(&name.as_str()) && !name.ends_with("Args");
        // Associated types of a foreign trait, as in `type State = …;` inside an `impl`, are indented.
        let at_top = |name: &String| code.lines().any(|line| !line.starts_with(' ') && has_phrase(line, name));
        for (_, name) in ours.filter(|(_, name)| is_type(name) && at_top(name)) {
            let paths = types.entry(name).or_default();
            if !paths.contains(&path) {
                paths.push(path.clone());
            }
        }
    }
    let twice: Vec<String> =
        types.iter().filter(|(_, paths)| paths.len() > 1).map(|(name, paths)| format!("{name}: {paths:?}")).collect();
    assert!(twice.is_empty(), "{}", twice.join("\n"));
}

#[test]
fn the_glossary_is_short_and_its_words_are_used() {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/glossary.md");
    let page = std::fs::read_to_string(page).expect("docs/glossary.md");
    let words: Vec<&str> =
        page.lines().filter_map(|line| line.strip_prefix("| **")?.split_once("**")).map(|(word, _)| word).collect();
    assert!((1..=25).contains(&words.len()), "{} words", words.len());
    let names: String =
        source::files(&source::root()).iter().map(|path| format!("{} ", path.display())).collect::<String>().to_lowercase();
    let types: String = source::files(&source::root()).iter().map(|path| std::fs::read_to_string(path).expect("text")).collect();
    for word in words {
        let as_module = word.replace(' ', "_").to_lowercase();
        let as_type: String = word.split(' ').map(|part| part[..1].to_uppercase() + &part[1..]).collect();
        assert!(names.contains(&as_module) || types.contains(&as_type), "{word} names no module and no type");
    }
}

#[test]
fn the_search_finds_what_it_is_for() {
    assert!(has_phrase("and somebody else", "somebody") && !has_phrase("somebodys", "somebody"));
    assert!(has_inversion("this is no time that fits") && !has_inversion("there is no such issue"));
    assert_eq!(defined("pub struct A; fn b() {}"), [("struct", "A".to_owned()), ("fn", "b".to_owned())]);
}
