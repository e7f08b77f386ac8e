//! What Claude Code is told before it runs a command, by the real binary; the table of commands is beside `domain::guard`.

use crate::support::{Outcome, World};

/// What Claude Code says on stdin.
fn event(tool: &str, command: &str) -> String {
    serde_json::json!({
        "session_id": "s", "transcript_path": "/t", "cwd": "/", "permission_mode": "default", "hook_event_name": "PreToolUse",
        "tool_name": tool, "tool_input": { "command": command, "description": "d" }, "tool_use_id": "u",
    })
    .to_string()
}

#[test]
fn a_way_around_the_hooks_is_refused_with_two_and_a_sentence() {
    let world = World::empty();
    let place = world.place("");
    for (command, status) in [
        ("git commit --no-verify -m x", 2),
        ("cd x && git -C x commit -n -m y", 2),
        ("sh -c 'git push --no-verify'", 2),
        ("git commit -nm x", 2),
        ("git -c core.hooksPath=/dev/null merge topic", 2),
        ("HUSKY=0 git commit -m x", 2),
        ("git commit -m \"--no-verify\"", 0),
        ("git commit -m x && git push", 0),
        ("git push -n", 0),
        ("git commit -n 'unfinished", 0),
    ] {
        let outcome = place.pipe("git-jit agents guard", event("Bash", command).as_bytes()).exits(status);
        assert_eq!(outcome.stdout, "", "{command}");
        assert_eq!(outcome.stderr.is_empty(), status == 0, "{command}");
        if status == 2 {
            assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
            outcome.says("bypasses the hooks of this repository");
        }
    }
}

#[test]
fn whatever_cannot_be_read_is_let_through() {
    let world = World::empty();
    let place = world.place("");
    let bypass = "git commit --no-verify";
    for input in [String::new(), "no JSON".to_owned(), "[]".to_owned(), "{}".to_owned(), event("Write", bypass), "\u{0}".repeat(3)]
    {
        place.pipe("git-jit agents guard", input.as_bytes()).ok().says_nothing();
    }
    place.pipe("git-jit agents guard", b"\xff\xfe{").ok().says_nothing();
    // In a directory that is gone it still judges.
    place.write("event.json", event("Bash", bypass));
    let script = format!(
        "mkdir gone && cd gone && rmdir ../gone && {} agents guard <'{}'",
        env!("CARGO_BIN_EXE_git-jit"),
        place.dir.join("event.json").display()
    );
    Outcome::of(script.clone(), place.command("sh").args(["-c", &script])).exits(2);
}
