//! `git jit hooks`: put in place, looked after, taken away.

mod status;

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::enforce::adopt;
use crate::error::Error;
use crate::hooks::install::{self, InstallMode, Installed, Uninstalled};
use crate::output::Report;
use crate::output::text::{Styles, count};
use crate::store::layout::Layout;

/// Verbs of `hooks`.
#[derive(Debug, clap::Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Put pre-commit, pre-merge-commit and pre-push where Git looks for them, a hook that is there first; set up the merge driver
    Install(InstallArgs),
    /// Take them away again, the merge driver too, and put back what stood there
    Uninstall(UninstallArgs),
    /// Tell what stands in each hook's place, seen from every worktree, and whether it refuses what it must
    Status(status::Args),
}

// Arguments of `hooks install`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {
    /// How Git is told of them
    #[arg(long, value_enum, default_value_t, value_name = "MODE")]
    mode: InstallMode,
}

// Arguments of `hooks uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallArgs {}

/// What installing came to.
pub(crate) struct Placed {
    installed: Installed,
    adopted: usize,
}

impl Placed {
    /// What was done to hooks, a line each; none where all was so already.
    pub(crate) fn lines(&self) -> Vec<String> {
        let Installed { written, kept, tracked, .. } = &self.installed;
        let mut lines = paths(written);
        if !written.is_empty() {
            lines.extend(paths(kept).into_iter().map(|kept| format!("what stood there runs first: {kept}")));
            let tracked = tracked.iter();
            lines.extend(
                tracked.map(|dir| {
                    format!("{} is a part of this worktree: commit it, or other worktrees have no hooks", dir.display())
                }),
            );
        }
        if self.adopted > 0 {
            lines.push(format!("adopted {} of issues in commits that are not published yet", count(self.adopted, "change")));
        }
        lines
    }
}

/// Puts the hooks in place, and adopts what they have not seen.
pub(crate) fn install(session: &Session, layout: &Layout, mode: InstallMode) -> Result<Placed, Error> {
    let installed = install::install(&session.cx, layout, mode)?;
    let adopted = adopt::once(&session.cx, layout, session.agent_flag.as_deref())?;
    Ok(Placed { installed, adopted })
}

/// Runs a verb of `hooks`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    let layout = session.layout()?;
    match verb {
        Verb::Install(InstallArgs { mode }) => Ok(Box::new(install(session, layout, mode)?)),
        Verb::Uninstall(UninstallArgs {}) => Ok(Box::new(install::uninstall(layout)?)),
        Verb::Status(args) => status::run(session, args),
    }
}

/// What is said where the merge driver was set up.
pub(crate) const DRIVER: &str = "  issues are merged field by field, in all worktrees of this clone\n";

fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

impl Report for Placed {
    fn json(&self) -> Value {
        let Installed { written, kept, tracked, driver } = &self.installed;
        json!({
            "changed": !written.is_empty() || *driver || self.adopted > 0, "hooks": paths(written), "kept": paths(kept),
            "merge_driver": driver,
            "tracked": tracked.as_ref().map(|dir| dir.display().to_string()), "adopted": self.adopted,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Installed { written, driver, .. } = &self.installed;
        let head = if written.is_empty() { "The hooks are in place already".to_owned() } else { styles.good("✓ Installed") };
        let list: String = self.lines().iter().map(|line| format!("  {line}\n")).collect();
        format!("{head}\n{list}{}", if *driver { DRIVER } else { "" })
    }
}

impl Report for Uninstalled {
    fn json(&self) -> Value {
        json!({ "changed": !self.removed.is_empty() || self.driver, "hooks": paths(&self.removed), "merge_driver": self.driver })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.removed.is_empty() && !self.driver {
            return "No hooks of git jit here\n".to_owned();
        }
        let list: String = paths(&self.removed).iter().map(|path| format!("  {path}\n")).collect();
        let driver = if self.driver { "  the merge driver of this clone\n" } else { "" };
        format!("{}\n{list}{driver}", styles.good("✓ Removed"))
    }
}
