//! `git jit config`: shows the settings and where each value comes from, and changes them.

mod gather;
mod report;

use std::path::{Path, PathBuf};

use clap::Subcommand;

use crate::commands::setup::config::gather::gather;
pub(crate) use crate::commands::setup::config::report::{SettingChange, SettingReport, SettingsReport, ValidationReport};
use crate::commands::setup::config::report::{SettingView, ValidationProblem};
use crate::commands::shared::session::{CommandResult, Session};
use crate::enforce::policy::EffectivePolicy;
use crate::enforce::policy_edit;
use crate::error::Error;
use crate::store;
use crate::store::config;
use crate::store::config::edit::{self, Home, KEYS, Key};
use crate::store::file;
use crate::store::issues::{IssueStore, VERSIONED};
use crate::store::layout::Layout;

/// Verbs of `config`.
#[derive(Debug, Subcommand)]
#[command(defer = true)]
pub(crate) enum Verb {
    /// Show every setting, its value, and where the value comes from
    Show(ShowArgs),
    /// Print the value of a setting
    Get(GetArgs),
    /// Set a value in this worktree's .jit/config.toml; comments are kept
    Set(SetArgs),
    /// Remove a value from the file
    Unset(UnsetArgs),
    /// Check the settings for mistakes, in every place that they are read from
    Validate(ValidateArgs),
}

// Arguments of `config show`.
#[derive(Debug, clap::Args)]
pub(crate) struct ShowArgs {}

// Arguments of `config validate`.
#[derive(Debug, clap::Args)]
pub(crate) struct ValidateArgs {}

// Arguments of `config get`.
#[derive(Debug, clap::Args)]
pub(crate) struct GetArgs {
    /// The setting, for example `worktree.enforce_leases`
    key: String,
}

// Arguments of `config set`.
#[derive(Debug, clap::Args)]
pub(crate) struct SetArgs {
    /// The setting, for example `worktree.enforce_leases`
    key: String,
    /// Its value
    #[arg(allow_hyphen_values = true)]
    value: String,
    /// Set it in your own agent.toml, for all repositories
    #[arg(long)]
    global: bool,
}

// Arguments of `config unset`.
#[derive(Debug, clap::Args)]
pub(crate) struct UnsetArgs {
    /// The setting, for example `worktree.enforce_leases`
    key: String,
    /// Remove it from your own agent.toml
    #[arg(long)]
    global: bool,
}

/// Runs a verb of `config`.
pub(crate) fn run(session: &Session, verb: Verb) -> CommandResult {
    match verb {
        Verb::Show(ShowArgs {}) => Ok(Box::new(gather(session)?)),
        Verb::Get(args) => get(session, &args),
        Verb::Set(SetArgs { key, value, global }) => change(session, &key, Some(&value), global),
        Verb::Unset(UnsetArgs { key, global }) => change(session, &key, None, global),
        Verb::Validate(ValidateArgs {}) => validate(session),
    }
}

fn unknown_setting(name: &str) -> Error {
    let hint = match edit::alike(name, KEYS.iter().map(|key| key.name)) {
        Some(close) => format!("Did you mean {close}?"),
        None => "List all settings: git jit config show".to_owned(),
    };
    Error::NotThere { what: "setting", name: name.to_owned(), hint }
}

fn get(session: &Session, args: &GetArgs) -> CommandResult {
    let GetArgs { key } = args;
    let all = gather(session)?;
    if let Some(setting) = all.settings.into_iter().find(|setting| setting.key == *key) {
        return Ok(Box::new(SettingReport { setting }));
    }
    // A setting of the older tool has no effect here. Its value is printed as it is in the file.
    let path = repository_file(session.layout()?)?;
    match edit::get(&read(&path)?, key).map_err(|what| corrupt(&path, what))? {
        Some(value) => Ok(Box::new(SettingReport { setting: SettingView::unknown(key, value) })),
        None => Err(unknown_setting(key)),
    }
}

fn repository_file(layout: &Layout) -> Result<PathBuf, Error> {
    Ok(Layout::data_dir(layout.require_worktree()?).join("config.toml"))
}

fn read(path: &Path) -> Result<String, Error> {
    let bytes = file::read_optional(path)?.unwrap_or_default();
    String::from_utf8(bytes).map_err(|_| corrupt(path, "not UTF-8 text".to_owned()))
}

fn corrupt(path: &Path, why: String) -> Error {
    store::Error::Corrupt { path: path.to_owned(), line: None, why }.into()
}

fn change(session: &Session, name: &str, value: Option<&str>, global: bool) -> CommandResult {
    let known = edit::key(name);
    let key = match (known, value) {
        (Some(key), _) => Some(key),
        // An unknown setting can be removed, but not set.
        (None, None) => None,
        (None, Some(_)) => return Err(unknown_setting(name)),
    };
    if let Some(key) = key.filter(|key| key.home != Home::Either && (key.home == Home::User) != global) {
        let (what, hint) = if key.home == Home::User {
            (format!("{name} is a user setting, not a repository setting"), "Add --global")
        } else {
            (format!("{name} is a repository setting, not a user setting"), "Omit --global, and commit .jit/config.toml")
        };
        return Err(Error::Usage { what, hint: hint.to_owned() });
    }
    let change = SettingEdit { key, name, value };
    if global { change_own(session, &change) } else { Ok(Box::new(change_repository(session, &change)?)) }
}

/// Sets a repository setting in this worktree's file: whether the file changed.
pub(crate) fn set_here(session: &Session, key: &'static Key, value: &str) -> Result<bool, Error> {
    Ok(change_repository(session, &SettingEdit { key: Some(key), name: key.name, value: Some(value) })?.changed)
}

/// A value to set, or a setting to remove.
struct SettingEdit<'a> {
    key: Option<&'static Key>,
    name: &'a str,
    value: Option<&'a str>,
}

impl SettingEdit<'_> {
    /// The new text of the file at `path`.
    fn apply(&self, path: &Path, text: &str) -> Result<String, Error> {
        let Some((key, value)) = self.key.zip(self.value) else {
            return Ok(edit::unset(text, self.name).map_err(|what| corrupt(path, what))?.unwrap_or_else(|| text.to_owned()));
        };
        let refused = |what: String| match edit::get(text, self.name) {
            Err(_) => corrupt(path, what),
            Ok(_) => Error::Usage { what: format!("{}: {what}", self.name), hint: "See git jit help config".to_owned() },
        };
        edit::set(text, key, value).map_err(refused)
    }

    fn report(&self, path: &Path, changed: bool) -> SettingChange {
        SettingChange { changed, key: self.name.to_owned(), value: self.value.map(str::to_owned), file: path.display().to_string() }
    }
}

fn change_own(session: &Session, change: &SettingEdit<'_>) -> CommandResult {
    let path = session.cx.agent_file.clone().ok_or_else(|| Error::Usage {
        what: "no file for user settings: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
        hint: "Set one of them".to_owned(),
    })?;
    let text = read(&path)?;
    let new = change.apply(&path, &text)?;
    if new != text {
        file::make_dir(path.parent().unwrap_or(&path), VERSIONED)?;
        file::rewrite(file::finish_beside(&path, new.as_bytes(), VERSIONED, false)?)?;
    }
    Ok(Box::new(change.report(&path, new != text)))
}

fn change_repository(session: &Session, change: &SettingEdit<'_>) -> Result<SettingChange, Error> {
    let layout = session.layout()?;
    let path = repository_file(layout)?;
    let policy = session.policy(layout);
    if let Some(finding) = policy_edit::off_base_here(layout, &policy, "config.toml")? {
        session.weigh(&policy, finding)?;
    }
    let writer = IssueStore::open(layout, false)?.lock()?;
    let text = read(&path)?;
    let new = change.apply(&path, &text)?;
    if new != text {
        config::parse(new.as_bytes()).map_err(|why| corrupt(&path, why))?;
        writer.write_data("config.toml", new.as_bytes())?;
    }
    Ok(change.report(&path, new != text))
}

fn validate(session: &Session) -> CommandResult {
    let layout = session.layout()?;
    let EffectivePolicy { policy, places } = EffectivePolicy::of_worktree(&session.cx, layout);
    let mut problems = policy.unreadable;
    if let Some(path) = &session.cx.agent_file
        && let Err(error) = config::agent_id(path)
    {
        problems.push((path.display().to_string(), error.to_string()));
    }
    problems.extend(misspelled(layout)?);
    let problems: Vec<_> = problems.into_iter().map(|(place, message)| ValidationProblem { place, message }).collect();
    let places = places.into_iter().map(|found| found.place).collect();
    Ok(Box::new(ValidationReport { valid: problems.is_empty(), count: problems.len(), places, problems }))
}

/// Names in this worktree's file that are close to a setting, each with its file and a message.
pub(crate) fn misspelled(layout: &Layout) -> Result<Vec<(String, String)>, Error> {
    let Some(root) = &layout.worktree_root else { return Ok(Vec::new()) };
    let path = Layout::data_dir(root).join("config.toml");
    let text = String::from_utf8(file::read_optional(&path)?.unwrap_or_default()).unwrap_or_default();
    let one =
        |(name, close): (String, &str)| (path.display().to_string(), format!("unknown setting '{name}': did you mean {close}?"));
    Ok(edit::misspelt(&text).into_iter().map(one).collect())
}
