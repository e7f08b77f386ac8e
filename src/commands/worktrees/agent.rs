//! The agent of a worktree: which one, how it is started, and what became of it.

mod run;
mod view;

use std::ffi::OsString;
use std::path::Path;

use serde_json::{Value, json};

use crate::commands::shared::session::Session;
use crate::commands::worktrees::agent::run::Run;
pub(super) use crate::commands::worktrees::agent::run::{TendArgs, tend};
pub(super) use crate::commands::worktrees::agent::view::AgentRunView;
use crate::commands::worktrees::elsewhere;
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

// Which agent, and how.
#[derive(Debug, clap::Args)]
pub(crate) struct AgentChoice {
    /// The agent: claude, codex, gemini, shell, or one of the configuration [default: the configuration's, claude]
    #[arg(long, value_name = "NAME", conflicts_with = "no_agent")]
    agent: Option<String>,
    /// Start none
    #[arg(long, conflicts_with_all = ["yolo", "headless", "args"])]
    no_agent: bool,
    /// Let it do what it likes without asking
    #[arg(long)]
    yolo: bool,
    /// Start it in the background, with a log
    #[arg(long)]
    headless: bool,
    /// More arguments for it, behind --
    #[arg(last = true, value_name = "ARGS")]
    args: Vec<String>,
}

/// An agent that can be started.
pub(crate) struct Chosen {
    name: String,
    template: CommandTemplate,
    manner: Manner,
    extra: Vec<String>,
}

/// What became of it.
pub(crate) struct AgentReport {
    name: String,
    pid: u32,
    log: Option<String>,
    status: Option<u8>,
    end: Option<LeaseAfterAgent>,
}

/// What became of the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LeaseAfterAgent {
    Released,
    Closing,
    Stays { left_ms: Option<u64> },
    Lost,
}

impl AgentChoice {
    /// The agent that is meant, looked at before anything is made: whether it is known, allowed, able and there.
    pub(crate) fn choose(self, session: &Session, layout: &Layout, settings: &WorktreeSettings) -> Result<Option<Chosen>, Error> {
        let Self { agent, no_agent, yolo, headless, args } = self;
        if no_agent {
            return Ok(None);
        }
        let name = agent.as_deref().unwrap_or_else(|| settings.agent_name()).to_owned();
        let template = settings.agent(session, layout, &name)?;
        let manner = Manner { headless, yolo };
        let nothing = TemplateValues { id: "", short_id: "", number: "", title: "", branch: "", path: "" };
        let argv = template.argv(manner, &args, &nothing).map_err(|unable| match unable {
            Unable::Headless => usage(format!("{name} cannot be started with --headless"), &name, "headless_args"),
            Unable::Yolo => usage(format!("{name} has nothing for --yolo"), &name, "yolo_args"),
        })?;
        let program = argv.first().map_or("", String::as_str);
        if background::on_path(program, &session.cx.cwd, session.cx.search_path.as_deref()).is_none() {
            let hint = "To make the worktree alone: --no-agent. To have another agent: --agent NAME".to_owned();
            return Err(Error::NotThere { what: "program", name: program.to_owned(), hint });
        }
        Ok(Some(Chosen { name, template, manner, extra: args }))
    }
}

fn usage(what: String, name: &str, key: &str) -> Error {
    Error::Usage { what, hint: format!("To say how: {key} in [agents.{name}], see git jit help config") }
}

impl Chosen {
    /// Whether nobody will sit at its terminal.
    pub(crate) fn is_headless(&self) -> bool {
        self.manner.headless
    }

    /// Starts it in a worktree that is there, under the lease that was taken for it.
    pub(crate) fn start(
        self,
        session: &Session,
        spawned: &Spawned,
        issue: &Issue,
        door: Option<Guard>,
    ) -> Result<AgentReport, Error> {
        let layout = elsewhere(&spawned.path)?;
        let gone = || Blocker::Missing { path: spawned.path.clone() };
        let door = match door {
            Some(door) => door,
            None => agent_run::lock(&layout.git_dir, layout.modes)?.ok_or_else(gone)?,
        };
        let path = spawned.path.display().to_string();
        let facts = TemplateValues {
            id: &issue.id.to_string(),
            short_id: &issue.id.short(),
            number: &name::number_of(issue),
            title: &issue.title,
            branch: &spawned.branch,
            path: &path,
        };
        let argv = self.template.argv(self.manner, &self.extra, &facts).unwrap_or_default();
        let argv: Vec<OsString> = argv.into_iter().map(OsString::from).collect();
        if self.manner.yolo {
            let words = self.template.yolo_args.clone().unwrap_or_default().join(" ");
            session.output.warn(&format!("{} asks nobody before it acts ({words})", self.name));
        }
        let run = Run { session, layout: &layout, name: &self.name, issue_id: issue.id, lease_id: &spawned.lease_id };
        if self.manner.headless {
            return run.in_background(&argv, spawned, door);
        }
        session.output.narrate(&format!("{} in {path}; starting {}", spawned.branch, self.name));
        run.to_its_end(&argv, None, Some(door))
    }
}

impl AgentReport {
    /// The status that it ended with, if it has.
    pub(crate) fn status(&self) -> Option<u8> {
        self.status
    }

    /// As programs are told.
    pub(crate) fn json(&self) -> Value {
        let end = self.end.map(|end| match end {
            LeaseAfterAgent::Released => "released",
            LeaseAfterAgent::Closing => "closing",
            LeaseAfterAgent::Stays { .. } => "stays",
            LeaseAfterAgent::Lost => "lost",
        });
        json!({ "name": self.name, "pid": self.pid, "log": self.log, "status": self.status, "lease": end })
    }

    /// As people are told: how it ended, what became of the lease, and how to go on.
    pub(crate) fn told(&self, issue: &str, path: &Path) -> String {
        let name = &self.name;
        let Some(status) = self.status else {
            return format!("{name} is at work on {issue}; to see what it says: git jit worktree attach {issue}");
        };
        let ended = if status == 0 { format!("{name} is done") } else { format!("{name} ended with status {status}") };
        let there = quoted(path);
        let next = format!("To go on: git jit worktree spawn {issue}. To give it back: git jit -C {there} claim release {issue}");
        let lease = match self.end {
            Some(LeaseAfterAgent::Released) => format!("the lease on {issue} is released"),
            Some(LeaseAfterAgent::Closing) => format!("{issue} has an edit that is not committed: its lease ends with that commit"),
            Some(LeaseAfterAgent::Stays { left_ms: Some(left) }) => {
                format!("the lease on {issue} stays for {}. {next}", in_words(left))
            }
            Some(LeaseAfterAgent::Stays { left_ms: None }) => format!("the lease on {issue} stays. {next}"),
            Some(LeaseAfterAgent::Lost) | None => format!("{issue} was not held to the end: see git jit claim log --issue {issue}"),
        };
        format!("{ended}; {lease}")
    }

    /// Lines of an answer: process and log of one that is in the background.
    pub(crate) fn lines(&self) -> String {
        match (&self.log, self.status) {
            (Some(log), None) => format!("  Agent:  {}\n  PID:    {}\n  Log:    {log}\n", self.name, self.pid),
            _ => String::new(),
        }
    }
}
