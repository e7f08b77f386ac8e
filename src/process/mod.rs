//! Runs what a repository or a user names: the commands of gates here, what an issue is held for in `attended`. Git is
//! the business of `git`.
//!
//! A gate's command is the leader of a process group of its own, has a time limit, and says what it says into a file.
//! Its group is ended as a whole: when it is over, when its time is up, and when the user interrupts us.

#![expect(clippy::disallowed_methods, reason = "this is one of the two modules that may start a process")]

pub(crate) mod background;
pub(crate) mod foreground;

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// Variables that bind a Git process to a repository, see `git rev-parse --local-env-vars`, or change what a path means.
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

/// How long a group has between being asked to end and being ended.
const GRACE: Duration = Duration::from_secs(2);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// A command to be run by `sh -c`.
pub(crate) struct Job<'a> {
    /// What the shell is given.
    pub command: &'a str,
    /// Where it runs.
    pub dir: &'a Path,
    /// Variables it is given besides ours.
    pub env: Vec<(OsString, OsString)>,
    /// Where it says what it says, on both streams.
    pub output: File,
    /// How long it may take.
    pub limit: Duration,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ExitCause {
    /// By itself, with this status; a negative one is the signal that ended it.
    Exited(i32),
    /// Its time was up.
    OutOfTime,
    /// The user interrupted us.
    Interrupted,
}

/// Becomes true when the user interrupts us, who then go on to clean up.
pub(crate) fn interruptions() -> io::Result<Arc<AtomicBool>> {
    let flag = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGTERM};
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            signal_hook::flag::register(signal, Arc::clone(&flag))?;
        }
        // Whoever started us may have it ignored, and then no child could be waited for.
        signal_hook::flag::register(SIGCHLD, Arc::default())?;
    }
    Ok(flag)
}

/// Has a limit on the size of files be an error of whoever writes, and not the end of us.
pub(crate) fn outlive_limits() {
    #[cfg(unix)]
    // Where that cannot be, the system's way is left.
    let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
}

/// What a command says that is narration: a copy of our stderr.
pub(crate) fn narration() -> io::Result<File> {
    #[cfg(unix)]
    let file = std::os::fd::AsFd::as_fd(&io::stderr()).try_clone_to_owned()?.into();
    #[cfg(not(unix))]
    let file = tempfile::tempfile()?;
    Ok(file)
}

/// Whether anybody may run a file.
fn may_run(path: &Path) -> bool {
    #[cfg(unix)]
    let may = path.metadata().is_ok_and(|metadata| std::os::unix::fs::PermissionsExt::mode(&metadata.permissions()) & 0o111 != 0);
    #[cfg(not(unix))]
    let may = path.exists();
    may
}

/// Runs a command to its end, whatever that is, and says how long it took.
pub(crate) fn run(job: Job<'_>, interrupted: &AtomicBool) -> io::Result<(ExitCause, Duration)> {
    let start = Instant::now();
    let mut command = Command::new("sh");
    for variable in GIT_LOCAL_VARIABLES {
        // A gate is at home in its folder, also where a hook runs it.
        command.env_remove(variable);
    }
    command.arg("-c").arg(job.command).current_dir(job.dir).envs(job.env).stdin(Stdio::null());
    command.stdout(job.output.try_clone()?).stderr(job.output);
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn()?;
    let mut pause = Duration::from_millis(1);
    loop {
        if is_over(&mut child) {
            end_group(&child);
            let status = child.wait()?;
            #[cfg(unix)]
            let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| -signal);
            #[cfg(not(unix))]
            let signal = None;
            return Ok((ExitCause::Exited(status.code().or(signal).unwrap_or(-1)), start.elapsed()));
        }
        let end = if interrupted.load(Ordering::Relaxed) {
            Some(ExitCause::Interrupted)
        } else {
            (start.elapsed() >= job.limit).then_some(ExitCause::OutOfTime)
        };
        if let Some(end) = end {
            stop(&mut child)?;
            return Ok((end, start.elapsed()));
        }
        std::thread::sleep(pause);
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Ends the group of a child that has not been waited for yet, so that its number is still its own.
#[cfg(unix)]
fn stop(child: &mut Child) -> io::Result<()> {
    use rustix::process::{Signal, kill_process_group};
    let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) else { return child.kill() };
    let _ = kill_process_group(group, Signal::TERM);
    let deadline = Instant::now() + GRACE;
    let mut is_reaped = false;
    // The group has its number as long as anybody is in it.
    while Instant::now() < deadline && rustix::process::test_kill_process_group(group).is_ok() {
        if !is_reaped && is_over(child) {
            child.wait()?;
            is_reaped = true;
        } else {
            std::thread::sleep(LONGEST_PAUSE / 5);
        }
    }
    let _ = kill_process_group(group, Signal::KILL);
    if is_reaped { Ok(()) } else { child.wait().map(drop) }
}

/// Ends what a child that is over and not reaped yet has left behind in its group.
#[cfg(unix)]
fn end_group(child: &Child) {
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
}

/// Whether the child has ended, without reaping it.
#[cfg(unix)]
fn is_over(child: &mut Child) -> bool {
    use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
    // What cannot be waited for is over, as far as can be told: to wait for it says why.
    pid.is_none_or(|pid| !matches!(waitid(WaitId::Pid(pid), options), Ok(None)))
}

#[cfg(not(unix))]
fn end_group(_: &Child) {}

#[cfg(not(unix))]
fn is_over(child: &mut Child) -> bool {
    child.try_wait().is_ok_and(|status| status.is_some())
}

#[cfg(not(unix))]
fn stop(child: &mut Child) -> io::Result<()> {
    child.kill()?;
    child.wait().map(drop)
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
            output: File::create(&path).expect("made"),
            limit,
        };
        let (end, _) = run(job, &AtomicBool::new(interrupted)).expect("run");
        (end, std::fs::read_to_string(&path).expect("text"))
    }

    #[test]
    fn a_command_ends_by_itself_or_is_ended_with_all_that_it_started() {
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
        assert!(waited, "what it started is still there");
    }
}
