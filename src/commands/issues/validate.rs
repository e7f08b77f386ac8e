//! `git jit validate`: whether issues and gates fit together, and the repairs that nobody has to choose.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session, commit_of};
use crate::domain::consistency::{self, ConsistencyProblem};
use crate::domain::id::IssueId;
use crate::domain::issue::Document;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git::history;
use crate::git::tree;
use crate::output::text::{Styles, count, plain_line};
use crate::output::{Report, described};
use crate::store::snapshot::{self, Snapshot};

/// How often it is looked again after a repair.
const MOST_ROUNDS: usize = 5;
/// What Git calls the commit that was checked out before a merge.
const BEFORE_THE_MERGE: &str = "ORIG_HEAD";

// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits with 6 where something is wrong. What two branches make between them nobody sees before they are merged:\n\
                        git jit hooks install has this run after each merge, and git jit check does it in CI."
)]
pub(crate) struct Args {
    /// The issues that a commit has, not those that are here
    #[arg(long, value_name = "REV", conflicts_with = "fix")]
    at: Option<String>,
    /// Only what concerns issues that have changed since a commit
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Only what concerns issues that the last merge has changed; nothing is said if all is well, and it ends well in any case
    #[arg(long, conflicts_with_all = ["at", "since", "fix"])]
    after_merge: bool,
    /// Make the repairs that are the only right ones, in this worktree's files; each wants what any edit wants
    #[arg(long)]
    fix: bool,
}

/// What was looked at, and what is wrong with it.
#[derive(Default)]
struct Findings {
    issues: usize,
    unreadable: Vec<String>,
    problems: Vec<ConsistencyProblem>,
}

struct ValidateReport {
    found: Findings,
    /// What was repaired, each with the problem that it was.
    fixed: Vec<ConsistencyProblem>,
    /// The issues that could not be, and why.
    failed: Vec<(IssueId, Error)>,
    after_merge: bool,
}

/// Looks, and repairs if that was asked for.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { at, since, after_merge, fix } = args;
    let layout = session.layout()?;
    let at = at.map(|revision| commit_of(layout, &revision)).transpose()?;
    let new = match at {
        Some(commit) => Some(commit),
        None => tree::head_commit(&layout.repo)?,
    };
    let old = match (&since, after_merge) {
        (Some(revision), _) => Some(commit_of(layout, revision)?),
        (None, true) => history::named(&layout.repo, BEFORE_THE_MERGE),
        (None, false) => None,
    };
    let changed = old.zip(new).map(|(old, new)| snapshot::changed_issues(&layout.repo, old, new)).transpose()?.flatten();
    let changed: Option<BTreeSet<IssueId>> = changed.map(BTreeSet::from_iter);
    let look = || -> Result<Findings, Error> {
        let snapshot = match at {
            Some(commit) => Snapshot::at(&layout.repo, commit)?,
            None => Snapshot::here(&crate::commands::shared::session::issues(layout, &session.policy(layout))?)?,
        };
        Ok(Findings::of(snapshot, changed.as_ref()))
    };
    let is_untouched = after_merge && changed.as_ref().is_some_and(BTreeSet::is_empty);
    let found = if is_untouched { Findings::default() } else { look()? };
    let mut validated = ValidateReport { found, fixed: Vec::new(), failed: Vec::new(), after_merge };
    // One repair can make room for another: an id that is written as one may be the issue's own.
    for _ in 0..if fix { MOST_ROUNDS } else { 0 } {
        if !validated.mend(session)? {
            break;
        }
        validated.found = look()?;
    }
    Ok(Box::new(validated))
}

impl Findings {
    /// What is wrong with a snapshot, as far as it concerns these issues.
    fn of(snapshot: Snapshot, changed: Option<&BTreeSet<IssueId>>) -> Self {
        let Snapshot { issues, mut unreadable, registry } = snapshot;
        let mut problems = consistency::problems(issues.iter().map(Document::issue), registry.as_ref().ok());
        problems.retain(|problem| changed.is_none_or(|changed| problem.concerns(changed)));
        unreadable.extend(registry.err());
        Self { issues: issues.len(), unreadable, problems }
    }
}

impl ValidateReport {
    /// Makes every repair that is the only right one; what one issue wants is one edit. Whether any was made.
    fn mend(&mut self, session: &Session) -> Result<bool, Error> {
        let edit = EditSession::open(session, session.layout()?)?;
        let mut by_issue: BTreeMap<IssueId, Vec<ConsistencyProblem>> = BTreeMap::new();
        for problem in self.found.problems.iter().filter(|problem| problem.repair().is_some()) {
            for issue in problem.issues() {
                by_issue.entry(*issue).or_default().push(problem.clone());
            }
        }
        by_issue.retain(|issue, _| !self.failed.iter().any(|(other, _)| other == issue));
        let before = self.fixed.len();
        for (issue, problems) in by_issue {
            session.is_at_work_on(issue);
            let repair = |document: &mut Document| Ok(problems.iter().filter(|problem| problem.mend(document)).count());
            match edit.change(issue, "repaired", repair) {
                Ok(_) => self.fixed.extend(problems),
                Err(error) => self.failed.push((issue, error)),
            }
        }
        Ok(self.fixed.len() > before)
    }

    fn is_valid(&self) -> bool {
        self.found.unreadable.is_empty() && self.found.problems.iter().all(ConsistencyProblem::is_mild)
    }
}

impl Report for ValidateReport {
    fn json(&self) -> Value {
        let problem = |it: &ConsistencyProblem| json!({ "code": it.code(), "issues": it.issues(), "message": it.to_string(), "wrong": !it.is_mild(), "repair": it.repair() });
        let failed = |(issue, error): &(IssueId, Error)| json!({ "issue_id": issue, "error": described(error) });
        json!({
            "valid": self.is_valid(), "count": self.found.problems.len(), "checked": self.found.issues,
            "problems": self.found.problems.iter().map(problem).collect::<Vec<_>>(), "unreadable": self.found.unreadable,
            "fixed": self.fixed.iter().map(problem).collect::<Vec<_>>(),
            "failed": self.failed.iter().map(failed).collect::<Vec<_>>(),
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Findings { issues, unreadable, problems } = &self.found;
        if self.after_merge && self.is_valid() && problems.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        for problem in &self.fixed {
            let repair = problem.repair().unwrap_or_default();
            text += &format!("{} {}: {}\n", styles.good("✓ repaired:"), plain_line(&problem.to_string()), plain_line(&repair));
        }
        for (issue, error) in &self.failed {
            text += &format!("{} issue {}: {error}\n", styles.bad("✗ not repaired:"), issue.short());
        }
        for path in unreadable {
            text += &format!("{} {}\n", styles.bad("✗"), plain_line(path));
        }
        for problem in problems {
            let mark = if problem.is_mild() { styles.warn("-") } else { styles.bad("✗") };
            let repair = problem.repair().map(|repair| format!("; to {}: git jit validate --fix", plain_line(&repair)));
            text += &format!("{mark} {}{}\n", plain_line(&problem.to_string()), repair.unwrap_or_default());
        }
        if self.is_valid() && problems.is_empty() {
            text += &format!("{} {} fit together\n", styles.good("✓"), count(*issues, "issue"));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.after_merge {
            return ExitStatus::Done;
        }
        let failed = self.failed.iter().map(|(_, error)| error.status());
        ExitStatus::most_specific(failed.chain((!self.is_valid()).then_some(ExitStatus::Invalid)))
    }
}
