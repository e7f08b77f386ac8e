//! Every verb's answer against `docs/json.md`: nothing that is not declared, nothing declared that is missing.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::support::World;

/// What is wrong with a value, by the schema; nothing if it fits. Strict: a member that is not declared is wrong.
fn wrong(schema: &Value, defs: &Value, value: &Value, at: &str) -> Option<String> {
    if let Some(name) = schema["$ref"].as_str() {
        let shape = &defs[name.trim_start_matches("#/$defs/")];
        return if shape.is_null() { Some(format!("{at}: no shape {name}")) } else { wrong(shape, defs, value, at) };
    }
    if let Some(either) = schema["anyOf"].as_array() {
        let all: Vec<Option<String>> = either.iter().map(|shape| wrong(shape, defs, value, at)).collect();
        return if all.iter().any(Option::is_none) { None } else { all.into_iter().flatten().next() };
    }
    if let Some(words) = schema["enum"].as_array() {
        return (!words.contains(value)).then(|| format!("{at}: {value} is none of {words:?}"));
    }
    if let Some(constant) = schema.get("const") {
        return (constant != value).then(|| format!("{at}: {value} is not {constant}"));
    }
    let fits = match schema["type"].as_str() {
        None => true,
        Some("string") => value.as_str().is_some_and(|text| match schema["format"].as_str() {
            Some("uuid") => uuid::Uuid::try_parse(text).is_ok() && text.len() == 36,
            Some("date-time") => text.parse::<jiff::Timestamp>().is_ok(),
            _ => true,
        }),
        Some("number") => value.is_number(),
        Some("boolean") => value.is_boolean(),
        Some("null") => value.is_null(),
        Some("array") => {
            let items = value.as_array()?;
            return items.iter().enumerate().find_map(|(n, item)| wrong(&schema["items"], defs, item, &format!("{at}[{n}]")));
        }
        Some("object") => return wrong_object(schema, defs, value, at),
        Some(other) => return Some(format!("{at}: no check for {other}")),
    };
    (!fits).then(|| format!("{at}: {value} does not fit {schema}"))
}

fn wrong_object(schema: &Value, defs: &Value, value: &Value, at: &str) -> Option<String> {
    let Some(members) = value.as_object() else { return Some(format!("{at}: no object")) };
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let Some(name) = required.into_iter().find(|name| !members.contains_key(*name)) {
        return Some(format!("{at}.{name} is missing"));
    }
    members.iter().find_map(|(name, member)| {
        let below = format!("{at}.{name}");
        match (&schema["properties"][name.as_str()], &schema["additionalProperties"]) {
            (Value::Null, Value::Bool(false)) => Some(format!("{below} is not declared")),
            (Value::Null, Value::Bool(true)) => None,
            (Value::Null, other) => wrong(other, defs, member, &below),
            (shape, _) => wrong(shape, defs, member, &below),
        }
    })
}

#[test]
fn the_check_itself_finds_what_is_wrong() {
    let defs = serde_json::json!({ "N": { "type": "number" } });
    let schema = serde_json::json!({
        "type": "object", "required": ["a"], "additionalProperties": false,
        "properties": { "a": { "$ref": "#/$defs/N" }, "b": { "anyOf": [{ "type": "array", "items": { "type": "string" } }, { "type": "null" }] } },
    });
    for (value, fits) in [
        (r#"{"a": 1}"#, true),
        (r#"{"a": 1, "b": null}"#, true),
        (r#"{"a": 1, "b": ["x"]}"#, true),
        (r#"{"a": 1, "b": [2]}"#, false),
        (r#"{"a": "x"}"#, false),
        (r#"{"b": null}"#, false),
        (r#"{"a": 1, "c": 1}"#, false),
    ] {
        let value: Value = serde_json::from_str(value).expect("JSON");
        assert_eq!(wrong(&schema, &defs, &value, "").is_none(), fits, "{value}");
    }
}

/// Runs verbs in an order in which each has something to tell, and returns the names of those that fitted.
struct Walk {
    schema: Value,
    seen: BTreeSet<String>,
    place: crate::support::Place,
}

impl Walk {
    /// One verb, by the name that the page has for it.
    fn step(&mut self, name: &str, words: &str) -> Value {
        let outcome = self.place.jit_args(&["--json"].into_iter().chain(words.split(' ')).collect::<Vec<_>>());
        let document = outcome.document();
        let schema = &self.schema["answers"][name];
        assert!(!schema.is_null(), "{name} is not declared");
        assert_eq!(wrong(schema, &self.schema["$defs"], &document, name), None, "{words}: {document:#}");
        self.seen.insert(name.to_owned());
        document
    }

    /// One verb whose name is what stands before its arguments.
    fn verb(&mut self, name: &str, arguments: &str) -> Value {
        self.step(name, format!("{name} {arguments}").trim_end())
    }
}

impl Walk {
    /// Makes what the rest of the way needs: gates and three issues.
    fn begin(&mut self) -> [String; 3] {
        self.verb("init", "");
        self.verb("version", "");
        self.verb("help", "issue create");
        self.verb("help exit-codes", "");
        self.verb("schema", "issue show");
        self.step("error", "issue show ffffffff");
        self.verb("gate define", "review");
        self.verb("gate define", "fmt --command true --env A=b --working-dir .");
        self.verb("gate list", "");
        self.verb("gate show", "fmt");
        ["A", "B", "C"].map(|title| self.create(title))
    }

    fn create(&mut self, title: &str) -> String {
        self.verb("issue create", title)["issue"]["id"].as_str().expect("an id").to_owned()
    }

    fn around_issues(&mut self, [a, b, _]: &[String; 3]) {
        let team = self.place.clone();
        team.write("doc.md", "x");
        self.verb("note add", &format!("{a} said"));
        self.verb("note list", a);
        self.verb("doc add", &format!("{a} doc.md --label L"));
        self.verb("doc list", a);
        self.verb("doc rm", &format!("{a} doc.md"));
        self.verb("label add", &format!("{a} x:y z:w"));
        self.verb("label rm", &format!("{a} z:w"));
        self.verb("label list", "");
        self.verb("dep add", &format!("{a} {b}"));
        self.verb("dep show", a);
        self.verb("issue assign", b);
        self.verb("issue unassign", b);
        self.verb("gate add", &format!("{b} fmt,review"));
        self.verb("gate status", b);
        self.verb("gate check", &format!("{b} fmt"));
        self.verb("gate check-all", b);
        self.verb("gate pass", &format!("{b} review --reason ok"));
        self.verb("gate status", b);
        self.verb("gate fail", &format!("{b} review"));
        self.verb("gate rm", &format!("{b} review"));
    }

    fn queries_and_changes(&mut self, [a, b, c]: &[String; 3]) {
        let team = self.place.clone();
        team.git("add -A").ok();
        team.git("commit -q -m Issues").ok();
        self.verb("claim acquire", &format!("{c} --reason why --assign"));
        for verb in ["issue list", "query all", "query available", "query blocked", "query ready", "query mine", "query closed"] {
            self.verb(verb, "");
        }
        self.verb("search", "a");
        self.step("query available --explain", &format!("query available --explain {a}"));
        self.verb("issue show", &format!("{a} {b} {c}"));
        self.verb("issue update", &format!("{c} --priority high"));
        self.step("issue update --filter", &format!("issue update --priority low {a} {b}"));
        self.step("issue update --filter", &format!("issue update --state done {a} {b}"));
        self.verb("issue log", c);
        self.verb("issue export", "");
        team.write("plan.json", "[{\"key\": \"k\", \"title\": \"K\"}]");
        self.verb("issue import", "--from-json plan.json");
        for verb in ["graph show", "graph roots", "graph export"] {
            self.verb(verb, "");
        }
    }

    fn leases(&mut self, c: &str) {
        self.verb("claim renew", &format!("{c} --extension 20m"));
        self.verb("claim heartbeat", "");
        self.verb("claim transfer", &format!("{c} --to-agent agent:other --reason yours"));
        self.verb("claim force-evict", &format!("{c} --reason mine"));
        self.verb("claim acquire", c);
        self.verb("claim list", "");
        self.step("claim hold", &format!("claim hold {c} -- true"));
        self.verb("claim log", "");
        self.verb("recover", "--dry-run");
        let me = std::process::id();
        self.step("claim keepalive --detach", &format!("claim keepalive --detach --pid {me}"));
        self.step("claim keepalive --stop", "claim keepalive --stop");
        let mut agent = std::process::Command::new("sleep").arg("0.3").spawn().expect("started");
        self.step("claim keepalive", &format!("claim keepalive --pid {}", agent.id()));
        agent.wait().expect("ended");
    }

    fn worktrees(&mut self) {
        let team = self.place.clone();
        self.verb("worktree info", "");
        let spawned = self.create("Spawned");
        team.git("add -A").ok();
        team.git("commit -q -m Spawned").ok();
        self.verb("worktree init", "");
        self.verb("worktree spawn", &format!("{spawned} --no-agent"));
        team.write(".jit/config.toml", "[agents.echo]\ncommand = \"echo\"\nheadless_args = []\n");
        self.verb("worktree approve", "--dry-run");
        self.verb("worktree approve", "");
        self.verb("worktree spawn", &format!("{spawned} --agent echo --headless -- said"));
        self.verb("worktree attach", &spawned);
        self.verb("worktree path", &spawned);
        self.verb("worktree goto", &spawned);
        self.verb("worktree list", "");
        self.verb("worktree list", "--status");
        self.verb("worktree remove", &format!("{spawned} --delete-branch --end-lease"));
        let missing = self.create("Missing");
        let lost = self.verb("worktree spawn", &format!("{missing} --no-agent"))["path"].as_str().expect("a path").to_owned();
        std::fs::remove_dir_all(lost).expect("removed");
        self.verb("worktree prune", "");
        self.verb("worktree purge", "--offline");
        self.verb("worktree clone", "../team ../clone.git");
        self.verb("shell-init", "bash");
        self.verb("completions", "zsh");
    }

    /// Two sides that want two titles, and an issue that has a label twice.
    fn merges(&mut self) {
        let team = self.place.clone();
        let issue = self.create("Title");
        let path = crate::support::Place::file(&issue);
        team.git("add -A").ok();
        team.git("commit -q -m Title").ok();
        team.git("branch theirs").ok();
        for (branch, title, priority) in [("theirs", "Theirs", "low"), ("main", "Ours", "high")] {
            team.git(&format!("checkout -q {branch}")).ok();
            team.jit(&format!("issue update {issue} --title {title} --priority {priority}")).ok();
            team.git("commit -q -a -m Change").ok();
        }
        for (name, rev) in [("base", "HEAD^"), ("ours", "HEAD"), ("other", "theirs")] {
            team.write(name, team.git(&format!("show {rev}:{path}")).ok().stdout);
        }
        self.verb("merge-driver", &format!("base ours other {path}"));
        team.git("merge -q theirs").exits(1);
        self.verb("resolve", "");
        self.verb("resolve", "--theirs");
        team.git("commit -q -m Merged").ok();
        team.write(&path, team.read(&path).replace("\"labels\": []", "\"labels\": [\"a:1\", \"a:1\"]"));
        self.verb("validate", "");
        self.verb("validate", "--fix");
    }

    fn the_rest(&mut self, [a, b, c]: &[String; 3]) {
        let team = self.place.clone();
        self.verb("graph deps", &format!("{a} --claims"));
        self.verb("graph downstream", b);
        self.verb("dep rm", &format!("{a} {b}"));
        self.leases(c);
        self.verb("claim status", "");
        self.verb("status", "");
        self.step("status --line", "status --line");
        self.verb("prime", "");
        self.verb("agents install", "claude");
        self.verb("agents install", "--print");
        self.verb("agents install", "--remove");
        self.verb("agents guard", "");
        self.verb("watch", "");
        self.verb("whoami", "");
        self.verb("done", &format!("{c} --next"));
        self.verb("claim release", c);
        self.verb("next", "");
        self.create("Another");
        self.verb("claim next", "");
        let gone = self.create("Gone");
        self.verb("issue reject", &gone);
        self.verb("issue delete", &gone);
        self.verb("issue restore", &gone);
        self.verb("issue delete", &gone);
        team.git("add -A").ok();
        team.git("commit -q -m More").ok();
        self.verb("issue gc", "");
        self.verb("events", "");
        self.verb("config show", "");
        self.verb("config set", "worktree.mode on");
        self.verb("config get", "worktree.mode");
        self.verb("config unset", "worktree.mode");
        self.verb("config validate", "");
        self.verb("doctor", "");
        self.verb("gate remove", "review");
        self.worktrees();
        self.verb("check", "HEAD^!");
        self.verb("adopt", "HEAD^! --reason theirs");
        self.merges();
        self.verb("setup", "--dry-run");
        self.verb("setup", "--check");
        self.verb("setup", "");
        self.verb("hooks install", "");
        self.verb("hooks status", "");
        self.verb("setup", "--remove --dry-run");
        self.verb("setup", "--remove");
        self.verb("hooks uninstall", "");
        self.verb("demo", "");
    }
}

#[test]
fn every_verb_answers_as_the_page_says() {
    let world = World::new();
    let team = world.team().agent("agent:me");
    world.add_remote();
    let schema: Value = serde_json::from_str(&team.jit("schema").ok().stdout).expect("JSON");
    let mut walk = Walk { schema, seen: BTreeSet::new(), place: team };
    let issues = walk.begin();
    walk.around_issues(&issues);
    walk.queries_and_changes(&issues);
    walk.the_rest(&issues);
    let declared: BTreeSet<String> = walk.schema["answers"].as_object().expect("an object").keys().cloned().collect();
    assert_eq!(declared.difference(&walk.seen).collect::<Vec<_>>(), Vec::<&String>::new(), "declared, and not run here");
}
