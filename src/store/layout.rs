//! Where everything lies: the one place that joins `.jit`, the Git directories and `worktrees`.
//!
//! Discovered in-process from a directory upwards; `GIT_DIR`, `GIT_WORK_TREE` and `GIT_INDEX_FILE` are
//! honoured as Git sets them for its hooks. Replace refs are off: what was committed is what is judged.

use std::cell::OnceCell;
use std::path::{Path, PathBuf};

use gix::bstr::{BString, ByteSlice};
use serde::{Deserialize, Serialize};

use crate::domain::id::{AgentId, IssueId, WorktreeId};
use crate::lease::coordinator::Coordinator;
use crate::store::authority::AuthorityLog;
use crate::store::events::EventLog;
use crate::store::file::{self, Modes};
use crate::store::log::{self, ClaimStore};
use crate::store::{Error, Result};

/// A repository as seen from one of its worktrees, or from its bare root.
pub(crate) struct Layout {
    /// The object database, the refs and the configuration.
    pub repo: gix::Repository,
    /// This worktree's Git directory.
    pub git_dir: PathBuf,
    /// The Git directory that all worktrees share, without symbolic links.
    pub common_dir: PathBuf,
    /// This worktree's root, `None` in a bare root.
    pub worktree_root: Option<PathBuf>,
    /// The root of the worktree that the common directory belongs to, `None` in a bare layout.
    pub main_root: Option<PathBuf>,
    /// The primary worktree's root: the repository's own, or in a bare layout the one of the default branch.
    pub primary_root: Option<PathBuf>,
    /// The permissions of what is shared.
    pub modes: Modes,
    /// How leases are kept; as usual but in tests, which say so before anybody asks for them.
    pub claim_options: log::Options,
    claims: OnceCell<Box<dyn Coordinator>>,
}

impl Layout {
    /// Discovers the repository that `dir` is in; `git_dir` is the one that Git names, where it names one.
    pub(crate) fn discover(dir: &Path, git_dir: Option<&Path>) -> Result<Self> {
        let options = || gix::open::Options::default().config_overrides(["core.useReplaceRefs=false"]);
        let trust = gix::sec::trust::Mapping { full: options(), reduced: options().bail_if_untrusted(true) };
        let upwards = gix::discover::upwards::Options { match_ceiling_dir_or_error: false, ..Default::default() };
        let repo =
            gix::ThreadSafeRepository::discover_with_environment_overrides_opts(dir, upwards, trust).or_else(|error| match git_dir
                .and_then(|named| dir.join(named).canonicalize().ok())
            {
                // Git names the directory that it is started in `.`, which looks like no Git directory by itself.
                Some(named) => options().open_path_as_is(true).open(named),
                None => Err(error),
            });
        Self::of(repo.map_err(|source| undiscovered(dir, source))?.to_thread_local())
    }

    /// The repository of the worktree at exactly this path, whatever the environment names.
    pub(crate) fn at(root: &Path) -> Result<Self> {
        let options = gix::open::Options::default().config_overrides(["core.useReplaceRefs=false"]);
        Self::of(gix::open_opts(root, options).map_err(Error::git(format!("the repository at {}", root.display())))?)
    }

    fn of(mut repo: gix::Repository) -> Result<Self> {
        repo.object_cache_size_if_unset(4 * 1024 * 1024);
        // A namespace would hide the refs that the judgement rests on.
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
        let claim_options = log::Options::default();
        Ok(Self {
            repo,
            git_dir,
            common_dir,
            worktree_root,
            main_root,
            primary_root,
            modes,
            claim_options,
            claims: OnceCell::new(),
        })
    }

    /// This worktree's root; an error in a bare root.
    pub(crate) fn require_worktree(&self) -> Result<&Path> {
        let has_some = || self.repo.worktrees().is_ok_and(|all| !all.is_empty());
        self.worktree_root.as_deref().ok_or_else(|| Error::NoWorktree { path: self.common_dir.clone(), has_some: has_some() })
    }

    /// Whether this is the primary worktree.
    pub(crate) fn is_primary(&self) -> bool {
        self.worktree_root.is_some() && self.worktree_root == self.primary_root
    }

    /// Whether the refs are kept in a form that the Git library does not read.
    pub(crate) fn has_reftable(&self) -> bool {
        let form = self.repo.config_snapshot().string("extensions.refStorage");
        form.is_some_and(|form| form.eq_ignore_ascii_case(b"reftable"))
    }

    /// What all worktrees share and nobody commits.
    pub(crate) fn shared_dir(&self) -> PathBuf {
        self.common_dir.join("jit")
    }

    /// Who keeps the leases.
    pub(crate) fn claims(&self) -> &dyn Coordinator {
        let store = || Box::new(ClaimStore::new(&self.shared_dir(), self.modes, self.claim_options)) as Box<dyn Coordinator>;
        self.claims.get_or_init(store).as_ref()
    }

    /// The transitions that were made under them.
    pub(crate) fn authority(&self) -> AuthorityLog {
        AuthorityLog::new(&self.shared_dir(), self.modes)
    }

    /// What was done to issues.
    pub(crate) fn events(&self) -> EventLog {
        EventLog::new(&self.shared_dir(), self.modes)
    }

    /// The versioned data of the worktree at `root`.
    pub(crate) fn data_dir(root: &Path) -> PathBuf {
        root.join(".jit")
    }

    /// The short name of the branch that is checked out, `None` with a detached HEAD.
    pub(crate) fn branch(&self) -> Option<String> {
        let name = self.repo.head_name().ok().flatten()?.as_bstr().to_string();
        Some(name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned())
    }

    /// What this worktree is called, and whose it is; `None` if it has never written anything.
    pub(crate) fn identity(&self) -> Result<Option<Identity>> {
        Identity::read(&self.git_dir)
    }

    /// The same, made if need be, with the root as it is now.
    pub(crate) fn require_identity(&self) -> Result<Identity> {
        let root = self.worktree_root.as_deref().unwrap_or(&self.common_dir);
        Identity::ensure(&self.git_dir, root, None, self.modes)
    }

    /// The name of whoever commits here, from Git's configuration.
    pub(crate) fn user_name(&self) -> Option<String> {
        let config = self.repo.config_snapshot();
        let value = |key: &str| config.string(key).map(|value: BString| value.to_str_lossy().trim().to_owned());
        let mail = || value("user.email").and_then(|mail| mail.split('@').next().map(str::to_owned));
        value("user.name").filter(|name| AgentId::human(name).is_some()).or_else(mail)
    }
}

/// Nothing was found, or something was and cannot be opened: two different things to mend.
fn undiscovered(dir: &Path, source: gix::Error) -> Error {
    let holds = |dir: &&Path| dir.join(".git").exists() || (dir.join("HEAD").exists() && dir.join("objects").exists());
    match dir.ancestors().find(holds) {
        Some(found) => Error::git(format!("the repository at {}", found.display()))(source),
        None => Error::NoRepository { path: dir.to_owned(), source: Box::new(source) },
    }
}

/// The root of the worktree that the common directory itself belongs to; a bare repository has none.
fn main_root(common_dir: &Path) -> Option<PathBuf> {
    let main = gix::open_opts(common_dir, gix::open::Options::isolated().open_path_as_is(true)).ok()?;
    main.workdir().filter(|_| !main.is_bare())?.canonicalize().ok()
}

/// A bare layout's primary worktree is the one whose HEAD is the bare repository's.
fn primary_of_bare(repo: &gix::Repository, common_dir: &Path) -> Option<PathBuf> {
    let head = std::fs::read(common_dir.join("HEAD")).ok()?;
    let worktrees = repo.worktrees().ok()?.into_iter();
    let same_head = |git_dir: &Path| std::fs::read(git_dir.join("HEAD")).is_ok_and(|other| other.trim() == head.trim());
    let all: Vec<_> = worktrees.collect();
    let has_head = all.iter().filter(|proxy| same_head(proxy.git_dir())).find_map(|proxy| proxy.base().ok());
    // The one that `worktree init` makes stays it, whatever is checked out there for a while.
    let called_so = || all.iter().filter_map(|proxy| proxy.base().ok()).find(|root| root.ends_with("trees/main"));
    has_head.or_else(called_so)?.canonicalize().ok()
}

/// Who a worktree is: kept in its own Git directory, never in the data that is committed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Identity {
    schema_version: u32,
    /// Drawn once.
    pub worktree_id: WorktreeId,
    /// Where it was last seen, to notice a move.
    pub root: String,
    /// Whose it is, where `spawn` said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agent_id: Option<AgentId>,
    /// The issue that it was made for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issue_id: Option<IssueId>,
    /// What it was made from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base: Option<Base>,
}

/// What a worktree was made from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Base {
    /// The ref that was meant, in full; none where a commit was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The commit that it was then.
    pub commit: String,
}

impl Identity {
    /// A new identity with 32 random bits.
    pub(crate) fn draw(root: &Path, agent_id: Option<AgentId>) -> Self {
        let (bits, ..) = uuid::Uuid::new_v4().as_fields();
        let (worktree_id, root) = (WorktreeId::from_bits(bits), root.display().to_string());
        Self { schema_version: 1, worktree_id, root, agent_id, issue_id: None, base: None }
    }

    /// The same, made for an issue from a base.
    pub(crate) fn made_for(self, issue_id: IssueId, base: Base) -> Self {
        Self { issue_id: Some(issue_id), base: Some(base), ..self }
    }

    /// The same, for an issue that somebody else has made it for.
    pub(crate) fn taken_for(self, issue_id: IssueId) -> Self {
        Self { issue_id: Some(issue_id), ..self }
    }

    fn path(git_dir: &Path) -> PathBuf {
        git_dir.join("jit").join("worktree.json")
    }

    /// The identity recorded in a worktree's Git directory.
    pub(crate) fn read(git_dir: &Path) -> Result<Option<Self>> {
        let path = Self::path(git_dir);
        let Some(bytes) = file::read_optional(&path)?.filter(|bytes| !is_blank(bytes)) else { return Ok(None) };
        let corrupt = |error: serde_json::Error| Error::Corrupt { path, line: None, why: error.to_string() };
        serde_json::from_slice(&bytes).map(Some).map_err(corrupt)
    }

    /// Records the identity of a worktree that has none yet: whether it was the first to. Without `sync` a power failure may leave
    /// an empty file, which counts as none.
    pub(crate) fn record(&self, git_dir: &Path, modes: Modes, sync: bool) -> Result<bool> {
        let path = Self::path(git_dir);
        file::make_dir(&git_dir.join("jit"), modes)?;
        file::finish_beside(&path, &self.to_bytes(), modes, sync)?.claim_name()
    }

    /// Replaces the identity that a worktree has.
    pub(crate) fn replace(&self, git_dir: &Path, modes: Modes) -> Result<()> {
        file::replace(&Self::path(git_dir), &self.to_bytes(), modes)
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec_pretty(self).expect("an identity serializes into memory");
        bytes.push(b'\n');
        bytes
    }

    /// The identity of a worktree, drawn for `agent_id` if it has none, with its root as it is now.
    pub(crate) fn ensure(git_dir: &Path, root: &Path, agent_id: Option<&AgentId>, modes: Modes) -> Result<Self> {
        let found = if let Some(found) = Self::read(git_dir)? {
            found
        } else {
            let path = Self::path(git_dir);
            if file::read_optional(&path)?.is_some_and(|bytes| is_blank(&bytes)) {
                // Whoever reads it meanwhile reads this or what another one puts there, and comes back to it below.
                let _ = std::fs::remove_file(&path);
            }
            Self::draw(root, agent_id.cloned()).record(git_dir, modes, true)?;
            Self::read(git_dir)?.ok_or_else(|| Error::Contended { path: Self::path(git_dir) })?
        };
        let root = root.display().to_string();
        if found.root == root {
            return Ok(found);
        }
        let moved = Self { root, ..found };
        moved.replace(git_dir, modes)?;
        Ok(moved)
    }
}

/// Whether a file has nothing in it: what a power failure leaves of one that was not written out.
fn is_blank(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| *byte == 0)
}
