//! `git jit doctor`: reports everything that cannot be read or is inconsistent, each with its file. Repairs nothing.

mod leases;
mod merge_driver;
mod worktrees;

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::setup::config;
use crate::commands::shared::session::{self, CommandResult, Session};
use crate::domain::consistency::{self, ConsistencyProblem};
use crate::domain::issue;
use crate::domain::tracker::gate::Registry;
use crate::enforce::policy::EffectivePolicy;
use crate::exit::ExitStatus;
use crate::hooks::install;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};
use crate::store;
use crate::store::events::EventLog;
use crate::store::gates;
use crate::store::issues::{IssueScan, IssueStore};
use crate::store::layout::Layout;
use crate::store::notes;

// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Keep the leases that this clone held before it was restored or moved to another disk
    #[arg(long)]
    moved: bool,
}

/// The result for one subject.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct DoctorCheck {
    name: &'static str,
    /// What was found, for people.
    found: String,
    ok: bool,
    problems: Vec<String>,
    /// Remarks that are not problems.
    notes: Vec<String>,
    /// The exit status if there are problems.
    #[serde(skip)]
    status: ExitStatus,
}

impl DoctorCheck {
    fn new(name: &'static str, found: impl Into<String>, problems: Vec<String>) -> Self {
        let ok = problems.is_empty();
        Self { name, found: found.into(), ok, problems, notes: Vec::new(), status: ExitStatus::Invalid }
    }

    fn with_notes(self, notes: Vec<String>) -> Self {
        Self { notes, ..self }
    }

    /// A check whose problems mean that something is broken, not invalid.
    fn broken(self) -> Self {
        Self { status: ExitStatus::Broken, ..self }
    }
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct DoctorReport {
    healthy: bool,
    count: usize,
    checks: Vec<DoctorCheck>,
}

/// Runs every check.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { moved } = args;
    let layout = session.layout()?;
    if moved && let Some(id) = session.maintenance(layout).take_over_original()? {
        session.output.narrate(&format!("This is clone {id} again, with the leases that it held"));
    }
    let store = session::issues(layout, &session.policy(layout))?;
    let registry = gates::registry(store.sources());
    let listing = store.list()?;
    let [leases, holders] = leases::checks(session, layout);
    let checks = vec![
        leases,
        holders,
        settings(session, layout),
        definitions(&registry),
        issues(&listing),
        notes(&store, &listing)?,
        local(layout)?,
        graph(&listing, registry.ok().as_ref()),
        merge_driver::check(session, layout),
    ];
    let count = checks.iter().map(|check| check.problems.len()).sum();
    Ok(Box::new(DoctorReport { healthy: count == 0, count, checks }))
}

fn definitions(registry: &store::Result<Registry>) -> DoctorCheck {
    let found = count(registry.as_ref().map_or(0, |registry| registry.gates().count()), "gate");
    let problems = registry.as_ref().err().map(ToString::to_string).into_iter().collect();
    DoctorCheck::new("gates", found, problems)
}

fn issues(listing: &IssueScan<issue::Document>) -> DoctorCheck {
    let problems = listing.unreadable.iter().map(ToString::to_string).collect();
    DoctorCheck::new("issues", count(listing.issues.len(), "issue"), problems)
}

fn notes(store: &IssueStore<'_>, listing: &IssueScan<issue::Document>) -> store::Result<DoctorCheck> {
    let (mut found, mut problems) = (0, Vec::new());
    for (document, _) in &listing.issues {
        let notes = notes::of(store.sources(), document.issue().id)?;
        found += notes.notes.len();
        problems.extend(notes.unreadable.iter().map(ToString::to_string));
    }
    Ok(DoctorCheck::new("notes", count(found, "note"), problems))
}

/// The files beside the versioned data, which only this clone has.
fn local(layout: &Layout) -> store::Result<DoctorCheck> {
    let mut problems = Vec::new();
    if store::issues::is_unfinished(layout) {
        problems.push("an import was interrupted; the next change completes it".to_owned());
    }
    let torn = EventLog::of(layout).unreadable()?;
    if torn > 0 {
        problems.push(format!("{} of the event log cannot be read", count(torn, "line")));
    }
    Ok(DoctorCheck::new("local", "event log, staged plans", problems))
}

/// Does without leases, which may be broken themselves.
fn graph(listing: &IssueScan<issue::Document>, registry: Option<&Registry>) -> DoctorCheck {
    let (mild, wrong): (Vec<_>, Vec<_>) =
        consistency::problems(listing.issues.iter().map(|(document, _)| document.issue()), registry)
            .into_iter()
            .partition(ConsistencyProblem::is_mild);
    let texts = |problems: Vec<ConsistencyProblem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let notes = match mild.len() {
        0..=5 => texts(mild),
        many => vec![format!("{many} closed or gated issues have unfinished work: git jit validate")],
    };
    DoctorCheck::new("graph", "dependencies and gates", texts(wrong)).with_notes(notes)
}

fn settings(session: &Session, layout: &Layout) -> DoctorCheck {
    let EffectivePolicy { policy, places } = EffectivePolicy::of_worktree(&session.cx, layout);
    let mut unreadable = policy.unreadable.clone();
    unreadable.extend(config::misspelled(layout).unwrap_or_default());
    if !policy.is_silent() {
        let missing = install::missing(layout);
        unreadable.extend(missing.into_iter().map(|hook| (hook, "not installed, so leases are not enforced".to_owned())));
    }
    let problems = unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect();
    DoctorCheck::new("settings", count(places.len(), "place"), problems)
}

impl Report for DoctorReport {
    fn human(&self, styles: &Styles) -> String {
        let one = |check: &DoctorCheck| {
            let mark = if check.ok { styles.good("✓") } else { styles.bad("✗") };
            let problems: String = check.problems.iter().map(|problem| format!("    {}\n", plain_line(problem))).collect();
            let notes: String =
                check.notes.iter().map(|note| format!("    {}\n", styles.faint(&plain_line(&format!("note: {note}"))))).collect();
            format!("{mark} {:<9} {}\n{problems}{notes}", check.name, check.found)
        };
        self.checks.iter().map(one).collect()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::most_specific(self.checks.iter().filter(|check| !check.ok).map(|check| check.status))
    }
}
