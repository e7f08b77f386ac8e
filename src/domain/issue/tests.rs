use super::*;
use proptest::prelude::*;

const ID: &str = "1a2b3c4d-0000-4000-8000-000000000001";

fn id() -> IssueId {
    ID.parse().expect("a full id")
}

fn draft() -> Draft {
    Draft {
        priority: Priority::High,
        labels: vec!["type:task".into(), "area:web".into()],
        ..Draft::new(id(), "Fix \"login\"", "2026-11-21T08:00:00Z".into())
    }
}

#[test]
fn a_new_file_has_the_fields_in_their_order_and_one_element_a_line() {
    let document = Document::create(&draft());
    let text = String::from_utf8_lossy(document.as_bytes()).into_owned();
    let fields = [
        "id",
        "title",
        "description",
        "state",
        "priority",
        "assignee",
        "dependencies",
        "gates_required",
        "gates_status",
        "context",
        "documents",
        "labels",
        "created_at",
    ];
    let at: Vec<usize> = fields.iter().map(|field| text.find(&format!("\n  \"{field}\"")).expect("present")).collect();
    assert!(at.is_sorted(), "{text}");
    assert!(text.contains("\"labels\": [\n    \"area:web\",\n    \"type:task\"\n  ],"), "{text}");
    assert!(text.ends_with("}\n") && !text.contains("updated_at"));
    assert_eq!(Document::parse(text.as_bytes(), id()).as_ref(), Ok(&document));
}

#[test]
fn a_change_touches_its_field_alone_in_a_file_with_ways_of_its_own() {
    let text = format!(
        "{{\n    \"zeta\": 1.50,\n    \"id\": \"{ID}\", \"title\":\"x\",\n    \"labels\": [\"b:1\",\"a:1\"],\n    \"state\": \"ready\",\n    \"odd\": {{\"b\":1,\"a\":[ 1 , 2 ]}}\n}}"
    );
    let mut document = Document::parse(text.as_bytes(), id()).expect("valid");
    assert!(document.set("state", &Value::from("done")));
    assert!(document.edit_set("labels", &["c:1".into()], &[]));
    assert!(!document.edit_set("labels", &["c:1".into()], &["d:1".into()]), "nothing to do");
    let expected = text.replace("\"ready\"", "\"done\"").replace("[\"b:1\",\"a:1\"]", "[\"b:1\",\"a:1\",\"c:1\"]");
    assert_eq!(String::from_utf8_lossy(document.as_bytes()), expected);
    assert_eq!(document.issue().state, State::Done);
    assert_eq!(document.issue().rest["zeta"].to_string(), "1.5");
}

#[test]
fn a_field_that_is_not_there_is_added_at_the_end_in_the_files_own_layout() {
    let text = format!("{{\n\t\"id\": \"{ID}\",\n\t\"title\": \"x\",\n\t\"state\": \"ready\"\n}}\n");
    let mut document = Document::parse(text.as_bytes(), id()).expect("valid");
    document.edit_set("labels", &["b:2".into(), "a:1".into()], &[]);
    let expected = text.replace("\"ready\"\n", "\"ready\",\n\t\"labels\": [\n\t\t\"a:1\",\n\t\t\"b:2\"\n\t]\n");
    assert_eq!(String::from_utf8_lossy(document.as_bytes()), expected);
    let line = format!("{{\"id\":\"{ID}\",\"title\":\"x\",\"state\":\"ready\"}}");
    let mut document = Document::parse(line.as_bytes(), id()).expect("valid");
    document.set("priority", &Value::from("low"));
    assert_eq!(String::from_utf8_lossy(document.as_bytes()), line.replace('}', ", \"priority\": \"low\"}"));
}

#[test]
fn what_is_no_issue_says_why() {
    let parse = |text: &str| Document::parse(text.as_bytes(), id()).expect_err("invalid").to_string();
    let valid = format!("\"id\":\"{ID}\",\"title\":\"x\",\"state\":\"ready\"");
    for (text, why) in [
        (format!("{{{valid},\"title\":\"y\"}}"), "\"title\" occurs twice"),
        (format!("{{{valid},\"deep\":[{{\"a\":1,\"a\":2}}]}}"), "\"a\" occurs twice"),
        ("<<<<<<< ours\n{}\n".to_owned(), "conflict markers"),
        (format!("{{{}}}", valid.replace("ready", "reddy")), "unknown variant `reddy`"),
        (format!("{{{}}}", valid.replace("0001", "0002")), "but its file name says"),
        ("[]".to_owned(), "an issue (a JSON object)"),
        (String::new(), "EOF"),
    ] {
        assert!(parse(&text).contains(why), "{text}: {}", parse(&text));
    }
    assert_eq!(Document::parse(&[0xff], id()), Err(InvalidIssue::NotText));
}

#[test]
fn titles_and_labels_are_checked() {
    assert_eq!(valid_title("  x "), Ok("x"));
    for bad in ["", " ", "a\nb", "a\u{1b}[31m", &"x".repeat(401)] {
        assert!(valid_title(bad).is_err());
    }
    assert_eq!(valid_label("type:task"), Ok("type:task"));
    for bad in ["task", ":x", "x:", "a b:c", "a:b,c", "a:\u{7}"] {
        assert!(valid_label(bad).is_err(), "{bad}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_an_issue_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Document::parse(&bytes, id());
    }

    #[test]
    fn a_set_field_reads_back_and_every_other_byte_stays(title in "\\PC{1,40}", extra in "[a-z]{1,6}", number in any::<i64>()) {
        prop_assume!(extra != "id" && extra != "title" && extra != "state");
        let text = format!("{{\n  \"id\": \"{ID}\",\n  \"title\": \"x\",\n  \"{extra}_\": {number},\n  \"state\": \"ready\"\n}}\n");
        let mut document = Document::parse(text.as_bytes(), id()).expect("valid");
        document.set("title", &Value::from(title.as_str()));
        prop_assert_eq!(&document.issue().title, &title);
        let expected = text.replacen("\"x\"", &Value::from(title.as_str()).to_string(), 1);
        prop_assert_eq!(String::from_utf8_lossy(document.as_bytes()).into_owned(), expected);
        let again = Document::parse(document.as_bytes(), id());
        prop_assert_eq!(again.as_ref(), Ok(&document));
    }
}
