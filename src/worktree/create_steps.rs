//! The steps of a spawn, one after the other; what a step makes is written down before.

use std::ffi::OsStr;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::context::Context;
use crate::git::branch;
use crate::git::history;
use crate::git::run::Git;
use crate::process::{self, ExitCause, Job};
use crate::store::file;
use crate::store::identity::Identity;
use crate::store::journal::spawns::{Journal, SpawnRecord, SpawnStage};
use crate::store::layout::Layout;
use crate::store::worktrees;
use crate::worktree::create::acquire;
use crate::worktree::include_file;
use crate::worktree::path_template;
use crate::worktree::start_point::Start;
use crate::worktree::{Blocker, Error, Result, SpawnRequest, alone, git};

/// How long the command may take that prepares a worktree.
const LONGEST_PREPARATION: Duration = Duration::from_secs(24 * 3600);

/// What the steps of a spawn work with.
pub(crate) struct CreatedSteps<'a> {
    pub cx: &'a Context,
    pub layout: &'a Layout,
    pub wish: &'a SpawnRequest<'a>,
    pub path: &'a Path,
    pub interrupted: &'a AtomicBool,
}

impl CreatedSteps<'_> {
    /// All steps, with a look between them whether the user still wants them: how many files came along.
    pub(crate) fn make(
        &self,
        (journal, stage): (&mut Journal, &mut SpawnStage),
        spawning: &SpawnRecord,
        start: &Start,
        identity: &Identity,
    ) -> Result<usize> {
        self.go_on()?;
        acquire(self.cx, self.layout, self.wish, &spawning.lease_id, &spawning.holder, &start.branch)?;
        self.go_on()?;
        self.add((journal, stage), start, identity)?;
        journal.step(SpawnStage::CheckingOut)?;
        *stage = SpawnStage::CheckingOut;
        let copied = self.fill(journal, start)?;
        if let Some(command) = self.wish.prepare {
            journal.step(SpawnStage::Preparing)?;
            journal.inherit_lock(true);
            let prepared = self.prepare(command, spawning);
            journal.inherit_lock(false);
            prepared?;
        }
        Ok(copied)
    }

    fn go_on(&self) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Branch and worktree, without files.
    fn add(&self, (journal, stage): (&mut Journal, &mut SpawnStage), start: &Start, identity: &Identity) -> Result<()> {
        let (layout, path) = (self.layout, self.path);
        let guard = alone(layout)?;
        if path.symlink_metadata().is_ok() {
            return Err(Blocker::PathTaken { path: path.to_owned() }.into());
        }
        if path_template::trees(layout) == path.parent().unwrap_or(path) {
            path_template::exclude_trees(layout)?;
        }
        if !start.is_new && history::ref_commit(&layout.repo, &format!("refs/heads/{}", start.branch)) != Some(start.at) {
            // It was there when we looked; somebody has removed it, or works on it.
            return Err(Blocker::NoSuchBase { base: start.branch.clone() }.into());
        }
        // From here on there is something of ours to take back, and nothing of anybody else's.
        journal.step(SpawnStage::Adding)?;
        *stage = SpawnStage::Adding;
        if start.is_new && !branch::create(&layout.repo, &start.branch, start.at, &self.wish.agent_id)? {
            *stage = SpawnStage::Begun;
            return Err(Blocker::BranchTaken { branch: start.branch.clone() }.into());
        }
        let words = ["worktree", "add", "--quiet", "--no-checkout"].map(OsStr::new);
        let args: Vec<&OsStr> = words.into_iter().chain([path.as_os_str(), OsStr::new(&start.branch)]).collect();
        // If we are killed, Git goes on: whoever finds our record waits for it.
        guard.inherit_lock(true);
        journal.inherit_lock(true);
        let added = git(layout).run(&args);
        journal.inherit_lock(false);
        guard.inherit_lock(false);
        added?;
        let git_dir = worktrees::git_dir_of(path)?;
        if !identity.record(&git_dir, layout.modes, false)? {
            // Some command was given in there already. The lease was taken for this worktree under the name that we drew.
            identity.replace(&git_dir, layout.modes)?;
        }
        Ok(())
    }

    /// Its files: those of the branch, the issue, and ignored ones that are to come along.
    fn fill(&self, journal: &Journal, start: &Start) -> Result<usize> {
        self.go_on()?;
        journal.inherit_lock(true);
        let done = self.check_out(start);
        journal.inherit_lock(false);
        self.go_on()?;
        done.map_err(|error| Blocker::NoCheckout { why: error.to_string() })?;
        give_issue(self.path, self.wish)?;
        include_file::copy_to(self.layout, self.path)
    }

    /// What `git worktree add` does behind its back: the files, and the hook with the same three arguments.
    fn check_out(&self, start: &Start) -> std::result::Result<(), crate::git::run::Error> {
        let git = Git::at(self.path);
        git.patiently(&["-c", "core.fsmonitor=false", "read-tree", "-u", "--reset", "HEAD"])?;
        if may_have_hooks(self.layout) {
            let (nothing, at) = (start.at.kind().null().to_string(), start.at.to_string());
            let run = git.patiently(&["hook", "run", "--ignore-missing", "post-checkout", "--", &nothing, &at, "1"]);
            if let Err(error) = run {
                // Before Git 2.36 there is no such command; a second checkout runs the hook.
                let is_old = error.to_string().contains("is not a git command");
                return if is_old { git.patiently(&["checkout", "--quiet", "--force"]) } else { Err(error) };
            }
        }
        Ok(())
    }

    /// Runs the command that prepares it; what that says is narration.
    fn prepare(&self, command: &str, spawning: &SpawnRecord) -> Result<()> {
        let failed = |status| Blocker::NotPrepared { command: command.to_owned(), status };
        let run = || -> std::io::Result<ExitCause> {
            let env = [
                ("JIT_AGENT_ID", spawning.holder.agent_id.to_string()),
                ("JIT_ISSUE_ID", spawning.issue_id.to_string()),
                ("JIT_LEASE_ID", spawning.lease_id.to_string()),
            ];
            let env = env.map(|(key, value)| (key.into(), value.into())).to_vec();
            let job = Job { command, dir: self.path, env, output: process::narration()?, limit: LONGEST_PREPARATION };
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

/// An issue that the base does not have yet comes along, so that it can be edited there.
pub(crate) fn give_issue(root: &Path, wish: &SpawnRequest<'_>) -> Result<()> {
    let dir = Layout::data_dir(root).join("issues");
    if !include_file::is_below(root, &dir) {
        let why = "leads out of the worktree".to_owned();
        return Err(crate::store::Error::Corrupt { path: dir, line: None, why }.into());
    }
    let target = dir.join(wish.issue.id.file_name());
    if target.exists() {
        return Ok(());
    }
    file::make_dir(&dir, crate::store::issues::VERSIONED)?;
    Ok(file::replace(&target, wish.issue_file, crate::store::issues::VERSIONED)?)
}

/// Whether Git may find a post-checkout hook: in the usual place, in another one, or in the configuration.
fn may_have_hooks(layout: &Layout) -> bool {
    let config = layout.repo.config_snapshot();
    let elsewhere =
        || config.string("core.hooksPath").is_some() || config.sections_by_name("hook").is_some_and(|mut all| all.next().is_some());
    layout.common_dir.join("hooks").join("post-checkout").exists() || elsewhere()
}
