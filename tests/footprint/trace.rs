//! Runs a command under `strace` and reads its system calls.
//!
//! Each thread has a file (`-ff`), so that no call is split. Calls about files, descriptors and processes are traced; memory and
//! waiting, which depend on chance, are not.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::support::{Outcome, Place};

/// The traced calls.
const CLASSES: &str = "trace=%file,%desc,%process";
/// How many more calls a long lease log may cost: the index is read, and a log with many segments is opened differently.
pub(crate) const MORE_CALLS: usize = 10;
/// How many more bytes it may cost: those after the index, and the start of the log, for each read.
const MORE_BYTES: u64 = 3 * (4 + 4) * 1024;
/// Calls that always change something.
const WRITING: [&str; 25] = [
    "write",
    "pwrite64",
    "writev",
    "pwritev",
    "pwritev2",
    "sendfile",
    "copy_file_range",
    "creat",
    "rename",
    "renameat",
    "renameat2",
    "link",
    "linkat",
    "symlink",
    "symlinkat",
    "mkdir",
    "mkdirat",
    "unlink",
    "unlinkat",
    "rmdir",
    "truncate",
    "ftruncate",
    "chmod",
    "fchmod",
    "utimensat",
];

/// A completed system call.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// The name of the call.
    pub(crate) name: String,
    /// Its arguments, as `strace` prints them.
    pub(crate) args: String,
    /// The absolute path of its file; for an opened file with symbolic links resolved.
    pub(crate) path: PathBuf,
    /// The bytes that it made readable: the result of a read, or the length of a mapped file.
    pub(crate) bytes: u64,
    /// Whether it succeeded.
    pub(crate) is_ok: bool,
}

impl Call {
    /// Parses a line; `None` if it is not a completed call, for example a signal or an exit.
    fn parse(line: &str) -> Option<Self> {
        let (name, rest) = line.split_once('(')?;
        let (args, result) = rest.rsplit_once(" = ")?;
        if !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
            return None;
        }
        let args = args.trim_end().strip_suffix(')').unwrap_or(args);
        let number = result.split([' ', '<']).next().unwrap_or_default();
        let is_ok = !number.starts_with('-') && number != "?";
        let bytes = match name {
            "read" | "pread64" | "readv" | "preadv" | "preadv2" => number.parse().unwrap_or_default(),
            "mmap" => args.split(", ").nth(1).and_then(|length| length.parse().ok()).unwrap_or_default(),
            _ => 0,
        };
        let path = annotation(result).map_or_else(|| path(args), PathBuf::from);
        Some(Self { name: name.to_owned(), args: args.to_owned(), path, bytes, is_ok })
    }

    /// Whether it opened a file, or tried to.
    pub(crate) fn is_open(&self) -> bool {
        ["open", "openat", "openat2"].contains(&self.name.as_str())
    }

    /// Whether it started a process, not a thread.
    fn is_process(&self) -> bool {
        let is_clone = ["clone", "clone3"].contains(&self.name.as_str()) && !self.args.contains("CLONE_THREAD");
        is_clone || ["fork", "vfork", "execve", "execveat"].contains(&self.name.as_str())
    }

    /// Whether it made data durable, or tried to.
    fn is_sync(&self) -> bool {
        self.name.contains("sync")
    }

    /// Whether it changed a file, or tried to, or opened one for writing; output to a stream does not count.
    fn is_write(&self) -> bool {
        let is_stream = self.args.starts_with("1<") || self.args.starts_with("2<");
        let is_to_write = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| self.args.contains(flag));
        (WRITING.contains(&self.name.as_str()) && !is_stream) || (self.is_open() && is_to_write)
    }

    fn line(&self) -> String {
        format!("{}({}): {}\n", self.name, self.args, self.path.display())
    }
}

/// The path of a descriptor, as in `3</a/b>`, if a text has one.
fn annotation(text: &str) -> Option<&str> {
    Some(text.split_once('<')?.1.split_once('>')?.0).filter(|path| path.starts_with('/'))
}

/// The path in the arguments of a call, resolved against the directory in them if it is relative, or else the path of their
/// descriptor.
fn path(args: &str) -> PathBuf {
    let named = args.split('"').nth(1).unwrap_or_default();
    let behind = annotation(args).unwrap_or_default();
    if named.is_empty() { behind.into() } else { Path::new(behind).join(named) }
}

/// The system calls of a command.
pub(crate) struct Trace {
    what: String,
    scratch: PathBuf,
    calls: Vec<Call>,
}

impl Trace {
    /// Runs one of our binaries with this stdin, and reads its calls. It must succeed.
    pub(crate) fn of(place: &Place, binary: &str, args: &[&str], stdin: &str) -> Self {
        let folder = tempfile::tempdir().expect("a scratch directory");
        let what = format!("{} {}", Path::new(binary).file_name().expect("a name").to_string_lossy(), args.join(" "));
        let output = folder.path().join("of");
        let mut command = place.command("strace");
        command.args(["-ff", "-y", "-s", "0", "-e", CLASSES, "-o"]).arg(output).arg(binary).args(args);
        Outcome::of(format!("strace {what}"), command.write_stdin(stdin)).ok();
        let files = std::fs::read_dir(folder.path()).expect("the directory").map(|entry| entry.expect("an entry").path());
        let texts = files.map(|file| String::from_utf8_lossy(&std::fs::read(file).expect("a trace")).into_owned());
        let calls: Vec<Call> = texts.flat_map(|text| text.lines().filter_map(Call::parse).collect::<Vec<_>>()).collect();
        let is_ours = |call: &Call| call.name == "execve" && call.is_ok && call.path == Path::new(binary);
        assert_eq!(calls.iter().filter(|call| is_ours(call)).count(), 1, "strace has not seen {what} begin");
        assert!(calls.iter().any(|call| call.name == "close"), "strace has seen nothing of {what}");
        Self { what, scratch: place.scratch().to_owned(), calls }
    }

    /// Runs `git-jit` with these arguments.
    pub(crate) fn jit(place: &Place, words: &str) -> Self {
        Self::of(place, env!("CARGO_BIN_EXE_git-jit"), &words.split(' ').collect::<Vec<_>>(), "")
    }

    /// Runs `jit-pre-commit` as `git commit` does.
    pub(crate) fn pre_commit(place: &Place) -> Self {
        Self::of(&committing(place), env!("CARGO_BIN_EXE_jit-pre-commit"), &[], "")
    }

    /// The calls that count; anonymous memory does not.
    fn counted(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| !call.args.contains("MAP_ANONYMOUS"))
    }

    /// The number of calls.
    pub(crate) fn count(&self) -> usize {
        self.counted().count()
    }

    /// Asserts that there are at most this many calls about files of the test. The calls of the loader, and the depth of the scratch
    /// directory, differ between machines.
    pub(crate) fn at_most(&self, most: usize) -> &Self {
        let count = self.counted().filter(|call| call.path.starts_with(&self.scratch)).count();
        assert!(count <= most, "{}: {count} calls, and at most {most} are expected\n{}", self.what, self.all());
        self
    }

    /// Asserts that it starts no process.
    pub(crate) fn starts_nothing(&self) -> &Self {
        let began: Vec<&Call> = self.calls.iter().filter(|call| call.is_process()).collect();
        assert_eq!(began.len(), 1, "{}: begins processes\n{}", self.what, lines(began.iter().copied()));
        self
    }

    /// Asserts that it starts no thread either.
    pub(crate) fn is_one_thread(&self) -> &Self {
        self.starts_nothing();
        let began: Vec<&Call> = self.calls.iter().filter(|call| call.name.starts_with("clone")).collect();
        assert!(began.is_empty(), "{}: begins threads\n{}", self.what, lines(began.iter().copied()));
        self
    }

    /// Asserts that nothing is written or opened for writing.
    pub(crate) fn writes_nothing(&self) -> &Self {
        let wrote: Vec<&Call> = self.calls.iter().filter(|call| call.is_write()).collect();
        assert!(wrote.is_empty(), "{}: writes\n{}", self.what, lines(wrote.iter().copied()));
        self.syncs(&[])
    }

    /// Asserts that exactly these files are made durable, by name, in this order.
    pub(crate) fn syncs(&self, names: &[&str]) -> &Self {
        let name = |call: &Call| call.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let synced: Vec<String> = self.calls.iter().filter(|call| call.is_sync()).map(name).collect();
        assert_eq!(synced, names, "{}: makes other files durable", self.what);
        self
    }

    /// Asserts that no directory of issues is listed, and that this many issue files are opened.
    pub(crate) fn opens_issues(&self, count: usize) -> &Self {
        let is_listed = |call: &&Call| call.name.starts_with("getdents") && call.path.ends_with(".jit/issues");
        let listed: Vec<&Call> = self.calls.iter().filter(is_listed).collect();
        assert!(listed.is_empty(), "{}: lists all issues\n{}", self.what, lines(listed.iter().copied()));
        self.opens_issue_files(count)
    }

    /// Asserts that this many issue files are opened.
    pub(crate) fn opens_issue_files(&self, count: usize) -> &Self {
        let is_issue = |call: &&Call| call.is_open() && call.path.parent().is_some_and(|folder| folder.ends_with(".jit/issues"));
        let opened: Vec<&Call> = self.calls.iter().filter(is_issue).collect();
        assert_eq!(opened.len(), count, "{}: opens files of issues\n{}", self.what, lines(opened.iter().copied()));
        self
    }

    /// Asserts that a file with this name is opened at most once; attempts to open a missing file do not count.
    pub(crate) fn opens_once(&self, name: &str) -> &Self {
        let opened: Vec<&Call> =
            self.calls.iter().filter(|call| call.is_open() && call.is_ok && call.path.ends_with(name)).collect();
        assert!(opened.len() <= 1, "{}: opens {name} more than once\n{}", self.what, lines(opened.iter().copied()));
        self
    }

    /// Asserts that no file of ours is opened twice for reading, and HEAD, its ref and the index only as often as given here. A file
    /// that is open to append is read back through that.
    pub(crate) fn reads_each_file_once(&self) -> &Self {
        let mut opened: BTreeMap<&Path, usize> = BTreeMap::new();
        for call in self.calls.iter().filter(|call| call.is_open() && call.is_ok && !call.args.contains("O_DIRECTORY")) {
            *opened.entry(&call.path).or_default() += 1;
        }
        for (path, count) in opened {
            let is_ours = path
                .ancestors()
                .any(|folder| folder.ends_with(".git/jit") || folder.file_name().is_some_and(|name| name == ".jit"));
            let is_lock = path.extension().is_some_and(|end| end == "lock");
            let most = match path.file_name().and_then(|name| name.to_str()) {
                // Two of them are the Git library's, which opens it to tell a repository and to read its configuration.
                Some("HEAD") => 3,
                _ if is_ours && !is_lock => 1,
                Some("index" | "main") => 2,
                _ => continue,
            };
            assert!(count <= most, "{}: opens {} {count} times\n{}", self.what, path.display(), self.all());
        }
        self
    }

    /// Asserts that nothing in this directory is accessed, except the directory itself.
    pub(crate) fn looks_at_nothing_in(&self, root: &Path) -> &Self {
        let looked: Vec<&Call> = self.calls.iter().filter(|call| call.path.starts_with(root) && call.path != root).collect();
        assert!(looked.is_empty(), "{}: looks into {}\n{}", self.what, root.display(), lines(looked.iter().copied()));
        self
    }

    /// The bytes read of the files that `is_meant` selects; a mapped file counts completely.
    pub(crate) fn bytes(&self, is_meant: impl Fn(&Path) -> bool) -> u64 {
        self.counted().filter(|call| is_meant(&call.path)).map(|call| call.bytes).sum()
    }

    /// The bytes read of our files below a Git directory.
    pub(crate) fn bytes_of_ours(&self) -> u64 {
        self.bytes(|path| path.ancestors().any(|folder| folder.ends_with(".git/jit")))
    }

    /// Asserts that it reads few more bytes of our files than another command, whose log is new.
    pub(crate) fn reads_little_more_than(&self, other: &Self) -> &Self {
        let (mine, others) = (self.bytes_of_ours(), other.bytes_of_ours());
        assert!(mine <= others + MORE_BYTES, "{}: {mine} bytes of ours are read, {others} elsewhere\n{}", self.what, self.all());
        self
    }

    /// Asserts that it makes as many calls as another command.
    pub(crate) fn counts_as(&self, other: &Self) -> &Self {
        self.counts_nearly_as(other, 0)
    }

    /// Asserts that it makes as many calls as another command, with this tolerance.
    pub(crate) fn counts_nearly_as(&self, other: &Self, slack: usize) -> &Self {
        let (mine, others) = (self.count(), other.count());
        let (what, all, others_all) = (&self.what, self.all(), other.all());
        assert!(mine.abs_diff(others) <= slack, "{what}: {mine} calls, {others} elsewhere\n{all}--- elsewhere\n{others_all}");
        self
    }

    pub(crate) fn all(&self) -> String {
        lines(self.counted())
    }
}

fn lines<'c>(calls: impl Iterator<Item = &'c Call>) -> String {
    calls.map(Call::line).collect()
}

/// The place with the environment that Git gives a commit hook.
pub(crate) fn committing(place: &Place) -> Place {
    let git_dir = place.git("rev-parse --git-dir").ok().line();
    let index = format!("{git_dir}/index");
    let place = place.with("GIT_INDEX_FILE", &index).with("GIT_PREFIX", "").with("GIT_EDITOR", ":");
    if git_dir == ".git" { place } else { place.with("GIT_DIR", &git_dir) }
}

#[test]
fn a_line_of_a_trace_is_read() {
    let call = |line: &str| Call::parse(line).unwrap_or_else(|| panic!("{line}"));
    let opened = call(r#"openat(AT_FDCWD</w>, "/w/a/../b", O_RDONLY|O_CLOEXEC) = 3</w/b>"#);
    assert_eq!((opened.name.as_str(), opened.path.as_path(), opened.is_ok), ("openat", Path::new("/w/b"), true));
    assert!(opened.is_open() && !opened.is_write());
    let missing = call(r#"openat(3</w>, "c", O_RDWR|O_CREAT|O_CLOEXEC, 0666) = -1 ENOENT (No such file or directory)"#);
    assert!(!missing.is_ok && missing.is_write());
    assert_eq!(missing.path, Path::new("/w/c"));
    let read = call(r#"read(3</w/jit test = (x)>, ""..., 128)   = 21"#);
    assert_eq!((read.path.as_path(), read.bytes), (Path::new("/w/jit test = (x)"), 21));
    let mapped = call("mmap(NULL, 4068, PROT_READ, MAP_PRIVATE, 3</w/pack>, 0) = 0x7f74e3cb7000");
    assert_eq!((mapped.path.as_path(), mapped.bytes), (Path::new("/w/pack"), 4068));
    assert_eq!(call(r#"execve("/b/jit-pre-commit", [...], 0x7ffd /* 41 vars */) = 0"#).path, Path::new("/b/jit-pre-commit"));
    assert!(call("clone3({flags=CLONE_VM|CLONE_VFORK, exit_signal=SIGCHLD} => {parent_tid=[7]}, 88) = 7").is_process());
    assert!(!call("clone3({flags=CLONE_VM|CLONE_THREAD} => {parent_tid=[7]}, 88) = 7").is_process());
    assert!(call("fdatasync(4</w/claims.jsonl>) = 0").is_sync());
    assert!(!call(r#"write(1<pipe:[7]>, ""..., 5) = 5"#).is_write() && call(r#"write(4</w/a>, ""..., 5) = 5"#).is_write());
    for other in ["+++ exited with 0 +++", "--- SIGCHLD {si_signo=SIGCHLD} ---", ""] {
        assert!(Call::parse(other).is_none(), "{other}");
    }
}
