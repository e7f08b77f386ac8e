//! The agent of a worktree: selects, starts and reports it.

mod run;

use std::ffi::OsString;
use std::path::Path;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::Session;
use crate::commands::worktrees::agent::run::SupervisedAgent;
pub(super) use crate::commands::worktrees::agent::run::{TendArgs, tend};
use crate::commands::worktrees::settings::WorktreeSettings;
use crate::domain::agent_command::{CommandTemplate, Manner, TemplateValues, Unable};
use crate::domain::issue::Issue;
use crate::domain::time::in_words;
use crate::error::Error;
use crate::process::background;
use crate::store::agent_run;
use crate::store::layout::Layout;
use crate::store::lock::Guard;
use crate::worktree::name;
use crate::worktree::{Blocker, Spawned, quoted};

// Which agent to start, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct AgentChoice {
    /// The agent: claude, codex, gemini, shell, or one from the configuration [default: from the configuration, claude]
    #[arg(long, value_name = "NAME", conflicts_with = "no_agent")]
    agent: Option<String>,
    /// Start no agent
    #[arg(long, conflicts_with_all = ["yolo", "headless", "args"])]
    no_agent: bool,
    /// Let the agent act without asking for permission
    #[arg(long)]
    yolo: bool,
    /// Start the agent in the background, with a log
    #[arg(long)]
    headless: bool,
    /// More arguments for the agent, after --
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// An agent that is known, approved and installed.
pub(crate) struct SelectedAgent {
    name: String,
    template: CommandTemplate,
    manner: Manner,
    extra: Vec<String>,
}

/// An agent that was started, and how it ended if it has.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StartedAgent {
    name: String,
    pid: u32,
    /// `None` if the agent has the terminal.
    log: Option<String>,
    /// The exit status; `None` while it runs.
    status: Option<u8>,
    lease: Option<AgentsLease>,
    /// Milliseconds until a kept lease expires; `None` for an indefinite lease.
    #[serde(skip)]
    left_ms: Option<u64>,
}

/// The state of the lease after its agent has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum AgentsLease {
    Released,
    /// It ends with the commit of the edit.
    Closing,
    /// It lasts until it expires.
    Stays,
    Lost,
}

impl AgentChoice {
    /// Selects the agent before anything is created. An error if it is unknown, not approved, not installed, or does not support the
    /// options.
    pub(crate) fn select(
        self,
        session: &Session,
        layout: &Layout,
        settings: &WorktreeSettings,
    ) -> Result<Option<SelectedAgent>, Error> {
        let Self { agent, no_agent, yolo, headless, args } = self;
        if no_agent {
            return Ok(None);
        }
        let name = agent.as_deref().unwrap_or_else(|| settings.agent_name()).to_owned();
        let template = settings.agent(session, layout, &name)?;
        let manner = Manner { headless, yolo };
        let nothing = TemplateValues { id: "", short_id: "", number: "", title: "", branch: "", path: "" };
        let unsupported = |option: &str, key: &str| Error::Usage {
            what: format!("the agent {name} does not support {option}"),
            hint: format!("Set {key} in [agents.{name}]: see git jit help config"),
        };
        let argv = template.argv(manner, &args, &nothing).map_err(|unable| match unable {
            Unable::Headless => unsupported("--headless", "headless_args"),
            Unable::Yolo => unsupported("--yolo", "yolo_args"),
        })?;
        let program = argv.first().map_or("", String::as_str);
        if background::on_path(program, &session.cx.cwd, session.cx.search_path.as_deref()).is_none() {
            let hint = "To create only the worktree: --no-agent. To start another agent: --agent NAME".to_owned();
            return Err(Error::NotThere { what: "program", name: program.to_owned(), hint });
        }
        Ok(Some(SelectedAgent { name, template, manner, extra: args }))
    }
}

impl SelectedAgent {
    /// Whether it runs in the background, without a terminal.
    pub(crate) fn is_headless(&self) -> bool {
        self.manner.headless
    }

    /// Starts the agent in its worktree, under its lease. `start_lock` is the worktree's start lock if the caller has it.
    pub(crate) fn start(
        self,
        session: &Session,
        spawned: &Spawned,
        issue: &Issue,
        start_lock: Option<Guard>,
    ) -> Result<StartedAgent, Error> {
        let layout = Layout::at(&spawned.path)?;
        let gone = || Blocker::Missing { path: spawned.path.clone() };
        let start_lock = match start_lock {
            Some(start_lock) => start_lock,
            None => agent_run::lock(&layout.git_dir, layout.modes)?.ok_or_else(gone)?,
        };
        let path = spawned.path.display().to_string();
        let values = TemplateValues {
            id: &issue.id.to_string(),
            short_id: &issue.id.short(),
            number: &name::number_of(issue),
            title: &issue.title,
            branch: &spawned.branch,
            path: &path,
        };
        let argv = self.template.argv(self.manner, &self.extra, &values).unwrap_or_default();
        let argv: Vec<OsString> = argv.into_iter().map(OsString::from).collect();
        if self.manner.yolo {
            let options = self.template.yolo_args.clone().unwrap_or_default().join(" ");
            session.output.warn(&format!("{} acts without asking for permission ({options})", self.name));
        }
        let agent = SupervisedAgent { session, layout: &layout, name: &self.name, issue_id: issue.id, lease_id: &spawned.lease_id };
        if self.manner.headless {
            return agent.run_in_background(&argv, spawned, start_lock);
        }
        session.output.narrate(&format!("{} in {path}; starting {}", spawned.branch, self.name));
        agent.run_to_end(&argv, None, Some(start_lock))
    }
}

impl StartedAgent {
    /// The exit status, if the agent has ended.
    pub(crate) fn status(&self) -> Option<u8> {
        self.status
    }

    /// How the agent ended, what happened to its lease, and the next commands.
    pub(crate) fn summary(&self, issue: &str, path: &Path) -> String {
        let name = &self.name;
        let Some(status) = self.status else {
            return format!("{name} is working on {issue}; to follow its log: git jit worktree attach {issue}");
        };
        let ended = if status == 0 { format!("{name} has finished") } else { format!("{name} exited with status {status}") };
        let next = || {
            let path = quoted(path);
            format!("To continue: git jit worktree spawn {issue}. To release it: git jit -C {path} claim release {issue}")
        };
        let lease = match (self.lease, self.left_ms) {
            (Some(AgentsLease::Released), _) => format!("the lease on {issue} is released"),
            (Some(AgentsLease::Closing), _) => {
                format!("the edit of {issue} is not committed yet, and the lease ends when it is")
            }
            (Some(AgentsLease::Stays), Some(left)) => format!("the lease on {issue} lasts {} more. {}", in_words(left), next()),
            (Some(AgentsLease::Stays), None) => format!("the lease on {issue} does not expire. {}", next()),
            (Some(AgentsLease::Lost) | None, _) => {
                format!("the lease on {issue} was lost before the end: see git jit claim log --issue {issue}")
            }
        };
        format!("{ended}; {lease}")
    }

    /// Lines of the report: the process and the log of a headless agent.
    pub(crate) fn lines(&self) -> String {
        match (&self.log, self.status) {
            (Some(log), None) => format!("  Agent:  {}\n  PID:    {}\n  Log:    {log}\n", self.name, self.pid),
            _ => String::new(),
        }
    }
}
