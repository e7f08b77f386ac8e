//! The definition of the command line: a tree of verbs, without logic. The arguments of a verb are beside its function.

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
    /// The verb; `status` if there is none.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Their heading in help.
const EVERYWHERE: &str = "Options of every verb";

// Options that every verb has.
#[derive(Debug, clap::Args)]
pub(crate) struct Global {
    /// Print one JSON document to stdout, also for errors
    #[arg(long, global = true, help_heading = EVERYWHERE)]
    pub json: bool,
    /// Print only what a script needs
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
    /// Create, show and change issues
    #[command(subcommand)]
    Issue(issue::Verb),
    /// List issues that are available, blocked, yours, …
    #[command(subcommand)]
    Query(query::Verb),
    /// Search the text of issues
    Search(query::SearchArgs),
    /// Manage dependencies
    #[command(subcommand)]
    Dep(dep::Verb),
    /// Show the dependency graph
    #[command(subcommand)]
    Graph(graph::Verb),
    /// Define gates, add them to issues, run them
    #[command(subcommand)]
    Gate(gate::Verb),
    /// Add, remove and list labels
    #[command(subcommand)]
    Label(label::Verb),
    /// Add notes to an issue; no lease is needed
    #[command(subcommand)]
    Note(note::Verb),
    /// Attach documents to an issue
    #[command(subcommand)]
    Doc(doc::Verb),
    /// Acquire, renew and release leases
    #[command(subcommand)]
    Claim(claim::Verb),
    /// Create and remove worktrees for issues
    #[command(subcommand, visible_alias = "wt")]
    Worktree(worktrees::Verb),
    /// Show your leases, available issues, and who works in which worktree
    Status(status::Args),
    /// Show leases, worktrees, available work and events as they change
    Watch(watch::Args),
    /// Acquire the lease on the first available issue
    Next(next::Args),
    /// Close an issue: its lease ends with the commit, and the issues it blocks become ready
    Done(done::Args),
    /// Show changes of issues, with agent and worktree
    Events(events::Args),
    /// Show and change settings
    #[command(subcommand)]
    Config(config::Verb),
    /// Report everything that cannot be read or is inconsistent
    Doctor(doctor::Args),
    /// Replace a lease log that cannot be read by one with the leases that can be proved
    Recover(recover::Args),
    /// Show and resolve merge conflicts in issues
    Resolve(resolve::Args),
    /// Check that issues and gates are consistent, here or in a commit
    Validate(validate::Args),
    /// Check commits as the hooks would, for CI
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
    /// Merge an issue's file field by field, called by Git
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
