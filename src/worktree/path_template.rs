//! Where worktrees are: below `trees/`, or where a template says.

use std::path::{Component, Path, PathBuf};

use crate::store::git_info;
use crate::store::layout::Layout;
use crate::worktree::{Blocker, Result};

/// Where a template came from: whoever has the repository must not be led astray by it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathTemplate<'a> {
    /// With `{repo}`, `{name}`, `{branch}` and `{number}`.
    pub text: &'a str,
    /// Whether it is the user's own, and not the repository's.
    pub is_users: bool,
    /// What `~` stands for in it.
    pub home: Option<&'a Path>,
}

/// The folder that everything of the repository lies around: the worktree of a normal one, what a bare one called `.git` or
/// `.bare` lies in, or the bare one itself.
fn around(layout: &Layout) -> &Path {
    if let Some(root) = &layout.main_root {
        return root;
    }
    let is_hidden = layout.common_dir.file_name().is_some_and(|name| name == ".git" || name == ".bare");
    layout.common_dir.parent().filter(|_| is_hidden).unwrap_or(&layout.common_dir)
}

/// The folder for worktrees unless a template says otherwise.
pub(crate) fn trees(layout: &Layout) -> PathBuf {
    around(layout).join("trees")
}

/// Where the worktree of this name belongs.
pub(crate) fn of(layout: &Layout, template: Option<PathTemplate<'_>>, name: &str, number: &str) -> Result<PathBuf> {
    let Some(PathTemplate { text, is_users, home }) = template else {
        let usual = PathTemplate { text: "trees/{name}", is_users: false, home: None };
        return of(layout, Some(usual), name, number);
    };
    let bad = |why| Blocker::BadTemplate { template: text.to_owned(), why };
    if !text.contains("{name}") && !text.contains("{branch}") && !text.contains("{number}") {
        return Err(bad("has none of {name}, {branch}, {number}: every issue would have the same").into());
    }
    let at_home = match (text.strip_prefix('~'), home) {
        (None, _) => None,
        (Some(rest), Some(home)) if is_users && rest.starts_with('/') => Some((home, rest.trim_start_matches('/'))),
        (Some(_), _) if !is_users => return Err(bad("is the repository's, and begins with ~").into()),
        (Some(_), _) => return Err(bad("begins with ~, which stands for no home directory here").into()),
    };
    let base = around(layout);
    let repo = base.file_name().unwrap_or_default().to_string_lossy();
    let repo = repo.strip_suffix(".git").unwrap_or(&repo);
    let (from, pattern) = at_home.unwrap_or((base, text));
    let filled = pattern.replace("{repo}", repo).replace("{name}", name).replace("{branch}", name).replace("{number}", number);
    let path = tidy(&from.join(filled));
    if !is_users {
        is_harmless(layout, text, &path).map_err(bad)?;
    }
    if path.starts_with(&layout.common_dir) && layout.main_root.is_some() {
        return Err(bad("leads into Git's own folder").into());
    }
    real(&path, (!is_users).then_some(base)).ok_or_else(|| bad("leads out of the repository by a link").into())
}

/// Whether a repository may put a worktree there: below itself, or right beside it under a name of its own.
fn is_harmless(layout: &Layout, text: &str, path: &Path) -> std::result::Result<(), &'static str> {
    let base = around(layout);
    let rest = text.strip_prefix("../").unwrap_or(text);
    let last = rest.rsplit('/').next().unwrap_or_default();
    if rest.split('/').any(|part| part == "..") {
        return Err("is the repository's, and has .. in it");
    }
    if !["{name}", "{branch}", "{number}"].iter().any(|word| last.contains(word)) {
        return Err("is the repository's, and its last name has none of {name}, {branch}, {number}");
    }
    let first = path.strip_prefix(base).ok().and_then(|below| below.components().next());
    let is_below = first.is_some_and(|first| match &layout.main_root {
        Some(_) => ![".git", ".jit"].iter().any(|taken| first.as_os_str().eq_ignore_ascii_case(taken)),
        // A bare repository is Git's own folder.
        None => first.as_os_str() == "trees",
    });
    if is_below || path.parent() == base.parent() { Ok(()) } else { Err("is the repository's, and leads further than beside it") }
}

/// The path without links: Git writes down what it is, not what it is called. `None` where it has to be below `base`, or beside
/// it, and a link leads elsewhere.
fn real(path: &Path, base: Option<&Path>) -> Option<PathBuf> {
    let nearest = path.ancestors().find_map(|above| Some((above, above.canonicalize().ok()?)));
    let (above, found) = nearest?;
    if let Some(base) = base {
        let base = base.canonicalize().ok()?;
        let is_there = found.starts_with(&base) || Some(found.as_path()) == base.parent();
        if !is_there {
            return None;
        }
    }
    Some(found.join(path.strip_prefix(above).ok()?))
}

/// A path without `.` and `..`, which is not looked up.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(tidy.pop()),
            Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

/// Keeps `trees/` out of Git by the repository's own list of exclusions, not by a file of the user's: whether it was not so
/// before. Elsewhere there is nothing to keep out.
pub(crate) fn exclude_trees(layout: &Layout) -> Result<bool> {
    if Some(around(layout)) != layout.main_root.as_deref() {
        return Ok(false);
    }
    Ok(git_info::add_line(&git_info::path(layout, "exclude"), "/trees/")?)
}
