//! A command of the user's in the foreground: it has our terminal and our streams, and the signals that we get are
//! passed on to it. Its status is ours.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

#[cfg(unix)]
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

use crate::process::{GRACE, LONGEST_PAUSE, is_over};

/// What is run.
pub(crate) struct ForegroundCommand<'a> {
    /// The program and its arguments; not empty.
    pub argv: &'a [OsString],
    /// Where it runs, if not where we do.
    pub dir: Option<&'a Path>,
    /// Variables it is given besides ours.
    pub env: Vec<(&'static str, String)>,
    /// Variables of ours that are not for it.
    pub unset: &'a [&'a str],
    /// Whether what it says on stdout goes to stderr, because stdout is wanted for something else.
    pub stdout_to_stderr: bool,
}

/// A command that runs.
pub(crate) struct ForegroundResult {
    child: Child,
    #[cfg(unix)]
    signals: Receiver<i32>,
    #[cfg(unix)]
    leads_a_group: bool,
}

impl ForegroundResult {
    /// Starts a command; from here on signals do not end us, but it.
    pub(crate) fn start(job: ForegroundCommand<'_>) -> io::Result<Self> {
        let (program, args) = job.argv.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        #[cfg(unix)]
        let signals = signals()?;
        let mut command = Command::new(program);
        for variable in job.unset {
            command.env_remove(variable);
        }
        command.args(args).envs(job.env);
        if let Some(dir) = job.dir {
            command.current_dir(dir);
        }
        // At a terminal it has to stay in the group that is in the foreground; elsewhere it leads one of its own.
        #[cfg(unix)]
        let leads_a_group = !is_in_the_foreground();
        #[cfg(unix)]
        if leads_a_group {
            std::os::unix::process::CommandExt::process_group(&mut command, 0);
        }
        if job.stdout_to_stderr {
            command.stdout(stderr()?);
        }
        Ok(Self {
            child: command.spawn()?,
            #[cfg(unix)]
            signals,
            #[cfg(unix)]
            leads_a_group,
        })
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for its end, at most so long, and passes on the signals that come meanwhile: its status, or 128 and the
    /// number of the signal that ended it.
    pub(crate) fn wait(&mut self, at_most: Duration) -> io::Result<Option<u8>> {
        if let Some(status) = self.status()? {
            return Ok(Some(status));
        }
        #[cfg(unix)]
        match self.signals.recv_timeout(at_most) {
            Ok(signal) => self.pass_on(signal),
            Err(RecvTimeoutError::Timeout) => {}
            // Nobody reads signals any more: then time has to do.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(at_most),
        }
        #[cfg(not(unix))]
        std::thread::sleep(at_most.min(Duration::from_millis(50)));
        self.status()
    }

    /// Asks it to end, and ends it after a while.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        if self.leads_a_group {
            return crate::process::stop(&mut self.child);
        }
        #[cfg(unix)]
        self.pass_on(signal_hook::consts::SIGTERM);
        let deadline = Instant::now() + GRACE;
        while Instant::now() < deadline && !is_over(&mut self.child) {
            std::thread::sleep(LONGEST_PAUSE);
        }
        if !is_over(&mut self.child) {
            self.child.kill()?;
        }
        self.child.wait().map(drop)
    }

    fn status(&mut self) -> io::Result<Option<u8>> {
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
        #[cfg(not(unix))]
        let signal = None;
        Ok(Some(u8::try_from(status.code().or(signal).unwrap_or(1)).unwrap_or(1)))
    }

    /// Passes a signal on, unless the terminal has sent it to the child as well.
    #[cfg(unix)]
    fn pass_on(&self, signal: i32) {
        use rustix::process::{Pid, Signal, kill_process, kill_process_group};
        use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
        let signal = match signal {
            SIGINT | SIGQUIT if !self.leads_a_group && is_in_the_foreground() => return,
            SIGINT => Signal::INT,
            SIGQUIT => Signal::QUIT,
            SIGHUP => Signal::HUP,
            SIGTERM => Signal::TERM,
            SIGUSR1 => Signal::USR1,
            SIGUSR2 => Signal::USR2,
            // A child that has ended is seen by asking for its status.
            _ => return,
        };
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = if self.leads_a_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

/// A copy of our stderr, to be somebody's stdout.
#[cfg(unix)]
fn stderr() -> io::Result<Stdio> {
    use std::os::fd::AsFd;
    Ok(Stdio::from(io::stderr().as_fd().try_clone_to_owned()?))
}

#[cfg(not(unix))]
fn stderr() -> io::Result<Stdio> {
    Ok(Stdio::null())
}

#[cfg(unix)]
fn signals() -> io::Result<Receiver<i32>> {
    use signal_hook::consts::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2};
    let mut signals = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCHLD])?;
    let (sender, receiver) = channel();
    std::thread::spawn(move || signals.forever().try_for_each(|signal| sender.send(signal)));
    Ok(receiver)
}

/// Whether a terminal sends what is typed to our process group.
#[cfg(unix)]
fn is_in_the_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}
