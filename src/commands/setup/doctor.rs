//! `git jit doctor`: everything that cannot be read or does not fit together, each with its file. Mends nothing.

mod leases;
mod merge_driver;
mod worktrees;

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::consistency::{self, ConsistencyProblem};
use crate::domain::issue::Document;
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
pub(crate) struct Args {}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// How much of it there is.
    found: String,
    problems: Vec<String>,
    /// What is worth knowing, and no problem.
    notes: Vec<String>,
    /// What the problems amount to.
    status: ExitStatus,
}

struct Checks(Vec<Check>);

/// Looks at everything.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args {} = args;
    let layout = session.layout()?;
    let store = crate::commands::shared::session::issues(layout, &session.policy(layout))?;
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
    Ok(Box::new(Checks(checks)))
}

fn definitions(registry: &store::Result<Registry>) -> Check {
    let found = count(registry.as_ref().map_or(0, |registry| registry.gates().count()), "gate");
    let problems = registry.as_ref().err().map(ToString::to_string).into_iter().collect();
    Check { name: "gates", found, problems, notes: Vec::new(), status: ExitStatus::Invalid }
}

fn issues(listing: &IssueScan<Document>) -> Check {
    let problems = listing.unreadable.iter().map(ToString::to_string).collect();
    Check { name: "issues", found: count(listing.issues.len(), "issue"), problems, notes: Vec::new(), status: ExitStatus::Invalid }
}

fn notes(store: &IssueStore<'_>, listing: &IssueScan<Document>) -> store::Result<Check> {
    let (mut found, mut problems) = (0, Vec::new());
    for (document, _) in &listing.issues {
        let notes = notes::of(store.sources(), document.issue().id)?;
        found += notes.notes.len();
        problems.extend(notes.unreadable.iter().map(ToString::to_string));
    }
    Ok(Check { name: "notes", found: count(found, "note"), problems, notes: Vec::new(), status: ExitStatus::Invalid })
}

/// What is kept beside the versioned data, for this repository alone.
fn local(layout: &Layout) -> store::Result<Check> {
    let mut problems = Vec::new();
    if store::issues::is_unfinished(layout) {
        problems.push("an import was interrupted: whatever is changed next finishes it".to_owned());
    }
    let torn = EventLog::of(layout).unreadable()?;
    if torn > 0 {
        problems.push(format!("{} in the log of events cannot be read", count(torn, "line")));
    }
    Ok(Check {
        name: "local",
        found: "the log of events, staged plans".to_owned(),
        problems,
        notes: Vec::new(),
        status: ExitStatus::Invalid,
    })
}

/// Without leases, which may be what is broken.
fn graph(listing: &IssueScan<Document>, registry: Option<&Registry>) -> Check {
    let (mild, wrong): (Vec<_>, Vec<_>) =
        consistency::problems(listing.issues.iter().map(|(document, _)| document.issue()), registry)
            .into_iter()
            .partition(ConsistencyProblem::is_mild);
    let words = |problems: Vec<ConsistencyProblem>| problems.iter().map(ToString::to_string).collect::<Vec<_>>();
    let notes = match mild.len() {
        0..=5 => words(mild),
        many => vec![format!("{many} closed or gated issues have something left to do: git jit validate")],
    };
    let problems = words(wrong);
    Check { name: "graph", found: "dependencies and gates".to_owned(), problems, notes, status: ExitStatus::Invalid }
}

fn settings(session: &Session, layout: &Layout) -> Check {
    let EffectivePolicy { policy, places } = EffectivePolicy::of_worktree(&session.cx, layout);
    let mut unreadable = policy.unreadable.clone();
    unreadable.extend(crate::commands::setup::config::misspelt(layout).unwrap_or_default());
    if !policy.is_silent() {
        let missing = install::missing(layout);
        unreadable
            .extend(missing.into_iter().map(|hook| (hook, "is not installed, and leases are not enforced without it".to_owned())));
    }
    Check {
        name: "settings",
        found: count(places.len(), "place"),
        problems: unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect(),
        notes: Vec::new(),
        status: ExitStatus::Invalid,
    }
}

impl Report for Checks {
    fn json(&self) -> Value {
        let one = |check: &Check| json!({ "name": check.name, "found": check.found, "ok": check.problems.is_empty(), "problems": check.problems, "notes": check.notes });
        let problems: usize = self.0.iter().map(|check| check.problems.len()).sum();
        json!({ "healthy": problems == 0, "count": problems, "checks": self.0.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        let one = |check: &Check| {
            let mark = if check.problems.is_empty() { styles.good("✓") } else { styles.bad("✗") };
            let problems: String = check.problems.iter().map(|problem| format!("    {}\n", plain_line(problem))).collect();
            let notes: String =
                check.notes.iter().map(|note| format!("    {}\n", styles.faint(&plain_line(&format!("note: {note}"))))).collect();
            format!("{mark} {:<9} {}\n{problems}{notes}", check.name, check.found)
        };
        self.0.iter().map(one).collect()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::most_specific(self.0.iter().filter(|check| !check.problems.is_empty()).map(|check| check.status))
    }
}
