//! Internals for benches and tests: a lease log of any length, written by the store itself, and the index as the commit hook
//! reads it.
//!
//! This is not part of the crate's interface and is hidden from its documentation. It does not know the format of the log: events
//! go through the same transaction as all others, many at once and without `fdatasync`.

use std::error::Error;
use std::path::Path;

use uuid::Uuid;

use crate::context::Context;
use crate::domain::id::{Holder, IdError, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Grant, LONGEST_TTL_SECS, LeaseEvent};
use crate::domain::time::{Clock, Now};
use crate::domain::transition::FileVersion;
use crate::enforce::change::{Compared, FileChange, changes};
use crate::git::index::staged;
use crate::git::tree;
use crate::store::authority::{AuthorityLog, RecordedTransition, TransitionContext};
use crate::store::file::Modes;
use crate::store::layout::Layout;
use crate::store::lock::PATIENCE;
use crate::store::log::{Batch, LeaseLog, Options};

/// Events per transaction: more than the index may lag behind, so that each transaction rewrites the index.
const BATCH: usize = 400;
/// Pairs of events at the end: half of the lag that the index may have, which is what a reader meets on average.
const TAIL_PAIRS: u64 = 12;
/// How long ago the expired leases were acquired, each for one second. Milliseconds.
const LAPSED_MS: u64 = 60_000;

/// Appends to the log below `common_dir`: an expired lease on each issue of `lapsed`; `operations` records that acquire and release
/// an issue; and, shortly before the last of them, a lease of thirty days on each issue of `live`.
pub fn fill_log(common_dir: &Path, operations: u64, live: &[String], lapsed: &[String]) -> Result<(), Box<dyn Error>> {
    let options = Options { sync: false, ..Options::default() };
    let store = LeaseLog::new(&common_dir.join("jit"), Modes::shared(None), options);
    let now = Context::from_process()?.clock().now();
    let mut then = now.clone();
    then.clock.millis = then.clock.millis.saturating_sub(LAPSED_MS);
    append(&store, &then, &takings(lapsed, 1)?)?;
    let pairs = operations / 2;
    let tail = pairs.min(TAIL_PAIRS);
    append(&store, &now, &(0..pairs - tail).flat_map(pair).collect::<Vec<_>>())?;
    append(&store, &now, &takings(live, LONGEST_TTL_SECS)?)?;
    append(&store, &now, &(0..tail).flat_map(pair).collect::<Vec<_>>())
}

/// Records `edits` edits of these issues in turn, as the commit hook records edits under leases. Each one leads to a version that
/// no longer exists.
pub fn fill_authority(common_dir: &Path, edits: usize, issues: &[String]) -> Result<(), Box<dyn Error>> {
    let log = AuthorityLog::new(&common_dir.join("jit"), Modes::shared(None));
    let (at, holder) = (Context::from_process()?.clock().now().wall, holder());
    let version = |number: usize| Some(FileVersion { oid: format!("{number:040x}"), mode: 0o100_644 });
    let numbers: Vec<usize> = (0..edits).collect();
    for batch in numbers.chunks(100 * BATCH) {
        let edit = |number: &usize| {
            let (path, base) = (format!("issues/{}.json", issues[number % issues.len()]), [format!("{number:040x}")]);
            let made = TransitionContext { at, path: &path, base: &base, holder: &holder };
            RecordedTransition::leased(&made, (version(*number), version(number + 1)), LeaseId::new(ulid::Ulid::new()))
        };
        log.append(&batch.iter().map(edit).collect::<Vec<_>>())?;
    }
    Ok(())
}

/// The staged changes below `.jit/` in the worktree at `dir`, one line per path in path order: old mode, new mode, old id, new id,
/// path.
pub fn staged_changes(dir: &Path) -> Result<Vec<String>, Box<dyn Error>> {
    let cx = Context::from_process()?;
    let layout = Layout::discover(dir, None)?;
    let head = tree::head_commit(&layout.repo)?;
    let data = head.map(|head| tree::data_tree(&layout.repo, head)).transpose()?.flatten();
    let staged = staged::read(&layout.repo, head, data)?;
    let parents: Vec<gix::ObjectId> = head.into_iter().collect();
    let null = layout.repo.object_hash().null();
    let side = |entry: Option<tree::TreeEntry>| entry.map_or((0, null), |entry| (entry.mode, entry.oid));
    let line = |change: FileChange| {
        let ((old_mode, old), (new_mode, new)) = (side(change.from[0]), side(change.to));
        format!("{old_mode:06o} {new_mode:06o} {old} {new} {}/{}", tree::DATA, change.path)
    };
    Ok(changes(&layout.repo, &cx.scratch, &Compared::Staged(&staged), &parents)?.into_iter().map(line).collect())
}

fn append(store: &LeaseLog, at: &Now, events: &[LeaseEvent]) -> Result<(), Box<dyn Error>> {
    for batch in events.chunks(BATCH) {
        let decide = |_: &_, _: &_| Batch { events: batch.to_vec(), answers: Vec::new(), must_last: false };
        store.transact(&Stopped(at.clone()), PATIENCE, decide)?;
    }
    Ok(())
}

fn takings(issues: &[String], ttl_secs: u64) -> Result<Vec<LeaseEvent>, IdError> {
    issues.iter().map(|issue| Ok(LeaseEvent::Acquire(grant(issue.parse()?, ttl_secs)))).collect()
}

fn pair(number: u64) -> [LeaseEvent; 2] {
    let grant = grant(IssueId::from_uuid(Uuid::from_u128(number.into())), 600);
    let lease_id = grant.lease_id.clone();
    [LeaseEvent::Acquire(grant), LeaseEvent::Release { lease_id, reason: None }]
}

fn grant(issue_id: IssueId, ttl_secs: u64) -> Grant {
    let (lease_id, branch) = (LeaseId::new(ulid::Ulid::new()), Some("main".to_owned()));
    Grant { lease_id, issue_id, holder: holder(), branch, ttl_secs, reason: None }
}

fn holder() -> Holder {
    let agent_id = "agent:another".parse().expect("it has the form of an agent id");
    Holder::here(agent_id, WorktreeId::from_bits(0))
}

/// A clock with a fixed time.
struct Stopped(Now);

impl Clock for Stopped {
    fn now(&self) -> Now {
        self.0.clone()
    }
}
