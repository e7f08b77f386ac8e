//! The only module that spawns `git`: exact arguments, no shell, an environment of its own.
//!
//! What can be read in-process is read in-process; this is for what only Git can do: make and remove
//! worktrees and branches, merge texts, and play the demonstration. `GIT_*` variables that point at a
//! repository are scrubbed, messages are in English, and nothing that this starts takes optional locks.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use crate::exit::{self, Diagnose, Diagnosis};
use crate::process::GIT_LOCAL_VARIABLES;

/// What can go wrong when Git is run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// It could not be started.
    #[error("cannot run git: {source}")]
    Start {
        /// What the system said.
        #[source]
        source: io::Error,
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
}

impl Git {
    /// Git in `dir`.
    pub(crate) fn at(dir: impl Into<PathBuf>) -> Self {
        Self { dir: dir.into(), env: Vec::new() }
    }

    /// With a variable set for it and its children.
    #[must_use]
    pub(crate) fn env(mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.env.push((key.as_ref().to_owned(), value.as_ref().to_owned()));
        self
    }

    /// Runs a hook as Git would, with what a file says on its stdin.
    pub(crate) fn hook(&self, path: &Path, args: &[&str], input: Option<File>) -> Result<Output, Error> {
        let args: Vec<&OsStr> = args.iter().map(AsRef::as_ref).collect();
        let mut command = self.command_of(path.as_os_str(), &args);
        if let Some(input) = input {
            command.stdin(input);
        }
        command.output().map_err(|source| Error::Start { source })
    }

    fn command(&self, args: &[&OsStr]) -> Command {
        self.command_of(OsStr::new("git"), args)
    }

    fn command_of(&self, program: &OsStr, args: &[&OsStr]) -> Command {
        let mut command = Command::new(program);
        for variable in GIT_LOCAL_VARIABLES {
            command.env_remove(variable);
        }
        command.env("LC_ALL", "C").env("GIT_OPTIONAL_LOCKS", "0").env("GIT_TERMINAL_PROMPT", "0");
        command.envs(self.env.iter().map(|(key, value)| (key, value)));
        command.current_dir(&self.dir).args(args).stdin(Stdio::null());
        command
    }

    /// Runs it, whatever comes of it.
    pub(crate) fn output<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Output, Error> {
        let args: Vec<&OsStr> = args.iter().map(AsRef::as_ref).collect();
        self.command(&args).output().map_err(|source| Error::Start { source })
    }

    /// Runs it and returns what it wrote to stdout; an error if it failed.
    pub(crate) fn run<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Vec<u8>, Error> {
        let output = self.output(args)?;
        if output.status.success() { Ok(output.stdout) } else { Err(failed(args, &output.stderr, output.status)) }
    }

    /// Runs it with `input` on its stdin, and returns what it wrote to stdout; an error unless it ended with one of `fine`.
    pub(crate) fn filter(&self, args: &[&str], input: &[u8], fine: &[i32]) -> Result<Vec<u8>, Error> {
        let start = |source| Error::Start { source };
        let mut stdin = tempfile::tempfile().map_err(start)?;
        io::Write::write_all(&mut stdin, input).and_then(|()| io::Seek::rewind(&mut stdin)).map_err(start)?;
        let words: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let output = self.command(&words).stdin(stdin).output().map_err(start)?;
        let is_fine = output.status.code().is_some_and(|code| fine.contains(&code));
        if is_fine { Ok(output.stdout) } else { Err(failed(args, &output.stderr, output.status)) }
    }

    /// Runs it to its own end: what it leaves running, a hook's servant perhaps, is not waited for.
    pub(crate) fn patiently(&self, args: &[&str]) -> Result<(), Error> {
        let start = |source| Error::Start { source };
        let mut said = tempfile::tempfile().map_err(start)?;
        let words: Vec<&OsStr> = args.iter().map(OsStr::new).collect();
        let stderr = said.try_clone().map_err(start)?;
        let status = self.command(&words).stdout(Stdio::null()).stderr(stderr).status().map_err(start)?;
        if status.success() {
            return Ok(());
        }
        let mut message = Vec::new();
        io::Seek::rewind(&mut said).and_then(|()| io::Read::read_to_end(&mut said, &mut message)).map_err(start)?;
        Err(failed(args, &message, status))
    }

    /// Runs it where the user sees what it says and can answer: an error if it failed.
    pub(crate) fn attended<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<(), Error> {
        let words: Vec<&OsStr> = args.iter().map(AsRef::as_ref).collect();
        let mut command = self.command(&words);
        command.env_remove("GIT_TERMINAL_PROMPT").stdin(Stdio::inherit()).stdout(Stdio::null()).stderr(Stdio::inherit());
        let status = command.status().map_err(|source| Error::Start { source })?;
        if status.success() { Ok(()) } else { Err(failed(args, b"see above", status)) }
    }

    /// The same, as text without the last newline.
    pub(crate) fn text<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<String, Error> {
        Ok(String::from_utf8_lossy(&self.run(args)?).trim_end_matches('\n').to_owned())
    }
}

fn failed<S: AsRef<OsStr>>(args: &[S], stderr: &[u8], status: ExitStatus) -> Error {
    Error::Failed {
        args: args.iter().map(|arg| arg.as_ref().to_string_lossy().into_owned()).collect(),
        message: String::from_utf8_lossy(stderr).trim().to_owned(),
        status: status.code(),
    }
}

/// The id of the tree that a worktree's content would be if all of it were committed, without ignored files and without
/// the folder `without` at the top.
///
/// Worked out in an index and an object directory of its own: the repository's stay as they are. Filters that a repository has
/// configured run as they do for `git add`. What Git cannot add, such as an empty repository in the worktree, is left out.
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
        message: "what it says of a tree cannot be read".to_owned(),
        status: None,
    })
}

/// A copy with the time of the original: Git mistrusts entries that are as young as the index.
fn copy_with_time(from: &Path, to: &Path) -> io::Result<()> {
    let time = match from.metadata() {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        metadata => metadata?.modified()?,
    };
    std::fs::copy(from, to)?;
    File::options().write(true).open(to)?.set_modified(time)
}

/// The id of the tree with these entries, as `ls-tree -z` tells them, but the one named `without`.
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
