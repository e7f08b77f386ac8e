//! `git jit doctor`: everything that cannot be read or does not fit together, each with its file. Mends nothing.

use serde_json::{Value, json};

use super::{Answer, Session};
use crate::domain::id::IssueId;
use crate::exit::ExitStatus;
use crate::hook::force;
use crate::output::Report;
use crate::output::human::{Styles, plain_line};
use crate::store::{gates, notes};

/// Arguments of `doctor`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

/// One thing that was looked at.
struct Check {
    name: &'static str,
    /// How much of it there is.
    found: String,
    problems: Vec<String>,
    /// What the problems amount to.
    status: ExitStatus,
}

struct Checks(Vec<Check>);

/// Looks at everything.
pub(crate) fn run(session: &Session, args: Args) -> Answer {
    let Args {} = args;
    let layout = session.layout()?;
    let mut checks = vec![settings(session, &layout)];
    let ledger = layout.claims().ledger();
    let found = ledger.as_ref().map_or(0, |ledger| ledger.leases().count());
    let problems = ledger.err().map(|error| error.to_string()).into_iter().collect();
    checks.push(Check { name: "leases", found: format!("{found} leases"), problems, status: ExitStatus::Broken });
    let store = super::issues(&layout, &session.policy(&layout))?;
    let registry = gates::registry(store.places());
    let found = registry.as_ref().map_or(0, |registry| registry.gates().count());
    let problems = registry.as_ref().err().map(ToString::to_string).into_iter().collect();
    checks.push(Check { name: "gates", found: format!("{found} gates"), problems, status: ExitStatus::Invalid });
    let listing = store.list()?;
    let problems = listing.unreadable.iter().map(ToString::to_string).collect();
    checks.push(Check { name: "issues", found: format!("{} issues", listing.issues.len()), problems, status: ExitStatus::Invalid });
    let mut problems = Vec::new();
    let mut count = 0;
    for (document, _) in &listing.issues {
        let issue = document.issue();
        let notes = notes::of(store.places(), issue.id)?;
        count += notes.notes.len();
        problems.extend(notes.unreadable.iter().map(ToString::to_string));
    }
    checks.push(Check { name: "notes", found: format!("{count} notes"), problems, status: ExitStatus::Invalid });
    let mut problems = Vec::new();
    if let Ok(registry) = &registry {
        for (document, _) in &listing.issues {
            let issue = document.issue();
            let unknown = issue.gates_required.iter().filter(|key| registry.gate(key).is_none() && !issue.state.is_closed());
            problems
                .extend(unknown.map(|key| format!("issue {} asks for the gate '{key}', which is not defined", issue.id.short())));
        }
    }
    // Without leases, which may be what is broken.
    let graph =
        crate::domain::graph::Graph::of(&listing.issues.iter().map(|(document, _)| document.issue().into()).collect::<Vec<_>>());
    let cycles = graph.cycles();
    let in_words = |cycle: &Vec<IssueId>| cycle.iter().map(IssueId::short).collect::<Vec<_>>().join(", ");
    problems.extend(cycles.iter().map(|cycle| format!("these wait for each other: {}", in_words(cycle))));
    let dangling = graph.dangling().iter();
    problems.extend(dangling.map(|(id, names)| format!("issue {} depends on what is not there: {}", id.short(), names.join(", "))));
    checks.push(Check { name: "graph", found: "dependencies and gates".to_owned(), problems, status: ExitStatus::Invalid });
    Ok(Box::new(Checks(checks)))
}

fn settings(session: &Session, layout: &crate::store::layout::Layout) -> Check {
    let candidates = force::candidates(&session.cx, layout);
    let unreadable = crate::domain::policy::Policy::strictest(&candidates).unreadable;
    Check {
        name: "settings",
        found: format!("{} places", candidates.len()),
        problems: unreadable.iter().map(|(place, why)| format!("{place}: {why}")).collect(),
        status: ExitStatus::Invalid,
    }
}

impl Report for Checks {
    fn json(&self) -> Value {
        let one = |check: &Check| json!({ "name": check.name, "found": check.found, "ok": check.problems.is_empty(), "problems": check.problems });
        let problems: usize = self.0.iter().map(|check| check.problems.len()).sum();
        json!({ "healthy": problems == 0, "count": problems, "checks": self.0.iter().map(one).collect::<Vec<_>>() })
    }

    fn human(&self, styles: &Styles) -> String {
        let one = |check: &Check| {
            let mark = if check.problems.is_empty() { styles.good("✓") } else { styles.bad("✗") };
            let problems: String = check.problems.iter().map(|problem| format!("    {}\n", plain_line(problem))).collect();
            format!("{mark} {:<9} {}\n{problems}", check.name, check.found)
        };
        self.0.iter().map(one).collect()
    }

    fn status(&self) -> ExitStatus {
        ExitStatus::most_specific(self.0.iter().filter(|check| !check.problems.is_empty()).map(|check| check.status))
    }
}
