//! The authority log: which edits of issue files were made under which lease. Append-only, one line per transition.
//!
//! A line is written when a commit hook passes, under a lock and without `fdatasync`. A line that is lost or does not parse
//! removes authority and never grants any. Lines older than ninety days are ignored.
//!
//! All lines about a file are in one of 256 shards, so that a commit reads little of the history. A clone that is older than the
//! shards also has a single log, which is read too.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::domain::id::{Holder, LeaseId};
use crate::domain::transition::{FileVersion, Transition};
use crate::store::file::{self, Modes};
use crate::store::layout::Layout;
use crate::store::lock;
use crate::store::log::{checked, unchecked};
use crate::store::{Error, Result};

const SCHEMA_VERSION: u32 = 1;
const CONSULTED_FOR: SignedDuration = SignedDuration::from_hours(24 * 90);

/// The reason recorded for a change without a lease: the issue existed in this worktree only.
///
/// It is compared with recorded reasons, so the text must not change.
pub(crate) const PRIVATE: &str = concat!("no", "body else knew the issue");
/// The reason recorded for a change without a lease: the policy of that time did not refuse it.
pub(crate) const TOLERATED: &str = "the policy let it pass";

/// When, where and by whom a file was changed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TransitionContext<'a> {
    /// When.
    pub at: Timestamp,
    /// The file, relative to `.jit/`.
    pub path: &'a str,
    /// The parent commits, in hexadecimal.
    pub base: &'a [String],
    /// Who made the change, or adopts it.
    pub holder: &'a Holder,
}

/// A recorded transition of one file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RecordedTransition {
    schema_version: u32,
    /// When; also decides whether it is older than ninety days.
    pub at: Timestamp,
    /// The file, relative to `.jit/`.
    pub path: String,
    /// The version before; `None` if the file was created.
    pub from: Option<FileVersion>,
    /// The version after; `None` if the file was removed.
    pub to: Option<FileVersion>,
    /// The parent commits, in hexadecimal.
    pub base: Vec<String>,
    /// The lease that it was made under; `None` if it was adopted.
    pub lease_id: Option<LeaseId>,
    /// Who made it, or adopted it.
    pub holder: Holder,
    /// Why it was adopted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub adopted: Option<String>,
}

impl RecordedTransition {
    /// A transition made under a lease.
    pub(crate) fn leased(made: &TransitionContext<'_>, step: Transition, lease_id: LeaseId) -> Self {
        Self::new(made, step, Some(lease_id), None)
    }

    /// A transition that `made.holder` takes responsibility for without a lease.
    pub(crate) fn adopted(made: &TransitionContext<'_>, step: Transition, reason: &str) -> Self {
        Self::new(made, step, None, Some(reason.to_owned()))
    }

    fn new(made: &TransitionContext<'_>, (from, to): Transition, lease_id: Option<LeaseId>, adopted: Option<String>) -> Self {
        let (path, base, holder) = (made.path.to_owned(), made.base.to_vec(), made.holder.clone());
        Self { schema_version: SCHEMA_VERSION, at: made.at, path, from, to, base, lease_id, holder, adopted }
    }

    /// The versions before and after.
    pub(crate) fn step(&self) -> Transition {
        (self.from.clone(), self.to.clone())
    }
}

/// The authority log of a repository.
#[derive(Debug, Clone)]
pub(crate) struct AuthorityLog {
    dir: PathBuf,
    modes: Modes,
}

impl AuthorityLog {
    /// The log of a repository.
    pub(crate) fn of(layout: &Layout) -> Self {
        Self::new(&layout.shared_dir(), layout.modes)
    }

    /// The log in `dir`, which may not exist yet.
    pub(crate) fn new(dir: &Path, modes: Modes) -> Self {
        Self { dir: dir.to_owned(), modes }
    }

    fn shards(&self) -> PathBuf {
        self.dir.join("authority")
    }

    /// The shard of a file, which depends on its name only.
    fn shard(&self, path: &str) -> PathBuf {
        self.shards().join(format!("{:02x}.jsonl", crc32fast::hash(path.as_bytes()) & 0xff))
    }

    fn unsharded(&self) -> PathBuf {
        self.dir.join("authority.jsonl")
    }

    /// Whether anything was ever recorded.
    pub(crate) fn exists(&self) -> bool {
        self.shards().exists() || self.unsharded().exists()
    }

    /// Records transitions; those of one file keep their order.
    pub(crate) fn append(&self, entries: &[RecordedTransition]) -> Result<()> {
        if entries.is_empty() {
            return Ok(());
        }
        let mut lines: BTreeMap<PathBuf, Vec<u8>> = BTreeMap::new();
        for entry in entries {
            let object = serde_json::to_vec(entry).expect("an entry serializes into memory");
            lines.entry(self.shard(&entry.path)).or_default().extend(checked(&object));
        }
        let _guard = lock::acquire(&lock::path(&self.dir, "authority"), self.modes, lock::PATIENCE)?;
        file::make_dir(&self.shards(), self.modes)?;
        for (path, lines) in lines {
            let mut log = file::open_append(&path, self.modes)?;
            let is_whole = ends_whole(&mut log).map_err(Error::io("read", &path))?;
            let torn: &[u8] = if is_whole { b"" } else { b"!\n" };
            log.write_all(&[torn, &lines].concat()).map_err(Error::io("append to", &path))?;
        }
        Ok(())
    }

    /// The transitions of these files that count at `now`; those of one file in the order in which they were made.
    pub(crate) fn entries(&self, paths: &HashSet<String>, now: Timestamp) -> Result<Vec<RecordedTransition>> {
        let mut entries = Vec::new();
        let shards: BTreeSet<PathBuf> = paths.iter().map(|path| self.shard(path)).collect();
        for path in [self.unsharded()].into_iter().chain(shards) {
            let bytes = file::read_optional(&path)?.unwrap_or_default();
            let whole = bytes.split_inclusive(|byte| *byte == b'\n').filter_map(|line| line.strip_suffix(b"\n"));
            let about = whole.filter(|line| may_be_about(line, paths));
            let read = about.filter_map(|line| serde_json::from_slice::<RecordedTransition>(&unchecked(line)?).ok());
            entries.extend(read.filter(|entry| {
                entry.schema_version == SCHEMA_VERSION
                    && paths.contains(&entry.path)
                    && now.duration_since(entry.at) <= CONSULTED_FOR
            }));
        }
        Ok(entries)
    }
}

/// Whether a line may be about one of these files. A cheap test of its first `path` field; if in doubt, the line is parsed.
fn may_be_about(line: &[u8], paths: &HashSet<String>) -> bool {
    const FIELD: &[u8] = b"\"path\":\"";
    let Some(at) = line.find(FIELD) else { return true };
    let path = line[at + FIELD.len()..].split(|byte| *byte == b'"').next().unwrap_or_default();
    path.contains(&b'\\') || path.to_str().is_ok_and(|path| paths.contains(path))
}

fn ends_whole(log: &mut std::fs::File) -> std::io::Result<bool> {
    if log.metadata()?.len() == 0 {
        return Ok(true);
    }
    let mut last = [0];
    log.seek(SeekFrom::End(-1))?;
    log.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::id::WorktreeId;

    #[test]
    fn a_line_that_does_not_parse_removes_authority_and_grants_none() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = AuthorityLog::new(dir.path(), Modes::PRIVATE);
        let holder = Holder::here("agent:a".parse().expect("an id"), WorktreeId::from_bits(1));
        let version = |oid: &str| Some(FileVersion { oid: oid.into(), mode: 0o100_644 });
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(24 * 1000);
        let entry = |at, to: &str| {
            let made = TransitionContext { at, path: "issues/x.json", base: &[], holder: &holder };
            RecordedTransition::leased(&made, (version("a"), version(to)), LeaseId::new("l"))
        };
        let paths = HashSet::from(["issues/x.json".to_owned()]);
        log.append(&[entry(now, "b"), entry(now - SignedDuration::from_hours(24 * 91), "old")]).expect("written");
        let shard = log.shard("issues/x.json");
        let whole = std::fs::read(&shard).expect("read");
        assert_eq!(log.entries(&paths, now).expect("read"), [entry(now, "b")]);
        assert_eq!(log.entries(&HashSet::new(), now).expect("read"), []);
        file::replace(&shard, &whole[..whole.len() - 1], Modes::PRIVATE).expect("written");
        log.append(&[entry(now, "c")]).expect("written");
        assert_eq!(log.entries(&paths, now).expect("read"), [entry(now, "b"), entry(now, "c")]);
        let mut garbled = std::fs::read(&shard).expect("read");
        garbled[30] ^= 1;
        file::replace(&shard, &garbled, Modes::PRIVATE).expect("written");
        assert_eq!(log.entries(&paths, now).expect("read"), [entry(now, "c")]);
        // A clone that is older than the shards: its single log precedes what is in a shard.
        file::replace(&log.unsharded(), &whole, Modes::PRIVATE).expect("written");
        assert_eq!(log.entries(&paths, now).expect("read"), [entry(now, "b"), entry(now, "c")]);
    }

    #[test]
    fn a_line_is_found_for_any_file_name_among_many_shards() {
        let dir = tempfile::tempdir().expect("a directory");
        let log = AuthorityLog::new(dir.path(), Modes::PRIVATE);
        let holder = Holder::here("agent:a".parse().expect("an id"), WorktreeId::from_bits(1));
        let usual = (0..600).map(|number| format!("issues/{number}.json"));
        let odd = [r#"a "quoted" name"#, r"back\slash", "\u{1}", "ü/☃", r#""path":"issues/1.json"#, ""].map(str::to_owned);
        let names: Vec<String> = usual.chain(odd).collect();
        let entry = |name: &String| {
            let made = TransitionContext { at: Timestamp::UNIX_EPOCH, path: name, base: &[], holder: &holder };
            RecordedTransition::adopted(&made, (None, None), r#"a reason with "path":"nowhere" in it"#)
        };
        log.append(&names.iter().map(entry).collect::<Vec<_>>()).expect("written");
        for name in &names {
            let found = log.entries(&HashSet::from([name.clone()]), Timestamp::UNIX_EPOCH).expect("read");
            assert_eq!(found, [entry(name)]);
        }
        let all = log.entries(&names.iter().cloned().collect(), Timestamp::UNIX_EPOCH).expect("read");
        assert_eq!(all.len(), names.len());
        let shards = file::names(&log.shards()).expect("listed");
        assert!(shards.len() > 200, "they are spread over {} files", shards.len());
    }
}
