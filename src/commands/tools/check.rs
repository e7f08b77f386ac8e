//! `git jit check`: judges existing commits as the hooks would, for CI.

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::enforce::check::{self, Checked};
use crate::enforce::message;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git::range::Range;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits with 1 if the policy is strict and an edit is refused. JIT_ENFORCE_LEASES=strict sets the policy.\n\
                        Leases are judged only in the clone where the commits were made; elsewhere the report says so.\n\
                        For CI see docs/ci.md."
)]
pub(crate) struct Args {
    /// The commits, as for git log [default: those of HEAD that the default branch lacks, else the last commit]
    range: Option<String>,
}

struct CheckReport {
    range: String,
    checked: Checked,
}

/// Checks commits.
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
    let checked = check::run(&session.cx, layout, &range)?;
    Ok(Box::new(CheckReport { range: range.text, checked }))
}

impl Report for CheckReport {
    fn json(&self) -> Value {
        let Checked { verdict, commits, not_judged, remarks, known } = &self.checked;
        let edits = not_judged.iter().map(
            |(issue, commits)| json!({ "issue_id": issue, "commits": commits.iter().map(ToString::to_string).collect::<Vec<_>>() }),
        );
        json!({
            "ok": verdict.refused.is_empty(), "range": self.range, "commits": commits,
            "refused": verdict.refused.iter().map(message::json).collect::<Vec<_>>(),
            "reported": verdict.reported.iter().map(message::json).collect::<Vec<_>>(),
            "edits_not_judged": edits.collect::<Vec<_>>(), "not_judged": remarks, "known": known,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let Checked { verdict, commits, not_judged, remarks, known } = &self.checked;
        let mut text = message::verdict(verdict, "check").trim_start_matches("git jit: ").to_owned();
        let mark = if verdict.refused.is_empty() { styles.good("✓") } else { styles.bad("✗") };
        text += &format!("{mark} {} of {}\n", count(*commits, "commit"), plain_line(&self.range));
        if !not_judged.is_empty() {
            let edited: Vec<String> = not_judged.keys().map(IssueId::short).collect();
            text += &format!("  edited: {}\n", edited.join(", "));
        }
        for remark in remarks {
            text += &format!("  {} {remark}\n", styles.warn("not judged:"));
        }
        for known in known {
            text += &format!("  {}\n", styles.faint(&plain_line(&format!("known: {known}"))));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.checked.verdict.refused.is_empty() { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
