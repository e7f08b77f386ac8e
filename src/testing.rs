//! What benches and tests need of the inside: a lease log of any length, written by the store itself; the index as the
//! commit hook reads it.
//!
//! No part of what the crate offers, and hidden in its documentation. Nothing here knows the log's format:
//! events go through `ClaimStore::transact` like everybody's, many at once and without `fdatasync`.

use std::error::Error;
use std::path::Path;

use uuid::Uuid;

use crate::context::Context;
use crate::domain::id::{Holder, IdError, IssueId, LeaseId, WorktreeId};
use crate::domain::lease::{Decision, Grant, LONGEST_TTL_SECS, LeaseAnswer, LeaseEvent};
use crate::domain::time::{Clock, Now};
use crate::domain::transition::FileVersion;
use crate::enforce::change::{Compared, FileChange, changes};
use crate::git::index::staged;
use crate::git::tree;
use crate::store::authority::{AuthorityLog, RecordedTransition, TransitionContext};
use crate::store::file::Modes;
use crate::store::layout::Layout;
use crate::store::log::{ClaimStore, Options};

/// Events a transaction: longer than the index may lag behind, so that each one leaves a fresh index.
const BATCH: usize = 400;
/// Pairs at the end: half of what the index may lag behind, which is what a reader meets on average.
const TAIL_PAIRS: u64 = 12;
/// How long before now the leases that are over were taken, for one second.
const LAPSED_MS: u64 = 60_000;

/// Appends to the log below `common_dir`: a lease that is over on each issue of `lapsed`; `operations` records that take
/// an issue and give it back; and, a little before the last of them, a lease of thirty days on each issue of `live`.
pub fn fill_log(common_dir: &Path, operations: u64, live: &[String], lapsed: &[String]) -> Result<(), Box<dyn Error>> {
    let options = Options { sync: false, ..Options::default() };
    let store = ClaimStore::new(&common_dir.join("jit"), Modes::shared(None), options);
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

/// Records so many edits of these issues, in turn, as the commit hook does for edits under leases: each made a version that nobody
/// has any more.
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

/// What is staged below `.jit/` in the worktree at `dir` and not so in HEAD, a line a path, in the order of paths: old mode,
/// new mode, old id, new id, path.
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

fn append(store: &ClaimStore, at: &Now, events: &[LeaseEvent]) -> Result<(), Box<dyn Error>> {
    for batch in events.chunks(BATCH) {
        let decide =
            |_: &_, _: &_| Decision { events: batch.to_vec(), answer: Ok(LeaseAnswer::Ended(Vec::new())), must_last: false };
        store.transact(&Stopped(at.clone()), decide)?.answer.map_err(|refusal| format!("{refusal:?}"))?;
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
    let agent_id = "agent:somebody-else".parse().expect("it has the form of an agent id");
    Holder { agent_id, worktree_id: WorktreeId::from_bits(0) }
}

/// A clock that stands still.
struct Stopped(Now);

impl Clock for Stopped {
    fn now(&self) -> Now {
        self.0.clone()
    }
}
