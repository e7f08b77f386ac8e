//! The clock of this machine, and the clock domain that makes its readings comparable.

use std::path::Path;
use std::sync::OnceLock;

use jiff::Timestamp;

use crate::domain::time::{Clock, ClockReading, Now, WALL_DOMAIN};

/// The boot time is not exact: it is computed from the wall clock, which is corrected. Seconds.
const BOOT_TIME_TICK: u64 = 10;

/// The system clock. Its domain is found out with the first reading.
#[derive(Default)]
pub(super) struct SystemClock {
    domain: OnceLock<String>,
}

impl Clock for SystemClock {
    fn now(&self) -> Now {
        let wall = Timestamp::now();
        let domain = self.domain.get_or_init(|| domain(Path::new("/"))).clone();
        let clock = if domain == WALL_DOMAIN {
            ClockReading::new(domain, u64::try_from(wall.as_millisecond()).unwrap_or_default())
        } else {
            let offsets = std::fs::read_to_string("/proc/self/timens_offsets").unwrap_or_default();
            let millis = reading(rustix::time::ClockId::Monotonic, offset_ms(&offsets, "monotonic"));
            ClockReading { domain, millis, fast_millis: fast_reading(&offsets) }
        };
        Now { clock, wall }
    }
}

/// A reading in milliseconds, without the offset of a time namespace. So containers on one kernel share a clock.
fn reading(id: rustix::time::ClockId, offset_ms: i128) -> u64 {
    let time = rustix::time::clock_gettime(id);
    let millis = i128::from(time.tv_sec) * 1000 + i128::from(time.tv_nsec) / 1_000_000 - offset_ms;
    u64::try_from(millis).unwrap_or_default()
}

/// The reading of the clock that counts time spent suspended.
#[cfg(target_os = "linux")]
#[expect(clippy::unnecessary_wraps, reason = "other systems have no such clock")]
fn fast_reading(offsets: &str) -> Option<u64> {
    Some(reading(rustix::time::ClockId::Boottime, offset_ms(offsets, "boottime")))
}

/// Other systems have no such clock.
#[cfg(not(target_os = "linux"))]
fn fast_reading(_: &str) -> Option<u64> {
    None
}

/// The offset of a clock in a time namespace, in milliseconds.
fn offset_ms(offsets: &str, clock: &str) -> i128 {
    let line = offsets.lines().find_map(|line| line.strip_prefix(clock));
    let mut numbers = line.unwrap_or_default().split_whitespace().filter_map(|number| number.parse::<i128>().ok());
    let (seconds, nanos) = (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0));
    seconds * 1000 + nanos / 1_000_000
}

/// The clock domain of the machine whose files are below `root`: its boot, or else its id and when it was booted.
fn domain(root: &Path) -> String {
    let text = |path: &str| std::fs::read_to_string(root.join(path)).ok();
    let boot_id = text("proc/sys/kernel/random/boot_id").and_then(|text| word(&text));
    let machine = || ["etc/machine-id", "var/lib/dbus/machine-id"].iter().find_map(|path| machine_id(&text(path)?));
    let booted = || boot_time(text("proc/stat")?.lines().find_map(|line| line.strip_prefix("btime "))?);
    let machine_and_boot = || Some(format!("{}@{}", machine()?, booted()?));
    boot_id.or_else(machine_and_boot).or_else(|| from_kernel(&kernel_state())).unwrap_or_else(|| WALL_DOMAIN.to_owned())
}

/// The clock domain in the output of `sysctl`, which macOS and the BSDs have in place of these files.
fn from_kernel(state: &str) -> Option<String> {
    let value = |name: &str| state.lines().find_map(|line| line.strip_prefix(name)?.trim_start().strip_prefix([':', '=']));
    let booted = || boot_time(value("kern.boottime")?.split("sec = ").nth(1)?);
    value("kern.bootsessionuuid").and_then(word).or_else(|| Some(format!("{}@{}", word(value("kern.hostuuid")?)?, booted()?)))
}

#[cfg(all(unix, not(target_os = "linux")))]
fn kernel_state() -> String {
    let names = ["kern.bootsessionuuid", "kern.hostuuid", "kern.boottime"];
    // It waits for nothing, so that it needs no time limit.
    let output = std::process::Command::new("/usr/sbin/sysctl").args(names).stdin(std::process::Stdio::null()).output();
    output.map(|output| String::from_utf8_lossy(&output.stdout).into_owned()).unwrap_or_default()
}

/// Other systems have no `sysctl` that tells this.
#[cfg(not(all(unix, not(target_os = "linux"))))]
fn kernel_state() -> String {
    String::new()
}

/// The id of a machine, unless it is a placeholder.
fn machine_id(text: &str) -> Option<String> {
    word(text).filter(|id| id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit()) && id.bytes().any(|byte| byte != b'0'))
}

/// A text that is one word of at most 64 safe characters.
fn word(text: &str) -> Option<String> {
    let text = text.trim();
    let is_safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    (!text.is_empty() && text.len() <= 64 && text.bytes().all(is_safe)).then(|| text.to_owned())
}

/// A boot time at the start of a text, in seconds, rounded.
fn boot_time(text: &str) -> Option<u64> {
    let digits = text.trim_start().split(|c: char| !c.is_ascii_digit()).next()?;
    let seconds: u64 = digits.parse().ok()?;
    Some(seconds.checked_add(BOOT_TIME_TICK / 2)? / BOOT_TIME_TICK * BOOT_TIME_TICK)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    /// The domain of a machine that has these files.
    fn of(files: &[(&str, &str)]) -> String {
        let root = tempfile::tempdir().expect("a directory");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a parent")).expect("created");
            std::io::Write::write_all(&mut std::fs::File::create(path).expect("created"), text.as_bytes()).expect("written");
        }
        domain(root.path())
    }

    #[test]
    fn the_domain_is_the_boot_or_the_machine_and_its_boot_time() {
        let boot = ("proc/sys/kernel/random/boot_id", "89f83a08-d5a0-4fe3-837b-f8602ee93175\n");
        let machine = ("etc/machine-id", "0123456789abcdef0123456789abcdef\n");
        let stat = |text| ("proc/stat", text);
        assert_eq!(of(&[boot, machine, stat("btime 1700000004\n")]), "89f83a08-d5a0-4fe3-837b-f8602ee93175");
        assert_eq!(of(&[machine, stat("cpu 1 2\nbtime 1700000004\nprocesses 7\n")]), format!("{ID}@1700000000"));
        assert_eq!(of(&[machine, stat("btime 1699999996")]), format!("{ID}@1700000000"), "the wall clock was corrected");
        assert_ne!(of(&[machine, stat("btime 1700000600")]), format!("{ID}@1700000000"), "another boot");
        assert_eq!(of(&[("var/lib/dbus/machine-id", ID), stat("btime 1700000004")]), format!("{ID}@1700000000"));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_machine_that_tells_neither_has_only_the_wall_clock() {
        let machine = ("etc/machine-id", ID);
        let stat = ("proc/stat", "btime 1700000004");
        let empty_boot_id = ("proc/sys/kernel/random/boot_id", "\n");
        let table: &[&[(&str, &str)]] = &[
            &[],
            &[machine],
            &[stat],
            &[("etc/machine-id", "uninitialized\n"), stat],
            &[("etc/machine-id", "00000000000000000000000000000000"), stat],
            &[machine, ("proc/stat", "btime now")],
            &[machine, ("proc/stat", "btime 99999999999999999999999")],
            &[machine, ("proc/stat", "btime 18446744073709551615")],
            &[empty_boot_id, machine],
        ];
        for files in table {
            assert_eq!(of(files), WALL_DOMAIN, "{files:?}");
        }
    }

    #[test]
    fn other_kernels_tell_it_by_sysctl() {
        let boot = "kern.boottime: { sec = 1700000004, usec = 1234 } Tue Nov 14 22:13:24 2023\n";
        let table = [
            ("kern.bootsessionuuid: A1B2-C3\n".to_owned() + boot, Some("A1B2-C3")),
            ("kern.hostuuid: host-1\n".to_owned() + boot, Some("host-1@1700000000")),
            (boot.to_owned(), None),
            ("kern.hostuuid: host-1\n".to_owned(), None),
            (String::new(), None),
        ];
        for (state, expected) in table {
            assert_eq!(from_kernel(&state).as_deref(), expected, "{state}");
        }
    }

    #[test]
    fn the_clock_that_counts_suspension_is_never_behind() {
        let Now { clock, .. } = SystemClock::default().now();
        // The two clocks are read one after the other.
        assert!(clock.fast_millis.is_none_or(|fast| fast + 1_000 >= clock.millis), "{clock:?}");
    }

    #[test]
    fn a_time_namespace_has_an_offset_for_each_clock() {
        let offsets = "monotonic           5         250000000\nboottime           -7                 0\n";
        assert_eq!((offset_ms(offsets, "monotonic"), offset_ms(offsets, "boottime"), offset_ms("", "boottime")), (5250, -7000, 0));
    }
}
