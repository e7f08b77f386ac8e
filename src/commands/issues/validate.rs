//! `git jit validate`: whether issues and gates are consistent, and the repairs that need no decision.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::edit_session::EditSession;
use crate::commands::shared::session::{CommandResult, Session, commit_of};
use crate::domain::consistency::{self, ConsistencyProblem};
use crate::domain::id::IssueId;
use crate::domain::issue;
use crate::error::Error;
use crate::exit::{Diagnose, ExitStatus};
use crate::git::{history, tree};
use crate::output::text::{Styles, count, plain_line};
use crate::output::{ErrorReport, Report};
use crate::store::snapshot::{self, Snapshot};

/// How often the issues are checked again after repairs.
const MOST_ROUNDS: usize = 5;
/// Git's name of the commit that was checked out before a merge.
const BEFORE_THE_MERGE: &str = "ORIG_HEAD";

// Arguments of `validate`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 6 if a problem is found. Two branches can each be valid and their merge not:\n\
                        git jit hooks install runs this after each merge, and git jit check runs it in CI.")]
pub(crate) struct Args {
    /// Check the issues of a commit instead of the current ones
    #[arg(long, value_name = "REV", conflicts_with = "fix")]
    at: Option<String>,
    /// Report only problems of issues that changed since a commit
    #[arg(long, value_name = "REV")]
    since: Option<String>,
    /// Report only problems of issues that the last merge changed; print nothing if there are none, and always exit with 0
    #[arg(long, conflicts_with_all = ["at", "since", "fix"])]
    after_merge: bool,
    /// Make the repairs that need no decision, in this worktree; each is an edit and requires what any edit requires
    #[arg(long)]
    fix: bool,
}

/// The result of one check.
#[derive(Default)]
struct Findings {
    issues: usize,
    unreadable: Vec<String>,
    problems: Vec<ConsistencyProblem>,
}

impl Findings {
    /// The problems in a snapshot, or only those that concern the issues in `changed`.
    fn new(snapshot: Snapshot, changed: Option<&BTreeSet<IssueId>>) -> Self {
        let Snapshot { issues, mut unreadable, registry } = snapshot;
        let mut problems = consistency::problems(issues.iter().map(issue::Document::issue), registry.as_ref().ok());
        problems.retain(|problem| changed.is_none_or(|changed| problem.concerns(changed)));
        unreadable.extend(registry.err());
        Self { issues: issues.len(), unreadable, problems }
    }
}

/// Checks the issues, and with `--fix` repairs them.
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
    let check = || -> Result<Findings, Error> {
        let snapshot = match at {
            Some(commit) => Snapshot::at(&layout.repo, commit)?,
            None => Snapshot::here(&session.issues()?)?,
        };
        Ok(Findings::new(snapshot, changed.as_ref()))
    };
    let is_unaffected = after_merge && changed.as_ref().is_some_and(BTreeSet::is_empty);
    let mut findings = if is_unaffected { Findings::default() } else { check()? };
    let mut repairs = Repairs::default();
    // A repair can make another one possible: a misspelled id may be the issue's own.
    for _ in 0..if fix { MOST_ROUNDS } else { 0 } {
        if !repairs.make(session, &findings.problems)? {
            break;
        }
        findings = check()?;
    }
    Ok(Box::new(ValidateReport::new(findings, repairs, after_merge)))
}

/// What `--fix` did.
#[derive(Default)]
struct Repairs {
    fixed: Vec<ConsistencyProblem>,
    failed: Vec<FailedRepair>,
}

impl Repairs {
    /// Makes every repair that needs no decision, in one edit per issue. Returns whether any was made.
    fn make(&mut self, session: &Session, problems: &[ConsistencyProblem]) -> Result<bool, Error> {
        let edit = EditSession::open(session, session.layout()?)?;
        let mut by_issue: BTreeMap<IssueId, Vec<ConsistencyProblem>> = BTreeMap::new();
        for problem in problems.iter().filter(|problem| problem.repair().is_some()) {
            for issue in problem.issues() {
                by_issue.entry(*issue).or_default().push(problem.clone());
            }
        }
        by_issue.retain(|issue, _| !self.failed.iter().any(|failed| failed.issue_id == *issue));
        let before = self.fixed.len();
        for (issue, problems) in by_issue {
            session.is_at_work_on(issue);
            let repair = |document: &mut issue::Document| Ok(problems.iter().filter(|problem| problem.mend(document)).count());
            match edit.change(issue, "repaired", repair) {
                Ok(_) => self.fixed.extend(problems),
                Err(error) => {
                    let status = error.status();
                    self.failed.push(FailedRepair { issue_id: issue, error: (&error).into(), status });
                }
            }
        }
        Ok(self.fixed.len() > before)
    }
}

/// A problem, as it is reported.
#[derive(Serialize, JsonSchema)]
struct Problem {
    /// A stable name.
    code: &'static str,
    issues: Vec<IssueId>,
    message: String,
    /// Whether the data is invalid; otherwise a step is left to do.
    wrong: bool,
    /// The repair that `--fix` makes.
    repair: Option<String>,
}

impl From<&ConsistencyProblem> for Problem {
    fn from(problem: &ConsistencyProblem) -> Self {
        Self {
            code: problem.code(),
            issues: problem.issues().to_vec(),
            message: problem.to_string(),
            wrong: !problem.is_mild(),
            repair: problem.repair(),
        }
    }
}

/// An issue that could not be repaired.
#[derive(Serialize, JsonSchema)]
#[schemars(inline)]
struct FailedRepair {
    issue_id: IssueId,
    error: ErrorReport,
    #[serde(skip)]
    status: ExitStatus,
}

/// The problems of issues and gates, and what was repaired.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ValidateReport {
    valid: bool,
    count: usize,
    /// The number of issues that were checked.
    checked: usize,
    problems: Vec<Problem>,
    unreadable: Vec<String>,
    fixed: Vec<Problem>,
    failed: Vec<FailedRepair>,
    #[serde(skip)]
    after_merge: bool,
}

impl ValidateReport {
    fn new(findings: Findings, repairs: Repairs, after_merge: bool) -> Self {
        let Findings { issues: checked, unreadable, problems } = findings;
        let problems: Vec<Problem> = problems.iter().map(Problem::from).collect();
        let fixed = repairs.fixed.iter().map(Problem::from).collect();
        let valid = unreadable.is_empty() && !problems.iter().any(|problem| problem.wrong);
        Self { valid, count: problems.len(), checked, problems, unreadable, fixed, failed: repairs.failed, after_merge }
    }
}

impl Report for ValidateReport {
    fn human(&self, styles: &Styles) -> String {
        let is_consistent = self.valid && self.problems.is_empty();
        if self.after_merge && is_consistent {
            return String::new();
        }
        let mut text = String::new();
        for problem in &self.fixed {
            let repair = plain_line(problem.repair.as_deref().unwrap_or_default());
            text += &format!("{} {}: {repair}\n", styles.good("✓ repaired:"), plain_line(&problem.message));
        }
        for FailedRepair { issue_id, error, .. } in &self.failed {
            text += &format!("{} issue {}: {}\n", styles.bad("✗ not repaired:"), issue_id.short(), error.message);
        }
        for path in &self.unreadable {
            text += &format!("{} {}\n", styles.bad("✗"), plain_line(path));
        }
        for problem in &self.problems {
            let mark = if problem.wrong { styles.bad("✗") } else { styles.warn("-") };
            let hint = problem.repair.as_ref().map(|repair| format!("; to {}: git jit validate --fix", plain_line(repair)));
            text += &format!("{mark} {}{}\n", plain_line(&problem.message), hint.unwrap_or_default());
        }
        if is_consistent {
            text += &format!("{} {} checked, no problems found\n", styles.good("✓"), count(self.checked, "issue"));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.after_merge {
            return ExitStatus::Done;
        }
        let failed = self.failed.iter().map(|failed| failed.status);
        ExitStatus::most_specific(failed.chain((!self.valid).then_some(ExitStatus::Invalid)))
    }
}
