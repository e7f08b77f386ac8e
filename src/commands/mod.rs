//! The verbs, one file for each: its arguments, its function, its report. They print nothing and never exit the process.
//!
//! Names are resolved first, before anything is locked or written: the prefix of an issue's id to the complete id, the name of a lease
//! to its id.

pub(crate) mod cli;
pub(crate) mod issues;
pub(crate) mod leases;
#[cfg(test)]
mod random_operations;
pub(crate) mod setup;
pub(crate) mod shared;
pub(crate) mod tools;
pub(crate) mod worktrees;

use std::ffi::OsString;
use std::path::Path;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::commands::cli::{Cli, Verb};
use crate::commands::shared::session::{CommandResult, Program, Session};
use crate::context::Context;
use crate::error::Error;
use crate::exit::{Diagnose, ExitStatus};
use crate::output::schema::Answer;
use crate::output::{Colour, Failure, Output};

/// What a session gives to the verbs that are about all verbs.
static PROGRAM: Program = Program { command: Cli::command, call, answers };

/// Runs a command line in `dir` as a process of its own would.
fn call(dir: &Path, agent: Option<&str>, line: &[String]) -> CommandResult {
    let verb = Cli::try_parse_from(line).map_err(|error| misread(&error))?.verb;
    let mut cx = Context::from_process().map_err(|error| lost_cwd(&error.to_string()))?;
    cx.in_dir(dir);
    let output = Output::new(true, true, Colour::Never, cx.terminal);
    let session = Session::new(cx, output, agent.map(str::to_owned), &PROGRAM);
    let answer = dispatch(&session, verb.unwrap_or(Verb::Status(tools::status::Args::default())));
    shared::activity::pay(&session);
    answer
}

/// The answers of all verbs with `--json`, and the one for an error.
fn answers() -> Vec<&'static Answer> {
    const FAILURE: &[Answer] = &[Answer::of::<Failure>("error")];
    let groups = [FAILURE, issues::ANSWERS, leases::ANSWERS, worktrees::ANSWERS, setup::ANSWERS, tools::ANSWERS];
    groups.into_iter().flatten().collect()
}

/// Parses the command line, runs the verb, and prints its report. Returns the exit status.
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

/// The error of a command line that does not parse, on one line.
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
    let verb = cli.verb.unwrap_or(Verb::Status(tools::status::Args::default()));
    let is_at_home_anywhere = match &verb {
        Verb::Worktree(verb) => verb.works_without_cwd(),
        Verb::Status(args) => args.line,
        Verb::Agents(verb) => matches!(verb, setup::agents::Verb::Guard(_)),
        verb => matches!(verb, Verb::ShellInit(_) | Verb::Completions(_) | Verb::Help(_) | Verb::Version | Verb::Schema(_)),
    };
    if cx.has_lost_cwd && global.directory.is_none() && !is_at_home_anywhere {
        output.error(&lost_cwd("it was removed"));
        return ExitStatus::Broken.code();
    }
    let session = Session::new(cx, output, global.agent_id, &PROGRAM);
    let answer = dispatch(&session, verb);
    shared::activity::pay(&session);
    let code = match &answer {
        Ok(report) if output.report(report.as_ref()) => {
            if let Some(dir) = report.destination() {
                worktrees::change_directory(&session, dir);
            }
            report.code()
        }
        // The work is done, but the report could not be printed: that must not look like success.
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

fn dispatch(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Init(args) => setup::init::run(session, args),
        Verb::Setup(args) => setup::run(session, args),
        Verb::Issue(verb) => issues::issue::run(session, verb),
        Verb::Query(verb) => issues::query::run(session, verb),
        Verb::Search(args) => issues::query::search(session, args),
        Verb::Dep(verb) => issues::dep::run(session, verb),
        Verb::Graph(verb) => issues::graph::run(session, verb),
        Verb::Gate(verb) => issues::gate::run(session, verb),
        Verb::Label(verb) => issues::label::run(session, verb),
        Verb::Note(verb) => issues::note::run(session, verb),
        Verb::Doc(verb) => issues::doc::run(session, verb),
        Verb::Status(args) => tools::status::run(session, args),
        Verb::Watch(args) => tools::watch::run(session, args),
        Verb::Next(args) => leases::next::run(session, args),
        Verb::Done(args) => leases::done::run(session, args),
        Verb::Events(args) => issues::events::run(session, args),
        Verb::Config(verb) => setup::config::run(session, verb),
        Verb::Doctor(args) => setup::doctor::run(session, args),
        Verb::Recover(args) => leases::recover::run(session, args),
        Verb::Resolve(args) => issues::resolve::run(session, args),
        Verb::Validate(args) => issues::validate::run(session, args),
        Verb::Check(args) => tools::check::run(session, args),
        Verb::Adopt(args) => tools::adopt::run(session, args),
        Verb::Schema(args) => tools::schema::run(session, &args),
        Verb::Claim(verb) => leases::claim::run(session, verb),
        Verb::Worktree(verb) => worktrees::run(session, verb),
        Verb::Hooks(verb) => setup::hooks::run(session, verb),
        #[cfg(feature = "mcp")]
        Verb::Mcp(args) => tools::mcp::run(session, args),
        Verb::Whoami(args) => tools::whoami::run(session, args),
        Verb::Prime(args) => tools::prime::run(session, args),
        Verb::Agents(verb) => setup::agents::run(session, verb),
        Verb::Demo(args) => tools::demo::run(session, args),
        Verb::ShellInit(args) => Ok(tools::shell::run(session, args)),
        Verb::Completions(args) => Ok(tools::shell::completions(args)),
        Verb::Complete(args) => Ok(tools::shell::complete(session, args)),
        Verb::Help(args) => tools::help::run(session, &args.topic),
        Verb::Man(args) => tools::man::run(session, args),
        Verb::MergeDriver(args) => issues::merge_driver::run(session, args),
        Verb::Version => Ok(tools::help::version()),
    }
}
