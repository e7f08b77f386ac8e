//! The user's and the repository's settings for new worktrees. The user's take precedence. A command from the repository runs only
//! after the user has approved it, word for word.

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
use crate::worktree::path_template::PathTemplate;

/// The settings of the user and of the repository.
pub(crate) struct WorktreeSettings {
    user: WorktreeConfig,
    repository: WorktreeConfig,
}

/// A command of the repository that the user has to approve before it runs.
pub(crate) struct TrustRequest {
    /// The name of the setting.
    pub setting: String,
    /// The command, for people.
    pub command: String,
    /// The setting and the command, encoded unambiguously.
    pub key: String,
}

impl WorktreeSettings {
    /// Reads both; the repository's from the worktree of `layout`.
    pub(crate) fn read(session: &Session, layout: &Layout) -> Result<Self, Error> {
        let user = session.cx.agent_file.as_deref().map(parse).transpose()?.unwrap_or_default();
        let root = layout.worktree_root.as_ref().or(layout.primary_root.as_ref());
        let repository = root.map(|root| parse(&Layout::data_dir(root).join("config.toml"))).transpose()?.unwrap_or_default();
        Ok(Self { user, repository })
    }

    /// The template for the paths of worktrees.
    pub(crate) fn path_template<'a>(&'a self, session: &'a Session) -> Option<PathTemplate<'a>> {
        let home = session.cx.home.as_deref();
        let template = |config: &'a WorktreeConfig, is_users| {
            config.path_template.as_deref().map(|text| PathTemplate { text, is_users, home })
        };
        template(&self.user, true).or_else(|| template(&self.repository, false))
    }

    /// The default agent.
    pub(crate) fn agent_name(&self) -> &str {
        self.user.agent.as_deref().or(self.repository.agent.as_deref()).unwrap_or("claude")
    }

    /// The command of the agent with this name; an error if the repository defines it and the user has not approved it.
    pub(crate) fn agent(&self, session: &Session, layout: &Layout, name: &str) -> Result<CommandTemplate, Error> {
        let built_in = built_in_agent(session, name);
        if let Some(template) = self.user.agents.get(name) {
            return Ok(template.clone());
        }
        match self.repository.agents.get(name) {
            Some(template) if built_in.as_ref() != Some(template) => {
                let request = agent_request(name, template);
                if is_approved(session, layout, &request)? {
                    return Ok(template.clone());
                }
                Err(Error::NotApproved { what: request.setting, command: request.command })
            }
            _ => built_in.ok_or_else(|| self.unknown_agent(name)),
        }
    }

    fn unknown_agent(&self, name: &str) -> Error {
        let configured = self.user.agents.keys().chain(self.repository.agents.keys()).map(String::as_str);
        let known: Vec<&str> = agent_command::BUILT_IN.into_iter().chain(configured).collect();
        let known = known.join(", ");
        let hint = format!("Use one of {known}, or define [agents.{name}] with a command: see git jit help config");
        Error::NotThere { what: "agent", name: name.to_owned(), hint }
    }

    /// The command that prepares a new worktree. Warns if the repository defines one that the user has not approved.
    pub(crate) fn post_spawn(&self, session: &Session, layout: &Layout) -> Result<Option<&str>, Error> {
        if self.user.post_spawn.is_some() {
            return Ok(post_spawn_of(&self.user));
        }
        let Some(command) = post_spawn_of(&self.repository) else { return Ok(None) };
        if is_approved(session, layout, &post_spawn_request(command))? {
            return Ok(Some(command));
        }
        session.output.warn(&format!("the repository's post_spawn command is not approved, so it does not run: {command}"));
        session.output.warn("to approve it: git jit worktree approve");
        Ok(None)
    }

    /// All commands that the repository's configuration runs.
    pub(crate) fn trust_requests(&self, session: &Session) -> Vec<TrustRequest> {
        let is_custom = |(name, template): &(&String, &CommandTemplate)| built_in_agent(session, name).as_ref() != Some(template);
        let agents = self.repository.agents.iter().filter(is_custom).map(|(name, template)| agent_request(name, template));
        post_spawn_of(&self.repository).map(post_spawn_request).into_iter().chain(agents).collect()
    }
}

fn built_in_agent(session: &Session, name: &str) -> Option<CommandTemplate> {
    agent_command::built_in(name, session.cx.shell.as_deref().unwrap_or("sh"))
}

fn post_spawn_of(config: &WorktreeConfig) -> Option<&str> {
    config.post_spawn.as_deref().filter(|command| !command.trim().is_empty())
}

fn post_spawn_request(command: &str) -> TrustRequest {
    TrustRequest {
        setting: "worktree.post_spawn".to_owned(),
        command: command.to_owned(),
        key: json!(["post_spawn", command]).to_string(),
    }
}

fn agent_request(name: &str, template: &CommandTemplate) -> TrustRequest {
    TrustRequest {
        setting: format!("agents.{name}"),
        command: template.described(),
        key: json!(["agent", name, template]).to_string(),
    }
}

fn parse(path: &Path) -> Result<WorktreeConfig, Error> {
    let corrupt = |why| store::Error::Corrupt { path: path.to_owned(), line: None, why };
    Ok(worktrees::parse(&file::read_optional(path)?.unwrap_or_default()).map_err(corrupt)?)
}

/// The commands that the user has approved; an error if there is no directory to store them in.
pub(crate) fn trusted_commands(session: &Session) -> Result<TrustedCommands, Error> {
    let file = session.cx.agent_file.as_deref().ok_or_else(|| Error::Usage {
        what: "no directory for approvals: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
        hint: "Set one of them".to_owned(),
    })?;
    Ok(TrustedCommands::beside(file))
}

/// Whether the user has approved the command.
pub(crate) fn is_approved(session: &Session, layout: &Layout, request: &TrustRequest) -> Result<bool, Error> {
    match trusted_commands(session) {
        Ok(trusted_commands) => Ok(trusted_commands.has(&layout.common_dir, &request.key)?),
        Err(_) => Ok(false),
    }
}
