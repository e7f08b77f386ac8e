//! The format of a line of the log: a record as JSON, with a checksum.
//!
//! `{"schema_version":2,"sequence":7,"op":"acquire",…,"crc":"1f2e3d4c"}`: the CRC-32 of everything before `,"crc":`. A line with a
//! wrong checksum is ignored. An intact line that this program does not understand was written by a newer one, and is an error.

use gix::bstr::ByteSlice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::clone::Ownership;
use crate::domain::id::{AgentId, CloneId, Holder, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Grant, Lease, LeaseEvent};
use crate::domain::time::{ClockReading, Now};

/// The version that is written, and the highest that is read. Version 1 is that of git jit 0.1: it has fewer operations and fields.
pub(crate) const SCHEMA_VERSION: u32 = 2;
/// Operations that version 2 names and this program does not use yet. A log that has one must not be judged without it.
const RESERVED: [&str; 7] = ["settle", "reopen", "intend", "ack", "void", "foreign", "gone"];
/// The operations of events that this program uses.
const EVENTS: [&str; 9] = ["acquire", "renew", "heartbeat", "close", "release", "transfer", "auto-evict", "force-evict", "observe"];
/// The operations of segments.
const SEGMENTS: [&str; 4] = ["snapshot-begin", "snapshot", "snapshot-end", "seal"];
/// The length limit of a line in bytes, newline included: every file system writes this much at once.
pub(crate) const LONGEST_LINE: usize = 4096;

/// The highest sequence that is accepted: a higher one is an error, and counting up from this one does not overflow.
const HIGHEST_SEQUENCE: u64 = u64::MAX / 2;

/// A record of the log.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum LogRecord {
    /// A lease event.
    Event { event: LeaseEvent, at: Now },
    /// The first record of a segment: a random `generation` and the number of the segment. The snapshot's leases follow.
    SnapshotBegin { generation: String, segment: u64 },
    /// A lease of the snapshot.
    Snapshot(Box<Lease>),
    /// The snapshot is complete; events follow.
    SnapshotEnd,
    /// The segment is closed: nothing after this line counts.
    Seal,
}

impl LogRecord {
    /// This record, which is stored in the log, as the owner of the log sees it.
    pub(crate) fn read_by(mut self, ownership: &Ownership) -> Self {
        if let Some(holder) = self.holder_mut() {
            holder.clone_id = ownership.read(holder.clone_id);
        }
        self
    }

    /// This record as it is stored in the log.
    fn written_by(mut self, ownership: &Ownership) -> Self {
        if let Some(holder) = self.holder_mut() {
            holder.clone_id = ownership.written(holder.clone_id);
        }
        self
    }

    /// The holder of the lease that it grants or repeats.
    fn holder_mut(&mut self) -> Option<&mut Holder> {
        match self {
            Self::Event { event: LeaseEvent::Acquire(grant) | LeaseEvent::Transfer { grant, .. }, .. } => Some(&mut grant.holder),
            Self::Snapshot(lease) => Some(&mut lease.holder),
            Self::Event { .. } | Self::SnapshotBegin { .. } | Self::SnapshotEnd | Self::Seal => None,
        }
    }

    /// The line of this record in the log of `ownership`, newline included.
    pub(crate) fn line(&self, sequence: u64, ownership: &Ownership) -> Vec<u8> {
        encode(sequence, &self.clone().written_by(ownership))
    }
}

/// Why a line cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unusable {
    /// The checksum is wrong: the line was torn, garbled or truncated, and never counted.
    Noise,
    /// It is intact, but this program does not understand it.
    Foreign(String),
    /// It is intact and was written by a newer program.
    Newer(String),
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct RecordJson {
    schema_version: u32,
    sequence: u64,
    op: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease_id: Option<LeaseId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    issue_id: Option<IssueId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_id: Option<AgentId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worktree_id: Option<WorktreeId>,
    /// The clone of the holder; absent in what 0.1 wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    clone: Option<CloneId>,
    #[serde(skip_serializing_if = "Option::is_none")]
    branch: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ttl_secs: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    /// The lease that a transfer grants.
    #[serde(skip_serializing_if = "Option::is_none")]
    new_lease_id: Option<LeaseId>,
    /// The record that an observation is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_domain: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_ms: Option<u64>,
    /// The same with time spent suspended.
    #[serde(skip_serializing_if = "Option::is_none")]
    clock_fast: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    generation: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    segment: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    lease: Option<Box<Lease>>,
}

impl RecordJson {
    fn new(sequence: u64, op: &str) -> Self {
        Self { schema_version: SCHEMA_VERSION, sequence, op: op.to_owned(), ..Self::default() }
    }

    fn of_grant(sequence: u64, op: &str, grant: &Grant) -> Self {
        Self {
            lease_id: Some(grant.lease_id.clone()),
            issue_id: Some(grant.issue_id),
            agent_id: Some(grant.holder.agent_id.clone()),
            worktree_id: Some(grant.holder.worktree_id.clone()),
            clone: grant.holder.clone_id,
            branch: grant.branch.clone(),
            ttl_secs: Some(grant.ttl_secs),
            reason: grant.reason.clone(),
            ..Self::new(sequence, op)
        }
    }

    fn of_event(sequence: u64, event: &LeaseEvent) -> Self {
        let named = |op: &str| Self { lease_id: Some(event.lease_id().clone()), ..Self::new(sequence, op) };
        match event {
            LeaseEvent::Acquire(grant) => Self::of_grant(sequence, "acquire", grant),
            LeaseEvent::Renew { ttl_secs, reason, .. } => {
                Self { ttl_secs: Some(*ttl_secs), reason: reason.clone(), ..named("renew") }
            }
            LeaseEvent::Heartbeat { .. } => named("heartbeat"),
            LeaseEvent::Close { reason, .. } => Self { reason: reason.clone(), ..named("close") },
            LeaseEvent::Release { reason, .. } => Self { reason: reason.clone(), ..named("release") },
            LeaseEvent::Transfer { lease_id, grant } => {
                let row = Self::of_grant(sequence, "transfer", grant);
                Self { new_lease_id: row.lease_id.clone(), lease_id: Some(lease_id.clone()), ..row }
            }
            LeaseEvent::AutoEvict { .. } => named("auto-evict"),
            LeaseEvent::ForceEvict { by, reason, .. } => {
                Self { agent_id: Some(by.clone()), reason: Some(reason.clone()), ..named("force-evict") }
            }
            LeaseEvent::Observe { version, .. } => Self { version: Some(*version), ..named("observe") },
        }
    }

    fn grant(&mut self, lease_id: LeaseId) -> Option<Grant> {
        Some(Grant {
            lease_id,
            issue_id: self.issue_id?,
            holder: Holder { clone_id: self.clone, ..Holder::here(self.agent_id.take()?, self.worktree_id.take()?) },
            branch: self.branch.take(),
            ttl_secs: self.ttl_secs?,
            reason: self.reason.take(),
        })
    }

    fn event(mut self) -> Option<LeaseEvent> {
        let lease_id = self.lease_id.take()?;
        Some(match self.op.as_str() {
            "acquire" => LeaseEvent::Acquire(self.grant(lease_id)?),
            "renew" => LeaseEvent::Renew { lease_id, ttl_secs: self.ttl_secs?, reason: self.reason },
            "heartbeat" => LeaseEvent::Heartbeat { lease_id },
            "close" => LeaseEvent::Close { lease_id, reason: self.reason },
            "release" => LeaseEvent::Release { lease_id, reason: self.reason },
            "transfer" => {
                let new = self.new_lease_id.take()?;
                LeaseEvent::Transfer { lease_id, grant: self.grant(new)? }
            }
            "auto-evict" => LeaseEvent::AutoEvict { lease_id },
            "force-evict" => LeaseEvent::ForceEvict { lease_id, by: self.agent_id?, reason: self.reason? },
            "observe" => LeaseEvent::Observe { lease_id, version: self.version? },
            _ => return None,
        })
    }

    fn record(mut self) -> Option<LogRecord> {
        Some(match self.op.as_str() {
            "snapshot-begin" => LogRecord::SnapshotBegin { generation: self.generation?, segment: self.segment? },
            "snapshot" => LogRecord::Snapshot(self.lease?),
            "snapshot-end" => LogRecord::SnapshotEnd,
            "seal" => LogRecord::Seal,
            _ => {
                let clock =
                    ClockReading { fast_millis: self.clock_fast, ..ClockReading::new(self.clock_domain.take()?, self.clock_ms?) };
                let at = Now { clock, wall: self.at? };
                LogRecord::Event { event: self.event()?, at }
            }
        })
    }
}

/// The line of a record as it is stored, newline included.
fn encode(sequence: u64, record: &LogRecord) -> Vec<u8> {
    let row = match record {
        LogRecord::Event { event, at } => RecordJson {
            at: Some(at.wall),
            clock_domain: Some(at.clock.domain.clone()),
            clock_ms: Some(at.clock.millis),
            clock_fast: at.clock.fast_millis,
            ..RecordJson::of_event(sequence, event)
        },
        LogRecord::SnapshotBegin { generation, segment } => RecordJson {
            generation: Some(generation.clone()),
            segment: Some(*segment),
            ..RecordJson::new(sequence, "snapshot-begin")
        },
        LogRecord::Snapshot(lease) => RecordJson { lease: Some(lease.clone()), ..RecordJson::new(sequence, "snapshot") },
        LogRecord::SnapshotEnd => RecordJson::new(sequence, "snapshot-end"),
        LogRecord::Seal => RecordJson::new(sequence, "seal"),
    };
    checked(&serde_json::to_vec(&row).expect("a row serializes into memory"))
}

/// An object's text with its checksum as the last member, and a newline.
pub(crate) fn checked(object: &[u8]) -> Vec<u8> {
    let body = object.strip_suffix(b"}").unwrap_or(object);
    let mut line = body.to_vec();
    line.extend_from_slice(format!(",\"crc\":\"{:08x}\"}}\n", crc32fast::hash(body)).as_bytes());
    line
}

/// The object's text in a checked line, without its newline; `None` if the checksum is wrong.
pub(crate) fn unchecked(line: &[u8]) -> Option<Vec<u8>> {
    const TAIL: usize = ",\"crc\":\"00000000\"}".len();
    let (body, tail) = line.split_at_checked(line.len().checked_sub(TAIL)?)?;
    let crc = tail.strip_prefix(b",\"crc\":\"")?.strip_suffix(b"\"}")?;
    let crc = u32::from_str_radix(std::str::from_utf8(crc).ok()?, 16).ok()?;
    (crc == crc32fast::hash(body)).then(|| [body, b"}"].concat())
}

/// The sequence and the record of a line without its newline.
pub(crate) fn decode(line: &[u8]) -> Result<(u64, LogRecord), Unusable> {
    let object = unchecked(line).ok_or(Unusable::Noise)?;
    let foreign = |why: String| Unusable::Foreign(why);
    let row: RecordJson = serde_json::from_slice(&object).map_err(|error| foreign(format!("not a record: {error}")))?;
    if row.schema_version > SCHEMA_VERSION {
        return Err(Unusable::Newer(format!("schema_version {} was written by a newer git jit", row.schema_version)));
    }
    let (sequence, op) = (row.sequence, row.op.clone());
    if sequence > HIGHEST_SEQUENCE {
        return Err(foreign(format!("sequence {sequence} is out of range")));
    }
    if RESERVED.contains(&op.as_str()) || !EVENTS.iter().chain(&SEGMENTS).any(|known| *known == op) {
        let op: String = op.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(Unusable::Newer(format!("the operation '{op}' was written by a newer git jit")));
    }
    let record = row.record().ok_or_else(|| foreign(format!("incomplete operation '{op}'")))?;
    Ok((sequence, record))
}

/// Whether any line of these bytes may be a transfer, without decoding the lines.
pub(crate) fn may_have_transfers(bytes: &[u8]) -> bool {
    bytes.find(b"\"op\":\"transfer\"").is_some()
}

/// Whether any line of these bytes names a wanted lease, without decoding the lines.
///
/// This finds ids in lines that [`encode`] wrote. An id that another program spelled differently is not found and has no effect.
pub(crate) fn names_any(bytes: &[u8], is_wanted: impl Fn(&str) -> bool) -> bool {
    // The end of `"lease_id":"` and of `"new_lease_id":"`.
    const BEFORE: &[u8] = b"lease_id\":\"";
    let named = |at: usize| {
        let rest = &bytes[at + BEFORE.len()..];
        std::str::from_utf8(&rest[..rest.find_byte(b'"')?]).ok()
    };
    bytes.find_iter(BEFORE).filter_map(named).any(is_wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn grant(reason: Option<&str>) -> Grant {
        Grant {
            lease_id: LeaseId::new(ulid::Ulid::nil()),
            issue_id: IssueId::from_uuid(uuid::Uuid::nil()),
            holder: Holder::here("agent:a".parse().expect("an id"), WorktreeId::from_bits(1)),
            branch: Some("b".into()),
            ttl_secs: 600,
            reason: reason.map(str::to_owned),
        }
    }

    fn every_record() -> Vec<LogRecord> {
        let id = || grant(None).lease_id;
        let events = [
            LeaseEvent::Acquire(grant(Some("x\ny"))),
            LeaseEvent::Renew { lease_id: id(), ttl_secs: 1, reason: None },
            LeaseEvent::Renew { lease_id: id(), ttl_secs: 0, reason: Some("long".into()) },
            LeaseEvent::Heartbeat { lease_id: id() },
            LeaseEvent::Close { lease_id: id(), reason: None },
            LeaseEvent::Release { lease_id: id(), reason: Some("done".into()) },
            LeaseEvent::Transfer { lease_id: LeaseId::new("other"), grant: grant(Some("yours")) },
            LeaseEvent::AutoEvict { lease_id: id() },
            LeaseEvent::ForceEvict { lease_id: id(), by: "human:x".parse().expect("an id"), reason: "gone".into() },
            LeaseEvent::Observe { lease_id: id(), version: 3 },
        ];
        let clock = ClockReading { fast_millis: Some(9), ..ClockReading::new("boot", 7) };
        let at = Now { clock, wall: Timestamp::UNIX_EPOCH };
        let mut ledger = crate::domain::lease::Ledger::default();
        ledger.apply(1, &events[0], &at);
        let lease = ledger.leases().next().expect("granted").clone();
        let others = [
            LogRecord::SnapshotBegin { generation: "g".into(), segment: 2 },
            LogRecord::Snapshot(Box::new(lease)),
            LogRecord::SnapshotEnd,
            LogRecord::Seal,
        ];
        events.into_iter().map(|event| LogRecord::Event { event, at: at.clone() }).chain(others).collect()
    }

    #[test]
    fn every_record_survives_its_line_and_no_cut_of_it_does() {
        for record in every_record() {
            let line = encode(9, &record);
            let (newline, line) = line.split_last().expect("not empty");
            assert!(*newline == b'\n' && !line.contains(&b'\n') && line.len() < LONGEST_LINE);
            assert_eq!(decode(line), Ok((9, record)));
            for cut in 0..line.len() {
                assert_eq!(decode(&line[..cut]), Err(Unusable::Noise), "cut at {cut}");
            }
            assert_eq!(decode(&[line, b"!"].concat()), Err(Unusable::Noise), "a sealed tail");
        }
    }

    #[test]
    fn the_lease_of_an_event_is_found_among_other_lines() {
        let noise = b"\"lease_id\":\"cut\n".to_vec();
        for record in every_record() {
            let LogRecord::Event { event, .. } = &record else { continue };
            let lines = [noise.clone(), encode(8, &LogRecord::Seal), encode(9, &record), b"\"lease_id\":\"".to_vec()].concat();
            let names = |wanted: &LeaseId| names_any(&lines, |named| named == wanted.as_str());
            assert!(names(event.lease_id()), "{event:?}");
            assert!(!names(&LeaseId::new("another")), "{event:?}");
        }
    }

    #[test]
    fn a_record_of_a_newer_program_is_an_error_and_not_noise() {
        let read = |object: &str| {
            let line = checked(object.as_bytes());
            decode(&line[..line.len() - 1])
        };
        for op in RESERVED.into_iter().chain(["merge"]) {
            for version in [1, 2] {
                let object = format!(r#"{{"schema_version":{version},"sequence":1,"op":"{op}","lease_id":"x"}}"#);
                assert!(matches!(read(&object), Err(Unusable::Newer(why)) if why.contains("newer git jit")), "{object}");
            }
        }
        assert!(matches!(read(r#"{"schema_version":3,"sequence":1,"op":"acquire"}"#), Err(Unusable::Newer(_))));
        for object in [r#"{"schema_version":2,"sequence":1,"op":"acquire"}"#, "{}"] {
            assert!(matches!(read(object), Err(Unusable::Foreign(_))), "{object}");
        }
    }

    #[test]
    fn what_0_1_wrote_and_what_later_versions_add_is_read() {
        let body = r#""sequence":1,"op":"acquire","lease_id":"x","issue_id":"1a2b3c4d-0000-4000-8000-000000000001","agent_id":"agent:a","worktree_id":"wt:1a2b3c4d","ttl_secs":600,"at":"2026-11-21T08:00:00Z","clock_domain":"boot","clock_ms":1"#;
        let later = r#""subject":"forge:42","session":"s","for":"human:eva","start":"a1b2c3d4""#;
        let read = |object: String| {
            let line = checked(object.as_bytes());
            decode(&line[..line.len() - 1]).expect("readable")
        };
        let old = read(format!(r#"{{"schema_version":1,{body}}}"#));
        assert_eq!(old, read(format!(r#"{{"schema_version":2,{body},{later}}}"#)), "fields that are not used yet change nothing");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic_and_a_flipped_bit_makes_it_noise(bytes in proptest::collection::vec(any::<u8>(), 0..300), bit in 0usize..8, at in any::<prop::sample::Index>()) {
            let _ = decode(&bytes);
            let mut line = encode(1, &every_record()[0]);
            line.pop();
            let at = at.index(line.len());
            line[at] ^= 1 << bit;
            let read = decode(&line);
            // The checksum's own digits may change case without changing their value.
            prop_assert!(read == Err(Unusable::Noise) || read == Ok((1, every_record()[0].clone())));
        }
    }
}
