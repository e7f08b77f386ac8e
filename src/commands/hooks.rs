//! `git jit hooks`: put in place, taken away.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::{Answer, Session};
use crate::hook::{adopt, install};
use crate::output::Report;
use crate::output::human::Styles;

/// Verbs of `hooks`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Put pre-commit, pre-merge-commit and pre-push where Git looks for them
    Install(InstallArgs),
    /// Take them away again
    Uninstall(UninstallArgs),
}

/// Arguments of `hooks install`.
#[derive(Debug, clap::Args)]
pub(crate) struct InstallArgs {}

/// Arguments of `hooks uninstall`.
#[derive(Debug, clap::Args)]
pub(crate) struct UninstallArgs {}

struct Installed {
    written: Vec<PathBuf>,
    adopted: usize,
}

struct Uninstalled {
    removed: Vec<PathBuf>,
}

/// Runs a verb of `hooks`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    let layout = session.layout()?;
    match verb {
        Verb::Install(InstallArgs {}) => {
            let written = install::install(&session.cx, layout)?;
            let adopted = adopt::once(&session.cx, layout, session.agent_flag.as_deref())?;
            Ok(Box::new(Installed { written, adopted }))
        }
        Verb::Uninstall(UninstallArgs {}) => {
            let removed = install::uninstall(layout)?;
            Ok(Box::new(Uninstalled { removed }))
        }
    }
}

fn paths(paths: &[PathBuf]) -> Vec<String> {
    paths.iter().map(|path| path.display().to_string()).collect()
}

impl Report for Installed {
    fn json(&self) -> Value {
        json!({ "changed": !self.written.is_empty() || self.adopted > 0, "hooks": paths(&self.written), "adopted": self.adopted })
    }

    fn human(&self, styles: &Styles) -> String {
        let mut text = match self.written.as_slice() {
            [] => "The hooks are in place already\n".to_owned(),
            written => {
                let list: String = paths(written).iter().map(|path| format!("  {path}\n")).collect();
                format!("{}\n{list}", styles.good("✓ Installed"))
            }
        };
        if self.adopted > 0 {
            text += &format!("  adopted {} changes of issues in commits that are not published yet\n", self.adopted);
        }
        text
    }
}

impl Report for Uninstalled {
    fn json(&self) -> Value {
        json!({ "changed": !self.removed.is_empty(), "hooks": paths(&self.removed) })
    }

    fn human(&self, styles: &Styles) -> String {
        match self.removed.as_slice() {
            [] => "No hooks of git jit here\n".to_owned(),
            removed => {
                let list: String = paths(removed).iter().map(|path| format!("  {path}\n")).collect();
                format!("{}\n{list}", styles.good("✓ Removed"))
            }
        }
    }
}
