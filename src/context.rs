//! The facts of this process: directory, environment, terminal, clock. Read here once and nowhere else.
//!
//! Everything below takes what it needs from a [`Context`], so that a test can make one up.

#![expect(clippy::disallowed_methods, reason = "this is the module that may")]

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use jiff::Timestamp;

use crate::domain::time::{Clock, ClockReading, Now};

/// What a command knows of the process it runs in.
pub(crate) struct Context {
    /// The directory it was started in, or sent to by `-C`.
    pub cwd: PathBuf,
    /// `GIT_DIR`, as Git sets it for its hooks.
    pub git_dir: Option<PathBuf>,
    /// `JIT_AGENT_ID`, if it is set to anything.
    pub agent_variable: Option<String>,
    /// `JIT_ENFORCE_LEASES`, if it is set to anything.
    pub enforcement_variable: Option<String>,
    /// Where the user's `agent.toml` would be.
    pub agent_file: Option<PathBuf>,
    /// The user's home directory, if it is set to anything.
    pub home: Option<PathBuf>,
    /// The name of the user's account.
    pub account: Option<String>,
    /// Whether hooks word their findings for programs: `GIT_JIT_FORMAT=json`.
    pub hooks_speak_json: bool,
    /// Ids of commits that Git says it is merging: the variables `GITHEAD_<id>`.
    pub merge_heads: Vec<String>,
    /// The directory it was started in, wherever it was sent to.
    pub started_in: PathBuf,
    /// Whether the directory that it was started in is gone, and `cwd` is what is left above it.
    pub has_lost_cwd: bool,
    /// The user's shell.
    pub shell: Option<String>,
    /// Where the shell function reads where to go: `GIT_JIT_CD_FILE`.
    pub cd_file: Option<PathBuf>,
    /// The program that runs.
    pub program: Option<PathBuf>,
    /// `PATH`.
    pub search_path: Option<std::ffi::OsString>,
    /// Where temporary files go.
    pub scratch: PathBuf,
    /// What stdout and stderr lead to, and what the user wants of them.
    pub terminal: Terminal,
    /// Whether file locks are taken; not where a build for tests is told by `JIT_TEST_LOCKS=off` to do without.
    pub takes_locks: bool,
    /// How a build for tests is told by `JIT_TEST_WATCH` to fail while it has the terminal.
    failure_of_watch: Option<String>,
    clock: Box<dyn Clock>,
}

/// What stdout and stderr lead to.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Terminal {
    /// Whether stdout wants colour, by `NO_COLOR`, `CLICOLOR_FORCE` and what it is.
    pub colour_out: bool,
    /// The same of stderr.
    pub colour_err: bool,
    /// Whether somebody may be watching stderr.
    pub is_watched: bool,
    /// How many columns the terminal has that stdout leads to; nothing where it leads to none that can be drawn on.
    pub columns: Option<u16>,
}

impl Context {
    /// Reads the facts of this process.
    pub(crate) fn from_process() -> std::io::Result<Self> {
        let variables: BTreeMap<String, String> =
            // A value that is not text is taken as far as it is: what it was meant for will refuse it, and not pass it over.
            std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.to_string_lossy().into_owned()))).collect();
        let set = |key: &str| variables.get(key).filter(|value| !value.trim().is_empty()).cloned();
        let config = set("XDG_CONFIG_HOME").map(PathBuf::from).or_else(|| Some(Path::new(&set("HOME")?).join(".config")));
        let merge_heads = variables.keys().filter_map(|key| key.strip_prefix("GITHEAD_")).map(str::to_owned).collect();
        let here = std::env::current_dir();
        // A directory that was removed under a shell: the shell still says where it was.
        let left = || set("PWD").map(PathBuf::from)?.ancestors().find(|dir| dir.is_absolute() && dir.is_dir()).map(Path::to_owned);
        let has_lost_cwd = here.is_err();
        if let Some(left) = left().filter(|_| has_lost_cwd) {
            // Libraries ask for it too.
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

    /// Facts of a process that an agent started in `dir`, with an environment that says nothing else.
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
            clock: Box::new(SystemClock { domain: clock_domain() }),
        }
    }

    /// Whether the process, or the directory that it was sent to, is in this one.
    pub(crate) fn stands_in(&self, dir: &Path) -> bool {
        let is_in = |place: &Path| place.canonicalize().is_ok_and(|place| place.starts_with(dir));
        is_in(&self.cwd) || is_in(&self.started_in)
    }

    /// Sends the whole process to another directory, for what reads its facts anew; it stays where it is if there is none.
    pub(crate) fn enter(&self, dir: &Path) {
        let _ = std::env::set_current_dir(self.cwd.join(dir));
    }

    /// The same facts, seen from another directory.
    pub(crate) fn in_dir(&mut self, dir: &Path) {
        self.cwd = self.cwd.join(dir);
    }

    /// Fails or panics where a test says so, to see what becomes of the terminal.
    pub(crate) fn fail_where_told(&self) -> std::io::Result<()> {
        assert!(self.failure_of_watch.as_deref() != Some("panic"), "a test wants it");
        self.failure_of_watch.as_ref().map_or(Ok(()), |_| Err(std::io::Error::other("a test wants it")))
    }

    /// The clock.
    pub(crate) fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }
}

/// See <https://no-color.org> and <https://bixense.com/clicolors>.
fn wants_colour(is_terminal: bool, variables: &BTreeMap<String, String>) -> bool {
    let set = |key: &str| variables.get(key).is_some_and(|value| !value.is_empty());
    if set("NO_COLOR") {
        return false;
    }
    variables.get("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0") || (is_terminal && !is_dumb(variables))
}

/// How many columns stdout's terminal has; the usual number where it does not know.
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

/// The clock of this machine; in builds for tests, the hands that `JIT_TEST_CLOCK=domain:milliseconds` sets.
fn clock(variables: &BTreeMap<String, String>) -> Box<dyn Clock> {
    #[cfg(debug_assertions)]
    if let Some((domain, millis)) = variables.get("JIT_TEST_CLOCK").and_then(|hands| hands.rsplit_once(':'))
        && let Ok(millis) = millis.parse()
    {
        return Box::new(FixedClock(ClockReading { domain: domain.to_owned(), millis }));
    }
    #[cfg(not(debug_assertions))]
    let _ = variables;
    Box::new(SystemClock { domain: clock_domain() })
}

#[cfg(debug_assertions)]
struct FixedClock(ClockReading);

#[cfg(debug_assertions)]
impl Clock for FixedClock {
    fn now(&self) -> Now {
        Now { clock: self.0.clone(), wall: Timestamp::now() }
    }
}

struct SystemClock {
    domain: String,
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
        let millis = i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000 - namespace_offset_ms();
        let clock = ClockReading { domain: self.domain.clone(), millis: u64::try_from(millis).unwrap_or_default() };
        Now { clock, wall: Timestamp::now() }
    }
}

/// One boot of one kernel. Where no boot id can be read the domain is always the same, which is safe on one
/// machine: after a restart more real time has passed than the clock, which began anew, can show.
fn clock_domain() -> String {
    match std::fs::read_to_string("/proc/sys/kernel/random/boot_id") {
        Ok(id) if !id.trim().is_empty() => id.trim().to_owned(),
        _ => "monotonic".to_owned(),
    }
}

/// What a time namespace adds to the monotonic clock, in milliseconds: containers on one kernel share a clock without it.
fn namespace_offset_ms() -> i128 {
    let Ok(text) = std::fs::read_to_string("/proc/self/timens_offsets") else { return 0 };
    let line = text.lines().find_map(|line| line.strip_prefix("monotonic"));
    let mut numbers = line.unwrap_or_default().split_whitespace().filter_map(|number| number.parse::<i128>().ok());
    let (seconds, nanos) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    seconds * 1000 + nanos / 1_000_000
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
