//! `git jit hooks`: installs, checks and removes the Git hooks.

mod status;

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

pub(crate) use crate::commands::setup::hooks::status::HooksStatusReport;
use crate::commands::shared::session::{CommandResult, Session};
use crate::enforce::adopt;
use crate::error::Error;
use crate::hooks::install::{self, InstallMode};
use crate::output::Report;
use crate::output::text::{Styles, count};
use crate::store::layout::Layout;

/// Verbs of `hooks`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Install pre-commit, pre-merge-commit and pre-push, which run existing hooks first, and the merge driver
    Install(InstallArgs),
    /// Remove the hooks and the merge driver, and restore the hooks that were there before
    Uninstall(UninstallArgs),
    /// Show the state of each hook as every worktree sees it, and whether it refuses a bad edit
    Status(status::Args),
}

// Arguments of `hooks install`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// How Git finds the hooks
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    mode: InstallMode,
}

// Arguments of `hooks uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallArgs {}

/// What was installed.
#[derive(Serialize, JsonSchema)]
pub(crate) struct InstallReport {
    changed: bool,
    hooks: Vec<String>,
    kept: Vec<String>,
    merge_driver: bool,
    tracked: Option<String>,
    adopted: usize,
}

impl InstallReport {
    /// What was done to the hooks, line by line; empty if nothing changed.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = self.hooks.clone();
        if !self.hooks.is_empty() {
            lines.extend(self.kept.iter().map(|kept| format!("existing hook, runs first: {kept}")));
            let tracked = self.tracked.iter();
            lines.extend(tracked.map(|dir| format!("{dir} is in this worktree: commit it, or other worktrees have no hooks")));
        }
        if self.adopted > 0 {
            lines.push(format!("adopted {} of issues in unpublished commits", count(self.adopted, "change")));
        }
        lines
    }
}

/// Installs the hooks, and adopts the edits of before that they could not check.
pub(crate) fn install(session: &Session, layout: &Layout, mode: InstallMode) -> Result<InstallReport, Error> {
    let installed = install::install(&session.cx, layout, mode)?;
    let adopted = adopt::once(&session.cx, layout, session.agent_flag.as_deref())?;
    Ok(InstallReport {
        changed: !installed.written.is_empty() || installed.driver || adopted > 0,
        hooks: display(&installed.written),
        kept: display(&installed.kept),
        merge_driver: installed.driver,
        tracked: installed.tracked.map(|dir| dir.display().to_string()),
        adopted,
    })
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct UninstallReport {
    changed: bool,
    hooks: Vec<String>,
    merge_driver: bool,
}

/// Runs a verb of `hooks`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    let layout = session.layout()?;
    match verb {
        Verb::Install(InstallArgs { mode }) => Ok(Box::new(install(session, layout, mode)?)),
        Verb::Uninstall(UninstallArgs {}) => {
            let removed = install::uninstall(layout)?;
            let changed = !removed.removed.is_empty() || removed.driver;
            Ok(Box::new(UninstallReport { changed, hooks: display(&removed.removed), merge_driver: removed.driver }))
        }
        Verb::Status(args) => status::run(session, args),
    }
}

/// The line that reports that the merge driver was set up.
pub(crate) const DRIVER: &str = "  issues are merged field by field, in all worktrees of this clone\n";

fn display(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

impl Report for InstallReport {
    fn human(&self, styles: &Styles) -> String {
        let head = if self.hooks.is_empty() { "The hooks are already installed".to_owned() } else { styles.good("✓ Installed") };
        let list: String = self.lines().iter().map(|line| format!("  {line}\n")).collect();
        format!("{head}\n{list}{}", if self.merge_driver { DRIVER } else { "" })
    }
}

impl Report for UninstallReport {
    fn human(&self, styles: &Styles) -> String {
        if !self.changed {
            return "No hooks of git jit are installed\n".to_owned();
        }
        let list: String = self.hooks.iter().map(|path| format!("  {path}\n")).collect();
        let driver = if self.merge_driver { "  the merge driver of this clone\n" } else { "" };
        format!("{}\n{list}{driver}", styles.good("✓ Removed"))
    }
}
