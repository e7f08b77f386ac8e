//! `git jit help` and `git jit version`.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::text::Styles;

const VERSION: &str = env!("CARGO_PKG_VERSION");

#[derive(Serialize, JsonSchema)]
pub(crate) struct VersionReport {
    version: &'static str,
}

/// The version of the program.
pub(crate) fn version() -> Box<dyn Report> {
    Box::new(VersionReport { version: VERSION })
}

impl Report for VersionReport {
    fn human(&self, _: &Styles) -> String {
        format!("git-jit {VERSION}\n")
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct ExitCodesReport {
    exit_codes: Vec<ExitCode>,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct ExitCode {
    status: u8,
    meaning: &'static str,
}

impl Report for ExitCodesReport {
    fn human(&self, _: &Styles) -> String {
        self.exit_codes.iter().map(|ExitCode { status, meaning }| format!("{status}  {meaning}\n")).collect()
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct HelpReport {
    help: String,
}

impl Report for HelpReport {
    fn human(&self, _: &Styles) -> String {
        self.help.clone()
    }
}

/// Explains a verb or a topic.
pub(crate) fn run(session: &Session, topic: &[String]) -> CommandResult {
    match topic {
        [topic] if topic == "exit-codes" => {
            let exit_code = |&(status, meaning): &(ExitStatus, &'static str)| ExitCode { status: status.code(), meaning };
            return Ok(Box::new(ExitCodesReport { exit_codes: ExitStatus::TABLE.iter().map(exit_code).collect() }));
        }
        [topic] if topic == "config" => return Ok(Box::new(HelpReport { help: CONFIG.to_owned() })),
        _ => {}
    }
    let mut root = (session.program.command)();
    root.build();
    let mut command = &mut root;
    for word in topic {
        command = command.find_subcommand_mut(word).ok_or_else(|| Error::Usage {
            what: format!("no verb or topic '{}'", topic.join(" ")),
            hint: "See git jit help".to_owned(),
        })?;
    }
    Ok(Box::new(HelpReport { help: command.render_help().to_string() }))
}

const CONFIG: &str = "\
Settings are in .jit/config.toml, versioned with the repository. The policy in force is the strictest of
those on the default branch (jit.defaultBranch, origin/HEAD, origin/main, origin/master, main, master), in
HEAD, in the index, in the worktree's file and in JIT_ENFORCE_LEASES: a worktree can tighten it, but not
loosen it.

[worktree]
enforce_leases = \"off\" | \"warn\" | \"strict\"        what to do about an edit without a lease [off]
mode = \"auto\" | \"on\" | \"off\"                      off: no leases, and only issues of this worktree [auto]
allow_issue_creation = \"anywhere\" | \"main-only\"    main-only: only in the primary worktree [anywhere]
agent = \"claude\"                                   the agent that worktree spawn starts [claude]
post_spawn = \"npm ci\"                              a command that prepares a new worktree
path_template = \"../{repo}.{name}\"                 the path of a new worktree; {branch} {number} too [trees/{name}]

[global_operations]
require_main_history = true | false                whether config.toml and gates.json may change only on
                                                   top of the default branch [true]

[coordination]
default_ttl_secs = 600                             how long a lease lasts
stale_threshold_secs = 3600                        when an indefinite lease without a sign of life is stale
max_indefinite_leases_per_agent = 2                indefinite leases that one agent may have
max_indefinite_leases_per_repo = 10                indefinite leases in the repository
renew_on_activity = true | false                   whether work on a leased issue renews its lease [true]
lease_renewal_threshold_pct = 10                   warn when less than this percentage of the time is left

[agents.NAME]                                      an agent; claude, codex, gemini and shell are built in
command = [\"program\", \"argument\"]                  a list, or one program
interactive_args, headless_args, yolo_args = []    more arguments: in a terminal, without one, with --yolo
prompt = \"Work on {id}\"                            {id} {short_id} {number} {title} {branch} {path}

agent, post_spawn, path_template and [agents.NAME] may also be in your own ~/.config/jit/agent.toml, which
has precedence. Commands of the repository's file are run only after git jit worktree approve.
";
