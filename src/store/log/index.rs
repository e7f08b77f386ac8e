//! The index: a cache of the ledger at an offset of the log. It can be deleted at any time.
//!
//! It contains the generation of its segment, the last bytes before its offset, and a checksum. An index that is missing, torn
//! or about another segment is ignored, and the log is replayed; a missing index never means "no leases". It is written when
//! the log is durable up to its offset, so a log that is shorter than its index was damaged.
//!
//! It is JSON: the head on a line of its own, then one string per lease with its fields separated by blanks. Every command reads
//! it, and decoding a thousand objects would take longer than the rest of the command.

mod word;

use std::fmt::{self, Write};
use std::path::Path;

use gix::bstr::Finder;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::clone::Ownership;
use crate::domain::id::{CloneId, Holder, LeaseId};
use crate::domain::lease::{Lease, LeaseFilter, Ledger};
use crate::domain::time::ClockReading;
use crate::store;
use crate::store::log::disk::Disk;
use crate::store::log::index::word::{NOTHING, put_word, text};
use crate::store::log::record;
use crate::store::log::segment::Segment;

/// The version that is written and read. An index of another version is ignored.
const SCHEMA_VERSION: u32 = 3;
/// How many bytes of the log the index repeats; they include the last record's checksum.
const TAIL: u64 = 64;
/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;
const BEGIN: &[u8] = b"{\"head\":";
const MIDDLE: &[u8] = b",\"leases\":[";
const END: &str = "]}\n";

#[derive(Debug, Serialize, Deserialize)]
struct IndexHeader {
    schema_version: u32,
    generation: String,
    offset: u64,
    tail: String,
    sequence: u64,
    /// The clock domains, which the rows refer to by number; empty in memory.
    domains: Vec<String>,
    /// The clones, which the rows refer to by number; empty in memory.
    clones: Vec<CloneId>,
    /// The CRC-32 of the rows; 0 in memory.
    rows: u32,
}

/// The ledger at an offset of the log.
#[derive(Debug)]
pub(crate) struct Index {
    head: IndexHeader,
    ledger: Ledger,
}

impl Index {
    /// The index of a segment up to where it was read; `None` if it is closed, since a reader that continues from the index would
    /// miss that.
    pub(crate) fn of(segment: &mut Segment) -> store::Result<Option<Self>> {
        if segment.is_sealed {
            return Ok(None);
        }
        let tail = segment.bytes_at(segment.offset.saturating_sub(TAIL), TAIL.min(segment.offset))?;
        // If the offset is inside a character, no index is written, which is no loss.
        let Ok(tail) = String::from_utf8(tail) else { return Ok(None) };
        let (generation, ledger) = (segment.generation.clone(), segment.ledger.clone());
        let (offset, sequence) = (segment.offset, ledger.sequence);
        let (domains, clones) = (Vec::new(), Vec::new());
        let head = IndexHeader { schema_version: SCHEMA_VERSION, generation, offset, tail, sequence, domains, clones, rows: 0 };
        Ok(Some(Self { head, ledger }))
    }

    /// The bytes after the index's offset in this segment; `None` if the index is about another segment.
    ///
    /// The log was durable up to this offset when the index was written, so a shorter segment has lost its end.
    pub(crate) fn rest(&self, segment: &mut Segment) -> store::Result<Option<Vec<u8>>> {
        if self.head.generation != segment.generation {
            return Ok(None);
        }
        let tail = self.head.tail.as_bytes();
        let bytes = segment.bytes_at(self.head.offset.saturating_sub(tail.len() as u64), u64::MAX)?;
        let why = || format!("is shorter than its index, which covers record {}: its end was lost", self.head.sequence);
        let rest = bytes.strip_prefix(tail).ok_or_else(|| segment.corrupt(u64::MAX, why()))?;
        Ok(Some(rest.to_vec()))
    }

    /// The sequence of the last record that it covers.
    pub(crate) fn sequence(&self) -> u64 {
        self.head.sequence
    }

    /// The ledger and its offset.
    pub(crate) fn into_parts(self) -> (Ledger, u64) {
        (self.ledger, self.head.offset)
    }
}

/// The index at `path`, if it is intact.
pub(crate) fn read(disk: &dyn Disk, path: &Path, ownership: &Ownership) -> Option<Index> {
    decode(&disk.read(path).ok()??, ownership, |_| true)
}

/// The index with the leases that match a filter, and perhaps others; it must not be written back.
pub(crate) fn read_about(disk: &dyn Disk, path: &Path, ownership: &Ownership, filter: &LeaseFilter<'_>) -> Option<Index> {
    decode_about(&disk.read(path).ok()??, ownership, filter)
}

fn decode_about(bytes: &[u8], ownership: &Ownership, filter: &LeaseFilter<'_>) -> Option<Index> {
    match filter {
        LeaseFilter::All => decode(bytes, ownership, |_| true),
        LeaseFilter::Worktree(worktree) => {
            let worktree = worktree.to_string();
            let finder = Finder::new(&worktree);
            decode(bytes, ownership, |row| finder.find(row).is_some())
        }
        LeaseFilter::Issues(issues) => {
            let issue = |row: &str| row.strip_prefix('"')?.split(' ').next()?.parse().ok();
            decode(bytes, ownership, |row| issue(row).is_some_and(|issue| issues.contains(&issue)))
        }
    }
}

/// Writes the index; returns whether that succeeded. A failure only costs speed.
pub(crate) fn write(disk: &dyn Disk, path: &Path, segment: &mut Segment) -> bool {
    let index = Index::of(segment).ok().flatten();
    index.is_some_and(|index| disk.replace(path, &encode(index, &segment.ownership)).is_ok())
}

/// Decodes an index, with the leases of the wanted rows.
fn decode(bytes: &[u8], ownership: &Ownership, wanted: impl Fn(&str) -> bool) -> Option<Index> {
    let (head, rows) = bytes.split_at_checked(bytes.iter().position(|byte| *byte == b'\n')?)?;
    let rows = rows.get(1..)?;
    let head = head.strip_prefix(BEGIN)?.strip_suffix(MIDDLE)?;
    let head: IndexHeader = serde_json::from_slice(&record::unchecked(head)?).ok()?;
    if head.schema_version != SCHEMA_VERSION || head.rows != crc32fast::hash(rows) {
        return None;
    }
    let rows = std::str::from_utf8(rows).ok()?.strip_suffix(END)?;
    // Collecting a thousand leases first would move each of them three times.
    let mut is_whole = true;
    let clones: Vec<Option<CloneId>> = head.clones.iter().map(|id| ownership.read(Some(*id))).collect();
    let clone_of =
        |field: &str| if field == "-" { Some(ownership.read(None)) } else { clones.get(field.parse::<usize>().ok()?).copied() };
    let leases = rows.lines().filter(|row| wanted(row)).map_while(|row| {
        let lease = bare(row).and_then(|row| lease(row, &head.domains, clone_of));
        is_whole &= lease.is_some();
        lease
    });
    let ledger = Ledger::restored(head.sequence, leases);
    is_whole.then_some(Index { head, ledger })
}

/// A row without its quotes and the comma after it.
fn bare(row: &str) -> Option<&str> {
    match row.as_bytes() {
        [b'"', text @ .., b'"', b','] | [b'"', text @ .., b'"'] => row.get(1..=text.len()),
        _ => None,
    }
}

fn encode(Index { head, ledger }: Index, ownership: &Ownership) -> Vec<u8> {
    let (mut domains, mut clones) = (Vec::new(), Vec::new());
    let mut rows = String::new();
    for lease in ledger.leases() {
        rows.push_str(if rows.is_empty() { "\"" } else { ",\n\"" });
        put_row(&mut rows, lease, (&mut domains, &mut clones), ownership).expect("text is written into memory");
        rows.push('"');
    }
    rows.push_str(if rows.is_empty() { END } else { "\n]}\n" });
    let head = IndexHeader { domains, clones, rows: crc32fast::hash(rows.as_bytes()), ..head };
    let head = record::checked(&serde_json::to_vec(&head).expect("a head serializes into memory"));
    [BEGIN, head.trim_ascii_end(), MIDDLE, b"\n", rows.as_bytes()].concat()
}

/// Removes and returns the text before a separator, or all of it. Faster for short texts than a search that is made for long ones.
fn cut<'r>(rest: &mut &'r str, stamp: u8) -> &'r str {
    let end = rest.bytes().position(|byte| byte == stamp);
    let (first, behind) = end.map_or((*rest, ""), |end| (&rest[..end], &rest[end + 1..]));
    *rest = behind;
    first
}

/// Appends the row of a lease. Its clock domains and its clone are added to the tables if they are new.
fn put_row(
    row: &mut String,
    lease: &Lease,
    (domains, clones): (&mut Vec<String>, &mut Vec<CloneId>),
    ownership: &Ownership,
) -> fmt::Result {
    let Lease { lease_id, issue_id, holder, ttl_secs, token, version, .. } = lease;
    write!(row, "{issue_id} {lease_id} {} {} ", holder.agent_id, holder.worktree_id)?;
    match ownership.written(holder.clone_id) {
        Some(id) => write!(row, "{}", number(id, clones))?,
        None => row.push(char::from(NOTHING)),
    }
    write!(row, " {ttl_secs} {token} {version} ")?;
    put_reading(row, &lease.since, domains)?;
    let (acquired, beaten) = (lease.acquired_at.as_nanosecond(), lease.last_beat.as_nanosecond());
    write!(row, " {acquired} {beaten} {} ", u8::from(lease.closing))?;
    put_word(row, lease.branch.as_ref())?;
    row.push(' ');
    put_word(row, lease.reason.as_ref())?;
    for (n, reading) in lease.observed.iter().enumerate() {
        row.push(if n == 0 { ' ' } else { ',' });
        put_reading(row, reading, domains)?;
    }
    Ok(())
}

/// Appends a clock reading. Its domain is written as a number, which is assigned if the domain is new.
fn put_reading(row: &mut String, reading: &ClockReading, domains: &mut Vec<String>) -> fmt::Result {
    let number = match domains.iter().position(|domain| *domain == reading.domain) {
        Some(number) => number,
        None => number(reading.domain.clone(), domains),
    };
    write!(row, "{number}:{}", reading.millis)?;
    reading.fast_millis.map_or(Ok(()), |fast| write!(row, ":{fast}"))
}

/// The number of a value in its table, to which it is added if it is new.
fn number<T: PartialEq>(value: T, table: &mut Vec<T>) -> usize {
    let known = table.iter().position(|known| *known == value);
    known.unwrap_or_else(|| {
        table.push(value);
        table.len() - 1
    })
}

fn lease(row: &str, domains: &[String], clone_of: impl Fn(&str) -> Option<Option<CloneId>>) -> Option<Lease> {
    let mut rest = row;
    let mut next = || if rest.is_empty() { None } else { Some(cut(&mut rest, b' ')) };
    let reading = |field: &str| {
        let mut fast = field;
        let (number, millis) = (cut(&mut fast, b':'), cut(&mut fast, b':'));
        let domain = domains.get(number.parse::<usize>().ok()?)?.clone();
        let fast_millis = if fast.is_empty() { None } else { Some(fast.parse().ok()?) };
        Some(ClockReading { domain, millis: millis.parse().ok()?, fast_millis })
    };
    // Until the year 2262 the number fits into 64 bits, for which parsing and division are much faster.
    let time = |field: &str| match field.parse::<i64>() {
        Ok(nanos) => Timestamp::new(nanos.div_euclid(SECOND), i32::try_from(nanos.rem_euclid(SECOND)).ok()?).ok(),
        Err(_) => Timestamp::from_nanosecond(field.parse().ok()?).ok(),
    };
    Some(Lease {
        issue_id: next()?.parse().ok()?,
        lease_id: LeaseId::new(next()?),
        holder: {
            let holder = Holder::here(next()?.parse().ok()?, next()?.parse().ok()?);
            Holder { clone_id: clone_of(next()?)?, ..holder }
        },
        ttl_secs: next()?.parse().ok()?,
        token: next()?.parse().ok()?,
        version: next()?.parse().ok()?,
        since: reading(next()?)?,
        acquired_at: time(next()?)?,
        last_beat: time(next()?)?,
        closing: next()? == "1",
        branch: text(next()?).ok()?,
        reason: text(next()?).ok()?,
        observed: next().unwrap_or_default().split_terminator(',').map(reading).collect::<Option<_>>()?,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::domain::lease::{LeaseEvent, Limits, decide};
    use crate::domain::time::Clock;
    use crate::lease::conformance::{TestClock, lease_id, request, with_new_id};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn every_ledger_survives_its_index_and_no_bytes_make_it_panic(
            steps in proptest::collection::vec(request(), 0..40),
            branch in proptest::option::of(".*"),
            clone in proptest::option::of(1u64..4),
            stranger in proptest::option::of(5u64..9),
            noise in proptest::collection::vec(any::<u8>(), 0..200),
            at in any::<prop::sample::Index>(),
        ) {
            let mut ledger = Ledger::default();
            let mut millis = 0;
            for (n, (request, pause)) in (1u32..).zip(steps) {
                millis += pause;
                let now = TestClock::at(millis).now();
                let decision = decide(&ledger, &with_new_id(&request, lease_id(n)), &now, &Limits::default());
                for mut event in decision.events {
                    if let LeaseEvent::Acquire(grant) = &mut event {
                        (grant.branch, grant.reason) = (branch.clone(), branch.clone());
                        if n % 3 == 0 {
                            grant.holder.clone_id = stranger.map(|bits| CloneId::from_bits(bits.into()));
                        }
                    }
                    ledger.apply(ledger.sequence + 1, &event, &now);
                }
            }
            let observer = crate::domain::time::Now {
                clock: ClockReading { fast_millis: Some(9), ..ClockReading::new("another\t\"boot\"", 7) },
                wall: Timestamp::UNIX_EPOCH,
            };
            for lease in ledger.leases().cloned().collect::<Vec<_>>() {
                let observe = LeaseEvent::Observe { lease_id: lease.lease_id, version: lease.version };
                ledger.apply(ledger.sequence + 1, &observe, &observer);
            }
            let own = clone.map(|bits| CloneId::from_bits(bits.into()));
            let ownership = Ownership { own, founder: own };
            let (generation, tail, sequence) = ("g".to_owned(), "tail".to_owned(), ledger.sequence);
            let head = IndexHeader { schema_version: SCHEMA_VERSION, generation, offset: 70, tail, sequence, domains: Vec::new(), clones: Vec::new(), rows: 0 };
            let mut bytes = encode(Index { head, ledger: ledger.clone() }, &ownership);
            let index = decode(&bytes, &ownership, |_| true).expect("whole");
            prop_assert_eq!(&index.ledger, &ledger);
            prop_assert!(serde_json::from_slice::<serde_json::Value>(&bytes).is_ok(), "a .json file is JSON");
            for lease in ledger.leases() {
                let (worktree, issues) = (&lease.holder.worktree_id, HashSet::from([lease.issue_id]));
                let of_worktree = decode_about(&bytes, &ownership, &LeaseFilter::Worktree(worktree)).expect("whole").ledger;
                let held = |ledger: &Ledger| {
                    ledger.leases().filter(|lease| lease.holder.worktree_id == *worktree).cloned().collect::<Vec<_>>()
                };
                prop_assert_eq!(held(&of_worktree), held(&ledger));
                let on_issue = decode_about(&bytes, &ownership, &LeaseFilter::Issues(&issues)).expect("whole").ledger;
                prop_assert_eq!(on_issue.leases().collect::<Vec<_>>(), [lease]);
                prop_assert_eq!((of_worktree.sequence, on_issue.sequence), (ledger.sequence, ledger.sequence));
            }
            prop_assert!(decode(&noise, &ownership, |_| true).is_none());
            // Garbage with a valid checksum does not panic.
            let rows = format!("\"{}\"\n]}}\n", String::from_utf8_lossy(&noise));
            let head = IndexHeader { rows: crc32fast::hash(rows.as_bytes()), ..index.head };
            let head = record::checked(&serde_json::to_vec(&head).expect("text"));
            let _ = decode(&[BEGIN, head.trim_ascii_end(), MIDDLE, b"\n", rows.as_bytes()].concat(), &ownership, |_| true);
            let at = at.index(bytes.len());
            bytes[at] = bytes[at].wrapping_add(1);
            prop_assert!(decode(&bytes, &ownership, |_| true).is_none_or(|index| index.ledger == ledger));
        }
    }
}
