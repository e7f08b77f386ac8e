//! `git jit query … --explain`: why an issue is in a list, or why not.

use schemars::JsonSchema;
use serde::Serialize;

use crate::commands::shared::issue_index::IndexedIssue;
use crate::domain::id::IssueId;
use crate::domain::issue::State;
use crate::domain::tracker::query::{Missing, QueryKind, missing};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

/// The reasons why an issue is not in a list; none if it is.
#[derive(Serialize, JsonSchema)]
pub(crate) struct Explanation {
    issue_id: IssueId,
    query: &'static str,
    included: bool,
    reasons: Vec<Reason>,
    state: State,
    effective_state: State,
    blocked_by: Vec<String>,
    #[serde(skip)]
    title: String,
}

/// Why an issue is not in a list.
#[derive(Serialize, JsonSchema)]
struct Reason {
    /// A stable name.
    code: &'static str,
    message: String,
}

impl From<&Missing> for Reason {
    fn from(missing: &Missing) -> Self {
        let (code, message) = match missing {
            Missing::Deleted => ("deleted", "it was deleted".to_owned()),
            Missing::State(state) => ("state", format!("it is {}", state.as_str())),
            Missing::Blocked(by) => {
                let short: Vec<String> = by.iter().map(|id| id.chars().take(8).collect()).collect();
                ("blocked", format!("it is blocked by {}", short.join(", ")))
            }
            Missing::Unblocked => ("unblocked", "nothing blocks it".to_owned()),
            Missing::AssignedTo(agent) => ("assigned", format!("it is assigned to {agent}")),
            Missing::HeldBy(holder) => ("held", format!("it is held by {holder}")),
            Missing::NotMine => ("not_mine", "it is neither assigned to you nor held by you".to_owned()),
        };
        Self { code, message }
    }
}

impl Explanation {
    /// Explains whether `found` is in the list `kind`, to which the user may have added a filter.
    pub(crate) fn new(kind: QueryKind, found: &IndexedIssue, fits_filter: bool) -> Self {
        let IndexedIssue { summary, facts, .. } = found;
        let mut reasons: Vec<Reason> = missing(kind, summary, facts).iter().map(Reason::from).collect();
        if !fits_filter {
            reasons.push(Reason { code: "filter", message: "it does not match the filters".to_owned() });
        }
        Self {
            issue_id: summary.id,
            query: kind.as_str(),
            included: reasons.is_empty(),
            reasons,
            state: summary.state,
            effective_state: facts.effective,
            blocked_by: facts.blocked_by.clone(),
            title: summary.title.clone(),
        }
    }
}

impl Report for Explanation {
    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.issue_id.short());
        let (mark, is_not) = if self.included { (styles.good("✓"), "") } else { (styles.bad("✗"), "not ") };
        let lines: String = self.reasons.iter().map(|reason| format!("  {}\n", plain_line(&reason.message))).collect();
        format!("{mark} {id} is {is_not}in 'query {}'  {}\n{lines}", self.query, plain_line(&self.title))
    }
}
