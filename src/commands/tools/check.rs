//! `git jit check`: judges existing commits as the hooks would, for CI.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::policy::Enforcement;
use crate::enforce::check::{self, Checked};
use crate::enforce::message::{self, FindingView};
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git::range::Range;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Exits with 1 if the policy is strict and an edit is refused. JIT_ENFORCE_LEASES=strict sets the policy.\n\
                        Leases are judged only in the clone where the commits were made; elsewhere the report says so.\n\
                        For CI see docs/ci.md.")]
pub(crate) struct Args {
    /// The commits, as for git log [default: those of HEAD that the default branch lacks, else the last commit]
    range: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub(crate) struct CheckReport {
    ok: bool,
    range: String,
    commits: usize,
    refused: Vec<FindingView>,
    reported: Vec<FindingView>,
    edits_not_judged: Vec<FoundEdit>,
    /// Remarks on what was not judged.
    not_judged: Vec<String>,
    /// Findings that are known to be old.
    known: Vec<String>,
    /// The findings for people.
    #[serde(skip)]
    verdict: String,
}

/// An edited issue whose lease was not judged.
#[derive(Serialize, JsonSchema)]
struct FoundEdit {
    issue_id: IssueId,
    commits: Vec<String>,
}

/// Judges commits.
pub(crate) fn run(session: &Session, args: Args) -> CommandResult {
    let Args { range } = args;
    let layout = session.layout()?;
    let range = match range {
        Some(text) => Some(Range::parse(&layout.repo, &text)?),
        None => Range::usual(&layout.repo)?,
    };
    let Some(range) = range else {
        let hint = "Create the first commit, then check".to_owned();
        return Err(Error::NotThere { what: "commit", name: "HEAD".to_owned(), hint });
    };
    let mut policy = EffectivePolicy::of_push(&session.cx, layout, &range.tips).policy;
    // A check reports what it finds even if the hooks would ignore it.
    policy.enforcement = policy.enforcement.max(Enforcement::Warn);
    let Checked { verdict, commits, not_judged, remarks, known } = check::run(session.repo(layout, &policy), &range)?;
    let edit =
        |(issue_id, commits): (IssueId, Vec<_>)| FoundEdit { issue_id, commits: commits.iter().map(ToString::to_string).collect() };
    Ok(Box::new(CheckReport {
        ok: verdict.refused.is_empty(),
        range: range.text,
        commits,
        refused: verdict.refused.iter().map(FindingView::from).collect(),
        reported: verdict.reported.iter().map(FindingView::from).collect(),
        edits_not_judged: not_judged.into_iter().map(edit).collect(),
        not_judged: remarks,
        known,
        verdict: message::verdict(&verdict, "check").trim_start_matches("git jit: ").to_owned(),
    }))
}

impl Report for CheckReport {
    fn human(&self, styles: &Styles) -> String {
        let mut text = self.verdict.clone();
        let mark = if self.ok { styles.good("✓") } else { styles.bad("✗") };
        text += &format!("{mark} {} of {}\n", count(self.commits, "commit"), plain_line(&self.range));
        if !self.edits_not_judged.is_empty() {
            let edited: Vec<String> = self.edits_not_judged.iter().map(|edit| edit.issue_id.short()).collect();
            text += &format!("  edited: {}\n", edited.join(", "));
        }
        for remark in &self.not_judged {
            text += &format!("  {} {remark}\n", styles.warn("not judged:"));
        }
        for known in &self.known {
            text += &format!("  {}\n", styles.faint(&plain_line(&format!("known: {known}"))));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.ok { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
