//! The rows of the hooks on a large repository: what a commit and a push pay for being judged.

use std::path::Path;
use std::process::Command;

use super::measure::{self, Case, Row};
use super::options::Options;
use super::repository::Repository;
use super::rows::measured;

const NOTHING: &str = "pre-commit, large, nothing of ours staged";
const ONE: &str = "pre-commit, large, one leased issue staged";
const FIFTY: &str = "pre-commit, large, 50 leased issues staged";
const BY_PATH: &str = "pre-commit, large, commit PATH of one";
const MERGE: &str = "pre-commit, large, a merge of 500 edits";
const SPLIT: &str = "pre-commit, large, split index";
const SPLIT_MORE: &str = "pre-commit, large, split, beyond diff-index";
const PUSH: &str = "pre-push, large, one new commit";
const PUSH_MANY: &str = "pre-push, large, 1 000 new commits";

/// The rows of [`all`].
pub(crate) const ALL: [&str; 9] = [NOTHING, ONE, FIFTY, BY_PATH, MERGE, SPLIT, SPLIT_MORE, PUSH, PUSH_MANY];

/// The stagings exclude each other, so each is made just before it is measured.
pub(crate) fn all(repository: &Repository, scratch: &Path, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    stage(repository, "src/part-000/file-00001.txt", "staged\n");
    rows.extend(measured(repository, Case::new(NOTHING, 2.0, || repository.pre_commit()), options));
    rows.extend(split(repository, options));
    repository.git(&["reset", "-q", "--hard"]);
    rows.extend(edits(repository, scratch, options));
    rows.extend(merge(repository, options));
    if options.wants(PUSH) {
        let (url, input) = (scratch.join("remote.git"), scratch.join("pre-push"));
        std::fs::write(&input, unpublished_commit(repository, &url)).expect("a file in our own directory");
        rows.extend(measured(repository, Case::new(PUSH, 3.0, || repository.pre_push(&url, &input)), options));
    }
    if options.wants(PUSH_MANY) {
        let (url, input) = (scratch.join("remote-2.git"), scratch.join("pre-push-2"));
        let published = publish(repository, &url, "second");
        let tip = repository.commit_often("many", 1000);
        std::fs::write(&input, format!("refs/heads/many {tip} refs/heads/main {published}\n")).expect("our own directory");
        rows.extend(measured(repository, Case::new(PUSH_MANY, 40.0, || repository.pre_push(&url, &input)), options));
    }
    rows
}

/// One and fifty leased issues, from the end of the list, which the other rows do not use.
fn edits(repository: &Repository, scratch: &Path, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    let last = repository.issues().len() - 1;
    let count = 50.min(last / 2);
    if [ONE, FIFTY, BY_PATH].iter().any(|name| options.wants(name)) {
        for number in last - count..=last {
            repository.jit(&["claim", "acquire", "--ttl", "1h", &repository.issues()[number]]);
        }
    }
    let edit = |number: usize| stage(repository, &repository.issue_path(number), &repository.issue_text(number, 1000));
    if options.wants(ONE) || options.wants(BY_PATH) {
        edit(last);
        rows.extend(measured(repository, Case::new(ONE, 8.0, || repository.pre_commit()), options));
        // What `git commit PATH` names its hook: an index of HEAD with that path, whose cache-tree says nothing of it.
        let index = scratch.join("next-index");
        let entry = repository.git(&["ls-files", "-s", "--", &repository.issue_path(last)]);
        let with = |words: &[&str]| {
            let mut command = repository.command("git");
            let done = command.env("GIT_INDEX_FILE", &index).args(words).status();
            assert!(done.is_ok_and(|status| status.success()), "git {words:?}");
        };
        with(&["read-tree", "HEAD"]);
        let mut words = entry.split_whitespace();
        let (mode, oid) = (words.next().expect("a mode"), words.next().expect("an id"));
        with(&["update-index", "--cacheinfo", &format!("{mode},{oid},{}", repository.issue_path(last))]);
        let run = || {
            let mut command: Command = repository.pre_commit();
            command.env("GIT_INDEX_FILE", &index);
            command
        };
        rows.extend(measured(repository, Case::new(BY_PATH, 12.0, run), options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    if options.wants(FIFTY) {
        (last - count..last).for_each(edit);
        rows.extend(measured(repository, Case::new(FIFTY, 12.0, || repository.pre_commit()), options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    rows
}

/// A merge that brings others' edits, as it is before its commit.
fn merge(repository: &Repository, options: &Options) -> Option<Row> {
    if !options.wants(MERGE) {
        return None;
    }
    let count = 500.min(repository.issues().len() / 4);
    repository.git(&["checkout", "-q", "-b", "theirs"]);
    for number in 0..count {
        std::fs::write(repository.path(&repository.issue_path(number)), repository.issue_text(number, 2000)).expect("our own");
    }
    repository.git(&["commit", "-q", "-a", "--no-verify", "-m", "Theirs"]);
    repository.git(&["checkout", "-q", "main"]);
    stage(repository, "src/part-000/file-00003.txt", "ours\n");
    repository.git(&["commit", "-q", "--no-verify", "-m", "Ours"]);
    repository.git(&["merge", "-q", "--no-commit", "--no-ff", "theirs"]);
    repository.git(&["write-tree"]);
    let row = measured(repository, Case::new(MERGE, 60.0, || repository.pre_commit()), options);
    repository.git(&["merge", "--abort"]);
    row
}

/// A split index, which is Git's to read: what the hook takes beyond Git's own answer.
fn split(repository: &Repository, options: &Options) -> Vec<Row> {
    if !options.wants(SPLIT) && !options.wants(SPLIT_MORE) {
        return Vec::new();
    }
    repository.git(&["update-index", "--split-index"]);
    let diff_index = || {
        let mut command = repository.command("git");
        command.args(["diff-index", "--cached", "--no-renames", "--quiet", "HEAD", "--", ".jit"]);
        command
    };
    let cases = vec![Case::new("diff-index", 0.0, diff_index), Case::new(SPLIT, f64::INFINITY, || repository.pre_commit())];
    let samples = measure::in_turn(|| repository.floor(), cases, options.runs);
    let row = samples[1].beyond(&samples[0], SPLIT_MORE, 4.0);
    repository.git(&["update-index", "--no-split-index"]);
    for name in repository.common_dir().read_dir().expect("a directory").flatten() {
        if name.file_name().to_string_lossy().starts_with("sharedindex.") {
            std::fs::remove_file(name.path()).expect("nothing uses it any more");
        }
    }
    vec![samples[1].row(), row]
}

/// Stages a file, and leaves the index as `git commit` does before it runs the hook: with a valid cache-tree.
pub(crate) fn stage(repository: &Repository, path: &str, text: &str) {
    std::fs::write(repository.path(path), text).expect("a file in our own repository");
    repository.git(&["add", "--", path]);
    repository.git(&["write-tree"]);
}

/// Makes a remote of this name with all there is: the id of its `main`.
fn publish(repository: &Repository, url: &Path, name: &str) -> String {
    let url = url.display().to_string();
    repository.git(&["clone", "-q", "--bare", ".", &url]);
    repository.git(&["remote", "add", name, &url]);
    repository.git(&["fetch", "-q", name]);
    repository.git(&["rev-parse", "main"])
}

/// Makes the remote `origin` with all there is, and then a commit that it lacks; the line that `git push` tells its hook.
fn unpublished_commit(repository: &Repository, url: &Path) -> String {
    let published = publish(repository, url, "origin");
    stage(repository, "src/part-000/file-00002.txt", "committed\n");
    repository.git(&["commit", "-q", "--no-verify", "-m", "Not published yet"]);
    format!("refs/heads/main {} refs/heads/main {published}\n", repository.git(&["rev-parse", "HEAD"]))
}
