//! Background processes: watching one, stopping one, and starting one that outlives this process.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A process, identified by its id and start time, so that a later process with the same id is a different one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Watched {
    /// Its process id.
    pub pid: u32,
    /// Its start time in the system's ticks, if known.
    pub began: Option<u64>,
}

impl Watched {
    /// The process with this id, if it runs.
    pub(crate) fn of(pid: u32) -> Option<Self> {
        let watched = Self { pid, began: stat(pid).map(|(_, began)| began) };
        watched.is_alive().then_some(watched)
    }

    /// This process.
    pub(crate) fn ourselves() -> Self {
        let pid = std::process::id();
        Self { pid, began: stat(pid).map(|(_, began)| began) }
    }

    /// Whether it still runs. A zombie does not.
    pub(crate) fn is_alive(self) -> bool {
        match stat(self.pid) {
            Some((state, began)) => state != 'Z' && state != 'X' && self.began == Some(began),
            None => self.began.is_none() && exists(self.pid),
        }
    }
}

/// State and start time of a process: fields 3 and 22 of `/proc/<pid>/stat`, counted after the name in parentheses.
fn stat(pid: u32) -> Option<(char, u64)> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(')')?;
    let mut fields = fields.split_whitespace();
    let state = fields.next()?.chars().next()?;
    Some((state, fields.nth(18)?.parse().ok()?))
}

/// Whether a process with this id exists, also one of another user.
#[cfg(unix)]
fn exists(pid: u32) -> bool {
    let Some(pid) = i32::try_from(pid).ok().and_then(rustix::process::Pid::from_raw) else { return false };
    matches!(rustix::process::test_kill_process(pid), Ok(()) | Err(rustix::io::Errno::PERM))
}

#[cfg(not(unix))]
fn exists(_: u32) -> bool {
    true
}

/// Asks a process, and its group if it leads one, to end; returns whether the process ended within `grace`. Then the rest of its
/// group is killed. The process itself is never killed.
#[cfg(unix)]
pub(crate) fn end_with_group(watched: Watched, grace: Duration) -> bool {
    use rustix::process::{Pid, Signal, getpgid, getpgrp, kill_process_group, test_kill_process_group};
    let pid = i32::try_from(watched.pid).ok().and_then(Pid::from_raw);
    // At a terminal it is in the group of the shell's job, which must not be stopped.
    let group = pid.filter(|pid| getpgid(Some(*pid)) == Ok(*pid) && getpgrp() != *pid);
    let _ = match group {
        Some(group) => kill_process_group(group, Signal::TERM).map_err(io::Error::from),
        None => ask_to_end(watched.pid),
    };
    let deadline = Instant::now() + grace;
    // A group keeps its id as long as it has a member.
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

/// Starts a program that outlives this process; its output goes to `log`, if given.
pub(crate) fn start_in_background(program: &Path, args: &[OsString], log: Option<&File>) -> io::Result<Child> {
    let stream = || log.map_or_else(|| Ok(Stdio::null()), |log| log.try_clone().map(Stdio::from));
    let mut command = Command::new(program);
    for variable in super::GIT_LOCAL_VARIABLES {
        // The program gets its repository by its arguments, not from a hook's environment.
        command.env_remove(variable);
    }
    command.args(args).stdin(Stdio::null()).stdout(stream()?).stderr(stream()?).spawn()
}

/// The path of a program, found by `PATH`; a name with a slash is a path.
pub(crate) fn on_path(name: &str, dir: &Path, search_path: Option<&std::ffi::OsStr>) -> Option<PathBuf> {
    let runs = |path: &PathBuf| path.is_file() && crate::process::may_run(path);
    if name.contains('/') {
        return Some(dir.join(name)).filter(runs);
    }
    std::env::split_paths(search_path?).map(|folder| folder.join(name)).find(runs)
}

/// Starts a new session, so that this process survives the end of the terminal.
pub(crate) fn leave_session() {
    #[cfg(unix)]
    // The leader of a process group cannot do that, and has no terminal to lose.
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
        assert!(!watched.is_alive(), "ended, and not reaped");
        child.wait().expect("waited for");
        assert!(!watched.is_alive() && Watched::of(child.id()).is_none());
        let another = Watched { began: watched.began.map(|began| began + 1), pid: std::process::id() };
        assert!(!another.is_alive(), "another process has its id");
    }
}
