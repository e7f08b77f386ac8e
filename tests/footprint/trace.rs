//! A command under `strace`, and the system calls that it made.
//!
//! A file a thread (`-ff`), so that no call is cut in two by another thread's. What is traced is what has to do with files,
//! descriptors and processes: memory and waiting, which depend on chance, do not count.

use std::path::{Path, PathBuf};

use crate::support::{Outcome, Place};

/// What is traced.
const CLASSES: &str = "trace=%file,%desc,%process";
/// How many calls a long history of leases may cost at most: the index is read, and a log of many segments is opened otherwise
/// than one of one.
pub(crate) const MORE_CALLS: usize = 10;
/// How many bytes it may cost: what lies beyond the index, and the beginning of the log, each time that it is looked at.
const MORE_BYTES: u64 = 3 * (4 + 4) * 1024;
/// Calls that change something by what they are.
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

/// One system call that came back.
#[derive(Debug, Clone)]
pub(crate) struct Call {
    /// What was called.
    pub(crate) name: String,
    /// With what, as `strace` writes it.
    pub(crate) args: String,
    /// The file that it is about, absolute, free of links where one was opened.
    pub(crate) path: PathBuf,
    /// Bytes that it made readable: of a read what it returned, of a mapped file the length.
    pub(crate) bytes: u64,
    /// Whether it worked.
    pub(crate) is_ok: bool,
}

impl Call {
    /// Reads a line; nothing where it is no call that came back, as a signal or an exit.
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

    /// Whether it began a process; a thread is none.
    fn is_process(&self) -> bool {
        let is_clone = ["clone", "clone3"].contains(&self.name.as_str()) && !self.args.contains("CLONE_THREAD");
        is_clone || ["fork", "vfork", "execve", "execveat"].contains(&self.name.as_str())
    }

    /// Whether it made data durable, or began to.
    fn is_sync(&self) -> bool {
        self.name.contains("sync")
    }

    /// Whether it changed a file, or tried to, or opened one to change it; what it says on its streams is no file.
    fn is_write(&self) -> bool {
        let is_stream = self.args.starts_with("1<") || self.args.starts_with("2<");
        let is_to_write = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().any(|flag| self.args.contains(flag));
        (WRITING.contains(&self.name.as_str()) && !is_stream) || (self.is_open() && is_to_write)
    }

    fn line(&self) -> String {
        format!("{}({}): {}\n", self.name, self.args, self.path.display())
    }
}

/// The path behind a descriptor, as in `3</a/b>`, if a text has one.
fn annotation(text: &str) -> Option<&str> {
    Some(text.split_once('<')?.1.split_once('>')?.0).filter(|path| path.starts_with('/'))
}

/// The path that arguments are about: what they name, below the directory that they name if it is relative; or else the
/// file behind their descriptor.
fn path(args: &str) -> PathBuf {
    let named = args.split('"').nth(1).unwrap_or_default();
    let behind = annotation(args).unwrap_or_default();
    if named.is_empty() { behind.into() } else { Path::new(behind).join(named) }
}

/// What a command did, by its system calls.
pub(crate) struct Trace {
    what: String,
    scratch: PathBuf,
    calls: Vec<Call>,
}

impl Trace {
    /// Runs a binary of ours, with what it is told on stdin, and reads what it called. It has to succeed.
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

    /// Runs `git-jit` with these words.
    pub(crate) fn jit(place: &Place, words: &str) -> Self {
        Self::of(place, env!("CARGO_BIN_EXE_git-jit"), &words.split(' ').collect::<Vec<_>>(), "")
    }

    /// Runs `jit-pre-commit` as `git commit` does.
    pub(crate) fn pre_commit(place: &Place) -> Self {
        Self::of(&committing(place), env!("CARGO_BIN_EXE_jit-pre-commit"), &[], "")
    }

    /// The calls that count: memory that is no file is the allocator's business.
    fn counted(&self) -> impl Iterator<Item = &Call> {
        self.calls.iter().filter(|call| !call.args.contains("MAP_ANONYMOUS"))
    }

    /// How many calls there were.
    pub(crate) fn count(&self) -> usize {
        self.counted().count()
    }

    /// At most so many calls about files of the test. What the loader does is another machine's business on each, and so is how
    /// deep the scratch directory lies.
    pub(crate) fn at_most(&self, most: usize) -> &Self {
        let count = self.counted().filter(|call| call.path.starts_with(&self.scratch)).count();
        assert!(count <= most, "{}: {count} calls, and at most {most} are expected\n{}", self.what, self.all());
        self
    }

    /// No process but itself, of ours or another's.
    pub(crate) fn starts_nothing(&self) -> &Self {
        let began: Vec<&Call> = self.calls.iter().filter(|call| call.is_process()).collect();
        assert_eq!(began.len(), 1, "{}: begins processes\n{}", self.what, lines(began.iter().copied()));
        self
    }

    /// No thread either.
    pub(crate) fn is_one_thread(&self) -> &Self {
        self.starts_nothing();
        let began: Vec<&Call> = self.calls.iter().filter(|call| call.name.starts_with("clone")).collect();
        assert!(began.is_empty(), "{}: begins threads\n{}", self.what, lines(began.iter().copied()));
        self
    }

    /// Nothing is written, nor opened to be.
    pub(crate) fn writes_nothing(&self) -> &Self {
        let wrote: Vec<&Call> = self.calls.iter().filter(|call| call.is_write()).collect();
        assert!(wrote.is_empty(), "{}: writes\n{}", self.what, lines(wrote.iter().copied()));
        self.syncs(&[])
    }

    /// Exactly these files are made durable, by name, in this order.
    pub(crate) fn syncs(&self, names: &[&str]) -> &Self {
        let name = |call: &Call| call.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let synced: Vec<String> = self.calls.iter().filter(|call| call.is_sync()).map(name).collect();
        assert_eq!(synced, names, "{}: makes other files durable", self.what);
        self
    }

    /// No directory of issues is listed, and of the files of issues only so many are opened.
    pub(crate) fn opens_issues(&self, count: usize) -> &Self {
        let is_listed = |call: &&Call| call.name.starts_with("getdents") && call.path.ends_with(".jit/issues");
        let listed: Vec<&Call> = self.calls.iter().filter(is_listed).collect();
        assert!(listed.is_empty(), "{}: lists all issues\n{}", self.what, lines(listed.iter().copied()));
        self.opens_issue_files(count)
    }

    /// Of the files of issues only so many are opened.
    pub(crate) fn opens_issue_files(&self, count: usize) -> &Self {
        let is_issue = |call: &&Call| call.is_open() && call.path.parent().is_some_and(|folder| folder.ends_with(".jit/issues"));
        let opened: Vec<&Call> = self.calls.iter().filter(is_issue).collect();
        assert_eq!(opened.len(), count, "{}: opens files of issues\n{}", self.what, lines(opened.iter().copied()));
        self
    }

    /// A file of this name is opened once at most; one that is not there may be looked for again.
    pub(crate) fn opens_once(&self, name: &str) -> &Self {
        let opened: Vec<&Call> =
            self.calls.iter().filter(|call| call.is_open() && call.is_ok && call.path.ends_with(name)).collect();
        assert!(opened.len() <= 1, "{}: opens {name} more than once\n{}", self.what, lines(opened.iter().copied()));
        self
    }

    /// Nothing in this directory is looked at, apart from the directory itself.
    pub(crate) fn looks_at_nothing_in(&self, root: &Path) -> &Self {
        let looked: Vec<&Call> = self.calls.iter().filter(|call| call.path.starts_with(root) && call.path != root).collect();
        assert!(looked.is_empty(), "{}: looks into {}\n{}", self.what, root.display(), lines(looked.iter().copied()));
        self
    }

    /// The bytes read of the files that `is_meant` names, mapped ones whole.
    pub(crate) fn bytes(&self, is_meant: impl Fn(&Path) -> bool) -> u64 {
        self.counted().filter(|call| is_meant(&call.path)).map(|call| call.bytes).sum()
    }

    /// The bytes read of what we keep below a Git directory.
    pub(crate) fn bytes_of_ours(&self) -> u64 {
        self.bytes(|path| path.ancestors().any(|folder| folder.ends_with(".git/jit")))
    }

    /// Not many more bytes of ours than another one, which knows no history.
    pub(crate) fn reads_little_more_than(&self, other: &Self) -> &Self {
        let (mine, others) = (self.bytes_of_ours(), other.bytes_of_ours());
        assert!(mine <= others + MORE_BYTES, "{}: {mine} bytes of ours are read, {others} elsewhere\n{}", self.what, self.all());
        self
    }

    /// As many calls as another one; where not, both are told.
    pub(crate) fn counts_as(&self, other: &Self) -> &Self {
        self.counts_nearly_as(other, 0)
    }

    /// As many calls as another one, give or take so many.
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

/// The same place with what Git tells a hook that it runs for a commit.
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
