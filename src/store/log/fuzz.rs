//! Arbitrary bytes in the log: no panic, a prefix never contradicts the complete log, and `recover` always gives a usable log.
//!
//! `PROPTEST_CASES=100000 cargo test --release --lib log::fuzz` is the long form.

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use proptest::sample::Index as Place;

use super::*;
use crate::domain::clone::Ownership;
use crate::domain::lease::decide;
use crate::lease::conformance::{TestClock, grant, issue, lease_id, request, with_new_id};
use crate::store::log::segment::{SegmentLine, first_lines};

const LOCAL: LocalDisk = LocalDisk { modes: Modes::PRIVATE };
/// Errors that disappear when the log grows.
const TOO_SHORT: [&str; 2] = ["does not begin with a snapshot", "ends before its snapshot does"];

/// Damage to a file by a torn write, a bad disk, an editor or a merge tool.
#[derive(Debug, Clone)]
enum Harm {
    Flip(Place, u8),
    Insert(Place, Vec<u8>),
    Cut(Place, usize),
    Repeat(Place),
    Swap(Place, Place),
    /// An invalid line with a valid checksum.
    Forge(Place, u64, &'static str),
}

fn harm() -> impl Strategy<Value = Harm> {
    let place = any::<Place>;
    let word = proptest::sample::select(vec!["seal", "snapshot", "snapshot-begin", "snapshot-end", "heartbeat", "acquire", "?"]);
    prop_oneof![
        3 => (place(), any::<u8>()).prop_map(|(at, bits)| Harm::Flip(at, bits)),
        2 => (place(), proptest::collection::vec(any::<u8>(), 0..60)).prop_map(|(at, bytes)| Harm::Insert(at, bytes)),
        2 => (place(), 0usize..600).prop_map(|(at, length)| Harm::Cut(at, length)),
        2 => place().prop_map(Harm::Repeat),
        2 => (place(), place()).prop_map(|(one, other)| Harm::Swap(one, other)),
        1 => (place(), prop_oneof![4 => 0u64..40, 1 => any::<u64>(), 1 => Just(u64::MAX)], word).prop_map(|(at, sequence, op)| Harm::Forge(at, sequence, op)),
    ]
}

fn lines(bytes: &[u8]) -> Vec<Vec<u8>> {
    bytes.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect()
}

impl Harm {
    fn apply(&self, bytes: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        let mut all = lines(bytes);
        let line = |place: &Place| place.index(all.len());
        match self {
            Self::Flip(at, bits) => {
                let at = at.index(bytes.len());
                bytes[at] ^= bits;
                return;
            }
            Self::Insert(at, more) => {
                let at = at.index(bytes.len());
                bytes.splice(at..at, more.iter().copied());
                return;
            }
            Self::Cut(at, length) => {
                let at = at.index(bytes.len());
                bytes.drain(at..bytes.len().min(at + length));
                return;
            }
            Self::Repeat(at) => all.insert(line(at), all[line(at)].clone()),
            Self::Swap(one, other) => {
                let (one, other) = (line(one), line(other));
                all.swap(one, other);
            }
            Self::Forge(at, sequence, op) => {
                let (issue, most) = (issue(3).to_string(), u64::MAX);
                let object = serde_json::json!({
                    "schema_version": 1, "sequence": sequence, "op": op, "lease_id": "x", "issue_id": issue, "agent_id": "agent:a",
                    "worktree_id": "wt:00000001", "ttl_secs": most, "at": "9999-01-01T00:00:00Z", "clock_domain": "test",
                    "clock_ms": most, "generation": "x", "segment": most,
                });
                all.insert(line(at), checked(object.to_string().as_bytes()));
            }
        }
        *bytes = all.concat();
    }
}

/// A complete log and its ledger.
fn log(steps: &[(Request, u64)]) -> (Vec<u8>, Ledger) {
    let (clock, mut ledger) = (TestClock::at(0), Ledger::default());
    let mut bytes = first_lines(0, "generation", 1, &Ownership::default(), std::iter::empty());
    ledger.sequence = 2;
    for (n, (request, pause)) in (1u32..).zip(steps) {
        clock.0.fetch_add(*pause, Ordering::Relaxed);
        let at = clock.now();
        for event in decide(&ledger, &with_new_id(request, lease_id(n)), &at, &Limits::default()).events {
            ledger.apply(ledger.sequence + 1, &event, &at);
            bytes.extend(record::LogRecord::Event { event, at: at.clone() }.line(ledger.sequence, &Ownership::default()));
        }
    }
    (bytes, ledger)
}

/// Every line that counts with its offset, and the ledger or the error.
type Reading = (Vec<(u64, SegmentLine)>, std::result::Result<Ledger, String>);

fn reading(path: &Path, bytes: &[u8]) -> Reading {
    LOCAL.replace(path, bytes).expect("written");
    let mut counted = Vec::new();
    let ledger = Segment::open(&LOCAL, path, Ownership::default(), false).and_then(|segment| {
        let mut segment = segment.expect("there is a file");
        let mut offset = segment.offset;
        segment.advance(|line, outcome| {
            if let SegmentLine::Counted(record) = outcome {
                counted.push((offset, SegmentLine::Counted(record.clone())));
            }
            offset += line.len() as u64;
        })?;
        Ok(segment.ledger)
    });
    (counted, ledger.map_err(|error| error.to_string()))
}

/// Checks that reading on in a log that grows, with or without its index, gives the same result as reading it from the start.
fn agrees(dir: &Path, short: &[u8], whole: &[u8]) -> std::result::Result<(), TestCaseError> {
    let path = dir.join("log");
    let (all, outcome) = reading(&path, whole);
    let (counted, before) = reading(&path, short);
    prop_assert!(all.starts_with(&counted), "{counted:?}\n{all:?}");
    if let Err(why) = &before {
        prop_assert!(outcome.is_err() || TOO_SHORT.iter().any(|short| why.contains(short)), "{why}");
        return Ok(());
    }
    let open = || Segment::open(&LOCAL, &path, Ownership::default(), false).expect("it was read before").expect("there is a file");
    let mut segment = open();
    segment.advance(|_, _| {}).expect("it was read before");
    index::write(&LOCAL, &dir.join("index"), &mut segment);
    let index = index::read(&LOCAL, &dir.join("index"), &Ownership::default());
    let mut log = LOCAL.open(&path, true).expect("opened").expect("there is a file");
    log.append(&whole[short.len()..]).expect("written");
    let went_on = segment.advance(|_, _| {}).map(|()| segment.ledger).map_err(|error| error.to_string());
    prop_assert_eq!(&went_on, &outcome);
    let Some(index) = index else { return Ok(()) };
    let mut segment = open();
    let rest = index.rest(&mut segment).expect("nothing was lost").expect("it is about this segment");
    let resumed = segment.resume(index.into_parts(), &rest).map(|()| segment.ledger).map_err(|error| error.to_string());
    prop_assert_eq!(resumed, outcome);
    Ok(())
}

proptest! {
    #[test]
    fn a_prefix_of_any_bytes_never_contradicts_the_whole(
        steps in proptest::collection::vec(request(), 0..40),
        harms in proptest::collection::vec(harm(), 0..4),
        cuts in proptest::collection::vec(any::<Place>(), 1..6),
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut bytes, _) = log(&steps);
        for harm in &harms {
            harm.apply(&mut bytes);
        }
        for cut in cuts {
            let at = cut.index(bytes.len() + 1);
            agrees(dir.path(), &bytes[..at], &bytes)?;
            // Also cut at the end of a line.
            let whole_lines = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
            agrees(dir.path(), &bytes[..whole_lines], &bytes)?;
        }
    }

    #[test]
    fn any_bytes_are_recovered_and_no_token_is_given_twice(
        steps in proptest::collection::vec(request(), 0..40),
        harms in proptest::collection::vec(harm(), 0..4),
        noise in proptest::option::of(proptest::collection::vec(any::<u8>(), 0..300)),
    ) {
        let dir = tempfile::tempdir().expect("a directory");
        let (mut bytes, before) = log(&steps);
        for harm in &harms {
            harm.apply(&mut bytes);
        }
        LOCAL.replace(&dir.path().join("claims.jsonl"), &noise.unwrap_or(bytes)).expect("written");
        let store = LeaseLog::new(dir.path(), Modes::PRIVATE, Options { sync: false, ..Options::default() });
        let (clock, was_readable) = (TestClock::at(1_000_000), store.ledger().is_ok());
        let _ = store.examine();
        let _ = store.history(&mut |_| {});
        let told = match store.recover(true) {
            // What a newer program wrote is not thrown away: only that program recovers it.
            Err(Error::Corrupt { why, .. }) if why.contains("newer git jit") => {
                let file = dir.path().join("claims.jsonl");
                let before = std::fs::read(&file).expect("there");
                prop_assert!(store.recover(false).is_err());
                prop_assert_eq!(std::fs::read(&file).expect("there"), before);
                return Ok(());
            }
            told => told.expect("told"),
        };
        prop_assert_eq!(store.ledger().is_ok(), was_readable, "telling changes nothing");
        let done = store.recover(false).expect("recovered");
        prop_assert_eq!(&told.found, &done.found);
        let after = store.ledger().expect("readable");
        prop_assert!(!done.found.is_empty() || was_readable, "{:?}", done);
        if !was_readable {
            prop_assert!(after.sequence > before.sequence, "{} {}", after.sequence, before.sequence);
        }
        prop_assert!(store.recover(false).expect("whole").found.is_empty(), "once is enough");
        let again = ask_for(&store, &clock);
        prop_assert!(again > after.sequence);
    }
}

/// The token of a grant on a free issue.
fn ask_for(store: &LeaseLog, clock: &TestClock) -> u64 {
    let wanted = grant(900, 900, 1, 10);
    let (_, ledger) = store.ask(clock, &Request::Acquire(wanted), &Limits::default()).expect("writable");
    ledger.lease(&lease_id(900)).expect("granted").token
}
