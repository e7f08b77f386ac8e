//! Every document declared anew, unknown fields refused: what programs rely on cannot change by accident.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::support::{Outcome, World};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Failure {
    schema_version: u32,
    error: FailureBody,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FailureBody {
    code: String,
    message: String,
    #[serde(rename = "details")]
    _details: BTreeMap<String, Value>,
    suggestions: Vec<String>,
    retryable: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct IssueList {
    schema_version: u32,
    count: usize,
    total: usize,
    truncated: bool,
    issues: Vec<ListedIssue>,
    unreadable: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedIssue {
    id: String,
    short_id: String,
    title: String,
    state: String,
    effective_state: String,
    priority: String,
    assignee: Option<String>,
    labels: Vec<String>,
    blocked_by: Vec<String>,
    lease: Option<ListedLease>,
    source: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ListedLease {
    #[serde(rename = "lease_id")]
    _lease_id: String,
    agent_id: String,
    #[serde(rename = "worktree_id")]
    _worktree_id: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LeaseList {
    schema_version: u32,
    count: usize,
    leases: Vec<Lease>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Lease {
    lease_id: String,
    issue_id: String,
    agent_id: String,
    worktree_id: String,
    branch: Option<String>,
    ttl_secs: u64,
    acquired_at: jiff::Timestamp,
    expires_at: Option<jiff::Timestamp>,
    remaining_secs: Option<u64>,
    last_beat: jiff::Timestamp,
    stale: bool,
    closing: bool,
    token: u64,
    reason: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Acquired {
    schema_version: u32,
    changed: bool,
    lease: Lease,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WorktreeList {
    schema_version: u32,
    count: usize,
    worktrees: Vec<Worktree>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "the document has them")]
struct Worktree {
    name: String,
    #[serde(rename = "root")]
    _root: String,
    branch: Option<String>,
    worktree_id: Option<String>,
    #[serde(rename = "agent_id")]
    _agent_id: Option<String>,
    primary: bool,
    locked: bool,
    missing: bool,
    current: bool,
    issue_id: Option<String>,
    number: Option<String>,
    title: Option<String>,
    base: Option<String>,
    leases: Vec<Lease>,
    agent: Option<Value>,
    unreadable: Option<String>,
    status: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Spawned {
    schema_version: u32,
    changed: bool,
    #[serde(rename = "path")]
    _path: String,
    branch: String,
    base: Option<String>,
    agent_id: String,
    #[serde(rename = "worktree_id")]
    _worktree_id: String,
    #[serde(rename = "lease_id")]
    _lease_id: String,
    issue_id: String,
    copied: usize,
    notes: Vec<String>,
    agent: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Whoami {
    schema_version: u32,
    agent_id: String,
    origin: String,
    worktree_id: Option<String>,
    count: usize,
    leases: Vec<Lease>,
}

fn read<T: for<'de> Deserialize<'de>>(outcome: &Outcome) -> T {
    serde_json::from_str(&outcome.stdout).unwrap_or_else(|error| panic!("{error} in\n{}", outcome.stdout))
}

#[test]
fn listings_of_issues() {
    let world = World::new();
    let team = world.team().agent("agent:a");
    let id = team.create("One");
    team.acquire(&id);
    for words in ["issue list --json", "query all --json", "query available --json"] {
        let list: IssueList = read(&team.jit(words).ok());
        assert_eq!((list.schema_version, list.count, list.issues.len(), list.unreadable.len()), (1, 1, 1, 0));
        assert_eq!((list.total, list.truncated), (1, false));
        let issue = &list.issues[0];
        assert_eq!((issue.id.as_str(), issue.short_id.as_str(), issue.title.as_str()), (id.as_str(), &id[..8], "One"));
        assert_eq!((issue.state.as_str(), issue.effective_state.as_str(), issue.priority.as_str()), ("ready", "ready", "normal"));
        assert_eq!(
            (issue.assignee.as_ref(), issue.labels.len(), issue.blocked_by.len(), issue.source.as_str()),
            (None, 0, 0, "worktree")
        );
        assert_eq!(issue.lease.as_ref().map(|lease| lease.agent_id.as_str()), Some("agent:a"));
    }
}

#[test]
fn an_issue_in_full_is_its_file_and_where_it_is() {
    let world = World::new();
    let team = world.team();
    let id = team.create("One");
    let shown = team.json(&format!("issue show {id}"));
    let shown = shown["issues"][0].as_object().expect("an object").clone();
    let file: serde_json::Map<String, Value> =
        serde_json::from_str(&team.read(&crate::support::Place::file(&id))).expect("an object");
    let added: Vec<&String> = shown.keys().filter(|key| !file.contains_key(*key)).collect();
    assert_eq!(added, ["short_id", "source", "effective_state", "blocked_by", "notes"]);
    assert!(file.iter().all(|(key, value)| shown.get(key) == Some(value)));
    let created = team.jit("issue create Two --json").ok().document();
    assert_eq!((&created["changed"], &created["issue"]["title"]), (&Value::from(true), &Value::from("Two")));
    let updated = team.jit(&format!("issue update {id} --priority low --json")).ok().document();
    assert_eq!((&updated["changed"], &updated["fields"]), (&Value::from(true), &serde_json::json!(["priority"])));
}

#[test]
fn leases_and_who_has_them() {
    let world = World::new();
    let team = world.team().agent("agent:a");
    let id = team.create("One");
    let acquired: Acquired = read(&team.jit(&format!("claim acquire {id} --reason why --json")).ok());
    assert!(acquired.schema_version == 1 && acquired.changed && acquired.lease.expires_at.is_some());
    for words in ["claim list --json", "claim status --json"] {
        let list: LeaseList = read(&team.jit(words).ok());
        let lease = &list.leases[0];
        assert_eq!((list.schema_version, list.count), (1, 1));
        assert_eq!((&lease.lease_id, &lease.issue_id, &lease.agent_id), (&acquired.lease.lease_id, &id, &"agent:a".to_owned()));
        assert_eq!((lease.ttl_secs, lease.stale, lease.closing, lease.token), (600, false, false, acquired.lease.token));
        assert!(lease.remaining_secs.is_some_and(|left| (590..=600).contains(&left)));
        assert!(lease.last_beat >= lease.acquired_at && lease.worktree_id.starts_with("wt:"));
        assert_eq!((lease.branch.as_deref(), lease.reason.as_deref()), (Some("main"), Some("why")));
    }
    let who: Whoami = read(&team.jit("whoami --json").ok());
    assert_eq!((who.schema_version, who.agent_id.as_str(), who.origin.as_str()), (1, "agent:a", "variable"));
    assert_eq!((who.count, who.leases.len(), who.worktree_id.is_some()), (1, 1, true));
}

#[test]
fn worktrees() {
    let (world, issues) = World::strict();
    let team = world.team().agent("agent:a");
    let spawned: Spawned = read(&team.jit(&format!("worktree spawn {} --no-agent --json", issues[0])).ok());
    assert!(spawned.schema_version == 1 && spawned.changed && spawned.base.is_some());
    assert_eq!((spawned.agent_id.as_str(), &spawned.issue_id), ("agent:a", &issues[0]));
    assert_eq!((spawned.copied, spawned.notes.len(), &spawned.agent), (0, 0, &None));
    let list: WorktreeList = read(&team.jit("worktree list --json").ok());
    assert_eq!((list.schema_version, list.count), (1, 2));
    let (primary, tree) = (&list.worktrees[0], &list.worktrees[1]);
    assert!(primary.primary && primary.current && primary.worktree_id.is_some() && primary.leases.is_empty());
    assert!(!(tree.primary || tree.current || tree.locked || tree.missing));
    assert_eq!((&tree.name, tree.branch.as_ref(), tree.leases.len()), (&spawned.branch, Some(&spawned.branch), 1));
    assert_eq!((tree.issue_id.as_ref(), tree.title.as_deref()), (Some(&issues[0]), Some("First")));
    assert_eq!((tree.number.as_deref(), &tree.base, &tree.agent), (Some(&issues[0][..8]), &spawned.base, &None));
    assert_eq!(tree.unreadable, None);
    assert!(tree.status.is_none() && primary.issue_id.is_none());
}

#[test]
fn failures_have_the_same_status_and_one_document() {
    let world = World::new();
    let team = world.team().agent("agent:a");
    let id = team.create("One");
    team.acquire(&id);
    for (words, status, code, retryable) in [
        ("issue show ffffffff", 3, "issue_not_found", false),
        ("issue show zz", 2, "malformed_id", false),
        ("issue frobnicate", 2, "usage", false),
        ("claim acquire", 2, "usage", false),
        (&format!("claim acquire {id} --agent-id agent:b"), 4, "held_by_other", true),
        (&format!("claim release {id} --agent-id agent:b"), 4, "not_the_holder", false),
        ("claim release nothing", 3, "lease_not_found", false),
        ("worktree remove 42", 3, "worktree_not_found", false),
    ] {
        let plain = team.jit(words).exits(status);
        assert!(plain.stdout.is_empty() && !plain.stderr.is_empty(), "{words}");
        let outcome = team.jit(&format!("{words} --json")).exits(status);
        let failure: Failure = read(&outcome);
        assert_eq!((failure.schema_version, failure.error.code.as_str(), failure.error.retryable), (1, code, retryable), "{words}");
        assert!(!failure.error.message.is_empty() && outcome.stderr.is_empty(), "{words}");
        assert!(failure.error.suggestions.iter().all(|hint| !hint.is_empty()));
    }
    let outside: Failure = read(&world.place("").jit("claim list --json").exits(3));
    assert_eq!(outside.error.code, "no_repository");
}

#[test]
fn the_exit_codes_are_listed() {
    let world = World::empty();
    let codes = world.place("").jit("help exit-codes --json").ok().document();
    let statuses: Vec<u64> =
        codes["exit_codes"].as_array().expect("a list").iter().filter_map(|code| code["status"].as_u64()).collect();
    assert_eq!(statuses, (0..=12).collect::<Vec<_>>());
}
