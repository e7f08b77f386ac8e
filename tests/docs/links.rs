//! Every link between pages leads somewhere, and every page is reached from the index.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use super::root;

/// The pages: those at the root, and all below `docs`.
fn pages() -> Vec<PathBuf> {
    fn below(dir: &Path) -> Vec<PathBuf> {
        let entries =
            std::fs::read_dir(root().join(dir)).expect("a folder").map(|entry| dir.join(entry.expect("an entry").file_name()));
        let (dirs, files): (Vec<_>, Vec<_>) = entries.partition(|path| root().join(path).is_dir());
        dirs.iter().flat_map(|dir| below(dir)).chain(files).collect()
    }
    let all = below(Path::new("docs")).into_iter().chain(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(PathBuf::from));
    all.filter(|path| path.extension().is_some_and(|extension| extension == "md")).collect()
}

/// The text of a page without its blocks of code and without what stands between backticks.
fn prose(page: &Path) -> String {
    let text = std::fs::read_to_string(root().join(page)).expect("text");
    let mut is_code = false;
    let mut prose = String::new();
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            prose += &line.split('`').step_by(2).collect::<Vec<_>>().join("x");
            prose.push('\n');
        }
    }
    prose
}

/// Where the links of a page lead, as they are written.
fn links(page: &Path) -> Vec<String> {
    let prose = prose(page);
    let ends = prose.match_indices("](").map(|(at, _)| &prose[at + 2..]);
    ends.map(|rest| rest.split([')', ' ']).next().unwrap_or_default().to_owned()).collect()
}

/// What stands behind `#` to lead to each heading of a page, as forges make it.
fn anchors(page: &Path) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join(page)).expect("text");
    let mut is_code = false;
    let headings = text.lines().filter(|line| {
        is_code ^= line.starts_with("```");
        !is_code && line.starts_with('#')
    });
    let kept = |c: &char| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_');
    headings
        .map(|line| line.trim_start_matches('#').trim().to_lowercase().chars().filter(kept).collect::<String>().replace(' ', "-"))
        .collect()
}

/// A path without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => assert!(out.pop(), "{} leads out of the repository", path.display()),
            Component::CurDir => {}
            other => out.push(other),
        }
    }
    out
}

/// Where a link of a page leads within the repository, and to which heading.
fn target(page: &Path, link: &str) -> Option<(PathBuf, Option<String>)> {
    if link.contains("://") || link.starts_with("mailto:") {
        return None;
    }
    let (path, anchor) = link.split_once('#').map_or((link, None), |(path, anchor)| (path, Some(anchor.to_owned())));
    let path = if path.is_empty() { page.to_owned() } else { resolved(&page.parent().unwrap_or(Path::new("")).join(path)) };
    Some((path, anchor))
}

#[test]
fn every_link_leads_to_a_file_and_its_heading() {
    let mut count = 0;
    let mut wrong = Vec::new();
    for page in pages() {
        for link in links(&page) {
            let Some((path, anchor)) = target(&page, &link) else { continue };
            count += 1;
            let is_there = root().join(&path).exists();
            if !is_there || anchor.is_some_and(|anchor| !anchors(&path).contains(&anchor)) {
                wrong.push(format!("{}: {link}", page.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "these lead nowhere: {wrong:#?}");
    assert!(count > 60, "only {count} links were found");
}

#[test]
fn every_page_is_reached_from_the_index() {
    let mut reached = BTreeSet::from([PathBuf::from("docs/README.md")]);
    let mut open: Vec<PathBuf> = reached.iter().cloned().collect();
    while let Some(page) = open.pop() {
        for (path, _) in links(&page).iter().filter_map(|link| target(&page, link)) {
            let is_page = path.extension().is_some_and(|extension| extension == "md") && path.starts_with("docs");
            if is_page && reached.insert(path.clone()) {
                open.push(path);
            }
        }
    }
    let lost: Vec<PathBuf> = pages().into_iter().filter(|page| page.starts_with("docs") && !reached.contains(page)).collect();
    assert!(lost.is_empty(), "nobody finds these: {lost:?}");
    assert!(links(Path::new("README.md")).iter().any(|link| link == "docs/README.md"), "the README leads to the index");
}

#[test]
fn what_contributing_names_is_there() {
    let text = std::fs::read_to_string(root().join("CONTRIBUTING.md")).expect("text");
    let folders = ["src/", "tests/", "docs/", "benches/"];
    let words = text.split('`').skip(1).step_by(2).filter(|word| folders.iter().any(|folder| word.starts_with(folder)));
    let paths: Vec<&str> = words.filter(|word| !word.contains(['<', '…', ' '])).collect();
    assert!(paths.len() > 20, "{paths:?}");
    for path in paths {
        assert!(root().join(path).exists(), "there is no {path}");
    }
    // The signature that a verb is told to have is the one that verbs have.
    let whoami = std::fs::read_to_string(root().join("src/commands/tools/whoami.rs")).expect("text");
    assert!(whoami.contains("pub(crate) fn run(session: &Session, args: Args) -> CommandResult {\n    let Args {"));
    for (file, words) in [("src/commands/tools/mod.rs", "pub(crate) mod whoami;"), ("src/commands/cli.rs", "Whoami(whoami::Args),")]
    {
        assert!(std::fs::read_to_string(root().join(file)).expect("text").contains(words), "{file}: {words}");
    }
}
