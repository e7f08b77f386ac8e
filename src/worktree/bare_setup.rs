//! Clones into a bare repository, and creates its primary worktree.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use crate::context::Context;
use crate::git::history;
use crate::git::run::Git;
use crate::store::Error;
use crate::store::layout::Layout;
use crate::worktree::path_template;
use crate::worktree::{Blocker, Result, lock_worktrees, remove_with_git};

/// The default folder for a clone: the last part of the URL, with `.git`.
pub(crate) fn default_dir(url: &str) -> Option<String> {
    let url = url.trim_end_matches('/');
    let url = url.strip_suffix("/.git").unwrap_or(url);
    let name = url.rsplit(['/', ':']).next().unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(name);
    (!name.is_empty() && name != "." && name != "..").then(|| format!("{name}.git"))
}

/// Clones into a new bare repository with the refs of a non-bare clone: remote-tracking refs, and the default branch as the only
/// local branch, with an upstream.
pub(crate) fn clone_into(cx: &Context, url: &str, dir: &Path) -> Result<()> {
    let cwd = &cx.cwd;
    let exists = dir.symlink_metadata().is_ok();
    if exists && !dir.read_dir().is_ok_and(|mut entries| entries.next().is_none()) {
        return Err(Blocker::PathTaken { path: dir.to_owned() }.into());
    }
    // An existing folder is kept, since it may be a current directory: the clone is moved into it.
    let parent = if exists { dir } else { dir.parent().unwrap_or(cwd) };
    std::fs::create_dir_all(parent).map_err(Error::io("create directory", parent))?;
    let scratch =
        tempfile::Builder::new().prefix(".git-jit-clone-").tempdir_in(parent).map_err(Error::io("create a folder in", parent))?;
    let cloned = scratch.path().join("cloned");
    let mut separate = OsStr::new("--separate-git-dir=").to_owned();
    separate.push(&cloned);
    // With a worktree that is not kept: `clone --bare` would create a local branch for every branch of the remote.
    let worktree = scratch.path().join("worktree");
    // Without `--quiet`, Git would also print the name of that worktree.
    let progress: &[&str] = if cx.terminal.is_watched { &["--progress"] } else { &[] };
    let words = ["clone", "--quiet", "--no-checkout"].iter().chain(progress).map(OsStr::new);
    let args = words.chain([separate.as_os_str(), OsStr::new("--"), OsStr::new(url), worktree.as_os_str()]);
    Git::at(cwd).attended(&args.collect::<Vec<_>>())?;
    let git = Git::at(&cloned);
    git.run(&["config", "core.bare", "true"])?;
    let _ = git.output(&["config", "--unset", "core.worktree"])?;
    if exists { move_into(dir, &cloned) } else { Ok(std::fs::rename(&cloned, dir).map_err(Error::io("create", dir))?) }
}

/// Moves everything from one folder into another on the same disk. `HEAD`, which makes it a repository, goes last.
fn move_into(dir: &Path, from: &Path) -> Result<()> {
    let mut names = crate::store::file::names(from)?;
    names.sort_by_key(|name| name == "HEAD");
    for name in names {
        std::fs::rename(from.join(&name), dir.join(&name)).map_err(Error::io("move into", dir))?;
    }
    Ok(())
}

/// Creates `trees/main`, the worktree of the branch that a bare repository's HEAD names. Returns its path, and whether it is new.
pub(crate) fn create_primary(layout: &Layout) -> Result<(PathBuf, bool)> {
    if let Some(root) = &layout.primary_root {
        return Ok((root.clone(), false));
    }
    let path = path_template::trees_dir(layout).join("main");
    let _guard = lock_worktrees(layout)?;
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
    // A repository without commits gets an unborn branch, which requires Git 2.42.
    let options: &[&str] = if is_born { &[] } else { &["--orphan", "-b", branch] };
    let start = is_born.then_some(OsStr::new(branch));
    let args = ["worktree", "add", "--quiet"].iter().chain(options).map(OsStr::new).chain([path.as_os_str()]).chain(start);
    if let Err(error) = Git::at(&layout.common_dir).run(&args.collect::<Vec<_>>()) {
        let _ = remove_with_git(layout, &["--force", "--force"], &path);
        return Err(error.into());
    }
    Ok((path, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clone_is_named_after_the_last_part_of_its_url() {
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
