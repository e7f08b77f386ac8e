//! Changes one value in a TOML file and keeps its comments, order and everything else.

use crate::domain::lease::LONGEST_TTL_SECS;
use toml_edit::{DocumentMut, Item, Table, Value};

/// The type of a setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SettingType {
    /// One of these words.
    Word(&'static [&'static str]),
    /// A number of seconds, from 1 to this one.
    Seconds(i64),
    /// A number from 0 to this one.
    Number(i64),
    /// `true` or `false`.
    Flag,
    /// An agent id.
    Agent,
    /// A text that is not empty.
    Text,
}

/// The file that a setting belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// The repository's `config.toml`.
    Repository,
    /// The user's `agent.toml`.
    User,
    /// Either; the user's takes precedence.
    Either,
}

/// A known setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Its table and its name.
    pub name: &'static str,
    /// Its type.
    pub kind: SettingType,
    /// Its default value.
    pub default: &'static str,
    /// Its description.
    pub about: &'static str,
    /// The file that it belongs to.
    pub home: Home,
}

/// Every setting, in the order of the file.
pub(crate) const KEYS: [Key; 14] = [
    Key {
        name: "worktree.enforce_leases",
        kind: SettingType::Word(&["off", "warn", "strict"]),
        default: "off",
        about: "what to do about an edit without a lease",
        home: Home::Repository,
    },
    Key {
        name: "worktree.mode",
        kind: SettingType::Word(&["auto", "on", "off"]),
        default: "auto",
        about: "off: no leases, and only the issues of this worktree",
        home: Home::Repository,
    },
    Key {
        name: "worktree.allow_issue_creation",
        kind: SettingType::Word(&["anywhere", "main-only"]),
        default: "anywhere",
        about: "main-only: new issues only in the primary worktree",
        home: Home::Repository,
    },
    Key {
        name: "worktree.agent",
        kind: SettingType::Text,
        default: "claude",
        about: "the agent that worktree spawn starts",
        home: Home::Either,
    },
    Key {
        name: "worktree.post_spawn",
        kind: SettingType::Text,
        default: "",
        about: "a command that prepares a new worktree; the repository's command needs your approval",
        home: Home::Either,
    },
    Key {
        name: "worktree.path_template",
        kind: SettingType::Text,
        default: "trees/{name}",
        about: "where new worktrees are: {repo} {name} {branch} {number}",
        home: Home::Either,
    },
    Key {
        name: "global_operations.require_main_history",
        kind: SettingType::Flag,
        default: "true",
        about: "whether config.toml and gates.json may change only on top of the default branch",
        home: Home::Repository,
    },
    Key {
        name: "coordination.default_ttl_secs",
        kind: SettingType::Seconds(LONGEST_TTL_SECS.cast_signed()),
        default: "600",
        about: "how long a lease lasts",
        home: Home::Repository,
    },
    Key {
        name: "coordination.stale_threshold_secs",
        kind: SettingType::Seconds(i64::MAX),
        default: "3600",
        about: "seconds without a heartbeat after which an indefinite lease is stale",
        home: Home::Repository,
    },
    Key {
        name: "coordination.max_indefinite_leases_per_agent",
        kind: SettingType::Number(i64::MAX),
        default: "2",
        about: "how many indefinite leases an agent may have",
        home: Home::Repository,
    },
    Key {
        name: "coordination.max_indefinite_leases_per_repo",
        kind: SettingType::Number(i64::MAX),
        default: "10",
        about: "how many indefinite leases the repository may have",
        home: Home::Repository,
    },
    Key {
        name: "coordination.renew_on_activity",
        kind: SettingType::Flag,
        default: "true",
        about: "whether work on a leased issue renews its lease",
        home: Home::Repository,
    },
    Key {
        name: "coordination.lease_renewal_threshold_pct",
        kind: SettingType::Number(100),
        default: "10",
        about: "warn when less than this percentage of a lease's time remains",
        home: Home::Repository,
    },
    Key {
        name: "agent.id",
        kind: SettingType::Agent,
        default: "",
        about: "your agent id, in your agent.toml (--global)",
        home: Home::User,
    },
];

/// The table of agent commands, see [`super::worktrees`].
const AGENTS: &str = "agents";

/// The setting with this name.
pub(crate) fn key(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse::<DocumentMut>().map_err(|error| error.to_string().trim_end().replace('\n', " "))
}

/// Settings and tables in a file that look like misspelt known ones, each with the known name.
///
/// Other unknown settings are ignored: the older tool has many.
pub(crate) fn misspelt(text: &str) -> Vec<(String, &'static str)> {
    let Ok(document) = parse(text) else { return Vec::new() };
    let mut found = Vec::new();
    for (table, item) in document.iter() {
        if table == AGENTS {
            // It has a table for each agent; the user chooses the names.
            continue;
        }
        let tables = KEYS.iter().filter_map(|key| key.name.split('.').next()).chain([AGENTS]);
        if let Some(close) = alike(table, tables) {
            found.push((table.to_owned(), close));
        }
        for (name, _) in item.as_table_like().into_iter().flat_map(toml_edit::TableLike::iter) {
            let name = format!("{table}.{name}");
            if let Some(close) = alike(&name, KEYS.iter().map(|key| key.name)) {
                found.push((name, close));
            }
        }
    }
    found
}

/// The known word that a text is probably a misspelling of; `None` if it is a known word.
pub(crate) fn alike<'k>(text: &str, known: impl Iterator<Item = &'k str> + Clone) -> Option<&'k str> {
    let likeness = |word: &str| strsim::normalized_damerau_levenshtein(word, text);
    if known.clone().any(|word| word == text) {
        return None;
    }
    known.filter(|word| likeness(word) > 0.75).max_by(|a, b| likeness(a).total_cmp(&likeness(b)))
}

/// The text with the line endings of `old`, since `toml_edit` only writes `\n`.
fn with_line_ends_of(old: &str, new: &str) -> String {
    if old.contains("\r\n") { new.replace("\r\n", "\n").replace('\n', "\r\n") } else { new.to_owned() }
}

/// The value of `name` in a file, as text; `None` if it is not set.
pub(crate) fn get(text: &str, name: &str) -> Result<Option<String>, String> {
    let document = parse(text)?;
    let mut item = document.as_item();
    for part in name.split('.') {
        match item.as_table_like().and_then(|table| table.get(part)) {
            Some(below) => item = below,
            None => return Ok(None),
        }
    }
    Ok(item.as_value().map(|value| value.as_str().map_or_else(|| value.to_string().trim().to_owned(), str::to_owned)))
}

/// Sets a known setting in a file, after checking the value.
pub(crate) fn set(text: &str, key: &Key, value: &str) -> Result<String, String> {
    let value = value.trim();
    let new: Value = match key.kind {
        SettingType::Word(words) if words.contains(&value) => value.into(),
        SettingType::Word(words) => return Err(format!("'{value}' is not one of {}", words.join(", "))),
        SettingType::Flag => value.parse::<bool>().map_err(|_| format!("'{value}' is neither true nor false"))?.into(),
        SettingType::Agent => value.parse::<crate::domain::id::AgentId>().map_err(|error| error.to_string())?.as_str().into(),
        SettingType::Text if value.is_empty() => return Err("it is empty".to_owned()),
        SettingType::Text => value.into(),
        SettingType::Number(most) => {
            let number = value.parse::<i64>().ok().filter(|number| (0..=most).contains(number));
            number.ok_or_else(|| format!("'{value}' is not a number from 0 to {most}"))?.into()
        }
        SettingType::Seconds(most) => {
            let seconds = value.parse::<i64>().ok().filter(|seconds| (1..=most).contains(seconds));
            seconds.ok_or_else(|| format!("'{value}' is not a number of seconds from 1 to {most}"))?.into()
        }
    };
    let mut document = parse(text)?;
    let (table, name) = key.name.split_once('.').ok_or("a setting has a table")?;
    let item = document.entry(table).or_insert_with(|| Item::Table(Table::new()));
    let table = item.as_table_like_mut().ok_or_else(|| format!("'{table}' is not a table"))?;
    match table.get_mut(name).and_then(Item::as_value_mut) {
        Some(old) => {
            // Keeps a comment after the value on the same line.
            let decor = old.decor().clone();
            *old = new;
            *old.decor_mut() = decor;
        }
        None => drop(table.insert(name, Item::Value(new))),
    }
    Ok(with_line_ends_of(text, &document.to_string()))
}

/// Removes a key from a file; `None` if it is not set.
pub(crate) fn unset(text: &str, name: &str) -> Result<Option<String>, String> {
    let mut document = parse(text)?;
    let Some((tables, last)) = name.rsplit_once('.') else { return Ok(None) };
    let mut item = document.as_item_mut();
    for part in tables.split('.') {
        match item.as_table_like_mut().and_then(|table| table.get_mut(part)) {
            Some(below) => item = below,
            None => return Ok(None),
        }
    }
    let removed = item.as_table_like_mut().and_then(|table| table.remove(last));
    Ok(removed.map(|_| with_line_ends_of(text, &document.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_value_changes_and_comments_stay() {
        let text = "# top\n[worktree]\n# why\nenforce_leases = \"off\" # later\n\n[other]\nx = [1,\n 2]\n";
        let strict = set(text, key("worktree.enforce_leases").expect("known"), "strict").expect("set");
        assert_eq!(strict, text.replace("\"off\"", "\"strict\""));
        assert_eq!(get(&strict, "worktree.enforce_leases"), Ok(Some("strict".into())));
        assert_eq!(get(&strict, "other.y"), Ok(None));
        let ttl = set(&strict, key("coordination.default_ttl_secs").expect("known"), "90").expect("set");
        assert!(ttl.starts_with(&strict) && ttl.ends_with("[coordination]\ndefault_ttl_secs = 90\n"), "{ttl}");
        assert_eq!(unset(&ttl, "coordination.default_ttl_secs"), Ok(Some(format!("{strict}\n[coordination]\n"))));
        assert_eq!(unset(&ttl, "coordination.nothing"), Ok(None));
        for (name, bad) in [("worktree.mode", "sometimes"), ("coordination.default_ttl_secs", "-1"), ("agent.id", "me")] {
            assert!(set(text, key(name).expect("known"), bad).is_err(), "{name}");
        }
        let crlf = set("[worktree]\r\nenforce_leases = \"off\"\r\n", key("worktree.mode").expect("known"), "on").expect("set");
        assert_eq!(crlf, "[worktree]\r\nenforce_leases = \"off\"\r\nmode = \"on\"\r\n");
        assert!(set("worktree = 3", key("worktree.mode").expect("known"), "on").is_err());
        assert!(set("[broken", key("worktree.mode").expect("known"), "on").is_err());
    }

    #[test]
    fn misspelt_settings_are_reported_and_other_tools_settings_are_not() {
        let text = "[worktree]\nenforce_lease = \"strict\"\n[worktre]\nmode = \"off\"\n[type_hierarchy]\ntypes = 1\n[coordination]\nmax_indefinite = 2\n";
        let found = misspelt(text);
        assert_eq!(found[0], ("worktree.enforce_lease".to_owned(), "worktree.enforce_leases"));
        assert_eq!(found[1], ("worktre".to_owned(), "worktree"));
        assert!(found.iter().all(|(name, _)| name.starts_with("worktre")), "{found:?}");
        assert_eq!(misspelt("[agents.mine]\ncommand = \"mine\"\n[agents.id]\ncommand = \"x\"\n"), []);
        assert_eq!(misspelt("[agens.mine]\ncommand = \"mine\"\n")[0], ("agens".to_owned(), "agents"));
    }
}
