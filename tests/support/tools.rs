//! Programs that are not everywhere: shells, a terminal multiplexer, tracers, package managers.
//!
//! A test that needs one is skipped where it is missing, and prints a line about that. In CI (`CI=true`) nothing is
//! skipped: there a missing program is a failure. The exception is a sandbox that forbids tracing.

use std::io::Write;
use std::process::Command;

/// Prints a line that the test harness does not capture.
fn skip(reason: &str) -> bool {
    let test = std::thread::current().name().unwrap_or("a test").to_owned();
    writeln!(std::io::stderr(), "skipped {test}: {reason}").expect("stderr is open");
    false
}

fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// Whether a program is on `PATH`.
pub(crate) fn has(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let is_there = std::env::split_paths(&path).any(|folder| folder.join(program).is_file());
    assert!(is_there || !is_ci(), "{program} is not installed, and CI must test with it");
    is_there || skip(&format!("{program} is not installed"))
}

/// Whether a tracer is there and the system lets it trace.
pub(crate) fn can_trace(program: &str, arguments: &[&str]) -> bool {
    has(program) && {
        let traced = Command::new(program).args(arguments).arg("true").output();
        traced.is_ok_and(|output| output.status.success()) || skip(&format!("{program} may not trace here"))
    }
}

/// Whether packages may be fetched from npm and `PyPI`: in CI, or where `JIT_TEST_FETCH` is set.
pub(crate) fn may_fetch() -> bool {
    is_ci() || std::env::var_os("JIT_TEST_FETCH").is_some() || skip("it fetches packages: set JIT_TEST_FETCH=1")
}
