//! `git jit worktree clone|init|approve`: the setup of a repository.

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session, viewpoint};
use crate::commands::worktrees::settings::{WorktreeSettings, is_approved, trusted_commands};
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
    /// The URL, as git clone takes it
    url: String,
    /// The new directory [default: the last part of the URL, with .git]
    dir: Option<PathBuf>,
    /// Install the hooks too
    #[arg(long)]
    hooks: bool,
}

// Arguments of `worktree init`.
#[derive(Debug, clap::Args)]
pub(crate) struct InitArgs {
    /// Install the hooks too
    #[arg(long)]
    hooks: bool,
}

// Arguments of `worktree approve`.
#[derive(Debug, clap::Args)]
pub(crate) struct ApproveArgs {
    /// List the commands, and approve none
    #[arg(long)]
    dry_run: bool,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Ready {
    changed: bool,
    common_dir: String,
    primary: Option<String>,
    /// The hooks that were installed.
    hooks: Vec<String>,
    /// Where the shell should change to.
    #[serde(skip)]
    destination: Option<PathBuf>,
    #[serde(skip)]
    hint: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct Approved {
    changed: bool,
    count: usize,
    commands: Vec<Command>,
}

/// A command that the repository's configuration runs.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct Command {
    setting: String,
    command: String,
    approved: bool,
    #[serde(skip)]
    was_approved: bool,
}

/// Clones, and creates the primary worktree.
pub(crate) fn clone(session: &Session, args: CloneArgs) -> CommandResult {
    let CloneArgs { url, dir, hooks } = args;
    let dir = match dir {
        Some(dir) => dir,
        None => worktree::default_dir(&url).map(PathBuf::from).ok_or_else(|| Error::Usage {
            what: format!("cannot derive a directory name from '{url}'"),
            hint: "Name the directory: git jit worktree clone URL DIR".to_owned(),
        })?,
    };
    let dir = session.cx.cwd.join(dir);
    worktree::clone_into(&session.cx, &url, &dir)?;
    let layout = Layout::at(&dir)?;
    let (primary, _) = worktree::create_primary(&layout)?;
    merge_driver::install(&session.cx, &layout)?;
    let hooks = if hooks { install_hooks(session, &primary)? } else { Vec::new() };
    // The shell stays where it is: the user may clone more repositories there.
    let hint = Some(format!("To go there: cd {}", worktree::quoted(&primary)));
    Ok(Box::new(Ready {
        changed: true,
        common_dir: layout.common_dir.display().to_string(),
        primary: Some(primary.display().to_string()),
        hooks,
        destination: None,
        hint,
    }))
}

/// Prepares the repository for worktrees.
pub(crate) fn init(session: &Session, args: InitArgs) -> CommandResult {
    let InitArgs { hooks } = args;
    let layout = session.layout()?;
    session.recover_interrupted(layout);
    let (primary, is_new) = worktree::create_primary(layout)?;
    let is_excluded = path_template::exclude_trees(layout)?;
    let has_driver = merge_driver::install(&session.cx, layout)?;
    let hooks = if hooks { install_hooks(session, &primary)? } else { Vec::new() };
    Ok(Box::new(Ready {
        changed: is_new || is_excluded || has_driver || !hooks.is_empty(),
        common_dir: layout.common_dir.display().to_string(),
        primary: Some(primary.display().to_string()),
        hooks,
        destination: Some(primary).filter(|_| layout.worktree_root.is_none()),
        hint: missing_refspec(layout),
    }))
}

fn install_hooks(session: &Session, root: &Path) -> Result<Vec<String>, Error> {
    let layout = Layout::at(root)?;
    let installed = install::install(&session.cx, &layout, InstallMode::default())?;
    adopt::once(&session.cx, &layout, session.agent_flag.as_deref())?;
    Ok(installed.written.iter().map(|path| path.display().to_string()).collect())
}

/// A hint for a remote without a fetch refspec, as `git clone --bare` leaves it.
fn missing_refspec(layout: &Layout) -> Option<String> {
    let names = layout.repo.remote_names();
    let remote = names.iter().find(|name| {
        let remote = layout.repo.find_remote(name.as_bstr()).ok();
        remote.is_some_and(|remote| remote.refspecs(gix::remote::Direction::Fetch).is_empty())
    })?;
    Some(format!(
        "the remote {remote} has no fetch refspec, so a fetch gets no branches: git config remote.{remote}.fetch '+refs/heads/*:refs/remotes/{remote}/*'"
    ))
}

/// Approves the commands that the repository's configuration runs.
pub(crate) fn approve(session: &Session, args: ApproveArgs) -> CommandResult {
    let ApproveArgs { dry_run } = args;
    let layout = session.layout()?;
    let view = viewpoint(layout)?;
    let requests = WorktreeSettings::read(session, view.as_ref().unwrap_or(layout))?.trust_requests(session);
    let mut commands = Vec::new();
    for request in requests {
        let was_approved = is_approved(session, layout, &request)?;
        if !dry_run && !was_approved {
            trusted_commands(session)?.add(&layout.common_dir, &request.key)?;
        }
        let approved = was_approved || !dry_run;
        commands.push(Command { setting: request.setting, command: request.command, approved, was_approved });
    }
    let changed = commands.iter().any(|command| command.approved && !command.was_approved);
    Ok(Box::new(Approved { changed, count: commands.len(), commands }))
}

impl Report for Ready {
    fn human(&self, styles: &Styles) -> String {
        let head = if self.changed { styles.good("✓ Ready for worktrees:") } else { "Already ready for worktrees:".to_owned() };
        let mut text = format!("{head} {}\n", plain_line(&self.common_dir));
        if let Some(primary) = &self.primary {
            text += &format!("  Primary: {}\n", plain_line(primary));
        }
        for hook in &self.hooks {
            text += &format!("  Hook:    {}\n", plain_line(hook));
        }
        text
    }

    fn quiet(&self) -> Option<String> {
        self.primary.clone()
    }

    fn aside(&self) -> Option<String> {
        self.hint.clone()
    }

    fn destination(&self) -> Option<&Path> {
        self.destination.as_deref()
    }
}

impl Report for Approved {
    fn human(&self, styles: &Styles) -> String {
        if self.commands.is_empty() {
            return "No commands to approve\n".to_owned();
        }
        let line = |Command { setting, command, approved, was_approved }: &Command| {
            let state = match (was_approved, approved) {
                (true, _) => "already approved",
                (false, false) => "not approved",
                (false, true) => "approved",
            };
            format!("{}  {setting}\n    {}\n", styles.good(state), plain_line(command))
        };
        self.commands.iter().map(line).collect()
    }
}
