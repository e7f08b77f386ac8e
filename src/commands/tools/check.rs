//! `git jit check`: the hooks' judgement of commits that are there already, for CI.

use serde_json::{Value, json};

use crate::commands::shared::session::{CommandResult, Session};
use crate::domain::id::IssueId;
use crate::domain::policy::Enforcement;
use crate::enforce::check::{self, Checked};
use crate::enforce::message;
use crate::enforce::policy::EffectivePolicy;
use crate::error::Error;
use crate::exit::ExitStatus;
use crate::git::range::Range;
use crate::output::Report;
use crate::output::text::{Styles, count, plain_line};

// Arguments of `check`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Exits with 1 where the policy is strict and something is refused; JIT_ENFORCE_LEASES=strict makes it so.\n\
                        Who held an issue is judged only in the clone that the commits were made in; elsewhere it says so.\n\
                        For CI see docs/ci.md."
)]
pub(crate) struct Args {
    /// The commits, as git log takes them [default: what HEAD has and the default branch has not, else the last commit]
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
        let hint = "There is nothing to check before the first commit".to_owned();
        return Err(Error::NotThere { what: "commit", name: "HEAD".to_owned(), hint });
    };
    let mut policy = EffectivePolicy::of_push(&session.cx, layout, &range.tips).policy;
    // A check reports what it finds even if the hooks would ignore it.
    policy.enforcement = policy.enforcement.max(Enforcement::Warn);
    let checked = check::run(session.repo(layout, &policy), &range)?;
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
            text += &format!("  {}\n", styles.faint(&plain_line(&format!("as before: {known}"))));
        }
        text
    }

    fn status(&self) -> ExitStatus {
        if self.checked.verdict.refused.is_empty() { ExitStatus::Done } else { ExitStatus::Refused }
    }
}
