//! `git jit setup`: installs everything that a repository and this clone need, and removes it again.
//!
//! Each piece uses the function behind a command of its own (`init`, `config set`, `hooks install`), so there is one way to do
//! each. A piece that fails does not stop the others. The exit status is that of the first failure.

pub(crate) mod agents;
pub(crate) mod config;
pub(crate) mod doctor;
pub(crate) mod hooks;
pub(crate) mod init;
mod pieces;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::setup::agents::KnownAgent;
use crate::commands::setup::pieces::{PieceName, PieceState, SetupTarget, StepReport};
use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::policy::Enforcement;
use crate::exit::ExitStatus;
use crate::output::Report;
use crate::output::schema::Answer;
use crate::output::text::{Styles, plain_line};

/// What the verbs of this group answer with `--json`.
pub(crate) const ANSWERS: &[Answer] = &[
    Answer::of::<SetupReport>("setup"),
    Answer::of::<init::InitReport>("init"),
    Answer::of::<agents::AgentFilesReport>("agents install"),
    Answer::of::<agents::GuardReport>("agents guard"),
    Answer::of::<config::SettingsReport>("config show"),
    Answer::of::<config::SettingReport>("config get"),
    Answer::of::<config::SettingChange>("config set"),
    Answer::of::<config::SettingChange>("config unset"),
    Answer::of::<config::ValidationReport>("config validate"),
    Answer::of::<doctor::DoctorReport>("doctor"),
    Answer::of::<hooks::InstallReport>("hooks install"),
    Answer::of::<hooks::HooksStatusReport>("hooks status"),
    Answer::of::<hooks::UninstallReport>("hooks uninstall"),
];

const AFTER: &str = "\
The steps are those of git jit init, git jit config set, git jit hooks install and git jit agents install. Existing files are kept.
A policy is only ever tightened. It applies in this worktree at once, and for everyone after it is committed.

--remove uninstalls the hooks and the merge driver of this clone. From .jit and the agent files it removes what setup created,
unless that was edited, staged or committed. Issues, leases and all other work are kept.";

// Arguments of `setup`.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub(crate) struct Args {
    /// Set the policy in this worktree's .jit/config.toml, unless a stricter one is in force
    #[arg(long, value_enum, value_name = "POLICY", conflicts_with = "remove")]
    enforce: Option<EnforceLevel>,
    /// Also install instructions for coding agents, in AGENTS.md and in the files of the named agents: git jit agents install
    #[arg(long, value_enum, num_args = 0.., require_equals = true, value_delimiter = ',', hide_possible_values = true)]
    #[arg(value_name = "AGENTS", conflicts_with = "remove")]
    agent_files: Option<Vec<KnownAgent>>,
    /// Only report what is missing; exit 1 if anything is
    #[arg(long, conflicts_with_all = ["dry_run", "remove"])]
    check: bool,
    /// Only report what would be done
    #[arg(long)]
    dry_run: bool,
    /// Remove what setup installed
    #[arg(long)]
    remove: bool,
}

/// A policy that `--enforce` accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum EnforceLevel {
    /// Report an edit without a lease
    Warn,
    /// Refuse it
    Strict,
}

impl EnforceLevel {
    fn enforcement(self) -> Enforcement {
        match self {
            Self::Warn => Enforcement::Warn,
            Self::Strict => Enforcement::Strict,
        }
    }
}

/// What to do with every piece.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
enum SetupMode {
    SetUp,
    Check,
    DryRun,
    Remove,
    DryRemove,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct SetupReport {
    ok: bool,
    changed: bool,
    action: SetupMode,
    root: String,
    steps: Vec<StepReport>,
}

/// Installs, checks or removes every piece.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { enforce, agent_files, check, dry_run, remove } = args;
    let action = match (check, dry_run, remove) {
        (true, ..) => SetupMode::Check,
        (_, true, false) => SetupMode::DryRun,
        (_, false, true) => SetupMode::Remove,
        (_, true, true) => SetupMode::DryRemove,
        _ => SetupMode::SetUp,
    };
    let layout = session.layout()?;
    let root = layout.require_worktree()?;
    let pieces = pieces::select(action, enforce, agent_files);
    let target = SetupTarget { session, layout, root };
    let steps: Vec<StepReport> = pieces.iter().filter_map(|piece| pieces::run(piece.as_ref(), &target, action)).collect();
    Ok(Box::new(SetupReport {
        ok: steps.iter().all(|step| step.status == ExitStatus::Done),
        changed: steps.iter().any(|step| matches!(step.state, PieceState::Done | PieceState::Removed)),
        action,
        root: root.display().to_string(),
        steps,
    }))
}

impl Report for SetupReport {
    fn human(&self, styles: &Styles) -> String {
        let mut text = String::new();
        for step in &self.steps {
            let (mark, state) = match step.state {
                PieceState::Done => (styles.good("✓"), ""),
                PieceState::Already => (styles.good("✓"), "unchanged: "),
                PieceState::Due if self.action == SetupMode::DryRemove => (" ".to_owned(), "would be removed: "),
                PieceState::Due => (" ".to_owned(), "would be done: "),
                PieceState::Missing => (styles.bad("✗"), "missing: "),
                PieceState::Removed => (styles.good("✓"), "removed: "),
                PieceState::Absent => (" ".to_owned(), "not installed: "),
                PieceState::Kept => (" ".to_owned(), "kept: "),
                PieceState::Failed => (styles.bad("✗"), ""),
            };
            text += &format!("{mark} {:<13} {state}{}\n", step.step.heading(), plain_line(&step.what));
            for line in step.paths.iter().chain(&step.suggestions) {
                text += &format!("    {}\n", plain_line(line));
            }
        }
        let wrote_config =
            |step: &StepReport| matches!(step.step, PieceName::Settings | PieceName::Policy) && step.state == PieceState::Done;
        if self.steps.iter().any(wrote_config) {
            text += "Next: git add .jit && git commit, so that it applies to everyone\n";
        }
        if self.action == SetupMode::Check && !self.ok {
            text += "Install what is missing: git jit setup\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        self.steps.iter().map(|step| step.status).find(|status| *status != ExitStatus::Done).unwrap_or(ExitStatus::Done)
    }
}
