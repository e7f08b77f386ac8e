//! Rows of facts, each with what the judge decides or which fact it needs next.
//!
//! In a row `a>b` is a step from the version `a` to the version `b` of the file, and `-` is a file that is not there. `me` is the
//! editor, in worktree 1. A fact that a row does not set has not been read, so a row also tests that the fact is not needed.

use gix::ObjectId;
use uuid::Uuid;

use super::*;
use crate::domain::id::{Holder, IssueId, WorktreeId};
use crate::domain::lease::{Grant, Lease, LeaseEvent};
use crate::domain::time::ClockReading;
use crate::domain::transition::{FileVersion, Transition};
use crate::enforce::provenance::Line;
use crate::store::authority::TransitionContext;

const ME: (&str, u32) = ("agent:me", 1);
const OTHER: (&str, u32) = ("agent:other", 2);

fn issue() -> IssueId {
    IssueId::from_uuid(Uuid::from_u128(1))
}

fn commit(number: u8) -> ObjectId {
    ObjectId::from_bytes_or_panic(&[number; 20])
}

fn step(text: &str) -> Transition {
    let (from, to) = text.split_once('>').expect("a step is from>to");
    let version = |name: &str| (name != "-").then(|| FileVersion { oid: name.to_owned(), mode: 0o100_644 });
    (version(from), version(to))
}

fn holder((agent, worktree): (&str, u32)) -> Holder {
    Holder::here(agent.parse().expect("an agent id"), WorktreeId::from_bits(worktree))
}

fn at(secs: u64) -> Now {
    Now { clock: ClockReading::new("boot", secs * 1000), wall: jiff::Timestamp::UNIX_EPOCH }
}

/// A lease of the issue that was taken at second 0.
fn ledger(who: (&str, u32), ttl_secs: u64) -> Ledger {
    let (lease_id, holder) = (LeaseId::new("held"), holder(who));
    let grant = Grant { lease_id, issue_id: issue(), holder, branch: None, ttl_secs, reason: None };
    let mut ledger = Ledger::default();
    ledger.apply(1, &LeaseEvent::Acquire(grant), &at(0));
    ledger
}

fn held(closing: bool) -> LeaseOutcome {
    let lease = ledger(ME, 600).lease_on(issue()).expect("it was granted").clone();
    LeaseOutcome::Current(Box::new(Lease { closing, ..lease }))
}

fn evicted() -> LeaseOutcome {
    LeaseOutcome::Evicted { by: OTHER.0.parse().expect("an agent id"), reason: "x".into() }
}

/// One entry of the log, with what is known about it.
#[derive(Clone)]
struct RecordRow {
    entry: RecordedTransition,
    outcome: Option<LeaseOutcome>,
    base: Vec<ObjectId>,
    was_strict: Option<bool>,
}

impl RecordRow {
    fn record(&self) -> Record<'_> {
        Record { entry: &self.entry, outcome: self.outcome.as_ref(), base: self.base.clone(), was_strict: self.was_strict }
    }
}

/// The facts of a row.
#[derive(Clone)]
struct Row {
    edit: Edit,
    editor: Editor,
    now: Now,
    leases: Result<Ledger, String>,
    is_known: Option<bool>,
    was_removed: Option<bool>,
    existed_below: Option<bool>,
    records: Option<Vec<RecordRow>>,
    history: History,
    author: Option<Author>,
}

/// A staged edit by an editor without a lease, of which nothing has been read.
fn staged(steps: &[&str]) -> Row {
    let steps: Vec<Transition> = steps.iter().map(|text| step(text)).collect();
    let is_creation = steps.iter().all(|(from, _)| from.is_none());
    let edit = Edit { issue: issue(), commit: None, is_creation, steps, is_resolution: false };
    let Holder { agent_id, worktree_id, .. } = holder(ME);
    Row {
        edit,
        editor: Editor { agent_id, worktree_id: Some(worktree_id), anywhere: false },
        now: at(1),
        leases: Ok(Ledger::default()),
        is_known: None,
        was_removed: None,
        existed_below: None,
        records: None,
        history: History::default(),
        author: None,
    }
}

/// The same in a commit.
fn committed(steps: &[&str]) -> Row {
    let row = staged(steps);
    Row { edit: Edit { commit: Some(commit(9)), ..row.edit.clone() }, ..row }
}

/// An edit of an issue that others know, in a commit of this user's. Commits after 1 have left the file alone, unless the row says
/// otherwise, and others have published nothing.
fn known(steps: &[&str]) -> Row {
    let row = committed(steps).known(true).records().used(1, &[]).published(&[]);
    Row { existed_below: Some(false), author: Some(Author::Own), ..row }
}

impl Row {
    fn held_by(self, who: (&str, u32), ttl_secs: u64) -> Self {
        Self { leases: Ok(ledger(who, ttl_secs)), ..self }
    }

    fn at(self, secs: u64) -> Self {
        Self { now: at(secs), ..self }
    }

    fn by(self, agent: &str, worktree: Option<u32>) -> Self {
        let (agent_id, worktree_id) = (agent.parse().expect("an agent id"), worktree.map(WorktreeId::from_bits));
        Self { editor: Editor { agent_id, anywhere: worktree_id.is_none(), worktree_id }, ..self }
    }

    fn unreadable(self) -> Self {
        Self { leases: Err("torn".into()), ..self }
    }

    fn known(self, is_known: bool) -> Self {
        Self { is_known: Some(is_known), ..self }
    }

    fn removed(self, was_removed: bool) -> Self {
        Self { was_removed: Some(was_removed), ..self }
    }

    fn existed(self, existed_below: bool) -> Self {
        Self { existed_below: Some(existed_below), ..self }
    }

    fn resolution(self) -> Self {
        Self { edit: Edit { is_resolution: true, ..self.edit.clone() }, ..self }
    }

    fn records(self) -> Self {
        Self { records: Some(Vec::new()), ..self }
    }

    /// One more record, on top of the commit `base`.
    fn record(mut self, text: &str, base: u8, how: impl FnOnce(&TransitionContext<'_>, Transition) -> RecordedTransition) -> Self {
        let path = format!("issues/{}", issue().file_name());
        let (holder, bases) = (holder(ME), [commit(base).to_string()]);
        let context = TransitionContext { at: at(0).wall, path: &path, base: &bases, holder: &holder };
        let row = RecordRow { entry: how(&context, step(text)), outcome: None, base: vec![commit(base)], was_strict: None };
        self.records.get_or_insert_default().push(row);
        self
    }

    fn leased(mut self, text: &str, base: u8, outcome: LeaseOutcome) -> Self {
        let id = LeaseId::new(self.records.as_ref().map_or(0, Vec::len));
        self = self.record(text, base, |context, step| RecordedTransition::leased(context, step, id));
        self.last_record().outcome = Some(outcome);
        self
    }

    fn adopted(self, text: &str, reason: &str) -> Self {
        self.record(text, 1, |context, step| RecordedTransition::adopted(context, step, reason))
    }

    fn last_record(&mut self) -> &mut RecordRow {
        self.records.as_mut().and_then(|records| records.last_mut()).expect("there is a record")
    }

    /// The last record was made in another worktree.
    fn elsewhere(mut self) -> Self {
        self.last_record().entry.holder = holder(OTHER);
        self
    }

    fn strict(mut self, was_strict: bool) -> Self {
        self.last_record().was_strict = Some(was_strict);
        self
    }

    /// What the commits below the edit and not below `base` made of the file.
    fn used(mut self, base: u8, commits: &[&str]) -> Self {
        let commits = commits.iter().map(|text| vec![step(text)]).collect();
        self.history.lines.insert(Line { side: None, base: vec![commit(base)] }, Some(commits));
        self
    }

    /// The same on the side of a step of a resolution.
    fn used_on(mut self, side: &str, base: u8, commits: &[&str]) -> Self {
        let commits = commits.iter().map(|text| vec![step(text)]).collect();
        self.history.lines.insert(Line { side: Some(step(side)), base: vec![commit(base)] }, Some(commits));
        self
    }

    fn cut_off(mut self, base: u8) -> Self {
        self.history.lines.insert(Line { side: None, base: vec![commit(base)] }, None);
        self
    }

    /// Others have published these steps, each in a commit that is not below the edit, and no more.
    fn published(mut self, steps: &[&str]) -> Self {
        let granted =
            |(n, text): (usize, &&str)| GrantedStep { step: step(text), base: vec![commit(100 + u8::try_from(n).expect("few"))] };
        self.history.published = steps.iter().enumerate().map(granted).collect();
        self.history.is_complete = true;
        (0..steps.len()).fold(self, |row, n| row.used(100 + u8::try_from(n).expect("few"), &[]))
    }

    fn answer(&self, judge: fn(&Facts<'_>) -> Result<Judgement, Fact>) -> String {
        let facts = Facts {
            edit: self.edit.clone(),
            editor: &self.editor,
            now: &self.now,
            stale_after_secs: 3600,
            leases: self.leases.as_ref().map_err(String::as_str),
            is_known: self.is_known,
            was_removed: self.was_removed,
            existed_below: self.existed_below,
            records: self.records.as_ref().map(|records| records.iter().map(RecordRow::record).collect()),
            history: self.history.clone(),
            author: self.author.clone(),
        };
        match judge(&facts) {
            Err(Fact::History(MissingHistory::Line(line))) => {
                format!(
                    "needs the line since {}{}",
                    line.base[0].as_bytes()[0],
                    if line.side.is_some() { ", one side" } else { "" }
                )
            }
            Err(Fact::History(MissingHistory::Published)) => "needs what is published".to_owned(),
            Err(fact) => format!("needs {fact:?}"),
            Ok(Ok(Authority::Lease(id))) => format!("lease {id}"),
            Ok(Ok(authority)) => format!("{authority:?}"),
            Ok(Err(Finding::Unauthorised { because, now, by, commit: id, .. })) => {
                assert_eq!(id, commit(9).to_string());
                let because = match *because {
                    Because::NeverRecorded => "never recorded",
                    Because::LeaseLapsed { .. } => "lapsed",
                    Because::LeaseEvicted { .. } => "evicted",
                };
                format!("{because}; {}{}", now.code(), by.map(|by| format!("; by {by}")).unwrap_or_default())
            }
            Ok(Err(finding)) => finding.code().to_owned(),
        }
    }
}

fn check(judge: fn(&Facts<'_>) -> Result<Judgement, Fact>, rows: &[(&str, Row, &str)]) {
    let failures: Vec<String> = rows
        .iter()
        .map(|(name, row, expected)| (name, row.answer(judge), expected))
        .filter(|(_, answer, expected)| answer != *expected)
        .map(|(name, answer, expected)| format!("{name}: {answer}, and not {expected}"))
        .collect();
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_live_lease_of_the_editor_is_enough() {
    let edit = || staged(&["a>b"]);
    check(
        judge,
        &[
            ("own lease", edit().held_by(ME, 600), "lease held"),
            ("own lease, in a commit", committed(&["a>b"]).held_by(ME, 600), "lease held"),
            ("own lease, before its end", edit().held_by(ME, 600).at(300), "lease held"),
            ("own lease, in its last moment", edit().held_by(ME, 600).at(599).known(true).records().published(&[]), "lease_lapsed"),
            ("own lease, after its end", edit().held_by(ME, 600).at(1000).known(true).records().published(&[]), "lease_lapsed"),
            ("own lease, after its end, of an issue that others may know", edit().held_by(ME, 600).at(1000), "needs IsKnown"),
            ("own lease without an end", edit().held_by(ME, 0).at(3000), "lease held"),
            ("own lease without an end, silent", edit().held_by(ME, 0).at(4000).records().published(&[]), "lease_stale"),
            ("another's lease", edit().held_by(OTHER, 600).records().published(&[]), "held_by_other"),
            ("another's lease, over", edit().held_by(OTHER, 600).at(600).known(true).records().published(&[]), "no_lease"),
            (
                "another agent's, of this worktree",
                edit().held_by(ME, 600).by("agent:x", Some(1)).records().published(&[]),
                "held_under_other_name",
            ),
            ("own lease of another worktree", edit().held_by(("agent:me", 2), 600).records().published(&[]), "held_by_other"),
            ("own lease, from a bare root", edit().held_by(ME, 600).by("agent:me", None), "lease held"),
            (
                "another's lease, from a bare root",
                edit().held_by(OTHER, 600).by("agent:me", None).records().published(&[]),
                "held_by_other",
            ),
            ("no lease", edit().known(true).records().published(&[]), "no_lease"),
            ("an unreadable log", edit().unreadable(), "needs IsKnown"),
            ("an unreadable log, an issue that others know", edit().unreadable().known(true), "lease_log_unreadable"),
            ("an unreadable log, in a commit", committed(&["a>b"]).unreadable().known(true), "lease_log_unreadable"),
            ("an unreadable log, an issue that no one else knows", edit().unreadable().known(false), "Private"),
        ],
    );
}

#[test]
fn an_issue_that_no_one_else_knows_is_free() {
    check(
        judge,
        &[
            ("no lease", staged(&["a>b"]), "needs IsKnown"),
            ("staged", staged(&["a>b"]).known(false), "Private"),
            ("staged, new", staged(&["->a"]).known(false), "Private"),
            ("staged, held by another", staged(&["->a"]).held_by(OTHER, 600), "needs Records"),
            ("committed", committed(&["a>b"]).known(false), "needs WasRemoved"),
            ("committed, never published", committed(&["a>b"]).known(false).removed(false), "Private"),
            ("committed, removed by others", committed(&["a>b"]).known(false).removed(true), "needs Records"),
            ("committed, new, held by another since", committed(&["->a"]).held_by(OTHER, 600), "needs IsKnown"),
            ("the same, known to no one else", committed(&["->a"]).held_by(OTHER, 600).known(false).removed(false), "Private"),
            (
                "the same, removed by others",
                committed(&["->a"]).held_by(OTHER, 600).known(false).removed(true).records(),
                "needs ExistedBelow",
            ),
            (
                "the same, known to others",
                committed(&["->a"]).held_by(OTHER, 600).known(true).records().existed(false),
                "needs what is published",
            ),
            ("committed, an edit, held by another", committed(&["a>b"]).held_by(OTHER, 600), "needs Records"),
        ],
    );
}

#[test]
fn a_record_authorises_if_its_lease_ended_well() {
    use LeaseOutcome::{Concluded, Lapsed, Unknown};
    let edit = || known(&["a>b"]);
    check(
        judge,
        &[
            ("nothing is recorded", edit(), "never recorded; no_lease"),
            ("nothing is recorded, staged", staged(&["a>b"]).known(true).records().published(&[]), "no_lease"),
            ("another version is recorded", edit().leased("a>c", 1, Concluded), "never recorded; no_lease"),
            ("released", edit().leased("a>b", 1, Concluded), "Known"),
            ("released, held by another since", edit().held_by(OTHER, 600).leased("a>b", 1, Concluded), "Known"),
            ("released, staged again", staged(&["a>b"]).known(true).leased("a>b", 1, Concluded).used(1, &[]), "Known"),
            ("held still", edit().by("agent:x", Some(1)).leased("a>b", 1, held(false)), "Known"),
            ("held, after its end", edit().at(1000).leased("a>b", 1, held(false)), "lapsed; no_lease"),
            ("closing, after its end", edit().at(1000).leased("a>b", 1, held(true)), "Known"),
            ("cleared away", edit().leased("a>b", 1, Lapsed), "lapsed; no_lease"),
            ("cleared away, held by another since", edit().held_by(OTHER, 600).leased("a>b", 1, Lapsed), "lapsed; held_by_other"),
            ("evicted", edit().leased("a>b", 1, evicted()), "evicted; no_lease"),
            ("lost with the log", edit().leased("a>b", 1, Unknown), "lapsed; no_lease"),
            ("evicted, then recorded again", edit().leased("a>b", 1, evicted()).leased("a>b", 1, Concluded), "Known"),
            (
                "a commit of another's",
                Row { author: Some(Author::Other("Else".into())), ..edit() },
                "never recorded; no_lease; by Else",
            ),
            ("a commit whose author was not read", Row { author: None, ..edit() }, "needs Author"),
        ],
    );
}

#[test]
fn a_record_without_a_lease_authorises_for_its_reason() {
    let edit = || known(&["a>b"]).removed(false);
    check(
        judge,
        &[
            ("adopted", edit().adopted("a>b", "pull request 17"), "Known"),
            ("private, created here", edit().adopted("->a", PRIVATE).adopted("a>b", PRIVATE), "Known"),
            ("private, created by adoption", edit().adopted("->a", "x").adopted("a>b", PRIVATE), "Known"),
            (
                "private, created elsewhere",
                edit().adopted("->a", PRIVATE).elsewhere().adopted("a>b", PRIVATE),
                "never recorded; no_lease",
            ),
            ("private, created by no one", edit().adopted("a>b", PRIVATE), "never recorded; no_lease"),
            (
                "private, removed by others",
                edit().removed(true).adopted("->a", PRIVATE).adopted("a>b", PRIVATE),
                "never recorded; no_lease",
            ),
            ("tolerated", edit().adopted("a>b", TOLERATED), "needs WasStrict(0)"),
            ("tolerated, no strict branch", edit().adopted("a>b", TOLERATED).strict(false), "Known"),
            ("tolerated beside a strict branch", edit().adopted("a>b", TOLERATED).strict(true), "never recorded; no_lease"),
            ("created", known(&["->a"]).removed(false).adopted("->a", PRIVATE), "Known"),
            (
                "created again after a removal",
                known(&["->a"]).removed(false).existed(true).adopted("->a", PRIVATE),
                "never recorded; no_lease",
            ),
            ("created again, adopted", known(&["->a"]).existed(true).adopted("->a", "x"), "never recorded; no_lease"),
            ("created again under a lease", known(&["->a"]).existed(true).leased("->a", 1, LeaseOutcome::Concluded), "Known"),
            (
                "created, whatever was below",
                Row { existed_below: None, ..known(&["->a"]) }.adopted("->a", "x"),
                "needs ExistedBelow",
            ),
        ],
    );
}

#[test]
fn a_recorded_step_is_used_once_in_a_line_of_history() {
    let concluded = || LeaseOutcome::Concluded;
    let edit = |step: &str| known(&[step]);
    let twice = |step: &str| known(&[step]).leased("a>b", 1, concluded()).leased("b>c", 1, concluded());
    check(
        judge,
        &[
            ("its line was not read", committed(&["a>b"]).known(true).leased("a>b", 1, concluded()), "needs the line since 1"),
            ("not used", edit("a>b").leased("a>b", 1, concluded()), "Known"),
            ("used", edit("a>b").leased("a>b", 1, concluded()).used(1, &["a>b"]), "never recorded; no_lease"),
            (
                "used, recorded again since",
                edit("a>b").leased("a>b", 1, concluded()).leased("a>b", 2, concluded()).used(1, &["a>b"]).used(2, &[]),
                "Known",
            ),
            (
                "used twice, recorded twice",
                edit("a>b").leased("a>b", 1, concluded()).leased("a>b", 2, concluded()).used(1, &["a>b", "a>b"]).used(2, &["a>b"]),
                "never recorded; no_lease",
            ),
            (
                "used, recorded twice on one base",
                edit("a>b").leased("a>b", 1, concluded()).leased("a>b", 1, concluded()).used(1, &["a>b"]),
                "never recorded; no_lease",
            ),
            ("squashed", twice("a>c"), "Known"),
            (
                "squashed, one under a lease that lapsed",
                edit("a>c").leased("a>b", 1, LeaseOutcome::Lapsed).leased("b>c", 1, concluded()),
                "never recorded; no_lease",
            ),
            ("one of two that were squashed below", twice("a>b").used(1, &["a>c"]), "never recorded; no_lease"),
            ("the second of two, the first used", twice("b>c").used(1, &["a>b"]), "Known"),
            ("back to the old version", twice("c>a"), "never recorded; no_lease"),
            ("removed under a lease", edit("b>-").leased("b>-", 1, concluded()), "Known"),
            ("brought back after a removal", edit("->b").leased("b>-", 1, concluded()), "never recorded; no_lease"),
            (
                "through a removal",
                edit("a>b").leased("a>-", 1, concluded()).leased("->b", 1, concluded()),
                "never recorded; no_lease",
            ),
            ("history that was cut off", edit("a>b").leased("a>b", 1, concluded()).cut_off(1), "never recorded; no_lease"),
            ("one of the versions that a merge may start from", known(&["x>b", "a>b"]).leased("a>b", 1, concluded()), "Known"),
        ],
    );
}

#[test]
fn what_others_have_published_authorises_too() {
    let edit = |step: &str| known(&[step]);
    check(
        judge,
        &[
            ("not read", committed(&["a>b"]).known(true).records(), "needs what is published"),
            ("published", edit("a>b").published(&["a>b"]), "Known"),
            ("published, staged", staged(&["a>b"]).known(true).records().published(&["a>b"]), "Known"),
            ("published, held by another", edit("a>b").held_by(OTHER, 600).published(&["a>b"]), "Known"),
            ("squashed", edit("a>c").published(&["b>c", "a>b"]), "Known"),
            ("published, used below", edit("a>b").published(&["a>b"]).used(100, &["a>b"]), "never recorded; no_lease"),
            (
                "published after a record that lapsed",
                edit("a>b").leased("a>b", 1, LeaseOutcome::Lapsed).published(&["a>b"]),
                "Known",
            ),
            (
                "from a record on to what is published",
                edit("a>c").leased("a>b", 1, LeaseOutcome::Concluded).published(&["b>c"]),
                "Known",
            ),
            ("back to the old version", edit("b>a").published(&["a>b"]), "never recorded; no_lease"),
        ],
    );
}

#[test]
fn a_resolution_is_authorised_from_every_side() {
    let resolution = || known(&["a>c", "b>c"]).resolution();
    let concluded = || LeaseOutcome::Concluded;
    let both = || resolution().leased("a>c", 1, concluded()).leased("b>c", 1, concluded());
    check(
        judge,
        &[
            ("from one side", resolution().leased("a>c", 1, concluded()).used_on("a>c", 1, &[]), "never recorded; no_lease"),
            ("its sides were not read", both(), "needs the line since 1, one side"),
            ("from both", both().used_on("a>c", 1, &[]).used_on("b>c", 1, &[]), "Known"),
            (
                "from both, one side has used it",
                both().used_on("a>c", 1, &["a>c"]).used_on("b>c", 1, &[]),
                "never recorded; no_lease",
            ),
            ("from both, the other side has used it", both().used_on("a>c", 1, &["b>c"]).used_on("b>c", 1, &[]), "Known"),
        ],
    );
}

#[test]
fn an_edit_that_is_about_to_be_written_needs_no_records() {
    check(
        judge_new,
        &[
            ("own lease", staged(&["a>b"]).held_by(ME, 600), "lease held"),
            ("no lease", staged(&["a>b"]), "needs IsKnown"),
            ("no lease, an issue that no one else knows", staged(&["a>b"]).known(false), "Private"),
            ("no lease, an issue that others know", staged(&["a>b"]).known(true), "no_lease"),
            ("another's lease", staged(&["a>b"]).held_by(OTHER, 600), "held_by_other"),
            (
                "another agent's, of this worktree",
                staged(&["a>b"]).held_by(ME, 600).by("agent:x", Some(1)),
                "held_under_other_name",
            ),
            ("own lease without an end, silent", staged(&["a>b"]).held_by(ME, 0).at(4000), "lease_stale"),
            ("own lease, over", staged(&["a>b"]).held_by(ME, 600).at(600).known(true), "lease_lapsed"),
            ("an unreadable log", staged(&["a>b"]).unreadable().known(true), "lease_log_unreadable"),
        ],
    );
}
