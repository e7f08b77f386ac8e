//! `agents install`: in, twice, looked at, and out again to the byte, beside what others have written.

use std::collections::BTreeMap;
use std::os::unix::fs::{PermissionsExt, symlink};

use serde_json::Value;

use crate::support::{Place, World};

/// Every file of a worktree that is not Git's or ours, by path.
fn files(place: &Place) -> BTreeMap<String, Vec<u8>> {
    fn below(dir: &std::path::Path, all: &mut BTreeMap<String, Vec<u8>>) {
        for entry in std::fs::read_dir(dir).expect("a directory").map(|entry| entry.expect("an entry")) {
            let path = entry.path();
            if entry.file_name() == ".git" || entry.file_name() == ".jit" {
                continue;
            }
            if entry.file_type().expect("a type").is_dir() {
                all.insert(format!("{}/", path.display()), Vec::new());
                below(&path, all);
            } else {
                all.insert(path.display().to_string(), std::fs::read(&path).expect("read"));
            }
        }
    }
    let mut all = BTreeMap::new();
    below(&place.dir, &mut all);
    all
}

fn settings(place: &Place) -> Value {
    serde_json::from_str(&place.read(".claude/settings.json")).expect("JSON")
}

#[test]
fn it_goes_in_once_and_comes_out_without_a_trace() {
    let world = World::new();
    world.team().git("add -A").ok();
    world.team().git("commit -q -m Begin").ok();
    for place in [world.team(), world.linked("other"), world.linked("third").sub("deep/down")] {
        let root = place.moved(&place.git("rev-parse --show-toplevel").ok().line());
        let before = files(&root);
        let head = root.git("rev-parse HEAD").ok().line();
        place.jit("agents install --check").exits(1).says("missing: AGENTS.md");
        place.jit("agents install claude gemini").ok().says("Written AGENTS.md").says("Written .claude/settings.json");
        assert!(root.read("AGENTS.md").starts_with("<!-- git-jit:begin v1 "));
        assert!(root.read("CLAUDE.md").contains("\n@AGENTS.md\n") && root.read("GEMINI.md").contains("\n@./AGENTS.md\n"));
        let written = files(&root);
        let again = place.jit("agents install claude gemini codex cursor").ok().never_says("Written");
        drop(again.says("Up to date: AGENTS.md"));
        assert_eq!(files(&root), written, "twice changes nothing");
        place.jit("agents install --check").ok();
        place.jit("agents install --check claude").ok();
        assert_eq!(root.git("rev-parse HEAD").ok().line(), head, "nothing was committed");
        place.jit("agents install --remove").ok().says("Removed");
        assert_eq!(files(&root), before);
        place.jit("agents install --remove").ok().says("Nothing installed in AGENTS.md");
    }
}

#[test]
fn the_hooks_are_those_that_claude_code_reads() {
    let world = World::new();
    let team = world.team();
    team.jit("agents install claude").ok();
    let all = settings(&team);
    assert_eq!(all["hooks"]["SessionStart"][0]["hooks"][0], serde_json::json!({ "type": "command", "command": "git jit prime" }));
    let before_tools = &all["hooks"]["PreToolUse"][0];
    assert_eq!(before_tools["matcher"], "Bash");
    assert_eq!(before_tools["hooks"][0], serde_json::json!({ "type": "command", "command": "git jit agents guard" }));
    // As Claude Code runs them: by a shell.
    for (event, input, status) in
        [("SessionStart", "{}", 0), ("PreToolUse", r#"{"tool_name":"Bash","tool_input":{"command":"git commit -n"}}"#, 2)]
    {
        let command = all["hooks"][event][0]["hooks"][0]["command"].as_str().expect("a command");
        team.pipe(command, input.as_bytes()).exits(status);
    }
    assert!(!team.dir.join("GEMINI.md").exists(), "nobody named gemini");
    let world = World::new();
    world.team().jit("agents install codex cursor").ok();
    assert_eq!(files(&world.team()).len(), 1, "they read AGENTS.md");
}

#[test]
fn what_others_have_written_stays_and_comes_back_to_the_byte() {
    let world = World::new();
    let team = world.team();
    for (agents, claude, json) in [
        (
            "# Ours\n\nRun make.\n",
            "Be kind.",
            "{\n    \"hooks\": {\n        \"Stop\": [ { \"hooks\": [] } ],\n        \"PreToolUse\": [\n            {\"matcher\": \"Edit\", \"hooks\": []}\n        ]\n    },\n    \"z\":1.0\n}",
        ),
        ("no line end", "a\r\nb\r\n", "{\"model\":\"opus\"}\n"),
        ("", "\n", "{}"),
        ("ä\n\n\n", "x\n", "{\n\t\"a\": []\n}\n"),
    ] {
        team.write("AGENTS.md", agents);
        team.write("CLAUDE.md", claude);
        team.write(".claude/settings.json", json);
        team.write(".claude/agents/mine.md", "x");
        let path = team.dir.join(".claude/settings.json");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("set");
        let before = files(&team);
        team.jit("agents install claude").ok();
        assert!(team.read("AGENTS.md").starts_with(agents) && team.read("CLAUDE.md").starts_with(claude));
        assert!(settings(&team)["hooks"]["PreToolUse"].as_array().is_some_and(|groups| !groups.is_empty()));
        assert_eq!(std::fs::metadata(&path).expect("there").permissions().mode() & 0o777, 0o640);
        team.jit("agents install --check claude").ok();
        team.jit("agents install --remove claude").ok();
        team.jit("agents install --check").ok();
        team.jit("agents install --check claude").exits(1).says("missing: CLAUDE.md").says("missing: .claude/settings.json");
        team.jit("agents install --remove").ok();
        assert_eq!(files(&team), before);
    }
}

#[test]
fn a_block_that_was_edited_is_refused_and_nothing_else_is_written() {
    let world = World::new();
    let team = world.team();
    team.jit("agents install").ok();
    let ours = team.read("AGENTS.md");
    team.write("AGENTS.md", ours.replace("git jit prime", "git jit prime --json"));
    let before = files(&team);
    team.jit("agents install claude").exits(1).says("AGENTS.md: the git jit block was edited by hand").says("--force");
    team.jit("agents install --remove").exits(1).says("edited by hand");
    let failure = team.jit("agents install --json").exits(1).document();
    assert_eq!(failure["error"]["code"], "agent_file");
    assert_eq!(failure["error"]["details"]["file"], "AGENTS.md");
    team.jit("agents install --check").exits(1).says("edited: AGENTS.md");
    assert_eq!(files(&team), before);
    team.jit("agents install --force").ok();
    assert_eq!(team.read("AGENTS.md"), ours);
    // Marks that do not match are nobody's to guess at.
    team.write("AGENTS.md", format!("{ours}{ours}"));
    team.jit("agents install --force").exits(1).says("do not match");
    team.write("AGENTS.md", "text\n");
    team.write(".claude/settings.json", "{ // a comment\n}");
    team.jit("agents install claude").exits(1).says(".claude/settings.json: not changed").says("--print");
    assert_eq!(team.read("AGENTS.md"), "text\n");
    team.jit("agents install").ok().says("Written AGENTS.md");
}

#[test]
fn what_another_version_put_in_is_brought_up_to_date() {
    let world = World::new();
    let team = world.team();
    let body = "old\n";
    let block = format!("<!-- git-jit:begin v1 {:08x} -->\n{body}<!-- git-jit:end -->\n", crc32fast::hash(body.as_bytes()));
    team.write("AGENTS.md", format!("before\n\n{block}after\n"));
    team.write("CLAUDE.md", &block);
    team.jit("agents install --check").exits(1).says("outdated: AGENTS.md").says("outdated: CLAUDE.md");
    team.jit("agents install").ok().says("Written AGENTS.md").says("Written CLAUDE.md");
    team.jit("agents install --check").ok();
    team.jit("agents install --remove").ok();
    assert_eq!(team.read("AGENTS.md"), "before\nafter\n");
    assert!(!team.dir.join("CLAUDE.md").exists());
}

#[test]
fn links_and_references_that_are_there_are_enough() {
    let world = World::new();
    let team = world.team();
    team.write("AGENTS.md", "one\n");
    symlink("AGENTS.md", team.dir.join("CLAUDE.md")).expect("linked");
    team.write(".gemini/settings.json", r#"{"context": {"fileName": ["AGENTS.md", "GEMINI.md"]}}"#);
    team.jit("agents install claude gemini").ok();
    assert!(team.dir.join("CLAUDE.md").is_symlink() && !team.dir.join("GEMINI.md").exists());
    team.jit("agents install --check claude gemini").ok();
    team.jit("agents install --remove").ok();
    assert!(team.dir.join("CLAUDE.md").is_symlink());
    assert_eq!(team.read("CLAUDE.md"), "one\n");
    // A line that refers to it already.
    std::fs::remove_file(team.dir.join("CLAUDE.md")).expect("removed");
    team.write("CLAUDE.md", "See @AGENTS.md for more.\n");
    team.jit("agents install claude").ok();
    assert_eq!(team.read("CLAUDE.md"), "See @AGENTS.md for more.\n");
    team.jit("agents install --remove").ok();
    // A link out of the worktree is not followed.
    world.place("").write("elsewhere.md", "mine\n");
    std::fs::remove_file(team.dir.join("AGENTS.md")).expect("removed");
    symlink("../elsewhere.md", team.dir.join("AGENTS.md")).expect("linked");
    team.jit("agents install").exits(1).says("a link out of this worktree");
    assert_eq!(world.place("").read("elsewhere.md"), "mine\n");
}

#[test]
fn print_shows_it_and_writes_nothing() {
    let world = World::new();
    let team = world.team();
    let before = files(&team);
    let outcome = team.jit("agents install claude --print").ok().says("AGENTS.md\n<!-- git-jit:begin v1").says("\"SessionStart\"");
    assert!(!outcome.stdout.to_lowercase().contains("push") && !outcome.stdout.contains("no-verify"), "{}", outcome.stdout);
    assert_eq!(files(&team), before);
    let document = team.json("agents install --print");
    assert_eq!(document["changed"], false);
    assert_eq!(document["files"][0]["state"], "printed");
    team.jit("agents install --print --check").exits(2);
    team.jit("agents install nobody").exits(2);
    world.place("").jit("agents install").exits(3);
    world.place("").git("init -q --bare bare.git").ok();
    world.place("bare.git").jit("agents install").exits(3);
}
