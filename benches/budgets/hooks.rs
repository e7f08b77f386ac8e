//! The rows of the hooks on a large repository: what a commit and a push pay for being judged.

use std::path::Path;

use super::measure::{self, Case};
use super::memory;
use super::options::Options;
use super::repository::Repository;
use super::rows::{measured, measured_beside};
use super::run::Row;

const SMALL: &str = "pre-commit, small, nothing of ours staged";
const NOTHING: &str = "pre-commit, large, nothing of ours staged";
const ONE: &str = "pre-commit, large, one leased issue staged";
const FIFTY: &str = "pre-commit, large, 50 leased issues staged";
const BY_PATH: &str = "pre-commit, large, commit PATH of one";
const MERGE: &str = "pre-commit, large, a merge of 500 edits";
const SPLIT: &str = "pre-commit, large, split index";
const SPLIT_MORE: &str = "pre-commit, large, split, beyond diff-index";
const SPARSE: &str = "pre-commit, large, sparse index";
const SPARSE_MORE: &str = "pre-commit, large, sparse, beyond diff-index";
const PUSH: &str = "pre-push, large, one new commit";
const PUSH_MANY: &str = "pre-push, large, 1 000 new commits";
const MEMORY: &str = "memory of pre-commit, nothing of ours staged";
const MEMORY_ONE: &str = "memory of pre-commit, one leased issue staged";
const MEMORY_MERGE: &str = "memory of pre-commit, a merge of 500 edits";
const MEMORY_PUSH: &str = "memory of pre-push, 1 000 new commits";

/// The rows of [`small`].
pub(crate) const OF_SMALL: [&str; 1] = [SMALL];
/// The rows of [`large`].
pub(crate) const OF_LARGE: [&str; 15] = [
    NOTHING,
    ONE,
    FIFTY,
    BY_PATH,
    MERGE,
    SPLIT,
    SPLIT_MORE,
    SPARSE,
    SPARSE_MORE,
    PUSH,
    PUSH_MANY,
    MEMORY,
    MEMORY_ONE,
    MEMORY_MERGE,
    MEMORY_PUSH,
];

/// Those in a small repository.
pub(crate) fn small(repository: &Repository, options: &Options) -> Vec<Row> {
    if !options.wants(SMALL) {
        return Vec::new();
    }
    stage(repository, "src/part-000/file-00001.txt", "staged\n");
    let rows = measured(Case::new(repository, SMALL, || repository.pre_commit()), 1.6, options).into_iter().collect();
    repository.git(&["reset", "-q", "--hard"]);
    rows
}

/// Those in a large one. The stagings exclude each other, so each is made just before it is measured.
pub(crate) fn large(repository: &Repository, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if options.wants_any(&[NOTHING, MEMORY, SPLIT, SPLIT_MORE]) {
        stage(repository, "src/part-000/file-00001.txt", "staged\n");
        let case = Case::new(repository, NOTHING, || repository.pre_commit());
        rows.extend(measured_beside(case, 2.0, options.peers.at_commit(repository), options));
        rows.extend(memory::of_a_hook(MEMORY, &repository.pre_commit(), None, options));
        rows.extend(split(repository, options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    rows.extend(sparse(repository, options));
    rows.extend(edits(repository, options));
    rows.extend(merge(repository, options));
    rows.extend(pushes(repository, options));
    rows
}

fn pushes(repository: &Repository, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    if options.wants(PUSH) {
        let (url, input) = (repository.beside("remote.git"), repository.beside("pre-push"));
        std::fs::write(&input, unpublished_commit(repository, &url)).expect("a file in our own directory");
        let case = Case::new(repository, PUSH, || repository.pre_push(&url, &input));
        rows.extend(measured_beside(case, 3.0, options.peers.at_push(repository, &url, &input), options));
    }
    if options.wants_any(&[PUSH_MANY, MEMORY_PUSH]) {
        let (url, input) = (repository.beside("remote-2.git"), repository.beside("pre-push-2"));
        let published = publish(repository, &url, "second");
        let tip = repository.commit_often("many", 1000);
        std::fs::write(&input, format!("refs/heads/many {tip} refs/heads/main {published}\n")).expect("our own directory");
        let push = || repository.pre_push(&url, &input);
        rows.extend(measured(Case::new(repository, PUSH_MANY, push), 40.0, options));
        rows.extend(memory::of_a_hook(MEMORY_PUSH, &push(), Some(&input), options));
    }
    rows
}

/// One and fifty leased issues, from the end of the list, which the other rows do not use.
fn edits(repository: &Repository, options: &Options) -> Vec<Row> {
    let mut rows = Vec::new();
    let last = repository.issues().len() - 1;
    let count = 50.min(last / 2);
    if options.wants_any(&[ONE, FIFTY, BY_PATH, MEMORY_ONE]) {
        for number in last - count..=last {
            repository.jit(&["claim", "acquire", "--ttl", "1h", &repository.issues()[number]]);
        }
    }
    let edit = |number: usize| stage(repository, &repository.issue_path(number), &repository.issue_text(number, 1000));
    if options.wants_any(&[ONE, BY_PATH, MEMORY_ONE]) {
        edit(last);
        rows.extend(measured(Case::new(repository, ONE, || repository.pre_commit()), 8.0, options));
        rows.extend(memory::of_a_hook(MEMORY_ONE, &repository.pre_commit(), None, options));
        // What `git commit PATH` names its hook: an index of HEAD with that path, whose cache-tree says nothing of it.
        let index = repository.next_index("next-index", &repository.issue_path(last), &repository.issue_text(last, 1000));
        rows.extend(measured(Case::new(repository, BY_PATH, || repository.pre_commit_of(&index)), 12.0, options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    if options.wants(FIFTY) {
        (last - count..last).for_each(edit);
        rows.extend(measured(Case::new(repository, FIFTY, || repository.pre_commit()), 12.0, options));
        repository.git(&["reset", "-q", "--hard"]);
    }
    rows
}

/// A merge that brings others' edits, as it is before its commit.
fn merge(repository: &Repository, options: &Options) -> Vec<Row> {
    if !options.wants_any(&[MERGE, MEMORY_MERGE]) {
        return Vec::new();
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
    let time = measured(Case::new(repository, MERGE, || repository.pre_commit()), 60.0, options);
    let memory = memory::of_a_hook(MEMORY_MERGE, &repository.pre_commit(), None, options);
    repository.git(&["merge", "--abort"]);
    time.into_iter().chain(memory).collect()
}

/// A split index, which is Git's to read: what the hook takes beyond Git's own answer.
fn split(repository: &Repository, options: &Options) -> Vec<Row> {
    if !options.wants_any(&[SPLIT, SPLIT_MORE]) {
        return Vec::new();
    }
    repository.git(&["update-index", "--split-index"]);
    let rows = beyond(repository, repository.root(), Path::new(".git/index"), [SPLIT, SPLIT_MORE], options);
    repository.git(&["update-index", "--no-split-index"]);
    for name in repository.common_dir().read_dir().expect("a directory").flatten() {
        if name.file_name().to_string_lossy().starts_with("sharedindex.") {
            std::fs::remove_file(name.path()).expect("nothing uses it any more");
        }
    }
    rows
}

/// A sparse index, which has one entry for all that is not checked out.
fn sparse(repository: &Repository, options: &Options) -> Vec<Row> {
    if !options.wants_any(&[SPARSE, SPARSE_MORE]) {
        return Vec::new();
    }
    let root = repository.sparse("sparse-index", &["--cone", "--sparse-index", "src/part-000"]);
    std::fs::write(root.join("src/part-000/file-00001.txt"), "staged\n").expect("a file in our own repository");
    repository.git_in(&root, &["add", "src/part-000/file-00001.txt"]);
    repository.git_in(&root, &["write-tree"]);
    let index = repository.git_in(&root, &["rev-parse", "--path-format=absolute", "--git-path", "index"]);
    let rows = beyond(repository, &root, Path::new(&index), [SPARSE, SPARSE_MORE], options);
    repository.git(&["worktree", "remove", "--force", root.to_str().expect("a path of our own")]);
    rows
}

/// The hook in the worktree `root`, and the same less what Git itself takes for the question.
fn beyond(repository: &Repository, root: &Path, index: &Path, [whole, more]: [&str; 2], options: &Options) -> Vec<Row> {
    let diff_index = || {
        let mut command = repository.command("git");
        command.current_dir(root).args(["diff-index", "--cached", "--no-renames", "--quiet", "HEAD", "--", ".jit"]);
        command
    };
    let hook = || {
        let mut command = repository.pre_commit_of(index);
        command.current_dir(root);
        command
    };
    let cases = vec![Case::new(repository, "git diff-index", diff_index), Case::new(repository, whole, hook)];
    let samples = measure::in_turn(cases, options.runs);
    let row = samples[1].beyond(&samples[0], more, 4.0);
    vec![samples[1].row(None), samples[0].beside(whole), row]
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
