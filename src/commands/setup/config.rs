//! `git jit config`: the settings, where each value comes from, and how to change one.

mod gather;
mod report;

use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use crate::commands::setup::config::gather::gather;
use crate::commands::setup::config::report::{Problems, Setting, SettingChange};
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
    /// Show every setting, its value, and where that comes from
    Show(ShowArgs),
    /// Tell the value of a setting
    Get(GetArgs),
    /// Set a value in this worktree's .jit/config.toml; comments stay
    Set(SetArgs),
    /// Take a value out of the file again
    Unset(UnsetArgs),
    /// Look for mistakes in every place that has settings
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
    /// In your own agent.toml, for all repositories
    #[arg(long)]
    global: bool,
}

// Arguments of `config unset`.
#[derive(Debug, clap::Args)]
pub(crate) struct UnsetArgs {
    /// The setting, for example `worktree.enforce_leases`
    key: String,
    /// In your own agent.toml
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

fn unknown(name: &str) -> Error {
    let hint = match edit::alike(name, KEYS.iter().map(|key| key.name)) {
        Some(close) => format!("Did you mean {close}?"),
        None => "To see all of them: git jit config show".to_owned(),
    };
    Error::NotThere { what: "setting", name: name.to_owned(), hint }
}

fn get(session: &Session, args: &GetArgs) -> CommandResult {
    let GetArgs { key } = args;
    let all = gather(session)?;
    if let Some(setting) = all.settings.into_iter().find(|setting| setting.key.name == key) {
        return Ok(Box::new(setting));
    }
    // A setting of the older tool, which means nothing here: what its file says.
    let path = repository_file(session.layout()?)?;
    match edit::get(&read(&path)?, key).map_err(|what| corrupt(&path, what))? {
        Some(value) => Ok(Box::new(report::Foreign { key: key.clone(), value })),
        None => Err(unknown(key)),
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
        // What nobody knows can be taken away, and not be put in.
        (None, None) => None,
        (None, Some(_)) => return Err(unknown(name)),
    };
    if let Some(key) = key.filter(|key| key.home != Home::Either && (key.home == Home::User) != global) {
        let (what, hint) = if key.home == Home::User {
            (format!("{name} is your own, not the repository's"), "Add --global")
        } else {
            (format!("{name} is the repository's, not your own"), "Leave --global out, and commit .jit/config.toml")
        };
        return Err(Error::Usage { what, hint: hint.to_owned() });
    }
    let wanted = SettingChoice { key, name, value };
    if global { change_own(session, &wanted) } else { Ok(Box::new(change_repository(session, &wanted)?)) }
}

/// Sets a setting of the repository in this worktree's file: whether that changed it.
pub(crate) fn set_here(session: &Session, key: &'static Key, value: &str) -> Result<bool, Error> {
    Ok(change_repository(session, &SettingChoice { key: Some(key), name: key.name, value: Some(value) })?.changed)
}

/// A value that is to be put in, or a key that is to be taken away.
struct SettingChoice<'a> {
    key: Option<&'static Key>,
    name: &'a str,
    value: Option<&'a str>,
}

impl SettingChoice<'_> {
    /// The text of the file at `path`, changed.
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

    fn report(&self, path: PathBuf, changed: bool) -> SettingChange {
        SettingChange { key: self.name.to_owned(), value: self.value.map(str::to_owned), path, changed }
    }
}

fn change_own(session: &Session, wanted: &SettingChoice<'_>) -> CommandResult {
    let path = session.cx.agent_file.clone().ok_or_else(|| Error::Usage {
        what: "there is no place for your own settings: neither HOME nor XDG_CONFIG_HOME is set".to_owned(),
        hint: "Set one of them".to_owned(),
    })?;
    let text = read(&path)?;
    let new = wanted.apply(&path, &text)?;
    if new != text {
        file::make_dir(path.parent().unwrap_or(&path), VERSIONED)?;
        file::rewrite(file::finish_beside(&path, new.as_bytes(), VERSIONED, false)?)?;
    }
    Ok(Box::new(wanted.report(path, new != text)))
}

fn change_repository(session: &Session, wanted: &SettingChoice<'_>) -> Result<SettingChange, Error> {
    let layout = session.layout()?;
    let path = repository_file(layout)?;
    let policy = session.policy(layout);
    if let Some(finding) = policy_edit::off_base_here(layout, &policy, "config.toml")? {
        session.weigh(&policy, finding)?;
    }
    let writer = IssueStore::open(layout, false)?.lock()?;
    let text = read(&path)?;
    let new = wanted.apply(&path, &text)?;
    if new != text {
        config::parse(new.as_bytes()).map_err(|why| corrupt(&path, why))?;
        writer.write_data("config.toml", new.as_bytes())?;
    }
    Ok(wanted.report(path, new != text))
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
    problems.extend(misspelt(layout)?);
    let places = places.into_iter().map(|found| found.place).collect();
    Ok(Box::new(Problems { places, problems }))
}

/// What is nearly a setting in this worktree's file, and has no effect.
pub(crate) fn misspelt(layout: &Layout) -> Result<Vec<(String, String)>, Error> {
    let Some(root) = &layout.worktree_root else { return Ok(Vec::new()) };
    let path = Layout::data_dir(root).join("config.toml");
    let text = String::from_utf8(file::read_optional(&path)?.unwrap_or_default()).unwrap_or_default();
    let one = |(name, close): (String, &str)| (path.display().to_string(), format!("'{name}' means nothing: is it {close}?"));
    Ok(edit::misspelt(&text).into_iter().map(one).collect())
}

/// A setting as programs are told of it.
fn told(setting: &Setting) -> Value {
    let places: Vec<Value> = setting.places.iter().map(|(place, value)| json!({ "place": place, "value": value })).collect();
    json!({
        "key": setting.key.name, "value": setting.value, "source": setting.source, "default": setting.key.default,
        "about": setting.key.about, "places": places,
    })
}
