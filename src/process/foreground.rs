//! Runs a user's command in the foreground: with our terminal and streams. Signals are forwarded to it, and its exit status
//! becomes ours.

use std::ffi::OsString;
use std::io;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

#[cfg(unix)]
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};

/// A command to run in the foreground.
pub(crate) struct ForegroundCommand<'a> {
    /// The program and its arguments; not empty.
    pub argv: &'a [OsString],
    /// Its working directory, if not ours.
    pub dir: Option<&'a Path>,
    /// Variables in addition to ours.
    pub env: Vec<(&'static str, String)>,
    /// Variables of ours that it must not inherit.
    pub unset: &'a [&'a str],
    /// Whether its stdout goes to stderr, because our stdout has other output.
    pub stdout_to_stderr: bool,
}

/// A command that runs in the foreground.
pub(crate) struct ForegroundChild {
    child: Child,
    #[cfg(unix)]
    signals: Receiver<i32>,
    #[cfg(unix)]
    leads_a_group: bool,
}

impl ForegroundChild {
    /// Starts a command. From now on signals are forwarded to it and do not end this process.
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
        // At a terminal it must stay in the foreground group; otherwise it leads its own group.
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

    /// Its process id.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits at most `at_most` for it to exit and forwards signals meanwhile. Returns its exit status, or 128 plus the signal that
    /// killed it.
    pub(crate) fn wait(&mut self, at_most: Duration) -> io::Result<Option<u8>> {
        if let Some(status) = self.status()? {
            return Ok(Some(status));
        }
        #[cfg(unix)]
        match self.signals.recv_timeout(at_most) {
            Ok(signal) => self.forward(signal),
            Err(RecvTimeoutError::Timeout) => {}
            // The thread that receives signals has ended.
            Err(RecvTimeoutError::Disconnected) => std::thread::sleep(at_most),
        }
        #[cfg(not(unix))]
        std::thread::sleep(at_most.min(Duration::from_millis(50)));
        self.status()
    }

    /// Asks it to end, and kills it after a grace period.
    pub(crate) fn end(&mut self) -> io::Result<()> {
        #[cfg(unix)]
        let leads_a_group = self.leads_a_group;
        #[cfg(not(unix))]
        let leads_a_group = false;
        crate::process::stop(&mut self.child, leads_a_group)
    }

    fn status(&mut self) -> io::Result<Option<u8>> {
        let Some(status) = self.child.try_wait()? else { return Ok(None) };
        #[cfg(unix)]
        let signal = std::os::unix::process::ExitStatusExt::signal(&status).map(|signal| 128 + signal);
        #[cfg(not(unix))]
        let signal = None;
        Ok(Some(u8::try_from(status.code().or(signal).unwrap_or(1)).unwrap_or(1)))
    }

    /// Forwards a signal, unless the terminal has sent it to the child as well.
    #[cfg(unix)]
    fn forward(&self, signal: i32) {
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
            // SIGCHLD: the caller checks the status of the child.
            _ => return,
        };
        let Some(pid) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) else { return };
        let _ = if self.leads_a_group { kill_process_group(pid, signal) } else { kill_process(pid, signal) };
    }
}

/// A copy of our stderr, to be used as a stdout.
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

/// Whether this process is in the foreground process group of its terminal.
#[cfg(unix)]
pub(super) fn is_in_the_foreground() -> bool {
    let Ok(terminal) = std::fs::File::open("/dev/tty") else { return false };
    rustix::termios::tcgetpgrp(&terminal).is_ok_and(|group| group == rustix::process::getpgrp())
}

#[cfg(not(unix))]
pub(super) fn is_in_the_foreground() -> bool {
    false
}
