//! Two hooks in the settings of Claude Code: `git jit prime` when a session starts, and a look at each command of its shell.
//!
//! The form is the one that <https://code.claude.com/docs/en/hooks> has: an event has a list of groups, a group a matcher and a
//! list of commands. What stdout says at the start of a session is told to the model; status 2 refuses a tool, and stderr why.

use serde_json::{Value, json};

use crate::domain::issue::unique_json;
use crate::text::json_edit;

/// The member that hooks stand in.
const HOOKS: &str = "hooks";
/// Each hook of ours: its event, the tool it is for, what it runs.
const OURS: [(&str, Option<&str>, &str); 2] =
    [("SessionStart", None, "git jit prime"), ("PreToolUse", Some("Bash"), "git jit agents guard")];

fn group(matcher: Option<&str>, command: &str) -> Value {
    let hooks = json!([{ "type": "command", "command": command }]);
    matcher.map_or_else(|| json!({ "hooks": hooks }), |matcher| json!({ "matcher": matcher, "hooks": hooks }))
}

/// Settings with our hooks and nothing else.
pub(crate) fn fresh() -> String {
    let events = OURS.iter().map(|(event, matcher, command)| ((*event).to_owned(), json!([group(*matcher, command)])));
    format!("{:#}\n", json!({ HOOKS: events.collect::<serde_json::Map<_, _>>() }))
}

/// Whether a group runs this command, whatever else it does.
fn runs(group: &Value, command: &str) -> bool {
    let hooks = group.get(HOOKS).and_then(Value::as_array);
    hooks.is_some_and(|hooks| hooks.iter().any(|hook| hook.get("command").and_then(Value::as_str) == Some(command)))
}

/// The groups of an event.
fn groups<'v>(settings: &'v Value, event: &str) -> &'v [Value] {
    settings.get(HOOKS).and_then(|hooks| hooks.get(event)).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// Whether any hook of ours is there.
pub(crate) fn has_any(text: &str) -> bool {
    let settings = unique_json(text).unwrap_or_default();
    OURS.iter().any(|(event, _, command)| groups(&settings, event).iter().any(|group| runs(group, command)))
}

/// The settings with our hooks; `None` where they are there, and in words why nothing can be added.
pub(crate) fn with(text: &str) -> Result<Option<String>, String> {
    let settings = unique_json(text).map_err(|error| format!("it is not valid JSON ({error})"))?;
    if !settings.is_object() {
        return Err("it is no JSON object".to_owned());
    }
    let mut new = text.to_owned();
    for (event, matcher, command) in OURS {
        let hooks = settings.get(HOOKS);
        if hooks.is_some_and(|hooks| !hooks.is_object()) {
            return Err(format!("its {HOOKS} are no object"));
        }
        if hooks.and_then(|hooks| hooks.get(event)).is_some_and(|groups| !groups.is_array()) {
            return Err(format!("its {HOOKS}.{event} is no list"));
        }
        if !groups(&settings, event).iter().any(|group| runs(group, command)) {
            new = json_edit::push(&new, &[HOOKS, event], &group(matcher, command));
        }
    }
    Ok((new != text).then_some(new))
}

/// The settings without our groups, and without the lists and the object that held nothing else; `None` where there are none.
/// A group that somebody has changed is theirs.
pub(crate) fn without(text: &str) -> Option<String> {
    let settings = unique_json(text).ok()?;
    let mut new = text.to_owned();
    // The last one that was added goes first, so that each finds what it left.
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
            let put_in = with(text).expect("settings").expect("a change");
            let read = unique_json(&put_in).expect("valid");
            assert!(OURS.iter().all(|(event, _, command)| groups(&read, event).iter().any(|group| runs(group, command))));
            assert_eq!(with(&put_in), Ok(None), "{put_in}");
            assert_eq!(without(&put_in).as_deref(), Some(text), "{put_in}");
        }
        assert_eq!(with(&fresh()), Ok(None));
        assert_eq!(without("{\"hooks\": {}}"), None);
    }

    #[test]
    fn what_is_no_object_of_lists_is_left_alone() {
        for text in ["", "[]", "{ // why\n}", "{\"hooks\": []}", "{\"hooks\": {\"SessionStart\": {}}}", "{\"a\": 1, \"a\": 2}"] {
            assert!(with(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_hook_that_somebody_moved_is_found_and_theirs() {
        let text = fresh().replace("\"matcher\": \"Bash\"", "\"matcher\": \"*\"");
        assert_eq!(with(&text), Ok(None));
        assert!(without(&text).expect("the other one goes").contains("agents guard"));
    }
}
