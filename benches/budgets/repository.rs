//! A repository to measure in: packed, with a history, issues, other files, and logs of leases to choose from.
//!
//! Made by one `git fast-import`. Its environment is its own: no configuration of the user or the system
//! is read, and nothing is written outside the scratch directory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::rc::Rc;

use git_jit::testing::{fill_authority, fill_log};

use super::measure::Case;

/// Commits after the first one, each of which changes one file and one issue.
const COMMITS: usize = 200;
/// Other files a directory.
const FILES_A_DIRECTORY: usize = 100;
/// Where our programs are installed.
const BIN: &str = "bin";
const OURS: [&str; 3] = [env!("CARGO_BIN_EXE_git-jit"), env!("CARGO_BIN_EXE_jit-pre-commit"), env!("CARGO_BIN_EXE_jit-pre-push")];
const CONFIG: &str = "[worktree]\nenforce_leases = \"strict\"\n";

/// The repositories of one run, each made when it is first asked for.
pub(crate) struct Repositories {
    scratch: PathBuf,
    made: RefCell<BTreeMap<(usize, usize), Rc<Repository>>>,
}

impl Repositories {
    /// None yet; they will be in `scratch`.
    pub(crate) fn new(scratch: &Path) -> Self {
        install(&scratch.join(BIN));
        Self { scratch: scratch.to_owned(), made: RefCell::default() }
    }

    /// The one with so many issues and other files.
    pub(crate) fn get(&self, issues: usize, files: usize) -> Rc<Repository> {
        let make = || Rc::new(Repository::make(&self.scratch, &format!("with-{issues}-{files}"), issues, files));
        Rc::clone(self.made.borrow_mut().entry((issues, files)).or_insert_with(make))
    }

    /// One more of its kind, of this name: for what leaves it other than it was.
    pub(crate) fn another(&self, name: &str, issues: usize, files: usize) -> Repository {
        Repository::make(&self.scratch, name, issues, files)
    }
}

/// Copies our programs, as whoever installs them does: the kernel maps a file that was written in one go in larger pieces than what a
/// linker wrote here and there, which is a third of a millisecond of each start.
fn install(bin: &Path) {
    std::fs::create_dir(bin).expect("a directory in our own");
    for program in OURS.map(Path::new) {
        std::fs::copy(program, bin.join(program.file_name().expect("a program"))).expect("cargo built it");
    }
}

/// One repository, with its primary worktree.
pub(crate) struct Repository {
    root: PathBuf,
    bin: PathBuf,
    home: PathBuf,
    issues: Vec<String>,
    leases: RefCell<String>,
}

impl Repository {
    /// Makes a repository with so many issues and other files in `scratch`, under the strict policy.
    fn make(scratch: &Path, name: &str, issues: usize, files: usize) -> Self {
        eprintln!("making a repository: {issues} issues, {files} other files");
        let home = scratch.join("home");
        std::fs::create_dir_all(&home).expect("a directory in our own");
        let issues = (0..issues as u64).map(issue_id).collect();
        let repository =
            Self { root: scratch.join(name), bin: scratch.join(BIN), home, issues, leases: RefCell::new("first".to_owned()) };
        std::fs::create_dir(&repository.root).expect("the name is free");
        repository.git(&["init", "-q", "-b", "main"]);
        // Nothing may run in the background while something is timed.
        for (key, value) in
            [("user.name", "Bench"), ("user.email", "bench@example.org"), ("gc.auto", "0"), ("maintenance.auto", "false")]
        {
            repository.git(&["config", key, value]);
        }
        repository.import(files);
        repository.git(&["reset", "-q", "--hard"]);
        // As what is packed from its newest version backwards: an import leaves the newest tree at the end of a chain of differences.
        repository.git(&["repack", "-a", "-d", "-f", "-q"]);
        repository.git(&["gc", "-q"]);
        repository.jit(&["init"]);
        // As where it is used: whoever lacks them is told so.
        repository.jit(&["hooks", "install"]);
        repository.settle();
        repository
    }

    /// An index as `git commit` names it to its hook: HEAD with this file in it, and a valid cache-tree.
    pub(crate) fn index_with(&self, name: &str, path: &str, text: &str) -> PathBuf {
        let index = self.next_index(name, path, text);
        said(self.command("git").env("GIT_INDEX_FILE", &index).arg("write-tree"));
        index
    }

    /// The same with a cache-tree that says nothing of where the file is.
    pub(crate) fn next_index(&self, name: &str, path: &str, text: &str) -> PathBuf {
        let index = self.common_dir().join(name);
        let git = |words: &[&str]| said(self.command("git").env("GIT_INDEX_FILE", &index).args(words));
        let written = self.common_dir().join("staged");
        std::fs::write(&written, text).expect("a file in our own repository");
        let oid = git(&["hash-object", "-w", "--", written.to_str().expect("a path of our own")]);
        git(&["read-tree", "HEAD"]);
        git(&["update-index", "--add", "--cacheinfo", &format!("100644,{oid},{path}")]);
        index
    }

    /// Writes out what is still to be written: the first `fdatasync` that is timed would wait for it.
    pub(crate) fn settle(&self) {
        said(&mut self.command("sync"));
    }

    fn import(&self, files: usize) {
        let mut import = self.command("git");
        let mut import = import.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git is installed");
        let mut stream = BufWriter::new(import.stdin.take().expect("piped"));
        let mut say = |text: String| stream.write_all(text.as_bytes()).expect("fast-import reads on");
        say(commit(0) + &modify(".jit/config.toml", CONFIG));
        for number in 0..self.issues.len() {
            say(modify(&self.issue_path(number), &self.issue_text(number, 0)));
        }
        for number in 0..files {
            say(modify(&file_path(number), &file_text(number, 0)));
        }
        for version in 1..=COMMITS {
            let (issue, file) = (version * 97 % self.issues.len(), version * 89 % files);
            say(commit(version) + &modify(&file_path(file), &file_text(file, version)));
            say(modify(&self.issue_path(issue), &self.issue_text(issue, version)));
        }
        drop(stream);
        assert!(import.wait().expect("it was started").success(), "git fast-import");
    }

    /// Makes a branch of so many commits on top of `main`, each of which changes a file that is no issue: its tip.
    pub(crate) fn commit_often(&self, branch: &str, commits: usize) -> String {
        let main = self.git(&["rev-parse", "main"]);
        let mut stream = String::new();
        for number in 0..commits {
            let from = if number == 0 { format!("from {main}\n") } else { String::new() };
            stream += &commit(number).replace("refs/heads/main", &format!("refs/heads/{branch}"));
            stream += &(from + &modify(&file_path(number % 100), &file_text(number, 5000 + number)));
        }
        let mut import = self.command("git");
        let mut import = import.args(["fast-import", "--quiet"]).stdin(Stdio::piped()).spawn().expect("git is installed");
        import.stdin.take().expect("piped").write_all(stream.as_bytes()).expect("fast-import reads on");
        assert!(import.wait().expect("it was started").success(), "git fast-import");
        self.git(&["rev-parse", branch])
    }

    /// The ids of its issues.
    pub(crate) fn issues(&self) -> &[String] {
        &self.issues
    }

    /// Its primary worktree.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A path beside the worktree that no other repository has.
    pub(crate) fn beside(&self, name: &str) -> PathBuf {
        self.root.with_extension(name)
    }

    /// The path of a file in the worktree.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// The path of an issue's file, from the root.
    pub(crate) fn issue_path(&self, number: usize) -> String {
        format!(".jit/issues/{}.json", self.issues[number])
    }

    /// The text of an issue's file, another one for each version.
    pub(crate) fn issue_text(&self, number: usize, version: usize) -> String {
        let state = ["ready", "done", "ready", "backlog", "in_progress"][number % 5];
        let priority = ["normal", "low", "high", "critical", "normal", "normal", "low"][number % 7];
        // Every fifth waits for one before it.
        let dependencies = if number % 5 == 3 { format!("[\n    \"{}\"\n  ]", self.issues[number / 2]) } else { "[]".to_owned() };
        let (id, kind) = (&self.issues[number], ["task", "bug", "story"][number % 3]);
        let text = "What is to be done, why, and how one sees that it is done. ".repeat(4);
        format!(
            r#"{{
  "id": "{id}",
  "title": "Work item {number}, as it was named in a hurry",
  "description": "{text}Version {version}.",
  "state": "{state}",
  "priority": "{priority}",
  "assignee": null,
  "dependencies": {dependencies},
  "gates_required": [],
  "gates_status": {{}},
  "context": {{}},
  "documents": [],
  "labels": [
    "type:{kind}"
  ],
  "created_at": "2026-01-01T00:00:00Z",
  "updated_at": "2026-01-01T00:00:00Z"
}}
"#
        )
    }

    /// A linked worktree with a sparse checkout of these arguments.
    pub(crate) fn sparse(&self, name: &str, arguments: &[&str]) -> PathBuf {
        let root = self.beside(name);
        self.git(&["worktree", "add", "-q", "--no-checkout", "--detach", root.to_str().expect("a path of our own")]);
        self.git_in(&root, &[&["sparse-checkout", "set"], arguments].concat());
        self.git_in(&root, &["checkout", "-q", "--detach", "HEAD"]);
        root
    }

    /// A program with this repository's environment, in its root.
    pub(crate) fn command(&self, program: &str) -> Command {
        let path = std::env::var_os("PATH").unwrap_or_default();
        // By its path: the search for a name is left to a copy of this process, whose size would count into the time of the start.
        let found = std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file());
        let mut command = Command::new(found.unwrap_or_else(|| program.into()));
        command.current_dir(&self.root).env_clear().env("PATH", path).stdin(Stdio::null());
        command.env("HOME", &self.home).env("XDG_CONFIG_HOME", &self.home).env("JIT_AGENT_ID", "agent:bench");
        command.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_NOSYSTEM", "1").env("LC_ALL", "C");
        command
    }

    /// One of our programs, as it is installed.
    fn ours(&self, program: &str) -> Command {
        self.command(self.bin.join(program).to_str().expect("a path of our own"))
    }

    /// The command `git-jit` with these arguments.
    pub(crate) fn jit_command(&self, arguments: &[&str]) -> Command {
        let mut command = self.ours("git-jit");
        command.args(arguments);
        command
    }

    /// `jit-pre-commit`, as `git commit` runs it.
    pub(crate) fn pre_commit(&self) -> Command {
        self.pre_commit_of(Path::new(".git/index"))
    }

    /// `jit-pre-commit`, as `git commit` runs it with this index.
    pub(crate) fn pre_commit_of(&self, index: &Path) -> Command {
        let mut command = self.ours("jit-pre-commit");
        command.env("GIT_INDEX_FILE", index).env("GIT_PREFIX", "").env("GIT_EDITOR", ":");
        command
    }

    /// `jit-pre-push`, as `git push origin` runs it, with what it is told on stdin in the file `input`.
    pub(crate) fn pre_push(&self, url: &Path, input: &Path) -> Command {
        let mut command = self.ours("jit-pre-push");
        command.arg("origin").arg(url);
        command.stdin(std::fs::File::open(input).expect("it was written")).env("GIT_PREFIX", "");
        command
    }

    /// The floor: the least that a process which looks at this repository can cost.
    pub(crate) fn floor(&self) -> Command {
        let mut command = self.command("git");
        command.args(["rev-parse", "HEAD"]);
        command
    }

    /// Runs `git`, which must succeed; what it says, trimmed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        let mut command = self.command("git");
        said(command.args(arguments))
    }

    /// Runs `git` in another of its worktrees.
    pub(crate) fn git_in(&self, root: &Path, arguments: &[&str]) -> String {
        said(self.command("git").current_dir(root).args(arguments))
    }

    /// `git status`, which looks at every file, too.
    pub(crate) fn git_status(&self) -> Case<'_> {
        Case::new(self, "git status", || {
            let mut command = self.command("git");
            command.args(["status", "--porcelain"]);
            command
        })
    }

    /// Runs `git-jit`, which must succeed; what it says, trimmed.
    pub(crate) fn jit(&self, arguments: &[&str]) -> String {
        said(&mut self.jit_command(arguments))
    }

    /// Where the leases in use are.
    pub(crate) fn common_dir(&self) -> PathBuf {
        self.root.join(".git")
    }

    /// Gives the leases in use a history of so many operations, each two of which were an edit that was recorded, and a live lease on
    /// each of the first `live` issues.
    pub(crate) fn fill(&self, operations: u64, live: usize) {
        fill_log(&self.common_dir(), operations, &self.issues[..live], &[]).expect("the log is filled");
        let edits = usize::try_from(operations / 2).expect("so many fit into memory");
        fill_authority(&self.common_dir(), edits, &self.issues).expect("the edits are recorded");
    }

    /// Puts the leases of this name in the place of those in use; an empty log where there are none of this name.
    ///
    /// Two renames, so that one repository serves for measurements in turn with a short log and a long one.
    pub(crate) fn use_leases(&self, name: &str) {
        let current = self.leases.replace(name.to_owned());
        if current == name {
            return;
        }
        let git_dir = self.common_dir();
        let (active, aside, wanted) =
            (git_dir.join("jit"), git_dir.join(format!("jit-{current}")), git_dir.join(format!("jit-{name}")));
        if !wanted.exists() {
            std::fs::create_dir(&wanted).expect("the name is free");
            std::fs::copy(active.join("worktree.json"), wanted.join("worktree.json")).expect("init made the identity");
        }
        std::fs::rename(&active, &aside).expect("renamed");
        std::fs::rename(&wanted, &active).expect("renamed");
    }
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program can be run");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The same ids in every run, spread like random ones (splitmix64).
fn issue_id(number: u64) -> String {
    let mixed = |mut z: u64| {
        z = z.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let bytes = [mixed(2 * number + 1).to_be_bytes(), mixed(2 * number + 2).to_be_bytes()].concat();
    uuid::Builder::from_random_bytes(bytes.try_into().expect("twice eight")).into_uuid().to_string()
}

fn file_path(number: usize) -> String {
    format!("src/part-{:03}/file-{number:05}.txt", number / FILES_A_DIRECTORY)
}

fn file_text(number: usize, version: usize) -> String {
    let mut text = format!("File {number}, version {version}\n");
    for line in 0..10 {
        writeln!(text, "line {line} of it, {}", number * 31 + line).expect("a string takes everything");
    }
    text
}

fn commit(number: usize) -> String {
    let message = format!("Commit {number}\n");
    let date = 1_767_225_600 + number * 60;
    format!("commit refs/heads/main\ncommitter Bench <bench@example.org> {date} +0000\ndata {}\n{message}", message.len())
}

fn modify(path: &str, text: &str) -> String {
    format!("M 100644 inline {path}\ndata {}\n{text}\n", text.len())
}
