//! A worktree for an issue: lease, branch, worktree and identity together, or none of them.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use gix::refs::transaction::PreviousValue;

use super::place::Template;
use super::start::{self, Start};
use super::undo::{self, Undo};
use super::{Error, Hindrance, Result, alone, include, name, place};
use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IssueId, LeaseId};
use crate::domain::issue::Issue;
use crate::domain::lease::{Answer, Grant, Request};
use crate::domain::policy::Policy;
use crate::git::Git;
use crate::process::other::Watched;
use crate::process::{self, End, Job};
use crate::store::layout::{Identity, Layout};
use crate::store::spawns::{self, Journal, Spawning, Stage};
use crate::store::worktrees::{self, Worktree};
use crate::store::{file, history};

/// How long the command may take that prepares a worktree.
const LONGEST_PREPARATION: Duration = Duration::from_secs(24 * 3600);

/// What is wanted.
pub(crate) struct Wish<'a> {
    /// The issue.
    pub issue: &'a Issue,
    /// Its file, for a base that does not have it.
    pub issue_file: &'a [u8],
    /// Who will work there.
    pub agent_id: AgentId,
    /// A revision to start from instead of the default branch.
    pub base: Option<String>,
    /// Seconds of the lease.
    pub ttl_secs: u64,
    /// What the lease is taken for.
    pub reason: Option<String>,
    /// The policy in force.
    pub policy: &'a Policy,
    /// Where worktrees are, if not below `trees/`.
    pub place: Option<Template<'a>>,
    /// Whether a branch that is there already is gone on with.
    pub resumes_branch: bool,
    /// A command that prepares the worktree.
    pub prepare: Option<&'a str>,
}

/// What was made, or found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Spawned {
    /// The worktree's root.
    pub path: PathBuf,
    /// Its branch.
    pub branch: String,
    /// The commit it started from; `None` where it was there before.
    pub base: Option<String>,
    /// Who holds the lease.
    pub holder: Holder,
    /// The lease.
    pub lease_id: LeaseId,
    /// The issue.
    pub issue_id: IssueId,
    /// Ignored files that came along.
    pub copied: usize,
    /// What is worth knowing.
    pub notes: Vec<String>,
}

/// The worktree that an issue has already, whatever its title was when it was made.
pub(crate) fn existing(layout: &Layout, issue: &Issue) -> Result<Option<Worktree>> {
    let number = name::number_of(issue);
    let issue_of = |worktree: &Worktree| worktree.identity.as_ref().and_then(|identity| identity.issue_id);
    let all = worktrees::list(layout)?;
    let made_for_it = all.iter().find(|worktree| issue_of(worktree) == Some(issue.id));
    let called_after_it =
        || all.iter().find(|worktree| !worktree.is_primary && issue_of(worktree).is_none() && name::has_number(worktree, &number));
    Ok(made_for_it.or_else(called_after_it).cloned())
}

/// Takes the lease for a worktree that is there.
pub(crate) fn resume(cx: &Context, layout: &Layout, wish: &Wish<'_>, existing: Worktree) -> Result<Spawned> {
    let path = existing.root;
    if let Some(hindrance) = undo::being_made(layout, &path)? {
        return Err(hindrance.into());
    }
    if existing.is_missing {
        return Err(Hindrance::Missing { path }.into());
    }
    let identity = Identity::ensure(&existing.git_dir, &path, Some(&wish.agent_id), layout.modes)?;
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id };
    let branch = existing.branch.unwrap_or_else(|| "(detached HEAD)".to_owned());
    let lease_id = acquire(cx, layout, wish, &LeaseId::new(ulid::Ulid::new()), &holder, &branch)?;
    let issue_id = wish.issue.id;
    Ok(Spawned { path, branch, base: None, holder, lease_id, issue_id, copied: 0, notes: Vec::new() })
}

/// Makes a worktree for an issue that has none.
pub(crate) fn spawn(cx: &Context, layout: &Layout, wish: &Wish<'_>) -> Result<Spawned> {
    let interrupted = process::interruptions().map_err(crate::store::Error::io("handle signals in", &layout.common_dir))?;
    let number = name::number_of(wish.issue);
    let name = name::of_issue(&number, &wish.issue.title);
    let start = start::of(layout, wish, &number, &name)?;
    let path = place::of(layout, wish.place, &name, &number)?;
    let identity = Identity::draw(&path, Some(wish.agent_id.clone())).made_for(wish.issue.id, start.base.clone());
    let holder = Holder { agent_id: wish.agent_id.clone(), worktree_id: identity.worktree_id.clone() };
    let ourselves = Watched::ourselves();
    let spawning = Spawning {
        schema_version: 1,
        lease_id: LeaseId::new(ulid::Ulid::new()),
        holder: holder.clone(),
        issue_id: wish.issue.id,
        path: path.display().to_string(),
        branch: start.branch.clone(),
        makes_branch: start.is_new,
        base: start.at.to_string(),
        pid: ourselves.pid,
        began: ourselves.began,
    };
    let mut journal = spawns::begin(&layout.shared_dir(), layout.modes, &spawning)?;
    let made = Making { cx, layout, wish, path: &path, interrupted: &interrupted }.make(&mut journal, &spawning, &start, &identity);
    let copied = match made {
        Ok(copied) => copied,
        Err(error) => {
            undo::take_back(cx, layout, journal, &spawning, Undo::All)?;
            return Err(error);
        }
    };
    journal.finish()?;
    let base = Some(start.base.commit.clone());
    let notes = start::notes(layout, wish, &start, &number);
    let (branch, lease_id, issue_id) = (start.branch, spawning.lease_id, wish.issue.id);
    Ok(Spawned { path, branch, base, holder, lease_id, issue_id, copied, notes })
}

/// What the steps of a spawn work with.
struct Making<'a> {
    cx: &'a Context,
    layout: &'a Layout,
    wish: &'a Wish<'a>,
    path: &'a Path,
    interrupted: &'a AtomicBool,
}

impl Making<'_> {
    /// All steps, with a look between them whether the user still wants them: how many files came along.
    fn make(&self, journal: &mut Journal, spawning: &Spawning, start: &Start, identity: &Identity) -> Result<usize> {
        let lease = &spawning.lease_id;
        self.go_on()?;
        acquire(self.cx, self.layout, self.wish, lease, &spawning.holder, &start.branch)?;
        self.go_on()?;
        self.add(journal, start, identity)?;
        journal.step(Stage::CheckingOut)?;
        let copied = self.fill(journal, start)?;
        if let Some(command) = self.wish.prepare {
            journal.step(Stage::Preparing)?;
            self.prepare(command, spawning)?;
        }
        Ok(copied)
    }

    fn go_on(&self) -> Result<()> {
        if self.interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }

    /// Branch and worktree, without files.
    fn add(&self, journal: &Journal, start: &Start, identity: &Identity) -> Result<()> {
        let (layout, path) = (self.layout, self.path);
        let guard = alone(layout)?;
        if path.symlink_metadata().is_ok() {
            return Err(Hindrance::PathTaken { path: path.to_owned() }.into());
        }
        if place::trees(layout) == path.parent().unwrap_or(path) {
            place::exclude_trees(layout)?;
        }
        if start.is_new {
            let full = format!("refs/heads/{}", start.branch);
            let made = layout.repo.reference(full.as_str(), start.at, PreviousValue::MustNotExist, "branch: Created by git jit");
            if made.is_err() && history::ref_commit(&layout.repo, &full).is_some() {
                return Err(Hindrance::BranchTaken { branch: start.branch.clone() }.into());
            }
            made.map_err(crate::store::Error::git(format!("branch {}", start.branch)))?;
        }
        let words = ["worktree", "add", "--quiet", "--no-checkout"].map(OsStr::new);
        let args: Vec<&OsStr> = words.into_iter().chain([path.as_os_str(), OsStr::new(&start.branch)]).collect();
        // If we are killed, Git goes on: whoever finds our record waits for it.
        guard.hand_on(true);
        journal.hand_on(true);
        let added = Git::at(&layout.common_dir).run(&args);
        journal.hand_on(false);
        guard.hand_on(false);
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
        journal.hand_on(true);
        let done = self.check_out(start);
        journal.hand_on(false);
        self.go_on()?;
        done.map_err(|error| Hindrance::NoCheckout { why: error.to_string() })?;
        self.give_issue()?;
        include::copy_to(self.layout, self.path)
    }

    /// What `git worktree add` does behind its back: the files, and the hook with the same three arguments.
    fn check_out(&self, start: &Start) -> std::result::Result<(), crate::git::Error> {
        let git = Git::at(self.path);
        git.run(&["-c", "core.fsmonitor=false", "read-tree", "-u", "--reset", "HEAD"])?;
        if may_have_hooks(self.layout) {
            let (nothing, at) = (start.at.kind().null().to_string(), start.at.to_string());
            let run = git.run(&["hook", "run", "--ignore-missing", "post-checkout", "--", &nothing, &at, "1"]);
            if let Err(error) = run {
                // Before Git 2.36 there is no such command; a second checkout runs the hook.
                let is_old = error.to_string().contains("is not a git command");
                return if is_old { git.run(&["checkout", "--quiet", "--force"]).map(drop) } else { Err(error) };
            }
        }
        Ok(())
    }

    /// An issue that the base does not have yet comes along, so that it can be edited there.
    fn give_issue(&self) -> Result<()> {
        let dir = Layout::data_dir(self.path).join("issues");
        let target = dir.join(self.wish.issue.id.file_name());
        if target.exists() {
            return Ok(());
        }
        file::make_dir(&dir, crate::store::issues::VERSIONED)?;
        Ok(file::replace(&target, self.wish.issue_file, crate::store::issues::VERSIONED)?)
    }

    /// Runs the command that prepares it; what that says is narration.
    fn prepare(&self, command: &str, spawning: &Spawning) -> Result<()> {
        let failed = |status| Hindrance::NotPrepared { command: command.to_owned(), status };
        let run = || -> std::io::Result<End> {
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
            Ok(End::Exited(0)) => Ok(()),
            Ok(End::Interrupted) => Err(Error::Interrupted),
            Ok(End::Exited(status)) => Err(failed(Some(status)).into()),
            Ok(End::OutOfTime) | Err(_) => Err(failed(None).into()),
        }
    }
}

/// Whether Git may find a post-checkout hook: in the usual place, in another one, or in the configuration.
fn may_have_hooks(layout: &Layout) -> bool {
    let config = layout.repo.config_snapshot();
    let elsewhere =
        || config.string("core.hooksPath").is_some() || config.sections_by_name("hook").is_some_and(|mut all| all.next().is_some());
    layout.common_dir.join("hooks").join("post-checkout").exists() || elsewhere()
}

fn acquire(cx: &Context, layout: &Layout, wish: &Wish<'_>, lease_id: &LeaseId, holder: &Holder, branch: &str) -> Result<LeaseId> {
    let grant = Grant {
        lease_id: lease_id.clone(),
        issue_id: wish.issue.id,
        holder: holder.clone(),
        branch: Some(branch.chars().take(250).collect()),
        ttl_secs: wish.ttl_secs,
        reason: wish.reason.clone(),
    };
    let request = Request::Acquire(grant);
    match layout.claims().ask(cx.clock(), &request, &wish.policy.limits)?.answer {
        Ok(Answer::Granted(id) | Answer::Kept { lease_id: id, .. } | Answer::Closing(id)) => Ok(id),
        Ok(Answer::Ended(_) | Answer::Nothing) => unreachable!("an acquisition ends no lease of its own"),
        Err(refusal) => Err(Error::Lease(refusal)),
    }
}
