//! `git jit claim`: leases are taken, given back and looked at.

use self::report::{Leases, Released};
use super::{Answer, Session, issues, resolve};
use crate::domain::id::{AgentId, IdError, IssueId, IssueRef, LeaseId};
use crate::domain::lease::{Fate, LONGEST_TTL_SECS, Lease, Ledger, Request};
use crate::domain::policy::Policy;
use crate::error::Error;
use crate::store::issues::IssueStore;
use crate::store::layout::Layout;

mod acquire;
mod report;

pub(crate) use self::acquire::take;
pub(crate) use self::report::{Acquired, LeaseView};

/// The longest reason, in characters: a log record is one write.
const LONGEST_REASON: usize = 500;

/// Verbs of `claim`.
#[derive(Debug, clap::Subcommand)]
pub(crate) enum Verb {
    /// Take the lease on an issue, or keep the one you have
    Acquire(acquire::Args),
    /// Give a lease back; with an uncommitted edit, once that is committed
    Release(ReleaseArgs),
    /// Show your leases, or those on an issue or of an agent
    Status(StatusArgs),
    /// Show all leases
    List(ListArgs),
}

/// Arguments of `claim release`.
#[derive(Debug, clap::Args)]
pub(crate) struct ReleaseArgs {
    /// The lease: its id, the beginning of it, or the issue
    lease: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

/// Arguments of `claim status`.
#[derive(Debug, clap::Args)]
pub(crate) struct StatusArgs {
    /// Leases on this issue
    #[arg(long, value_name = "ISSUE")]
    issue: Option<String>,
    /// Leases of this agent, in every worktree
    #[arg(long, value_name = "TYPE:NAME")]
    agent: Option<AgentId>,
}

/// Arguments of `claim list`.
#[derive(Debug, clap::Args)]
pub(crate) struct ListArgs {
    /// Leases too that are over and that nobody has taken since
    #[arg(long)]
    all: bool,
}

/// Runs a verb of `claim`.
pub(crate) fn run(session: &Session, verb: Verb) -> Answer {
    match verb {
        Verb::Acquire(args) => acquire::run(session, args),
        Verb::Release(args) => release(session, args),
        Verb::Status(args) => status(session, args),
        Verb::List(args) => list(session, &args),
    }
}

/// How long a lease is wanted for: as typed, else as the policy has it.
pub(crate) fn ttl_secs(typed: Option<&str>, policy: &Policy) -> Result<u64, Error> {
    typed.map_or(Ok(policy.default_ttl_secs.clamp(1, LONGEST_TTL_SECS)), seconds)
}

/// Seconds from what was typed: a number of them, or a number with `s`, `m`, `h` or `d`.
pub(crate) fn seconds(text: &str) -> Result<u64, Error> {
    let typed = text.trim();
    let (number, unit) = match typed.char_indices().last() {
        Some((at, 's')) => (&typed[..at], 1),
        Some((at, 'm')) => (&typed[..at], 60),
        Some((at, 'h')) => (&typed[..at], 3600),
        Some((at, 'd')) => (&typed[..at], 86_400),
        _ => (typed, 1),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    seconds.filter(|seconds| (1..=LONGEST_TTL_SECS).contains(seconds)).ok_or_else(|| Error::Usage {
        what: format!("'{typed}' is no time that a lease can last"),
        hint: "Give 1 second to 30 days: 600, 90s, 30m, 2h, 1d".to_owned(),
    })
}

pub(crate) fn reason(text: Option<String>) -> Result<Option<String>, Error> {
    let too_long = |text: &String| text.chars().count() > LONGEST_REASON;
    match text {
        Some(text) if text.trim().is_empty() || too_long(&text) => Err(Error::Usage {
            what: "a reason is 1 to 500 characters".to_owned(),
            hint: "Say in a line what for, or leave --reason out".to_owned(),
        }),
        other => Ok(other),
    }
}

fn release(session: &Session, args: ReleaseArgs) -> Answer {
    let ReleaseArgs { lease: named, reason: why } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(&layout)?;
    let reason = reason(why)?;
    let ledger = layout.claims().ledger()?;
    let store = issues(&layout, &policy)?;
    let lease = match named_lease(&ledger, &store, &named) {
        Err(Error::NoSuchLease { .. }) if is_concluded(&layout, &named)? => return Ok(Box::new(Released::before(named))),
        found => found?,
    };
    let closing = store.differs_from_head(lease.issue_id)?;
    let holder = session.holder(&layout)?;
    let request = Request::Release { lease_id: lease.lease_id.clone(), holder, closing, reason };
    layout.claims().ask(session.cx.clock(), &request, policy.stale_threshold_secs)?.answer?;
    let changed = !(closing && lease.closing);
    Ok(Box::new(Released { lease_id: lease.lease_id.to_string(), issue: Some(lease.issue_id), closing, changed }))
}

/// Whether this is the whole id of a lease that its holder has ended already.
fn is_concluded(layout: &Layout, named: &str) -> Result<bool, Error> {
    let id = LeaseId::new(named.trim().to_ascii_uppercase());
    Ok(layout.claims().fates([id.clone()])?.get(&id) == Some(&Fate::Concluded))
}

/// The lease that was meant: by its id, a unique prefix of at least four characters, or its issue.
pub(crate) fn named_lease(ledger: &Ledger, store: &IssueStore<'_>, named: &str) -> Result<Lease, Error> {
    let typed = named.trim().to_ascii_uppercase();
    let by_id: Vec<&Lease> =
        ledger.leases().filter(|lease| typed.len() >= 4 && lease.lease_id.as_str().starts_with(&typed)).collect();
    let by_issue = |issue: IssueId| ledger.lease_on(issue).cloned();
    match by_id.as_slice() {
        [one] => return Ok((*one).clone()),
        [] => {}
        _ if typed.len() < 26 => {
            return Err(Error::Usage {
                what: format!("'{}' stands for {} leases", named.trim(), by_id.len()),
                hint: "Give more of the id; see git jit claim list".to_owned(),
            });
        }
        _ => {}
    }
    let no_such = || Error::NoSuchLease { named: named.trim().to_owned() };
    let Ok(issue) = IssueRef::parse(named) else { return Err(no_such()) };
    // An issue whose file is gone may still be leased.
    let leased = ledger.leases().map(|lease| lease.issue_id);
    let known = store.ids()?.into_iter().map(|(id, _)| id);
    match issue.resolve(known.chain(leased)) {
        Ok(issue) => by_issue(issue).ok_or_else(no_such),
        Err(IdError::NoSuchIssue { .. }) => Err(no_such()),
        Err(error) => Err(error.into()),
    }
}

fn status(session: &Session, args: StatusArgs) -> Answer {
    let StatusArgs { issue, agent } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(&layout)?;
    let store = issues(&layout, &policy)?;
    let issue = issue.map(|typed| resolve(&store, &typed)).transpose()?.map(|(id, _)| id);
    let editor = crate::actor::editor(&session.cx, &layout, session.agent_flag.as_deref())?;
    let everybody = issue.is_some() || agent.is_some();
    let is_wanted = |lease: &&Lease| {
        issue.is_none_or(|issue| lease.issue_id == issue)
            && agent.as_ref().is_none_or(|agent| lease.holder.agent_id == *agent)
            && (everybody || editor.is(&lease.holder))
    };
    let now = session.cx.clock().now();
    let ledger = layout.claims().ledger()?;
    let leases = ledger.leases().filter(is_wanted).map(|lease| LeaseView::of(lease, &now, &policy, Some(&store))).collect();
    Ok(Box::new(Leases { leases, hidden: 0, is_detailed: true }))
}

fn list(session: &Session, args: &ListArgs) -> Answer {
    let ListArgs { all } = args;
    let layout = session.layout()?;
    let policy = session.policy_of_leases(&layout)?;
    let now = session.cx.clock().now();
    let ledger = layout.claims().ledger()?;
    let store = issues(&layout, &policy).ok();
    let (shown, over): (Vec<&Lease>, Vec<&Lease>) =
        ledger.leases().partition(|lease| *all || lease.standing(&now, policy.stale_threshold_secs).excludes());
    let leases = shown.into_iter().map(|lease| LeaseView::of(lease, &now, &policy, store.as_ref())).collect();
    Ok(Box::new(Leases { leases, hidden: over.len(), is_detailed: false }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_seconds_or_have_a_unit_and_an_absurd_one_is_an_error() {
        for (text, expected) in [("600", 600), ("90s", 90), ("30m", 1800), ("2h", 7200), (" 1d ", 86_400), ("30d", 2_592_000)] {
            assert_eq!(seconds(text).expect(text), expected);
        }
        for text in ["", "0", "-1", "31d", "99999999999999999999", "18446744073709551615h", "2 weeks", "é", "1.5h"] {
            assert!(seconds(text).is_err(), "{text}");
        }
    }
}
