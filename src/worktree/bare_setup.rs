//! A bare repository with its worktrees around it, and the primary one of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::git::history;
use crate::git::run::Git;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::path_template;
use crate::worktree::{Blocker, Result, alone};

/// The folder that a clone gets unless another is named: the last name of the address, with `.git`.
pub(crate) fn default_dir(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix("/.git").unwrap_or(url);
    let name = url.rsplit(['/', ':']).next().unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty() && name != "." && name != "..").then(|| format!("{name}.git"))
}

/// Clones into a new bare repository as a usual clone would be: what the remote has is in tracking refs, and the default
/// branch alone is local, with an upstream.
pub(crate) fn clone_into(cx: &Context, url: &str, dir: &Path) -> Result<()> {
    let cwd = &cx.cwd;
    let is_there = dir.symlink_metadata().is_ok();
    if is_there && !dir.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        return Err(Blocker::PathTaken { path: dir.to_owned() }.into());
    }
    // A folder that is there stays the one that it is, somebody may stand in it: what was cloned is moved into it.
    let around = if is_there { dir } else { dir.parent().unwrap_or(cwd) };
    std::fs::create_dir_all(around).map_err(Error::io("make directory", around))?;
    let scratch =
        tempfile::Builder::new().prefix(".git-jit-clone-").tempdir_in(around).map_err(Error::io("make a folder in", around))?;
    let cloned = scratch.path().join("cloned");
    let mut separate = OsStr::new("--separate-git-dir=").to_owned();
    separate.push(&cloned);
    // Through a worktree that is none: `clone --bare` would make every branch of the remote a local one.
    let worktree = scratch.path().join("worktree");
    // Git would name the folder that is none, too.
    let progress: &[&str] = if cx.terminal.is_watched { &["--progress"] } else { &[] };
    let words = ["clone", "--quiet", "--no-checkout"].iter().chain(progress).map(OsStr::new);
    let args = words.chain([separate.as_os_str(), OsStr::new("--"), OsStr::new(url), worktree.as_os_str()]);
    Git::at(cwd).attended(&args.collect::<Vec<_>>())?;
    let git = Git::at(&cloned);
    git.run(&["config", "core.bare", "true"])?;
    let _ = git.output(&["config", "--unset", "core.worktree"])?;
    if is_there { move_into(dir, &cloned) } else { Ok(std::fs::rename(&cloned, dir).map_err(Error::io("make", dir))?) }
}

/// Moves everything that is in a folder into another one on the same disk, what makes it a repository last.
fn move_into(dir: &Path, from: &Path) -> Result<()> {
    let mut names = crate::store::file::names(from)?;
    names.sort_by_key(|name| name == "HEAD");
    for name in names {
        std::fs::rename(from.join(&name), dir.join(&name)).map_err(Error::io("move into", dir))?;
    }
    Ok(())
}

/// Makes `trees/main`, the worktree of the branch that a bare repository's HEAD names: where it is, and whether it is new.
pub(crate) fn make_primary(layout: &Layout) -> Result<(PathBuf, bool)> {
    if let Some(root) = &layout.primary_root {
        return Ok((root.clone(), false));
    }
    let path = path_template::trees(layout).join("main");
    let _guard = alone(layout)?;
    if path.symlink_metadata().is_ok() {
        return Err(Blocker::PathTaken { path }.into());
    }
    let head = layout.repo.head_name().map_err(Error::git("HEAD"))?;
    let full = head.map(|name| name.as_bstr().to_string()).unwrap_or_default();
    let Some(branch) = full.strip_prefix("refs/heads/") else {
        return Err(Blocker::NoSuchBase { base: "HEAD".to_owned() }.into());
    };
    let is_born = history::ref_commit(&layout.repo, &full).is_some();
    let others = || !history::default_branches(&layout.repo).is_empty();
    if !is_born && others() {
        return Err(Blocker::NoSuchBase { base: branch.to_owned() }.into());
    }
    let git = Git::at(&layout.common_dir);
    let words = ["worktree", "add", "--quiet"].map(OsStr::new);
    // A repository without any commit gets a branch that begins with the first one; that wants Git 2.42.
    let of_unborn = ["--orphan", "-b", branch].map(OsStr::new);
    let orphan: &[&OsStr] = if is_born { &[] } else { &of_unborn };
    let start: &[&OsStr] = if is_born { &[OsStr::new(branch)] } else { &[] };
    let args: Vec<&OsStr> = words.iter().chain(orphan).copied().chain([path.as_os_str()]).chain(start.iter().copied()).collect();
    if let Err(error) = git.run(&args) {
        let _ = git.output(&["worktree".as_ref(), "remove".as_ref(), "--force".as_ref(), "--force".as_ref(), path.as_os_str()])?;
        return Err(error.into());
    }
    Ok((path, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_called_after_the_last_name_of_its_address() {
        for (url, expected) in [
            ("https://github.com/your-org/my-project.git", Some("my-project.git")),
            ("https://github.com/your-org/my-project/", Some("my-project.git")),
            ("git@host:repo.git", Some("repo.git")),
            ("git@host:team/repo", Some("repo.git")),
            ("../else/where/.git", Some("where.git")),
            ("/", None),
            ("..", None),
            ("", None),
        ] {
            assert_eq!(default_dir(url).as_deref(), expected, "{url}");
        }
    }
}
