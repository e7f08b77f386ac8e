//! Waiting for a condition, with a deadline; a test never sleeps for a fixed time.

use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

/// Longer than anything takes on a machine that does other work too.
const DEADLINE: Duration = Duration::from_secs(60);
/// How long an issue file must have been left alone before a listing keeps what it read of it.
const SETTLED: Duration = Duration::from_millis(2_050);

/// Waits until a condition holds.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + DEADLINE;
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Waits until no process has its current directory at or below `root`.
pub(crate) fn until_idle(root: &Path) {
    let is_in = |process: &Path| std::fs::read_link(process.join("cwd")).is_ok_and(|cwd| cwd.starts_with(root));
    until("every process there has ended", || {
        let all = std::fs::read_dir("/proc").expect("listed");
        !all.flatten().any(|process| is_in(&process.path()))
    });
}

/// Waits until a process has a file open, as one that waits for a lock has.
pub(crate) fn until_open(pid: u32, file: &Path) {
    until("the file is open", || {
        let open = std::fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten();
        open.filter_map(|entry| std::fs::read_link(entry.path()).ok()).any(|path| path == file)
    });
}

/// How often a process has begun to wait for something.
pub(crate) fn pauses(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find_map(|line| line.strip_prefix("voluntary_ctxt_switches:")).expect("a count");
    line.trim().parse().expect("a number")
}

/// Waits until the files of a folder have been left alone for so long that a listing keeps what it reads of them.
pub(crate) fn until_settled(folder: &Path) {
    let changed = |entry: std::fs::DirEntry| {
        let metadata = entry.metadata().expect("it is there");
        let of = std::os::unix::fs::MetadataExt::ctime;
        SystemTime::UNIX_EPOCH + Duration::from_secs(of(&metadata).unsigned_abs()) + Duration::from_secs(1)
    };
    let newest = std::fs::read_dir(folder).expect("listed").map(|entry| changed(entry.expect("an entry"))).max();
    let newest = newest.expect("there are files");
    until("the files have settled", || SystemTime::now() > newest + SETTLED);
}
