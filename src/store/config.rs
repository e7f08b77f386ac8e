//! Reads `config.toml` and the user's `agent.toml`.

pub(crate) mod edit;
pub(crate) mod worktrees;

use std::ops::RangeInclusive;
use std::path::Path;

use toml_edit::{Document, Item, TableLike};

use crate::domain::id::AgentId;
use crate::domain::lease::LONGEST_TTL_SECS;
use crate::domain::policy::{Enforcement, PolicySettings};
use crate::store::file;
use crate::store::{Error, Result};

/// The content of a new `config.toml`.
pub(crate) const TEMPLATE: &str = "\
# Settings of git jit for this repository. See `git jit help config`.

[worktree]
# off: nothing is checked. warn: an edit without a lease is reported. strict: it is refused.
enforce_leases = \"off\"

[coordination]
# Seconds that a lease lasts unless --ttl says otherwise.
default_ttl_secs = 600
";

/// Parses the settings in a `config.toml`; the error is a message.
pub(crate) fn parse(bytes: &[u8]) -> std::result::Result<PolicySettings, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
    let document = Document::parse(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
    for table in ["worktree", "global_operations", "coordination"] {
        if document.get(table).is_some_and(|item| item.as_table_like().is_none()) {
            return Err(format!("'{table}' is not a table"));
        }
    }
    let unknown = |key: &str, word: &str, known: &str| format!("{key} = \"{word}\" is not one of {known}");
    Ok(PolicySettings {
        enforcement: match word(&document, "worktree", "enforce_leases")? {
            None => None,
            Some(word) => Some(Enforcement::parse(&word).ok_or_else(|| unknown("enforce_leases", &word, "off, warn, strict"))?),
        },
        worktrees: match word(&document, "worktree", "mode")?.as_deref() {
            None => None,
            Some("auto" | "on") => Some(true),
            Some("off") => Some(false),
            Some(word) => return Err(unknown("mode", word, "auto, on, off")),
        },
        create_in_primary_only: match word(&document, "worktree", "allow_issue_creation")?.as_deref() {
            None => None,
            Some("anywhere") => Some(false),
            Some("main-only") => Some(true),
            Some(word) => return Err(unknown("allow_issue_creation", word, "anywhere, main-only")),
        },
        require_main_history: flag(&document, "global_operations", "require_main_history")?,
        default_ttl_secs: number(&document, "default_ttl_secs", "seconds from 1 to 2592000", 1..=LONGEST_TTL_SECS)?,
        stale_threshold_secs: number(&document, "stale_threshold_secs", "seconds, 1 or more", 1..=u64::MAX)?,
        max_indefinite_leases_per_agent: number(&document, "max_indefinite_leases_per_agent", "leases", 0..=u64::MAX)?,
        max_indefinite_leases_per_repo: number(&document, "max_indefinite_leases_per_repo", "leases", 0..=u64::MAX)?,
        renew_on_activity: flag(&document, "coordination", "renew_on_activity")?,
        lease_renewal_threshold_pct: number(&document, "lease_renewal_threshold_pct", "per cent", 0..=100)?,
    })
}

fn value<'d>(document: &'d Document<&str>, table: &str, key: &str) -> Option<&'d Item> {
    document.get(table).and_then(Item::as_table_like).and_then(|table| table.get(key))
}

fn word(document: &Document<&str>, table: &str, key: &str) -> std::result::Result<Option<String>, String> {
    let Some(item) = value(document, table, key) else { return Ok(None) };
    let word = item.as_str().map(|text| text.trim().to_ascii_lowercase());
    word.map(Some).ok_or(format!("{table}.{key} is not a string"))
}

fn flag(document: &Document<&str>, table: &str, key: &str) -> std::result::Result<Option<bool>, String> {
    let Some(item) = value(document, table, key) else { return Ok(None) };
    item.as_bool().map(Some).ok_or(format!("{table}.{key} is not true or false"))
}

/// A number in `[coordination]` within a range; `what` names its unit.
fn number(
    document: &Document<&str>,
    key: &str,
    what: &str,
    range: RangeInclusive<u64>,
) -> std::result::Result<Option<u64>, String> {
    let Some(item) = value(document, "coordination", key) else { return Ok(None) };
    let number = item.as_integer().and_then(|number| u64::try_from(number).ok()).filter(|number| range.contains(number));
    number.map(Some).ok_or(format!("coordination.{key} is not a number of {what}"))
}

/// The `[agent] id` in the user's `agent.toml`, if it exists.
pub(crate) fn agent_id(path: &Path) -> Result<Option<AgentId>> {
    let Some(bytes) = file::read_optional(path)? else { return Ok(None) };
    let corrupt = |why: String| Error::Corrupt { path: path.to_owned(), line: None, why };
    let text = std::str::from_utf8(&bytes).map_err(|_| corrupt("not UTF-8 text".to_owned()))?;
    let document = Document::parse(text).map_err(|error| corrupt(error.to_string().trim_end().replace('\n', " ")))?;
    let id = document.get("agent").and_then(Item::as_table_like).and_then(|agent: &dyn TableLike| agent.get("id"));
    let Some(id) = id else { return Ok(None) };
    let id = id.as_str().ok_or_else(|| corrupt("agent.id is not a string".to_owned()))?;
    id.parse().map(Some).map_err(|error: crate::domain::id::IdError| corrupt(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_what_it_finds_is_an_id(
            noise in proptest::collection::vec(any::<u8>(), 0..80),
            id in ".{0,12}",
            at in any::<proptest::sample::Index>(),
        ) {
            let dir = tempfile::tempdir().expect("a directory");
            let path = dir.path().join("agent.toml");
            let good = toml_edit::value(id.clone());
            let mut harmed = format!("[agent]\nid = {good}\n[coordination]\ndefault_ttl_secs = 60\n").into_bytes();
            file::replace(&path, &harmed, file::Modes::PRIVATE).expect("written");
            let is_id = id.parse::<AgentId>();
            prop_assert_eq!(agent_id(&path).ok().flatten(), is_id.ok(), "a good file says what it says, a bad id is an error");
            let at = at.index(harmed.len());
            harmed.splice(at..at, noise.iter().copied());
            for bytes in [noise, harmed] {
                file::replace(&path, &bytes, file::Modes::PRIVATE).expect("written");
                let found = agent_id(&path);
                if let Ok(Some(id)) = found {
                    prop_assert_eq!(id.as_str().parse::<AgentId>().expect("an id"), id);
                }
                let _ = parse(&bytes);
            }
        }
    }

    #[test]
    fn toml_is_toml() {
        let strict = Some(Enforcement::Strict);
        for text in [
            "[worktree]\nenforce_leases = \"strict\"\n",
            "[worktree]\nenforce_leases = 'Strict' # here\n",
            "worktree = { enforce_leases = \"STRICT\" }",
            "worktree.enforce_leases = 'strict'",
            "[\"worktree\"]\n\"enforce_leases\" = \"\"\"strict\"\"\"\r\n",
        ] {
            assert_eq!(parse(text.as_bytes()).map(|settings| settings.enforcement), Ok(strict), "{text}");
        }
        assert_eq!(parse(b"").expect("empty"), PolicySettings::default());
        assert_eq!(parse(TEMPLATE.as_bytes()).expect("valid").enforcement, Some(Enforcement::Off));
    }

    #[test]
    fn an_invalid_config_is_an_error_and_not_off() {
        for text in [
            "[worktree]\nenforce_leases = strict\n",
            "[worktree]\nenforce_leases = \"strikt\"\n",
            "[worktree]\nenforce_leases = true\n",
            "[worktree]\nenforce_leases = \"off\"\nenforce_leases = \"off\"\n",
            "<<<<<<< ours\n",
            "worktree = 3",
            "[worktree]\nmode = \"sometimes\"",
            "[worktree]\nallow_issue_creation = \"never\"",
            "[coordination]\ndefault_ttl_secs = -1",
            "[coordination]\ndefault_ttl_secs = 0",
            "[coordination]\nstale_threshold_secs = 0",
            "[coordination]\nlease_renewal_threshold_pct = 101",
        ] {
            assert!(parse(text.as_bytes()).is_err(), "{text}");
        }
        assert!(parse(&[0xff]).is_err());
    }
}
