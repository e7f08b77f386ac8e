//! Why an issue is in a listing, or is not.

use serde_json::{Value, json};

use crate::domain::issue::Summary;
use crate::domain::tracker::query::{IssueFacts, Missing, QueryKind};
use crate::output::Report;
use crate::output::text::{Styles, plain_line};

/// An issue, a listing, and what keeps the one from the other.
pub(crate) struct Explanation {
    pub kind: QueryKind,
    pub summary: Summary,
    pub facts: IssueFacts,
    pub missing: Vec<Missing>,
    /// Whether what was asked for besides fits.
    pub fits_filter: bool,
}

fn name(kind: QueryKind) -> &'static str {
    match kind {
        QueryKind::All => "all",
        QueryKind::Available => "available",
        QueryKind::Blocked => "blocked",
        QueryKind::Ready => "ready",
        QueryKind::Mine => "mine",
        QueryKind::Closed => "closed",
    }
}

/// A stable word and a sentence.
fn reason(missing: &Missing) -> (&'static str, String) {
    match missing {
        Missing::Deleted => ("deleted", "it was deleted".to_owned()),
        Missing::State(state) => ("state", format!("it is {}", state.as_str())),
        Missing::Blocked(by) => {
            let short: Vec<String> = by.iter().map(|id| id.chars().take(8).collect()).collect();
            ("blocked", format!("it waits for {}", short.join(", ")))
        }
        Missing::Unblocked => ("unblocked", "nothing blocks it".to_owned()),
        Missing::AssignedTo(agent) => ("assigned", format!("it is meant for {agent}")),
        Missing::HeldBy(holder) => ("held", format!("it is held by {holder}")),
        Missing::NotMine => ("not_mine", "it is neither meant for you nor held by you".to_owned()),
    }
}

impl Explanation {
    fn reasons(&self) -> Vec<(&'static str, String)> {
        let filter = (!self.fits_filter).then(|| ("filter", "it does not fit what was asked for besides".to_owned()));
        self.missing.iter().map(reason).chain(filter).collect()
    }
}

impl Report for Explanation {
    fn json(&self) -> Value {
        let reasons: Vec<Value> =
            self.reasons().into_iter().map(|(code, message)| json!({ "code": code, "message": message })).collect();
        json!({
            "issue_id": self.summary.id, "query": name(self.kind), "included": reasons.is_empty(), "reasons": reasons,
            "state": self.summary.state, "effective_state": self.facts.effective, "blocked_by": self.facts.blocked_by,
        })
    }

    fn human(&self, styles: &Styles) -> String {
        let id = styles.id(&self.summary.id.short());
        let reasons = self.reasons();
        let title = plain_line(&self.summary.title);
        if reasons.is_empty() {
            return format!("{} {id} is in 'query {}'  {title}\n", styles.good("✓"), name(self.kind));
        }
        let lines: String = reasons.iter().map(|(_, message)| format!("  {}\n", plain_line(message))).collect();
        format!("{} {id} is not in 'query {}'  {title}\n{lines}", styles.bad("✗"), name(self.kind))
    }
}
