//! `git jit mcp`: the protocol line by line, and a real client from `PyPI`, which is fetched in CI or with
//! `JIT_TEST_FETCH=1 cargo test --test all mcp_client`.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use crate::support::{Outcome, Place, World, tools};

/// A server, and what is said to it and by it.
struct Client {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
    last: u64,
}

impl Client {
    fn start(place: &Place, arguments: &[&str]) -> Self {
        let prepared = place.command(env!("CARGO_BIN_EXE_git-jit"));
        let mut command = Command::new(prepared.get_program());
        command.env_clear().current_dir(&place.dir).args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        for (key, value) in prepared.get_envs() {
            command.env(key, value.expect("set"));
        }
        let mut child = command.stderr(Stdio::null()).spawn().expect("started");
        let (input, output) = (child.stdin.take(), BufReader::new(child.stdout.take().expect("piped")));
        let mut client = Self { child, input, output, last: 0 };
        let info = json!({ "name": "test", "version": "1" });
        let begun = client.ask("initialize", &json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info }));
        assert_eq!(begun["result"]["serverInfo"]["name"], "git-jit", "{begun}");
        assert!(begun["result"]["capabilities"]["tools"].is_object(), "{begun}");
        client.say(&json!({ "jsonrpc": "2.0", "method": "notifications/initialized" }));
        client
    }

    fn say(&mut self, message: &Value) {
        writeln!(self.input.as_mut().expect("open"), "{message}").expect("it listens");
    }

    /// The answer to a request; every line on stdout has to be the protocol's.
    fn ask(&mut self, method: &str, params: &Value) -> Value {
        self.last += 1;
        self.say(&json!({ "jsonrpc": "2.0", "id": self.last, "method": method, "params": params }));
        let mut line = String::new();
        self.output.read_line(&mut line).expect("it answers");
        let answer: Value = serde_json::from_str(&line).expect("one JSON document a line");
        assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), &json!(self.last)), "{answer}");
        answer
    }

    /// What a tool answers: whether it failed, and its document.
    fn call(&mut self, name: &str, arguments: &Value) -> (bool, Value) {
        let answer = self.ask("tools/call", &json!({ "name": name, "arguments": arguments }));
        let text = answer["result"]["content"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        (answer["result"]["isError"] == true, serde_json::from_str(text).expect("one document"))
    }

    fn well(&mut self, name: &str, arguments: &Value) -> Value {
        let (is_error, document) = self.call(name, arguments);
        assert!(!is_error, "{name}: {document}");
        document
    }

    fn fails(&mut self, name: &str, arguments: &Value) -> Value {
        let (is_error, document) = self.call(name, arguments);
        assert!(is_error, "{name}: {document}");
        document
    }

    /// Its status once nobody speaks to it any more.
    fn ends(mut self) -> Option<i32> {
        drop(self.input.take());
        self.child.wait().expect("it ends").code()
    }
}

#[test]
fn tools_answer_with_the_documents_of_their_verbs() {
    let (world, issues) = World::strict();
    let linked = world.linked("other");
    for place in [&world.team().agent("agent:alice"), &linked.sub("below")] {
        let mut client = Client::start(place, &["mcp"]);
        let listed = client.ask("tools/list", &json!({}));
        let names: Vec<&str> =
            listed["result"]["tools"].as_array().expect("tools").iter().filter_map(|tool| tool["name"].as_str()).collect();
        let expected =
            ["orient", "query", "issue_show", "issue_create", "issue_update", "claim", "note_add", "dep_add", "gate_check"];
        assert_eq!(names, expected);
        assert!(listed.to_string().len() < 5000, "few words: {}", listed.to_string().len());
        assert_eq!(client.well("orient", &json!({})), place.json("status"));
        assert_eq!(
            client.well("issue_show", &json!({ "issue": &issues[0][..8] })),
            place.json(&format!("issue show {}", issues[0]))
        );
        let available = client.well("query", &json!({ "kind": "available", "limit": 2 }));
        assert_eq!(available, place.json("query available --limit 2"));
        assert_eq!(client.ends(), Some(0));
    }
}

#[test]
fn work_on_an_issue_goes_from_claim_to_release() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    team.jit("gate define works --command true").ok();
    team.jit("gate define breaks --command false").ok();
    let mut client = Client::start(&world.place(""), &["-C", "team", "--agent-id", "agent:alice", "mcp"]);
    let issue = issues[0].as_str();
    let refused = client.fails("issue_update", &json!({ "issue": issue, "priority": "high" }));
    assert_eq!(refused["error"]["code"], "no_lease", "{refused}");
    let lease = client.well("claim", &json!({ "action": "acquire", "issue": issue, "ttl": "30m", "reason": "work" }));
    assert_eq!((&lease["lease"]["agent_id"], &lease["lease"]["ttl_secs"]), (&json!("agent:alice"), &json!(1800)));
    let changed = client.well("issue_update", &json!({ "issue": issue, "priority": "high", "add_labels": ["a:b", "c:d"] }));
    assert_eq!(changed["issue"]["labels"], json!(["a:b", "c:d"]));
    let title = "--title of $(an) issue";
    let made = client.well("issue_create", &json!({ "title": title, "description": "- a list", "discovered_from": issue }));
    assert_eq!(made["error"], Value::Null);
    assert_eq!(made["issue"]["title"], title);
    client.well("dep_add", &json!({ "issue": issue, "depends_on": made["issue"]["id"] }));
    client.well("note_add", &json!({ "issue": issue, "text": "--quiet" }));
    team.jit(&format!("gate add {issue} works,breaks")).ok();
    assert_eq!(client.well("gate_check", &json!({ "issue": issue, "gate": "works" }))["passed"], true);
    let all = client.fails("gate_check", &json!({ "issue": issue }));
    assert_eq!(all["passed"], false, "{all}");
    client.well("claim", &json!({ "action": "renew", "issue": issue, "ttl": "1h" }));
    assert_eq!(client.well("claim", &json!({ "action": "release", "issue": issue }))["closing"], true);
    assert_eq!(client.ends(), Some(0));
    assert_eq!(team.json(&format!("note list {issue}"))["notes"][0]["text"], "--quiet");
}

#[test]
fn errors_are_those_of_the_command_line() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:alice");
    world.linked("other").acquire(&issues[1]);
    let mut client = Client::start(&team, &["mcp"]);
    for (tool, arguments, words, status) in [
        ("issue_show", json!({ "issue": "ffffffff" }), "issue show ffffffff".to_owned(), 3),
        ("claim", json!({ "action": "acquire", "issue": issues[1] }), format!("claim acquire {}", issues[1]), 4),
        (
            "claim",
            json!({ "action": "acquire", "issue": issues[0], "ttl": "x" }),
            format!("claim acquire {} --ttl x", issues[0]),
            2,
        ),
    ] {
        let document = client.fails(tool, &arguments);
        let typed = team.jit(&format!("{words} --json")).exits(status).document();
        assert_eq!(document["error"]["code"], typed["error"]["code"]);
        // The time that is left of another's lease may be another a moment later.
        assert!(document == typed || status == 4, "{document} {typed}");
        assert!(document["error"]["suggestions"].as_array().is_some_and(|hints| !hints.is_empty()), "{document}");
    }
    let usage = client.fails("note_add", &json!({ "issue": issues[0], "text": "-" }));
    assert_eq!(usage["error"]["code"], "usage");
    assert_eq!(client.fails("claim", &json!({ "action": "force-evict", "issue": issues[1] }))["error"]["code"], "usage");
    assert_eq!(client.ask("tools/call", &json!({ "name": "issue_delete", "arguments": {} }))["error"]["code"], -32602);
    assert_eq!(client.ask("nothing/like/it", &json!({}))["error"]["code"], -32601);
    assert!(client.well("orient", &json!({}))["agent_id"] == "agent:alice", "it goes on after errors");
    assert_eq!(client.ends(), Some(0));
}

#[test]
fn it_ends_with_its_input_and_when_it_is_told_to() {
    let (world, issues) = World::strict();
    let team = world.team();
    assert_eq!(team.pipe("git-jit mcp", b"").ok().stdout, "");
    let mut client = Client::start(&team, &["mcp"]);
    client.well("issue_show", &json!({ "issue": issues[0] }));
    let pid = client.child.id().to_string();
    team.command("kill").args(["-TERM", &pid]).assert().success();
    assert_eq!(client.child.wait().expect("it ends").code(), Some(0));
}

/// The folder with the client, fetched if it is not there.
fn fetched() -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mcp-client");
    if !dir.join("mcp").is_dir() {
        let status = Command::new("python3").args(["-m", "pip", "install", "--quiet", "mcp", "--target"]).arg(&dir).status();
        assert!(status.is_ok_and(|status| status.success()), "pip fetches the client");
    }
    dir
}

#[test]
fn a_real_mcp_client_works_with_it() {
    if !tools::may_fetch() {
        return;
    }
    let (world, issues) = World::strict();
    let team = world.team().with("PYTHONPATH", fetched().to_str().expect("text")).with("PYTHONDONTWRITEBYTECODE", "1");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/mcp/client.py");
    let mut command = team.command("python3");
    let program = env!("CARGO_BIN_EXE_git-jit");
    command.arg(script).args([program, team.dir.to_str().expect("text"), "agent:python", &issues[0]]);
    let said = Outcome::of("python3 client.py".to_owned(), &mut command).ok().stdout;
    let lines: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    assert_eq!(lines[0]["tools"].as_array().map(Vec::len), Some(9), "{said}");
    assert!(lines[0]["instructions"].as_str().is_some_and(|text| text.contains("orient")));
    let failed: Vec<bool> = lines[1..].iter().map(|line| line["failed"] == true).collect();
    assert_eq!(failed, [false, false, false, false, false, true], "{said}");
    assert_eq!(lines[1]["answer"]["agent_id"], "agent:python");
    assert_eq!(lines[2]["answer"]["lease"]["ttl_secs"], 1800);
    assert_eq!(lines[5]["answer"]["issues"][0]["state"], "in_progress");
    assert_eq!(lines[5]["answer"]["issues"][0]["notes"][0]["text"], "from an agent");
    assert_eq!(lines[6]["answer"]["error"]["code"], "issue_not_found");
}
