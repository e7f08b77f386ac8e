//! `git jit worktree attach`: what an agent says that nobody watches, as it says it.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::commands::shared::candidates;
use crate::commands::shared::session::{CommandResult, Session};
use crate::commands::shared::worktree_list::AgentRunView;
use crate::commands::worktrees::meant;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::text::Styles;
use crate::output::{Output, Report};
use crate::store;

/// How often it is looked whether there is more.
const EVERY: Duration = Duration::from_millis(100);
/// How long after its end the one who tends it may take to write down how it ended.
const AFTERWARDS: Duration = Duration::from_secs(3);

// Arguments of `worktree attach`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The worktree: its issue's number or id, its directory's name, its branch, or its path
    #[arg(add = candidates::worktrees())]
    worktree: String,
    /// Print what it has said so far, and end
    #[arg(long)]
    no_follow: bool,
}

/// Prints the log, and goes on until the agent ends or nobody listens.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { worktree, no_follow } = args;
    let found = meant(session, session.layout()?, &worktree)?;
    let none = |hint: String| Error::NotThere { what: "log of an agent in", name: found.root.display().to_string(), hint };
    let view =
        AgentRunView::of(&found.git_dir).ok_or_else(|| none("To start one: git jit worktree spawn, with --headless".to_owned()))?;
    let Some(log) = view.log.as_ref().map(PathBuf::from) else {
        let hint = if view.alive {
            format!("{} is at work there, at a terminal of its own (process {})", view.name, view.pid)
        } else {
            "The last one there had a terminal of its own".to_owned()
        };
        return Err(none(hint));
    };
    let failed = || store::Error::io("read", &log);
    let mut file = File::open(&log).map_err(failed())?;
    let mut at = 0;
    let mut gone_since: Option<Instant> = None;
    loop {
        // Looked at before the log: what it says last is read in any case.
        let now = AgentRunView::of(&found.git_dir).filter(|now| now.log == view.log);
        let is_over = now.as_ref().is_none_or(|now| {
            let is_gone = !now.alive;
            is_gone && (now.ended_at.is_some() || gone_since.get_or_insert_with(Instant::now).elapsed() > AFTERWARDS)
        });
        let mut said = Vec::new();
        file.seek(SeekFrom::Start(at)).and_then(|_| file.read_to_end(&mut said)).map_err(failed())?;
        at += said.len() as u64;
        let is_heard = session.output.json || said.is_empty() || Output::stream(&String::from_utf8_lossy(&said));
        if no_follow || is_over || !is_heard || !Output::is_heard() {
            let last = now.unwrap_or(view);
            return Ok(Box::new(Attached { view: last, log: log.display().to_string(), bytes: at }));
        }
        std::thread::sleep(EVERY);
    }
}

struct Attached {
    view: AgentRunView,
    log: String,
    bytes: u64,
}

impl Report for Attached {
    fn json(&self) -> Value {
        json!({ "agent": self.view, "log": self.log, "bytes": self.bytes })
    }

    fn human(&self, _: &Styles) -> String {
        String::new()
    }

    fn aside(&self) -> Option<String> {
        let name = &self.view.name;
        Some(match self.view.status {
            _ if self.view.alive => format!("{name} is still at work"),
            None => format!("{name} is gone, and nobody knows how it ended: what tended it was killed too"),
            Some(_) => self.view.summary(),
        })
    }

    fn code(&self) -> u8 {
        let unknown = if self.view.alive { ExitStatus::Done } else { ExitStatus::Refused };
        self.view.status.unwrap_or(unknown.code())
    }
}
