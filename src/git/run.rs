//! The only module that runs `git`: exact arguments, no shell, an environment of its own, and a deadline.
//!
//! What the library can read is read in this process. This module is for the rest: creating and removing worktrees and
//! branches, merging texts, checking out files. `GIT_*` variables that name a repository are removed, messages are in English,
//! no command takes optional locks, and nothing prompts: neither Git nor SSH. SSH is left alone where the user has configured
//! how Git runs it.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use crate::exit::{self, Diagnose, Diagnosis};
use crate::process::{self, GIT_LOCAL_VARIABLES};

/// How long a command may take: only one that waits for a network or a lock takes minutes.
const DEADLINE: Duration = Duration::from_secs(10 * 60);
/// How long a checkout or a hook may take, which run filters and programs of the user's.
const CHECKOUT_DEADLINE: Duration = Duration::from_secs(60 * 60);

/// What can go wrong when Git is run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It could not be started.
    #[error("cannot run git: {source}")]
    Start {
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// It exceeded its deadline and was stopped.
    #[error("git {} did not finish within {} seconds", args.join(" "), limit.as_secs())]
    TimedOut {
        /// Its arguments.
        args: Vec<String>,
        /// Its deadline.
        limit: Duration,
    },
    /// It ran, and failed.
    #[error("git {} failed: {message}", args.join(" "))]
    Failed {
        /// Its arguments.
        args: Vec<String>,
        /// What it wrote to stderr.
        message: String,
        /// Its exit status, if it had one.
        status: Option<i32>,
    },
}

impl Diagnose for Error {
    fn diagnosis(&self) -> Diagnosis {
        Diagnosis::new("git_failed", exit::ExitStatus::Broken)
    }
}

/// Git, to be run in a directory.
#[derive(Debug, Clone)]
pub(crate) struct Git {
    dir: PathBuf,
    env: Vec<(OsString, OsString)>,
    program: OsString,
    deadline: Duration,
}

impl Git {
    /// Git in `dir`.
    pub(crate) fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), env: Vec::new(), program: "git".into(), deadline: DEADLINE }
    }

    /// With a variable set for it and its children.
    #[must_use]
    pub(crate) fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs a hook as Git would, with a file as its stdin.
    pub(crate) fn hook(&self, path: &Path, args: &[&str], input: Option<File>) -> Result<Output, Error> {
        let git = Self { program: path.into(), ..self.clone() };
        git.capture(args, input)
    }

    /// A command that may prompt.
    fn command<S: AsRef<OsStr>>(&self, args: &[S]) -> Command {
        let mut command = Command::new(&self.program);
        for variable in GIT_LOCAL_VARIABLES {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").current_dir(&self.dir).args(args);
        command
    }

    fn capture<S: AsRef<OsStr>>(&self, args: &[S], input: Option<File>) -> Result<Output, Error> {
        let mut command = self.command(args);
        command.env("GIT_TERMINAL_PROMPT", "0").env("SSH_ASKPASS_REQUIRE", "never");
        if !has_ssh_command(&self.dir) {
            command.env("GIT_SSH_COMMAND", "ssh -oBatchMode=yes");
        }
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command.stdin(input.map_or_else(Stdio::null, Stdio::from));
        process::capture(&mut command, self.deadline).map_err(|source| match source.kind() {
            io::ErrorKind::TimedOut => Error::TimedOut { args: texts(args), limit: self.deadline },
            _ => Error::Start { source },
        })
    }

    /// Runs it and returns its output and status, whether or not it failed.
    pub(crate) fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, Error> {
        self.capture(args, None)
    }

    /// Runs it and returns its stdout; an error if it failed.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, Error> {
        stdout(args, self.output(args)?, &[0])
    }

    /// Runs it with `input` as its stdin and returns its stdout; an error unless its status is one of `fine`.
    pub(crate) fn filter(&self, args: &[&str], input: &[u8], fine: &[i32]) -> Result<Vec<u8>, Error> {
        let start = |source| Error::Start { source };
        let mut stdin = tempfile::tempfile().map_err(start)?;
        io::Write::write_all(&mut stdin, input).and_then(|()| io::Seek::rewind(&mut stdin)).map_err(start)?;
        stdout(args, self.capture(args, Some(stdin))?, fine)
    }

    /// Runs a checkout or a hook, with a longer deadline. Processes that it leaves running are not waited for.
    pub(crate) fn patiently(&self, args: &[&str]) -> Result<(), Error> {
        Self { deadline: CHECKOUT_DEADLINE, ..self.clone() }.run(args).map(drop)
    }

    /// Runs it with the user's stdin and stderr, so that it can prompt, and without a deadline; an error if it failed.
    pub(crate) fn attended<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<(), Error> {
        let mut command = self.command(args);
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        let status = command.stdout(Stdio::null()).status().map_err(|source| Error::Start { source })?;
        if status.success() { Ok(()) } else { Err(failed(args, b"see above", status)) }
    }

    /// Runs it and returns its stdout as text, without the last newline.
    pub(crate) fn text<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.run(args)?).trim_end_matches('\n').to_owned())
    }
}

/// Whether the user has configured how Git runs SSH. Checked once a process, which works in one repository.
fn has_ssh_command(dir: &Path) -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    *FOUND.get_or_init(|| {
        let is_set = |name: &str| std::env::var_os(name).is_some();
        let is_configured = || match gix::discover(dir) {
            Ok(repo) => repo.config_snapshot().string("core.sshCommand").is_some(),
            Err(_) => gix::config::File::from_globals().is_ok_and(|config| config.string("core.sshCommand").is_some()),
        };
        is_set("GIT_SSH_COMMAND") || is_set("GIT_SSH") || is_configured()
    })
}

fn texts<S: AsRef<OsStr>>(args: &[S]) -> Vec<String> {
    args.iter().map(|arg| arg.as_ref().to_string_lossy().into_owned()).collect()
}

fn stdout<S: AsRef<OsStr>>(args: &[S], output: Output, fine: &[i32]) -> Result<Vec<u8>, Error> {
    let is_fine = output.status.code().is_some_and(|code| fine.contains(&code));
    if is_fine { Ok(output.stdout) } else { Err(failed(args, &output.stderr, output.status)) }
}

fn failed<S: AsRef<OsStr>>(args: &[S], stderr: &[u8], status: ExitStatus) -> Error {
    Error::Failed { args: texts(args), message: String::from_utf8_lossy(stderr).trim().to_owned(), status: status.code() }
}

/// The id of the tree that a commit of all files of a worktree would have, without ignored files and without the top-level
/// directory `without`.
///
/// Uses a temporary index and object directory, so that the repository is not changed. Configured filters run as for
/// `git add`. What Git cannot add, such as an empty repository in the worktree, is left out.
pub(crate) fn content_tree(root: &Path, git_dir: &Path, common_dir: &Path, scratch: &Path, without: &str) -> Result<String, Error> {
    let start = |source| Error::Start { source };
    let dir = tempfile::tempdir_in(scratch).map_err(start)?;
    let (index, objects) = (dir.path().join("index"), dir.path().join("objects"));
    std::fs::create_dir(&objects).map_err(start)?;
    copy_with_time(&git_dir.join("index"), &index).map_err(start)?;
    let git = Git::at(root)
        .env("GIT_INDEX_FILE", &index)
        .env("GIT_OBJECT_DIRECTORY", &objects)
        .env("GIT_ALTERNATE_OBJECT_DIRECTORIES", common_dir.join("objects"));
    let alone = ["-c", "core.splitIndex=false", "-c", "core.fsmonitor=false"];
    git.output(&[&alone[..], &["add", "-A", "--ignore-errors"]].concat())?;
    let whole = git.text(&[&alone[..], &["write-tree"]].concat())?;
    let entries = git.run(&["ls-tree", "-z", "--full-tree", &whole])?;
    tree_id(&entries, without.as_bytes()).ok_or_else(|| Error::Failed {
        args: vec!["ls-tree".to_owned()],
        message: "cannot parse its output".to_owned(),
        status: None,
    })
}

/// Copies a file with its modification time: Git rereads files that are as recent as the index.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let time = match from.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?.modified()?,
    };
    std::fs::copy(from, to)?;
    File::options().write(true).open(to)?.set_modified(time)
}

/// The id of the tree that has these entries, the output of `ls-tree -z`, without the one named `without`.
fn tree_id(entries: &[u8], without: &[u8]) -> Option<String> {
    let mut tree = Vec::new();
    let mut kind = gix::hash::Kind::Sha1;
    for entry in entries.split(|byte| *byte == 0).filter(|entry| !entry.is_empty()) {
        let tab = entry.iter().position(|byte| *byte == b'\t')?;
        let (facts, name) = (std::str::from_utf8(&entry[..tab]).ok()?, &entry[tab + 1..]);
        let mut facts = facts.split(' ');
        let (mode, id) = (facts.next()?, gix::ObjectId::from_hex(facts.nth(1)?.as_bytes()).ok()?);
        kind = id.kind();
        if name != without {
            tree.extend(mode.trim_start_matches('0').bytes().chain([b' ']));
            tree.extend(name.iter().chain([&0]).chain(id.as_bytes()));
        }
    }
    gix::objs::compute_hash(kind, gix::objs::Kind::Tree, &tree).ok().map(|id| id.to_string())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn stand_in(deadline: Duration) -> Git {
        Git { program: "sh".into(), deadline, ..Git::at("/") }
    }

    #[test]
    fn a_git_that_hangs_is_stopped_at_its_deadline() {
        let start = std::time::Instant::now();
        let error = stand_in(Duration::from_millis(50)).run(&["-c", "echo started >&2; sleep 61"]).expect_err("it hangs");
        assert!(matches!(error, Error::TimedOut { .. }), "{error}");
        assert!(start.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_descendant_that_keeps_the_streams_open_is_not_waited_for() {
        let start = std::time::Instant::now();
        let said = stand_in(DEADLINE).text(&["-c", "sleep 20 & echo done"]).expect("it exits");
        assert_eq!(said, "done");
        assert!(start.elapsed() < Duration::from_secs(15));
    }

    #[test]
    fn nothing_prompts() {
        let git = stand_in(DEADLINE);
        let said = git.text(&["-c", "echo $GIT_TERMINAL_PROMPT $SSH_ASKPASS_REQUIRE ${GIT_SSH_COMMAND:-none}"]).expect("it runs");
        let ssh = if has_ssh_command(Path::new("/")) { "none" } else { "ssh -oBatchMode=yes" };
        assert!(said.starts_with("0 never ") && (said.ends_with(ssh) || ssh == "none"), "{said}");
        let own = git.env("GIT_SSH_COMMAND", "mine").text(&["-c", "echo $GIT_SSH_COMMAND"]).expect("it runs");
        assert_eq!(own, "mine");
    }
}
