//! `git jit worktree attach`: follows the log of a headless agent.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::worktree_list::AgentRunView;
use crate::commands::worktrees::find;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::text::Styles;
use crate::output::{Output, Report};
use crate::store;

/// The interval between two reads of the log.
const INTERVAL: Duration = Duration::from_millis(100);
/// How long the supervising process may take to record the end of its agent.
const RECORD_TIMEOUT: Duration = Duration::from_secs(3);

// Arguments of `worktree attach`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The worktree: its issue's number or id, its directory's name, its branch, or its path
    #[arg(add = candidates::worktrees())]
    worktree: String,
    /// Print the log so far, and exit
    #[arg(long)]
    no_follow: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Attached {
    agent: AgentRunView,
    log: String,
    bytes: u64,
}

/// Prints the log until the agent ends or stdout is closed.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { worktree, no_follow } = args;
    let found = find(session, session.layout()?, &worktree)?;
    let no_log = |hint: String| Error::NotThere { what: "log of an agent in", name: found.root.display().to_string(), hint };
    let agent = AgentRunView::of(&found.git_dir)
        .ok_or_else(|| no_log("To start one: git jit worktree spawn, with --headless".to_owned()))?;
    let Some(log) = agent.log.as_ref().map(PathBuf::from) else {
        let hint = if agent.alive {
            format!("{} is running there in a terminal (process {})", agent.name, agent.pid)
        } else {
            "The last agent there ran in a terminal".to_owned()
        };
        return Err(no_log(hint));
    };
    let failed = || store::Error::io("read", &log);
    let mut file = File::open(&log).map_err(failed())?;
    let mut bytes = 0;
    let mut gone_since: Option<Instant> = None;
    loop {
        // The state is read before the log, so that the agent's last output is never missed.
        let now = AgentRunView::of(&found.git_dir).filter(|now| now.log == agent.log);
        let is_over = now.as_ref().is_none_or(|now| {
            !now.alive && (now.ended_at.is_some() || gone_since.get_or_insert_with(Instant::now).elapsed() > RECORD_TIMEOUT)
        });
        let mut text = Vec::new();
        file.seek(SeekFrom::Start(bytes)).and_then(|_| file.read_to_end(&mut text)).map_err(failed())?;
        bytes += text.len() as u64;
        let is_open = session.output.json || text.is_empty() || Output::stream(&String::from_utf8_lossy(&text));
        if no_follow || is_over || !is_open || !Output::is_heard() {
            return Ok(Box::new(Attached { agent: now.unwrap_or(agent), log: log.display().to_string(), bytes }));
        }
        std::thread::sleep(INTERVAL);
    }
}

impl Report for Attached {
    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let name = &self.agent.name;
        Some(match self.agent.status {
            _ if self.agent.alive => format!("{name} is still running"),
            None => format!("{name} is gone, and its exit status is unknown: its supervising process was killed too"),
            Some(_) => self.agent.summary(),
        })
    }

    fn code(&self) -> u8 {
        let unknown = if self.agent.alive { ExitStatus::Done } else { ExitStatus::Refused };
        self.agent.status.unwrap_or(unknown.code())
    }
}
