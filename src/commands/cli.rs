//! The command line as it is typed: a tree of verbs, no logic.
//!
//! A verb's arguments stand beside its function in `commands`; here they are only put in their places.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

use crate::commands::issues::dep;
use crate::commands::issues::doc;
use crate::commands::issues::events;
use crate::commands::issues::gate;
use crate::commands::issues::graph;
use crate::commands::issues::issue;
use crate::commands::issues::label;
use crate::commands::issues::merge_driver;
use crate::commands::issues::note;
use crate::commands::issues::query;
use crate::commands::issues::resolve;
use crate::commands::issues::validate;
use crate::commands::leases::claim;
use crate::commands::leases::done;
use crate::commands::leases::next;
use crate::commands::leases::recover;
use crate::commands::setup;
use crate::commands::setup::agents;
use crate::commands::setup::config;
use crate::commands::setup::doctor;
use crate::commands::setup::hooks;
use crate::commands::setup::init;
use crate::commands::tools::adopt;
use crate::commands::tools::check;
use crate::commands::tools::demo;
use crate::commands::tools::man;
use crate::commands::tools::prime;
use crate::commands::tools::schema;
use crate::commands::tools::shell;
use crate::commands::tools::status;
use crate::commands::tools::watch;
use crate::commands::tools::whoami;
use crate::commands::worktrees;
use crate::output::Colour;

/// Leases for work in Git: one issue, one holder, enforced at commit and push.
#[derive(Debug, Parser)]
#[command(
    name = "git-jit",
    bin_name = "git jit",
    version,
    disable_help_subcommand = true,
    max_term_width = 100,
    after_help = "Exit statuses: git jit help exit-codes. Settings: git jit help config."
)]
pub(crate) struct Cli {
    /// Options that every verb has.
    #[command(flatten)]
    pub global: Global,
    /// What to do; without it, how things stand.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// What they are called in help.
const EVERYWHERE: &str = "Options of every verb";

// Options that every verb has.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Answer with one JSON document on stdout, also for errors
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Say nothing but what a script needs
    #[arg(long, short, global = true, help_heading = EVERYWHERE)]
    pub quiet: bool,
    /// When to use colour
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_possible_values = true, help_heading = EVERYWHERE)]
    pub color: Colour,
    /// Run as if started in this directory
    #[arg(short = 'C', global = true, value_name = "DIR", help_heading = EVERYWHERE)]
    pub directory: Option<PathBuf>,
    /// Act as this agent, for example agent:copilot-1
    #[arg(long, global = true, value_name = "TYPE:NAME", help_heading = EVERYWHERE)]
    pub agent_id: Option<String>,
}

/// The verbs.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Set up git jit in this repository; safe to repeat
    Init(init::Args),
    /// Set up everything at once: settings, policy, merge driver, hooks; or remove it
    Setup(setup::Args),
    /// Make, read and change issues
    #[command(subcommand)]
    Issue(issue::Verb),
    /// Find issues by what can be done with them
    #[command(subcommand)]
    Query(query::Verb),
    /// Find issues by what stands in them
    Search(query::SearchArgs),
    /// Say what must be closed before what
    #[command(subcommand)]
    Dep(dep::Verb),
    /// Show what waits for what
    #[command(subcommand)]
    Graph(graph::Verb),
    /// Define gates, ask for them, run them
    #[command(subcommand)]
    Gate(gate::Verb),
    /// Label issues
    #[command(subcommand)]
    Label(label::Verb),
    /// Say something about an issue, whoever holds it
    #[command(subcommand)]
    Note(note::Verb),
    /// Name files that belong to an issue
    #[command(subcommand)]
    Doc(doc::Verb),
    /// Take and give back leases
    #[command(subcommand)]
    Claim(claim::Verb),
    /// Make and remove worktrees for issues
    #[command(subcommand, visible_alias = "wt")]
    Worktree(worktrees::Verb),
    /// Show your leases, available issues, and who works in which worktree
    Status(status::Args),
    /// Show leases, worktrees, available work and events as they change
    Watch(watch::Args),
    /// Take the first available issue
    Next(next::Args),
    /// Finish an issue: its lease ends with the commit, and what waited for it can begin
    Done(done::Args),
    /// Tell what was done to issues, by whom, in which worktree
    Events(events::Args),
    /// Show and change settings
    #[command(subcommand)]
    Config(config::Verb),
    /// Report everything that cannot be read or is inconsistent
    Doctor(doctor::Args),
    /// Set a lease log aside that cannot be read, and write anew what can be proved
    Recover(recover::Args),
    /// Show and decide what a merge has left of issues
    Resolve(resolve::Args),
    /// Look whether issues and gates fit together, here or in a commit
    Validate(validate::Args),
    /// Judge commits as the hooks would: for CI
    Check(check::Args),
    /// Take responsibility for edits that no hook here has checked
    Adopt(adopt::Args),
    /// Install, check or remove the Git hooks
    #[command(subcommand)]
    Hooks(hooks::Verb),
    /// Serve verbs as tools for an agent, over stdin and stdout (Model Context Protocol)
    #[cfg(feature = "mcp")]
    Mcp(crate::commands::tools::mcp::Args),
    /// Show who acts here, and their leases
    Whoami(whoami::Args),
    /// Print what an agent must know: the rules, its leases, its issue, available issues
    Prime(prime::Args),
    /// Install instructions for coding agents in the files that they read
    #[command(subcommand)]
    Agents(agents::Verb),
    /// Run a complete example in a scratch repository
    Demo(demo::Args),
    /// Print the JSON Schema of what a verb prints with --json
    Schema(schema::Args),
    /// Print the shell function wt and completion: eval "$(git jit shell-init bash)"
    ShellInit(shell::Args),
    /// Print completion for a shell: bash, zsh, fish
    Completions(shell::CompletionsArgs),
    /// Print completions of a command line for a shell
    #[command(hide = true)]
    Complete(shell::CompleteArgs),
    /// Explain a verb or a topic: exit-codes, config
    Help(HelpArgs),
    /// Write the manual pages into a directory
    #[command(hide = true)]
    Man(man::Args),
    /// Merge an issue's file field by field, as Git asks for it
    #[command(hide = true)]
    MergeDriver(merge_driver::Args),
    /// Print the version
    Version,
}

// What to explain.
#[derive(Debug, clap::Args)]
pub(crate) struct HelpArgs {
    /// A verb, a noun and a verb, or a topic
    pub topic: Vec<String>,
}
