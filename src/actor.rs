//! The acting agent: its id, and the source of that id.
//!
//! The first of these counts: the flag, `JIT_AGENT_ID`, the worktree's agent, the user's `agent.toml`, the name in Git's
//! configuration, the account name. So a person never needs to set a variable.

use std::cell::OnceCell;

use gix::bstr::ByteSlice;
use serde::Serialize;

use crate::context::Context;
use crate::domain::id::{AgentId, Holder, IdError};
use crate::domain::policy::Editor;
use crate::exit::{Diagnose, Diagnosis, ExitStatus};
use crate::store::config;
use crate::store::identity::Identity;
use crate::store::layout::Layout;

/// The source of an agent id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Origin {
    /// `--agent-id`.
    Flag,
    /// `JIT_AGENT_ID`.
    Variable,
    /// The agent of this worktree.
    Worktree,
    /// The user's `agent.toml`.
    UserFile,
    /// Git's `user.name` or `user.email`.
    GitUser,
    /// The name of the account, if there is no other source.
    Account,
}

impl Origin {
    /// For messages.
    pub(crate) fn describe(self) -> &'static str {
        match self {
            Self::Flag => "--agent-id",
            Self::Variable => "JIT_AGENT_ID",
            Self::Worktree => "this worktree",
            Self::UserFile => "agent.toml",
            Self::GitUser => "git user.name",
            Self::Account => "the account's name",
        }
    }
}

/// Why the agent could not be determined.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// A flag or a variable is not a valid agent id.
    #[error("{origin}: {source}")]
    Malformed {
        /// The flag or variable.
        origin: &'static str,
        /// The reason.
        #[source]
        source: IdError,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        match self {
            Self::Malformed { .. } => Diagnosis::new("malformed_id", ExitStatus::Usage),
            Self::Store(error) => error.diagnosis(),
        }
    }
}

/// The acting agent, and the source of its id.
pub(crate) fn agent(cx: &Context, layout: &Layout, flag: Option<&str>) -> Result<(AgentId, Origin), Error> {
    agent_here(cx, layout, flag, &ReadIdentity::new())
}

/// The worktree's identity, read once.
type ReadIdentity = OnceCell<Option<Identity>>;

fn identity<'i>(layout: &Layout, read: &'i ReadIdentity) -> Result<Option<&'i Identity>, Error> {
    if read.get().is_none() {
        let _ = read.set(Identity::of(layout)?);
    }
    Ok(read.get().and_then(Option::as_ref))
}

fn agent_here(cx: &Context, layout: &Layout, flag: Option<&str>, read: &ReadIdentity) -> Result<(AgentId, Origin), Error> {
    let parse = |text: &str, origin: Origin| {
        let malformed = |source| Error::Malformed { origin: origin.describe(), source };
        text.trim().parse().map(|id| (id, origin)).map_err(malformed)
    };
    if let Some(text) = flag {
        return parse(text, Origin::Flag);
    }
    if let Some(text) = &cx.agent_variable {
        return parse(text, Origin::Variable);
    }
    if let Some(id) = identity(layout, read)?.and_then(|identity| identity.agent_id.clone()) {
        return Ok((id, Origin::Worktree));
    }
    if let Some(path) = &cx.agent_file
        && let Some(id) = config::agent_id(path)?
    {
        return Ok((id, Origin::UserFile));
    }
    if let Some(id) = user_name(layout).as_deref().and_then(AgentId::human) {
        return Ok((id, Origin::GitUser));
    }
    let account = cx.account.as_deref().and_then(AgentId::human).or_else(|| AgentId::human("unknown"));
    Ok((account.expect("'unknown' is a name"), Origin::Account))
}

/// The agent and this worktree, for a command that writes: the worktree gets an id if it has none.
pub(crate) fn holder(cx: &Context, layout: &Layout, flag: Option<&str>) -> Result<Holder, Error> {
    let read = ReadIdentity::new();
    let (agent_id, _) = agent_here(cx, layout, flag, &read)?;
    let worktree_id = match identity(layout, &read)? {
        Some(identity) if identity.is_at_root_of(layout) => identity.worktree_id.clone(),
        // It has none, or the worktree was moved: then its root is recorded anew.
        _ => Identity::require(layout)?.worktree_id,
    };
    Ok(Holder::here(agent_id, worktree_id))
}

/// The agent and this worktree, without writing anything.
pub(crate) fn editor(cx: &Context, layout: &Layout, flag: Option<&str>) -> Result<Editor, Error> {
    let read = ReadIdentity::new();
    let (agent_id, _) = agent_here(cx, layout, flag, &read)?;
    let worktree_id = identity(layout, &read)?.map(|identity| identity.worktree_id.clone());
    Ok(Editor { agent_id, worktree_id, anywhere: layout.worktree_root.is_none() })
}

/// The name of the person who commits here, from Git's configuration: `user.name`, or the local part of `user.email`.
fn user_name(layout: &Layout) -> Option<String> {
    let config = layout.repo.config_snapshot();
    let value = |key: &str| config.string(key).map(|value| value.to_str_lossy().trim().to_owned());
    let mail = || value("user.email").and_then(|mail| mail.split('@').next().map(str::to_owned));
    value("user.name").filter(|name| AgentId::human(name).is_some()).or_else(mail)
}
