//! Installs the hooks where Git really looks for them, and takes them away again.
//!
//! A hook that is not ours is never touched: whoever owns it is told what to add. Ours carry a mark with a
//! checksum, so that a second install changes nothing and an edited one is not thrown away.

use std::path::{Path, PathBuf};

use super::Result;
use crate::context::Context;
use crate::git::Git;
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;

/// The hooks that are installed, each with the binary that serves it.
pub(crate) const HOOKS: [(&str, &str); 3] =
    [("pre-commit", "jit-pre-commit"), ("pre-merge-commit", "jit-pre-commit"), ("pre-push", "jit-pre-push")];

const MARK: &str = "# git-jit hook v1 ";

/// What stands, or stood, in a hook's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing.
    Free,
    /// Our hook, as it was written.
    Ours,
    /// Our hook, edited since.
    Edited,
    /// Somebody else's hook that runs ours.
    Served,
    /// Somebody else's hook.
    Foreign,
}

/// Why hooks cannot be installed or removed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Obstacle {
    /// Another hook is in the way.
    #[error("{} is there already and not of git jit", path.display())]
    Foreign {
        /// The hook.
        path: PathBuf,
        /// The line that would call ours from it.
        stanza: String,
    },
    /// One of ours has been edited.
    #[error("{} was made by git jit and has been edited since", path.display())]
    Edited {
        /// The hook.
        path: PathBuf,
    },
    /// The hooks of many repositories are in one place.
    #[error("core.hooksPath is set for more than this repository ({scope}): {path}")]
    Shared {
        /// `global`, `system` or `command`.
        scope: String,
        /// Where it points.
        path: String,
    },
    /// The hooks would be in one worktree alone.
    #[error("core.hooksPath is '{path}', which each worktree takes from its own root, and only the primary one has that")]
    Relative {
        /// What is set.
        path: String,
        /// The same place, for all of them.
        absolute: PathBuf,
    },
    /// The refs are in a form that cannot be read here.
    #[error("this repository keeps its refs as reftable, which git jit cannot read yet")]
    Reftable,
    /// A binary is missing.
    #[error("cannot find {binary}")]
    NoBinary {
        /// Which one.
        binary: &'static str,
    },
}

/// The hook directory that Git uses here.
pub(crate) fn directory(layout: &Layout) -> Result<PathBuf> {
    let here = layout.worktree_root.as_deref().unwrap_or(&layout.common_dir);
    let git = Git::at(here);
    let scoped = git.output(&["config", "--show-scope", "--get", "core.hooksPath"])?;
    let scoped = String::from_utf8_lossy(&scoped.stdout).trim_end_matches('\n').to_owned();
    if let Some((scope, path)) = scoped.split_once('\t') {
        if !matches!(scope, "local" | "worktree") {
            return Err(Obstacle::Shared { scope: scope.to_owned(), path: path.to_owned() }.into());
        }
        if Path::new(path).components().next().is_some_and(|first| first.as_os_str() == ".git") {
            return Err(Obstacle::Relative { path: path.to_owned(), absolute: layout.common_dir.join("hooks") }.into());
        }
    }
    Ok(here.join(git.text(&["rev-parse", "--git-path", "hooks"])?))
}

/// What stands at `path`, which `binary` would serve.
fn inspect(path: &Path, binary: &str) -> Result<Place> {
    if path.symlink_metadata().is_err() {
        return Ok(Place::Free);
    }
    let text = String::from_utf8_lossy(&file::read_optional(path)?.unwrap_or_default()).into_owned();
    let Some(line) = text.lines().nth(1).and_then(|line| line.strip_prefix(MARK)) else {
        let runs_ours = text.lines().any(|line| !line.trim_start().starts_with('#') && line.contains(binary));
        return Ok(if runs_ours { Place::Served } else { Place::Foreign });
    };
    let body = text.split_once('\n').and_then(|(_, rest)| rest.split_once('\n')).map_or("", |(_, body)| body);
    let crc = line.split(' ').next().unwrap_or_default();
    Ok(if crc == checksum(body) { Place::Ours } else { Place::Edited })
}

/// The hooks of ours that Git would not run here.
pub(crate) fn missing(layout: &Layout) -> Vec<String> {
    let dir = directory(layout);
    let is_there = |(hook, binary): &(&str, &str)| {
        let place = dir.as_ref().ok().and_then(|dir| inspect(&dir.join(hook), binary).ok());
        matches!(place, Some(Place::Ours | Place::Served | Place::Edited))
    };
    HOOKS.iter().filter(|hook| !is_there(hook)).map(|(hook, _)| (*hook).to_owned()).collect()
}

/// Installs all hooks, or none: the paths of those that were written.
pub(crate) fn install(cx: &Context, layout: &Layout) -> Result<Vec<PathBuf>> {
    if layout.has_reftable() {
        return Err(Obstacle::Reftable.into());
    }
    let dir = directory(layout)?;
    let mut texts = Vec::new();
    for (hook, binary) in HOOKS {
        let Some(program) = find(cx, binary) else { return Err(Obstacle::NoBinary { binary }.into()) };
        let path = dir.join(hook);
        match inspect(&path, binary)? {
            Place::Served => continue,
            Place::Free | Place::Ours => {}
            Place::Edited => return Err(Obstacle::Edited { path }.into()),
            Place::Foreign => return Err(Obstacle::Foreign { path, stanza: stanza(hook, &program) }.into()),
        }
        texts.push((path, text(hook, binary, &program)));
    }
    let modes = executable(layout.modes);
    file::make_dir(&dir, modes)?;
    let mut written = Vec::new();
    for (path, text) in texts {
        if file::read_optional(&path)?.as_deref() != Some(text.as_bytes()) || !file::is_executable(&path) {
            file::replace(&path, text.as_bytes(), modes)?;
            written.push(path);
        }
    }
    Ok(written)
}

/// Removes our hooks: the paths of those that are gone.
pub(crate) fn uninstall(layout: &Layout) -> Result<Vec<PathBuf>> {
    let dir = directory(layout)?;
    let mut ours = Vec::new();
    for (hook, binary) in HOOKS {
        let path = dir.join(hook);
        match inspect(&path, binary)? {
            Place::Ours => ours.push(path),
            Place::Edited => return Err(Obstacle::Edited { path }.into()),
            Place::Free | Place::Foreign | Place::Served => {}
        }
    }
    for path in &ours {
        std::fs::remove_file(path).map_err(crate::store::Error::io("remove", path))?;
    }
    Ok(ours)
}

/// The permissions of a hook: what Git would give it, or what the repository is shared with.
fn executable(shared: Modes) -> Modes {
    if shared.is_exact {
        Modes { file: shared.file | ((shared.file & 0o444) >> 2), ..shared }
    } else {
        Modes { file: 0o777, dir: 0o777, is_exact: false }
    }
}

/// The binary beside the program that runs, else on `PATH`.
fn find(cx: &Context, binary: &str) -> Option<PathBuf> {
    let program = cx.program.as_ref().and_then(|program| program.canonicalize().ok());
    let beside = program.as_deref().and_then(Path::parent).map(|dir| dir.join(binary));
    let on_path = cx.search_path.iter().flat_map(std::env::split_paths).map(|dir| dir.join(binary));
    beside.into_iter().chain(on_path).find(|path| path.is_file())
}

/// What somebody else's hook has to run.
fn stanza(hook: &str, program: &Path) -> String {
    format!("{} {hook} \"$@\" || exit $?", quoted(program))
}

fn quoted(path: &Path) -> String {
    format!("'{}'", path.display().to_string().replace('\'', r"'\''"))
}

fn checksum(body: &str) -> String {
    format!("{:08x}", crc32fast::hash(body.as_bytes()))
}

/// The hook: it becomes the binary, wherever that is by now; without it, it fails closed where it must.
fn text(hook: &str, binary: &str, program: &Path) -> String {
    let without = if hook == "pre-push" { WITHOUT_PUSH } else { WITHOUT_COMMIT };
    let body = format!(
        "bin={}\n[ -x \"$bin\" ] || bin=$(command -v {binary}) && exec \"$bin\" {hook} \"$@\"\n{IS_STRICT}{without}",
        quoted(program),
    );
    format!("#!/bin/sh\n{MARK}{} made by `git jit hooks install`, removed by `git jit hooks uninstall`\n{body}", checksum(&body))
}

const IS_STRICT: &str = r#"# The binary is gone. Is this repository strict?
is_strict() {
    for rev in HEAD refs/remotes/origin/HEAD refs/remotes/origin/main refs/remotes/origin/master refs/heads/main refs/heads/master; do
        git show "$rev:.jit/config.toml" 2>/dev/null
    done | grep -Eiq "enforce_leases[\"']?[[:space:]]*=[[:space:]]*[\"']+[[:space:]]*strict"
}
"#;

const WITHOUT_COMMIT: &str = r#"git diff-index --cached --quiet HEAD -- .jit 2>/dev/null && exit 0
is_strict || exit 0
echo "git jit: this commit changes .jit in a strict repository, and git jit is not installed." >&2
echo "  Install it, or take its hooks away: see https://crates.io/crates/git-jit" >&2
exit 1
"#;

const WITHOUT_PUSH: &str = r#"is_strict && echo "git jit: not installed, so this push was not checked." >&2
exit 0
"#;
