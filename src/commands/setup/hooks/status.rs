//! `git jit hooks status`: what stands in each hook's place, and whether it refuses what it must.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::exit::ExitStatus;
use crate::hooks::install::canary::{self, CanaryResult};
use crate::hooks::install::config_hooks;
use crate::hooks::install::{HOOKS, HookSlot, Site};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::worktrees;

// Arguments of `hooks status`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each hook is shown an edit that nobody made, as strict would judge it; nothing is written. Hooks of others are\n\
                        not run for that, unless with --canary: they may change files."
)]
pub(crate) struct Args {
    /// Try hooks that somebody else calls ours from, too
    #[arg(long)]
    canary: bool,
}

struct Hook {
    name: &'static str,
    path: PathBuf,
    place: HookSlot,
    is_configured: bool,
    /// Where the hook is that stood there before ours, if it is kept.
    kept: Option<PathBuf>,
    /// What came of an edit that nobody made, where that was tried.
    canary: Option<CanaryResult>,
}

impl Hook {
    fn runs(&self) -> bool {
        self.is_configured || self.place.runs_ours()
    }

    fn is_well(&self) -> bool {
        self.runs() && !matches!(self.canary, Some(CanaryResult::Passed(_)))
    }
}

struct HooksStatus {
    hooks: Vec<Hook>,
    /// Worktrees whose hooks are somewhere else, or cannot be found.
    elsewhere: Vec<(PathBuf, String)>,
}

/// Looks at every hook.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { canary } = args;
    let layout = session.layout()?;
    let site = Site::of(layout)?;
    let configured = config_hooks::in_force(layout)?;
    let is_off = !session.policy(layout).worktrees;
    let mut hooks = Vec::new();
    for (name, _, place) in site.slots()? {
        let is_configured = configured.contains(&name);
        let is_tried = is_configured || matches!(place, HookSlot::Ours) || (canary && place.runs_ours());
        let path = site.hook(name);
        let file = Some(path.as_path()).filter(|_| !is_configured);
        let canary = if is_tried && !is_off { Some(canary::probe(&session.cx, layout, name, file)?) } else { None };
        hooks.push(Hook { name, path, place, is_configured, kept: site.kept(name), canary });
    }
    let mut elsewhere = Vec::new();
    for worktree in worktrees::list(layout)?.into_iter().filter(|worktree| !worktree.is_missing) {
        match Site::seen_from(&worktree.root, &layout.common_dir) {
            Ok(other) if other.dir == site.dir => {}
            Ok(other) => {
                let places = other.slots()?;
                let without: Vec<&str> = places.iter().filter(|(_, _, place)| !place.runs_ours()).map(|(name, ..)| *name).collect();
                if !without.is_empty() && configured.len() < HOOKS.len() {
                    elsewhere.push((worktree.root, format!("{}, without {}", other.dir.display(), without.join(", "))));
                }
            }
            Err(error) => elsewhere.push((worktree.root, error.to_string())),
        }
    }
    Ok(Box::new(HooksStatus { hooks, elsewhere }))
}

impl Report for HooksStatus {
    fn json(&self) -> Value {
        let hook = |hook: &Hook| {
            let canary = hook.canary.as_ref().map(|canary| if *canary == CanaryResult::Refused { "refused" } else { "passed" });
            let manager = if let HookSlot::Managed(manager) = hook.place { Some(manager.name()) } else { None };
            json!({
                "hook": hook.name, "path": hook.path.display().to_string(), "place": hook.place.as_str(), "manager": manager,
                "configured": hook.is_configured, "runs": hook.runs(), "canary": canary,
            })
        };
        let elsewhere = |(root, why): &(PathBuf, String)| json!({ "root": root.display().to_string(), "hooks": why });
        json!({
            "ok": self.status() == ExitStatus::Done, "hooks": self.hooks.iter().map(hook).collect::<Vec<_>>(),
            "elsewhere": self.elsewhere.iter().map(elsewhere).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let line = |hook: &Hook| {
            let mark = if hook.is_well() { styles.good("✓") } else { styles.bad("✗") };
            let place = match hook.place {
                _ if hook.is_configured => "by configuration",
                HookSlot::Ours => "in place",
                HookSlot::Edited => "in place, and edited since",
                HookSlot::Served => "called by a hook of somebody else",
                HookSlot::Free => "not installed",
                HookSlot::Foreign => "somebody else's, which does not call ours",
                HookSlot::Managed(_) => "owned by a manager that does not call ours",
            };
            let canary = match &hook.canary {
                None if hook.place == HookSlot::Served => "; not tried: git jit hooks status --canary".to_owned(),
                None => String::new(),
                Some(CanaryResult::Refused) => "; refuses what it must".to_owned(),
                Some(CanaryResult::Passed(said)) => {
                    format!("; {} an edit that nobody made: {}", styles.bad("let through"), plain_line(said))
                }
            };
            format!("{mark} {:<17} {place}{canary}\n  {}\n", hook.name, styles.faint(&hook.path.display().to_string()))
        };
        let mut text: String = self.hooks.iter().map(line).collect();
        for hook in &self.hooks {
            if let (HookSlot::Free, Some(aside)) = (hook.place, &hook.kept) {
                let mark = styles.bad("✗");
                text += &format!("{mark} {} was put aside and runs no more: install or uninstall the hooks\n", aside.display());
            }
        }
        for (root, why) in &self.elsewhere {
            text += &format!("{} worktree {}: {}\n", styles.bad("✗"), root.display(), plain_line(why));
        }
        if self.hooks.iter().any(|hook| !hook.runs()) {
            text += "To put them in place: git jit hooks install\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        let is_well = self.hooks.iter().all(Hook::is_well) && self.elsewhere.is_empty();
        if is_well { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
