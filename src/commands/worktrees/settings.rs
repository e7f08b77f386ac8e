//! What the user's and the repository's configuration say of worktrees that are made. The user's counts first; what the
//! repository wants to run, runs only if the user has allowed it, word for word.

use std::path::Path;

use serde_json::json;

use crate::commands::shared::session::Session;
use crate::domain::agent_command::{self, CommandTemplate};
use crate::error::Error;
use crate::store;
use crate::store::config::worktrees::{self, WorktreeConfig};
use crate::store::file;
use crate::store::layout::Layout;
use crate::store::trusted_commands::TrustedCommands;
use crate::worktree::path_template;

/// Both of them.
pub(crate) struct WorktreeSettings {
    user: WorktreeConfig,
    repository: WorktreeConfig,
}

/// Something that the repository wants to run.
pub(crate) struct TrustRequest {
    /// What it is for.
    pub what: String,
    /// It, for people.
    pub command: String,
    /// What it is for and it, word for word, in a form that nothing else has.
    pub key: String,
}

impl WorktreeSettings {
    /// Reads both, the repository's as the worktree of `layout` has it.
    pub(crate) fn read(session: &Session, layout: &Layout) -> Result<Self, Error> {
        let user = session.cx.agent_file.as_deref().map(parse).transpose()?.unwrap_or_default();
        let root = layout.worktree_root.as_ref().or(layout.primary_root.as_ref());
        let repository = root.map(|root| parse(&Layout::data_dir(root).join("config.toml"))).transpose()?.unwrap_or_default();
        Ok(Self { user, repository })
    }

    /// Where worktrees are.
    pub(crate) fn path_template<'a>(&'a self, session: &'a Session) -> Option<path_template::PathTemplate<'a>> {
        let home = session.cx.home.as_deref();
        let users = self.user.path_template.as_deref().map(|text| path_template::PathTemplate { text, is_users: true, home });
        users.or_else(|| {
            self.repository.path_template.as_deref().map(|text| path_template::PathTemplate { text, is_users: false, home })
        })
    }

    /// The agent that is meant where none is named.
    pub(crate) fn agent_name(&self) -> &str {
        self.user.agent.as_deref().or(self.repository.agent.as_deref()).unwrap_or("claude")
    }

    /// How the agent of this name is started; not where the repository says so and the user has not allowed it.
    pub(crate) fn agent(&self, session: &Session, layout: &Layout, name: &str) -> Result<CommandTemplate, Error> {
        let shell = session.cx.shell.as_deref().unwrap_or("sh");
        let built_in = agent_command::built_in(name, shell);
        if let Some(template) = self.user.agents.get(name) {
            return Ok(template.clone());
        }
        match self.repository.agents.get(name) {
            Some(template) if built_in.as_ref() != Some(template) => {
                let wanted = of_agent(name, template);
                if is_allowed(session, layout, &wanted)? {
                    return Ok(template.clone());
                }
                Err(Error::NotApproved { what: wanted.what, command: wanted.command })
            }
            _ => built_in.ok_or_else(|| self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> Error {
        let own = self.user.agents.keys().chain(self.repository.agents.keys()).map(String::as_str);
        let known: Vec<&str> = agent_command::BUILT_IN.into_iter().chain(own).collect();
        let hint =
            format!("There are {}; another one is [agents.{name}] with a command: see git jit help config", known.join(", "));
        Error::NotThere { what: "agent", name: name.to_owned(), hint }
    }

    /// The command that prepares a new worktree; the repository's only where the user has allowed it.
    pub(crate) fn post_spawn(&self, session: &Session, layout: &Layout) -> Result<Option<&str>, Error> {
        if self.user.post_spawn.is_some() {
            return Ok(self.user.post_spawn.as_deref().filter(|command| !command.trim().is_empty()));
        }
        let Some(command) = self.repository.post_spawn.as_deref().filter(|command| !command.trim().is_empty()) else {
            return Ok(None);
        };
        if is_allowed(session, layout, &of_post_spawn(command))? {
            return Ok(Some(command));
        }
        session.output.warn(&format!("the repository's post_spawn is not run before you allow it: {command}"));
        session.output.warn("to allow it: git jit worktree approve");
        Ok(None)
    }

    /// Everything that the repository wants to run.
    pub(crate) fn wanted(&self, session: &Session) -> Vec<TrustRequest> {
        let shell = session.cx.shell.as_deref().unwrap_or("sh");
        let command = self.repository.post_spawn.as_deref().filter(|command| !command.trim().is_empty());
        let agents = self
            .repository
            .agents
            .iter()
            .filter(|(name, template)| agent_command::built_in(name, shell).as_ref() != Some(template));
        command.map(of_post_spawn).into_iter().chain(agents.map(|(name, template)| of_agent(name, template))).collect()
    }
}

fn of_post_spawn(command: &str) -> TrustRequest {
    TrustRequest {
        what: "worktree.post_spawn".to_owned(),
        command: command.to_owned(),
        key: json!(["post_spawn", command]).to_string(),
    }
}

fn of_agent(name: &str, template: &CommandTemplate) -> TrustRequest {
    TrustRequest {
        what: format!("agents.{name}"),
        command: template.described(),
        key: json!(["agent", name, template]).to_string(),
    }
}

fn parse(path: &Path) -> Result<WorktreeConfig, Error> {
    let corrupt = |why| store::Error::Corrupt { path: path.to_owned(), line: None, why };
    Ok(worktrees::parse(&file::read_optional(path)?.unwrap_or_default()).map_err(corrupt)?)
}

/// The user's approvals; an error where there is no place for them.
pub(crate) fn trusted_commands(session: &Session) -> Result<TrustedCommands, Error> {
    let file = session.cx.agent_file.as_deref().ok_or_else(|| Error::Usage {
        what: "there is no place for approvals: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
        hint: "Set one of them".to_owned(),
    })?;
    Ok(TrustedCommands::beside(file))
}

/// Whether the user has allowed it.
pub(crate) fn is_allowed(session: &Session, layout: &Layout, wanted: &TrustRequest) -> Result<bool, Error> {
    match trusted_commands(session) {
        Ok(trusted_commands) => Ok(trusted_commands.has(&layout.common_dir, &wanted.key)?),
        Err(_) => Ok(false),
    }
}
