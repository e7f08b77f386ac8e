//! The bounded runner of child processes: `git`, `gh`, and the commands of gates.
//!
//! A child has a time limit and leads a process group, so that everything that it started ends with it. At a terminal, `git`
//! and `gh` stay in the foreground group instead, where Ctrl-C reaches them too. Output goes to files: with pipes, a
//! descendant that keeps its streams open would be waited for.

#![expect(clippy::disallowed_methods, reason = "this is one of the modules that may start a process")]

pub(crate) mod background;
pub(crate) mod foreground;

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

/// Variables that bind a Git process to a repository (`git rev-parse --local-env-vars`) or change the meaning of a path.
pub(crate) const GIT_LOCAL_VARIABLES: [&str; 17] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_PREFIX",
    "GIT_NAMESPACE",
    "GIT_INTERNAL_SUPER_PREFIX",
    "GIT_SHALLOW_FILE",
    "GIT_GRAFT_FILE",
    "GIT_REPLACE_REF_BASE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_LITERAL_PATHSPECS",
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Time between asking a process group to end and killing it.
const GRACE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Set when a signal interrupts this process, once [`interruptions`] was called.
static INTERRUPTED: LazyLock<Arc<AtomicBool>> = LazyLock::new(Arc::default);

/// A command for `sh -c`.
pub(crate) struct Job<'a> {
    /// The argument of `sh -c`.
    pub command: &'a str,
    /// Its working directory.
    pub dir: &'a Path,
    /// Variables in addition to ours.
    pub env: Vec<(OsString, OsString)>,
    /// The file that gets both of its output streams.
    pub output: File,
    /// Its time limit.
    pub limit: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCause {
    /// It exited with this status; a negative one is the signal that killed it.
    Exited(i32),
    /// It exceeded its time limit.
    OutOfTime,
    /// A signal interrupted this process.
    Interrupted,
}

/// A flag that becomes true when a signal interrupts this process, which then cleans up.
pub(crate) fn interruptions() -> io::Result<Arc<AtomicBool>> {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&INTERRUPTED))?;
        }
        // If the parent process ignores SIGCHLD, no child could be waited for.
        signal_hook::flag::register(SIGCHLD, Arc::default())?;
    }
    Ok(Arc::clone(&INTERRUPTED))
}

/// Turns the signal for an exceeded file size limit into a write error.
pub(crate) fn outlive_limits() {
    #[cfg(unix)]
    // If this fails, the system's default remains.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// A copy of our stderr, for the output of a command.
pub(crate) fn narration() -> io::Result<File> {
    #[cfg(unix)]
    let file = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned()?.into();
    #[cfg(not(unix))]
    let file = tempfile::tempfile()?;
    Ok(file)
}

/// Whether a file has an execute permission.
fn may_run(path: &Path) -> bool {
    #[cfg(unix)]
    let may = path.metadata().is_ok_and(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0);
    #[cfg(not(unix))]
    let may = path.exists();
    may
}

/// Runs a job and kills what it leaves running; returns how it ended and how long it took.
pub(crate) fn run(job: Job<'_>, interrupted: &AtomicBool) -> io::Result<(ExitCause, Duration)> {
    let start = Instant::now();
    let mut command = Command::new("sh");
    for variable in GIT_LOCAL_VARIABLES {
        // A hook may have set them, and the command belongs to its own directory.
        command.env_remove(variable);
    }
    command.arg("-c").arg(job.command).current_dir(job.dir).envs(job.env).stdin(Stdio::null());
    command.stdout(job.output.try_clone()?).stderr(job.output);
    lead_group(&mut command);
    let mut child = command.spawn()?;
    if let Some(cause) = wait(&mut child, true, job.limit, || interrupted.load(Ordering::Relaxed))? {
        return Ok((cause, start.elapsed()));
    }
    end_group(&child);
    let status = child.wait()?;
    #[cfg(unix)]
    let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| -signal);
    #[cfg(not(unix))]
    let signal = None;
    Ok((ExitCause::Exited(status.code().or(signal).unwrap_or(-1)), start.elapsed()))
}

/// Runs a command and captures its output; [`io::ErrorKind::TimedOut`] if it exceeds `limit`.
///
/// Descendants that it leaves running are neither waited for nor killed: a hook may have started a daemon.
pub(crate) fn capture(command: &mut Command, limit: Duration) -> io::Result<Output> {
    let (stdout, stderr) = (tempfile::tempfile()?, tempfile::tempfile()?);
    command.stdout(stdout.try_clone()?).stderr(stderr.try_clone()?);
    let leads_group = !foreground::is_in_the_foreground();
    if leads_group {
        lead_group(command);
    }
    let mut child = command.spawn()?;
    // An interruption from before this command must not stop it: it may be part of the cleanup.
    let was_interrupted = INTERRUPTED.load(Ordering::Relaxed);
    let cause = wait(&mut child, leads_group, limit, || !was_interrupted && INTERRUPTED.load(Ordering::Relaxed))?;
    if cause == Some(ExitCause::OutOfTime) {
        return Err(io::ErrorKind::TimedOut.into());
    }
    let status: ExitStatus = child.wait()?;
    Ok(Output { status, stdout: read_back(stdout)?, stderr: read_back(stderr)? })
}

fn read_back(mut file: File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Makes the child of a command the leader of a process group.
fn lead_group(command: &mut Command) {
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(command, 0);
    #[cfg(not(unix))]
    let _ = command;
}

/// Waits until a child has exited, which it does not reap, or stops it and returns why.
fn wait(child: &mut Child, leads_group: bool, limit: Duration, is_interrupted: impl Fn() -> bool) -> io::Result<Option<ExitCause>> {
    let start = Instant::now();
    let pause = Pause::of(child);
    let mut length = Duration::from_millis(1);
    loop {
        if is_over(child) {
            return Ok(None);
        }
        let cause = if is_interrupted() {
            Some(ExitCause::Interrupted)
        } else {
            (start.elapsed() >= limit).then_some(ExitCause::OutOfTime)
        };
        if cause.is_some() {
            stop(child, leads_group)?;
            return Ok(cause);
        }
        pause.take(length);
        length = (length * 2).min(LONGEST_PAUSE);
    }
}

/// A pause that ends early when the child exits, if the system supports that.
struct Pause {
    #[cfg(target_os = "linux")]
    child: Option<std::os::fd::OwnedFd>,
}

impl Pause {
    #[cfg(target_os = "linux")]
    fn of(child: &Child) -> Self {
        let child = pid(child).and_then(|pid| rustix::process::pidfd_open(pid, rustix::process::PidfdFlags::empty()).ok());
        Self { child }
    }

    #[cfg(not(target_os = "linux"))]
    fn of(_: &Child) -> Self {
        Self {}
    }

    fn take(&self, length: Duration) {
        #[cfg(target_os = "linux")]
        if let Some(child) = &self.child
            && let Ok(length) = rustix::event::Timespec::try_from(length)
        {
            use rustix::event::{PollFd, PollFlags, poll};
            // A signal may end it early too: the caller checks everything again.
            let _ = poll(&mut [PollFd::new(child, PollFlags::IN)], Some(&length));
            return;
        }
        std::thread::sleep(length);
    }
}

#[cfg(unix)]
fn pid(child: &Child) -> Option<rustix::process::Pid> {
    i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw)
}

/// Asks a child that was not reaped, or its whole group if it leads one, to end, and kills it after [`GRACE`].
#[cfg(unix)]
fn stop(child: &mut Child, leads_group: bool) -> io::Result<()> {
    use rustix::process::{Signal, kill_process, kill_process_group, test_kill_process_group};
    let Some(pid) = pid(child) else { return child.kill() };
    let send = |signal| if leads_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    let _ = send(Signal::TERM);
    let deadline = Instant::now() + GRACE;
    let mut is_reaped = false;
    // A group keeps its id as long as it has a member.
    while Instant::now() < deadline && (!is_reaped || (leads_group && test_kill_process_group(pid).is_ok())) {
        if !is_reaped && is_over(child) {
            child.wait()?;
            is_reaped = true;
        } else {
            std::thread::sleep(LONGEST_PAUSE / 5);
        }
    }
    // The id of a reaped process may belong to another one by now.
    if leads_group || !is_reaped {
        let _ = send(Signal::KILL);
    }
    child.wait().map(drop)
}

#[cfg(not(unix))]
fn stop(child: &mut Child, _: bool) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
}

/// Kills what is left in the group of a child that has exited and was not reaped.
fn end_group(child: &Child) {
    #[cfg(unix)]
    let _ = pid(child).map(|group| rustix::process::kill_process_group(group, rustix::process::Signal::KILL));
    #[cfg(not(unix))]
    let _ = child;
}

/// Whether the child has exited, without reaping it.
#[cfg(unix)]
fn is_over(child: &mut Child) -> bool {
    use rustix::process::{WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    // A child that cannot be checked counts as over: waiting for it then returns the error.
    pid(child).is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

#[cfg(not(unix))]
fn is_over(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn run_for(command: &str, limit: Duration, interrupted: bool) -> (ExitCause, String) {
        let dir = tempfile::tempdir().expect("a directory");
        let path = dir.path().join("out");
        let job = Job {
            command,
            dir: dir.path(),
            env: vec![("WORD".into(), "said".into())],
            output: File::create(&path).expect("created"),
            limit,
        };
        let (end, _) = run(job, &AtomicBool::new(interrupted)).expect("run");
        (end, std::fs::read_to_string(&path).expect("text"))
    }

    #[test]
    fn a_command_exits_or_is_stopped_with_everything_that_it_started() {
        let long = Duration::from_secs(60);
        assert_eq!(run_for("echo $WORD; echo more >&2; exit 3", long, false), (ExitCause::Exited(3), "said\nmore\n".to_owned()));
        assert_eq!(run_for("kill -9 $$", long, false).0, ExitCause::Exited(-9));
        assert_eq!(run_for("sleep 60", long, true).0, ExitCause::Interrupted);
        let tidy = "trap 'sleep 0.2; echo tidy; exit' TERM; while :; do sleep 0.05; done";
        let (end, said) = run_for(&format!("sh -c \"{tidy}\"; :"), Duration::from_millis(300), false);
        assert!(end == ExitCause::OutOfTime && said.ends_with("tidy\n"), "{said}");
        let start = Instant::now();
        let (end, said) = run_for("trap '' TERM; sleep 61 & echo $!; sleep 62", Duration::from_millis(300), false);
        assert_eq!(end, ExitCause::OutOfTime);
        assert!(start.elapsed() < Duration::from_secs(20));
        let pid: i32 = said.trim().parse().expect("a process id");
        let gone = || rustix::process::test_kill_process(rustix::process::Pid::from_raw(pid).expect("not 0")).is_err();
        let waited = (0..100).any(|_| {
            gone() || {
                std::thread::sleep(Duration::from_millis(20));
                false
            }
        });
        assert!(waited, "its descendant still runs");
    }
}
