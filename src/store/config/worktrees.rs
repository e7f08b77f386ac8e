//! The settings for new worktrees in a `config.toml` or the user's `agent.toml`: `[worktree] agent, post_spawn, path_template`
//! and `[agents.NAME]`.

use std::collections::BTreeMap;

use toml_edit::{Document, Item, TableLike};

use crate::domain::agent_command::CommandTemplate;

/// The settings in one file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct WorktreeConfig {
    /// The agent to start by default.
    pub agent: Option<String>,
    /// A command for `sh -c` that prepares a new worktree.
    pub post_spawn: Option<String>,
    /// The path of a worktree, with `{repo}`, `{name}`, `{branch}` and `{number}`.
    pub path_template: Option<String>,
    /// The commands that start agents, by name.
    pub agents: BTreeMap<String, CommandTemplate>,
}

/// Parses a file; the error is a message.
pub(crate) fn parse(bytes: &[u8]) -> Result<WorktreeConfig, String> {
    let text = std::str::from_utf8(bytes).map_err(|_| "not UTF-8 text".to_owned())?;
    let document = Document::parse(text).map_err(|error| error.to_string().trim_end().replace('\n', " "))?;
    let worktree = document.get("worktree").and_then(Item::as_table_like);
    let word = |key: &str| match worktree.and_then(|table| table.get(key)) {
        None => Ok(None),
        Some(item) => item.as_str().map(|text| Some(text.to_owned())).ok_or(format!("worktree.{key} is not a string")),
    };
    let mut agents = BTreeMap::new();
    if let Some(item) = document.get("agents") {
        let table = item.as_table_like().ok_or("'agents' is not a table")?;
        for (name, item) in table.iter() {
            let table = item.as_table_like().ok_or(format!("'agents.{name}' is not a table"))?;
            agents.insert(name.to_owned(), template(name, table)?);
        }
    }
    Ok(WorktreeConfig { agent: word("agent")?, post_spawn: word("post_spawn")?, path_template: word("path_template")?, agents })
}

fn template(name: &str, table: &dyn TableLike) -> Result<CommandTemplate, String> {
    let known = ["command", "interactive_args", "headless_args", "yolo_args", "prompt"];
    if let Some((key, _)) = table.iter().find(|(key, _)| !known.contains(key)) {
        return Err(format!("agents.{name}.{key} is not one of {}", known.join(", ")));
    }
    let words = |key: &str| list(table, key).map_err(|()| format!("agents.{name}.{key} is not a list of strings"));
    let command = match table.get("command").and_then(Item::as_str) {
        // A string is the name of a program; it is not split at blanks.
        Some(program) => Some(vec![program.to_owned()]),
        None => words("command")?,
    };
    let prompt = match table.get("prompt") {
        None => None,
        Some(item) => Some(item.as_str().ok_or(format!("agents.{name}.prompt is not a string"))?.to_owned()),
    };
    Ok(CommandTemplate {
        command: command.filter(|words| !words.is_empty()).ok_or(format!("agents.{name} has no command"))?,
        interactive_args: words("interactive_args")?.unwrap_or_default(),
        headless_args: words("headless_args")?,
        yolo_args: words("yolo_args")?,
        prompt,
    })
}

fn list(table: &dyn TableLike, key: &str) -> Result<Option<Vec<String>>, ()> {
    let Some(item) = table.get(key) else { return Ok(None) };
    let words = item.as_array().ok_or(())?.iter().map(|value| value.as_str().map(str::to_owned));
    words.collect::<Option<Vec<String>>>().map(Some).ok_or(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_read_and_invalid_ones_are_errors() {
        let text = "[worktree]\nagent = \"mine\"\npost_spawn = \"make deps\"\n[agents.mine]\ncommand = [\"a b\", \"-c\"]\nyolo_args = [\"-y\"]\n";
        let read = parse(text.as_bytes()).expect("sound");
        assert_eq!((read.agent.as_deref(), read.post_spawn.as_deref()), (Some("mine"), Some("make deps")));
        let mine = &read.agents["mine"];
        assert_eq!((mine.command.len(), mine.yolo_args.as_deref().map(<[_]>::len), &mine.headless_args), (2, Some(1), &None));
        assert_eq!(parse(b"[agents]\nx = { command = \"a b\" }").expect("sound").agents["x"].command, ["a b"]);
        assert_eq!(parse(b"").expect("empty"), WorktreeConfig::default());
        for bad in [
            "[agents.x]\nprompt = \"p\"",
            "[agents.x]\ncommand = []",
            "[agents.x]\ncommand = [1]",
            "[agents.x]\ncommand = \"x\"\nyolo = []",
            "agents = 3",
            "[worktree]\npost_spawn = [\"x\"]",
        ] {
            assert!(parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
