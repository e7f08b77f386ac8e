//! The merge driver of issues: one attribute and one command, for all worktrees of this clone, and neither for anybody else's.
//!
//! Git runs the command by a shell. Where our program is gone the command merges texts by lines, as Git does without a driver:
//! of a driver that cannot be run Git keeps our side, without a mark, which looks as if it were resolved.

use std::path::Path;

use gix::bstr::ByteSlice;

use super::{Obstacle, find, shim};
use crate::context::Context;
use crate::git::Git;
use crate::hook::Result;
use crate::store::info;
use crate::store::layout::Layout;

/// What the driver is called.
const NAME: &str = "git-jit";
/// The files it is for, as Git's attributes name them; the same line may stand in a repository's own `.gitattributes`.
const ATTRIBUTE: &str = "/.jit/issues/*.json merge=git-jit";
/// The program that is run.
const BINARY: &str = "git-jit";
const ATTRIBUTES: &str = "attributes";

fn key(name: &str) -> String {
    format!("merge.{NAME}.{name}")
}

/// The command for Git's configuration, where `%` stands before what Git fills in.
fn command(program: &Path) -> String {
    format!(
        "b={}; test -x \"$b\" || b=$(command -v {BINARY}) || exec git merge-file --marker-size=%L %A %O %B; \
         exec \"$b\" merge-driver --marker-size=%L --our-name=%X --their-name=%Y %O %A %B %P",
        shim::quoted(program).replace('%', "%%")
    )
}

/// The command that is configured for this clone.
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

/// Whether setting it up would change anything.
pub(crate) fn is_due(cx: &Context, layout: &Layout) -> Result<bool> {
    let has_line = info::has_line(&info::path(layout, ATTRIBUTES), ATTRIBUTE)?;
    Ok(!has_line || configured(layout).as_deref() != Some(wanted(cx)?.as_str()))
}

/// Whether issues are merged by it here, whichever program does that.
pub(crate) fn is_set_up(layout: &Layout) -> Result<bool> {
    Ok(configured(layout).is_some() && info::has_line(&info::path(layout, ATTRIBUTES), ATTRIBUTE)?)
}

/// Whether there is any of it here that could be taken away.
pub(super) fn is_there(layout: &Layout) -> Result<bool> {
    let section = layout.repo.config_snapshot().plumbing().section("merge", Some(NAME.into())).is_ok();
    Ok(section || info::has_line(&info::path(layout, ATTRIBUTES), ATTRIBUTE)?)
}

/// Sets the driver up: whether anything was changed.
pub(crate) fn install(cx: &Context, layout: &Layout) -> Result<bool> {
    let mut changed = false;
    let wanted = wanted(cx)?;
    if configured(layout).as_deref() != Some(wanted.as_str()) {
        let git = Git::at(&layout.common_dir);
        git.run(&["config", "--local", &key("name"), "git jit: issues, field by field"])?;
        git.run(&["config", "--local", &key("driver"), &wanted])?;
        changed = true;
    }
    // The attribute comes last: without a driver it means nothing.
    Ok(info::add_line(&info::path(layout, ATTRIBUTES), ATTRIBUTE)? || changed)
}

/// Names the driver in the worktree's own `.gitattributes`, which other clones get: whether it was not named before.
pub(crate) fn track(root: &Path) -> Result<bool> {
    Ok(info::add_line(&root.join(".gitattributes"), ATTRIBUTE)?)
}

/// Takes the driver away: whether it was there.
pub(crate) fn uninstall(layout: &Layout) -> Result<bool> {
    let had_line = info::remove_line(&info::path(layout, ATTRIBUTES), ATTRIBUTE)?;
    let section = format!("merge.{NAME}");
    let had_section = Git::at(&layout.common_dir).output(&["config", "--local", "--remove-section", &section])?.status.success();
    Ok(had_line || had_section)
}

/// Whether the driver works here: nothing where it is not set up, else what is wrong with it, if anything is.
///
/// Git falls back without a word where it cannot run a driver, so one merge is made for real, in a repository of its own.
pub(crate) fn examine(cx: &Context, layout: &Layout) -> Result<Option<std::result::Result<(), String>>> {
    let Some(command) = configured(layout) else { return Ok(None) };
    let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let said = Git::at(here).text(&["check-attr", "-z", "merge", "--", TRIAL])?;
    let attribute = said.split('\0').nth(2).unwrap_or_default();
    if attribute != NAME {
        return Ok(Some(Err(format!(
            "issues have the attribute merge={attribute}, and not {NAME}: see git check-attr -a {TRIAL}"
        ))));
    }
    let dir = tempfile::tempdir_in(&cx.scratch).map_err(crate::store::Error::io("make a place in", &cx.scratch))?;
    let git = Git::at(dir.path())
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_AUTHOR_NAME", NAME)
        .env("GIT_AUTHOR_EMAIL", NAME)
        .env("GIT_COMMITTER_NAME", NAME)
        .env("GIT_COMMITTER_EMAIL", NAME);
    git.run(&["init", "--quiet"])?;
    git.run(&["config", &key("driver"), &command])?;
    info::add_line(&dir.path().join(".git/info/attributes"), ATTRIBUTE)?;
    git.filter(&["fast-import", "--quiet"], trial().as_bytes(), &[0])?;
    git.run(&["checkout", "--quiet", "ours"])?;
    let merge = git.output(&["-c", "core.hooksPath=/dev/null", "merge", "--quiet", "-m", NAME, "theirs"])?;
    let text = crate::store::file::read_optional(&dir.path().join(TRIAL))?.unwrap_or_default();
    let is_merged = merge.status.success() && text == of_trial("in_progress", "high").as_bytes();
    let said = String::from_utf8_lossy(&[merge.stderr, merge.stdout].concat()).trim().to_owned();
    Ok(Some(if is_merged { Ok(()) } else { Err(format!("a merge on trial did not come out: {said}")) }))
}

/// The file that is merged on trial.
const TRIAL: &str = ".jit/issues/ca4a5000-0000-4000-8000-000000000000.json";

/// Two changes in lines beside each other, which no merge by lines takes.
fn of_trial(state: &str, priority: &str) -> String {
    let id = TRIAL.trim_start_matches(".jit/issues/").trim_end_matches(".json");
    format!("{{\n  \"id\": \"{id}\",\n  \"title\": \"Trial\",\n  \"state\": \"{state}\",\n  \"priority\": \"{priority}\"\n}}\n")
}

/// The three versions as `git fast-import` takes them.
fn trial() -> String {
    let commit = |branch: &str, mark: &str, from: &str, text: &str| {
        format!(
            "commit refs/heads/{branch}\n{mark}committer {NAME} <{NAME}> 0 +0000\ndata 0\n{from}M 100644 inline {TRIAL}\ndata {}\n{text}\n",
            text.len()
        )
    };
    commit("base", "mark :1\n", "", &of_trial("ready", "normal"))
        + &commit("ours", "", "from :1\n", &of_trial("in_progress", "normal"))
        + &commit("theirs", "", "from :1\n", &of_trial("ready", "high"))
}
