use super::*;
use crate::domain::issue::{DELETED_AT, State};
use proptest::prelude::*;
use serde_json::{Map, json};

const ID: &str = "1a2b3c4d-0000-4000-8000-000000000001";
const OTHER: &str = "2b3c4d5e-0000-4000-8000-000000000002";

/// An issue file in our format, with some fields set.
fn file(fields: Value) -> String {
    let mut all = json!({
        "id": ID, "title": "Fix login", "description": "one\ntwo\nthree\nfour\n", "state": "ready", "priority": "normal", "assignee": null,
        "dependencies": [], "gates_required": ["tests"], "gates_status": {}, "context": { "a": "1" }, "documents": [],
        "labels": ["area:web", "type:bug"], "created_at": "2026-01-01T00:00:00Z",
    });
    for (key, value) in fields.as_object().cloned().unwrap_or_default() {
        all[key] = value;
    }
    format!("{all:#}\n")
}

/// Merges texts with equally many lines, line by line: enough for these tests.
fn lines(base: &str, ours: &str, theirs: &str) -> Option<String> {
    let [base, ours, theirs] = [base, ours, theirs].map(|text| text.split('\n').collect::<Vec<_>>());
    let have_as_many = base.len() == ours.len() && base.len() == theirs.len();
    let line = |n: usize| match (base[n], ours[n], theirs[n]) {
        (base, ours, theirs) if ours == base || ours == theirs => Some(theirs),
        (base, ours, theirs) => (theirs == base).then_some(ours),
    };
    let merged: Option<Vec<&str>> = (0..base.len()).take_while(|_| have_as_many).map(line).collect();
    merged.filter(|_| have_as_many).map(|lines| lines.join("\n"))
}

fn merge(base: Option<&str>, ours: &str, theirs: &str) -> IssueMerge {
    let versions = Versions { base: base.map(str::as_bytes), ours: ours.as_bytes(), theirs: theirs.as_bytes() };
    IssueMerge::of(versions, &lines).expect("three issues")
}

fn clean(base: &str, ours: &str, theirs: &str) -> Value {
    let merge = merge(Some(base), ours, theirs);
    assert_eq!(merge.conflicts(), []);
    serde_json::from_str(&merge.clean().expect("clean")).expect("JSON")
}

fn conflicts(base: Value, ours: Value, theirs: Value) -> Vec<String> {
    merge(Some(&file(base)), &file(ours), &file(theirs)).conflicts().iter().map(Conflict::field).collect()
}

/// The file that remains if one side of each conflict is kept.
fn resolved(text: &str, stays: MergeSide) -> Value {
    let (mut kept, mut within) = (Vec::new(), None);
    for line in text.lines() {
        match line.split(' ').next().unwrap_or_default() {
            "<<<<<<<" => within = Some(MergeSide::Ours),
            "=======" => within = Some(MergeSide::Theirs),
            ">>>>>>>" => within = None,
            _ if within.is_none_or(|side| side == stays) => kept.push(line),
            _ => {}
        }
    }
    let value = serde_json::from_str(&kept.join("\n"));
    assert!(value.is_ok(), "{text}");
    value.unwrap_or_default()
}

#[test]
fn what_rules_decide_both_ways_round() {
    let cases = [
        ("priority", json!("normal"), json!("high"), json!("low"), json!("high")),
        ("priority", json!("low"), json!("normal"), json!("critical"), json!("critical")),
        ("state", json!("ready"), json!("in_progress"), json!("gated"), json!("gated")),
        ("state", json!("ready"), json!("in_progress"), json!("done"), json!("done")),
        ("state", json!("backlog"), json!("rejected"), json!("gated"), json!("rejected")),
        ("state", json!("ready"), json!("done"), json!("archived"), json!("archived")),
        ("state", json!("done"), json!("ready"), json!("in_progress"), json!("in_progress")),
        ("state", json!("done"), json!("ready"), json!("done"), json!("ready")),
        ("labels", json!(["a:1", "b:1"]), json!(["a:1", "c:1"]), json!(["a:1", "b:1", "d:1"]), json!(["a:1", "c:1", "d:1"])),
        (
            "labels",
            json!(["b:1", "a:1"]),
            json!(["b:1", "a:1", "z:1"]),
            json!(["b:1", "a:1", "c:1"]),
            json!(["b:1", "a:1", "c:1", "z:1"]),
        ),
        ("labels", json!([]), json!(["x:1"]), json!(["x:1", "y:1"]), json!(["x:1", "y:1"])),
        ("description", json!("a\nb\nc\n"), json!("A\nb\nc\n"), json!("a\nb\nC\n"), json!("A\nb\nC\n")),
        ("context", json!({ "a": "1" }), json!({ "a": "1", "b": "2" }), json!({ "c": "3" }), json!({ "b": "2", "c": "3" })),
        (
            "created_at",
            json!("x"),
            json!("2026-01-01T00:00:00Z"),
            json!("2026-01-01T01:00:00+02:00"),
            json!("2026-01-01T01:00:00+02:00"),
        ),
        (
            "updated_at",
            json!("2026-01-01T00:00:00Z"),
            json!("2026-01-02T00:00:00Z"),
            json!("2026-01-03T00:00:00Z"),
            json!("2026-01-03T00:00:00Z"),
        ),
    ];
    cases.into_iter().for_each(both_ways_round);
}

#[test]
fn objects_within_are_merged_by_what_tells_them_apart() {
    let cases = [
        (
            "gates_status",
            json!({ "t": { "status": "pending" } }),
            json!({ "t": { "status": "passed", "updated_at": "2026-01-02T00:00:00Z" } }),
            json!({ "t": { "status": "failed", "updated_at": "2026-01-01T00:00:00Z" }, "u": { "status": "passed" } }),
            json!({ "t": { "status": "failed", "updated_at": "2026-01-01T00:00:00Z" }, "u": { "status": "passed" } }),
        ),
        (
            "documents",
            json!([{ "path": "a.md", "commit": null }]),
            json!([{ "path": "a.md", "commit": null }, { "path": "b.md" }]),
            json!([{ "path": "a.md", "commit": null, "label": "A" }]),
            json!([{ "path": "a.md", "commit": null, "label": "A" }, { "path": "b.md" }]),
        ),
        (
            "x",
            json!({ "deep": { "a": 1, "b": 1 } }),
            json!({ "deep": { "a": 2, "b": 1 } }),
            json!({ "deep": { "a": 1, "b": 2 } }),
            json!({ "deep": { "a": 2, "b": 2 } }),
        ),
    ];
    cases.into_iter().for_each(both_ways_round);
}

/// The values of a field in the base, on our side, on their side and in the result.
type FieldCase = (&'static str, Value, Value, Value, Value);

fn both_ways_round((field, base, ours, theirs, expected): FieldCase) {
    let [base, ours, theirs] = [base, ours, theirs].map(|value| file(json!({ field: value })));
    assert_eq!(clean(&base, &ours, &theirs)[field], expected, "{field}: {ours} {theirs}");
    assert_eq!(clean(&base, &theirs, &ours)[field], expected, "the other way round: {field}: {ours} {theirs}");
}

#[test]
fn what_no_rule_decides_is_a_conflict_of_that_field_alone() {
    let cases = [
        ("title", json!("A"), json!("B"), json!("C"), "title"),
        ("assignee", json!("human:a"), json!("human:b"), json!(null), "assignee"),
        ("state", json!("ready"), json!("done"), json!("rejected"), "state"),
        ("state", json!("done"), json!("ready"), json!("archived"), "state"),
        ("state", json!("done"), json!("rejected"), json!("archived"), "state"),
        ("description", json!("a\n"), json!("b\n"), json!("c\n"), "description"),
        ("context", json!({ "a": "1" }), json!({ "a": "2" }), json!({ "a": "3" }), "context.a"),
        ("context", json!({ "a": "1" }), json!({}), json!({ "a": "3" }), "context.a"),
        ("steps", json!(["a"]), json!(["a", "b"]), json!(["a", "c"]), "steps"),
        ("x", json!({ "deep": { "a": 1 } }), json!({ "deep": { "a": 2 } }), json!({ "deep": { "a": 3 } }), "x.deep.a"),
    ];
    for (field, base, ours, theirs, expected) in cases {
        assert_eq!(conflicts(json!({ field: base }), json!({ field: ours }), json!({ field: theirs })), [expected], "{field}");
        assert_eq!(conflicts(json!({ field: base }), json!({ field: theirs }), json!({ field: ours })), [expected], "{field}");
    }
    assert_eq!(conflicts(json!({ "x": null }), json!({ "x": { "a": 1 } }), json!({ "x": { "a": 2 } })), ["x.a"]);
}

/// One side deleted the issue, the other one reopened it: mixing the fields of both would give an issue that is neither.
#[test]
fn a_deletion_is_taken_whole_or_not_at_all() {
    let deleted = json!({ "state": "rejected", "deleted_at": "2026-01-01T00:00:00Z", "deleted_by": "human:a" });
    for state in ["done", "archived"] {
        let sides = [file(json!({})), file(deleted.clone()), file(json!({ "state": state }))];
        let merge = merge(Some(&sides[0]), &sides[1], &sides[2]);
        let fields: Vec<String> = merge.conflicts().iter().map(Conflict::field).collect();
        assert_eq!(fields, ["deleted_at", "deleted_by", "state"]);
        let text = merge.text(&Markers::default());
        for (side, whole) in [(MergeSide::Ours, &sides[1]), (MergeSide::Theirs, &sides[2])] {
            assert!(json_equality::same(Some(&resolved(&text, side).to_string()), Some(whole)), "{text}");
        }
    }
    // Already rejected, and reopened on the other side.
    let reopened = conflicts(json!({ "state": "rejected" }), deleted.clone(), json!({ "state": "ready" }));
    assert_eq!(reopened, ["deleted_at", "deleted_by", "state"]);
    // Other changes beside the deletion do not restore the issue, and a state that only one side changed is taken.
    assert_eq!(clean(&file(json!({})), &file(deleted.clone()), &file(json!({ "priority": "high" })))["state"], "rejected");
    assert_eq!(clean(&file(json!({})), &file(deleted.clone()), &file(json!({ "state": "gated" })))["state"], "rejected");
    let archived = file(json!({ "state": "archived", "deleted_at": "2026-01-01T00:00:00Z", "deleted_by": "human:a" }));
    assert_eq!(clean(&file(deleted.clone()), &archived, &file(deleted))["state"], "archived");
}

#[test]
fn markers_stand_around_the_field_in_any_layout_and_either_side_is_json() {
    let text = merge(
        Some(&file(json!({}))),
        &file(json!({ "title": "A", "priority": "high", "context": {} })),
        &file(json!({ "title": "B", "labels": [], "context": { "a": "2", "b": "3" } })),
    )
    .text(&Markers { size: 9, ours: "HEAD".into(), theirs: "topic".into() });
    let marked = "\n<<<<<<<<< HEAD\n  \"title\": \"A\",\n=========\n  \"title\": \"B\",\n>>>>>>>>> topic\n";
    assert!(text.contains(marked), "{text}");
    assert!(text.contains("\"priority\": \"high\"") && text.contains("\"labels\": []"), "{text}");
    assert!(text.contains("\n<<<<<<<<< HEAD\n=========\n    \"a\": \"2\",\n>>>>>>>>> topic\n    \"b\": \"3\"\n"), "{text}");

    let layouts: [fn(&str) -> String; 4] = [
        str::to_owned,
        |text| text.replace('\n', "\r\n"),
        |text| serde_json::from_str::<Value>(text).expect("JSON").to_string(),
        |text| text.trim_end().replace("  ", "\t"),
    ];
    for layout in layouts {
        let sides = [
            json!({}),
            json!({ "title": "A", "created_at": "x", "last": 1, "context": { "a": "9" }, "only": { "a": 1 } }),
            json!({ "title": "B", "created_at": "y", "last": 2, "context": {}, "only": {} }),
        ];
        let base = json!({ "last": 0, "only": { "a": 0 } });
        let whole = |side: &Value| {
            let mut all = base.clone();
            all.as_object_mut().expect("an object").extend(side.as_object().cloned().unwrap_or_default());
            layout(&file(all))
        };
        let [base, ours, theirs] = sides.each_ref().map(whole);
        let merge = merge(Some(&base), &ours, &theirs);
        let text = merge.text(&Markers::default());
        for (side, whole) in [(MergeSide::Ours, &ours), (MergeSide::Theirs, &theirs)] {
            let (resolved, whole) = (resolved(&text, side), serde_json::from_str::<Value>(whole).expect("JSON"));
            for conflict in merge.conflicts() {
                let pointer = format!("/{}", conflict.path.join("/"));
                assert_eq!(resolved.pointer(&pointer), whole.pointer(&pointer), "{pointer} in {text}");
            }
        }
    }
}

#[test]
fn what_is_no_issue_or_another_one_is_left_to_a_person() {
    let refusal = |base: Option<&str>, ours: &str, theirs: &str| {
        IssueMerge::of(Versions { base: base.map(str::as_bytes), ours: ours.as_bytes(), theirs: theirs.as_bytes() }, &lines).err()
    };
    let (plain, other) = (file(json!({})), file(json!({ "id": OTHER })));
    let ids = |all: [&str; 2]| all.map(|id| id.parse().expect("an id")).to_vec();
    assert_eq!(refusal(Some(&plain), &other, &plain), Some(MergeError::DifferentIssues { issues: ids([ID, OTHER]) }));
    assert_eq!(refusal(Some(&other), &plain, &plain), Some(MergeError::DifferentIssues { issues: ids([ID, OTHER]) }));
    assert!(matches!(refusal(Some(&plain), "<<<<<<< x\n", &plain), Some(MergeError::Unreadable { side: MergeSide::Ours, .. })));
    assert!(matches!(refusal(Some(&plain), &plain, "{}"), Some(MergeError::Unreadable { side: MergeSide::Theirs, .. })));
    assert_eq!(refusal(None, &plain, &file(json!({ "schema_version": 2 }))), Some(MergeError::Newer { version: "2".to_owned() }));
    assert_eq!(refusal(None, &plain, &file(json!({ "schema_version": 1 }))), None);
    assert_eq!(refusal(Some("<<<<<<< a virtual base\n"), &plain, &file(json!({ "labels": ["new:1"] }))), None);
}

#[test]
fn without_a_base_both_sides_count() {
    let (ours, theirs) = (file(json!({ "labels": ["a:1"], "priority": "low" })), file(json!({ "labels": ["b:1"] })));
    let merged: Value = serde_json::from_str(&merge(None, &ours, &theirs).clean().expect("clean")).expect("JSON");
    assert_eq!((&merged["labels"], &merged["priority"]), (&json!(["a:1", "b:1"]), &json!("normal")));
    assert_eq!(
        merge(None, &ours, &theirs).rulings,
        [Ruling { field: "priority".into(), kept: "\"normal\"".into(), dropped: "\"low\"".into() }]
    );
}

#[test]
fn numbers_keep_their_digits_and_fields_the_order_of_the_side_that_has_more() {
    let base = file(json!({}));
    let ours = base.replace("\"state\"", "\"cost\": 12345678901234567890123.50,\n  \"state\"");
    let theirs = file(json!({ "priority": "high" }));
    assert_eq!(merge(Some(&base), &ours, &theirs).clean().expect("clean"), ours.replace("normal", "high"));
    assert_eq!(merge(Some(&base), &theirs, &ours).clean().expect("clean"), ours.replace("normal", "high"));
}

/// A change of one field.
fn change() -> impl Strategy<Value = (&'static str, Value)> {
    let word = || prop::sample::select(vec!["a:1", "b:1", "c:1", "d:1", "e:1"]);
    let set = || prop::collection::btree_set(word(), 0..4).prop_map(|set| json!(set));
    let text = |words: &'static [&'static str]| prop::sample::select(words).prop_map(|word| json!(word));
    let map = || prop::collection::btree_map(prop::sample::select(vec!["k", "l", "m"]), 0..3_u8, 0..3).prop_map(|map| json!(map));
    let states = &["backlog", "ready", "in_progress", "gated", "done", "rejected", "archived"];
    prop_oneof![
        text(&["A", "B", "C"]).prop_map(|value| ("title", value)),
        text(&["one\ntwo\nthree\n", "1\ntwo\nthree\n", "one\ntwo\n3\n", ""]).prop_map(|value| ("description", value)),
        text(states).prop_map(|value| ("state", value)),
        text(&["critical", "high", "normal", "low"]).prop_map(|value| ("priority", value)),
        prop_oneof![Just(json!(null)), text(&["human:a", "human:b"])].prop_map(|value| ("assignee", value)),
        set().prop_map(|value| ("labels", value)),
        set().prop_map(|value| ("dependencies", value)),
        set().prop_map(|value| ("gates_required", value)),
        map().prop_map(|value| ("context", value)),
        map().prop_map(|value| ("unknown", json!({ "deep": value, "n": 1 }))),
        (0..3_u8).prop_map(|n| ("extra", json!(n))),
    ]
}

fn changes() -> impl Strategy<Value = Map<String, Value>> {
    prop::collection::vec(change(), 0..6).prop_map(|all| all.into_iter().map(|(key, value)| (key.to_owned(), value)).collect())
}

/// Three versions in one format: a base, and the result of each side.
fn versions() -> impl Strategy<Value = [String; 3]> {
    (changes(), changes(), changes(), 0..3_u8).prop_map(|(base, ours, theirs, layout)| {
        let with = |more: &Map<String, Value>| {
            let text = file(Value::Object(base.clone().into_iter().chain(more.clone()).collect()));
            match layout {
                0 => text,
                1 => text.replace('\n', "\r\n"),
                _ => serde_json::from_str::<Value>(&text).expect("JSON").to_string(),
            }
        };
        [with(&Map::new()), with(&ours), with(&theirs)]
    })
}

fn set_of(value: &Value) -> std::collections::BTreeSet<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_does_not_matter_which_side_is_ours([base, ours, theirs] in versions(), has_base: bool) {
        let base = has_base.then_some(base.as_str());
        let (one, other) = (merge(base, &ours, &theirs), merge(base, &theirs, &ours));
        prop_assert_eq!(one.clean(), other.clean());
        let fields = |merge: &IssueMerge| merge.conflicts().iter().map(Conflict::field).collect::<Vec<_>>();
        prop_assert_eq!(fields(&one), fields(&other));
        prop_assert_eq!(&one.rulings, &other.rulings);
    }

    #[test]
    fn merging_again_changes_nothing([base, ours, theirs] in versions()) {
        if let Some(merged) = merge(Some(&base), &ours, &theirs).clean() {
            for side in [&ours, &theirs, &merged] {
                // The order of members that both sides added to one object may differ.
                let again = merge(Some(&base), &merged, side).clean();
                let is_same = again.as_ref().is_some_and(|again| json_equality::same(Some(again), Some(&merged)));
                prop_assert!(is_same, "{} and {} become {:?}", &merged, side, again);
            }
        }
    }

    #[test]
    fn what_one_side_alone_changed_is_taken_and_no_element_is_lost([base, ours, theirs] in versions()) {
        let read = |text: &str| serde_json::from_str::<Map<String, Value>>(text).expect("an object");
        let merge = merge(Some(&base), &ours, &theirs);
        let text = merge.text(&Markers::default());
        let [base, ours, theirs] = [&base, &ours, &theirs].map(|text| read(text));
        let (as_ours, as_theirs) = (resolved(&text, MergeSide::Ours), resolved(&text, MergeSide::Theirs));
        for whole in [&as_ours, &as_theirs] {
            prop_assert!(Document::read(whole.to_string().as_bytes()).is_ok());
            for key in base.keys().chain(ours.keys()).chain(theirs.keys()) {
                let [b, o, t] = [base.get(key), ours.get(key), theirs.get(key)];
                if o == b { prop_assert_eq!(whole.get(key), t, "{}", key) }
                if t == b { prop_assert_eq!(whole.get(key), o, "{}", key) }
            }
            for field in ["labels", "dependencies", "gates_required"] {
                let [b, o, t, merged] = [&base[field], &ours[field], &theirs[field], &whole[field]].map(set_of);
                for word in b.iter().chain(&o).chain(&t) {
                    let stays = if b.contains(word) { o.contains(word) && t.contains(word) } else { true };
                    prop_assert_eq!(merged.contains(word), stays, "{} in {}", word, field);
                }
            }
        }
        for conflict in merge.conflicts() {
            let pointer = format!("/{}", conflict.path.join("/"));
            for (resolved, side) in [(&as_ours, &ours), (&as_theirs, &theirs)] {
                let side = Value::Object(side.clone());
                prop_assert_eq!(resolved.pointer(&pointer), side.pointer(&pointer), "{}", &pointer);
            }
        }
    }

    #[test]
    fn tombstones_stay_rejected_or_are_for_a_person([base, ours, theirs] in versions(), deleted_before: bool) {
        let delete = |text: &str| {
            let mut document = Document::read(text.as_bytes()).expect("an issue");
            document.set("state", &json!("rejected"));
            document.set(DELETED_AT, &json!("2026-01-01T00:00:00Z"));
            document.text().to_owned()
        };
        let base = if deleted_before { delete(&base) } else { base };
        let merge = merge(Some(&base), &delete(&ours), &theirs);
        if let Some(text) = merge.clean() {
            let document = Document::read(text.as_bytes()).expect("an issue");
            prop_assert!(!document.issue().is_deleted() || document.issue().state == State::Rejected, "{}", text);
        }
    }
}
