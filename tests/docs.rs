//! What the pages promise is there: every test that `docs/leases.md` names, and the sizes that it gives; what they show is played.

use std::path::{Path, PathBuf};

use crate::support::tools;

use self::session::{BASH, Shell, ZSH, play};

mod links;
mod performance;
mod picture;
mod reference;
mod session;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn page() -> String {
    std::fs::read_to_string(root().join("docs/leases.md")).expect("the page is there")
}

/// Every file of Rust below a directory.
fn sources(dir: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry").path());
    let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| path.is_dir());
    let is_rust = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "rs");
    dirs.iter().flat_map(|dir| sources(dir)).chain(files.into_iter().filter(is_rust)).collect()
}

/// Whether a test of this name is in a file or a folder called `module`.
fn is_there(files: &[(PathBuf, String)], module: &str, name: &str) -> bool {
    let lies_there = |path: &Path| path.with_extension("").iter().any(|part| part == module);
    files.iter().any(|(path, text)| lies_there(path) && text.contains(&format!("fn {name}(")))
}

#[test]
fn every_promise_about_leases_has_the_tests_that_it_names() {
    let all = [root().join("src"), root().join("tests")].map(|dir| sources(&dir)).concat();
    let files: Vec<(PathBuf, String)> =
        all.into_iter().map(|path| (path.clone(), std::fs::read_to_string(path).expect("text"))).collect();
    assert!(!is_there(&files, "chaos", "no_such_test") && !is_there(&files, "no_such_module", "no_arrow_points_up"));
    let page = page();
    let rows = page.lines().skip_while(|line| !line.contains("held by")).skip(2).take_while(|line| line.starts_with('|'));
    let mut promises = 0;
    for row in rows {
        let tests: Vec<&str> = row.split('`').filter(|word| word.contains("::") && !word.contains(' ')).collect();
        assert!(!tests.is_empty(), "nothing holds it: {row}");
        for test in tests {
            let (module, name) = test.rsplit_once("::").expect("a module and a name");
            assert!(is_there(&files, module, name), "there is no {test}");
        }
        promises += 1;
    }
    assert!(promises > 10, "the table was not found");
}

#[test]
fn the_sizes_of_the_model_are_the_ones_that_are_asserted() {
    let model = std::fs::read_to_string(root().join("src/domain/lease/model.rs")).expect("text");
    let page = page();
    let rows = page.lines().skip_while(|line| !line.starts_with("| bounds |")).skip(2).take_while(|line| line.starts_with('|'));
    let sizes: Vec<String> =
        rows.map(|row| row.trim_end_matches(['|', ' ']).rsplit('|').next().unwrap_or_default().trim().replace(' ', "_")).collect();
    assert_eq!(sizes.len(), model.matches("assert_eq!(exhaust(").count());
    for size in sizes {
        assert!(model.contains(&format!(", {size});")), "{size} states are asserted nowhere");
    }
}

/// The pages that tell somebody what to type.
fn pages_to_follow() -> Vec<String> {
    let folder = std::fs::read_dir(root().join("docs/how-to")).expect("a folder");
    let names = folder.map(|entry| format!("docs/how-to/{}", entry.expect("an entry").file_name().to_string_lossy()));
    let pages = names.filter(|name| Path::new(name).extension().is_some_and(|extension| extension == "md"));
    let mut pages: Vec<String> = pages
        .chain(["docs/tutorial.md", "docs/ci.md", "docs/reference/configuration.md", "README.md"].map(str::to_owned))
        .collect();
    pages.sort();
    pages
}

/// Plays them all, or the one that `JIT_DOCS_PAGE` names.
fn played(shell: &Shell) {
    let only = std::env::var("JIT_DOCS_PAGE").unwrap_or_default();
    let pages = pages_to_follow();
    let chosen: Vec<&String> = pages.iter().filter(|page| page.contains(&only)).collect();
    assert!(!chosen.is_empty(), "there is no page {only}");
    for page in chosen {
        play(page, shell);
    }
}

#[test]
fn what_readme_tutorial_and_how_tos_show_is_so() {
    played(&BASH);
}

#[test]
fn what_readme_tutorial_and_how_tos_show_is_so_in_zsh() {
    if !tools::has("zsh") {
        return;
    }
    played(&ZSH);
}
