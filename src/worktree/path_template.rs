//! Where worktrees go: below `trees/`, or where a template says.

use std::path::{Component, Path, PathBuf};

use crate::store::git_info;
use crate::store::layout::Layout;
use crate::worktree::{Blocker, Result};

/// The placeholders that make each worktree's path different.
const PLACEHOLDERS: [&str; 3] = ["{name}", "{branch}", "{number}"];

/// A template and its origin: a repository's template must not lead a user's files out of the repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PathTemplate<'a> {
    /// With `{repo}`, `{name}`, `{branch}` and `{number}`.
    pub text: &'a str,
    /// Whether the user configured it, as opposed to the repository.
    pub is_users: bool,
    /// The directory that `~` expands to.
    pub home: Option<&'a Path>,
}

/// The folder that relative templates start from: the main worktree, the folder that contains a bare repository called `.git` or
/// `.bare`, or the bare repository itself.
fn container(layout: &Layout) -> &Path {
    if let Some(root) = &layout.main_root {
        return root;
    }
    let is_hidden = layout.common_dir.file_name().is_some_and(|name| name == ".git" || name == ".bare");
    layout.common_dir.parent().filter(|_| is_hidden).unwrap_or(&layout.common_dir)
}

/// The default folder for worktrees.
pub(crate) fn trees_dir(layout: &Layout) -> PathBuf {
    container(layout).join("trees")
}

/// The path for the worktree with this name.
pub(crate) fn resolve(layout: &Layout, template: Option<PathTemplate<'_>>, name: &str, number: &str) -> Result<PathBuf> {
    let default = PathTemplate { text: "trees/{name}", is_users: false, home: None };
    let PathTemplate { text, is_users, home } = template.unwrap_or(default);
    let invalid = |why| Blocker::BadTemplate { template: text.to_owned(), why };
    if !PLACEHOLDERS.iter().any(|placeholder| text.contains(placeholder)) {
        return Err(invalid("has none of {name}, {branch}, {number}, so every issue would get the same path").into());
    }
    let below_home = match (text.strip_prefix('~'), home) {
        (None, _) => None,
        (Some(rest), Some(home)) if is_users && rest.starts_with('/') => Some((home, rest.trim_start_matches('/'))),
        (Some(_), _) if !is_users => return Err(invalid("comes from the repository and begins with ~").into()),
        (Some(_), _) => return Err(invalid("begins with ~, which has no home directory here").into()),
    };
    let base = container(layout);
    let repo = base.file_name().unwrap_or_default().to_string_lossy();
    let repo = repo.strip_suffix(".git").unwrap_or(&repo);
    let (from, pattern) = below_home.unwrap_or((base, text));
    let expanded = pattern.replace("{repo}", repo).replace("{name}", name).replace("{branch}", name).replace("{number}", number);
    let path = normalize(&from.join(expanded));
    if !is_users {
        check_repository_template(layout, text, &path).map_err(invalid)?;
    }
    if path.starts_with(&layout.common_dir) && layout.main_root.is_some() {
        return Err(invalid("leads into Git's own folder").into());
    }
    canonicalize(&path, (!is_users).then_some(base))
        .ok_or_else(|| invalid("leads out of the repository through a symbolic link").into())
}

/// A repository's template may place worktrees below the repository, or directly beside it under a name of their own.
fn check_repository_template(layout: &Layout, text: &str, path: &Path) -> std::result::Result<(), &'static str> {
    let base = container(layout);
    let rest = text.strip_prefix("../").unwrap_or(text);
    let last = rest.rsplit('/').next().unwrap_or_default();
    if rest.split('/').any(|part| part == "..") {
        return Err("comes from the repository and contains ..");
    }
    if !PLACEHOLDERS.iter().any(|placeholder| last.contains(placeholder)) {
        return Err("comes from the repository, and its last part has none of {name}, {branch}, {number}");
    }
    let first = path.strip_prefix(base).ok().and_then(|below| below.components().next());
    let is_below = first.is_some_and(|first| match &layout.main_root {
        Some(_) => ![".git", ".jit"].iter().any(|reserved| first.as_os_str().eq_ignore_ascii_case(reserved)),
        // The folder of a bare repository belongs to Git, except for `trees`.
        None => first.as_os_str() == "trees",
    });
    let is_allowed = is_below || path.parent() == base.parent();
    if is_allowed { Ok(()) } else { Err("comes from the repository, and leads neither below nor beside it") }
}

/// The path with symbolic links resolved, as Git records it. `None` if it has to be below or beside `base` and a link leads
/// elsewhere.
fn canonicalize(path: &Path, base: Option<&Path>) -> Option<PathBuf> {
    let (ancestor, real) = path.ancestors().find_map(|ancestor| Some((ancestor, ancestor.canonicalize().ok()?)))?;
    if let Some(base) = base {
        let base = base.canonicalize().ok()?;
        if !real.starts_with(&base) && Some(real.as_path()) != base.parent() {
            return None;
        }
    }
    Some(real.join(path.strip_prefix(ancestor).ok()?))
}

/// The path without `.` and `..`, without reading the file system.
fn normalize(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => drop(normal.pop()),
            Component::CurDir => {}
            part => normal.push(part),
        }
    }
    normal
}

/// Adds `/trees/` to the repository's own exclude list, not to the user's. Returns whether it was missing. Does nothing if `trees/`
/// is not inside a worktree.
pub(crate) fn exclude_trees(layout: &Layout) -> Result<bool> {
    if Some(container(layout)) != layout.main_root.as_deref() {
        return Ok(false);
    }
    Ok(git_info::add_line(&git_info::path(layout, "exclude"), "/trees/")?)
}
