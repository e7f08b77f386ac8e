//! The merge driver for issues: one attribute and one command for all worktrees of this clone.
//!
//! Git runs the command in a shell. If our program is missing, the command merges by lines, as Git does without a driver. If it
//! failed instead, Git would keep our side without conflict markers, which looks resolved.

use std::path::Path;

use gix::bstr::ByteSlice;

use crate::context::Context;
use crate::domain::id::IssueId;
use crate::git::run::Git;
use crate::hooks::install::Result;
use crate::hooks::install::shim;
use crate::hooks::install::{Obstacle, find};
use crate::store::git_info;
use crate::store::issues;
use crate::store::layout::Layout;

/// The name of the driver.
const NAME: &str = "git-jit";
/// The line for Git's attributes. It may also be in a repository's own `.gitattributes`.
const ATTRIBUTE: &str = "/.jit/issues/*.json merge=git-jit";
/// The program that the command runs.
const BINARY: &str = "git-jit";
const ATTRIBUTES: &str = "attributes";

fn key(name: &str) -> String {
    format!("merge.{NAME}.{name}")
}

/// The command for Git's configuration. Git replaces each `%` with its letter, so `%` in a path is doubled.
fn command(program: &Path) -> String {
    format!(
        "b={}; test -x \"$b\" || b=$(command -v {BINARY}) || exec git merge-file --marker-size=%L %A %O %B; \
         exec \"$b\" merge-driver --marker-size=%L --our-name=%X --their-name=%Y %O %A %B %P",
        shim::quoted(program).replace('%', "%%")
    )
}

/// The command that this clone has configured.
pub(crate) fn configured(layout: &Layout) -> Option<String> {
    let config = layout.repo.config_snapshot();
    config.string(key("driver").as_str()).map(|value| value.to_str_lossy().into_owned())
}

/// The command that would be configured.
fn wanted(cx: &Context) -> Result<String> {
    let itself = cx.program.as_ref().and_then(|program| program.canonicalize().ok());
    let Some(program) = itself.or_else(|| find(cx, BINARY)) else { return Err(Obstacle::NoBinary { binary: BINARY }.into()) };
    Ok(command(&program))
}

/// Whether [`install`] would change anything.
pub(crate) fn is_due(cx: &Context, layout: &Layout) -> Result<bool> {
    let has_line = git_info::has_line(&git_info::path(layout, ATTRIBUTES), ATTRIBUTE)?;
    Ok(!has_line || configured(layout).as_deref() != Some(wanted(cx)?.as_str()))
}

/// Whether this clone merges issues with the driver, whichever program it runs.
pub(crate) fn is_set_up(layout: &Layout) -> Result<bool> {
    Ok(configured(layout).is_some() && git_info::has_line(&git_info::path(layout, ATTRIBUTES), ATTRIBUTE)?)
}

/// Whether [`uninstall`] would remove anything.
pub(crate) fn is_there(layout: &Layout) -> Result<bool> {
    let section = layout.repo.config_snapshot().plumbing().section("merge", Some(NAME.into())).is_ok();
    Ok(section || git_info::has_line(&git_info::path(layout, ATTRIBUTES), ATTRIBUTE)?)
}

/// Sets up the driver. Returns whether anything changed.
pub(crate) fn install(cx: &Context, layout: &Layout) -> Result<bool> {
    let mut changed = false;
    let wanted = wanted(cx)?;
    if configured(layout).as_deref() != Some(wanted.as_str()) {
        let git = Git::at(&layout.common_dir);
        git.run(&["config", "--local", "--replace-all", &key("name"), "git jit: issues, field by field"])?;
        git.run(&["config", "--local", "--replace-all", &key("driver"), &wanted])?;
        changed = true;
    }
    // The attribute comes last: it has no effect without a driver.
    Ok(git_info::add_line(&git_info::path(layout, ATTRIBUTES), ATTRIBUTE)? || changed)
}

/// Adds the attribute to the worktree's own `.gitattributes`, which other clones get. Returns whether it was missing.
pub(crate) fn track(root: &Path) -> Result<bool> {
    Ok(git_info::add_line(&root.join(".gitattributes"), ATTRIBUTE)?)
}

/// Removes the driver. Returns whether it was there.
pub(crate) fn uninstall(layout: &Layout) -> Result<bool> {
    let mut was_there = git_info::remove_line(&git_info::path(layout, ATTRIBUTES), ATTRIBUTE)?;
    let git = Git::at(&layout.common_dir);
    for name in ["driver", "name"] {
        // Other keys in the section are the user's.
        if git.output(&["config", "--local", "--get-all", &key(name)])?.status.success() {
            git.run(&["config", "--local", "--unset-all", &key(name)])?;
            was_there = true;
        }
    }
    Ok(was_there)
}

/// Tests whether the driver works here; `None` if it is not set up, `Err` with the defect.
///
/// Git falls back silently if it cannot run a driver. So two merges are done in a temporary repository: a clean one and one with a
/// conflict.
pub(crate) fn examine(cx: &Context, layout: &Layout) -> Result<Option<std::result::Result<(), String>>> {
    let Some(command) = configured(layout) else { return Ok(None) };
    if let Some((path, attribute)) = unattributed(layout)? {
        return Ok(Some(Err(format!("{path} has the attribute merge={attribute}, not {NAME}: see git check-attr -a {path}"))));
    }
    let dir = tempfile::tempdir_in(&cx.scratch).map_err(crate::store::Error::io("create a directory in", &cx.scratch))?;
    let mut git = Git::at(dir.path()).env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1");
    for name in ["GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"] {
        git = git.env(name, NAME);
    }
    git.run(&["init", "--quiet"])?;
    git.run(&["config", "--local", &key("driver"), &command])?;
    git_info::add_line(&dir.path().join(".git/info/attributes"), ATTRIBUTE)?;
    git.filter(&["fast-import", "--quiet"], trial().as_bytes(), &[0])?;
    git.run(&["checkout", "--quiet", "ours"])?;
    let merge = |branch: &str| -> Result<(std::process::Output, String)> {
        let output = git.output(&["-c", "core.hooksPath=/dev/null", "merge", "--quiet", "-m", NAME, branch])?;
        let text = crate::store::file::read_optional(&dir.path().join(TRIAL))?.unwrap_or_default();
        Ok((output, String::from_utf8_lossy(&text).into_owned()))
    };
    let (clean, text) = merge("theirs")?;
    if !clean.status.success() || text != of_trial("Ours", "in_progress", "high") {
        let output = String::from_utf8_lossy(&[clean.stderr, clean.stdout].concat()).trim().to_owned();
        return Ok(Some(Err(format!("a test merge failed: {output}"))));
    }
    let (torn, text) = merge("another")?;
    let is_marked = !torn.status.success() && text.matches("<<<<<<<").count() == 1 && text.contains("in_progress");
    Ok(Some(if is_marked { Ok(()) } else { Err("a test merge hid a conflict".to_owned()) }))
}

/// The path of an issue that Git would not merge with the driver, and its attribute. Checks the issues of this worktree and a new one.
fn unattributed(layout: &Layout) -> Result<Option<(String, String)>> {
    let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let mut paths = TRIAL.to_owned() + "\0";
    for name in crate::store::file::names(&Layout::data_dir(here).join("issues"))? {
        if let Some(issue) = IssueId::from_file_name(name.as_encoded_bytes()) {
            paths += &format!("{}\0", issues::path_of(issue).display());
        }
    }
    let output = Git::at(here).filter(&["check-attr", "-z", "--stdin", "merge"], paths.as_bytes(), &[0])?;
    let words: Vec<&[u8]> = output.split(|byte| *byte == 0).collect();
    let other = words.chunks_exact(3).find(|facts| facts[2] != NAME.as_bytes());
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(other.map(|facts| (text(facts[0]), text(facts[2]))))
}

/// The file of the test merge.
const TRIAL: &str = ".jit/issues/ca4a5000-0000-4000-8000-000000000000.json";

/// Fields on adjacent lines, so that a merge by lines conflicts if both sides change one.
fn of_trial(title: &str, state: &str, priority: &str) -> String {
    let id = TRIAL.trim_start_matches(".jit/issues/").trim_end_matches(".json");
    format!("{{\n  \"id\": \"{id}\",\n  \"title\": \"{title}\",\n  \"state\": \"{state}\",\n  \"priority\": \"{priority}\"\n}}\n")
}

/// The versions as input for `git fast-import`.
fn trial() -> String {
    let commit = |branch: &str, from: &str, text: &str| {
        let size = text.len();
        let head = format!(
            "commit refs/heads/{branch}\n{}committer {NAME} <{NAME}> 0 +0000\ndata 0\n",
            if from.is_empty() { "mark :1\n" } else { "" }
        );
        format!("{head}{from}M 100644 inline {TRIAL}\ndata {size}\n{text}\n")
    };
    let base = "from :1\n";
    commit("base", "", &of_trial("Trial", "ready", "normal"))
        + &commit("ours", base, &of_trial("Ours", "in_progress", "normal"))
        + &commit("theirs", base, &of_trial("Trial", "ready", "high"))
        + &commit("another", base, &of_trial("Another", "ready", "normal"))
}
