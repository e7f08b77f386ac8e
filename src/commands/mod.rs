//! One file a noun: arguments, a function, a report. Prints nothing, exits nowhere, spawns nothing.
//!
//! What was typed becomes what it means here, once: an issue's prefix its full id, a lease's name its id,
//! before anything is locked or written.

pub(crate) mod adopt;
pub(crate) mod agents;
mod args;
mod attention;
mod change;
pub(crate) mod check;
pub(crate) mod claim;
pub(crate) mod config;
pub(crate) mod demo;
pub(crate) mod dep;
pub(crate) mod doc;
pub(crate) mod doctor;
pub(crate) mod done;
pub(crate) mod events;
pub(crate) mod gate;
pub(crate) mod graph;
pub(crate) mod help;
pub(crate) mod hooks;
pub(crate) mod init;
pub(crate) mod issue;
pub(crate) mod label;
pub(crate) mod man;
#[cfg(feature = "mcp")]
pub(crate) mod mcp;
pub(crate) mod merge_driver;
pub(crate) mod next;
pub(crate) mod note;
pub(crate) mod prime;
pub(crate) mod query;
pub(crate) mod recover;
pub(crate) mod resolve;
pub(crate) mod schema;
pub(crate) mod setup;
pub(crate) mod shell;
pub(crate) mod status;
pub(crate) mod validate;
pub(crate) mod watch;
pub(crate) mod whoami;
pub(crate) mod worktree;

use std::cell::{OnceCell, RefCell};
use std::ffi::OsString;

use clap::Parser;
use clap::error::ErrorKind;

use crate::actor;
use crate::cli::{Cli, Verb};
use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IssueId, IssueRef};
use crate::domain::policy::{Enforcement, Finding, Policy};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::hook::{force, message};
use crate::output::{Colour, Output, Report};
use crate::store::history;
use crate::store::issues::{IssueStore, Source};
use crate::store::layout::Layout;

/// What a command comes to.
pub(crate) type Answer = Result<Box<dyn Report>, Error>;

/// What a command works with.
pub(crate) struct Session {
    /// The facts of the process.
    pub cx: Context,
    /// Where narration goes.
    pub output: Output,
    /// `--agent-id`, as it was typed.
    pub agent_flag: Option<String>,
    /// The repository, once it has been asked for.
    layout: OnceCell<Layout>,
    /// The policy as the command found it.
    policy: RefCell<Option<Policy>>,
    /// The issues that the command does something with.
    work: RefCell<Vec<IssueId>>,
}

impl Session {
    /// What a command works with that nothing has been asked of yet.
    pub(crate) fn new(cx: Context, output: Output, agent_flag: Option<String>) -> Self {
        Self { cx, output, agent_flag, layout: OnceCell::new(), policy: RefCell::default(), work: RefCell::default() }
    }

    /// The repository that the command is about.
    pub(crate) fn layout(&self) -> Result<&Layout, Error> {
        if let Some(layout) = self.layout.get() {
            return Ok(layout);
        }
        let mut layout = Layout::discover(&self.cx.cwd, self.cx.git_dir.as_deref())?;
        layout.claim_options.lock = self.cx.takes_locks;
        Ok(self.layout.get_or_init(|| layout))
    }

    /// Remembers that the command does something with an issue, which is a sign of life of its lease.
    pub(crate) fn is_at_work_on(&self, issue: IssueId) {
        self.work.borrow_mut().push(issue);
    }

    /// Undoes what a process has left half made that was killed while it made a worktree; at best effort, since what was asked
    /// for is something else.
    pub(crate) fn settle(&self, layout: &Layout) {
        match crate::worktree::settle(&self.cx, layout) {
            Ok(told) => told.iter().for_each(|line| self.output.narrate(line)),
            Err(error) => self.output.warn(&format!("a worktree that was half made could not be undone: {}", Error::from(error))),
        }
    }

    /// The policy for work in this worktree.
    pub(crate) fn policy(&self, layout: &Layout) -> Policy {
        let policy = force::policy(&self.cx, layout, None);
        self.policy.replace(Some(policy.clone()));
        policy
    }

    /// The policy, where leases are in use.
    pub(crate) fn policy_of_leases(&self, layout: &Layout) -> Result<Policy, Error> {
        let policy = self.policy(layout);
        if policy.worktrees { Ok(policy) } else { Err(Error::LeasesOff) }
    }

    /// Who acts.
    pub(crate) fn agent(&self, layout: &Layout) -> Result<AgentId, Error> {
        Ok(actor::agent(&self.cx, layout, self.agent_flag.as_deref())?.0)
    }

    /// Who acts, and in which worktree; for whoever is about to write.
    pub(crate) fn holder(&self, layout: &Layout) -> Result<Holder, Error> {
        Ok(actor::holder(&self.cx, layout, self.agent_flag.as_deref())?)
    }

    /// Refuses, reports or passes over a finding, as the policy says.
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

/// The issues as the policy lets this worktree see them.
pub(crate) fn issues<'a>(layout: &'a Layout, policy: &Policy) -> Result<IssueStore<'a>, Error> {
    Ok(IssueStore::open(layout, policy.worktrees)?)
}

/// The full id of the issue that was meant, and where it is.
pub(crate) fn resolve(store: &IssueStore<'_>, typed: &str) -> Result<(IssueId, Source), Error> {
    Ok(store.find(&IssueRef::parse(typed)?)??)
}

/// The commit that was meant.
pub(crate) fn commit_of(layout: &Layout, revision: &str) -> Result<gix::ObjectId, Error> {
    let hint = "See git log".to_owned();
    history::named(&layout.repo, revision).ok_or(Error::NotThere { what: "commit", name: revision.to_owned(), hint })
}

/// Reads the command line, runs what it says, answers.
pub(crate) fn run(arguments: &[OsString]) -> u8 {
    let wants_json = arguments.iter().take_while(|word| *word != "--").any(|word| word == "--json");
    let cx = match Context::from_process() {
        Ok(cx) => cx,
        Err(error) => {
            let output = Output::new(wants_json, false, Colour::Never, crate::context::Terminal::default());
            output.error(&lost_cwd(&error.to_string()));
            return ExitStatus::Broken.code();
        }
    };
    match Cli::try_parse_from(arguments) {
        Ok(cli) => answer(cx, cli),
        Err(error) if matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) => {
            let _ = error.print();
            ExitStatus::Done.code()
        }
        Err(error) if wants_json => {
            Output::new(true, false, Colour::Never, cx.terminal).error(&misread(&error));
            ExitStatus::Usage.code()
        }
        Err(error) => {
            let _ = error.print();
            ExitStatus::Usage.code()
        }
    }
}

/// Why a command line is none, on one line.
fn misread(error: &clap::Error) -> Error {
    let text = error.render().to_string();
    let said: Vec<&str> = text.lines().take_while(|line| !line.starts_with("Usage:")).map(str::trim).collect();
    let what = said.join(" ").trim().trim_start_matches("error: ").to_owned();
    Error::Usage { what, hint: "See git jit help".to_owned() }
}

fn lost_cwd(why: &str) -> Error {
    let hint = "Go to one that exists: git jit -C DIR, or wt goto main".to_owned();
    Error::Usage { what: format!("the current directory is gone: {why}"), hint }
}

fn answer(mut cx: Context, cli: Cli) -> u8 {
    let global = cli.global;
    if let Some(dir) = &global.directory {
        cx.in_dir(dir);
    }
    let output = Output::new(global.json, global.quiet, global.color, cx.terminal);
    let verb = cli.verb.unwrap_or(Verb::Status(status::Args::default()));
    let is_at_home_anywhere = match &verb {
        Verb::Worktree(verb) => verb.may_lose_its_place(),
        Verb::Status(args) => args.line,
        Verb::Agents(verb) => matches!(verb, agents::Verb::Guard(_)),
        verb => matches!(verb, Verb::ShellInit(_) | Verb::Completions(_) | Verb::Help(_) | Verb::Version | Verb::Schema(_)),
    };
    if cx.has_lost_cwd && global.directory.is_none() && !is_at_home_anywhere {
        output.error(&lost_cwd("it was removed"));
        return ExitStatus::Broken.code();
    }
    let session = Session::new(cx, output, global.agent_id);
    let answer = dispatch(&session, verb);
    attention::pay(&session);
    let code = match &answer {
        Ok(report) if output.report(report.as_ref()) => {
            if let Some(dir) = report.destination() {
                worktree::lead(&session, dir);
            }
            report.code()
        }
        // What was done is done, and nobody was told: that must not look like success.
        Ok(_) => ExitStatus::Broken.code(),
        Err(error) => {
            output.error(error);
            error.status().code()
        }
    };
    // The process ends: the kernel takes back at once what would else be given back in a hundred thousand pieces.
    std::mem::forget((answer, session));
    code
}

fn dispatch(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::Init(args) => init::run(session, args),
        Verb::Setup(args) => setup::run(session, args),
        Verb::Issue(verb) => issue::run(session, verb),
        Verb::Query(verb) => query::run(session, verb),
        Verb::Search(args) => query::search(session, args),
        Verb::Dep(verb) => dep::run(session, verb),
        Verb::Graph(verb) => graph::run(session, verb),
        Verb::Gate(verb) => gate::run(session, verb),
        Verb::Label(verb) => label::run(session, verb),
        Verb::Note(verb) => note::run(session, verb),
        Verb::Doc(verb) => doc::run(session, verb),
        Verb::Status(args) => status::run(session, args),
        Verb::Watch(args) => watch::run(session, args),
        Verb::Next(args) => next::run(session, args),
        Verb::Done(args) => done::run(session, args),
        Verb::Events(args) => events::run(session, args),
        Verb::Config(verb) => config::run(session, verb),
        Verb::Doctor(args) => doctor::run(session, args),
        Verb::Recover(args) => recover::run(session, args),
        Verb::Resolve(args) => resolve::run(session, args),
        Verb::Validate(args) => validate::run(session, args),
        Verb::Check(args) => check::run(session, args),
        Verb::Adopt(args) => adopt::run(session, args),
        Verb::Schema(args) => schema::run(&args),
        Verb::Claim(verb) => claim::run(session, verb),
        Verb::Worktree(verb) => worktree::run(session, verb),
        Verb::Hooks(verb) => hooks::run(session, verb),
        #[cfg(feature = "mcp")]
        Verb::Mcp(args) => mcp::run(session, args),
        Verb::Whoami(args) => whoami::run(session, args),
        Verb::Prime(args) => prime::run(session, args),
        Verb::Agents(verb) => agents::run(session, verb),
        Verb::Demo(args) => demo::run(session, args),
        Verb::ShellInit(args) => Ok(shell::run(session, args)),
        Verb::Completions(args) => Ok(shell::completions(args)),
        Verb::Complete(args) => Ok(shell::complete(session, args)),
        Verb::Help(args) => help::run(&args.topic),
        Verb::Man(args) => man::run(args),
        Verb::MergeDriver(args) => merge_driver::run(session, args),
        Verb::Version => Ok(Box::new(help::Version)),
    }
}

#[cfg(test)]
mod tests;
