//! One run of a command: the facts of the process, the output, the repository and its policy.
//!
//! Prefixes of ids are resolved to full ids here, before anything is locked or written.

use std::cell::{OnceCell, RefCell};
use std::path::Path;

use crate::actor;
use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IssueId, IssueRef};
use crate::domain::issue::FieldChange;
use crate::domain::policy::{Enforcement, Finding, Policy};
use crate::enforce::message;
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::git::history;
use crate::lease;
use crate::lease::{Leases, LocalLog, Maintenance};
use crate::output::schema::Answer;
use crate::output::{Output, Report};
use crate::repo::Repo;
use crate::store::events::{EventLog, IssueEvent};
use crate::store::issues::{IssueStore, Source};
use crate::store::layout::Layout;

/// The report of a command, or its error.
pub(crate) type CommandResult = Result<Box<dyn Report>, Error>;

/// The context of one run of a command.
pub(crate) struct Session {
    /// The facts of the process.
    pub cx: Context,
    pub output: Output,
    /// The value of `--agent-id`.
    pub agent_flag: Option<String>,
    /// The repository, discovered on first use.
    pub layout: OnceCell<Layout>,
    /// The keeper of its leases, opened on first use.
    leases: OnceCell<LocalLog>,
    /// The policy that the command read last.
    pub policy: RefCell<Option<Policy>>,
    /// The issues that the command works on: activity for their leases.
    pub work: RefCell<Vec<IssueId>>,
    /// What only the root of the commands can do.
    pub program: &'static Program,
}

/// What only the root of the commands can do, for the verbs that are about all verbs.
pub(crate) struct Program {
    /// The definition of the command line.
    pub command: fn() -> clap::Command,
    /// Runs a command line in a directory, for an agent.
    #[cfg_attr(not(feature = "mcp"), expect(dead_code, reason = "only tools for agents run a command line"))]
    pub call: fn(&Path, Option<&str>, &[String]) -> CommandResult,
    /// The answers of all verbs with `--json`.
    pub answers: fn() -> Vec<&'static Answer>,
}

impl Session {
    pub(crate) fn new(cx: Context, output: Output, agent_flag: Option<String>, program: &'static Program) -> Self {
        Self {
            cx,
            output,
            agent_flag,
            layout: OnceCell::new(),
            leases: OnceCell::new(),
            policy: RefCell::default(),
            work: RefCell::default(),
            program,
        }
    }

    /// The repository of the command.
    pub(crate) fn layout(&self) -> Result<&Layout, Error> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let layout = Layout::discover(&self.cx.cwd, self.cx.git_dir.as_deref())?;
        Ok(self.layout.get_or_init(|| layout))
    }

    /// The keeper of the leases of the command's repository, which all of its worktrees share.
    pub(crate) fn leases(&self, layout: &Layout) -> &dyn Leases {
        self.log(layout)
    }

    /// The care of the lease log.
    pub(crate) fn maintenance(&self, layout: &Layout) -> &dyn Maintenance {
        self.log(layout)
    }

    /// The line about leases that this clone lost because it was copied, if this command has found it out.
    pub(crate) fn notice_of_copy(&self) -> Option<&'static str> {
        self.leases.get()?.notice()
    }

    fn log(&self, layout: &Layout) -> &LocalLog {
        self.leases.get_or_init(|| lease::open(&self.cx, layout))
    }

    /// The handle for work under `policy`.
    pub(crate) fn repo<'a>(&'a self, layout: &'a Layout, policy: &'a Policy) -> Repo<'a> {
        Repo { cx: &self.cx, layout, policy, leases: self.leases(layout) }
    }

    /// Records that the command works on an issue, which counts as activity for its lease.
    pub(crate) fn is_at_work_on(&self, issue: IssueId) {
        self.work.borrow_mut().push(issue);
    }

    /// Rolls back interrupted creations of worktrees and finishes interrupted removals. Best effort, since the command is about
    /// something else.
    pub(crate) fn recover_interrupted(&self, layout: &Layout) {
        // Ending a lease does not depend on the policy, which the command reads later.
        let policy = Policy::strictest(&[]);
        match crate::worktree::recover_interrupted(self.repo(layout, &policy)) {
            Ok(lines) => lines.iter().for_each(|line| self.output.narrate(line)),
            Err(error) => self.output.warn(&format!("cannot undo an interrupted worktree creation: {}", Error::from(error))),
        }
    }

    /// The policy for work in this worktree.
    pub(crate) fn policy(&self, layout: &Layout) -> Policy {
        let policy = EffectivePolicy::of_worktree(&self.cx, layout).policy;
        self.policy.replace(Some(policy.clone()));
        policy
    }

    /// The policy; an error if leases are off.
    pub(crate) fn policy_of_leases(&self, layout: &Layout) -> Result<Policy, Error> {
        let policy = self.policy(layout);
        if policy.worktrees { Ok(policy) } else { Err(Error::LeasesOff) }
    }

    /// The current agent.
    pub(crate) fn agent(&self, layout: &Layout) -> Result<AgentId, Error> {
        Ok(actor::agent(&self.cx, layout, self.agent_flag.as_deref())?.0)
    }

    /// The current agent and worktree, for a command that writes.
    pub(crate) fn holder(&self, layout: &Layout) -> Result<Holder, Error> {
        Ok(actor::holder(&self.cx, layout, self.agent_flag.as_deref())?)
    }

    /// The issues as the policy lets this worktree see them.
    pub(crate) fn issues(&self) -> Result<IssueStore<'_>, Error> {
        let layout = self.layout()?;
        issues(layout, &self.policy(layout))
    }

    /// The current time as files store it: UTC in whole seconds.
    pub(crate) fn timestamp(&self) -> String {
        self.cx.clock().now().wall.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    }

    /// Appends to the event log. Best effort: what the event describes is done already.
    pub(crate) fn record_event(&self, event: &str, issue: IssueId, fields: Vec<FieldChange>) {
        let append = || -> Result<(), Error> {
            let layout = self.layout()?;
            let holder = self.holder(layout)?;
            let event = IssueEvent::new(self.cx.clock().now().wall, event, issue, &holder, fields);
            Ok(EventLog::of(layout).append([event])?)
        };
        if let Err(error) = append() {
            self.output.warn(&format!("done, but not recorded in the event log: {error}"));
        }
    }

    /// Warns about each place whose policy cannot be read.
    pub(crate) fn warn_unreadable_policy(&self, policy: &Policy) {
        for (place, why) in &policy.unreadable {
            self.output.warn(&format!("cannot read {place}, so edits of issues are judged as under strict: {why}"));
        }
    }

    /// Refuses, reports or ignores a finding, as the policy says.
    pub(crate) fn weigh(&self, policy: &Policy, finding: Finding) -> Result<(), Error> {
        match policy.outcome(&finding) {
            Enforcement::Strict => Err(Error::Policy { finding: Box::new(finding) }),
            Enforcement::Warn => {
                self.output.warn(&message::block(&finding).what);
                Ok(())
            }
            Enforcement::Off => Ok(()),
        }
    }
}

/// The repository as seen from where it has issues: `None` for this worktree; from a bare root, the primary worktree.
pub(crate) fn viewpoint(layout: &Layout) -> Result<Option<Layout>, Error> {
    let primary = layout.primary_root.as_deref().filter(|_| layout.worktree_root.is_none());
    Ok(primary.map(Layout::at).transpose()?)
}

/// The issues as the policy lets this worktree see them.
pub(crate) fn issues<'a>(layout: &'a Layout, policy: &Policy) -> Result<IssueStore<'a>, Error> {
    Ok(IssueStore::open(layout, policy.worktrees)?)
}

/// The full id of the issue `typed`, and where it is stored.
pub(crate) fn resolve(store: &IssueStore<'_>, typed: &str) -> Result<(IssueId, Source), Error> {
    Ok(store.find(&IssueRef::parse(typed)?)??)
}

/// The commit `revision`.
pub(crate) fn commit_of(layout: &Layout, revision: &str) -> Result<gix::ObjectId, Error> {
    let hint = "See git log".to_owned();
    history::named(&layout.repo, revision).ok_or(Error::NotThere { what: "commit", name: revision.to_owned(), hint })
}
