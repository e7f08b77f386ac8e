//! `git jit worktree clone|init|approve`: what is set up once.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session, viewpoint};
use crate::commands::worktrees::settings::{WorktreeSettings, is_allowed, trusted_commands};
use crate::commands::worktrees::show;
use crate::enforce::adopt;
use crate::error::Error;
use crate::hooks::install::merge_driver;
use crate::hooks::install::{self, InstallMode};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};
use crate::store::layout::Layout;
use crate::worktree;
use crate::worktree::path_template;

// Arguments of `worktree clone`.
#[derive(Debug, clap::Args)]
pub(crate) struct CloneArgs {
    /// Where from, as git clone takes it
    url: String,
    /// Where to [default: the last name of the address, with .git]
    dir: Option<PathBuf>,
    /// Put the hooks in place too
    #[arg(long)]
    hooks: bool,
}

// Arguments of `worktree init`.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// Put the hooks in place too
    #[arg(long)]
    hooks: bool,
}

// Arguments of `worktree approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApproveArgs {
    /// Show them, and allow none
    #[arg(long)]
    dry_run: bool,
}

/// Clones, and makes the primary worktree.
pub(crate) fn clone(session: &Session, args: CloneArgs) -> CommandResult {
    let CloneArgs { url, dir, hooks } = args;
    let dir = match dir {
        Some(dir) => dir,
        None => worktree::default_dir(&url).map(PathBuf::from).ok_or_else(|| Error::Usage {
            what: format!("'{url}' does not say what the clone is to be called"),
            hint: "Say it: git jit worktree clone URL DIR".to_owned(),
        })?,
    };
    let dir = session.cx.cwd.join(dir);
    worktree::clone_into(&session.cx, &url, &dir)?;
    let layout = Layout::at(&dir)?;
    let (primary, _) = worktree::create_primary(&layout)?;
    merge_driver::install(&session.cx, &layout)?;
    let hooks = if hooks { install_hooks(session, &primary)? } else { Vec::new() };
    // The shell stays where it is: whoever clones once may clone again.
    let hint = Some(format!("To go there: cd {}", worktree::quoted(&primary)));
    Ok(Box::new(Ready { root: layout.common_dir, primary: Some(primary), changed: true, hooks, leads: false, hint }))
}

/// Makes ready for worktrees.
pub(crate) fn init(session: &Session, args: InitArgs) -> CommandResult {
    let InitArgs { hooks } = args;
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let (primary, is_new) = worktree::create_primary(layout)?;
    let is_excluded = path_template::exclude_trees(layout)?;
    let is_wired = merge_driver::install(&session.cx, layout)?;
    let hooks = if hooks { install_hooks(session, &primary)? } else { Vec::new() };
    let changed = is_new || is_excluded || is_wired || !hooks.is_empty();
    let hint = without_refspec(layout);
    let leads = layout.worktree_root.is_none();
    Ok(Box::new(Ready { root: layout.common_dir.clone(), primary: Some(primary), changed, hooks, leads, hint }))
}

fn install_hooks(session: &Session, root: &Path) -> Result<Vec<PathBuf>, Error> {
    let layout = Layout::at(root)?;
    let installed = install::install(&session.cx, &layout, InstallMode::default())?;
    adopt::once(&session.cx, &layout, session.agent_flag.as_deref())?;
    Ok(installed.written)
}

/// What a bare clone of Git's own lacks, so that nothing new of its remote is ever seen.
fn without_refspec(layout: &Layout) -> Option<String> {
    let names = layout.repo.remote_names();
    let lacks = names.iter().find(|name| {
        let remote = layout.repo.find_remote(name.as_bstr()).ok();
        remote.is_some_and(|remote| remote.refspecs(gix::remote::Direction::Fetch).is_empty())
    })?;
    Some(format!(
        "the remote {lacks} has no fetch refspec, so that nothing new of it is seen: git config remote.{lacks}.fetch '+refs/heads/*:refs/remotes/{lacks}/*'"
    ))
}

/// Allows what the repository wants to run.
pub(crate) fn approve(session: &Session, args: ApproveArgs) -> CommandResult {
    let ApproveArgs { dry_run } = args;
    let layout = session.layout()?;
    let view = viewpoint(layout)?;
    let wanted = WorktreeSettings::read(session, view.as_ref().unwrap_or(layout))?.wanted(session);
    let mut commands = Vec::new();
    for wanted in wanted {
        let was_allowed = is_allowed(session, layout, &wanted)?;
        if !dry_run && !was_allowed {
            trusted_commands(session)?.add(&layout.common_dir, &wanted.key)?;
        }
        commands.push((wanted.what, wanted.command, was_allowed));
    }
    Ok(Box::new(Approved { commands, dry_run }))
}

struct Ready {
    root: PathBuf,
    primary: Option<PathBuf>,
    changed: bool,
    hooks: Vec<PathBuf>,
    leads: bool,
    hint: Option<String>,
}

impl Report for Ready {
    fn json(&self) -> Value {
        let hooks: Vec<String> = self.hooks.iter().map(|path| path.display().to_string()).collect();
        json!({
            "changed": self.changed, "common_dir": self.root.display().to_string(),
            "primary": self.primary.as_ref().map(|path| path.display().to_string()), "hooks": hooks,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let head = if self.changed { styles.good("✓ Ready for worktrees:") } else { "Ready for worktrees already:".to_owned() };
        let mut text = format!("{head} {}\n", show(&self.root));
        if let Some(primary) = &self.primary {
            text += &format!("  Primary: {}\n", show(primary));
        }
        for hook in &self.hooks {
            text += &format!("  Hook:    {}\n", show(hook));
        }
        text
    }

    fn quiet(&self) -> Option<String> {
        self.primary.as_ref().map(|path| path.display().to_string())
    }

    fn aside(&self) -> Option<String> {
        self.hint.clone()
    }

    fn destination(&self) -> Option<&Path> {
        self.primary.as_deref().filter(|_| self.leads)
    }
}

struct Approved {
    commands: Vec<(String, String, bool)>,
    dry_run: bool,
}

impl Report for Approved {
    fn json(&self) -> Value {
        let one = |(what, command, was_allowed): &(String, String, bool)| json!({ "setting": what, "command": command, "approved": *was_allowed || !self.dry_run });
        let changed = !self.dry_run && self.commands.iter().any(|(.., was_allowed)| !was_allowed);
        json!({ "changed": changed, "count": self.commands.len(), "commands": self.commands.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        if self.commands.is_empty() {
            return "This repository wants to run nothing\n".to_owned();
        }
        let one = |(what, command, was_allowed): &(String, String, bool)| {
            let word = match (was_allowed, self.dry_run) {
                (true, _) => "allowed already",
                (false, true) => "not allowed",
                (false, false) => "allowed",
            };
            format!("{}  {}\n    {}\n", styles.good(word), what, plain_line(command))
        };
        self.commands.iter().map(one).collect()
    }
}
