use super::*;
use crate::domain::id::{Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Grant, LeaseAnswer, LeaseEvent, LeaseOutcome, LeaseRefusal};
use crate::domain::time::{ClockReading, Now};
use crate::store::file;
use crate::store::log::record::LogRecord;
use crate::store::log::write::FORGOTTEN_AFTER_MS;

struct LogClock(u64);

impl Clock for LogClock {
    fn now(&self) -> Now {
        let clock = ClockReading::new("test", self.0);
        Now { clock, wall: jiff::Timestamp::UNIX_EPOCH }
    }
}

const NOON: LogClock = LogClock(0);

fn holder(n: u32) -> Holder {
    Holder::here(format!("agent:a{n}").parse().expect("an id"), WorktreeId::from_bits(n))
}

fn issue(n: u128) -> IssueId {
    IssueId::from_uuid(uuid::Uuid::from_u128(n))
}

fn lease_id(n: u64) -> LeaseId {
    LeaseId::new(format!("lease-{n}"))
}

fn store(dir: &Path, options: Options) -> LeaseLog {
    LeaseLog::new(&dir.join("jit"), Modes::PRIVATE, options)
}

fn small() -> Options {
    Options { segment_bytes: 2_000, ..Options::default() }
}

fn ledger(store: &LeaseLog) -> Result<Ledger> {
    Ok(store.newest(false)?.map(|segment| segment.ledger).unwrap_or_default())
}

fn ask(store: &LeaseLog, request: &Request, clock: &dyn Clock) -> std::result::Result<LeaseAnswer, LeaseRefusal> {
    store.ask(clock, request, &Limits::default()).expect("the store works").0
}

fn acquire(store: &LeaseLog, lease: u64, on: u128, who: u32) -> std::result::Result<LeaseAnswer, LeaseRefusal> {
    let grant =
        Grant { lease_id: lease_id(lease), issue_id: issue(on), holder: holder(who), branch: None, ttl_secs: 600, reason: None };
    ask(store, &Request::Acquire(grant), &NOON)
}

fn release(store: &LeaseLog, lease: u64, who: u32) -> std::result::Result<LeaseAnswer, LeaseRefusal> {
    let request = Request::Release { lease_id: lease_id(lease), holder: holder(who), closing: false, reason: None };
    ask(store, &request, &NOON)
}

fn only(event: LeaseEvent) -> Batch {
    Batch { events: vec![event], answers: vec![Ok(LeaseAnswer::Nothing)], must_last: true }
}

fn log(dir: &Path) -> PathBuf {
    dir.join("jit/claims.jsonl")
}

#[test]
fn an_empty_place_has_no_leases_and_reading_it_makes_nothing() {
    let dir = tempfile::tempdir().expect("a directory");
    assert_eq!(store(dir.path(), Options::default()).ledger().expect("read"), Ledger::default());
    assert_eq!(std::fs::read_dir(dir.path()).expect("listed").count(), 0);
}

#[test]
fn no_index_and_any_index_give_the_same_answer() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), Options { sync: false, ..Options::default() });
    for n in 0..400 {
        acquire(&store, n, n.into(), 1).expect("free");
    }
    let expected = store.ledger().expect("read");
    let index = dir.path().join("jit/claims.index.json");
    let good = std::fs::read(&index).expect("written, since the log is long");
    assert!(good.len() > 1000);
    std::fs::remove_file(&index).expect("removed");
    assert_eq!(store.ledger().expect("read"), expected);
    for bad in [b"".as_slice(), b"{}", b"\n", &good[..good.len() / 2], &good[1..], b"\xff\xff"] {
        file::replace(&index, bad, Modes::PRIVATE).expect("written");
        assert_eq!(store.ledger().expect("read"), expected);
        assert!(acquire(&store, 999, 5, 2).is_err(), "held still");
    }
    file::replace(&index, &good, Modes::PRIVATE).expect("written");
    assert_eq!(store.ledger().expect("read"), expected);
}

/// A process that lived long enough to write the index once wrote it again with each record from then on, and synced for that.
#[test]
fn a_transfer_after_the_index_is_seen_by_those_who_read_only_their_own_leases() {
    let dir = tempfile::tempdir().expect("a directory");
    let open = |index_lag| LeaseLog::new(dir.path(), Modes::PRIVATE, Options { index_lag, ..Options::default() });
    acquire(&open(0), 1, 1, 1).expect("free");
    let (new_id, request) = (lease_id(2), lease_id(1));
    let transfer = Request::Transfer { lease_id: request, holder: holder(1), to: holder(2), new_id, branch: None, reason: None };
    ask(&open(100_000), &transfer, &NOON).expect("its own");
    for (who, leases) in [(1, 0), (2, 1)] {
        let worktree = holder(who).worktree_id;
        let part = open(100_000).ledger_about(&LeaseFilter::Worktree(&worktree)).expect("readable");
        assert_eq!(part.leases().filter(|lease| lease.holder.worktree_id == worktree).count(), leases, "{who}");
    }
}

#[test]
fn a_long_life_writes_the_index_no_more_often_than_many_short_ones() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), Options { sync: false, ..Options::default() });
    let read = || std::fs::read(dir.path().join("jit/claims.index.json")).ok();
    let (mut seen, mut written) = (None, 0);
    for n in 0..400 {
        acquire(&store, n, n.into(), 1).expect("free");
        let index = read();
        written += u64::from(index != seen);
        seen = index;
    }
    let length = std::fs::metadata(log(dir.path())).expect("there").len();
    assert!((1..=length / Options::default().index_lag).contains(&written), "{written} times in {length} bytes");
}

#[test]
fn a_tail_cut_at_any_byte_never_counts_and_never_comes_to_life() {
    let dir = tempfile::tempdir().expect("a directory");
    let whole = {
        let store = store(dir.path(), Options::default());
        acquire(&store, 1, 1, 1).expect("free");
        acquire(&store, 2, 2, 1).expect("free");
        std::fs::read(log(dir.path())).expect("read")
    };
    let last = whole[..whole.len() - 1].iter().rposition(|byte| *byte == b'\n').expect("several lines") + 1;
    for cut in last..whole.len() {
        let dir = tempfile::tempdir().expect("a directory");
        file::make_dir(&dir.path().join("jit"), Modes::PRIVATE).expect("made");
        file::replace(&log(dir.path()), &whole[..cut], Modes::PRIVATE).expect("written");
        let store = store(dir.path(), Options::default());
        assert!(store.ledger().expect("read").lease_on(issue(2)).is_none(), "cut at {cut}");
        assert_eq!(acquire(&store, 3, 2, 2), Ok(LeaseAnswer::Granted(lease_id(3))), "cut at {cut}");
        let ledger = store.ledger().expect("read");
        assert_eq!(ledger.lease_on(issue(2)).map(|lease| lease.holder.clone()), Some(holder(2)));
        assert_eq!(ledger.lease_on(issue(1)).map(|lease| lease.holder.clone()), Some(holder(1)));
    }
}

#[test]
fn noise_is_passed_over_and_a_lost_or_foreign_record_is_not() {
    let dir = tempfile::tempdir().expect("a directory");
    let first = store(dir.path(), Options::default());
    for n in 1..=3 {
        acquire(&first, n, n.into(), 1).expect("free");
    }
    let whole = std::fs::read_to_string(log(dir.path())).expect("read");
    let expected = first.ledger().expect("read");
    let lines: Vec<&str> = whole.lines().collect();
    let with = |lines: &[&str]| {
        file::replace(&log(dir.path()), (lines.join("\n") + "\n").as_bytes(), Modes::PRIVATE).expect("written");
        // Another process: this one would go on from what it has seen.
        ledger(&store(dir.path(), Options::default()))
    };
    let noisy = [&lines[..3], &["", "garbage", lines[2], "{\"sequence\":9}"], &lines[3..]].concat();
    assert_eq!(with(&noisy).expect("noise"), expected);
    let gap = [&lines[..3], &lines[4..]].concat();
    assert!(matches!(with(&gap), Err(Error::Corrupt { line: Some(4), .. })), "{:?}", with(&gap));
    let foreign = String::from_utf8(checked(br#"{"schema_version":1,"sequence":6,"op":"merge"}"#)).expect("text");
    assert!(matches!(with(&[&lines[..], &[foreign.trim_end()]].concat()), Err(Error::Corrupt { line: Some(6), .. })));
    assert!(matches!(with(&lines[1..]), Err(Error::Corrupt { .. })), "no beginning");
    assert!(matches!(with(&lines[..1]), Err(Error::Corrupt { .. })), "half a snapshot");
    let held = with(&lines).expect("as it was");
    assert_eq!(held, expected);
}

#[test]
fn a_missing_log_beside_its_segments_is_corrupt_and_not_empty() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), Options::default());
    acquire(&store, 1, 1, 1).expect("free");
    std::fs::remove_file(log(dir.path())).expect("removed");
    assert!(matches!(ledger(&store), Err(Error::Corrupt { .. })));
    let outcome = store.transact(&NOON, Duration::ZERO, |_, _| unreachable!("nothing is decided on a log that is not there"));
    assert!(matches!(outcome, Err(Error::Corrupt { .. })));
}

#[test]
fn segments_follow_one_another_and_every_fate_is_found() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), small());
    for n in 0..60 {
        acquire(&store, n, n.into(), 1).expect("free");
        if n % 10 != 0 {
            release(&store, n, 1).expect("held");
        }
    }
    let closed = std::fs::read_dir(dir.path().join("jit")).expect("listed").flatten();
    let names: Vec<String> = closed.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(names.iter().filter(|name| name.starts_with("claims-")).count() > 2, "{names:?}");
    assert!(!names.iter().any(|name| name.starts_with(".jit-tmp")), "{names:?}");
    let ledger = store.ledger().expect("read");
    assert_eq!(ledger.leases().count(), 6);
    assert_eq!(
        ledger.lease_on(issue(0)).map(|lease| lease.token),
        Some(3),
        "the sequence after the two lines of the header, through every segment"
    );
    let fates = store.verify(&(0..61).map(lease_id).collect::<Vec<_>>()).expect("read");
    for n in 0..60 {
        let outcome = &fates[&lease_id(n)];
        assert!(
            if n % 10 != 0 { *outcome == LeaseOutcome::Concluded } else { matches!(outcome, LeaseOutcome::Current(_)) },
            "{n}: {outcome:?}"
        );
    }
    assert_eq!(fates[&lease_id(60)], LeaseOutcome::Unknown);
}

#[test]
fn a_crash_at_each_step_of_the_switch_is_finished_by_the_next_writer() {
    let dir = tempfile::tempdir().expect("a directory");
    let sealed = store(dir.path(), Options::default());
    acquire(&sealed, 1, 1, 1).expect("free");
    let mut segment = sealed.open_to_append(&NOON).expect("open");
    assert!(sealed.append_record(&mut segment, &LogRecord::Seal).expect("written"));
    let jit = dir.path().join("jit");
    let (current, first, second) = (log(dir.path()), jit.join("claims-1.jsonl"), jit.join("claims-2.jsonl"));
    let check = |what: &str, n: u64| {
        assert!(sealed.ledger().expect("read").lease_on(issue(1)).is_some(), "{what}: readers");
        assert!(acquire(&sealed, 100 + n, 1, 2).is_err(), "{what}: rivals");
        acquire(&sealed, n, n.into(), 1).expect("free");
        assert!(first.exists() && second.exists(), "{what}");
        assert_eq!(std::fs::read(&current).expect("read"), std::fs::read(&second).expect("read"), "{what}");
    };
    let closed = std::fs::read(&current).expect("read");
    std::fs::remove_file(&first).expect("removed");
    check("sealed, and nothing more", 2);
    // The new segment has its name and the old one is still the current one.
    file::replace(&current, &closed, Modes::PRIVATE).expect("written");
    check("the successor is there", 3);
    std::fs::remove_file(&first).expect("removed");
    file::replace(&current, &closed, Modes::PRIVATE).expect("written");
    check("the successor is there and the archive's name is not", 4);
    assert_eq!(sealed.ledger().expect("read").leases().count(), 4);
}

#[test]
fn a_writer_with_the_old_segment_open_loses_and_goes_on_in_the_new_one() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), Options { lock: false, ..Options::default() });
    acquire(&store, 1, 1, 1).expect("free");
    let mut slow = store.open_to_append(&NOON).expect("open");
    let mut fast = store.open_to_append(&NOON).expect("open");
    store.append_record(&mut fast, &LogRecord::Seal).expect("written");
    store.begin_next(&fast, &NOON.now()).expect("switched");
    let event = LeaseEvent::Release { lease_id: lease_id(1), reason: None };
    assert!(!store.append(&mut slow, &only(event), &NOON.now()).expect("written"), "nothing after the seal counts");
    store.begin_next(&fast, &NOON.now()).expect("a slow writer switches too");
    assert!(store.ledger().expect("read").lease_on(issue(1)).is_some());
    release(&store, 1, 1).expect("held, in the new segment");
}

#[test]
fn without_any_lock_there_is_still_one_holder() {
    let dir = tempfile::tempdir().expect("a directory");
    let options = Options { lock: false, sync: false, segment_bytes: 4_000, index_lag: 1_000 };
    let store = store(dir.path(), options);
    let granted: Vec<u64> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..8u32)
            .map(|who| {
                let store = store.clone();
                scope.spawn(move || {
                    let ids = (0..40u64).map(|n| (n, u64::from(who) * 1000 + n));
                    let won = ids.filter(|(n, id)| acquire(&store, *id, u128::from(*n), who).is_ok());
                    won.map(|(n, _)| n).collect::<Vec<_>>()
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("no panic")).collect()
    });
    let mut sorted = granted.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, (0..40).collect::<Vec<_>>(), "each issue was granted once");
    assert_eq!(store.ledger().expect("read").leases().count(), 40);
}

#[test]
fn what_lapsed_long_ago_is_not_carried_on_and_what_lapsed_just_now_is() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), small());
    acquire(&store, 1, 1, 1).expect("free");
    let clock = LogClock(FORGOTTEN_AFTER_MS + 600_000);
    let grant = |n: u64| Grant {
        lease_id: lease_id(n),
        issue_id: issue(n.into()),
        holder: holder(1),
        branch: None,
        ttl_secs: 1,
        reason: None,
    };
    ask(&store, &Request::Acquire(grant(2)), &clock).expect("free");
    for n in 3..20 {
        ask(&store, &Request::Acquire(grant(n)), &clock).expect("free");
        let request = Request::Release { lease_id: lease_id(n), holder: holder(1), closing: false, reason: None };
        ask(&store, &request, &clock).expect("held");
    }
    let ledger = store.ledger().expect("read");
    assert!(ledger.lease_on(issue(1)).is_none() && ledger.lease_on(issue(2)).is_some());
    assert_eq!(store.verify(&[lease_id(1)]).expect("read")[&lease_id(1)], LeaseOutcome::Unknown);
}

#[test]
fn a_record_in_a_file_that_is_the_log_no_more_does_not_count() {
    let dir = tempfile::tempdir().expect("a directory");
    let store = store(dir.path(), Options::default());
    acquire(&store, 1, 1, 1).expect("free");
    let mut slow = store.open_to_append(&NOON).expect("open");
    for name in ["claims.jsonl", "claims-1.jsonl"] {
        std::fs::remove_file(dir.path().join("jit").join(name)).expect("removed");
    }
    store.create().expect("another log");
    let event = LeaseEvent::Release { lease_id: lease_id(1), reason: None };
    assert!(!store.append(&mut slow, &only(event), &NOON.now()).expect("written"));
}
