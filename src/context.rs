//! The facts of this process: directory, environment, terminal, clock. Only this module reads them, once.
//!
//! All other modules get them from a [`Context`], so that a test can replace them.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

mod clock;

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::Timestamp;

use crate::context::clock::SystemClock;
use crate::domain::time::{Clock, ClockReading, Now};

/// The facts of the process that runs a command.
pub(crate) struct Context {
    /// The current directory, or the one named by `-C`.
    pub cwd: PathBuf,
    /// `GIT_DIR`, as Git sets it for its hooks.
    pub git_dir: Option<PathBuf>,
    /// `JIT_AGENT_ID`, if it is not empty.
    pub agent_variable: Option<String>,
    /// `JIT_ENFORCE_LEASES`, if it is not empty.
    pub enforcement_variable: Option<String>,
    /// The path of the user's `agent.toml`.
    pub agent_file: Option<PathBuf>,
    /// The user's home directory.
    pub home: Option<PathBuf>,
    /// The name of the user's account.
    pub account: Option<String>,
    /// Whether hooks print their findings as JSON: `GIT_JIT_FORMAT=json`.
    pub hooks_speak_json: bool,
    /// Ids of the commits that Git is merging, from the variables `GITHEAD_<id>`.
    pub merge_heads: Vec<String>,
    /// The directory in which the process was started, also with `-C`.
    pub started_in: PathBuf,
    /// Whether that directory was removed; `cwd` is then its nearest parent that exists.
    pub has_lost_cwd: bool,
    /// The user's shell, from `SHELL`.
    pub shell: Option<String>,
    /// The file from which the shell function reads the directory to change to: `GIT_JIT_CD_FILE`.
    pub cd_file: Option<PathBuf>,
    /// The path of the running program.
    pub program: Option<PathBuf>,
    /// `PATH`.
    pub search_path: Option<std::ffi::OsString>,
    /// The directory for temporary files.
    pub scratch: PathBuf,
    /// What stdout and stderr are connected to.
    pub terminal: Terminal,
    /// Whether file locks are taken. Debug builds skip them with `JIT_TEST_LOCKS=off`.
    pub takes_locks: bool,
    /// How `git jit watch` must fail while it owns the terminal: `JIT_TEST_WATCH`, in debug builds.
    failure_of_watch: Option<String>,
    clock: Arc<dyn Clock>,
}

/// What stdout and stderr are connected to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// Whether stdout gets colour: `NO_COLOR`, `CLICOLOR_FORCE`, else whether it is a terminal.
    pub colour_out: bool,
    /// The same for stderr.
    pub colour_err: bool,
    /// Whether stderr is a terminal.
    pub is_watched: bool,
    /// The width of stdout's terminal in columns; `None` if stdout is not a terminal or cannot move the cursor.
    pub columns: Option<u16>,
}

impl Context {
    /// Reads the facts of this process.
    pub(crate) fn from_process() -> std::io::Result<Self> {
        let variables: BTreeMap<String, String> =
            // A value that is not UTF-8 is converted lossily, so that its reader refuses it instead of ignoring it.
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.to_string_lossy().into_owned()))).collect();
        let set = |key: &str| variables.get(key).filter(|value| !value.trim().is_empty()).cloned();
        let config = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(Path::new(&set("HOME")?).join(".config")));
        let merge_heads = variables.keys().filter_map(|key| key.strip_prefix("GITHEAD_")).map(str::to_owned).collect();
        let here = std::env::current_dir();
        // The directory was removed under the shell: `PWD` still names it.
        let left = || set("PWD").map(PathBuf::from)?.ancestors().find(|dir| dir.is_absolute() && dir.is_dir()).map(Path::to_owned);
        let has_lost_cwd = here.is_err();
        if let Some(left) = left().filter(|_| has_lost_cwd) {
            // Libraries read the current directory too.
            std::env::set_current_dir(left)?;
        }
        let cwd = here.or_else(|error| left().ok_or(error))?;
        Ok(Self {
            started_in: cwd.clone(),
            cwd,
            has_lost_cwd,
            shell: set("SHELL"),
            cd_file: set("GIT_JIT_CD_FILE").map(PathBuf::from),
            git_dir: set("GIT_DIR").map(PathBuf::from),
            agent_variable: set("JIT_AGENT_ID"),
            enforcement_variable: set("JIT_ENFORCE_LEASES"),
            agent_file: config.map(|config| config.join("jit").join("agent.toml")),
            home: set("HOME").map(PathBuf::from),
            account: set("USER").or_else(|| set("LOGNAME")).or_else(|| set("USERNAME")),
            hooks_speak_json: set("GIT_JIT_FORMAT").is_some_and(|format| format.trim().eq_ignore_ascii_case("json")),
            merge_heads,
            program: std::env::current_exe().ok(),
            search_path: std::env::var_os("PATH"),
            scratch: std::env::temp_dir(),
            terminal: Terminal {
                colour_out: wants_colour(std::io::stdout().is_terminal(), &variables),
                colour_err: wants_colour(std::io::stderr().is_terminal(), &variables),
                is_watched: std::io::stderr().is_terminal(),
                columns: (std::io::stdout().is_terminal() && !is_dumb(&variables)).then(columns),
            },
            takes_locks: !cfg!(debug_assertions) || variables.get("JIT_TEST_LOCKS").is_none_or(|value| value != "off"),
            failure_of_watch: set("JIT_TEST_WATCH").filter(|_| cfg!(debug_assertions)),
            clock: clock(&variables),
        })
    }

    /// The facts of a process that `agent` started in `dir`, with an otherwise empty environment.
    #[cfg(test)]
    pub(crate) fn for_tests(dir: &Path, agent: &str) -> Self {
        Self {
            cwd: dir.to_owned(),
            git_dir: None,
            agent_variable: Some(agent.to_owned()),
            enforcement_variable: None,
            agent_file: None,
            home: None,
            account: None,
            hooks_speak_json: false,
            merge_heads: Vec::new(),
            started_in: dir.to_owned(),
            has_lost_cwd: false,
            shell: None,
            cd_file: None,
            program: None,
            search_path: None,
            scratch: std::env::temp_dir(),
            terminal: Terminal::default(),
            takes_locks: true,
            failure_of_watch: None,
            clock: Arc::new(SystemClock::default()),
        }
    }

    /// Whether the current directory, or the one of the start, is inside `dir`.
    pub(crate) fn stands_in(&self, dir: &Path) -> bool {
        let is_in = |place: &Path| place.canonicalize().is_ok_and(|place| place.starts_with(dir));
        is_in(&self.cwd) || is_in(&self.started_in)
    }

    /// Changes the directory of the whole process, for code that reads the facts again; ignores a directory that does not exist.
    pub(crate) fn enter(&self, dir: &Path) {
        let _ = std::env::set_current_dir(self.cwd.join(dir));
    }

    /// Changes the directory of these facts only.
    pub(crate) fn in_dir(&mut self, dir: &Path) {
        self.cwd = self.cwd.join(dir);
    }

    /// Fails or panics as `JIT_TEST_WATCH` demands, to test that the terminal is restored.
    pub(crate) fn fail_where_told(&self) -> std::io::Result<()> {
        assert!(self.failure_of_watch.as_deref() != Some("panic"), "requested by a test");
        self.failure_of_watch.as_ref().map_or(Ok(()), |_| Err(std::io::Error::other("requested by a test")))
    }

    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The clock, for a store of leases, which has one of its own.
    pub(crate) fn shared_clock(&self) -> Arc<dyn Clock> {
        Arc::clone(&self.clock)
    }
}

/// Follows <https://no-color.org> and <https://bixense.com/clicolors>.
fn wants_colour(is_terminal: bool, variables: &BTreeMap<String, String>) -> bool {
    let set = |key: &str| variables.get(key).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    variables.get("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") || (is_terminal && !is_dumb(variables))
}

/// The width of stdout's terminal; 80 if it is unknown.
fn columns() -> u16 {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| size.ws_col).filter(|columns| *columns > 0);
    #[cfg(not(unix))]
    let columns = None;
    columns.unwrap_or(80)
}

fn is_dumb(variables: &BTreeMap<String, String>) -> bool {
    variables.get("TERM").is_some_and(|term| term == "dumb")
}

/// The system clock; in debug builds, the fixed clock of `JIT_TEST_CLOCK=domain:milliseconds`, or `domain:milliseconds+suspended`
/// with the milliseconds that the machine was suspended.
fn clock(variables: &BTreeMap<String, String>) -> Arc<dyn Clock> {
    #[cfg(debug_assertions)]
    if let Some(reading) = variables.get("JIT_TEST_CLOCK").and_then(|hands| fixed(hands)) {
        return Arc::new(FixedClock(reading));
    }
    #[cfg(not(debug_assertions))]
    let _ = variables;
    Arc::new(SystemClock::default())
}

#[cfg(debug_assertions)]
fn fixed(hands: &str) -> Option<ClockReading> {
    let (domain, millis) = hands.rsplit_once(':')?;
    let (millis, suspended) = millis.split_once('+').map_or((millis, None), |(millis, suspended)| (millis, Some(suspended)));
    let millis: u64 = millis.parse().ok()?;
    let suspended: Option<u64> = suspended.map(str::parse).transpose().ok()?;
    let fast_millis = suspended.map(|suspended| millis.saturating_add(suspended));
    Some(ClockReading { fast_millis, ..ClockReading::new(domain, millis) })
}

#[cfg(debug_assertions)]
struct FixedClock(ClockReading);

#[cfg(debug_assertions)]
impl Clock for FixedClock {
    fn now(&self) -> Now {
        Now { clock: self.0.clone(), wall: Timestamp::now() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_is_for_terminals_and_for_those_who_force_it() {
        let with = |pairs: &[(&str, &str)]| pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        assert!(wants_colour(true, &with(&[])) && !wants_colour(false, &with(&[])));
        assert!(wants_colour(false, &with(&[("CLICOLOR_FORCE", "1")])));
        assert!(!wants_colour(true, &with(&[("NO_COLOR", "1"), ("CLICOLOR_FORCE", "1")])));
        assert!(!wants_colour(true, &with(&[("TERM", "dumb")])));
    }
}
