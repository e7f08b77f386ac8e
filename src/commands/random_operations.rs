//! Random operations, in one process: whatever is asked for, the tracker stays consistent.

use crate::domain::id::IssueId;
use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::context::Context;
use crate::domain::issue::{Document, Summary};
use crate::domain::tracker::graph::Graph;
use crate::git::run::Git;

/// As many issues as there may be: so that they meet each other often.
const ISSUES: usize = 40;

/// Numbers that look random, the same in every run (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((z ^ (z >> 31)) % below as u64).expect("below a usize")
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.next(all.len())]
    }
}

fn files(dir: &Path) -> BTreeMap<IssueId, Document> {
    let names = std::fs::read_dir(dir.join(".jit/issues")).expect("listed").flatten();
    let one = |entry: std::fs::DirEntry| {
        let name = entry.file_name();
        let id = IssueId::from_file_name(name.as_encoded_bytes()).unwrap_or_else(|| unreachable!("{} is left", name.display()));
        let bytes = std::fs::read(entry.path()).expect("read");
        (id, Document::parse(&bytes, id).expect("it parses, and its id is its name"))
    };
    names.map(one).collect()
}

/// The ids of the issues, all of which are whole.
fn check(dir: &Path) -> Vec<String> {
    let files = files(dir);
    let issues: Vec<Summary> = files.values().map(|document| Summary::from(document.issue())).collect();
    let graph = Graph::of(&issues);
    assert_eq!(graph.cycles(), Vec::<Vec<IssueId>>::new());
    assert!(graph.dangling().is_empty(), "{:?}", graph.dangling());
    files.keys().map(ToString::to_string).collect()
}

/// What to ask for next, of these issues.
fn words(numbers: &mut Numbers, ids: &[String]) -> String {
    let none = "ffffffff".to_owned();
    let any = |numbers: &mut Numbers| if ids.is_empty() { none.clone() } else { ids[numbers.next(ids.len())].clone() };
    let (a, b) = (any(numbers), any(numbers));
    let state = numbers.one_of(&["backlog", "ready", "in_progress", "gated", "done", "rejected", "archived"]);
    match numbers.next(24) {
        0 | 1 if ids.len() < ISSUES => format!("issue create Title --depends-on {a} --label n:{} --gate review", numbers.next(9)),
        0..=2 if ids.len() < ISSUES => "issue create Title".to_owned(),
        0..=8 => format!("dep add {a} {b}"),
        9 | 10 => format!("dep rm {a} {b}"),
        11 | 12 => format!("issue delete {a}"),
        13 => format!("issue restore {a}"),
        14 | 15 => "issue gc".to_owned(),
        16 => format!("issue update {a} --state {state} --priority low"),
        17 => format!("label add {a} n:{}", numbers.next(9)),
        18 => format!("label rm {a} n:{}", numbers.next(9)),
        19 => format!("done {a}"),
        20 => format!("issue update {a} {b} --title Other --context k=v"),
        21 => format!("gate pass {a} review"),
        22 => "issue import --from-json plan.json".to_owned(),
        _ => format!("issue reject {a}"),
    }
}

#[test]
fn three_hundred_random_operations_leave_every_file_whole_and_no_cycle_or_dangling_dependency() {
    play(300);
}

#[test]
#[ignore = "the long form: bash .ci/prove runs it"]
fn ten_thousand_random_operations_leave_every_file_whole_and_no_cycle_or_dangling_dependency() {
    play(10_000);
}

/// Runs so many random operations, and checks everything after each.
fn play(operations: usize) {
    let scratch = tempfile::tempdir().expect("a directory");
    let dir = scratch.path().canonicalize().expect("there");
    let git = Git::at(&dir).env("GIT_CONFIG_GLOBAL", "/dev/null");
    let identity = ["-c", "user.name=T", "-c", "user.email=t@example.com"];
    git.run(&["init", "-q", "-b", "main"]).expect("git");
    let run = |words: &str| {
        let cli = Cli::try_parse_from(["git-jit"].into_iter().chain(words.split(' '))).expect(words);
        let output = Output::new(false, true, Colour::Never, crate::context::Terminal::default());
        let session = Session::new(Context::for_tests(&dir, "agent:a"), output, None, &PROGRAM);
        dispatch(&session, cli.verb.expect("a verb")).map(|report| report.status())
    };
    run("init").expect("set up");
    run("gate define review").expect("defined");
    let plan = r#"[{"key": "a", "title": "A", "depends_on": ["b"]}, {"key": "b", "title": "B", "gates": ["review"]}]"#;
    crate::store::file::replace(&dir.join("plan.json"), plan.as_bytes(), crate::store::issues::VERSIONED).expect("written");
    let mut numbers = Numbers(3);
    let (mut done, mut ids) = (0, Vec::new());
    for number in 0..operations {
        let words = words(&mut numbers, &ids);
        let is_too_much = words.starts_with("issue import") && ids.len() > ISSUES;
        match if is_too_much { Ok(ExitStatus::Done) } else { run(&words) } {
            Ok(ExitStatus::Done) => done += 1,
            Ok(_) => {}
            Err(error) => {
                assert!(error.status() != ExitStatus::Broken && error.status() != ExitStatus::Invalid, "{words}: {error}");
            }
        }
        ids = check(&dir);
        // So that gc has something to do.
        if number % 500 == 499 {
            git.run(&["add", "-A"]).expect("git");
            git.run(&[&identity[..], &["commit", "-q", "--allow-empty", "-m", "More"]].concat()).expect("git");
        }
    }
    assert!(done > operations / 5, "only {done} did anything");
}
