//! `git jit setup`: everything that a repository and this clone of it need, in one command, and back again.
//!
//! Each step is the function behind a verb of its own (`init`, `config set`, `hooks install`), so there is one way to do each.
//! A step that fails does not keep the others from being done; the status is that of the first one that failed.

pub(crate) mod agents;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod hooks;
pub(crate) mod init;
mod remove;
mod steps;

use serde_json::{Value, json};

use crate::commands::setup::agents::KnownAgent;
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::policy::Enforcement;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::schema::Answer;
use crate::output::text::{Styles, plain_line};

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[];

const AFTER: &str = "\
The steps are those of git jit init, git jit config set, git jit hooks install and git jit agents install. What is there already stays as it is; a policy
is tightened and never loosened. A policy that is set counts in this worktree at once, and for everybody once it is committed.

--remove takes back the hooks and the merge driver of this clone, and of .jit and the files for agents what setup made and nobody
has edited, staged or committed. Issues, leases and everything that somebody did stay.";

// Arguments of `setup`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// Set the policy of this worktree's .jit/config.toml, unless a stricter one is in force
    #[arg(long, value_enum, value_name = "POLICY", conflicts_with = "remove")]
    enforce: Option<Level>,
    /// Tell coding agents of git jit too, in AGENTS.md, and in what the named ones read: git jit agents install
    #[arg(long, value_enum, num_args = 0.., require_equals = true, value_delimiter = ',', hide_possible_values = true)]
    #[arg(value_name = "AGENTS", conflicts_with = "remove")]
    agent_files: Option<Vec<KnownAgent>>,
    /// Only tell what is missing; exit 1 if anything is
    #[arg(long, conflicts_with_all = ["dry_run", "remove"])]
    check: bool,
    /// Only tell what would be done
    #[arg(long)]
    dry_run: bool,
    /// Take back what setup did
    #[arg(long)]
    remove: bool,
}

/// A policy that can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Level {
    /// An edit without a lease is reported
    Warn,
    /// It is refused
    Strict,
}

impl Level {
    fn word(self) -> &'static str {
        match self {
            Self::Warn => "warn",
            Self::Strict => "strict",
        }
    }

    fn enforcement(self) -> Enforcement {
        match self {
            Self::Warn => Enforcement::Warn,
            Self::Strict => Enforcement::Strict,
        }
    }
}

/// What is to become of the steps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SetupMode {
    SetUp,
    Check,
    DryRun,
    Remove,
    DryRemove,
}

impl SetupMode {
    fn word(self) -> &'static str {
        match self {
            Self::SetUp => "set_up",
            Self::Check => "check",
            Self::DryRun => "dry_run",
            Self::Remove => "remove",
            Self::DryRemove => "dry_remove",
        }
    }
}

/// What became of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PieceState {
    Done,
    Already,
    /// It would be done, or taken back.
    Due,
    Missing,
    Removed,
    /// There was nothing to take back.
    Absent,
    Kept,
    Failed(ExitStatus),
}

impl PieceState {
    fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Already => "already",
            Self::Due => "due",
            Self::Missing => "missing",
            Self::Removed => "removed",
            Self::Absent => "absent",
            Self::Kept => "kept",
            Self::Failed(_) => "failed",
        }
    }
}

/// One step, with what there is to say of it.
struct Piece {
    name: &'static str,
    state: PieceState,
    what: String,
    paths: Vec<String>,
    hints: Vec<String>,
}

impl Piece {
    fn new(name: &'static str, state: PieceState, what: impl Into<String>) -> Self {
        Self { name, state, what: what.into(), paths: Vec::new(), hints: Vec::new() }
    }

    fn with(self, paths: impl IntoIterator<Item = String>) -> Self {
        Self { paths: paths.into_iter().collect(), ..self }
    }

    /// The step, or how it failed.
    fn of(name: &'static str, done: Result<Self, Error>) -> Self {
        done.unwrap_or_else(|error| Self {
            hints: error.hints(),
            ..Self::new(name, PieceState::Failed(error.status()), error.to_string())
        })
    }
}

struct Setup {
    action: SetupMode,
    root: String,
    steps: Vec<Piece>,
    /// Whether a policy was written that is not committed yet.
    is_uncommitted: bool,
}

/// Does the steps, tells of them, or takes them back.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { enforce, agent_files, check, dry_run, remove } = args;
    let action = match (check, dry_run, remove) {
        (true, ..) => SetupMode::Check,
        (_, true, false) => SetupMode::DryRun,
        (_, false, true) => SetupMode::Remove,
        (_, true, true) => SetupMode::DryRemove,
        _ => SetupMode::SetUp,
    };
    let root = session.layout()?.require_worktree()?.display().to_string();
    let steps = if remove { remove::all(session, dry_run)? } else { steps::all(session, action, enforce, agent_files)? };
    let is_written = |step: &Piece| ["settings", "policy"].contains(&step.name) && step.state == PieceState::Done;
    let is_uncommitted = steps.iter().any(is_written);
    Ok(Box::new(Setup { action, root, steps, is_uncommitted }))
}

impl Report for Setup {
    fn json(&self) -> Value {
        let changed = self.steps.iter().any(|step| matches!(step.state, PieceState::Done | PieceState::Removed));
        let one = |step: &Piece| {
            json!({
                "step": step.name, "state": step.state.word(), "what": step.what, "paths": step.paths, "suggestions": step.hints,
            })
        };
        json!({
            "ok": self.status() == ExitStatus::Done, "changed": changed, "action": self.action.word(), "root": self.root,
            "steps": self.steps.iter().map(one).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let (mark, word) = match step.state {
                PieceState::Done => (styles.good("✓"), ""),
                PieceState::Already => (styles.good("✓"), "already so: "),
                PieceState::Due if self.action == SetupMode::DryRemove => (" ".to_owned(), "would be removed: "),
                PieceState::Due => (" ".to_owned(), "would be done: "),
                PieceState::Missing => (styles.bad("✗"), "missing: "),
                PieceState::Removed => (styles.good("✓"), "removed: "),
                PieceState::Absent => (" ".to_owned(), "not there: "),
                PieceState::Kept => (" ".to_owned(), "kept: "),
                PieceState::Failed(_) => (styles.bad("✗"), ""),
            };
            text += &format!("{mark} {:<13} {word}{}\n", step.name.replace('_', " "), plain_line(&step.what));
            for path in step.paths.iter().chain(&step.hints) {
                text += &format!("    {}\n", plain_line(path));
            }
        }
        if self.is_uncommitted {
            text += "Next: git add .jit && git commit: then it counts for everybody\n";
        }
        if self.action == SetupMode::Check && self.status() != ExitStatus::Done {
            text += "To put it right: git jit setup\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        let of = |step: &Piece| match step.state {
            PieceState::Failed(status) => Some(status),
            PieceState::Missing => Some(ExitStatus::Refused),
            _ => None,
        };
        self.steps.iter().find_map(of).unwrap_or(ExitStatus::Done)
    }
}
