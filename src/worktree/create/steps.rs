//! The steps that create a worktree. Each stage is recorded in the journal before it begins, so that it can be rolled back.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::git::branch;
use crate::git::history;
use crate::git::run::Git;
use crate::process::{self, ExitCause, Job};
use crate::repo::Repo;
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::issues::VERSIONED;
use crate::store::journal::spawns::{Journal, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::create::start_point::Start;
use crate::worktree::create::{SpawnRequest, acquire};
use crate::worktree::include_file;
use crate::worktree::path_template;
use crate::worktree::{Blocker, Error, Result, common_git, lock_worktrees, with_inherited_locks};

/// How long the `post_spawn` command may run.
const POST_SPAWN_TIMEOUT: Duration = Duration::from_secs(24 * 3600);

/// A worktree on the way, and how far it has come.
pub(super) struct CreatedSteps<'a> {
    pub repo: Repo<'a>,
    pub request: &'a SpawnRequest<'a>,
    pub path: &'a Path,
    pub record: &'a SpawnRecord,
    pub start: &'a Start,
    /// Set by a signal from the user.
    pub interrupted: &'a AtomicBool,
    pub journal: Journal,
    /// The last stage that has begun.
    pub stage: SpawnStage,
}

impl CreatedSteps<'_> {
    /// Runs all steps, and stops between them if the user interrupts. Returns the number of copied files.
    pub(super) fn run(&mut self, identity: &Identity) -> Result<usize> {
        self.stop_if_interrupted()?;
        acquire(self.repo, self.request, &self.record.lease_id, &self.record.holder, &self.start.branch)?;
        self.stop_if_interrupted()?;
        self.add_worktree(identity)?;
        self.begin(SpawnStage::CheckingOut)?;
        let copied = self.add_files()?;
        if let Some(command) = self.request.post_spawn {
            self.begin(SpawnStage::Preparing)?;
            with_inherited_locks(&self.journal, None, || self.run_post_spawn(command))?;
        }
        Ok(copied)
    }

    fn begin(&mut self, stage: SpawnStage) -> Result<()> {
        self.journal.step(stage)?;
        self.stage = stage;
        Ok(())
    }

    fn stop_if_interrupted(&self) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Adds the branch, and the worktree without files.
    fn add_worktree(&mut self, identity: &Identity) -> Result<()> {
        let Self { repo: Repo { layout, .. }, path, start, .. } = *self;
        let guard = lock_worktrees(layout)?;
        if path.symlink_metadata().is_ok() {
            return Err(Blocker::PathTaken { path: path.to_owned() }.into());
        }
        if path_template::trees_dir(layout) == path.parent().unwrap_or(path) {
            path_template::exclude_trees(layout)?;
        }
        if !start.is_new && history::ref_commit(&layout.repo, &format!("refs/heads/{}", start.branch)) != Some(start.at) {
            // The branch has been removed or moved since it was resolved.
            return Err(Blocker::NoSuchBase { base: start.branch.clone() }.into());
        }
        // From here on, everything that a rollback finds was created by this process.
        self.begin(SpawnStage::Adding)?;
        if start.is_new && !branch::create(&layout.repo, &start.branch, start.at, &self.request.agent_id)? {
            self.stage = SpawnStage::Begun;
            return Err(Blocker::BranchTaken { branch: start.branch.clone() }.into());
        }
        let options = ["worktree", "add", "--quiet", "--no-checkout"].map(OsStr::new);
        let args = [&options[..], &[path.as_os_str(), OsStr::new(&start.branch)]].concat();
        with_inherited_locks(&self.journal, Some(&guard), || common_git(layout).run(&args))?;
        let git_dir = worktrees::git_dir_of(path)?;
        if !identity.record(&git_dir, layout.modes)? {
            // Another command has already run in there and recorded an identity. The lease names ours, so ours must win.
            identity.replace(&git_dir, layout.modes)?;
        }
        Ok(())
    }

    /// Adds the files: those of the branch, the issue, and the ignored files listed in `.worktreeinclude`.
    fn add_files(&self) -> Result<usize> {
        self.stop_if_interrupted()?;
        let checked_out = with_inherited_locks(&self.journal, None, || self.check_out());
        self.stop_if_interrupted()?;
        checked_out.map_err(|error| Blocker::CheckoutFailed { why: error.to_string() })?;
        add_issue_file(self.path, self.request)?;
        include_file::copy_listed(self.repo.layout, self.path)
    }

    /// Does what `git worktree add` does after adding: checks out the files, and runs the hook with the same three arguments.
    fn check_out(&self) -> std::result::Result<(), crate::git::run::Error> {
        let git = Git::at(self.path);
        git.patiently(&["-c", "core.fsmonitor=false", "read-tree", "-u", "--reset", "HEAD"])?;
        if !may_have_hooks(self.repo.layout) {
            return Ok(());
        }
        let (null, at) = (self.start.at.kind().null().to_string(), self.start.at.to_string());
        match git.patiently(&["hook", "run", "--ignore-missing", "post-checkout", "--", &null, &at, "1"]) {
            // Git before 2.36 does not have this command. A second checkout runs the hook.
            Err(error) if error.to_string().contains("is not a git command") => git.patiently(&["checkout", "--quiet", "--force"]),
            result => result,
        }
    }

    /// Runs the user's command that prepares the worktree; its output goes to stderr.
    fn run_post_spawn(&self, command: &str) -> Result<()> {
        let failed = |status| Blocker::PostSpawnFailed { command: command.to_owned(), status };
        let run = || -> std::io::Result<ExitCause> {
            let env = [
                ("JIT_AGENT_ID", self.record.holder.agent_id.to_string()),
                ("JIT_ISSUE_ID", self.record.issue_id.to_string()),
                ("JIT_LEASE_ID", self.record.lease_id.to_string()),
            ];
            let env = env.map(|(key, value)| (key.into(), value.into())).to_vec();
            let job = Job { command, dir: self.path, env, output: process::narration()?, limit: POST_SPAWN_TIMEOUT };
            Ok(process::run(job, self.interrupted)?.0)
        };
        match run() {
            Ok(ExitCause::Exited(0)) => Ok(()),
            Ok(ExitCause::Interrupted) => Err(Error::Interrupted),
            Ok(ExitCause::Exited(status)) => Err(failed(Some(status)).into()),
            Ok(ExitCause::OutOfTime) | Err(_) => Err(failed(None).into()),
        }
    }
}

/// Writes the issue's file unless it exists, so that an issue that the base does not have can be edited in the worktree.
pub(super) fn add_issue_file(root: &Path, request: &SpawnRequest<'_>) -> Result<()> {
    let dir = Layout::data_dir(root).join("issues");
    if !include_file::is_below(root, &dir) {
        let why = "leads out of the worktree".to_owned();
        return Err(crate::store::Error::Corrupt { path: dir, line: None, why }.into());
    }
    let target = dir.join(request.issue.id.file_name());
    if target.exists() {
        return Ok(());
    }
    file::make_dir(&dir, VERSIONED)?;
    Ok(file::replace(&target, request.issue_file, VERSIONED)?)
}

/// Whether Git may find a post-checkout hook: in the default folder, in `core.hooksPath`, or in a `hook` section.
fn may_have_hooks(layout: &Layout) -> bool {
    let config = layout.repo.config_snapshot();
    let is_configured =
        || config.string("core.hooksPath").is_some() || config.sections_by_name("hook").is_some_and(|mut all| all.next().is_some());
    layout.common_dir.join("hooks").join("post-checkout").exists() || is_configured()
}
