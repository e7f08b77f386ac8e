//! Two hooks in the settings of Claude Code: `git jit prime` when a session starts, and a check of each shell command.
//!
//! The format is that of <https://code.claude.com/docs/en/hooks>: an event has a list of groups, a group has a matcher and a list of
//! commands. The model reads stdout of the hook at the start of a session. Exit status 2 refuses a tool, with the reason on stderr.

use serde_json::{Value, json};

use crate::domain::issue::unique_json;
use crate::text::json_edit;

/// The member that has the hooks.
const HOOKS: &str = "hooks";
/// Each hook of ours: its event, its tool, its command.
const OURS: [(&str, Option<&str>, &str); 2] =
    [("SessionStart", None, "git jit prime"), ("PreToolUse", Some("Bash"), "git jit agents guard")];

fn group(matcher: Option<&str>, command: &str) -> Value {
    let hooks = json!([{ "type": "command", "command": command }]);
    matcher.map_or_else(|| json!({ "hooks": hooks }), |matcher| json!({ "matcher": matcher, "hooks": hooks }))
}

/// Settings with only our hooks.
pub(crate) fn fresh() -> String {
    let events = OURS.iter().map(|(event, matcher, command)| ((*event).to_owned(), json!([group(*matcher, command)])));
    format!("{:#}\n", json!({ HOOKS: events.collect::<serde_json::Map<_, _>>() }))
}

/// Whether a group runs this command, among others.
fn runs(group: &Value, command: &str) -> bool {
    let hooks = group.get(HOOKS).and_then(Value::as_array);
    hooks.is_some_and(|hooks| hooks.iter().any(|hook| hook.get("command").and_then(Value::as_str) == Some(command)))
}

fn groups<'v>(settings: &'v Value, event: &str) -> &'v [Value] {
    settings.get(HOOKS).and_then(|hooks| hooks.get(event)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether any of our hooks is installed.
pub(crate) fn has_any(text: &str) -> bool {
    let settings = unique_json(text).unwrap_or_default();
    OURS.iter().any(|(event, _, command)| groups(&settings, event).iter().any(|group| runs(group, command)))
}

/// The settings with our hooks, or `None` if they are already there. The error says why they cannot be added.
pub(crate) fn with(text: &str) -> Result<Option<String>, String> {
    let settings = unique_json(text).map_err(|error| format!("not valid JSON ({error})"))?;
    if !settings.is_object() {
        return Err("not a JSON object".to_owned());
    }
    let mut new = text.to_owned();
    for (event, matcher, command) in OURS {
        let hooks = settings.get(HOOKS);
        if hooks.is_some_and(|hooks| !hooks.is_object()) {
            return Err(format!("'{HOOKS}' is not an object"));
        }
        if hooks.and_then(|hooks| hooks.get(event)).is_some_and(|groups| !groups.is_array()) {
            return Err(format!("'{HOOKS}.{event}' is not an array"));
        }
        if !groups(&settings, event).iter().any(|group| runs(group, command)) {
            new = json_edit::push(&new, &[HOOKS, event], &group(matcher, command));
        }
    }
    Ok((new != text).then_some(new))
}

/// The settings without our groups, and without the lists and the object that are empty then; `None` if there are none.
/// A group that the user has changed is kept.
pub(crate) fn without(text: &str) -> Option<String> {
    let settings = unique_json(text).ok()?;
    let mut new = text.to_owned();
    // In reverse order of addition, so that each removal undoes its own addition.
    for (event, matcher, command) in OURS.iter().rev() {
        let ours = group(*matcher, command);
        if let Some(index) = groups(&settings, event).iter().position(|group| *group == ours) {
            new = json_edit::pull(&new, &[HOOKS, event], index)?;
        }
    }
    if new != text && unique_json(&new).is_ok_and(|settings| settings.get(HOOKS).is_some_and(|hooks| *hooks == json!({}))) {
        new = json_edit::remove(&new, &[HOOKS])?;
    }
    (new != text).then_some(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_to_the_byte() {
        for text in [
            "{}",
            "{}\n",
            "{\"model\": \"opus\"}",
            "{\n  \"model\": \"opus\"\n}\n",
            "{\n\t\"permissions\": { \"allow\": [ \"Bash(ls:*)\" ] }\n}",
            "{\n    \"hooks\": {\n        \"PreToolUse\": [\n            { \"matcher\": \"Edit\", \"hooks\": [] }\n        ]\n    },\n    \"z\": 1.50\n}\n",
            "{\r\n  \"hooks\": {\r\n    \"Stop\": []\r\n  }\r\n}\r\n",
            "{\"hooks\":{\"SessionStart\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"x\"}]}]}}",
        ] {
            let installed = with(text).expect("settings").expect("a change");
            let read = unique_json(&installed).expect("valid");
            assert!(OURS.iter().all(|(event, _, command)| groups(&read, event).iter().any(|group| runs(group, command))));
            assert_eq!(with(&installed), Ok(None), "{installed}");
            assert_eq!(without(&installed).as_deref(), Some(text), "{installed}");
        }
        assert_eq!(with(&fresh()), Ok(None));
        assert_eq!(without("{\"hooks\": {}}"), None);
    }

    #[test]
    fn settings_that_are_not_an_object_of_lists_are_not_changed() {
        for text in ["", "[]", "{ // why\n}", "{\"hooks\": []}", "{\"hooks\": {\"SessionStart\": {}}}", "{\"a\": 1, \"a\": 2}"] {
            assert!(with(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_changed_hook_is_found_and_kept() {
        let text = fresh().replace("\"matcher\": \"Bash\"", "\"matcher\": \"*\"");
        assert_eq!(with(&text), Ok(None));
        assert!(without(&text).expect("the other one is removed").contains("agents guard"));
    }
}
