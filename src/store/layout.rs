//! The paths of a repository.
//!
//! A repository is discovered from a directory upwards. `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` are honoured, as Git
//! sets them for its hooks. Replace refs are off, so that the commits themselves are judged.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;

use crate::store::file::Modes;
use crate::store::{Error, Result};

/// A repository as seen from one of its worktrees, or from its bare root.
pub(crate) struct Layout {
    /// The object database, the refs and the configuration.
    pub repo: gix::Repository,
    /// This worktree's Git directory.
    pub git_dir: PathBuf,
    /// The Git directory that all worktrees share, with symbolic links resolved.
    pub common_dir: PathBuf,
    /// This worktree's root; `None` in a bare repository.
    pub worktree_root: Option<PathBuf>,
    /// The root of the main worktree; `None` in a bare repository.
    pub main_root: Option<PathBuf>,
    /// The root of the primary worktree: the main worktree, or in a bare repository the one of the default branch.
    pub primary_root: Option<PathBuf>,
    /// The permissions of shared files.
    pub modes: Modes,
}

impl Layout {
    /// Discovers the repository of `dir`. `git_dir` is the value of `GIT_DIR`, if set.
    pub(crate) fn discover(dir: &Path, git_dir: Option<&Path>) -> Result<Self> {
        let options = || gix::open::Options::default().config_overrides(["core.useReplaceRefs=false"]);
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options().bail_if_untrusted(true) };
        let upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let repo =
            gix::ThreadSafeRepository::discover_with_environment_overrides_opts(dir, upwards, trust).or_else(|error| match git_dir
                .and_then(|named| dir.join(named).canonicalize().ok())
            {
                // Git may set it to `.`, which discovery does not recognise as a Git directory.
                Some(named) => options().open_path_as_is(true).open(named),
                None => Err(error),
            });
        Self::of(repo.map_err(|source| undiscovered(dir, source))?.to_thread_local())
    }

    /// The repository of the worktree at exactly this path; the environment is ignored.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let options = gix::open::Options::default().config_overrides(["core.useReplaceRefs=false"]);
        Self::of(gix::open_opts(root, options).map_err(Error::git(format!("the repository at {}", root.display())))?)
    }

    fn of(mut repo: gix::Repository) -> Result<Self> {
        repo.object_cache_size_if_unset(4 * 1024 * 1024);
        // A namespace would hide refs that the judgement needs.
        repo.clear_namespace();
        let real = |path: &Path| path.canonicalize().map_err(Error::io("find", path));
        let git_dir = real(repo.git_dir())?;
        let common_dir = real(repo.common_dir())?;
        let worktree_root = repo.workdir().map(real).transpose()?;
        let shared = repo.config_snapshot().string("core.sharedRepository").map(|value| value.to_str_lossy().into_owned());
        let modes = Modes::shared(shared.as_deref());
        let is_main = git_dir == common_dir && worktree_root.is_some();
        let main_root = if is_main { worktree_root.clone() } else { main_root(&common_dir) };
        let primary_root = main_root.clone().or_else(|| primary_of_bare(&repo, &common_dir));
        Ok(Self { repo, git_dir, common_dir, worktree_root, main_root, primary_root, modes })
    }

    /// This worktree's root; an error in a bare repository.
    pub(crate) fn require_worktree(&self) -> Result<&Path> {
        let has_some = || self.repo.worktrees().is_ok_and(|all| !all.is_empty());
        self.worktree_root.as_deref().ok_or_else(|| Error::NoWorktree { path: self.common_dir.clone(), has_some: has_some() })
    }

    /// Whether this is the primary worktree.
    pub(crate) fn is_primary(&self) -> bool {
        self.worktree_root.is_some() && self.worktree_root == self.primary_root
    }

    /// Whether the refs are in the reftable format, which the Git library does not read.
    pub(crate) fn has_reftable(&self) -> bool {
        let form = self.repo.config_snapshot().string("extensions.refStorage");
        form.is_some_and(|form| form.eq_ignore_ascii_case(b"reftable"))
    }

    /// The directory of data that all worktrees share and that is not versioned.
    pub(crate) fn shared_dir(&self) -> PathBuf {
        self.common_dir.join("jit")
    }

    /// The directory of versioned data in the worktree at `root`.
    pub(crate) fn data_dir(root: &Path) -> PathBuf {
        root.join(".jit")
    }

    /// The short name of the branch that is checked out; `None` with a detached HEAD.
    pub(crate) fn branch(&self) -> Option<String> {
        let name = self.repo.head_name().ok().flatten()?.as_bstr().to_string();
        Some(name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned())
    }
}

/// The error for a failed discovery: no repository, or one that cannot be opened.
fn undiscovered(dir: &Path, source: gix::Error) -> Error {
    let holds = |dir: &&Path| dir.join(".git").exists() || (dir.join("HEAD").exists() && dir.join("objects").exists());
    match dir.ancestors().find(holds) {
        Some(found) => Error::git(format!("the repository at {}", found.display()))(source),
        None => Error::NoRepository { path: dir.to_owned(), source: Box::new(source) },
    }
}

/// The root of the main worktree; a bare repository has none.
fn main_root(common_dir: &Path) -> Option<PathBuf> {
    let main = gix::open_opts(common_dir, gix::open::Options::isolated().open_path_as_is(true)).ok()?;
    main.workdir().filter(|_| !main.is_bare())?.canonicalize().ok()
}

/// The primary worktree of a bare repository: the one with the same HEAD, or else `trees/main`.
fn primary_of_bare(repo: &gix::Repository, common_dir: &Path) -> Option<PathBuf> {
    let head = std::fs::read(common_dir.join("HEAD")).ok()?;
    let worktrees = repo.worktrees().ok()?.into_iter();
    let same_head = |git_dir: &Path| std::fs::read(git_dir.join("HEAD")).is_ok_and(|other| other.trim() == head.trim());
    let all: Vec<_> = worktrees.collect();
    let has_head = all.iter().filter(|proxy| same_head(proxy.git_dir())).find_map(|proxy| proxy.base().ok());
    // `worktree init` creates it there, and it remains the primary one while another branch is checked out.
    let called_so = || all.iter().filter_map(|proxy| proxy.base().ok()).find(|root| root.ends_with("trees/main"));
    has_head.or_else(called_so)?.canonicalize().ok()
}
