//! `git jit hooks status`: the state of each hook, and whether it refuses a bad edit.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::hooks::install::canary::{self, CanaryResult};
use crate::hooks::install::config_hooks;
use crate::hooks::install::{HOOKS, HookSlot, Site};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::layout::Layout;
use crate::store::worktrees;

// Arguments of `hooks status`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Each hook is tested with a made-up edit, judged as under strict. Nothing is written. Hooks of other tools that call ours\n\
                        are tested only with --canary, because they may change files."
)]
pub(crate) struct Args {
    /// Also test hooks of other tools that call ours
    #[arg(long)]
    canary: bool,
}

#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct HookStatus {
    hook: &'static str,
    path: String,
    place: HookPlace,
    manager: Option<&'static str>,
    configured: bool,
    runs: bool,
    canary: Option<&'static str>,
    #[serde(skip)]
    slot: HookSlot,
    /// The hook that was there before ours, if it is kept.
    #[serde(skip)]
    kept: Option<PathBuf>,
    /// The output of a hook that did not refuse the made-up edit.
    #[serde(skip)]
    passed: Option<String>,
}

/// What is in the place of a hook.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
#[serde(rename_all = "snake_case")]
enum HookPlace {
    Free,
    Ours,
    Edited,
    Served,
    Managed,
    Foreign,
}

impl From<HookSlot> for HookPlace {
    fn from(slot: HookSlot) -> Self {
        match slot {
            HookSlot::Free => Self::Free,
            HookSlot::Ours => Self::Ours,
            HookSlot::Edited => Self::Edited,
            HookSlot::Served => Self::Served,
            HookSlot::Managed(_) => Self::Managed,
            HookSlot::Foreign => Self::Foreign,
        }
    }
}

impl HookStatus {
    fn is_ok(&self) -> bool {
        self.runs && self.passed.is_none()
    }
}

/// A worktree that uses other hooks, or whose hooks cannot be found.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct WorktreeHooks {
    root: String,
    hooks: String,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct HooksStatusReport {
    ok: bool,
    hooks: Vec<HookStatus>,
    elsewhere: Vec<WorktreeHooks>,
}

/// Checks every hook.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { canary } = args;
    let layout = session.layout()?;
    let site = Site::of(layout)?;
    let in_config = config_hooks::in_force(layout)?;
    let is_off = !session.policy(layout).worktrees;
    let mut hooks = Vec::new();
    for (hook, _, slot) in site.slots()? {
        let configured = in_config.contains(&hook);
        let is_tested = configured || matches!(slot, HookSlot::Ours) || (canary && slot.runs_ours());
        let path = site.hook(hook);
        let file = Some(path.as_path()).filter(|_| !configured);
        let result = if is_tested && !is_off { Some(canary::probe(&session.cx, layout, hook, file)?) } else { None };
        hooks.push(HookStatus {
            hook,
            path: path.display().to_string(),
            place: HookPlace::from(slot),
            manager: if let HookSlot::Managed(manager) = slot { Some(manager.name()) } else { None },
            configured,
            runs: configured || slot.runs_ours(),
            canary: result.as_ref().map(|result| if *result == CanaryResult::Refused { "refused" } else { "passed" }),
            slot,
            kept: site.kept(hook),
            passed: if let Some(CanaryResult::Passed(output)) = result { Some(output) } else { None },
        });
    }
    let elsewhere = elsewhere(layout, &site, in_config.len() == HOOKS.len())?;
    Ok(Box::new(HooksStatusReport { ok: hooks.iter().all(HookStatus::is_ok) && elsewhere.is_empty(), hooks, elsewhere }))
}

fn elsewhere(layout: &Layout, site: &Site, all_configured: bool) -> Result<Vec<WorktreeHooks>, Error> {
    let mut elsewhere = Vec::new();
    for worktree in worktrees::list(layout)?.into_iter().filter(|worktree| !worktree.is_missing) {
        let hooks = match Site::seen_from(&worktree.root, &layout.common_dir) {
            Ok(other) if other.dir == site.dir => continue,
            Ok(other) => {
                let slots = other.slots()?;
                let without: Vec<&str> = slots.iter().filter(|(_, _, slot)| !slot.runs_ours()).map(|(hook, ..)| *hook).collect();
                if without.is_empty() || all_configured {
                    continue;
                }
                format!("{}, without {}", other.dir.display(), without.join(", "))
            }
            Err(error) => error.to_string(),
        };
        elsewhere.push(WorktreeHooks { root: worktree.root.display().to_string(), hooks });
    }
    Ok(elsewhere)
}

impl Report for HooksStatusReport {
    fn human(&self, styles: &Styles) -> String {
        let line = |hook: &HookStatus| {
            let mark = if hook.is_ok() { styles.good("✓") } else { styles.bad("✗") };
            let slot = match hook.slot {
                _ if hook.configured => "installed in Git's configuration",
                HookSlot::Ours => "installed",
                HookSlot::Edited => "installed, and edited since",
                HookSlot::Served => "called by another tool's hook",
                HookSlot::Free => "not installed",
                HookSlot::Foreign => "another hook, which does not call ours",
                HookSlot::Managed(_) => "owned by a hook manager that does not call ours",
            };
            let test = match (&hook.passed, hook.canary) {
                (Some(output), _) => format!("; {} a bad edit: {}", styles.bad("accepts"), plain_line(output)),
                (None, Some(_)) => "; refuses a bad edit".to_owned(),
                (None, None) if hook.slot == HookSlot::Served => "; not tested: git jit hooks status --canary".to_owned(),
                (None, None) => String::new(),
            };
            format!("{mark} {:<17} {slot}{test}\n  {}\n", hook.hook, styles.faint(&hook.path))
        };
        let mut text: String = self.hooks.iter().map(line).collect();
        for hook in &self.hooks {
            if let (HookSlot::Free, Some(kept)) = (hook.slot, &hook.kept) {
                let mark = styles.bad("✗");
                text += &format!("{mark} {} was set aside and no longer runs: install or uninstall the hooks\n", kept.display());
            }
        }
        for WorktreeHooks { root, hooks } in &self.elsewhere {
            text += &format!("{} worktree {root}: {}\n", styles.bad("✗"), plain_line(hooks));
        }
        if self.hooks.iter().any(|hook| !hook.runs) {
            text += "Install them: git jit hooks install\n";
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.ok { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
