//! Hermetic repositories and what happens in them.
//!
//! A [`World`] is a scratch directory with a private HOME and a cleared environment. A [`Place`] is a directory
//! in it with an agent at work; its commands return an [`Outcome`], whose checks print everything when they fail.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};

use assert_cmd::Command;
use predicates::prelude::*;
use serde_json::Value;
use tempfile::TempDir;

pub(crate) mod tools;
pub(crate) mod waiting;

/// A scratch directory that everything happens in.
pub(crate) struct World {
    root: TempDir,
}

/// The folder of the binaries under test.
pub(crate) fn binaries() -> PathBuf {
    Path::new(env!("CARGO_BIN_EXE_git-jit")).parent().expect("a binary is in a folder").to_owned()
}

impl World {
    /// An empty scratch directory.
    pub(crate) fn empty() -> Self {
        Self::empty_in(&std::env::temp_dir())
    }

    /// An empty scratch directory for thousands of files: in memory, where there is plenty of it.
    pub(crate) fn roomy() -> Self {
        let memory = Path::new("/dev/shm");
        let is_plenty = rustix::fs::statvfs(memory).is_ok_and(|it| it.f_bavail.saturating_mul(it.f_frsize) > 1 << 30);
        if is_plenty { Self::empty_in(memory) } else { Self::empty() }
    }

    /// An empty scratch directory in this folder.
    fn empty_in(folder: &Path) -> Self {
        Self { root: tempfile::Builder::new().prefix("jit test ").tempdir_in(folder).expect("a scratch directory") }
    }

    /// A repository `team` on `main` with one empty commit and git jit set up, nothing committed of it.
    pub(crate) fn new() -> Self {
        Self::empty().with_team()
    }

    fn with_team(self) -> Self {
        let world = self;
        world.place("").git("init -q -b main team").ok();
        world.team().git("commit -q --allow-empty -m Root").ok();
        world.team().jit("init").ok();
        world
    }

    /// A repository under a strict policy, with hooks, three published issues and a bare remote.
    pub(crate) fn strict() -> (Self, Vec<String>) {
        Self::under("strict")
    }

    /// The same under another policy.
    pub(crate) fn under(policy: &str) -> (Self, Vec<String>) {
        Self::new().with_issues(policy)
    }

    /// The same on a file system in memory, where there is one.
    pub(crate) fn in_memory_under(policy: &str) -> (Self, Vec<String>) {
        let memory = Path::new("/dev/shm");
        let folder = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
        Self::empty_in(&folder).with_team().with_issues(policy)
    }

    fn with_issues(self, policy: &str) -> (Self, Vec<String>) {
        let world = self;
        let team = world.team();
        let issues = ["First", "Second", "Third"].map(|title| team.create(title)).to_vec();
        team.set_policy(policy);
        team.git("add -A").ok();
        team.git("commit -q -m Issues").ok();
        world.add_remote();
        team.git("push -q -u origin main").ok();
        team.jit("hooks install").ok();
        (world, issues)
    }

    /// Makes the bare remote that `team` pushes to.
    pub(crate) fn add_remote(&self) {
        self.place("").git("init -q --bare -b main remote.git").ok();
        let remote = self.path("remote.git");
        self.team().git_args(&["remote", "add", "origin", &remote.display().to_string()]).ok();
    }

    /// A path in the scratch directory, free of symbolic links.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.path().canonicalize().expect("it is there").join(relative)
    }

    /// A directory, with nobody in particular at work.
    pub(crate) fn place(&self, relative: &str) -> Place {
        let root = self.path("");
        Place { dir: self.path(relative), home: root.join("home"), variables: BTreeMap::new() }
    }

    /// The primary worktree of `team`.
    pub(crate) fn team(&self) -> Place {
        self.place("team")
    }

    /// A new linked worktree of `team` on a branch of the same name, with an agent in it.
    pub(crate) fn linked(&self, name: &str) -> Place {
        self.team().git(&format!("worktree add -q -b {name} ../{name} main")).ok();
        self.place(name).agent(&format!("agent:{name}"))
    }
}

/// A directory and who is at work there.
#[derive(Clone)]
pub(crate) struct Place {
    /// The directory.
    pub(crate) dir: PathBuf,
    home: PathBuf,
    variables: BTreeMap<String, String>,
}

impl Place {
    /// The same place with this agent at work.
    pub(crate) fn agent(&self, id: &str) -> Self {
        self.with("JIT_AGENT_ID", id)
    }

    /// The same place at this moment of a clock that stands still.
    pub(crate) fn at(&self, domain: &str, seconds: u64) -> Self {
        self.with("JIT_TEST_CLOCK", &format!("{domain}:{}", seconds * 1000))
    }

    /// The same place with a variable set.
    pub(crate) fn with(&self, key: &str, value: &str) -> Self {
        let mut place = self.clone();
        place.variables.insert(key.to_owned(), value.to_owned());
        place
    }

    /// The same agent and variables in another directory.
    pub(crate) fn moved(&self, dir: &str) -> Self {
        Self { dir: dir.into(), ..self.clone() }
    }

    /// A directory below, which is made if need be.
    pub(crate) fn sub(&self, relative: &str) -> Self {
        let dir = self.dir.join(relative);
        std::fs::create_dir_all(&dir).expect("made");
        Self { dir, ..self.clone() }
    }

    /// A command of the environment that tests run in.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = std::env::var_os("PATH").unwrap_or_default();
        let paths = std::iter::once(binaries()).chain(std::env::split_paths(&path));
        command
            .env_clear()
            .env("PATH", std::env::join_paths(paths).expect("folders without separators"))
            .env("HOME", &self.home)
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_AUTHOR_NAME", "Test")
            .env("GIT_AUTHOR_EMAIL", "test@example.com")
            .env("GIT_COMMITTER_NAME", "Test")
            .env("GIT_COMMITTER_EMAIL", "test@example.com")
            .env("TMPDIR", std::env::temp_dir())
            .envs(&self.variables)
            .current_dir(&self.dir);
        command
    }

    /// Starts `git-jit` without waiting for it.
    pub(crate) fn start(&self, args: &[&str], stdout: Stdio) -> Child {
        let prepared = self.command(env!("CARGO_BIN_EXE_git-jit"));
        let mut command = std::process::Command::new(prepared.get_program());
        command.env_clear().current_dir(&self.dir).args(args).stdin(Stdio::null()).stdout(stdout).stderr(Stdio::null());
        for (key, value) in prepared.get_envs() {
            command.env(key, value.expect("set"));
        }
        command.spawn().expect("started")
    }

    /// Runs `git` with these words.
    pub(crate) fn git(&self, words: &str) -> Outcome {
        self.git_args(&words.split(' ').collect::<Vec<_>>())
    }

    /// Runs `git` with these arguments.
    pub(crate) fn git_args(&self, args: &[&str]) -> Outcome {
        Outcome::of(format!("git {}", args.join(" ")), self.command("git").args(args))
    }

    /// The scratch directory that all of it is in.
    pub(crate) fn scratch(&self) -> &Path {
        self.home.parent().expect("it is in the scratch directory")
    }

    /// Runs a command of these words with `input` on its stdin.
    pub(crate) fn pipe(&self, words: &str, input: &[u8]) -> Outcome {
        let (program, rest) = words.split_once(' ').unwrap_or((words, ""));
        Outcome::of(words.to_owned(), self.command(program).args(rest.split(' ')).write_stdin(input))
    }

    /// Runs `git-jit` with these words.
    pub(crate) fn jit(&self, words: &str) -> Outcome {
        self.jit_args(&words.split(' ').collect::<Vec<_>>())
    }

    /// Runs `git-jit` with these arguments.
    pub(crate) fn jit_args(&self, args: &[&str]) -> Outcome {
        Outcome::of(format!("git jit {}", args.join(" ")), self.command(env!("CARGO_BIN_EXE_git-jit")).args(args))
    }

    /// Runs `git-jit` with `--json` and reads the one document that it answers with.
    #[track_caller]
    pub(crate) fn json(&self, words: &str) -> Value {
        self.jit(&format!("{words} --json")).ok().document()
    }

    /// The same, with a warning that has this text.
    #[track_caller]
    pub(crate) fn json_and_warning(&self, words: &str, text: &str) -> Value {
        self.jit(&format!("{words} --json")).warns(text).document()
    }

    /// Makes an issue and returns its full id.
    pub(crate) fn create(&self, title: &str) -> String {
        self.jit_args(&["issue", "create", "--quiet", title]).ok().line()
    }

    /// A file here, as text.
    pub(crate) fn read(&self, path: &str) -> String {
        std::fs::read_to_string(self.dir.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file here.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.dir.join(path);
        std::fs::create_dir_all(path.parent().expect("it is in a folder")).expect("made");
        std::fs::write(path, text).expect("written");
    }

    /// The path of an issue's file, relative to the worktree's root.
    pub(crate) fn file(issue: &str) -> String {
        format!(".jit/issues/{issue}.json")
    }

    /// Changes an issue's file by hand, to a title.
    pub(crate) fn edit(&self, issue: &str, title: &str) {
        let text = self.read(&Self::file(issue));
        let line = text.lines().find(|line| line.contains("\"title\"")).expect("it has a title").to_owned();
        self.write(&Self::file(issue), text.replacen(&line, &format!("  \"title\": \"{title}\","), 1));
    }

    /// Changes `enforce_leases` in the file here.
    pub(crate) fn set_policy(&self, policy: &str) {
        let text = self.read(".jit/config.toml");
        let line = text.lines().find(|line| line.starts_with("enforce_leases")).expect("it says so").to_owned();
        self.write(".jit/config.toml", text.replacen(&line, &format!("enforce_leases = \"{policy}\""), 1));
    }

    /// Takes the lease, with the root of the worktree as the current directory.
    pub(crate) fn acquire(&self, issue: &str) {
        self.jit(&format!("claim acquire {issue}")).ok();
    }

    /// The title that HEAD has for an issue.
    pub(crate) fn committed_title(&self, issue: &str) -> String {
        let text = self.git(&format!("show HEAD:{}", Self::file(issue))).ok().stdout;
        let issue: Value = serde_json::from_str(&text).expect("an issue");
        issue["title"].as_str().unwrap_or_default().to_owned()
    }
}

/// A small generator of numbers that are random enough: xorshift64*.
pub(crate) struct Dice(u64);

impl Dice {
    /// The same seed rolls the same.
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`.
    pub(crate) fn roll(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) % sides
    }
}

/// What a command did.
pub(crate) struct Outcome {
    command: String,
    status: i32,
    /// What it answered.
    pub(crate) stdout: String,
    /// What it narrated.
    pub(crate) stderr: String,
}

impl Outcome {
    /// Runs a command to its end.
    pub(crate) fn of(what: String, command: &mut Command) -> Self {
        let output = command.output().unwrap_or_else(|error| panic!("{what}: {error}"));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Self {
            command: what,
            status: output.status.code().unwrap_or(-1),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    #[track_caller]
    fn fail(&self, wanted: &str) -> ! {
        panic!(
            "{} exited with {}, and {wanted}\n--- stdout\n{}--- stderr\n{}",
            self.command, self.status, self.stdout, self.stderr
        );
    }

    /// It succeeded, without a warning.
    #[track_caller]
    pub(crate) fn ok(self) -> Self {
        if self.warning().is_some() { self.fail("should have succeeded without a warning") } else { self.exits(0) }
    }

    /// It succeeded, with a warning that has this text.
    #[track_caller]
    pub(crate) fn warns(self, text: &str) -> Self {
        match self.warning() {
            Some(warnings) if warnings.contains(text) => self.exits(0),
            _ => self.fail(&format!("should have succeeded with a warning '{text}'")),
        }
    }

    /// What it printed on standard error, from the first line that is a warning.
    fn warning(&self) -> Option<&str> {
        let is_warning = |line: &&str| line.starts_with("warning: ");
        let first = self.stderr.lines().find(is_warning)?;
        self.stderr.find(first).map(|at| &self.stderr[at..])
    }

    /// It ended with this status.
    #[track_caller]
    pub(crate) fn exits(self, status: i32) -> Self {
        if self.status == status { self } else { self.fail(&format!("should have with {status}")) }
    }

    /// Its status.
    pub(crate) fn status(&self) -> i32 {
        self.status
    }

    /// It said this, on either stream.
    pub(crate) fn says(self, text: &str) -> Self {
        let said = predicate::str::contains(text);
        if said.eval(&self.stdout) || said.eval(&self.stderr) { self } else { self.fail(&format!("should have said '{text}'")) }
    }

    /// It did not say this, on either stream.
    pub(crate) fn never_says(self, text: &str) -> Self {
        let said = predicate::str::contains(text);
        if said.eval(&self.stdout) || said.eval(&self.stderr) { self.fail(&format!("should not have said '{text}'")) } else { self }
    }

    /// It said nothing at all.
    pub(crate) fn says_nothing(self) -> Self {
        if self.stdout.is_empty() && self.stderr.is_empty() { self } else { self.fail("should have said nothing") }
    }

    /// Its answer without the last line end.
    pub(crate) fn line(&self) -> String {
        self.stdout.trim_end().to_owned()
    }

    /// Its answer, which must be exactly one JSON document.
    pub(crate) fn document(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| self.fail(&format!("should have answered with one document: {error}")))
    }
}
