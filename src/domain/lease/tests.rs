use super::*;
use proptest::prelude::*;

const STALE: u64 = 3600;
const LIMITS: Limits = Limits { stale_after_secs: STALE, indefinite_per_agent: 2, indefinite_per_repo: 3 };

fn at(domain: &str, millis: u64) -> Now {
    Now { clock: ClockReading::new(domain, millis), wall: Timestamp::UNIX_EPOCH }
}

fn holder(n: u32) -> Holder {
    let agent_id = format!("agent:a{n}").parse().expect("an agent id");
    Holder::here(agent_id, crate::domain::id::WorktreeId::from_bits(n))
}

fn grant(lease: u32, issue: u32, who: u32, ttl_secs: u64) -> Grant {
    Grant {
        lease_id: LeaseId::new(lease),
        issue_id: IssueId::from_uuid(uuid::Uuid::from_u128(issue.into())),
        holder: holder(who),
        branch: None,
        ttl_secs,
        reason: None,
    }
}

fn run(ledger: &mut Ledger, request: &Request, now: &Now) -> Result<LeaseAnswer, LeaseRefusal> {
    let decision = decide(ledger, request, now, &LIMITS);
    for event in &decision.events {
        ledger.apply(ledger.sequence + 1, event, now);
    }
    decision.answer
}

fn acquire_for(ledger: &mut Ledger, grant: Grant, now: &Now) -> Result<LeaseAnswer, LeaseRefusal> {
    run(ledger, &Request::Acquire(grant), now)
}

#[test]
fn one_holder_until_the_very_end_and_the_next_one_from_then_on() {
    let mut ledger = Ledger::default();
    assert!(acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).is_ok());
    for now in [0, 1, 9_999] {
        assert!(matches!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", now)), Err(LeaseRefusal::Held { .. })), "{now}");
    }
    let token = ledger.lease_on(grant(1, 1, 1, 0).issue_id).expect("held").token;
    assert_eq!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", 10_000)), Ok(LeaseAnswer::Granted(LeaseId::new(2))));
    let lease = ledger.lease_on(grant(1, 1, 1, 0).issue_id).expect("held");
    assert!(lease.holder == holder(2) && lease.token > token);
}

#[test]
fn the_holder_stops_trusting_its_lease_before_others_may_take_it() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 100), &at("a", 0)).expect("free");
    let lease_status = |ms| ledger.leases().next().expect("held").lease_status(&at("a", ms), STALE);
    assert_eq!(lease_status(94_999), LeaseStatus::Live { left_ms: 5_001 });
    assert_eq!(lease_status(95_000), LeaseStatus::Ending { left_ms: 5_000 });
    assert!(!lease_status(95_000).authorises() && lease_status(99_999).excludes());
    assert_eq!(lease_status(100_000), LeaseStatus::Lapsed);
    assert_eq!(lease_status(u64::MAX), LeaseStatus::Lapsed);
}

#[test]
fn the_same_agent_in_another_worktree_is_another_holder() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).expect("free");
    let mut other = grant(2, 1, 1, 10);
    other.holder.worktree_id = holder(2).worktree_id;
    assert!(matches!(acquire_for(&mut ledger, other.clone(), &at("a", 1)), Err(LeaseRefusal::Held { .. })));
    let release = Request::Release { lease_id: LeaseId::new(1), holder: other.holder, closing: false, reason: None };
    assert!(matches!(run(&mut ledger, &release, &at("a", 1)), Err(LeaseRefusal::NotTheHolder { .. })));
}

#[test]
fn the_holder_keeps_its_lease_and_never_shortens_it() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 100), &at("a", 0)).expect("free");
    let kept = |changed| Ok(LeaseAnswer::Kept { lease_id: LeaseId::new(1), changed });
    assert_eq!(acquire_for(&mut ledger, grant(2, 1, 1, 100), &at("a", 0)), kept(false));
    assert_eq!(acquire_for(&mut ledger, grant(2, 1, 1, 5), &at("a", 10_000)), kept(false));
    assert_eq!(acquire_for(&mut ledger, grant(2, 1, 1, 200), &at("a", 10_000)), kept(true));
    assert_eq!(ledger.leases().next().expect("held").lease_status(&at("a", 10_000), STALE), LeaseStatus::Live { left_ms: 200_000 });
    assert_eq!(acquire_for(&mut ledger, grant(2, 1, 1, 10), &at("a", 999_000)), kept(true), "expired, and not acquired by another");
    assert_eq!(ledger.leases().next().expect("held").token, 1, "the same token");
}

#[test]
fn a_lease_of_another_boot_runs_its_whole_time_from_when_it_was_first_seen_here() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).expect("free");
    let rival = |ledger: &mut Ledger, domain: &str, ms| acquire_for(ledger, grant(2, 1, 2, 10), &at(domain, ms));
    assert!(matches!(
        rival(&mut ledger, "b", 500_000),
        Err(LeaseRefusal::Held { lease_status: LeaseStatus::Unobserved { at_most_ms: 10_000 }, .. })
    ));
    assert!(matches!(
        rival(&mut ledger, "b", 505_000),
        Err(LeaseRefusal::Held { lease_status: LeaseStatus::Live { left_ms: 5_000 }, .. })
    ));
    assert!(rival(&mut ledger, "c", 1).is_err(), "a third domain sees it first");
    assert!(rival(&mut ledger, "b", 509_999).is_err());
    assert!(rival(&mut ledger, "b", 510_000).is_ok(), "the observation in the third domain did not restart the one in the second");
}

#[test]
fn a_clock_that_went_back_is_another_clock() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 900_000)).expect("free");
    assert!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", 1_000)).is_err());
    assert!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", 10_999)).is_err());
    assert!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", 11_000)).is_ok());
}

#[test]
fn a_lease_without_an_end_goes_stale_and_still_excludes() {
    let mut ledger = Ledger::default();
    ledger.apply(1, &LeaseEvent::Acquire(grant(1, 1, 1, 0)), &at("a", 0));
    let lease = ledger.leases().next().expect("held");
    assert_eq!(lease.lease_status(&at("a", 3_599_999), STALE), LeaseStatus::Indefinite);
    for now in [at("a", 3_600_000), at("b", 0)] {
        let lease_status = lease.lease_status(&now, STALE);
        assert!(lease_status == LeaseStatus::Stale && lease_status.excludes() && !lease_status.authorises());
    }
    assert!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", u64::MAX)).is_err());
}

#[test]
fn closing_waits_and_taking_the_issue_again_opens_it() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).expect("free");
    let release = |closing| Request::Release { lease_id: LeaseId::new(1), holder: holder(1), closing, reason: None };
    assert_eq!(run(&mut ledger, &release(true), &at("a", 1)), Ok(LeaseAnswer::Closing(LeaseId::new(1))));
    assert!(ledger.leases().next().expect("held").closing);
    assert!(acquire_for(&mut ledger, grant(2, 1, 2, 10), &at("a", 1)).is_err(), "it still excludes");
    assert!(matches!(acquire_for(&mut ledger, grant(2, 1, 1, 10), &at("a", 1)), Ok(LeaseAnswer::Kept { changed: true, .. })));
    assert!(!ledger.leases().next().expect("held").closing);
    assert!(matches!(run(&mut ledger, &release(false), &at("a", 1)), Ok(LeaseAnswer::Ended(_))));
    assert_eq!(ledger.leases().count(), 0);
}

#[test]
fn a_record_that_makes_no_sense_changes_nothing() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).expect("free");
    let before: Vec<Lease> = ledger.leases().cloned().collect();
    let other = LeaseId::new(9);
    for event in [
        LeaseEvent::Acquire(grant(9, 1, 2, 10)),
        LeaseEvent::Renew { lease_id: other.clone(), ttl_secs: 5, reason: None },
        LeaseEvent::Transfer { lease_id: other.clone(), grant: grant(9, 1, 2, 10) },
        LeaseEvent::Observe { lease_id: LeaseId::new(1), version: 77 },
        LeaseEvent::Release { lease_id: other, reason: None },
    ] {
        ledger.apply(ledger.sequence + 1, &event, &at("b", 0));
        assert_eq!(ledger.leases().cloned().collect::<Vec<_>>(), before, "{event:?}");
    }
}

#[test]
fn authority_outlives_a_lease_that_its_holder_ended_and_no_other() {
    let mut ledger = Ledger::default();
    acquire_for(&mut ledger, grant(1, 1, 1, 10), &at("a", 0)).expect("free");
    let lease = ledger.leases().next().expect("held").clone();
    let current = |lease: Lease| LeaseOutcome::Current(Box::new(lease));
    assert!(current(lease.clone()).upholds(&at("a", 1), STALE));
    assert!(!current(lease.clone()).upholds(&at("a", 10_000), STALE));
    assert!(current(Lease { closing: true, ..lease }).upholds(&at("a", 10_000), STALE));
    assert!(LeaseOutcome::Concluded.upholds(&at("a", 0), STALE));
    let evicted = LeaseOutcome::Evicted { by: holder(2).agent_id, reason: "gone".into() };
    for outcome in [LeaseOutcome::Lapsed, LeaseOutcome::Unknown, evicted] {
        assert!(!outcome.upholds(&at("a", 0), STALE), "{outcome:?}");
    }
}

#[derive(Debug, Clone)]
enum Step {
    Acquire { who: u32, issue: u32, ttl: u64 },
    Release { who: u32, lease: u32, closing: bool },
    Wait(u64),
    Reboot,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (0u32..3, 0u32..2, 1u64..20).prop_map(|(who, issue, ttl)| Step::Acquire { who, issue, ttl }),
        2 => (0u32..3, 1u32..30, any::<bool>()).prop_map(|(who, lease, closing)| Step::Release { who, lease, closing }),
        2 => (0u64..15_000).prop_map(Step::Wait),
        1 => Just(Step::Reboot),
    ]
}

proptest! {
    /// A rival is refused as long as the holder relies on its lease; tokens only rise; replaying a prefix and then the rest equals
    /// replaying the whole log.
    #[test]
    fn at_most_one_holder_on_every_walk(steps in proptest::collection::vec(step(), 1..80)) {
        let (mut ledger, mut boot, mut ms, mut next, mut tokens) = (Ledger::default(), 0u32, 0u64, 0u32, 0u64);
        let mut log: Vec<(LeaseEvent, Now)> = Vec::new();
        for step in steps {
            let now = at(&format!("boot{boot}"), ms);
            let before: Vec<(Lease, LeaseStatus)> = ledger.leases().map(|l| (l.clone(), l.lease_status(&now, STALE))).collect();
            let request = match step {
                Step::Acquire { who, issue, ttl } => { next += 1; Request::Acquire(grant(next, issue, who, ttl)) }
                Step::Release { who, lease, closing } => Request::Release { lease_id: LeaseId::new(lease), holder: holder(who), closing, reason: None },
                Step::Wait(by) => { ms += by; continue }
                Step::Reboot => { boot += 1; ms = 0; continue }
            };
            let decision = decide(&ledger, &request, &now, &LIMITS);
            for event in &decision.events {
                ledger.apply(ledger.sequence + 1, event, &now);
                log.push((event.clone(), now.clone()));
            }
            if let (Request::Acquire(asked), Ok(LeaseAnswer::Granted(id))) = (&request, &decision.answer) {
                let lease = ledger.lease(id).expect("what was granted is there");
                prop_assert!(lease.token > tokens);
                tokens = lease.token;
                for (old, lease_status) in &before {
                    prop_assert!(old.issue_id != asked.issue_id || !(lease_status.excludes() || lease_status.authorises()));
                }
            }
        }
        let replay = |records: &[(LeaseEvent, Now)], from: Ledger| records.iter().fold(from, |mut ledger, (event, at)| {
            ledger.apply(ledger.sequence + 1, event, at);
            ledger
        });
        let half = log.len() / 2;
        prop_assert_eq!(&replay(&log[half..], replay(&log[..half], Ledger::default())), &ledger);
        prop_assert_eq!(&Ledger::restored(ledger.sequence, ledger.leases().cloned()), &ledger);
    }
}
