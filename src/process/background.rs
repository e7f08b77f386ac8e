//! Other processes: one that is watched while it lives, and one of our own that goes on after us.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process that is watched: its number, and when it began, so that a later one of the same number is told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Its number.
    pub pid: u32,
    /// When it began, in the system's own count, where it has one.
    pub began: Option<u64>,
}

impl Watched {
    /// The process of this number, if there is one.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let watched = Self { pid, began: stat(pid).map(|(_, began)| began) };
        watched.is_alive().then_some(watched)
    }

    /// This process.
    pub(crate) fn ourselves() -> Self {
        let pid = std::process::id();
        Self { pid, began: stat(pid).map(|(_, began)| began) }
    }

    /// Whether it still runs. One that has ended and that nobody has waited for has ended.
    pub(crate) fn is_alive(self) -> bool {
        match stat(self.pid) {
            Some((state, began)) => state != 'Z' && state != 'X' && self.began == Some(began),
            None => self.began.is_none() && exists(self.pid),
        }
    }
}

/// State and start of a process, as `/proc/<pid>/stat` has them: fields 3 and 22, counted behind the name in brackets.
fn stat(pid: u32) -> Option<(char, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Whether there is a process of this number, also one of somebody else.
#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    matches!(rustix::process::test_kill_process(pid), Ok(()) | Err(rustix::io::Errno::PERM))
}

#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

/// Ends a process, and with it everything that is in its group, if it leads one: asked first, and what is left of the group when
/// it has gone, or when the time is up, is ended. Whether the process itself is gone: it is never ended against its will.
#[cfg(unix)]
pub(crate) fn end_with_group(watched: Watched, grace: Duration) -> bool {
    use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process_group, test_kill_process_group};
    let pid = i32::try_from(watched.pid).ok().and_then(Pid::from_raw);
    // At a terminal it is in the group of whoever started it, which is not ours to end.
    let group = pid.filter(|pid| getpgid(Some(*pid)) == Ok(*pid) && getpgrp() != *pid);
    let _ = match group {
        Some(group) => kill_process_group(group, Signal::TERM).map_err(io::Error::from),
        None => ask_to_end(watched.pid),
    };
    let deadline = Instant::now() + grace;
    // The group has its number as long as anybody is in it.
    let is_left = || group.is_some_and(|group| test_kill_process_group(group).is_ok());
    while Instant::now() < deadline && (watched.is_alive() || is_left()) {
        std::thread::sleep(Duration::from_millis(20));
    }
    if !watched.is_alive() && is_left() {
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
    }
    !watched.is_alive()
}

#[cfg(not(unix))]
pub(crate) fn end_with_group(watched: Watched, _: Duration) -> bool {
    let _ = ask_to_end(watched.pid);
    !watched.is_alive()
}

/// Asks a process to end.
pub(crate) fn ask_to_end(pid: u32) -> io::Result<()> {
    #[cfg(unix)]
    {
        let pid = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw).ok_or(io::ErrorKind::InvalidInput)?;
        rustix::process::kill_process(pid, rustix::process::Signal::TERM)?;
        Ok(())
    }
    #[cfg(not(unix))]
    {
        let _ = pid;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// Starts a program that goes on after us, without our streams; what it says goes to `log`, if there is one.
pub(crate) fn start_in_background(program: &Path, args: &[OsString], log: Option<&File>) -> io::Result<Child> {
    let stream = || log.map_or_else(|| Ok(Stdio::null()), |log| log.try_clone().map(Stdio::from));
    let mut command = Command::new(program);
    for variable in super::GIT_LOCAL_VARIABLES {
        // It is told where it belongs, whatever repository a hook or a user has named to us.
        command.env_remove(variable);
    }
    command.args(args).stdin(Stdio::null()).stdout(stream()?).stderr(stream()?).spawn()
}

/// The program that a name stands for, by `PATH` and the system's rules; a name with a separator is a path.
pub(crate) fn on_path(name: &str, dir: &Path, search_path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let runs = |path: &PathBuf| path.is_file() && crate::process::may_run(path);
    if name.contains('/') {
        return Some(dir.join(name)).filter(runs);
    }
    std::env::split_paths(search_path?).map(|folder| folder.join(name)).find(runs)
}

/// Leaves the session of whoever started us, so that the end of a terminal is not ours.
pub(crate) fn leave_session() {
    #[cfg(unix)]
    // Who leads a group already cannot, and has no terminal to lose.
    let _ = rustix::process::setsid();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_watched_until_it_ends() {
        let mut child = Command::new("sleep").arg("60").spawn().expect("started");
        let watched = Watched::of(child.id()).expect("it runs");
        assert!(watched.is_alive() && Watched::of(std::process::id()).is_some());
        child.kill().expect("ended");
        while stat(child.id()).is_some_and(|(state, _)| state != 'Z') {
            std::thread::yield_now();
        }
        assert!(!watched.is_alive(), "ended, and not waited for");
        child.wait().expect("waited for");
        assert!(!watched.is_alive() && Watched::of(child.id()).is_none());
        let another = Watched { began: watched.began.map(|began| began + 1), pid: std::process::id() };
        assert!(!another.is_alive(), "the number has gone to somebody else");
    }
}
