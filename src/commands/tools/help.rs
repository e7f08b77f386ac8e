//! `git jit help` and `git jit version`.

use clap::CommandFactory;
use serde_json::{Value, json};

use crate::commands::cli::Cli;
use crate::commands::shared::session::CommandResult;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;

/// The version of the program.
pub(crate) struct VersionReport;

impl Report for VersionReport {
    fn json(&self) -> Value {
        json!({ "version": env!("CARGO_PKG_VERSION") })
    }

    fn human(&self, _: &Styles) -> String {
        format!("git-jit {}\n", env!("CARGO_PKG_VERSION"))
    }
}

struct ExitCodes;

impl Report for ExitCodes {
    fn json(&self) -> Value {
        let one = |(status, meaning): &(ExitStatus, &str)| json!({ "status": status.code(), "meaning": meaning });
        json!({ "exit_codes": ExitStatus::TABLE.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, _: &Styles) -> String {
        ExitStatus::TABLE.iter().map(|(status, meaning)| format!("{}  {meaning}\n", status.code())).collect()
    }
}

struct Text(String);

impl Report for Text {
    fn json(&self) -> Value {
        json!({ "help": self.0 })
    }

    fn human(&self, _: &Styles) -> String {
        self.0.clone()
    }
}

/// Explains a verb or a topic.
pub(crate) fn run(topic: &[String]) -> CommandResult {
    match topic {
        [one] if one == "exit-codes" => return Ok(Box::new(ExitCodes)),
        [one] if one == "config" => return Ok(Box::new(Text(CONFIG.to_owned()))),
        _ => {}
    }
    let mut root = Cli::command();
    root.build();
    let mut command = &mut root;
    for word in topic {
        command = command.find_subcommand_mut(word).ok_or_else(|| Error::Usage {
            what: format!("no verb or topic '{}'", topic.join(" ")),
            hint: "See git jit help".to_owned(),
        })?;
    }
    Ok(Box::new(Text(command.render_help().to_string())))
}

const CONFIG: &str = "\
Settings stand in .jit/config.toml and are versioned with the repository. The policy in force is the
strictest of those on the default branch (jit.defaultBranch, origin/HEAD, origin/main, origin/master,
main, master), in HEAD, in what is staged, in the worktree's file and in JIT_ENFORCE_LEASES: a worktree
can tighten it and not loosen it.

[worktree]
enforce_leases = \"off\" | \"warn\" | \"strict\"        what becomes of an edit without a lease [off]
mode = \"auto\" | \"on\" | \"off\"                      off: no leases, and issues of this worktree alone [auto]
allow_issue_creation = \"anywhere\" | \"main-only\"    main-only: in the primary worktree [anywhere]
agent = \"claude\"                                   what worktree spawn starts [claude]
post_spawn = \"npm ci\"                              prepares a new worktree
path_template = \"../{repo}.{name}\"                 where new worktrees are; {branch} {number} too [trees/{name}]

[global_operations]
require_main_history = true | false                whether config.toml and gates.json may change only on
                                                   top of the default branch [true]

[coordination]
default_ttl_secs = 600                             how long a lease lasts
stale_threshold_secs = 3600                        when a silent lease without an end is stale
max_indefinite_leases_per_agent = 2                leases without an end that one agent may have
max_indefinite_leases_per_repo = 10                leases without an end that there may be
renew_on_activity = true | false                   whether work on a leased issue renews its lease [true]
lease_renewal_threshold_pct = 10                   per cent of its time below which a lease is warned of

[agents.NAME]                                      an agent; claude, codex, gemini and shell are built in
command = [\"program\", \"argument\"]                  a list, or one program
interactive_args, headless_args, yolo_args = []    more, where somebody watches, nobody does, and with --yolo
prompt = \"Work on {id}\"                            {id} {short_id} {number} {title} {branch} {path}

agent, post_spawn, path_template and [agents.NAME] may stand in your own ~/.config/jit/agent.toml too, which
counts first. What the repository's file wants to run is run only after git jit worktree approve.
";
